//! `POST /cs/v1/actions`: what a person begins on the phone itself. The answer is a request in mode `app`, for
//! this credential and no other; the person answers it like any other.

use super::life::is_clone;
use super::once::{Begun, Call};
use super::pin;
use super::problem::{Answer, Problem};
use super::respond::suspend_all;
use crate::app::{App, Shared};
use crate::credential::{
    hash_of, id_of, may_be_suspended, on_probation, phones_of, policy_of, told,
};
use crate::error::Fault;
use crate::links;
use crate::others::{self, End};
use crate::store::challenges::{self, ChallengeRow};
use crate::store::credentials::{self, Credential};
use crate::store::{Connection, Write};
use crate::wake::Topic;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use countersign_protocol::call::{Action, ChallengeAnswer, InvitationAnswer};
use countersign_protocol::jose::Signed;
use countersign_protocol::policy::{Alternative, Alternatives, Factor, Policy};
use countersign_protocol::problem::Code;
use countersign_protocol::statement::{Challenge, Event, Input, Kind, Mode, Service, StateReason};
use countersign_protocol::text::{Account, Name};
use countersign_protocol::{Id, Thumbprint, json};
use std::sync::Arc;

/// How long a request that was begun on the phone is open, seconds: the most that there may be. A person
/// chooses a PIN, or looks for a finger.
const LIFE: u64 = 600;

/// `POST /cs/v1/actions`.
pub(crate) async fn act(State(app): State<Shared>, request: Request) -> Answer {
    let call = Call::check(&app, request).await?;
    let action: Action = call.parse()?;
    let (mut tx, caller) = match call.begin(&app).await? {
        Begun::Again(answer) => return Ok(answer),
        Begun::Now(tx, caller) => (tx, caller),
    };
    may_begin(&app, &caller, action)?;
    credentials::mark_heard(&mut tx, &caller.id, app.now()).await?;
    match action {
        Action::Pause => pause(&app, &call, tx, &caller).await,
        Action::AddPhone => invite(&app, &call, tx, &caller).await,
        _ => begin(&app, &call, tx, &caller, action).await,
    }
}

/// What a credential may begin, by where it stands (protocol sections 11 and 12).
fn may_begin(app: &App, caller: &Credential, action: Action) -> Result<(), Problem> {
    let own = matches!(action, Action::PinSet | Action::ReplaceUv);
    let lifts = matches!(action, Action::Unfreeze(_));
    match caller.standing.as_str() {
        "active" => {}
        // One that rests for a reason that its person lifts.
        "suspended" if lifts && may_be_suspended(caller) => {}
        _ => return Err(Code::NotActive.into()),
    }
    if on_probation(app, caller).is_some() && !own {
        return Err(Code::Probation.into());
    }
    Ok(())
}

/// The whole ID rests, at once: nobody is asked whether they mean it.
async fn pause(app: &App, call: &Call, mut tx: Write, caller: &Credential) -> Answer {
    let told = suspend_all(app, &mut tx, caller, StateReason::User, Event::Paused).await?;
    app.audit(&mut tx, "action", &caller.id, "pause").await?;
    let answer = call.finish(app, tx, StatusCode::NO_CONTENT, String::new());
    let answer = answer.await?;
    told.into_iter().for_each(|topic| app.wake.tell(topic));
    Ok(answer)
}

/// An invitation for another phone. Whoever brings one must be able to answer for it.
async fn invite(app: &App, call: &Call, mut tx: Write, caller: &Credential) -> Answer {
    known_factors(caller, true)?;
    let made = links::make_by_phone(app, &mut tx, caller).await?;
    app.audit(&mut tx, "action", &caller.id, "add-phone")
        .await?;
    let answer = InvitationAnswer {
        invitation: made.link,
    };
    let answer = json::write(&answer).map_err(Fault::from)?;
    let answer = call.finish(app, tx, StatusCode::CREATED, answer).await?;
    made.ended.iter().for_each(|row| told(app, row));
    Ok(answer)
}

/// A request to this credential.
async fn begin(
    app: &App,
    call: &Call,
    mut tx: Write,
    caller: &Credential,
    action: Action,
) -> Answer {
    let db = &mut tx;
    let (kind, factors, input) = match action {
        Action::PinSet => (Kind::PinSet, factors_of_pin_set(db, caller).await?, None),
        Action::ReplaceUv => (Kind::ReplaceUv, factors_of_replace_uv(caller)?, None),
        Action::Unfreeze(None) => (Kind::Unfreeze, known_factors(caller, false)?, None),
        Action::Unfreeze(Some(dev)) => {
            let other = other_phone(db, caller, &dev).await?;
            let other = (other.id != caller.id && is_clone(&other)).then_some(other);
            let other = other.ok_or(Code::NotFound)?;
            let factors = known_factors(caller, false)?;
            (Kind::Unfreeze, factors, Some(about(&other)?))
        }
        Action::RemovePhone(dev) => {
            let other = other_phone(db, caller, &dev).await?;
            let is_new = on_probation(app, &other).is_some();
            let factors = match is_new && other.id != caller.id {
                true => Alternatives::dev(),
                false => known_factors(caller, true)?,
            };
            (Kind::RemovePhone, factors, Some(about(&other)?))
        }
        // Not of this version, or not answered by a request.
        _ => return Err(Code::BadRequest.into()),
    };
    withdraw_first(app, db, caller, Mode::App, kind).await?;
    let question = Question {
        kind,
        mode: Mode::App,
        factors,
        input,
        number: String::new(),
        exp: app.now() + LIFE,
    };
    let row = question.ask(app, db, caller).await?;
    app.audit(db, "action", &caller.id, kind.as_str()).await?;
    let answer = ChallengeAnswer {
        challenge: row.statement,
    };
    let answer = json::write(&answer).map_err(Fault::from)?;
    call.finish(app, tx, StatusCode::CREATED, answer).await
}

/// A phone of the same ID, the caller's own included.
async fn other_phone(
    db: &mut Connection,
    caller: &Credential,
    dev: &Thumbprint,
) -> Result<Credential, Problem> {
    let phones = credentials::of_user(db, &caller.user, &["active", "suspended"]).await?;
    let mut phones = phones.into_iter();
    let found = phones.find(|row| row.dev == dev.to_string());
    Ok(found.ok_or(Code::NotFound)?)
}

fn about(phone: &Credential) -> Result<Input, Fault> {
    Ok(Input {
        dev: Some(Thumbprint(hash_of(&phone.dev)?)),
        device: Some(Name::parse(&phone.device)?),
        policy: None,
    })
}

/// The old PIN; for a first or locked one the gesture, where the policy lets it stand alone.
async fn factors_of_pin_set(
    db: &mut Connection,
    caller: &Credential,
) -> Result<Alternatives, Problem> {
    let policy = policy_of(caller)?;
    let has_pin = caller.pin_wrapped.is_some() && !pin::is_locked(db, &caller.id).await?;
    let uv_alone = policy.min.as_slice().contains(&Alternative::Uv);
    let factors = match (policy.pin, has_pin) {
        (0, _) => None,
        (_, true) => Some(Alternative::DevPin),
        (_, false) => (uv_alone && caller.uv.is_some()).then_some(Alternative::Uv),
    };
    some(factors.into_iter().collect())
}

/// A phone without a PIN is enrolled anew.
fn factors_of_replace_uv(caller: &Credential) -> Result<Alternatives, Problem> {
    let has_pin = caller.pin_wrapped.is_some();
    some(has_pin.then_some(Alternative::DevPin).into_iter().collect())
}

/// What the policy asks, with PIN or gesture in each alternative as far as the credential has them. Where it has
/// neither, and one is `needed`, an administrator does it.
pub(super) fn known_factors(caller: &Credential, needed: bool) -> Result<Alternatives, Problem> {
    let policy = policy_of(caller)?;
    let (pin, uv) = (caller.pin_wrapped.is_some(), caller.uv.is_some());
    let mut list = Vec::new();
    for least in policy.min.as_slice() {
        let ways = [
            (Alternative::DevPin, pin),
            (Alternative::Uv, uv),
            (Alternative::PinUv, pin && uv),
        ];
        let ways = ways
            .into_iter()
            .filter(|(way, has)| *has && way.covers(*least));
        // The first that does is enough; with `dev` alone either does.
        let most = if *least == Alternative::Dev { 2 } else { 1 };
        for (way, _) in ways.take(most) {
            if !list.contains(&way) {
                list.push(way);
            }
        }
    }
    if list.is_empty() && !needed && !pin && !uv {
        return Ok(policy.min);
    }
    some(list)
}

fn some(list: Vec<Alternative>) -> Result<Alternatives, Problem> {
    debug_assert!(
        list.iter()
            .all(|one| one.has(Factor::Pin) || one.has(Factor::Uv))
    );
    Alternatives::new(list).map_err(|_| Code::BadRequest.into())
}

/// A second one of a kind takes the place of the first.
async fn withdraw_first(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    mode: Mode,
    kind: Kind,
) -> Result<(), Fault> {
    for (txn, statement) in challenges::open_of(db, &caller.id).await? {
        let open: Signed<Challenge> = app.signer.ours(&statement)?;
        if open.mode == mode && open.kind == kind {
            // Nobody else has it, and its phone asks anyway.
            others::end_txn(app, db, &txn, End::Replaced).await?;
        }
    }
    Ok(())
}

/// What one credential is asked about its ID.
pub(super) struct Question {
    pub(super) kind: Kind,
    pub(super) mode: Mode,
    pub(super) factors: Alternatives,
    pub(super) input: Option<Input>,
    /// The digits to type; empty for none.
    pub(super) number: String,
    /// Seconds.
    pub(super) exp: u64,
}

impl Question {
    /// Signs and stores it.
    pub(super) async fn ask(
        self,
        app: &App,
        db: &mut Connection,
        to: &Credential,
    ) -> Result<ChallengeRow, Fault> {
        let (set, phones) = phones_of(db, &to.user).await?;
        let challenge = app.signer.sign(Challenge {
            iss: app.signer.origin.clone(),
            aud: id_of(&to.id)?,
            jti: Id::make()?,
            txn: Id::make()?,
            iat: app.now(),
            exp: self.exp,
            keys: app.signer.keys_n(),
            policy: policy_of(to)?.n,
            kind: self.kind,
            mode: self.mode,
            service: Service {
                id: "server".to_owned(),
                name: app.config.name.clone(),
                host: app.signer.origin.host().to_owned(),
            },
            account: Account::parse(&to.account)?,
            lang: None,
            rows: None,
            context: None,
            r#match: self.number.len() as u64,
            factors: self.factors,
            input: self.input,
            set,
            phones,
            replaces: None,
        })?;
        let row = ChallengeRow::new(&challenge, &self.number);
        challenges::insert(db, &row).await?;
        app.challenges.keep(&row.statement, Arc::new(challenge));
        Ok(row)
    }
}

/// A new phone came by the invitation of this one: its person types the digits here, and answers for it. Whom to
/// tell; nobody when that phone may not answer any more.
pub(super) async fn ask_for_new_phone(
    app: &App,
    db: &mut Connection,
    begun_by: &str,
    new: &Credential,
    digits: String,
) -> Result<Option<(String, Topic)>, Problem> {
    let asked = credentials::by_id(db, begun_by).await?;
    let Some(asked) = asked.filter(|row| row.standing == "active") else {
        return Ok(None);
    };
    let question = Question {
        kind: Kind::AddPhone,
        mode: Mode::App,
        factors: known_factors(&asked, true)?,
        input: Some(about(new)?),
        number: digits,
        exp: new.pending_until as u64,
    };
    let row = question.ask(app, db, &asked).await?;
    Ok(Some((row.txn, Topic::Credential(asked.id))))
}

/// Asks the person of a phone whether it may be asked for less from now on. Whom to tell; nobody where the phone
/// has neither PIN nor gesture, or rests.
pub(crate) async fn ask_for_policy(
    app: &App,
    db: &mut Connection,
    to: &Credential,
    policy: &Policy,
) -> Result<Option<Topic>, Fault> {
    let agreed = policy_of(to)?;
    let (Ok(factors), "active") = (known_factors(to, true), to.standing.as_str()) else {
        return Ok(None);
    };
    withdraw_first(app, db, to, Mode::Remote, Kind::Policy).await?;
    let question = Question {
        kind: Kind::Policy,
        mode: Mode::Remote,
        factors,
        input: Some(Input {
            dev: None,
            device: None,
            policy: Some(policy.clone()),
        }),
        number: String::new(),
        exp: app.now() + agreed.max_life,
    };
    question.ask(app, db, to).await?;
    Ok(Some(Topic::Credential(to.id.clone())))
}

//! `POST /cs/v1/actions`: what a person begins on the phone itself. The answer is a request in mode `app`, for
//! this credential and no other; the person answers it like any other.

use super::life::is_clone;
use super::once::{Begun, Call};
use super::pin;
use super::problem::{Answer, Problem};
use super::respond::suspend_all;
use crate::app::{App, Shared};
use crate::credential::{may_be_suspended, on_probation, policy_of, told};
use crate::error::Fault;
use crate::links;
use crate::store::credentials::{self, Credential};
use crate::store::{Connection, Write, challenges};
use crate::txn::{By, OwnQuestion, about, challenge_of, extend, known_factors, withdraw_first};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use countersign_protocol::call::{Action, ChallengeAnswer, InvitationAnswer};
use countersign_protocol::policy::{Alternative, Alternatives};
use countersign_protocol::problem::Code;
use countersign_protocol::statement::{Challenge, Event, Kind, Mode, StateReason};
use countersign_protocol::{Id, Thumbprint, json};

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
    if let Action::Extend(jti) = action {
        return more_time(&app, &call, tx, &caller, &jti).await;
    }
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
    let lifts = action == Action::Unfreeze(None);
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

/// The same request, with more time (protocol section 15).
async fn more_time(app: &App, call: &Call, mut tx: Write, caller: &Credential, jti: &Id) -> Answer {
    let row = challenges::by_jti(&mut tx, &jti.to_string(), &caller.id).await?;
    let row = row.ok_or(Code::NotFound)?;
    let asked = challenge_of(app, &row.statement)?;
    may_prolong(app, caller, &asked)?;
    let newest = challenges::by_id(&mut tx, &row.txn, &caller.id).await?;
    let newest = newest.unwrap_or_else(|| row.clone());
    if newest.stage != "open" || app.now() > newest.expires as u64 {
        return Err(Code::Gone.into());
    }
    credentials::mark_heard(&mut tx, &caller.id, app.now()).await?;
    let (own, told) = if newest.jti == row.jti {
        let extended = extend(app, &mut tx, &row.txn, By::Phone)
            .await?
            .ok_or(Code::Conflict)?;
        let mut rows = extended.rows.into_iter();
        let own = rows.find(|row| row.credential == caller.id);
        app.audit(&mut tx, "action", &caller.id, "extend").await?;
        (own.ok_or(Code::Conflict)?, extended.told)
    } else {
        // The answer that brought it was lost, or the page or another phone was quicker: it is the more time.
        (newest, Vec::new())
    };
    challenges::mark_seen(&mut tx, &own.jti, app.now()).await?;
    let answer = ChallengeAnswer {
        challenge: own.statement,
    };
    let answer = json::write(&answer).map_err(Fault::from)?;
    let answer = call.finish(app, tx, StatusCode::CREATED, answer).await?;
    told.into_iter().for_each(|topic| app.wake.tell(topic));
    Ok(answer)
}

/// Whoever may answer a request may ask for more time for it.
fn may_prolong(app: &App, caller: &Credential, asked: &Challenge) -> Result<(), Problem> {
    let lifts = asked.kind == Kind::Unfreeze && may_be_suspended(caller);
    if !(caller.standing == "active" || caller.standing == "suspended" && lifts) {
        return Err(Code::NotActive.into());
    }
    let of_all = matches!(
        asked.kind,
        Kind::Login | Kind::Stepup | Kind::Transaction | Kind::PinSet | Kind::ReplaceUv
    );
    if on_probation(app, caller).is_some() && !of_all {
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
    must(known_factors(caller, true)?)?;
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
    let mut until = app.now() + LIFE;
    let (kind, factors, input) = match action {
        Action::PinSet => (Kind::PinSet, factors_of_pin_set(db, caller).await?, None),
        Action::ReplaceUv => (Kind::ReplaceUv, factors_of_replace_uv(caller)?, None),
        Action::RecoveryCodes => {
            let factors = must(known_factors(caller, false)?)?;
            (Kind::RecoveryCodes, factors, None)
        }
        Action::Unfreeze(None) => (Kind::Unfreeze, must(known_factors(caller, false)?)?, None),
        Action::Unfreeze(Some(dev)) => {
            let other = other_phone(db, caller, &dev).await?;
            let other = (other.id != caller.id && is_clone(&other)).then_some(other);
            let other = other.ok_or(Code::NotFound)?;
            let factors = must(known_factors(caller, false)?)?;
            (Kind::Unfreeze, factors, Some(about(&other)?))
        }
        Action::RemovePhone(dev) => {
            let other = other_phone(db, caller, &dev).await?;
            let factors = match on_probation(app, &other) {
                // The phone alone does, as long as the other one is new.
                Some(end) if other.id != caller.id => {
                    until = until.min(end);
                    Alternatives::dev()
                }
                _ => must(known_factors(caller, true)?)?,
            };
            (Kind::RemovePhone, factors, Some(about(&other)?))
        }
        // Not of this version, or not answered by a request.
        _ => return Err(Code::BadRequest.into()),
    };
    withdraw_first(app, db, caller, Mode::App, kind).await?;
    let question = OwnQuestion {
        kind,
        mode: Mode::App,
        factors,
        input,
        number: String::new(),
        exp: until,
    };
    let row = question.ask(app, db, caller).await?;
    // The answer brings it, so its end is told too.
    challenges::mark_seen(db, &row.jti, app.now()).await?;
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

fn some(list: Vec<Alternative>) -> Result<Alternatives, Problem> {
    must(Alternatives::new(list).ok())
}

/// What can't be asked of this credential can't be begun.
fn must(factors: Option<Alternatives>) -> Result<Alternatives, Problem> {
    factors.ok_or_else(|| Code::BadRequest.into())
}

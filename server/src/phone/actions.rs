//! `POST /cs/v1/actions`: what a person begins on the phone itself. The answer is a request in mode `app`, for
//! this credential and no other; the person answers it like any other.

use super::once::Call;
use super::pin;
use super::problem::{Answer, Problem};
use crate::app::{App, Shared};
use crate::credential::{id_of, phones_of, policy_of};
use crate::error::Fault;
use crate::others::{self, End};
use crate::store::Connection;
use crate::store::challenges::{self, ChallengeRow};
use crate::store::credentials::{self, Credential};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use countersign_protocol::call::{Action, ChallengeAnswer};
use countersign_protocol::jose::Signed;
use countersign_protocol::policy::{Alternative, Alternatives};
use countersign_protocol::problem::Code;
use countersign_protocol::statement::{Challenge, Kind, Mode, Service};
use countersign_protocol::text::Account;
use countersign_protocol::{Id, json};
use std::sync::Arc;

/// How long a request that was begun on the phone is open, seconds: the most that there may be. A person
/// chooses a PIN, or looks for a finger.
const LIFE: u64 = 600;

/// `POST /cs/v1/actions`.
pub(crate) async fn act(State(app): State<Shared>, request: Request) -> Answer {
    let call = Call::check(&app, request).await?;
    let action: Action = call.parse()?;
    let mut tx = app.store.write().await?;
    if let Some(first) = call.repeated(&app, &mut tx).await? {
        return Ok(first);
    }
    // As it is now, not as it was when the proof was checked.
    let caller = credentials::by_id(&mut tx, &call.caller.id).await?;
    let caller = caller.ok_or(Code::NotFound)?;
    if caller.standing != "active" {
        return Err(Code::NotActive.into());
    }
    let (kind, factors) = match action {
        Action::PinSet => (Kind::PinSet, factors_of_pin_set(&mut tx, &caller).await?),
        Action::ReplaceUv => (Kind::ReplaceUv, factors_of_replace_uv(&caller)?),
        // Not of this version.
        _ => return Err(Code::BadRequest.into()),
    };
    withdraw_first(&app, &mut tx, &caller, kind).await?;
    let row = ask(&app, &mut tx, &caller, kind, factors).await?;
    challenges::insert(&mut tx, &row).await?;
    credentials::mark_heard(&mut tx, &caller.id, app.now()).await?;
    app.audit(&mut tx, "action", &caller.id, kind.as_str())
        .await?;
    let answer = ChallengeAnswer {
        challenge: row.statement,
    };
    let answer = json::write(&answer).map_err(Fault::from)?;
    call.finish(&app, tx, StatusCode::CREATED, answer).await
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
    only(factors)
}

/// A phone without a PIN is enrolled anew.
fn factors_of_replace_uv(caller: &Credential) -> Result<Alternatives, Problem> {
    only(caller.pin_wrapped.as_ref().map(|_| Alternative::DevPin))
}

fn only(factor: Option<Alternative>) -> Result<Alternatives, Problem> {
    let factor = factor.ok_or(Code::BadRequest)?;
    Ok(Alternatives::new(vec![factor]).map_err(Fault::from)?)
}

/// A second one of a kind takes the place of the first.
async fn withdraw_first(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    kind: Kind,
) -> Result<(), Problem> {
    for (txn, statement) in challenges::open_of(db, &caller.id).await? {
        let open: Signed<Challenge> = app.signer.ours(&statement)?;
        if open.mode == Mode::App && open.kind == kind {
            // Nobody else has it, and its phone asks anyway.
            others::end_txn(app, db, &txn, End::Replaced).await?;
        }
    }
    Ok(())
}

async fn ask(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    kind: Kind,
    factors: Alternatives,
) -> Result<ChallengeRow, Problem> {
    let (set, phones) = phones_of(db, &caller.user).await?;
    let now = app.now();
    let challenge = app.signer.sign(Challenge {
        iss: app.signer.origin.clone(),
        aud: id_of(&caller.id)?,
        jti: Id::make()?,
        txn: Id::make()?,
        iat: now,
        exp: now + LIFE,
        keys: app.signer.keys_n(),
        policy: policy_of(caller)?.n,
        kind,
        mode: Mode::App,
        service: Service {
            id: "server".to_owned(),
            name: app.config.name.clone(),
            host: app.signer.origin.host().to_owned(),
        },
        account: Account::parse(&caller.account).map_err(Fault::from)?,
        lang: None,
        rows: None,
        context: None,
        r#match: 0,
        factors,
        input: None,
        set,
        phones,
        replaces: None,
    })?;
    let row = ChallengeRow {
        seq: 0,
        jti: challenge.jti.to_string(),
        hash: challenge.hash().to_string(),
        txn: challenge.txn.to_string(),
        credential: caller.id.clone(),
        statement: challenge.compact().to_owned(),
        number: String::new(),
        expires: challenge.exp as i64,
        stage: "open".to_owned(),
    };
    app.challenges.keep(&row.statement, Arc::new(challenge));
    Ok(row)
}

//! What becomes of a question, wherever it came from.

use super::{Answered, Phones};
use crate::app::App;
use crate::error::Fault;
use crate::login;
use crate::others::{self, End};
use crate::signer::hidden;
use crate::store::challenges::ChallengeRow;
use crate::store::credentials::Credential;
use crate::store::{Connection, asks, logins};
use crate::wake::Topic;
use countersign_protocol::Id;
use countersign_protocol::json;
use countersign_protocol::receipt::Receipt;

/// How long the phone's browser may take to come back, seconds.
const RETURN_LIFE: u64 = 60;

/// A phone has it; whom to tell.
pub(crate) async fn seen(
    app: &App,
    db: &mut Connection,
    txn: &str,
) -> Result<Option<Topic>, Fault> {
    if let Some(login) = logins::mark_seen(db, txn, app.now()).await? {
        return Ok(Some(Topic::Login(login)));
    }
    let first = asks::mark_seen(db, txn, app.now()).await?;
    Ok(first.then(|| Topic::Ask(txn.to_owned())))
}

/// The phone `by` decided: it is over on all phones, the others are told, and what waits for it goes on to
/// `stage`. Whom to wake.
pub(crate) async fn decide(
    app: &App,
    db: &mut Connection,
    challenge: &ChallengeRow,
    by: &Credential,
    stage: &str,
    answered: &Answered<'_>,
) -> Result<Vec<Topic>, Fault> {
    let txn = &challenge.txn;
    let end = match stage {
        "approved" => End::Approved(by),
        _ => End::Refused(by),
    };
    let mut told = others::end_txn(app, db, txn, end).await?;
    if let Some(login) = end_login(app, db, txn, stage, answered.back).await? {
        app.metrics.login(stage);
        // What only a link opens rings on no phone.
        if matches!(stage, "denied" | "number") && challenge.listed {
            login::unwelcome(app, db, Some(&by.user), app.now() as i64).await?;
        }
        told.push(Topic::Login(login));
    } else {
        told.extend(decide_ask(app, db, challenge, stage, answered).await?);
    }
    Ok(told)
}

/// The login that waits goes on, or, answered on the browser's own device, waits for that browser to come back.
async fn end_login(
    app: &App,
    db: &mut Connection,
    txn: &str,
    stage: &str,
    back: Option<Id>,
) -> Result<Option<String>, Fault> {
    let now = app.now();
    Ok(match back {
        Some(code) => {
            let hash = hidden(&code.to_string());
            logins::await_return(db, txn, &hash, now, now + RETURN_LIFE).await?
        }
        None => logins::end_txn(db, txn, stage, now).await?,
    })
}

/// A person reports what was over already: an application learns that too.
pub(crate) async fn report(
    app: &App,
    db: &mut Connection,
    challenge: &ChallengeRow,
    answered: &Answered<'_>,
) -> Result<Option<Topic>, Fault> {
    decide_ask(app, db, challenge, "reported", answered).await
}

async fn decide_ask(
    app: &App,
    db: &mut Connection,
    challenge: &ChallengeRow,
    stage: &str,
    answered: &Answered<'_>,
) -> Result<Option<Topic>, Fault> {
    let receipt = Receipt {
        keys: Vec::new(),
        key: answered.key,
        challenge: challenge.statement.clone(),
        response: answered.response.compact().to_owned(),
        verdict: answered.verdict.to_owned(),
    };
    let receipt = json::write(&receipt)?;
    if !asks::decide(db, &challenge.txn, stage, &receipt, app.now()).await? {
        return Ok(None);
    }
    app.audit(db, "ask", &challenge.txn, stage).await?;
    app.metrics.ask(stage);
    Ok(Some(Topic::Ask(challenge.txn.clone())))
}

/// Ends what waits for a phone of this ID, if all that there are rest. To be called when one does. Whom to tell.
pub(crate) async fn pause(app: &App, db: &mut Connection, user: &str) -> Result<Vec<Topic>, Fault> {
    let mut told = Vec::new();
    if !Phones::of(db, user).await?.are_paused() {
        return Ok(told);
    }
    for login in logins::pause(db, user).await? {
        app.audit(db, "login", &login, "paused").await?;
        told.push(Topic::Login(login));
    }
    for ask in asks::pause(db, user).await? {
        app.audit(db, "ask", &ask, "paused").await?;
        app.metrics.ask("paused");
        told.push(Topic::Ask(ask));
    }
    Ok(told)
}

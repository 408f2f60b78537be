//! What becomes of a question, wherever it came from.

use crate::app::App;
use crate::error::Fault;
use crate::others::{self, End};
use crate::store::credentials::Credential;
use crate::store::{Connection, logins};
use crate::wake::Topic;

/// A phone has it; whom to tell.
pub(crate) async fn seen(
    app: &App,
    db: &mut Connection,
    txn: &str,
) -> Result<Option<Topic>, Fault> {
    Ok(logins::mark_seen(db, txn, app.now())
        .await?
        .map(Topic::Login))
}

/// The phone `by` decided: it is over on all phones, the others are told, and what waits for it goes on to
/// `stage`. Whom to wake.
pub(crate) async fn decide(
    app: &App,
    db: &mut Connection,
    txn: &str,
    by: &Credential,
    stage: &str,
) -> Result<Vec<Topic>, Fault> {
    let mut told = others::end_txn(app, db, txn, End::Decided(by)).await?;
    if let Some(login) = logins::end_txn(db, txn, stage, app.now()).await? {
        app.metrics.login(stage);
        told.push(Topic::Login(login));
    }
    Ok(told)
}

/// No phone of this ID can answer any more: ends what waits for one. Whom to tell.
pub(crate) async fn pause(app: &App, db: &mut Connection, user: &str) -> Result<Vec<Topic>, Fault> {
    let mut told = Vec::new();
    for login in logins::pause(db, user).await? {
        app.audit(db, "login", &login, "paused").await?;
        told.push(Topic::Login(login));
    }
    Ok(told)
}

//! Logins: SAML requests on their way through the pages.

use super::{Connection, Result, hit};
use sqlx::{query, query_as, query_scalar};

#[derive(Clone, sqlx::FromRow)]
pub(crate) struct Login {
    pub(crate) id: String,
    pub(crate) session_hash: String,
    pub(crate) app: String,
    pub(crate) request_id: String,
    /// The accepted SAML request, as JSON of `countersign_saml::LoginRequest`.
    pub(crate) request: String,
    pub(crate) expires: i64,
    pub(crate) stage: String,
    pub(crate) account: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) txn: Option<String>,
    pub(crate) number: Option<String>,
    pub(crate) begun: Option<i64>,
    pub(crate) until: Option<i64>,
    pub(crate) seen: Option<i64>,
    pub(crate) approved: Option<i64>,
}

pub(crate) async fn insert(db: &mut Connection, login: &Login) -> Result<()> {
    query(
        "INSERT INTO logins (id, session_hash, app, request_id, request, expires, stage, user, approved)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&login.id)
    .bind(&login.session_hash)
    .bind(&login.app)
    .bind(&login.request_id)
    .bind(&login.request)
    .bind(login.expires)
    .bind(&login.stage)
    .bind(&login.user)
    .bind(login.approved)
    .execute(db)
    .await
    .map(drop)
}

pub(crate) async fn by_id(db: &mut Connection, id: &str) -> Result<Option<Login>> {
    query_as("SELECT * FROM logins WHERE id = ?")
        .bind(id)
        .fetch_optional(db)
        .await
}

/// A login that a browser session began, if the session is in force.
pub(crate) async fn of_session(
    db: &mut Connection,
    id: &str,
    session: &str,
    now: u64,
) -> Result<Option<Login>> {
    query_as(
        "SELECT logins.* FROM logins JOIN sessions ON token_hash = session_hash
         WHERE id = ? AND session_hash = ? AND sessions.expires > ?",
    )
    .bind(id)
    .bind(session)
    .bind(now as i64)
    .fetch_optional(db)
    .await
}

/// Whether this request of this application was answered already.
pub(crate) async fn is_answered(db: &mut Connection, app: &str, request_id: &str) -> Result<bool> {
    let found: Option<i64> =
        query_scalar("SELECT 1 FROM logins WHERE app = ? AND request_id = ? AND stage = 'done'")
            .bind(app)
            .bind(request_id)
            .fetch_optional(db)
            .await?;
    Ok(found.is_some())
}

/// What a login waits for, from now on.
pub(crate) struct Waiting<'a> {
    pub(crate) account: &'a str,
    pub(crate) user: Option<&'a str>,
    pub(crate) txn: &'a str,
    /// None where none is typed.
    pub(crate) number: Option<&'a str>,
    pub(crate) begun: u64,
    pub(crate) until: u64,
}

pub(crate) async fn wait(db: &mut Connection, id: &str, waiting: &Waiting<'_>) -> Result<()> {
    query(
        "UPDATE logins SET stage = 'waiting', account = ?, user = ?, txn = ?, number = ?, begun = ?, until = ?, seen = NULL
         WHERE id = ?",
    )
    .bind(waiting.account)
    .bind(waiting.user)
    .bind(waiting.txn)
    .bind(waiting.number)
    .bind(waiting.begun as i64)
    .bind(waiting.until as i64)
    .bind(id)
    .execute(db)
    .await
    .map(drop)
}

/// Moves a login from one stage to another; `false` when it wasn't there any more.
pub(crate) async fn step(db: &mut Connection, id: &str, from: &str, to: &str) -> Result<bool> {
    let done = query("UPDATE logins SET stage = ? WHERE id = ? AND stage = ?")
        .bind(to)
        .bind(id)
        .bind(from)
        .execute(db)
        .await?;
    Ok(hit(&done))
}

/// Ends the login that waits for a `txn`; its id, if there is one.
pub(crate) async fn end_txn(
    db: &mut Connection,
    txn: &str,
    to: &str,
    now: u64,
) -> Result<Option<String>> {
    query_scalar(
        "UPDATE logins SET stage = ?1, approved = CASE ?1 WHEN 'approved' THEN ?2 END
         WHERE txn = ?3 AND stage = 'waiting' RETURNING id",
    )
    .bind(to)
    .bind(now as i64)
    .bind(txn)
    .fetch_optional(db)
    .await
}

/// Notes that a phone has the request; the login's id the first time.
pub(crate) async fn mark_seen(db: &mut Connection, txn: &str, now: u64) -> Result<Option<String>> {
    query_scalar("UPDATE logins SET seen = ? WHERE txn = ? AND stage = 'waiting' AND seen IS NULL RETURNING id")
        .bind(now as i64)
        .bind(txn)
        .fetch_optional(db)
        .await
}

/// Other logins of a browser session that wait; a new one takes their place.
pub(crate) async fn waiting_of_session(
    db: &mut Connection,
    session: &str,
    except: &str,
) -> Result<Vec<Login>> {
    query_as("SELECT * FROM logins WHERE session_hash = ? AND stage = 'waiting' AND id <> ?")
        .bind(session)
        .bind(except)
        .fetch_all(db)
        .await
}

/// Ends the logins of one user that wait, since no phone can answer them any more; their ids.
pub(crate) async fn pause(db: &mut Connection, user: &str) -> Result<Vec<String>> {
    query_scalar(
        "UPDATE logins SET stage = 'paused' WHERE user = ? AND stage = 'waiting' RETURNING id",
    )
    .bind(user)
    .fetch_all(db)
    .await
}

/// Takes back what was approved but not yet handed out for one user (a report after the approval), and
/// the user's sessions.
pub(crate) async fn withdraw_approved(db: &mut Connection, user: &str, to: &str) -> Result<()> {
    query("UPDATE logins SET stage = ? WHERE user = ? AND stage = 'approved'")
        .bind(to)
        .bind(user)
        .execute(&mut *db)
        .await?;
    query("DELETE FROM sessions WHERE user = ?")
        .bind(user)
        .execute(db)
        .await
        .map(drop)
}

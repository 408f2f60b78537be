//! Logins: SAML requests on their way through the pages.

use super::sqlite::{Row, Values};
use super::{Connection, Result};

#[derive(Clone)]
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

impl Row for Login {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            id: values.next()?,
            session_hash: values.next()?,
            app: values.next()?,
            request_id: values.next()?,
            request: values.next()?,
            expires: values.next()?,
            stage: values.next()?,
            account: values.next()?,
            user: values.next()?,
            txn: values.next()?,
            number: values.next()?,
            begun: values.next()?,
            until: values.next()?,
            seen: values.next()?,
            approved: values.next()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, session_hash, app, request_id, request, logins.expires, stage, account, logins.user, txn, number,
                begun, until, seen, approved
             FROM logins ",
            $rest
        )
    };
}

pub(crate) async fn insert(db: &mut Connection, login: &Login) -> Result<()> {
    let values = (
        &login.id,
        &login.session_hash,
        &login.app,
        &login.request_id,
        &login.request,
        login.expires,
        &login.stage,
        &login.user,
        login.approved,
    );
    db.run(
        "INSERT INTO logins (id, session_hash, app, request_id, request, expires, stage, user, approved)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    .map(drop)
}

pub(crate) async fn by_id(db: &mut Connection, id: &str) -> Result<Option<Login>> {
    db.one(select!("WHERE id = ?"), [id])
}

/// A login that a browser session began, if the session is in force.
pub(crate) async fn of_session(
    db: &mut Connection,
    id: &str,
    session: &str,
    now: u64,
) -> Result<Option<Login>> {
    db.one(
        select!(
            "JOIN sessions ON token_hash = session_hash WHERE id = ? AND session_hash = ? AND sessions.expires > ?"
        ),
        (id, session, now as i64),
    )
}

/// Whether this request of this application was answered already.
pub(crate) async fn is_answered(db: &mut Connection, app: &str, request_id: &str) -> Result<bool> {
    let found: Option<i64> = db.one(
        "SELECT 1 FROM logins WHERE app = ? AND request_id = ? AND stage = 'done'",
        [app, request_id],
    )?;
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
    let values = (
        waiting.account,
        waiting.user,
        waiting.txn,
        waiting.number,
        waiting.begun as i64,
        waiting.until as i64,
        id,
    );
    db.run(
        "UPDATE logins SET stage = 'waiting', account = ?, user = ?, txn = ?, number = ?, begun = ?, until = ?, seen = NULL
         WHERE id = ?",
        values,
    )
    .map(drop)
}

/// Moves a login from one stage to another; `false` when it wasn't there any more.
pub(crate) async fn step(db: &mut Connection, id: &str, from: &str, to: &str) -> Result<bool> {
    let touched = db.run(
        "UPDATE logins SET stage = ? WHERE id = ? AND stage = ?",
        [to, id, from],
    )?;
    Ok(touched > 0)
}

/// Ends the login that waits for a `txn`; its id, if there is one.
pub(crate) async fn end_txn(
    db: &mut Connection,
    txn: &str,
    to: &str,
    now: u64,
) -> Result<Option<String>> {
    let id: Option<String> = db.one(
        "SELECT id FROM logins WHERE txn = ? AND stage = 'waiting'",
        [txn],
    )?;
    if let Some(id) = &id {
        db.run(
            "UPDATE logins SET stage = ?1, approved = CASE ?1 WHEN 'approved' THEN ?2 END WHERE id = ?3",
            (to, now as i64, id),
        )?;
    }
    Ok(id)
}

/// Notes that a phone has the request; the login's id the first time.
pub(crate) async fn mark_seen(db: &mut Connection, txn: &str, now: u64) -> Result<Option<String>> {
    let id: Option<String> = db.one(
        "SELECT id FROM logins WHERE txn = ? AND stage = 'waiting' AND seen IS NULL",
        [txn],
    )?;
    if let Some(id) = &id {
        db.run("UPDATE logins SET seen = ? WHERE id = ?", (now as i64, id))?;
    }
    Ok(id)
}

/// Other logins of a browser session that wait; a new one takes their place.
pub(crate) async fn waiting_of_session(
    db: &mut Connection,
    session: &str,
    except: &str,
) -> Result<Vec<Login>> {
    db.all(
        select!("WHERE session_hash = ? AND stage = 'waiting' AND id <> ?"),
        [session, except],
    )
}

/// Ends the logins of one user that wait, since no phone can answer them any more; their ids.
pub(crate) async fn pause(db: &mut Connection, user: &str) -> Result<Vec<String>> {
    db.all(
        "UPDATE logins SET stage = 'paused' WHERE user = ? AND stage = 'waiting' RETURNING id",
        [user],
    )
}

/// Takes back what was approved but not yet handed out for one user (a report after the approval), and
/// the user's sessions.
pub(crate) async fn withdraw_approved(db: &mut Connection, user: &str, to: &str) -> Result<()> {
    db.run(
        "UPDATE logins SET stage = ? WHERE user = ? AND stage = 'approved'",
        [to, user],
    )?;
    db.run("DELETE FROM sessions WHERE user = ?", [user])
        .map(drop)
}

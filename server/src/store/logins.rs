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
    /// Asked on the browser's own device.
    pub(crate) same: bool,
    /// When the phone was last asked in the other way.
    pub(crate) remote_at: Option<i64>,
    /// Of what the phone's browser brings back: the code of its way back, and then of the page that is shown.
    pub(crate) return_hash: Option<String>,
    /// Whether the browser was known to the account when it asked.
    pub(crate) known: bool,
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
            same: values.next()?,
            remote_at: values.next()?,
            return_hash: values.next()?,
            known: values.next()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, session_hash, app, request_id, request, logins.expires, stage, account, logins.user, txn, number,
                begun, until, seen, approved, logins.same, remote_at, return_hash, known
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
        login.same,
    );
    db.run(
        "INSERT INTO logins (id, session_hash, app, request_id, request, expires, stage, user, approved, same)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    .map(drop)
}

/// So many sign-ins a browser may have begun without typing a name: tabs that somebody still looks at.
pub(crate) const NEW: usize = 20;

/// Makes room for one more that a browser session begins: the oldest beyond these goes.
pub(crate) async fn make_room(db: &mut Connection, session: &str) -> Result<()> {
    db.run(
        "DELETE FROM logins WHERE rowid IN
             (SELECT rowid FROM logins WHERE session_hash = ? AND stage = 'new' ORDER BY rowid DESC LIMIT -1 OFFSET ?)",
        (session, NEW as i64 - 1),
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
    /// Asked on the browser's own device.
    pub(crate) same: bool,
    pub(crate) begun: u64,
    pub(crate) until: u64,
    /// Whether the browser signed in to the account before.
    pub(crate) known: bool,
}

pub(crate) async fn wait(db: &mut Connection, id: &str, waiting: &Waiting<'_>) -> Result<()> {
    let values = (
        waiting.account,
        waiting.user,
        waiting.txn,
        waiting.number,
        waiting.same,
        waiting.begun as i64,
        waiting.until as i64,
        waiting.known,
        id,
    );
    db.run(
        "UPDATE logins SET stage = 'waiting', account = ?1, user = ?2, txn = ?3, number = ?4, same = ?5, begun = ?6, until = ?7,
             known = ?8, remote_at = CASE ?5 WHEN 0 THEN ?6 ELSE remote_at END, seen = NULL, approved = NULL, return_hash = NULL
         WHERE id = ?9",
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

/// When a browser session last had a phone told, but for what was approved.
pub(crate) async fn last_remote(db: &mut Connection, session: &str) -> Result<Option<i64>> {
    db.one(
        "SELECT remote_at FROM logins
         WHERE session_hash = ? AND remote_at IS NOT NULL AND stage NOT IN ('approved', 'done')
         ORDER BY remote_at DESC LIMIT 1",
        [session],
    )
}

/// When a browser session last asked for what only its link opens, but for what was approved.
pub(crate) async fn last_same(db: &mut Connection, session: &str) -> Result<Option<i64>> {
    db.one(
        "SELECT begun FROM logins
         WHERE session_hash = ? AND same = 1 AND begun IS NOT NULL
           AND stage NOT IN ('approved', 'returning', 'returned', 'done')
         ORDER BY begun DESC LIMIT 1",
        [session],
    )
}

/// When what another session's browser, known or not, has phones of an account told is over.
pub(crate) async fn waiting_elsewhere(
    db: &mut Connection,
    account: &str,
    known: bool,
    session: &str,
    now: u64,
) -> Result<Option<i64>> {
    db.one(
        "SELECT until FROM logins
         WHERE account = ? AND stage = 'waiting' AND same = 0 AND known = ? AND session_hash <> ? AND until >= ?
         ORDER BY until DESC LIMIT 1",
        (account, known, session, now as i64),
    )
}

/// Ends those of an account that wait and whose time is over.
pub(crate) async fn end_late(db: &mut Connection, account: &str, now: u64) -> Result<Vec<Login>> {
    let late: Vec<Login> = db.all(
        select!("WHERE account = ? AND stage = 'waiting' AND until < ?"),
        (account, now as i64),
    )?;
    for login in &late {
        step(db, &login.id, "waiting", "late").await?;
    }
    Ok(late)
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

/// The phone approved on the browser's own device: until then the login waits for that browser to come back with what has
/// this hash. Its id.
pub(crate) async fn await_return(
    db: &mut Connection,
    txn: &str,
    return_hash: &str,
    now: u64,
    until: u64,
) -> Result<Option<String>> {
    db.one(
        "UPDATE logins SET stage = 'returning', approved = ?, until = ?, return_hash = ?
         WHERE txn = ? AND stage = 'waiting' RETURNING id",
        (now as i64, until as i64, return_hash, txn),
    )
}

/// The login of a browser session, in force, that waits for this to come back.
pub(crate) async fn of_return(
    db: &mut Connection,
    return_hash: &str,
    session: &str,
    now: u64,
) -> Result<Option<Login>> {
    db.one(
        select!(
            "JOIN sessions ON token_hash = session_hash
             WHERE return_hash = ? AND stage = 'returning' AND session_hash = ? AND sessions.expires > ?"
        ),
        (return_hash, session, now as i64),
    )
}

/// It came: its result is for whoever brings what has the new hash.
pub(crate) async fn take_return(db: &mut Connection, id: &str, return_hash: &str) -> Result<()> {
    db.run(
        "UPDATE logins SET stage = 'returned', return_hash = ? WHERE id = ?",
        [return_hash, id],
    )
    .map(drop)
}

/// The login that waits for a `txn` waits longer; its id, if there is one.
pub(crate) async fn prolong(db: &mut Connection, txn: &str, until: i64) -> Result<Option<String>> {
    let id: Option<String> = db.one(
        "SELECT id FROM logins WHERE txn = ? AND stage = 'waiting'",
        [txn],
    )?;
    if let Some(id) = &id {
        db.run("UPDATE logins SET until = ? WHERE id = ?", (until, id))?;
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

/// Other logins of a browser session that wait, for a phone or for the way back; a new one takes their place.
pub(crate) async fn waiting_of_session(
    db: &mut Connection,
    session: &str,
    except: &str,
) -> Result<Vec<Login>> {
    db.all(
        select!("WHERE session_hash = ? AND stage IN ('waiting', 'returning') AND id <> ?"),
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

/// Takes back what was approved but not yet handed out for one user (a report after the approval), and the user's sessions.
pub(crate) async fn withdraw_approved(db: &mut Connection, user: &str, to: &str) -> Result<()> {
    db.run(
        "UPDATE logins SET stage = ? WHERE user = ? AND stage IN ('approved', 'returning', 'returned')",
        [to, user],
    )?;
    db.run("DELETE FROM sessions WHERE user = ?", [user])
        .map(drop)
}

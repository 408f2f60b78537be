//! Browser sessions, and which browsers an ID has used before. Only hashes of cookies are kept.

use super::sqlite::{Row, Values};
use super::{Connection, Result};

/// How long a browser is remembered as known, seconds: 400 days, the most that browsers keep.
pub(crate) const BROWSER_LIFE: u64 = 400 * 86_400;

#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) token_hash: String,
    pub(crate) user: Option<String>,
    pub(crate) signed_in: Option<i64>,
    /// Whether the person answered on the browser's own device.
    pub(crate) same: bool,
    pub(crate) expires: i64,
}

impl Row for Session {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            token_hash: values.next()?,
            user: values.next()?,
            signed_in: values.next()?,
            same: values.next()?,
            expires: values.next()?,
        })
    }
}

pub(crate) async fn insert(db: &mut Connection, session: &Session) -> Result<()> {
    db.run(
        "INSERT INTO sessions (token_hash, user, signed_in, same, expires) VALUES (?, ?, ?, ?, ?)",
        (
            &session.token_hash,
            &session.user,
            session.signed_in,
            session.same,
            session.expires,
        ),
    )
    .map(drop)
}

pub(crate) async fn by_hash(db: &mut Connection, hash: &str, now: u64) -> Result<Option<Session>> {
    db.one(
        "SELECT token_hash, user, signed_in, same, expires FROM sessions WHERE token_hash = ? AND expires > ?",
        (hash, now as i64),
    )
}

/// One that nobody signed in by ends later.
pub(crate) async fn prolong(db: &mut Connection, session: &Session) -> Result<()> {
    db.run(
        "UPDATE sessions SET expires = ? WHERE token_hash = ? AND user IS NULL",
        (session.expires, &session.token_hash),
    )
    .map(drop)
}

/// Gives what belonged to the old cookie to a new one: the old value is worth nothing from here on.
pub(crate) async fn rotate(db: &mut Connection, old: &str, new: &Session) -> Result<()> {
    db.run("DELETE FROM sessions WHERE token_hash = ?", [old])?;
    insert(db, new).await?;
    for statement in [
        "UPDATE logins SET session_hash = ? WHERE session_hash = ?",
        "UPDATE invitations SET browser_hash = ? WHERE browser_hash = ? AND stage IN ('open', 'registered')",
    ] {
        db.run(statement, [&new.token_hash, old])?;
    }
    Ok(())
}

/// No browser of a user is known any more: one of them may be a thief's.
pub(crate) async fn forget_browsers(db: &mut Connection, user: &str) -> Result<()> {
    db.run("DELETE FROM known_browsers WHERE user = ?", [user])
        .map(drop)
}

pub(crate) async fn is_known(db: &mut Connection, browser: &str, user: &str) -> Result<bool> {
    let found: Option<i64> = db.one(
        "SELECT 1 FROM known_browsers WHERE browser_hash = ? AND user = ?",
        [browser, user],
    )?;
    Ok(found.is_some())
}

/// Remembers a browser under a new cookie, with whom it knew under the old one: a value that somebody
/// planted in it, or copied out of it, is worth nothing from here on.
pub(crate) async fn remember(
    db: &mut Connection,
    old: Option<&str>,
    new: &str,
    user: &str,
    now: u64,
) -> Result<()> {
    if let Some(old) = old {
        db.run(
            "UPDATE known_browsers SET browser_hash = ? WHERE browser_hash = ?",
            [new, old],
        )?;
    }
    db.run(
        "INSERT INTO known_browsers (browser_hash, user, used) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used = excluded.used",
        (new, user, now as i64),
    )
    .map(drop)
}

//! Browser sessions, and which browsers an ID has used before. Only hashes of cookies are kept.

use super::{Connection, Result};
use sqlx::{query, query_as, query_scalar};

#[derive(Clone, sqlx::FromRow)]
pub(crate) struct Session {
    pub(crate) token_hash: String,
    pub(crate) user: Option<String>,
    pub(crate) signed_in: Option<i64>,
    pub(crate) expires: i64,
}

pub(crate) async fn insert(db: &mut Connection, session: &Session) -> Result<()> {
    query("INSERT INTO sessions (token_hash, user, signed_in, expires) VALUES (?, ?, ?, ?)")
        .bind(&session.token_hash)
        .bind(&session.user)
        .bind(session.signed_in)
        .bind(session.expires)
        .execute(db)
        .await
        .map(drop)
}

pub(crate) async fn by_hash(db: &mut Connection, hash: &str, now: u64) -> Result<Option<Session>> {
    query_as("SELECT * FROM sessions WHERE token_hash = ? AND expires > ?")
        .bind(hash)
        .bind(now as i64)
        .fetch_optional(db)
        .await
}

/// Gives what belonged to the old cookie to a new one: the old value is worth nothing from here on.
pub(crate) async fn rotate(db: &mut Connection, old: &str, new: &Session) -> Result<()> {
    query("DELETE FROM sessions WHERE token_hash = ?")
        .bind(old)
        .execute(&mut *db)
        .await?;
    insert(db, new).await?;
    query("UPDATE logins SET session_hash = ? WHERE session_hash = ?")
        .bind(&new.token_hash)
        .bind(old)
        .execute(db)
        .await
        .map(drop)
}

pub(crate) async fn is_known(db: &mut Connection, browser: &str, user: &str) -> Result<bool> {
    let found: Option<i64> =
        query_scalar("SELECT 1 FROM known_browsers WHERE browser_hash = ? AND user = ?")
            .bind(browser)
            .bind(user)
            .fetch_optional(db)
            .await?;
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
        query("UPDATE known_browsers SET browser_hash = ? WHERE browser_hash = ?")
            .bind(new)
            .bind(old)
            .execute(&mut *db)
            .await?;
    }
    query("INSERT INTO known_browsers (browser_hash, user, used) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used = excluded.used")
        .bind(new)
        .bind(user)
        .bind(now as i64)
        .execute(db)
        .await
        .map(drop)
}

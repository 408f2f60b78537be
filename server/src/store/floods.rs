//! Sign-ins that nobody wanted, and until when an ID is quiet.

use super::{Connection, Result};

/// Notes one; those before `since` are forgotten. How many there are now.
pub(crate) async fn count(db: &mut Connection, user: &str, at: i64, since: i64) -> Result<i64> {
    db.run(
        "DELETE FROM unwelcome WHERE user = ? AND at < ?",
        (user, since),
    )?;
    db.run("INSERT INTO unwelcome (user, at) VALUES (?, ?)", (user, at))?;
    let count = db.one("SELECT count(*) FROM unwelcome WHERE user = ?", [user])?;
    Ok(count.unwrap_or(0))
}

pub(crate) async fn quiet_until(db: &mut Connection, user: &str) -> Result<i64> {
    let until = db.one("SELECT quiet_until FROM users WHERE id = ?", [user])?;
    Ok(until.unwrap_or(0))
}

pub(crate) async fn set_quiet(db: &mut Connection, user: &str, until: i64) -> Result<()> {
    db.run(
        "UPDATE users SET quiet_until = ? WHERE id = ?",
        (until, user),
    )
    .map(drop)
}

/// Begins to count anew; whether the ID was quiet.
pub(crate) async fn lift(db: &mut Connection, user: &str, now: i64) -> Result<bool> {
    db.run("DELETE FROM unwelcome WHERE user = ?", [user])?;
    let touched = db.run(
        "UPDATE users SET quiet_until = 0 WHERE id = ? AND quiet_until > ?",
        (user, now),
    )?;
    Ok(touched > 0)
}

//! Tries of PINs that count against them.

use super::{Connection, Result};

/// Notes a try, once for a response.
pub(crate) async fn note(db: &mut Connection, credential: &str, jti: &str) -> Result<()> {
    db.run(
        "INSERT OR IGNORE INTO pin_tries (credential, jti) VALUES (?, ?)",
        [credential, jti],
    )
    .map(drop)
}

/// It was none.
pub(crate) async fn take_back(db: &mut Connection, credential: &str, jti: &str) -> Result<()> {
    db.run(
        "DELETE FROM pin_tries WHERE credential = ? AND jti = ?",
        [credential, jti],
    )
    .map(drop)
}

/// Whether the try of this response is noted.
pub(crate) async fn is_noted(db: &mut Connection, credential: &str, jti: &str) -> Result<bool> {
    let found: Option<i64> = db.one(
        "SELECT 1 FROM pin_tries WHERE credential = ? AND jti = ?",
        [credential, jti],
    )?;
    Ok(found.is_some())
}

pub(crate) async fn count(db: &mut Connection, credential: &str) -> Result<u64> {
    let count: Option<i64> = db.one(
        "SELECT count(*) FROM pin_tries WHERE credential = ?",
        [credential],
    )?;
    Ok(count.unwrap_or(0) as u64)
}

/// Forgets them; `false` when there were none.
pub(crate) async fn clear(db: &mut Connection, credential: &str) -> Result<bool> {
    let touched = db.run("DELETE FROM pin_tries WHERE credential = ?", [credential])?;
    Ok(touched > 0)
}

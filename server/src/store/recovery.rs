//! Recovery codes, sealed.

use super::{Connection, Result};

/// New ones take the place of all that there were.
pub(crate) async fn replace(db: &mut Connection, user: &str, codes: &[Vec<u8>]) -> Result<()> {
    db.run("DELETE FROM recovery_codes WHERE user = ?", [user])?;
    for (number, wrapped) in (1i64..).zip(codes) {
        db.run(
            "INSERT INTO recovery_codes (user, number, code_wrapped) VALUES (?, ?, ?)",
            (user, number, wrapped),
        )?;
    }
    set_wrong(db, user, 0).await
}

/// Number and seal of those that were not used.
pub(crate) async fn unused(db: &mut Connection, user: &str) -> Result<Vec<(i64, Vec<u8>)>> {
    db.all(
        "SELECT number, code_wrapped FROM recovery_codes WHERE user = ? AND used IS NULL ORDER BY number",
        [user],
    )
}

pub(crate) async fn left(db: &mut Connection, user: &str) -> Result<i64> {
    let left = db.one(
        "SELECT count(*) FROM recovery_codes WHERE user = ? AND used IS NULL",
        [user],
    )?;
    Ok(left.unwrap_or(0))
}

pub(crate) async fn mark_used(
    db: &mut Connection,
    user: &str,
    number: i64,
    now: u64,
) -> Result<()> {
    db.run(
        "UPDATE recovery_codes SET used = ? WHERE user = ? AND number = ?",
        (now as i64, user, number),
    )?;
    set_wrong(db, user, 0).await
}

/// Wrong ones in a row.
pub(crate) async fn wrong(db: &mut Connection, user: &str) -> Result<i64> {
    let wrong = db.one("SELECT wrong_codes FROM users WHERE id = ?", [user])?;
    Ok(wrong.unwrap_or(0))
}

pub(crate) async fn set_wrong(db: &mut Connection, user: &str, wrong: i64) -> Result<()> {
    db.run(
        "UPDATE users SET wrong_codes = ? WHERE id = ?",
        (wrong, user),
    )
    .map(drop)
}

//! What phones say of themselves, and where pushes to them go.

use super::{Connection, Result};

/// How long an address that was replaced is kept, seconds: 24 h.
pub(crate) const OLD_ADDRESS_LIFE: u64 = 86_400;

/// What a phone says of itself.
pub(crate) struct Details<'a> {
    /// JSON.
    pub(crate) app: &'a str,
    pub(crate) device: &'a str,
    pub(crate) locale: &'a str,
    pub(crate) slow: bool,
}

pub(crate) async fn set_details(
    db: &mut Connection,
    credential: &str,
    details: &Details<'_>,
) -> Result<()> {
    db.run(
        "UPDATE credentials SET app = ?, device = ?, locale = ?, slow = ? WHERE id = ?",
        (
            details.app,
            details.device,
            details.locale,
            details.slow,
            credential,
        ),
    )
    .map(drop)
}

/// Whether its person wants the longest time.
pub(crate) async fn is_slow(db: &mut Connection, credential: &str) -> Result<bool> {
    let slow: Option<i64> = db.one("SELECT slow FROM credentials WHERE id = ?", [credential])?;
    Ok(slow == Some(1))
}

/// When it last answered, if it did.
pub(crate) async fn answered(db: &mut Connection, credential: &str) -> Result<Option<i64>> {
    db.one(
        "SELECT answered FROM credentials WHERE id = ? AND answered IS NOT NULL",
        [credential],
    )
}

/// Another address takes the place of the one that there was.
pub(crate) async fn set_address(
    db: &mut Connection,
    credential: &str,
    kind: &str,
    token: &str,
    now: u64,
) -> Result<()> {
    // One that was replaced is kept, not each.
    db.run(
        "DELETE FROM push_addresses
         WHERE credential = ? AND replaced IS NOT NULL AND NOT (type = ? AND token = ?)",
        [credential, kind, token],
    )?;
    db.run(
        "UPDATE push_addresses SET replaced = ?
         WHERE credential = ? AND replaced IS NULL AND NOT (type = ? AND token = ?)",
        (now as i64, credential, kind, token),
    )?;
    db.run(
        "INSERT INTO push_addresses (credential, type, token) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET replaced = NULL",
        [credential, kind, token],
    )
    .map(drop)
}

/// No pushes any more, also not to an older address.
pub(crate) async fn drop_addresses(db: &mut Connection, credential: &str) -> Result<()> {
    db.run(
        "DELETE FROM push_addresses WHERE credential = ?",
        [credential],
    )
    .map(drop)
}

/// The service of the address in use.
pub(crate) async fn push_type(db: &mut Connection, credential: &str) -> Result<Option<String>> {
    db.one(
        "SELECT type FROM push_addresses WHERE credential = ? AND replaced IS NULL",
        [credential],
    )
}

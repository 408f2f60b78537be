//! Keys of applications for the service API.

use super::sqlite::{Row, Values};
use super::{Connection, Result};

pub(crate) struct ApiKey {
    pub(crate) id: String,
    pub(crate) app: String,
    pub(crate) key_hash: String,
    /// The administrator's own words.
    pub(crate) note: String,
    pub(crate) created: i64,
    pub(crate) used: Option<i64>,
    pub(crate) revoked: Option<i64>,
}

impl Row for ApiKey {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            id: values.next()?,
            app: values.next()?,
            key_hash: values.next()?,
            note: values.next()?,
            created: values.next()?,
            used: values.next()?,
            revoked: values.next()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, app, key_hash, note, created, used, revoked FROM api_keys ",
            $rest
        )
    };
}

pub(crate) async fn insert(db: &mut Connection, key: &ApiKey) -> Result<()> {
    db.run(
        "INSERT INTO api_keys (id, app, key_hash, note, created) VALUES (?, ?, ?, ?, ?)",
        (&key.id, &key.app, &key.key_hash, &key.note, key.created),
    )
    .map(drop)
}

pub(crate) async fn by_hash(db: &mut Connection, hash: &str) -> Result<Option<ApiKey>> {
    db.one(select!("WHERE key_hash = ?"), [hash])
}

/// Of an application, oldest first.
pub(crate) async fn of_app(db: &mut Connection, app: &str) -> Result<Vec<ApiKey>> {
    db.all(select!("WHERE app = ? ORDER BY created, rowid"), [app])
}

/// Something was asked with it.
pub(crate) async fn mark_used(db: &mut Connection, id: &str, now: u64) -> Result<()> {
    db.run(
        "UPDATE api_keys SET used = ? WHERE id = ?",
        (now as i64, id),
    )
    .map(drop)
}

/// Ends it; `false` when there is none of that id in force.
pub(crate) async fn revoke(db: &mut Connection, id: &str, now: u64) -> Result<bool> {
    let touched = db.run(
        "UPDATE api_keys SET revoked = ? WHERE id = ? AND revoked IS NULL",
        (now as i64, id),
    )?;
    Ok(touched > 0)
}

//! What phones are told beside requests, until they acknowledge it.

use super::sqlite::{Row, Values};
use super::{Connection, Result};

/// How long a phone may take to acknowledge, seconds: 90 days.
pub(crate) const LIFE: u64 = 90 * 86_400;

pub(crate) struct OtherRow {
    pub(crate) seq: i64,
    /// `cancel` or `notice`.
    pub(crate) kind: String,
    pub(crate) statement: String,
}

impl Row for OtherRow {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            seq: values.next()?,
            kind: values.next()?,
            statement: values.next()?,
        })
    }
}

/// `seq` is the next one of others and challenges together.
pub(crate) async fn insert(
    db: &mut Connection,
    credential: &str,
    jti: &str,
    kind: &str,
    statement: &str,
    now: u64,
) -> Result<()> {
    db.run(
        "INSERT INTO others (seq, jti, credential, kind, statement, made)
         VALUES ((SELECT max(seq) + 1 FROM sqlite_sequence WHERE name IN ('challenges', 'others')), ?, ?, ?, ?, ?)",
        (jti, credential, kind, statement, now as i64),
    )
    .map(drop)
}

/// Those of one phone with a higher `seq`, oldest first.
pub(crate) async fn after(
    db: &mut Connection,
    credential: &str,
    after: i64,
    limit: usize,
) -> Result<Vec<OtherRow>> {
    db.all(
        "SELECT seq, kind, statement FROM others WHERE credential = ? AND seq > ? ORDER BY seq LIMIT ?",
        (credential, after, limit as i64),
    )
}

/// The phone has it. One that isn't its own stays.
pub(crate) async fn acknowledge(db: &mut Connection, credential: &str, jti: &str) -> Result<()> {
    db.run(
        "DELETE FROM others WHERE credential = ? AND jti = ?",
        [credential, jti],
    )
    .map(drop)
}

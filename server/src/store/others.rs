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
    /// No reason to wake its phone.
    pub(crate) silent: bool,
}

/// A new one.
pub(crate) struct NewOther<'a> {
    pub(crate) credential: &'a str,
    pub(crate) jti: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) statement: &'a str,
    pub(crate) silent: bool,
}

impl Row for OtherRow {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            seq: values.next()?,
            kind: values.next()?,
            statement: values.next()?,
            silent: values.next()?,
        })
    }
}

/// `seq` is the next one of others and challenges together.
pub(crate) async fn insert(db: &mut Connection, other: &NewOther<'_>, now: u64) -> Result<()> {
    let values = (
        other.jti,
        other.credential,
        other.kind,
        other.statement,
        other.silent,
        now as i64,
    );
    db.run(
        "INSERT INTO others (seq, jti, credential, kind, statement, silent, made)
         VALUES ((SELECT max(seq) + 1 FROM sqlite_sequence WHERE name IN ('challenges', 'others')), ?, ?, ?, ?, ?, ?)",
        values,
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
        "SELECT seq, kind, statement, silent FROM others WHERE credential = ? AND seq > ? ORDER BY seq LIMIT ?",
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

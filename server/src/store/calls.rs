//! Calls of phones that changed something, with their answers.

use super::sqlite::{Row, Values};
use super::{Connection, Result};

/// A call that was carried out.
pub(crate) struct CallRow {
    /// Of method, URL and body.
    pub(crate) digest: String,
    pub(crate) status: i64,
    /// The body of the answer, sealed.
    pub(crate) answer: Vec<u8>,
}

impl Row for CallRow {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            digest: values.next()?,
            status: values.next()?,
            answer: values.next()?,
        })
    }
}

pub(crate) async fn find(
    db: &mut Connection,
    credential: &str,
    jti: &str,
) -> Result<Option<CallRow>> {
    db.one(
        "SELECT digest, status, answer FROM calls WHERE credential = ? AND jti = ?",
        [credential, jti],
    )
}

pub(crate) async fn insert(
    db: &mut Connection,
    credential: &str,
    jti: &str,
    row: &CallRow,
    expires: u64,
) -> Result<()> {
    db.run(
        "INSERT INTO calls (credential, jti, digest, status, answer, expires) VALUES (?, ?, ?, ?, ?, ?)",
        (
            credential,
            jti,
            &row.digest,
            row.status,
            &row.answer,
            expires as i64,
        ),
    )
    .map(drop)
}

//! Responses with the verdicts they got.

use super::sqlite::{Row, Values};
use super::{Connection, Result};

/// How far behind the highest of its credential a `ctr` may be and is still taken.
pub(crate) const CTR_WINDOW: u64 = 32;

pub(crate) struct ResponseRow {
    pub(crate) credential: String,
    pub(crate) jti: String,
    pub(crate) hash: String,
    pub(crate) ctr: u64,
    pub(crate) statement: String,
    /// Empty where it is sealed.
    pub(crate) verdict: String,
    pub(crate) verdict_wrapped: Option<Vec<u8>>,
    pub(crate) expires: u64,
}

pub(crate) async fn insert(db: &mut Connection, row: &ResponseRow) -> Result<()> {
    let values = (
        &row.credential,
        &row.jti,
        &row.hash,
        row.ctr as i64,
        &row.statement,
        &row.verdict,
        &row.verdict_wrapped,
        row.expires as i64,
    );
    db.run(
        "INSERT INTO responses (credential, jti, hash, ctr, statement, verdict, verdict_wrapped, expires)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    .map(drop)
}

/// A response that was here before.
pub(crate) struct Before {
    pub(crate) hash: String,
    pub(crate) verdict: String,
    pub(crate) verdict_wrapped: Option<Vec<u8>>,
}

impl Row for Before {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            hash: values.next()?,
            verdict: values.next()?,
            verdict_wrapped: values.next()?,
        })
    }
}

/// The response of this `jti`, if it was here before.
pub(crate) async fn seen(
    db: &mut Connection,
    credential: &str,
    jti: &str,
) -> Result<Option<Before>> {
    db.one(
        "SELECT hash, verdict, verdict_wrapped FROM responses WHERE credential = ? AND jti = ?",
        [credential, jti],
    )
}

/// Whether another response of this credential had this `ctr`.
pub(crate) async fn has_ctr(db: &mut Connection, credential: &str, ctr: u64) -> Result<bool> {
    let found: Option<i64> = db.one(
        "SELECT 1 FROM responses WHERE credential = ? AND ctr = ?",
        (credential, ctr as i64),
    )?;
    Ok(found.is_some())
}

/// Takes out those whose verdict nobody may ask for any more. The last of each credential stay, as many as
/// there are numbers that would be taken: by them a copy of the phone is found (protocol section 7, step 4).
pub(super) async fn sweep(db: &mut Connection, now: u64) -> Result<()> {
    db.run(
        "DELETE FROM responses WHERE expires < ? AND ctr + ? < (SELECT ctr FROM credentials WHERE id = credential)",
        [now as i64, CTR_WINDOW as i64],
    )
    .map(drop)
}

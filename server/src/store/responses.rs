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
    /// The request, where it is kept with its answer.
    pub(crate) challenge: Option<String>,
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
        &row.challenge,
        row.expires as i64,
    );
    db.run(
        "INSERT INTO responses (credential, jti, hash, ctr, statement, verdict, verdict_wrapped, challenge, expires)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
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

/// Which answers of a credential are kept, at one moment: later ones are none of these.
pub(crate) struct Kept {
    /// The lowest and the highest `ctr`.
    pub(crate) from: i64,
    pub(crate) to: i64,
    last_row: i64,
}

impl Row for Kept {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            from: values.next()?,
            to: values.next()?,
            last_row: values.next()?,
        })
    }
}

pub(crate) async fn kept(db: &mut Connection, credential: &str) -> Result<Option<Kept>> {
    db.one(
        "SELECT min(ctr), max(ctr), max(rowid) FROM responses WHERE credential = ? HAVING count(*) > 0",
        [credential],
    )
}

/// An answer as it was kept.
pub(crate) struct KeptAnswer {
    row: i64,
    ctr: i64,
    pub(crate) jti: String,
    pub(crate) statement: String,
    pub(crate) verdict: String,
    pub(crate) verdict_wrapped: Option<Vec<u8>>,
    pub(crate) challenge: Option<String>,
}

impl KeptAnswer {
    /// Where it is in the order.
    pub(crate) fn place(&self) -> (i64, i64) {
        (self.ctr, self.row)
    }
}

impl Row for KeptAnswer {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            row: values.next()?,
            ctr: values.next()?,
            jti: values.next()?,
            statement: values.next()?,
            verdict: values.next()?,
            verdict_wrapped: values.next()?,
            challenge: values.next()?,
        })
    }
}

/// The next answers of a credential by `ctr`, behind a place.
pub(crate) async fn kept_after(
    db: &mut Connection,
    credential: &str,
    kept: &Kept,
    (ctr, row): (i64, i64),
    limit: usize,
) -> Result<Vec<KeptAnswer>> {
    db.all(
        "SELECT rowid, ctr, jti, statement, verdict, verdict_wrapped, challenge FROM responses
         WHERE credential = ? AND rowid <= ? AND (ctr, rowid) > (?, ?) ORDER BY ctr, rowid LIMIT ?",
        (credential, kept.last_row, ctr, row, limit as i64),
    )
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

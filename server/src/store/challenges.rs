//! Challenges, open and over.

use super::sqlite::{Row, Values};
use super::{Connection, Result};
use countersign_protocol::Signed;
use countersign_protocol::statement::{Challenge, Mode};

#[derive(Clone)]
pub(crate) struct ChallengeRow {
    pub(crate) seq: i64,
    pub(crate) jti: String,
    pub(crate) hash: String,
    pub(crate) txn: String,
    pub(crate) credential: String,
    pub(crate) statement: String,
    pub(crate) number: String,
    pub(crate) expires: i64,
    pub(crate) stage: String,
    /// Whether it is listed, and not only fetched by a link.
    pub(crate) listed: bool,
    /// Listed, but no reason to wake its phone.
    pub(crate) silent: bool,
}

impl ChallengeRow {
    /// A new one, open; `number` is what is typed, empty where nothing is.
    pub(crate) fn new(challenge: &Signed<Challenge>, number: &str) -> Self {
        Self {
            seq: 0,
            jti: challenge.jti.to_string(),
            hash: challenge.hash().to_string(),
            txn: challenge.txn.to_string(),
            credential: challenge.aud.to_string(),
            statement: challenge.compact().to_owned(),
            number: number.to_owned(),
            expires: challenge.exp as i64,
            stage: "open".to_owned(),
            listed: challenge.mode != Mode::Same,
            silent: false,
        }
    }
}

impl Row for ChallengeRow {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            seq: values.next()?,
            jti: values.next()?,
            hash: values.next()?,
            txn: values.next()?,
            credential: values.next()?,
            statement: values.next()?,
            number: values.next()?,
            expires: values.next()?,
            stage: values.next()?,
            listed: values.next()?,
            silent: values.next()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT seq, jti, hash, txn, credential, statement, number, expires, stage, listed, silent FROM challenges ",
            $rest
        )
    };
}

/// `seq` is given by the database: the next one of challenges and others together.
pub(crate) async fn insert(db: &mut Connection, row: &ChallengeRow) -> Result<()> {
    let values = (
        &row.jti,
        &row.hash,
        &row.txn,
        &row.credential,
        &row.statement,
        &row.number,
        row.expires,
        &row.stage,
        row.listed,
        row.silent,
    );
    db.run(
        "INSERT INTO challenges (seq, jti, hash, txn, credential, statement, number, expires, stage, listed, silent)
         VALUES ((SELECT max(seq) + 1 FROM sqlite_sequence WHERE name IN ('challenges', 'others')), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    .map(drop)
}

pub(crate) async fn by_hash(
    db: &mut Connection,
    hash: &str,
    credential: &str,
) -> Result<Option<ChallengeRow>> {
    db.one(
        select!("WHERE hash = ? AND credential = ?"),
        [hash, credential],
    )
}

/// By `jti` alone, for one credential.
pub(crate) async fn by_jti(
    db: &mut Connection,
    jti: &str,
    credential: &str,
) -> Result<Option<ChallengeRow>> {
    db.one(
        select!("WHERE jti = ? AND credential = ?"),
        [jti, credential],
    )
}

/// By `jti` or by `txn`, for one credential.
pub(crate) async fn by_id(
    db: &mut Connection,
    id: &str,
    credential: &str,
) -> Result<Option<ChallengeRow>> {
    db.one(
        select!("WHERE (jti = ?1 OR txn = ?1) AND credential = ?2 ORDER BY seq DESC LIMIT 1"),
        [id, credential],
    )
}

/// A statement of a `txn`: what was asked is the same in all.
pub(crate) async fn statement_of_txn(db: &mut Connection, txn: &str) -> Result<Option<String>> {
    db.one(
        "SELECT statement FROM challenges WHERE txn = ? ORDER BY seq DESC LIMIT 1",
        [txn],
    )
}

/// The newest open one of each credential of a `txn`, if its time is not over.
pub(crate) async fn newest_of_txn(
    db: &mut Connection,
    txn: &str,
    now: u64,
) -> Result<Vec<ChallengeRow>> {
    db.all(
        select!(
            "AS asked WHERE txn = ?1 AND stage = 'open' AND expires >= ?2
               AND seq = (SELECT max(seq) FROM challenges WHERE txn = ?1 AND credential = asked.credential)
             ORDER BY seq"
        ),
        (txn, now as i64),
    )
}

/// How often the phone was asked that was asked most often in a `txn`.
pub(crate) async fn times_asked(db: &mut Connection, txn: &str) -> Result<i64> {
    let times = db.one(
        "SELECT count(*) FROM challenges WHERE txn = ? GROUP BY credential ORDER BY count(*) DESC LIMIT 1",
        [txn],
    )?;
    Ok(times.unwrap_or(0))
}

/// Open ones with a higher `seq`, oldest first, without those that only a link fetches.
pub(crate) async fn open_after(
    db: &mut Connection,
    credential: &str,
    after: i64,
    limit: usize,
    now: u64,
) -> Result<Vec<ChallengeRow>> {
    db.all(
        select!(
            "WHERE credential = ? AND stage = 'open' AND listed AND seq > ? AND expires >= ? ORDER BY seq LIMIT ?"
        ),
        (credential, after, now as i64, limit as i64),
    )
}

/// The highest `seq` ever given, also to others.
pub(crate) async fn last_seq(db: &mut Connection) -> Result<i64> {
    let last = db.one(
        "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name IN ('challenges', 'others')",
        [],
    )?;
    Ok(last.unwrap_or(0))
}

/// Marks one as sent to its phone; `true` the first time.
pub(crate) async fn mark_seen(db: &mut Connection, jti: &str, now: u64) -> Result<bool> {
    let touched = db.run(
        "UPDATE challenges SET seen = ? WHERE jti = ? AND seen IS NULL",
        (now as i64, jti),
    )?;
    Ok(touched > 0)
}

/// A statement that is over.
pub(crate) struct Ended {
    pub(crate) jti: String,
    pub(crate) credential: String,
    /// When its phone was sent it.
    pub(crate) seen: Option<i64>,
    pub(crate) silent: bool,
}

impl Row for Ended {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            jti: values.next()?,
            credential: values.next()?,
            seen: values.next()?,
            silent: values.next()?,
        })
    }
}

/// `jti` of the open statements of a `txn`, by credential, the newest first.
pub(crate) async fn open_of_txn(db: &mut Connection, txn: &str) -> Result<Vec<(String, String)>> {
    db.all(
        "SELECT credential, jti FROM challenges WHERE txn = ? AND stage = 'open' ORDER BY seq DESC",
        [txn],
    )
}

/// Ends the open statements of a `txn`. Phones are told by [`crate::others`].
pub(crate) async fn end_txn(db: &mut Connection, txn: &str, stage: &str) -> Result<Vec<Ended>> {
    let ended: Vec<Ended> = db.all(
        "SELECT jti, credential, seen, silent FROM challenges WHERE txn = ? AND stage = 'open'",
        [txn],
    )?;
    if !ended.is_empty() {
        db.run(
            "UPDATE challenges SET stage = ? WHERE txn = ? AND stage = 'open'",
            [stage, txn],
        )?;
    }
    Ok(ended)
}

/// A phone approved a `txn`.
pub(crate) async fn mark_approved(db: &mut Connection, txn: &str) -> Result<()> {
    db.run("UPDATE challenges SET approved = 1 WHERE txn = ?", [txn])
        .map(drop)
}

/// Whether any phone approved a `txn`, by any of its statements.
pub(crate) async fn is_approved(db: &mut Connection, txn: &str) -> Result<bool> {
    let found: Option<i64> = db.one(
        "SELECT 1 FROM challenges WHERE txn = ? AND approved LIMIT 1",
        [txn],
    )?;
    Ok(found.is_some())
}

/// Ends everything open of a credential. Its phone is told by [`crate::others`].
pub(crate) async fn withdraw_all(db: &mut Connection, credential: &str) -> Result<Vec<Ended>> {
    db.all(
        "UPDATE challenges SET stage = 'cancelled' WHERE credential = ? AND stage = 'open'
         RETURNING jti, credential, seen, silent",
        [credential],
    )
}

/// Those of a credential that nobody decided in time are open no more.
pub(crate) async fn end_late(
    db: &mut Connection,
    credential: &str,
    now: u64,
) -> Result<Vec<Ended>> {
    db.all(
        "UPDATE challenges SET stage = 'late' WHERE credential = ? AND stage = 'open' AND expires < ?
         RETURNING jti, credential, seen, silent",
        (credential, now as i64),
    )
}

/// `txn` and statement of everything open of a credential, without those that only a link fetches: strangers make them.
pub(crate) async fn open_of(
    db: &mut Connection,
    credential: &str,
) -> Result<Vec<(String, String)>> {
    db.all(
        "SELECT txn, statement FROM challenges WHERE credential = ? AND stage = 'open' AND listed",
        [credential],
    )
}

/// `txn` and statement of everything open.
pub(crate) async fn open(db: &mut Connection) -> Result<Vec<(String, String)>> {
    db.all(
        "SELECT txn, statement FROM challenges WHERE stage = 'open'",
        [],
    )
}

//! Challenges, open and over.

use super::{Connection, Result, hit};
use sqlx::{query, query_as, query_scalar};

#[derive(Clone, sqlx::FromRow)]
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
}

/// `seq` is given by the database.
pub(crate) async fn insert(db: &mut Connection, row: &ChallengeRow) -> Result<()> {
    query(
        "INSERT INTO challenges (jti, hash, txn, credential, statement, number, expires, stage)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.jti)
    .bind(&row.hash)
    .bind(&row.txn)
    .bind(&row.credential)
    .bind(&row.statement)
    .bind(&row.number)
    .bind(row.expires)
    .bind(&row.stage)
    .execute(db)
    .await
    .map(drop)
}

pub(crate) async fn by_hash(
    db: &mut Connection,
    hash: &str,
    credential: &str,
) -> Result<Option<ChallengeRow>> {
    query_as("SELECT * FROM challenges WHERE hash = ? AND credential = ?")
        .bind(hash)
        .bind(credential)
        .fetch_optional(db)
        .await
}

/// By `jti` or by `txn`, for one credential.
pub(crate) async fn by_id(
    db: &mut Connection,
    id: &str,
    credential: &str,
) -> Result<Option<ChallengeRow>> {
    query_as("SELECT * FROM challenges WHERE (jti = ? OR txn = ?) AND credential = ? ORDER BY seq DESC LIMIT 1")
        .bind(id)
        .bind(id)
        .bind(credential)
        .fetch_optional(db)
        .await
}

/// Open ones with a higher `seq`, oldest first.
pub(crate) async fn open_after(
    db: &mut Connection,
    credential: &str,
    after: i64,
    limit: usize,
    now: u64,
) -> Result<Vec<ChallengeRow>> {
    query_as(
        "SELECT * FROM challenges WHERE credential = ? AND stage = 'open' AND seq > ? AND expires >= ? ORDER BY seq LIMIT ?",
    )
    .bind(credential)
    .bind(after)
    .bind(now as i64)
    .bind(limit as i64)
    .fetch_all(db)
    .await
}

/// The highest `seq` ever given.
pub(crate) async fn last_seq(db: &mut Connection) -> Result<i64> {
    let last: Option<i64> =
        query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'challenges'")
            .fetch_optional(db)
            .await?;
    Ok(last.unwrap_or(0))
}

/// Marks one as sent to its phone; `true` the first time.
pub(crate) async fn mark_seen(db: &mut Connection, jti: &str, now: u64) -> Result<bool> {
    let done = query("UPDATE challenges SET seen = ? WHERE jti = ? AND seen IS NULL")
        .bind(now as i64)
        .bind(jti)
        .execute(db)
        .await?;
    Ok(hit(&done))
}

/// Ends the open statements of a `txn`.
pub(crate) async fn end_txn(db: &mut Connection, txn: &str, stage: &str) -> Result<()> {
    query("UPDATE challenges SET stage = ? WHERE txn = ? AND stage = 'open'")
        .bind(stage)
        .bind(txn)
        .execute(db)
        .await
        .map(drop)
}

/// Ends everything open of a credential.
pub(crate) async fn withdraw_all(db: &mut Connection, credential: &str) -> Result<()> {
    query("UPDATE challenges SET stage = 'cancelled' WHERE credential = ? AND stage = 'open'")
        .bind(credential)
        .execute(db)
        .await
        .map(drop)
}

//! Responses with the verdicts they got.

use super::{Connection, Result};
use sqlx::{query, query_as, query_scalar};

pub(crate) struct ResponseRow {
    pub(crate) credential: String,
    pub(crate) jti: String,
    pub(crate) hash: String,
    pub(crate) ctr: u64,
    pub(crate) statement: String,
    pub(crate) verdict: String,
    pub(crate) expires: u64,
}

pub(crate) async fn insert(db: &mut Connection, row: &ResponseRow) -> Result<()> {
    query("INSERT INTO responses (credential, jti, hash, ctr, statement, verdict, expires) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(&row.credential)
        .bind(&row.jti)
        .bind(&row.hash)
        .bind(row.ctr as i64)
        .bind(&row.statement)
        .bind(&row.verdict)
        .bind(row.expires as i64)
        .execute(db)
        .await
        .map(drop)
}

/// H and verdict of a response that was here before.
pub(crate) async fn seen(
    db: &mut Connection,
    credential: &str,
    jti: &str,
) -> Result<Option<(String, String)>> {
    query_as("SELECT hash, verdict FROM responses WHERE credential = ? AND jti = ?")
        .bind(credential)
        .bind(jti)
        .fetch_optional(db)
        .await
}

/// Whether another response of this credential had this `ctr`.
pub(crate) async fn has_ctr(db: &mut Connection, credential: &str, ctr: u64) -> Result<bool> {
    let found: Option<i64> =
        query_scalar("SELECT 1 FROM responses WHERE credential = ? AND ctr = ?")
            .bind(credential)
            .bind(ctr as i64)
            .fetch_optional(db)
            .await?;
    Ok(found.is_some())
}

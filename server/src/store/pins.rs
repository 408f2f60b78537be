//! Tries of PINs that count against them.

use super::{Connection, Result, hit};
use sqlx::{query, query_scalar};

/// Notes a try, once for a response.
pub(crate) async fn note(db: &mut Connection, credential: &str, jti: &str) -> Result<()> {
    query("INSERT OR IGNORE INTO pin_tries (credential, jti) VALUES (?, ?)")
        .bind(credential)
        .bind(jti)
        .execute(db)
        .await
        .map(drop)
}

/// It was none.
pub(crate) async fn take_back(db: &mut Connection, credential: &str, jti: &str) -> Result<()> {
    query("DELETE FROM pin_tries WHERE credential = ? AND jti = ?")
        .bind(credential)
        .bind(jti)
        .execute(db)
        .await
        .map(drop)
}

/// Whether the try of this response is noted.
pub(crate) async fn is_noted(db: &mut Connection, credential: &str, jti: &str) -> Result<bool> {
    let found: Option<i64> =
        query_scalar("SELECT 1 FROM pin_tries WHERE credential = ? AND jti = ?")
            .bind(credential)
            .bind(jti)
            .fetch_optional(db)
            .await?;
    Ok(found.is_some())
}

pub(crate) async fn count(db: &mut Connection, credential: &str) -> Result<u64> {
    let count: i64 = query_scalar("SELECT count(*) FROM pin_tries WHERE credential = ?")
        .bind(credential)
        .fetch_one(db)
        .await?;
    Ok(count as u64)
}

/// Forgets them; `false` when there were none.
pub(crate) async fn clear(db: &mut Connection, credential: &str) -> Result<bool> {
    let done = query("DELETE FROM pin_tries WHERE credential = ?")
        .bind(credential)
        .execute(db)
        .await?;
    Ok(hit(&done))
}

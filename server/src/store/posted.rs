//! Accepted SAML requests that were posted and belong to no browser yet.

use super::{Connection, Result};
use sqlx::{query, query_as};

#[derive(sqlx::FromRow)]
pub(crate) struct Posted {
    pub(crate) token_hash: String,
    pub(crate) app: String,
    /// The accepted SAML request, as JSON of `countersign_saml::LoginRequest`.
    pub(crate) request: String,
    pub(crate) expires: i64,
}

pub(crate) async fn insert(db: &mut Connection, posted: &Posted) -> Result<()> {
    query("INSERT INTO posted_requests (token_hash, app, request, expires) VALUES (?, ?, ?, ?)")
        .bind(&posted.token_hash)
        .bind(&posted.app)
        .bind(&posted.request)
        .bind(posted.expires)
        .execute(db)
        .await
        .map(drop)
}

/// Takes it out: of all who ask, one gets it.
pub(crate) async fn take(db: &mut Connection, token_hash: &str) -> Result<Option<Posted>> {
    query_as("DELETE FROM posted_requests WHERE token_hash = ? RETURNING *")
        .bind(token_hash)
        .fetch_optional(db)
        .await
}

//! Accepted SAML requests that were posted and belong to no browser yet.

use super::sqlite::{Row, Values};
use super::{Connection, Result};

pub(crate) struct Posted {
    pub(crate) token_hash: String,
    pub(crate) app: String,
    /// The accepted SAML request, as JSON of `countersign_saml::LoginRequest`.
    pub(crate) request: String,
    pub(crate) expires: i64,
}

impl Row for Posted {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            token_hash: values.next()?,
            app: values.next()?,
            request: values.next()?,
            expires: values.next()?,
        })
    }
}

pub(crate) async fn insert(db: &mut Connection, posted: &Posted) -> Result<()> {
    db.run(
        "INSERT INTO posted_requests (token_hash, app, request, expires) VALUES (?, ?, ?, ?)",
        (
            &posted.token_hash,
            &posted.app,
            &posted.request,
            posted.expires,
        ),
    )
    .map(drop)
}

/// Takes it out: of all who ask, one gets it.
pub(crate) async fn take(db: &mut Connection, token_hash: &str) -> Result<Option<Posted>> {
    db.one(
        "DELETE FROM posted_requests WHERE token_hash = ? RETURNING token_hash, app, request, expires",
        [token_hash],
    )
}

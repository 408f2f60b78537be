//! Who calls: an application, by its key.

use super::problem::{Problem, Why};
use crate::app::{App, Shared};
use crate::signer::hidden;
use crate::store::api_keys;
use crate::store::apps::{self, App as AppRow};
use crate::web::Visitor;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use countersign_protocol::crypto::{Unspecified, make_random};
use countersign_protocol::encoding::encode;
use std::net::IpAddr;
use zeroize::Zeroizing;

/// The application that a key belongs to.
pub(crate) struct Caller {
    pub(super) app: AppRow,
    /// The key's id.
    pub(super) key: String,
}

/// A new key. Its beginning says what it is to whoever finds it in a place where it should not be.
pub(crate) fn make_key() -> Result<Zeroizing<String>, Unspecified> {
    let secret = Zeroizing::new(make_random::<32>()?);
    // EXPOSE: it is shown to the administrator, once.
    let text = Zeroizing::new(encode(&secret[..]));
    Ok(Zeroizing::new(format!("csk1_{}", *text)))
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let Ok(visitor) = Visitor::from_request_parts(parts, app).await;
        let key = bearer(&parts.headers).ok_or(Why::BadKey)?;
        let found = api_keys::by_hash(&mut *app.store.read().await?, &hidden(key)).await?;
        match found {
            Some(key) if key.revoked.is_none() => of_key(app, key).await,
            Some(revoked) => Err(refused(app, visitor.address, &revoked.id, "revoked key").await?),
            None => Err(refused(app, visitor.address, "", "unknown key").await?),
        }
    }
}

/// The one token of the one header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

async fn of_key(app: &App, key: api_keys::ApiKey) -> Result<Caller, Problem> {
    let row = apps::by_id(&mut *app.store.read().await?, &key.app).await?;
    let row = row.ok_or(Why::BadKey)?;
    if !row.enabled {
        return Err(Why::Disabled.into());
    }
    Ok(Caller {
        app: row,
        key: key.id,
    })
}

/// Wrong keys are noted, ten from a source in a minute: guessing must not fill the audit.
async fn refused(app: &App, source: IpAddr, key: &str, result: &str) -> Result<Problem, Problem> {
    let now = app.now();
    if let Some(wait) = app.wrong_keys.blocked(source, now) {
        return Ok(Problem::after(Why::SlowDown, wait));
    }
    app.wrong_keys.count(source, now);
    let mut tx = app.store.write().await?;
    app.audit(&mut tx, "api", key, result).await?;
    tx.commit().await?;
    Ok(Why::BadKey.into())
}

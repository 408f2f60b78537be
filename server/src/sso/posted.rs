//! Requests by HTTP-POST.
//!
//! A form that another site's page sends carries no `SameSite=Lax` cookie, so this browser can't be
//! told from any other yet. The request is judged and stored, and the browser is sent on to a GET of
//! ours, whose address holds a fresh secret. There the cookie comes along, and the login is bound to
//! it as one that began by redirect:
//!
//! ```mermaid
//! sequenceDiagram
//!     Browser->>Server: POST /saml/sso (no cookie)
//!     Note over Server: judged; stored under a secret, for a minute
//!     Server-->>Browser: 303 /saml/sso/{secret}, no cookie set
//!     Browser->>Server: GET /saml/sso/{secret} (cookie)
//!     Note over Server: taken out; a login of this session
//!     Server-->>Browser: 303 /login/{id}
//! ```
//! The first browser that opens the address has the login, any other finds it over. Who lures
//! somebody to such an address gains what the address of a redirect would give: our own sign-in page
//! for an application's genuine request. Who takes it away from somebody gains a login to do himself.

use super::{Denied, To, accept, enter, refused};
use crate::app::{App, Shared};
use crate::error::Fault;
use crate::login;
use crate::page::Problem;
use crate::signer::hidden;
use crate::store::posted::{self, Posted};
use crate::store::{apps, logins};
use crate::web::{Page, Trouble, Visitor, see_other, show};
use axum::extract::rejection::StringRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use countersign_protocol::Id;
use countersign_saml::{LoginRequest, post};

/// How long a browser may take from the POST to the GET, seconds.
const LIFE: u64 = 60;

/// What a form is sent as.
const FORM: &str = "application/x-www-form-urlencoded";

/// `POST /saml/sso`. The session's cookie isn't looked at even where it comes along (from our own
/// site), and none is set: it would take the place of the one that wasn't sent.
pub(super) async fn receive(
    State(app): State<Shared>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<String, StringRejection>,
) -> Response {
    let form = body.ok().filter(|_| is_form(&headers));
    let page = match form {
        Some(form) => keep(&app, &visitor, &form).await,
        None => unreadable(&app, &visitor).await,
    };
    show(&app, &visitor, page)
}

/// Over the limit of every body, not UTF-8, or another kind of form than a SAML one.
async fn unreadable(app: &App, visitor: &Visitor) -> Page {
    let denied = Denied {
        subject: String::new(),
        reason: "the body is too large or no form".to_owned(),
        to: To::Nobody(Problem::Unusable),
    };
    refused(app, visitor, denied).await
}

async fn keep(app: &App, visitor: &Visitor, form: &str) -> Page {
    let (row, request) = match accept(app, post::receive(form)).await? {
        Ok(accepted) => accepted,
        Err(denied) => return refused(app, visitor, denied).await,
    };
    // It has no cookie yet that could tell who posts, so all count.
    if let Some(wait) = app.posted.blocked(visitor.address, app.now()) {
        return Err(Trouble::Busy(wait));
    }
    app.posted.count(visitor.address, app.now());
    let secret = Id::make()?.to_string();
    let posted = Posted {
        token_hash: hidden(&secret),
        app: row.id.clone(),
        request: serde_json::to_string(&request).map_err(|_| Fault::Stored("SAML request"))?,
        expires: (app.now() + LIFE) as i64,
    };
    let mut tx = app.store.write().await?;
    if logins::is_answered(&mut tx, &row.id, request.id()).await? {
        drop(tx);
        return refused(app, visitor, Denied::seen_before(&row)).await;
    }
    posted::insert(&mut tx, &posted).await?;
    tx.commit().await?;
    Ok(see_other(&format!("/saml/sso/{secret}")))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(FORM))
}

/// `GET /saml/sso/{secret}`.
pub(super) async fn open(
    State(app): State<Shared>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    visitor: Visitor,
) -> Response {
    if let Some(nothing) = login::unopened(&headers) {
        return nothing;
    }
    let page = async {
        let posted = take(&app, &visitor, &secret).await?;
        let row = apps::by_id(&mut *app.store.read().await?, &posted.app).await?;
        let row = row.ok_or(Problem::SignInOver)?;
        let request: LoginRequest =
            serde_json::from_str(&posted.request).map_err(|_| Fault::Stored("SAML request"))?;
        enter(&app, &visitor, &row, &request).await
    };
    show(&app, &visitor, page.await)
}

/// The request of this address, which is used up by it.
async fn take(app: &App, visitor: &Visitor, secret: &str) -> Result<Posted, Trouble> {
    let secret = Id::parse(secret).ok_or(Problem::NotFound)?;
    let mut tx = app.store.write().await?;
    let posted = posted::take(&mut tx, &hidden(&secret.to_string())).await?;
    // What isn't there is not worth a write.
    match &posted {
        Some(_) => tx.commit().await?,
        None => drop(tx),
    }
    let posted = posted.filter(|posted| app.now() <= posted.expires as u64);
    let Some(posted) = posted else {
        app.audit_refusal(visitor, "sso", "", "posted request over")
            .await?;
        return Err(Problem::SignInOver.into());
    };
    Ok(posted)
}

#[cfg(test)]
#[path = "posted_tests.rs"]
mod tests;

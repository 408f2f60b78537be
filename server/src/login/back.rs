//! The way back from the app: `GET /r/{code}`, opened by the phone in its own browser after an approval in mode `same`.
//!
//! The session's cookie says whether this is the browser that began. If it is, the code is used up, the session gets a new
//! cookie, and the browser goes on to the one page that hands the result out: a second secret in its address tells that tab from
//! the others of the session, which share the cookie. If it isn't, or the code is over, nothing is used up, and one page says so
//! to everybody: somebody else's browser was lured here, or the wrong one of the person's own.
//!
//! Never: a code used up by whoever only looks (a link scanner, a prefetch, HEAD).

use super::path;
use crate::app::{App, Shared};
use crate::page::{self, Problem};
use crate::signer::hidden;
use crate::store::logins::{self, Login};
use crate::store::sessions;
use crate::wake::Topic;
use crate::web::{self, Trouble, Visitor, ok, see_other, show, site};
use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use countersign_protocol::Id;

/// Where the phone's browser goes on.
pub(crate) fn return_url(app: &App, code: &Id) -> String {
    format!("{}/r/{code}", app.signer.origin)
}

/// Whether the address of a login's page has what its browser came back with.
pub(super) fn brings(login: &Login, back: Option<&str>) -> bool {
    let back = back.and_then(Id::parse);
    back.is_some_and(|back| login.return_hash == Some(hidden(&back.to_string())))
}

/// `GET /r/{code}`.
pub(super) async fn back(
    State(app): State<Shared>,
    Path(code): Path<String>,
    headers: HeaderMap,
    visitor: Visitor,
) -> Response {
    if let Some(nothing) = unopened(&headers) {
        return nothing;
    }
    let page = async {
        let code = Id::parse(&code).ok_or(Problem::NotFound)?;
        let taken = take(&app, &visitor, &code).await?;
        Ok(taken.unwrap_or_else(|| ok(page::come_back(&site(&app, &visitor)))))
    };
    show(&app, &visitor, page.await)
}

/// For whoever only looks: not what a browser would keep and show when the page is opened.
pub(crate) fn unopened(headers: &HeaderMap) -> Option<Response> {
    let nothing = (
        StatusCode::SERVICE_UNAVAILABLE,
        [(CACHE_CONTROL, "no-store")],
    );
    (!is_opened(headers)).then(|| nothing.into_response())
}

/// Whether a person opens a page, as far as the browser says: nothing ahead of it, and no part of another one.
fn is_opened(headers: &HeaderMap) -> bool {
    let says = |name: &str, words: &[&str]| {
        let values = headers.get_all(name).iter();
        let mut values = values.filter_map(|value| value.to_str().ok());
        values.any(|value| words.iter().any(|word| value.contains(word)))
    };
    let is = |name: &str, word: &str| !headers.contains_key(name) || says(name, &[word]);
    let ahead = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
    let ahead = ahead.map(|name| says(name, &["prefetch", "prerender", "preview"]));
    !ahead.contains(&true) && is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
}

/// Uses the code up; nothing where it is none of this browser's.
async fn take(app: &App, visitor: &Visitor, code: &Id) -> Result<Option<Response>, Trouble> {
    let Some(cookie) = &visitor.session else {
        return Ok(None);
    };
    let (session, now) = (web::hash(cookie), app.now());
    let mut tx = app.store.write().await?;
    let code = hidden(&code.to_string());
    let Some(login) = logins::of_return(&mut tx, &code, &session, now).await? else {
        return Ok(None);
    };
    if super::is_late(&login, now) {
        // Its page says so.
        return Ok(Some(see_other(&path(&login.id))));
    }
    let old = sessions::by_hash(&mut tx, &session, now).await?;
    let fresh = web::renewed(old.ok_or(Problem::SignInOver)?)?;
    sessions::rotate(&mut tx, &session, &fresh.session).await?;
    let back = Id::make()?.to_string();
    logins::take_return(&mut tx, &login.id, &hidden(&back)).await?;
    app.audit(&mut tx, "login", &login.id, "returned").await?;
    tx.commit().await?;
    app.metrics.login("returned");
    // Other tabs say that it goes on in this one.
    app.wake.tell(Topic::Login(login.id.clone()));
    let mut response = see_other(&format!("{}?back={back}", path(&login.id)));
    web::give_session(&mut response, &fresh.cookie);
    Ok(Some(response))
}

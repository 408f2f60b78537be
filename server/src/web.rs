//! How pages travel: who visits (language, cookies, address), what every answer carries (headers),
//! and what people see when it can't be done.

use crate::app::{App, Shared};
use crate::error::Fault;
use crate::page::{self, Problem, Site, content_security_policy};
use crate::signer::hidden;
use crate::sso::LOGIN_LIFE;
use crate::store::Connection;
use crate::store::sessions::{self, BROWSER_LIFE, Session};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE, USER_AGENT,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use countersign_protocol::Id;
use countersign_texts::Lang;
use serde::Deserialize;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

const SESSION_COOKIE: &str = "__Host-session";
const BROWSER_COOKIE: &str = "__Host-browser";

/// How long a browser stays signed in after the phone was asked, seconds: a working day.
pub(crate) const SESSION_LIFE: u64 = 8 * 3600;

/// A browser, as its request shows it. Nothing of it is believed but what the server once gave out.
pub(crate) struct Visitor {
    pub(crate) lang: Lang,
    pub(crate) session: Option<String>,
    pub(crate) browser: Option<String>,
    pub(crate) agent: String,
    pub(crate) address: IpAddr,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let text = |name: HeaderName| {
            let value = parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (language, agent) = (text(ACCEPT_LANGUAGE), text(USER_AGENT));
        let (session, browser) = (
            cookie(&parts.headers, SESSION_COOKIE),
            cookie(&parts.headers, BROWSER_COOKIE),
        );
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(parts, state).await;
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
            peer.0.ip().to_canonical()
        });
        Ok(Self {
            lang: Lang::negotiate(&language),
            session,
            browser,
            agent,
            address,
        })
    }
}

/// A cookie of ours: 22 characters, sent once.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut found = all
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned());
    let value = found.next()?;
    (found.next().is_none() && Id::parse(&value).is_some()).then_some(value)
}

/// A cookie only for this origin, not readable by scripts, not sent along by other sites' posts.
fn set_cookie(name: &str, value: &str, life: Option<u64>) -> String {
    let age = life
        .map(|seconds| format!("; Max-Age={seconds}"))
        .unwrap_or_default();
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}")
}

/// Why a page can't be shown.
pub(crate) enum Trouble {
    Problem(Problem),
    /// Too much came from this source: for so many seconds nothing more is taken.
    Busy(u64),
    Fault(Fault),
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<crate::store::Error> for Trouble {
    fn from(error: crate::store::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl From<countersign_protocol::crypto::Unspecified> for Trouble {
    fn from(error: countersign_protocol::crypto::Unspecified) -> Self {
        Self::Fault(error.into())
    }
}

pub(crate) type Page = Result<Response, Trouble>;

/// The common part of all pages for this visitor.
pub(crate) fn site<'a>(app: &'a App, visitor: &Visitor) -> Site<'a> {
    Site {
        lang: visitor.lang,
        server: app.config.name.as_str(),
        host: app.signer.origin.host(),
        authenticator: app.config.authenticator(),
    }
}

/// The answer of a handler: its page, or the page of its trouble.
pub(crate) fn show(app: &App, visitor: &Visitor, page: Page) -> Response {
    match page {
        Ok(response) => response,
        Err(trouble) => trouble_page(app, visitor, trouble),
    }
}

fn trouble_page(app: &App, visitor: &Visitor, trouble: Trouble) -> Response {
    let (problem, reference, wait) = match trouble {
        Trouble::Problem(problem) => (problem, None, None),
        Trouble::Busy(wait) => (Problem::Busy, None, Some(wait)),
        Trouble::Fault(fault) => (Problem::Fault, Some(fault.log()), None),
    };
    let text = page::problem(&site(app, visitor), problem, reference.as_deref());
    let status =
        StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = html(status, text, content_security_policy());
    if let Some(wait) = wait {
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, header(&wait.to_string()));
    }
    response
}

/// A page with the headers that all pages have.
pub(crate) fn html(status: StatusCode, text: String, policy: String) -> Response {
    let mut response = (status, Html(text)).into_response();
    let headers = response.headers_mut();
    headers.insert("content-security-policy", header(&policy));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    response
}

pub(crate) fn ok(text: String) -> Response {
    html(StatusCode::OK, text, content_security_policy())
}

/// A text in a header; ours hold no control characters.
pub(crate) fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// To another page of ours, by GET. `path` is made of literals and ids.
pub(crate) fn see_other(path: &str) -> Response {
    let headers = [
        (LOCATION, header(path)),
        (HeaderName::from_static("cache-control"), header("no-store")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// What a button sends.
#[derive(Deserialize)]
pub(crate) struct ButtonForm {
    #[serde(default)]
    pub(crate) csrf: String,
}

/// The phase that a page shows while it asks for the next one.
#[derive(Deserialize)]
pub(crate) struct WaitQuery {
    #[serde(default)]
    pub(crate) phase: String,
}

/// How long a page's question for the next phase may go unanswered.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// The page is to show another phase.
pub(crate) fn phase(name: &str) -> Response {
    let headers = [(CACHE_CONTROL, "no-store")];
    (headers, name.to_owned()).into_response()
}

/// Nothing happened for so long; the page asks again.
pub(crate) fn same_phase() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// Hash under which the cookie of a session or browser is kept.
pub(crate) fn hash(cookie: &str) -> String {
    hidden(cookie)
}

/// The visitor's session, if its cookie is one.
pub(crate) async fn session(app: &App, visitor: &Visitor) -> Result<Option<Session>, Trouble> {
    let Some(cookie) = &visitor.session else {
        return Ok(None);
    };
    let mut db = app.store.read().await?;
    Ok(sessions::by_hash(&mut db, &hash(cookie), app.now()).await?)
}

/// A session that somebody has a cookie for.
pub(crate) struct Fresh {
    pub(crate) cookie: String,
    pub(crate) session: Session,
    /// It is there already, and ends later from now on.
    is_prolonged: bool,
}

impl Fresh {
    /// Stores a new one, or the new end of one.
    pub(crate) async fn store(&self, db: &mut Connection) -> Result<(), Trouble> {
        match self.is_prolonged {
            true => sessions::prolong(db, &self.session).await?,
            false => sessions::insert(db, &self.session).await?,
        }
        Ok(())
    }
}

/// A new session and its cookie.
pub(crate) fn make_session(
    app: &App,
    user: Option<String>,
    signed_in: Option<i64>,
) -> Result<Fresh, Trouble> {
    let cookie = Id::make()?.to_string();
    let session = Session {
        token_hash: hash(&cookie),
        user,
        signed_in,
        same: false,
        // Use doesn't prolong it: it ends a working day after the phone was asked.
        expires: signed_in.unwrap_or(app.now() as i64) + SESSION_LIFE as i64,
    };
    Ok(Fresh {
        cookie,
        session,
        is_prolonged: false,
    })
}

/// The same session under a new cookie.
pub(crate) fn renewed(old: Session) -> Result<Fresh, Trouble> {
    let cookie = Id::make()?.to_string();
    let session = Session {
        token_hash: hash(&cookie),
        ..old
    };
    Ok(Fresh {
        cookie,
        session,
        is_prolonged: false,
    })
}

/// The visitor's session; or a new or longer one, `true`, which the caller stores with what it is for, and gives. One that nobody signed in
/// by lasts longer where it would end before a sign-in that begins now, whose result would be for nobody: the same one, since other tabs
/// show its forms.
pub(crate) async fn find_or_make_session(
    app: &App,
    visitor: &Visitor,
) -> Result<(Fresh, bool), Trouble> {
    if let (Some(session), Some(cookie)) = (session(app, visitor).await?, &visitor.session) {
        let lasts = session.expires >= (app.now() + LOGIN_LIFE) as i64;
        let is_prolonged = !lasts && session.user.is_none();
        let mut kept = Fresh {
            cookie: cookie.clone(),
            session,
            is_prolonged,
        };
        if is_prolonged {
            kept.session.expires = (app.now() + SESSION_LIFE) as i64;
        }
        return Ok((kept, is_prolonged));
    }
    // Anybody can come without one: what is made for nobody yet is counted, before anything is written.
    if let Some(wait) = app.newcomers.blocked(visitor.address, app.now()) {
        return Err(Trouble::Busy(wait));
    }
    app.newcomers.count(visitor.address, app.now());
    Ok((make_session(app, None, None)?, true))
}

/// The same, and a new one is stored.
pub(crate) async fn ensure_session(app: &App, visitor: &Visitor) -> Result<(Fresh, bool), Trouble> {
    let (fresh, is_new) = find_or_make_session(app, visitor).await?;
    if is_new {
        let mut tx = app.store.write().await?;
        fresh.store(&mut tx).await?;
        tx.commit().await?;
    }
    Ok((fresh, is_new))
}

pub(crate) fn give_session(response: &mut Response, cookie: &str) {
    let cookie = set_cookie(SESSION_COOKIE, cookie, None);
    response.headers_mut().append(SET_COOKIE, header(&cookie));
}

pub(crate) fn give_browser(response: &mut Response, cookie: &str) {
    let cookie = set_cookie(BROWSER_COOKIE, cookie, Some(BROWSER_LIFE));
    response.headers_mut().append(SET_COOKIE, header(&cookie));
}

/// The cookie whose form this is; its token must fit.
pub(crate) fn form_cookie<'a>(
    app: &App,
    visitor: &'a Visitor,
    csrf: &str,
) -> Result<&'a str, Trouble> {
    let cookie = visitor.session.as_deref().ok_or(Problem::CookiesNeeded)?;
    match app.signer.csrf_fits(cookie, csrf) {
        true => Ok(cookie),
        false => Err(Problem::SignInOver.into()),
    }
}

/// The session whose form this is; its token must fit.
pub(crate) async fn form_session(
    app: &Shared,
    visitor: &Visitor,
    csrf: &str,
) -> Result<Session, Trouble> {
    let session = session(app, visitor).await?.ok_or(Problem::CookiesNeeded)?;
    form_cookie(app, visitor, csrf)?;
    Ok(session)
}

/// "Firefox on Windows": our own phrase from what the browser says of itself (protocol section 6).
pub(crate) fn browser_phrase(agent: &str) -> String {
    // The order matters: most browsers claim to be Chrome and Safari too.
    const BROWSERS: [(&str, &str); 7] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Macintosh", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find = |table: &[(&str, &'static str)]| {
        table
            .iter()
            .find(|(sign, _)| agent.contains(sign))
            .map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "A browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_in_our_own_words_whatever_it_says() {
        let firefox =
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let edge =
            "Mozilla/5.0 (Macintosh) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0";
        assert_eq!(browser_phrase(firefox), "Firefox on Windows");
        assert_eq!(browser_phrase(edge), "Edge on macOS");
        assert_eq!(browser_phrase("curl/8\u{202e}<script>"), "A browser");
    }

    #[test]
    fn a_cookie_counts_once_and_in_its_shape() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_static(text));
            cookie(&headers, SESSION_COOKIE)
        };
        assert!(read("a=b; __Host-session=AAAAAAAAAAAAAAAAAAAAAA").is_some());
        assert!(
            read("__Host-session=AAAAAAAAAAAAAAAAAAAAAA; __Host-session=AAAAAAAAAAAAAAAAAAAAAA")
                .is_none()
        );
        assert!(read("__Host-session=AAAA").is_none());
        assert!(read("session=AAAAAAAAAAAAAAAAAAAAAA").is_none());
    }
}

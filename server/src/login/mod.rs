//! In: what a person does in the browser that signs in. Out: the sign-in and waiting pages, one
//! distinct end each, and once, the result. Works without script.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> new: SAML request
//!     [*] --> approved: SAML request, session signed in
//!     new --> waiting: name typed, phone asked
//!     waiting --> waiting: send again (30 s apart), open on this phone, use the number instead, more time
//!     waiting --> returning: approved on this device (mode same)
//!     returning --> returned: its browser came back
//!     returning --> waiting: use the number instead
//!     returning --> unreturned: time over
//!     waiting --> approved: approved on the phone
//!     waiting --> denied: refused
//!     waiting --> number: wrong number
//!     waiting --> reported: not me
//!     waiting --> late: time over
//!     waiting --> replaced: another login of this browser began
//!     waiting --> cancelled: cancelled here
//!     new --> paused: all phones of the ID are suspended
//!     denied --> waiting: send again
//!     number --> waiting: send again
//!     late --> waiting: send again
//!     cancelled --> waiting: send again
//!     unreturned --> waiting: send again
//!     returned --> done: handed out, once, to the tab that came back
//!     approved --> done: handed out, once
//! ```
//! A new sign-in of this browser, a cancel or a report ends `returning` like `waiting`.
//! Never: a result for another browser than the one that began, a page that tells whether a name is
//! known, a challenge begun by a GET or from another site, a question in another mode than the application takes.

mod back;
mod begin;
mod buttons;
mod finish;
mod flood;
mod pages;

pub(crate) use back::{return_url, unopened};
pub(crate) use begin::{host_of, service, typed as account_of};
pub(crate) use buttons::buttons;
pub(crate) use flood::{quiet_until, unwelcome};
pub(crate) use pages::request_of;

use crate::app::{App, Shared};
use crate::page::Problem;
use crate::store::apps;
use crate::store::logins::{self, Login};
use crate::wake::Topic;
use crate::web::{self, Page, Trouble, Visitor, show};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use countersign_protocol::Id;
use serde::Deserialize;
use std::time::Duration;

/// Requests of one login are this far apart, seconds.
pub(super) const AGAIN_AFTER: u64 = 30;

/// A request on this device may make way for one with a number after this long, seconds.
pub(super) const NUMBER_AFTER: u64 = 15;

/// After this long without a sign of the phone the page says so, seconds.
pub(super) const UNREACHED_AFTER: u64 = 15;

pub(crate) fn pages() -> Router<Shared> {
    Router::new()
        // Not by HEAD: it would use the result up and show nothing.
        .route("/login/{id}", get(show_login).head(not_allowed))
        .route("/login/{id}/wait", get(wait))
        .route("/r/{code}", get(back::back).head(not_allowed))
}

pub(crate) async fn not_allowed() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}

pub(crate) fn path(id: &str) -> String {
    format!("/login/{id}")
}

/// The login of this address, if this browser began it. A waiting one whose time is over is late.
async fn find(app: &App, visitor: &Visitor, id: &str) -> Result<Login, Trouble> {
    let cookie = visitor.session.as_deref().ok_or(Problem::CookiesNeeded)?;
    let session = web::hash(cookie);
    let known = Id::parse(id);
    // Another browser's login is over for this one, as an unknown one is: nothing is told about it.
    let id = known.map(|id| id.to_string()).unwrap_or_default();
    let mut db = app.store.read().await?;
    let login = logins::of_session(&mut db, &id, &session, app.now()).await?;
    drop(db);
    let mut login = match login {
        Some(login) => login,
        // What is no id is nowhere, but only somebody with a session is told so.
        None if known.is_none() && web::session(app, visitor).await?.is_some() => {
            return Err(Problem::NotFound.into());
        }
        None => return Err(Problem::SignInOver.into()),
    };
    if app.now() > login.expires.max(login.until.unwrap_or(0)) as u64 {
        return Err(Problem::SignInOver.into());
    }
    if is_late(&login, app.now()) {
        let over = match login.stage.as_str() {
            "returning" => "unreturned",
            _ => "late",
        };
        let mut tx = app.store.write().await?;
        if logins::step(&mut tx, &login.id, &login.stage, over).await? {
            flood::is_late(app, &mut tx, &login, over).await?;
        }
        tx.commit().await?;
        login.stage = over.to_owned();
    }
    Ok(login)
}

/// Whether it waits for a phone, or for its browser to come back.
pub(super) fn waits(login: &Login) -> bool {
    matches!(login.stage.as_str(), "waiting" | "returning")
}

/// Whether what it waits for can't come any more.
pub(super) fn is_late(login: &Login, now: u64) -> bool {
    waits(login) && login.until.is_some_and(|until| now > until as u64)
}

/// Until another request may take the place of the last, seconds. One on this device doesn't shorten the time between
/// two that tell a phone.
pub(super) fn again_in(login: &Login, now: u64) -> u64 {
    let remote = login.remote_at.map_or(0, |at| at as u64 + AGAIN_AFTER);
    let number = match login.begun {
        Some(begun) if login.same && waits(login) => begun as u64 + NUMBER_AFTER,
        _ => 0,
    };
    remote.max(number).saturating_sub(now)
}

#[derive(Deserialize)]
struct BackQuery {
    back: Option<String>,
}

/// `GET /login/{id}`.
async fn show_login(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query<BackQuery>,
    headers: HeaderMap,
    visitor: Visitor,
) -> Response {
    let page = async {
        let login = match find(&app, &visitor, &id).await {
            Ok(login) => login,
            Err(trouble @ Trouble::Problem(_)) => {
                let silent = finish::in_silence_later(&app, &visitor, &id).await?;
                return silent.ok_or(trouble);
            }
            Err(trouble) => return Err(trouble),
        };
        // Its answer would be thrown away.
        if let ("approved" | "returned", Some(nothing)) = (login.stage.as_str(), unopened(&headers))
        {
            return Ok(nothing);
        }
        match login.stage.as_str() {
            "approved" => finish::hand_out(&app, &visitor, &login).await,
            "returned" if back::brings(&login, query.back.as_deref()) => {
                finish::hand_out(&app, &visitor, &login).await
            }
            _ => match finish::in_silence(&app, &visitor, &login).await? {
                Some(silent) => Ok(silent),
                None => pages::of(&app, &visitor, &login, None).await,
            },
        }
    };
    show(&app, &visitor, page.await)
}

/// The phase that the page shows, and whether it offers the number already.
#[derive(Deserialize)]
struct LoginWait {
    #[serde(default)]
    phase: String,
    number: Option<String>,
}

/// `GET /login/{id}/wait?phase=`: the next phase, as told in [`crate::page`].
async fn wait(
    State(app): State<Shared>,
    Path(id): Path<String>,
    visitor: Visitor,
    Query(query): Query<LoginWait>,
) -> Response {
    let page: Page = async {
        let mut listener = app.wake.listen(Topic::Login(id.clone()), web::LONGEST_WAIT);
        loop {
            let login = find(&app, &visitor, &id).await?;
            let phase = match login.stage.as_str() {
                _ if waits(&login) => pages::phase(&app, &login).name(),
                over => over,
            };
            if phase != query.phase {
                return Ok(web::phase(phase));
            }
            let number = match query.number {
                None => pages::until_number(&app, &login).await?,
                Some(_) => None,
            };
            if number == Some(Duration::ZERO) {
                return Ok(web::phase("number"));
            }
            let changes = [pages::until_unreached(&app, &login), number];
            let woken = match changes.into_iter().flatten().min() {
                Some(change) => tokio::select! {
                    woken = listener.wait() => woken,
                    () = tokio::time::sleep(change) => true,
                },
                None => listener.wait().await,
            };
            if !woken {
                return Ok(web::same_phase());
            }
        }
    }
    .await;
    show(&app, &visitor, page)
}

/// The application of a login.
async fn app_of(app: &App, login: &Login) -> Result<apps::App, Trouble> {
    let row = apps::by_id(&mut *app.store.read().await?, &login.app).await?;
    Ok(row.ok_or(Problem::SignInOver)?)
}

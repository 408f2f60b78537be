//! The result is handed out once, to the browser that began; where it signs somebody in, under a new cookie.
//! Never: a page where the application asked for none to be shown, unless it has its answer.

use super::{app_of, pages};
use crate::app::App;
use crate::error::Fault;
use crate::page::Problem;
use crate::sso;
use crate::store::logins::{self, Login};
use crate::store::users::{self, User};
use crate::store::{Connection, apps, credentials, sessions};
use crate::web::{self, Page, SESSION_LIFE, Trouble, Visitor};
use axum::response::Response;
use countersign_protocol::Id;
use countersign_saml::response::Status;
use countersign_saml::{EmitError, LoginRequest};

/// What comes of a hand-out.
enum Outcome {
    Answer(Response),
    /// Another tab was first, it was taken back, or the ID rests: the login as it is now.
    Moved(Box<Login>),
    /// The cookie went to another tab, with its result.
    Over,
    /// What it would be handed out for is over, and why.
    Refused(&'static str, Problem),
    /// Its request was answered already.
    Answered,
}

impl Outcome {
    fn unready(why: &'static str) -> Self {
        Self::Refused(why, Problem::AppNotReady)
    }
}

pub(super) async fn hand_out(app: &App, visitor: &Visitor, login: &Login) -> Page {
    match try_it(app, visitor, login).await? {
        Outcome::Answer(response) => Ok(response),
        Outcome::Moved(now) => match in_silence(app, visitor, &now).await? {
            Some(response) => Ok(response),
            None => pages::of(app, visitor, &now, None).await,
        },
        Outcome::Over => {
            let silent = in_silence(app, visitor, login).await?;
            silent.ok_or(Problem::SignInOver.into())
        }
        Outcome::Refused(why, problem) => {
            note(app, visitor, login, why).await?;
            let silent = in_silence(app, visitor, login).await?;
            silent.ok_or(problem.into())
        }
        Outcome::Answered => {
            note(app, visitor, login, "request seen before").await?;
            Err(Problem::SignInOver.into())
        }
    }
}

/// Why somebody who approved was let in nowhere. They may try again and again: it is said so often only.
async fn note(app: &App, visitor: &Visitor, login: &Login, why: &str) -> Result<(), Fault> {
    app.audit_refusal(visitor, "login", &login.id, why).await
}

fn request_of(login: &Login) -> Result<LoginRequest, Fault> {
    serde_json::from_str(&login.request).map_err(|_| Fault::Stored("SAML request"))
}

/// Where a request must show nobody anything, the signed answer that nobody is signed in; none where it may, or was answered.
pub(super) async fn in_silence(
    app: &App,
    visitor: &Visitor,
    login: &Login,
) -> Result<Option<Response>, Trouble> {
    let request = request_of(login)?;
    if !request.is_passive() || login.stage == "done" {
        return Ok(None);
    }
    let row = app_of(app, login).await?;
    sso::refusal(app, visitor, &row, &request, Status::NoPassive).map(Some)
}

/// The same for a browser whose session ended since it began this login.
pub(super) async fn in_silence_later(
    app: &App,
    visitor: &Visitor,
    id: &str,
) -> Result<Option<Response>, Trouble> {
    let (Some(id), Some(cookie)) = (Id::parse(id), &visitor.session) else {
        return Ok(None);
    };
    let login = logins::by_id(&mut *app.store.read().await?, &id.to_string()).await?;
    match login.filter(|login| login.session_hash == web::hash(cookie)) {
        Some(login) => in_silence(app, visitor, &login).await,
        None => Ok(None),
    }
}

async fn try_it(app: &App, visitor: &Visitor, login: &Login) -> Result<Outcome, Trouble> {
    let request = request_of(login)?;
    let instant = login.approved.ok_or(Fault::Stored("login"))? as u64;

    let mut tx = app.store.write().await?;
    // Everything that may have changed since the approval is asked again.
    let now = logins::by_id(&mut tx, &login.id)
        .await?
        .ok_or(Problem::SignInOver)?;
    if now.session_hash != login.session_hash {
        return Ok(Outcome::Over);
    }
    if app.now() >= instant + SESSION_LIFE {
        return Ok(Outcome::Refused("session over", Problem::SignInOver));
    }
    if now.stage != login.stage || now.return_hash != login.return_hash {
        return Ok(Outcome::Moved(Box::new(now)));
    }
    let user = match login.user.as_deref() {
        Some(user) => users::by_id(&mut tx, user)
            .await?
            .ok_or(Problem::SignInOver)?,
        None => return Err(Problem::SignInOver.into()),
    };
    let row = apps::by_id(&mut tx, &login.app)
        .await?
        .ok_or(Problem::SignInOver)?;
    if row.same_only && !login.same {
        // It takes nothing else any more, or since this session was made.
        let why = "not by the device of the browser";
        return Ok(Outcome::Refused(why, Problem::SignInOver));
    }
    if logins::is_answered(&mut tx, &login.app, &login.request_id).await? {
        return Ok(Outcome::Answered);
    }
    let active = credentials::of_user(&mut tx, &user.id, &["active"]).await?;
    if active.is_empty() {
        // The ID rests: neither an earlier approval nor a session opens anything.
        logins::step(&mut tx, &login.id, &login.stage, "paused").await?;
        app.audit(&mut tx, "login", &login.id, "paused").await?;
        tx.commit().await?;
        let stage = "paused".to_owned();
        return Ok(Outcome::Moved(Box::new(Login { stage, ..now })));
    }
    logins::step(&mut tx, &login.id, &login.stage, "done").await?;
    let answer = match sso::assertion(app, visitor, &row, &request, &user, instant)? {
        Ok(answer) => answer,
        // The application was changed while the person was at the phone.
        Err(EmitError::NotReady) => return Ok(Outcome::unready("not ready")),
        Err(EmitError::ProviderChanged) => return Ok(Outcome::unready("application changed")),
        Err(other) => return Err(Fault::from(other).into()),
    };
    let mut response = answer.page;

    // A session that answered by itself has its cookie from that sign-in, and other tabs are on their way with it.
    let signed_in = match login.txn {
        Some(_) => Some(sign_in(app, visitor, &mut tx, login, &user, instant).await?),
        None => None,
    };
    app.audit(&mut tx, "login", &login.id, "done").await?;
    // The login itself is swept after days: who was let in where, and by which response of an application's log.
    let let_in = format!("{} {} {}", row.id, login.id, answer.id);
    app.audit(&mut tx, "sso", &user.id, &let_in).await?;
    tx.commit().await?;
    app.metrics.login("done");
    if let Some(SignedIn { session, browser }) = signed_in {
        web::give_session(&mut response, &session);
        web::give_browser(&mut response, &browser);
    }
    Ok(Outcome::Answer(response))
}

/// The new cookies of a browser that somebody signed in with.
struct SignedIn {
    session: String,
    browser: String,
}

/// Whoever knew a cookie from before the sign-in must not be signed in by it, nor known.
async fn sign_in(
    app: &App,
    visitor: &Visitor,
    db: &mut Connection,
    login: &Login,
    user: &User,
    instant: u64,
) -> Result<SignedIn, Trouble> {
    let mut fresh = web::make_session(app, Some(user.id.clone()), Some(instant as i64))?;
    fresh.session.same = login.same;
    sessions::rotate(db, &login.session_hash, &fresh.session).await?;
    let browser = Id::make()?.to_string();
    let (old, new) = (
        visitor.browser.as_deref().map(web::hash),
        web::hash(&browser),
    );
    sessions::remember(db, old.as_deref(), &new, &user.id, app.now()).await?;
    Ok(SignedIn {
        session: fresh.cookie,
        browser,
    })
}

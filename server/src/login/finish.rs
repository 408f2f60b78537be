//! The result is handed out once, to the browser that began; where it signs somebody in, under a new cookie.

use super::pages;
use crate::app::App;
use crate::error::Fault;
use crate::page::Problem;
use crate::store::logins::{self, Login};
use crate::store::users::{self, User};
use crate::store::{Connection, apps, credentials, sessions};
use crate::web::{self, Page, SESSION_LIFE, Trouble, Visitor};
use countersign_protocol::Id;
use countersign_saml::LoginRequest;

pub(super) async fn hand_out(app: &App, visitor: &Visitor, login: &Login) -> Page {
    let request: LoginRequest =
        serde_json::from_str(&login.request).map_err(|_| Fault::Stored("SAML request"))?;
    let instant = login.approved.ok_or(Fault::Stored("login"))? as u64;

    let mut tx = app.store.write().await?;
    // Everything that may have changed since the approval is asked again.
    let now = logins::by_id(&mut tx, &login.id)
        .await?
        .ok_or(Problem::SignInOver)?;
    if now.session_hash != login.session_hash || app.now() >= instant + SESSION_LIFE {
        // Another tab got a result meanwhile, and with it a new cookie; or the session is over.
        return Err(Problem::SignInOver.into());
    }
    if now.stage != login.stage || now.return_hash != login.return_hash {
        drop(tx);
        return pages::of(app, visitor, &now, None).await;
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
        return Err(Problem::SignInOver.into());
    }
    if logins::is_answered(&mut tx, &login.app, &login.request_id).await? {
        return Err(Problem::SignInOver.into());
    }
    let active = credentials::of_user(&mut tx, &user.id, &["active"]).await?;
    if active.is_empty() {
        // The ID rests: neither an earlier approval nor a session opens anything.
        logins::step(&mut tx, &login.id, &login.stage, "paused").await?;
        app.audit(&mut tx, "login", &login.id, "paused").await?;
        tx.commit().await?;
        let stage = "paused".to_owned();
        return pages::of(app, visitor, &Login { stage, ..now }, None).await;
    }
    logins::step(&mut tx, &login.id, &login.stage, "done").await?;
    let mut response = super::super::sso::assertion(app, visitor, &row, &request, &user, instant)?;

    // A session that answered by itself has its cookie from that sign-in, and other tabs are on their way with it.
    let signed_in = match login.txn {
        Some(_) => Some(sign_in(app, visitor, &mut tx, login, &user, instant).await?),
        None => None,
    };
    app.audit(&mut tx, "login", &login.id, "done").await?;
    tx.commit().await?;
    app.metrics.login("done");
    if let Some(SignedIn { session, browser }) = signed_in {
        web::give_session(&mut response, &session);
        web::give_browser(&mut response, &browser);
    }
    Ok(response)
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

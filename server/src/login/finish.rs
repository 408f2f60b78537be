//! The result is handed out once, to the browser that began, under a new cookie.

use super::pages;
use crate::app::App;
use crate::error::Fault;
use crate::page::Problem;
use crate::store::logins::{self, Login};
use crate::store::{apps, credentials, sessions, users};
use crate::web::{self, Page, SESSION_LIFE, Visitor};
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

    // Whoever knew the cookie from before the login must not be signed in by it.
    let mut fresh = web::make_session(app, Some(user.id.clone()), Some(instant as i64))?;
    fresh.session.same = login.same;
    sessions::rotate(&mut tx, &login.session_hash, &fresh.session).await?;
    let browser = Id::make()?.to_string();
    let old = visitor.browser.as_deref().map(web::hash);
    sessions::remember(
        &mut tx,
        old.as_deref(),
        &web::hash(&browser),
        &user.id,
        app.now(),
    )
    .await?;
    app.audit(&mut tx, "login", &login.id, "done").await?;
    tx.commit().await?;
    app.metrics.login("done");
    web::give_session(&mut response, &fresh.cookie);
    web::give_browser(&mut response, &browser);
    Ok(response)
}

//! In: a button of a login's page, pressed there by the browser that began. Out: the login, one step on, and its page.
//! Never: a step for another site or another browser; a request in another mode than the application takes.

use super::{app_of, begin, find, flood, pages, path, waits};
use crate::app::Shared;
use crate::error::Fault;
use crate::others::{self, End};
use crate::page::{Hold, SignInTrouble};
use crate::store::Connection;
use crate::store::logins::{self, Login};
use crate::txn;
use crate::wake::Topic;
use crate::web::{self, Page, Visitor, see_other, show};
use axum::Router;
use axum::extract::{Form, FromRequest, FromRequestParts, Path, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use countersign_protocol::statement::Mode;
use serde::Deserialize;

/// A path for each button.
pub(crate) fn buttons() -> Router<Shared> {
    Router::new()
        .route(
            "/login/{id}",
            post(|on: Pressed| async move { on.show(sign_in(&on).await) }),
        )
        .route(
            "/login/{id}/again",
            post(|on: Pressed| async move { on.show(again(&on).await) }),
        )
        .route(
            "/login/{id}/same",
            post(|on: Pressed| async move { on.show(same(&on).await) }),
        )
        .route(
            "/login/{id}/more",
            post(|on: Pressed| async move { on.show(more(&on).await) }),
        )
        .route(
            "/login/{id}/cancel",
            post(|on: Pressed| async move { on.show(cancel(&on).await) }),
        )
}

#[derive(Deserialize)]
struct LoginForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    account: String,
}

/// A button that was pressed on our own page, by the browser whose login this is. No step of a login has another way in.
struct Pressed {
    app: Shared,
    visitor: Visitor,
    login: Login,
    /// The name, where one is typed.
    typed: String,
}

impl FromRequest<Shared> for Pressed {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let id = Path::<String>::from_request_parts(&mut parts, app).await;
        let Path(id) = id.map_err(IntoResponse::into_response)?;
        let visitor = Visitor::from_request_parts(&mut parts, app).await;
        let visitor = visitor.map_err(IntoResponse::into_response)?;
        let form = Form::<LoginForm>::from_request(Request::from_parts(parts, body), app).await;
        let Form(form) = form.map_err(IntoResponse::into_response)?;
        let login = async {
            web::form_session(app, &visitor, &form.csrf).await?;
            find(app, &visitor, &id).await
        };
        match login.await {
            Ok(login) => Ok(Self {
                app: app.clone(),
                visitor,
                login,
                typed: form.account,
            }),
            Err(trouble) => Err(show(app, &visitor, Err(trouble))),
        }
    }
}

impl Pressed {
    /// The login's page, as it is after this.
    fn after(&self) -> Response {
        see_other(&path(&self.login.id))
    }

    fn show(&self, page: Page) -> Response {
        show(&self.app, &self.visitor, page)
    }

    /// What the audit says of the button, of a stranger only so often.
    async fn note(&self, db: &mut Connection, result: &str) -> Result<(), Fault> {
        let (app, login) = (&self.app, &self.login);
        app.audit_of(db, &self.visitor, login.known, &login.id, result)
            .await
    }
}

/// `POST /login/{id}`: the name was typed.
async fn sign_in(on: &Pressed) -> Page {
    let account = begin::typed(&on.typed);
    match account {
        _ if on.login.stage != "new" => {}
        Some(account) => {
            let asked = begin::ask_phone(&on.app, &on.visitor, &on.login, &account, Mode::Remote);
            if let Some(hold) = asked.await? {
                let trouble = Some(SignInTrouble::Hold(hold));
                return pages::sign_in(&on.app, &on.visitor, &on.login, &account, trouble).await;
            }
        }
        None => {
            let trouble = Some(SignInTrouble::NameMissing);
            return pages::sign_in(&on.app, &on.visitor, &on.login, "", trouble).await;
        }
    }
    Ok(on.after())
}

/// `POST /login/{id}/same`: a new request, to be opened on this device, which ends the old one.
async fn same(on: &Pressed) -> Page {
    if on.login.stage == "waiting" && !on.login.same {
        let account = on.login.account.clone().unwrap_or_default();
        begin::ask_phone(&on.app, &on.visitor, &on.login, &account, Mode::Same).await?;
    }
    Ok(on.after())
}

/// `POST /login/{id}/again`: a new request, which ends the old one.
async fn again(on: &Pressed) -> Page {
    let only = app_of(&on.app, &on.login).await?.same_only;
    // Where it takes no other way, the link on the page is the one there is.
    if !(pages::may_again(&on.login) || waits(&on.login) && !only) {
        return Ok(on.after());
    }
    let account = on.login.account.clone().unwrap_or_default();
    match begin::ask_phone(&on.app, &on.visitor, &on.login, &account, Mode::Remote).await? {
        Some(hold) => pages::of(&on.app, &on.visitor, &on.login, Some(hold)).await,
        None => Ok(on.after()),
    }
}

/// `POST /login/{id}/more`: the same request goes on.
async fn more(on: &Pressed) -> Page {
    if on.login.stage != "waiting" {
        return Ok(on.after());
    }
    let txn = on.login.txn.as_deref().unwrap_or_default();
    let mut tx = on.app.store.write().await?;
    let extended = txn::extend(&on.app, &mut tx, txn, txn::By::Browser).await?;
    let Some(extended) = extended else {
        drop(tx);
        return pages::of(&on.app, &on.visitor, &on.login, Some(Hold::Last)).await;
    };
    if extended.rows.is_empty() {
        // There is time enough, as the page says.
        return Ok(on.after());
    }
    on.note(&mut tx, "more time").await?;
    tx.commit().await?;
    let told = extended.told.into_iter();
    told.for_each(|topic| on.app.wake.tell(topic));
    Ok(on.after())
}

/// `POST /login/{id}/cancel`.
async fn cancel(on: &Pressed) -> Page {
    let mut told = vec![Topic::Login(on.login.id.clone())];
    let mut tx = on.app.store.write().await?;
    if waits(&on.login) && logins::step(&mut tx, &on.login.id, &on.login.stage, "cancelled").await?
    {
        // Its request as it is now: it may have been sent again since it was looked at.
        let now = logins::by_id(&mut tx, &on.login.id).await?;
        let txn = now.and_then(|login| login.txn).unwrap_or_default();
        told.extend(others::end_txn(&on.app, &mut tx, &txn, End::Withdrawn).await?);
        flood::is_withdrawn(&on.app, &mut tx, &on.login).await?;
        on.note(&mut tx, "cancelled").await?;
        on.app.metrics.login("cancelled");
    }
    tx.commit().await?;
    told.into_iter().for_each(|topic| on.app.wake.tell(topic));
    Ok(on.after())
}

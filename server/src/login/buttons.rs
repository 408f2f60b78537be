//! In: a button of a login's page, pressed there by the browser that began. Out: the login, one step on, and its page.
//! Never: a step for another site or another browser; a request in another mode than the application takes.

use super::{app_of, begin, find, flood, pages, path, waits};
use crate::app::Shared;
use crate::others::{self, End};
use crate::page::{Hold, SignInTrouble};
use crate::store::logins::{self, Login};
use crate::txn;
use crate::wake::Topic;
use crate::web::{self, Visitor, see_other, show};
use axum::Router;
use axum::extract::{Form, FromRequest, FromRequestParts, Path, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use countersign_protocol::statement::Mode;
use serde::Deserialize;

/// What phones are told of.
pub(crate) fn buttons() -> Router<Shared> {
    Router::new()
        .route("/login/{id}", post(sign_in))
        .route("/login/{id}/again", post(again))
        .route("/login/{id}/same", post(same))
        .route("/login/{id}/more", post(more))
        .route("/login/{id}/cancel", post(cancel))
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

/// `POST /login/{id}`: the name was typed.
async fn sign_in(
    Pressed {
        app,
        visitor,
        login,
        typed,
    }: Pressed,
) -> Response {
    let page = async {
        let account = begin::typed(&typed);
        match account {
            _ if login.stage != "new" => {}
            Some(account) => {
                let asked = begin::ask_phone(&app, &visitor, &login, &account, Mode::Remote);
                if let Some(hold) = asked.await? {
                    let trouble = Some(SignInTrouble::Hold(hold));
                    return pages::sign_in(&app, &visitor, &login, &account, trouble).await;
                }
            }
            None => {
                let trouble = Some(SignInTrouble::NameMissing);
                return pages::sign_in(&app, &visitor, &login, "", trouble).await;
            }
        }
        Ok(see_other(&path(&login.id)))
    };
    show(&app, &visitor, page.await)
}

/// `POST /login/{id}/same`: a new request, to be opened on this device, which ends the old one.
async fn same(
    Pressed {
        app,
        visitor,
        login,
        ..
    }: Pressed,
) -> Response {
    let page = async {
        if login.stage == "waiting" && !login.same {
            let account = login.account.clone().unwrap_or_default();
            begin::ask_phone(&app, &visitor, &login, &account, Mode::Same).await?;
        }
        Ok(see_other(&path(&login.id)))
    };
    show(&app, &visitor, page.await)
}

/// `POST /login/{id}/again`: a new request, which ends the old one.
async fn again(
    Pressed {
        app,
        visitor,
        login,
        ..
    }: Pressed,
) -> Response {
    let page = async {
        let only = app_of(&app, &login).await?.same_only;
        // Where it takes no other way, the link on the page is the one there is.
        if !(pages::may_again(&login) || waits(&login) && !only) {
            return Ok(see_other(&path(&login.id)));
        }
        let account = login.account.clone().unwrap_or_default();
        match begin::ask_phone(&app, &visitor, &login, &account, Mode::Remote).await? {
            Some(hold) => pages::of(&app, &visitor, &login, Some(hold)).await,
            None => Ok(see_other(&path(&login.id))),
        }
    };
    show(&app, &visitor, page.await)
}

/// `POST /login/{id}/more`: the same request goes on.
async fn more(
    Pressed {
        app,
        visitor,
        login,
        ..
    }: Pressed,
) -> Response {
    let page = async {
        if login.stage != "waiting" {
            return Ok(see_other(&path(&login.id)));
        }
        let txn = login.txn.as_deref().unwrap_or_default();
        let mut tx = app.store.write().await?;
        let Some(extended) = txn::extend(&app, &mut tx, txn).await? else {
            drop(tx);
            return pages::of(&app, &visitor, &login, Some(Hold::Last)).await;
        };
        app.audit(&mut tx, "login", &login.id, "more time").await?;
        tx.commit().await?;
        let told = extended.told.into_iter();
        told.for_each(|topic| app.wake.tell(topic));
        Ok(see_other(&path(&login.id)))
    };
    show(&app, &visitor, page.await)
}

/// `POST /login/{id}/cancel`.
async fn cancel(
    Pressed {
        app,
        visitor,
        login,
        ..
    }: Pressed,
) -> Response {
    let page = async {
        let mut told = vec![Topic::Login(login.id.clone())];
        let mut tx = app.store.write().await?;
        if waits(&login) && logins::step(&mut tx, &login.id, &login.stage, "cancelled").await? {
            // Its request as it is now: it may have been sent again since it was looked at.
            let now = logins::by_id(&mut tx, &login.id).await?;
            let txn = now.and_then(|login| login.txn).unwrap_or_default();
            told.extend(others::end_txn(&app, &mut tx, &txn, End::Withdrawn).await?);
            flood::is_withdrawn(&app, &mut tx, &login).await?;
            app.audit(&mut tx, "login", &login.id, "cancelled").await?;
            app.metrics.login("cancelled");
        }
        tx.commit().await?;
        told.into_iter().for_each(|topic| app.wake.tell(topic));
        Ok(see_other(&path(&login.id)))
    };
    show(&app, &visitor, page.await)
}

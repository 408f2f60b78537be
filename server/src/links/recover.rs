//! `/recover`: whoever lost the phone names the account, and gets a letter. The page never asks for the code, and says the same
//! whether there is such an ID.

use crate::app::Shared;
use crate::login;
use crate::mail::{self, Wish};
use crate::page::{self, Action, Hold, Problem, Recover};
use crate::web::{self, Page, Visitor, ok, show, site};
use axum::extract::{Form, State};
use axum::response::Response;
use countersign_protocol::Id;
use serde::Deserialize;

pub(super) const PATH: &str = "/recover";

/// `GET /recover`.
pub(super) async fn open(State(app): State<Shared>, visitor: Visitor) -> Response {
    let page: Page = async {
        if app.mail.is_none() {
            return Err(Problem::NotFound.into());
        }
        // Nothing is stored for who only looks: the form belongs to a cookie, whether there is a session of it or not.
        let cookie = match &visitor.session {
            Some(cookie) => cookie.clone(),
            None => Id::make()?.to_string(),
        };
        let csrf = app.signer.csrf(&cookie);
        let action = Action {
            url: PATH,
            csrf: &csrf,
        };
        let page = Recover::Ask { action, hold: None };
        let mut response = ok(page::recover(&site(&app, &visitor), &page));
        if visitor.session.is_none() {
            web::give_session(&mut response, &cookie);
        }
        Ok(response)
    }
    .await;
    show(&app, &visitor, page)
}

#[derive(Deserialize)]
pub(super) struct RecoverForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    account: String,
}

/// `POST /recover`.
pub(super) async fn ask(
    State(app): State<Shared>,
    visitor: Visitor,
    Form(form): Form<RecoverForm>,
) -> Response {
    let page: Page = async {
        if app.mail.is_none() {
            return Err(Problem::NotFound.into());
        }
        let cookie = web::form_cookie(&app, &visitor, &form.csrf)?;
        let now = app.now();
        if let Some(wait) = app.strangers.blocked(visitor.address, now) {
            let csrf = app.signer.csrf(cookie);
            let action = Action {
                url: PATH,
                csrf: &csrf,
            };
            let hold = Some(Hold::Soon(wait as u32));
            let page = Recover::Ask { action, hold };
            return Ok(ok(page::recover(&site(&app, &visitor), &page)));
        }
        app.strangers.count(visitor.address, now);
        if let Some(account) = login::account_of(&form.account) {
            mail::see_to(&app, account, visitor.lang, Wish::Recover);
        }
        Ok(ok(page::recover(&site(&app, &visitor), &Recover::Sent)))
    }
    .await;
    show(&app, &visitor, page)
}

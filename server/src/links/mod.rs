//! In: the addresses that people are handed: an invitation's page, and links that no app took.
//! Out: pages. An invitation is made when its button is pressed, never by opening the page.
//! Never: a token in the database or a log, digits taken from another browser than the one that
//! shows the invitation, a second phone for an ID through a page
//! without a recovery code.

mod digits;
mod invite;
mod landing;
mod recover;

pub(crate) use digits::{PROBATION, TRIES, Typed, compare};
pub(crate) use invite::{
    end_begun, end_living, end_question, make_by_admin, make_by_phone, root_of,
};

use crate::app::{App, Shared};
use crate::credential;
use crate::error::Fault;
use crate::page::{self, Action, DigitsError, Invitation as View, Problem, Step};
use crate::signer::hidden;
use crate::store::invitations::{self, Invitation, Page as PageRow};
use crate::store::{credentials, users};
use crate::wake::Topic;
use crate::web::{self, ButtonForm, Page, Trouble, Visitor, WaitQuery, ok, see_other, show, site};
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use countersign_protocol::Id;
use serde::Deserialize;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/i/{token}", get(open).post(press))
        .route("/i/{token}/digits", post(type_digits))
        .route("/i/{token}/wait", get(wait))
        .route(recover::PATH, get(recover::open).post(recover::ask))
        .route("/e", get(landing::invitation))
        .route("/e/{brand}", get(landing::invitation))
        .route("/c", get(landing::request))
        .route("/.well-known/assetlinks.json", get(landing::asset_links))
        .route(
            "/.well-known/apple-app-site-association",
            get(landing::app_site_association),
        )
}

/// The page of an address, if it is one and not over.
async fn find(app: &App, token: &str) -> Result<(Id, PageRow), Trouble> {
    let token = Id::parse(token).ok_or(Problem::NotFound)?;
    let row = invitations::page(&mut *app.store.read().await?, &hidden(&token.to_string())).await?;
    let row = row.ok_or(Problem::NotFound)?;
    Ok((token, row))
}

/// The page's newest invitation, as far as this browser made it, with what time did to it.
async fn current(
    app: &App,
    visitor: &Visitor,
    page: &PageRow,
) -> Result<Option<Invitation>, Trouble> {
    let Some(cookie) = &visitor.session else {
        return Ok(None);
    };
    let found = invitations::of_page(&mut *app.store.read().await?, &page.token_hash).await?;
    let found = found.filter(|invitation| invitation.browser_hash == web::hash(cookie));
    let Some(invitation) = found else {
        return Ok(None);
    };
    if !invite::is_over(app, &invitation).await? {
        return Ok(Some(invitation));
    }
    let mut tx = app.store.write().await?;
    invite::expire(app, &mut tx, &invitation).await?;
    tx.commit().await?;
    Ok(invitations::of_page(&mut *app.store.read().await?, &page.token_hash).await?)
}

/// `GET /i/{token}`.
async fn open(State(app): State<Shared>, Path(token): Path<String>, visitor: Visitor) -> Response {
    let page = async {
        let (token, row) = find(&app, &token).await?;
        let (fresh, is_new) = web::ensure_session(&app, &visitor).await?;
        let visitor = Visitor {
            session: Some(fresh.cookie.clone()),
            ..visitor_of(&visitor)
        };
        let mut response = view(&app, &visitor, &token, &row, None).await?;
        if is_new {
            web::give_session(&mut response, &fresh.cookie);
        }
        Ok(response)
    };
    show(&app, &visitor, page.await)
}

fn visitor_of(visitor: &Visitor) -> Visitor {
    Visitor {
        lang: visitor.lang,
        session: visitor.session.clone(),
        browser: visitor.browser.clone(),
        agent: visitor.agent.clone(),
        address: visitor.address,
    }
}

/// What the page shows now.
async fn view(
    app: &App,
    visitor: &Visitor,
    token: &Id,
    row: &PageRow,
    error: Option<DigitsError>,
) -> Page {
    let invitation = current(app, visitor, row).await?;
    let here = format!("/i/{token}");
    let (wait, digits) = (format!("{here}/wait"), format!("{here}/digits"));
    let csrf = app
        .signer
        .csrf(visitor.session.as_deref().unwrap_or_default());
    let may_show = app.now() <= row.expires as u64;
    let show = Action {
        url: &here,
        csrf: &csrf,
    };
    let again = may_show.then_some(show);
    let common = site(app, visitor);
    let Some(invitation) = invitation else {
        let view = if may_show {
            View::Closed { show }
        } else {
            View::Over { again: None }
        };
        return Ok(ok(page::invitation(&common, &view)));
    };
    let (link, code);
    let view = match invitation.stage.as_str() {
        stage @ ("open" | "registered") => {
            let user = users::by_id(&mut *app.store.read().await?, &invitation.user).await?;
            let account = user.ok_or(Fault::Stored("user"))?.account;
            let until = invite::until(app, &invitation).await?;
            let step = if stage == "open" {
                link = invite::link(app, token, &invitation)?;
                code = invite::code(app, token, &invitation)?;
                let shown = app.config.file.invitation.typed_code;
                Step::Scan {
                    link: &link,
                    code: shown.then_some(code.as_str()),
                    recovery: invitation.recovery,
                }
            } else {
                Step::Digits {
                    action: Action {
                        url: &digits,
                        csrf: &csrf,
                    },
                    error,
                }
            };
            let seconds_left = until.saturating_sub(app.now()) as u32;
            let open = View::Open {
                account: &account,
                step,
                seconds_left,
                here: &here,
                wait: &wait,
            };
            return Ok(ok(page::invitation(&common, &open)));
        }
        "done" => View::Done,
        "sas" => View::Failed { again },
        "second_finisher" => View::UsedTwice { again },
        _ => View::Over { again },
    };
    Ok(ok(page::invitation(&common, &view)))
}

/// `POST /i/{token}`: makes the invitation.
async fn press(
    State(app): State<Shared>,
    Path(token): Path<String>,
    visitor: Visitor,
    Form(form): Form<ButtonForm>,
) -> Response {
    let page = async {
        let session = web::form_session(&app, &visitor, &form.csrf).await?;
        let (token, row) = find(&app, &token).await?;
        if app.now() <= row.expires as u64 {
            invite::make(&app, &token, &row, &session.token_hash).await?;
        }
        Ok(see_other(&format!("/i/{token}")))
    };
    show(&app, &visitor, page.await)
}

#[derive(Deserialize)]
struct DigitsForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    digits: String,
}

/// `POST /i/{token}/digits`: what the phone shows was typed.
async fn type_digits(
    State(app): State<Shared>,
    Path(token): Path<String>,
    visitor: Visitor,
    Form(form): Form<DigitsForm>,
) -> Response {
    let page = async {
        web::form_session(&app, &visitor, &form.csrf).await?;
        let (token, row) = find(&app, &token).await?;
        let Some(invitation) = current(&app, &visitor, &row).await? else {
            return Err(Problem::SignInOver.into());
        };
        match compare(&app, &invitation, &form.digits).await? {
            Typed::Again(error) => view(&app, &visitor, &token, &row, Some(error)).await,
            Typed::Settled => Ok(see_other(&format!("/i/{token}"))),
        }
    };
    show(&app, &visitor, page.await)
}

/// `GET /i/{token}/wait?phase=`.
async fn wait(
    State(app): State<Shared>,
    Path(token): Path<String>,
    visitor: Visitor,
    Query(query): Query<WaitQuery>,
) -> Response {
    let page: Page = async {
        let (_, row) = find(&app, &token).await?;
        let topic = Topic::Page(row.token_hash.clone());
        let mut listener = app.wake.listen(topic, web::LONGEST_WAIT);
        loop {
            let invitation = current(&app, &visitor, &row).await?;
            let phase = match invitation
                .as_ref()
                .map(|invitation| invitation.stage.as_str())
            {
                Some("open") => "scan",
                Some("registered") => "digits",
                _ => "over",
            };
            if phase != query.phase {
                return Ok(web::phase(phase));
            }
            if !listener.wait().await {
                return Ok(web::same_phase());
            }
        }
    }
    .await;
    show(&app, &visitor, page)
}

/// The pending credential of an invitation.
async fn credential_of(
    app: &App,
    invitation: &Invitation,
) -> Result<credentials::Credential, Fault> {
    let id = invitation
        .credential
        .as_deref()
        .ok_or(Fault::Stored("invitation"))?;
    let row = credentials::by_id(&mut *app.store.read().await?, id).await?;
    row.ok_or(Fault::Stored("credential"))
}

/// Tells phone and page after a commit.
fn tell(app: &App, invitation: &Invitation, row: &credentials::Credential) {
    credential::told(app, row);
    app.wake.tell(Topic::Page(invitation.page_hash.clone()));
}

//! In: SAML requests of service providers, by the browser's redirect or (unsigned) POST. Out: a login
//! of ours, signed responses, metadata. The reading and writing of SAML is countersign-saml's.
//! Never: an address taken from a request, an answer to a request that was not accepted, a second
//! assertion for one request, an audit that anybody fills.

mod answer;
mod posted;

pub(crate) use answer::{assertion, refusal};

use crate::app::{App, Shared};
use crate::error::Fault;
use crate::login;
use crate::page::Problem;
use crate::store::apps::{self, App as AppRow};
use crate::store::credentials;
use crate::store::logins::{self, Login};
use crate::store::sessions::Session;
use crate::web::{self, Fresh, Page, Trouble, Visitor, see_other, show};
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign_protocol::{Id, Origin, encoding};
use countersign_saml::response::Status;
use countersign_saml::{
    AcsUrl, Judged, LoginRequest, Received, Refusal, ServiceProvider, SpCertificate, Unmet,
    metadata, redirect,
};

/// How long a person may take to sign in, seconds.
pub(crate) const LOGIN_LIFE: u64 = 1800;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        // Not by HEAD: it would begin a login, or use a posted request up, and show nothing.
        .route(
            "/saml/sso",
            get(sso).post(posted::receive).head(login::not_allowed),
        )
        .route(
            "/saml/sso/{secret}",
            get(posted::open).head(login::not_allowed),
        )
        .route("/saml/metadata", get(metadata_file))
        .route("/saml/metadata/{slug}", get(metadata_file_of))
        .route("/saml/certificate", get(certificate_file))
}

/// Who we are to service providers. Made from the configured origin, never from a request.
pub(crate) fn entity_id(origin: &Origin) -> String {
    format!("{origin}/saml/metadata")
}

pub(crate) fn sso_url(origin: &Origin) -> String {
    format!("{origin}/saml/sso")
}

/// Our metadata for one application, which says whether it has to sign: some send no request, or sign none, if it says otherwise
/// than they are set up.
pub(crate) fn metadata_url(origin: &Origin, row: &AppRow) -> String {
    format!("{origin}/saml/metadata/{}", row.id)
}

/// For one application, or for any.
pub(crate) fn metadata_of(app: &App, row: Option<&AppRow>) -> Result<String, Fault> {
    let want_signed = row.is_some_and(|row| row.require_signed);
    Ok(metadata::idp(
        &app.idp,
        &sso_url(&app.signer.origin),
        want_signed,
    )?)
}

fn metadata_page(app: &App, row: Option<&AppRow>) -> Page {
    let headers = [
        (CONTENT_TYPE, "application/samlmetadata+xml"),
        (CONTENT_DISPOSITION, "inline; filename=metadata.xml"),
    ];
    Ok((headers, metadata_of(app, row)?).into_response())
}

async fn metadata_file(State(app): State<Shared>, visitor: Visitor) -> Response {
    show(&app, &visitor, metadata_page(&app, None))
}

async fn metadata_file_of(
    State(app): State<Shared>,
    Path(slug): Path<String>,
    visitor: Visitor,
) -> Response {
    let page = async {
        let row = apps::by_id(&mut *app.store.read().await?, &slug).await?;
        metadata_page(&app, Some(&row.ok_or(Problem::NotFound)?))
    };
    show(&app, &visitor, page.await)
}

async fn certificate_file(State(app): State<Shared>) -> Response {
    (
        [(CONTENT_TYPE, "application/x-pem-file")],
        app.idp.certificate_pem(),
    )
        .into_response()
}

/// The registration of an application as countersign-saml takes it.
pub(crate) fn provider(row: &AppRow) -> Result<ServiceProvider, Fault> {
    const STORED: Fault = Fault::Stored("application");
    let certificate = row.certificate.as_deref().map(|text| {
        let der = encoding::decode(text).ok_or(STORED)?;
        SpCertificate::from_der(&der).map_err(|_| STORED)
    });
    Ok(ServiceProvider {
        entity_id: row.entity_id.clone(),
        acs: row
            .acs
            .as_deref()
            .map(|acs| AcsUrl::new(acs).map_err(|_| STORED))
            .transpose()?,
        audience: row.audience.clone(),
        certificate: certificate.transpose()?,
        require_signed: row.require_signed,
        enabled: row.enabled,
    })
}

async fn sso(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    visitor: Visitor,
) -> Response {
    if let Some(nothing) = login::unopened(&headers) {
        return nothing;
    }
    let page = begin(&app, &visitor, query.as_deref().unwrap_or_default()).await;
    show(&app, &visitor, page)
}

async fn begin(app: &App, visitor: &Visitor, query: &str) -> Page {
    match accept(app, redirect::receive(query)).await? {
        Ok((row, request)) => enter(app, visitor, &row, &request).await,
        Err(denied) => refused(app, visitor, denied).await,
    }
}

/// An accepted request becomes a login of the browser that brings it along with its cookie.
async fn enter(app: &App, visitor: &Visitor, row: &AppRow, request: &LoginRequest) -> Page {
    let session = web::session(app, visitor).await?;
    let is_silent = request.is_passive()
        && (request.force_authn() || !answers(app, row, session.as_ref()).await?);
    // A session is made only for a login: what is refused leaves nothing behind.
    let begun = match is_silent {
        true => None,
        false => Some(web::find_or_make_session(app, visitor).await?),
    };
    let mut tx = app.store.write().await?;
    if logins::is_answered(&mut tx, &row.id, request.id()).await? {
        drop(tx);
        return refused(app, visitor, Denied::seen_before(row)).await;
    }
    let Some((fresh, is_new)) = begun else {
        drop(tx);
        return refusal(app, visitor, row, request, Status::NoPassive);
    };
    let signed_in = is_enough(row, &fresh.session) && !request.force_authn();
    let login = make_login(app, &fresh, row, request, signed_in)?;
    if is_new {
        fresh.store(&mut tx).await?;
    }
    logins::make_room(&mut tx, &login.session_hash).await?;
    logins::insert(&mut tx, &login).await?;
    app.audit_of(&mut tx, visitor, signed_in, &login.id, &login.stage)
        .await?;
    tx.commit().await?;
    app.metrics.login("begun");
    let mut response = see_other(&login::path(&login.id));
    if is_new {
        web::give_session(&mut response, &fresh.cookie);
    }
    Ok(response)
}

/// Whether who is signed in needs not be asked again: an application that takes only answers from the browser's own device
/// takes no session that came about otherwise.
fn is_enough(row: &AppRow, session: &Session) -> bool {
    session.user.is_some() && (session.same || !row.same_only)
}

/// Whether a session answers by itself: an ID that rests shows a page.
async fn answers(app: &App, row: &AppRow, session: Option<&Session>) -> Result<bool, Fault> {
    let session = session.filter(|session| is_enough(row, session));
    let Some(user) = session.and_then(|session| session.user.as_deref()) else {
        return Ok(false);
    };
    let mut db = app.store.read().await?;
    let active = credentials::of_user(&mut db, user, &["active"]).await?;
    Ok(!active.is_empty())
}

/// A request that is refused: which application (if it is one), why, and what the person sees.
struct Denied {
    subject: String,
    reason: String,
    to: To,
}

/// Where a refused request goes.
enum To {
    /// Nowhere: a page of ours says that it can't be done.
    Nobody(Problem),
    /// To its application, which asked for what we don't have.
    Asker(Box<(AppRow, Unmet)>),
}

impl Denied {
    fn new(subject: &str, refusal: Refusal) -> Self {
        let problem = match refusal {
            Refusal::NotReady => Problem::AppNotReady,
            _ => Problem::Unusable,
        };
        Self {
            subject: subject.to_owned(),
            reason: refusal.to_string(),
            to: To::Nobody(problem),
        }
    }

    /// It was answered already.
    fn seen_before(row: &AppRow) -> Self {
        Self {
            subject: row.id.clone(),
            reason: "request seen before".to_owned(),
            to: To::Nobody(Problem::SignInOver),
        }
    }

    fn unmet(row: AppRow, unmet: Unmet) -> Self {
        Self {
            subject: row.id.clone(),
            reason: unmet.refusal().to_string(),
            to: To::Asker(Box::new((row, unmet))),
        }
    }
}

/// The application that asks, and its request.
async fn accept(
    app: &App,
    received: Result<Received, Refusal>,
) -> Result<Result<(AppRow, LoginRequest), Denied>, Trouble> {
    let received = match received {
        Ok(received) => received,
        Err(refusal) => return Ok(Err(Denied::new("", refusal))),
    };
    let row = apps::by_entity_id(&mut *app.store.read().await?, received.issuer()).await?;
    let Some(row) = row else {
        let reason = "unknown issuer".to_owned();
        return Ok(Err(Denied {
            subject: String::new(),
            reason,
            to: To::Nobody(Problem::Unusable),
        }));
    };
    let url = sso_url(&app.signer.origin);
    match received.judge(&provider(&row)?, &url, app.now()) {
        Ok(Judged::Accepted(request)) => Ok(Ok((row, request))),
        Ok(Judged::Unmet(unmet)) => Ok(Err(Denied::unmet(row, unmet))),
        Err(refusal) => Ok(Err(Denied::new(&row.id, refusal))),
    }
}

/// The audit says why a request was refused, the person sees that it can't be done.
async fn refused(app: &App, visitor: &Visitor, denied: Denied) -> Page {
    app.audit_refusal(visitor, "sso", &denied.subject, &denied.reason)
        .await?;
    match denied.to {
        To::Nobody(problem) => Err(problem.into()),
        To::Asker(asker) => answer::refusal_unmet(app, visitor, &asker.0, &asker.1),
    }
}

fn make_login(
    app: &App,
    fresh: &Fresh,
    row: &AppRow,
    request: &LoginRequest,
    signed_in: bool,
) -> Result<Login, Trouble> {
    let user = fresh.session.user.clone().filter(|_| signed_in);
    Ok(Login {
        id: Id::make()?.to_string(),
        session_hash: fresh.session.token_hash.clone(),
        app: row.id.clone(),
        request_id: request.id().to_owned(),
        request: serde_json::to_string(request).map_err(|_| Fault::Stored("SAML request"))?,
        expires: (app.now() + LOGIN_LIFE) as i64,
        stage: if signed_in { "approved" } else { "new" }.to_owned(),
        account: None,
        approved: fresh.session.signed_in.filter(|_| user.is_some()),
        same: fresh.session.same && user.is_some(),
        user,
        txn: None,
        number: None,
        begun: None,
        until: None,
        seen: None,
        remote_at: None,
        return_hash: None,
        known: false,
    })
}

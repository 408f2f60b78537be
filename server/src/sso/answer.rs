//! The signed response, as a page that posts itself to the application.

use super::provider;
use crate::app::App;
use crate::error::Fault;
use crate::page::{self, PostForm, Problem, content_security_policy_for_post};
use crate::store::apps::App as AppRow;
use crate::store::users::User;
use crate::web::{self, Page, SESSION_LIFE, Trouble, Visitor, html};
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::Id;
use countersign_saml::response::{
    self, Attribute, Authn, AuthnContext, SignedResponse, Status, Subject, claims,
};
use countersign_saml::{EmitError, LoginRequest, Unmet};

/// A page that posts a signed response.
pub(crate) struct Answer {
    pub(crate) page: Response,
    /// The response's, by which its application can find it.
    pub(crate) id: String,
}

/// The assertion that `user` signed in at `instant` with the phone; or why there is none.
pub(crate) fn assertion(
    app: &App,
    visitor: &Visitor,
    row: &AppRow,
    request: &LoginRequest,
    user: &User,
    instant: u64,
) -> Result<Result<Answer, EmitError>, Trouble> {
    let now = app.now();
    let authn = Authn {
        // Not in the future, should the clock have been set back since.
        instant: instant.min(now),
        context: AuthnContext::Phone,
        session_index: format!("_{}", Id::make()?),
        session_not_on_or_after: instant + SESSION_LIFE,
    };
    let signed = response::sign(
        &app.idp,
        &provider(row)?,
        request,
        &subject(user),
        &authn,
        now,
    );
    Ok(signed.map(|signed| post(app, visitor, row, &signed)))
}

/// A signed refusal.
pub(crate) fn refusal(
    app: &App,
    visitor: &Visitor,
    row: &AppRow,
    request: &LoginRequest,
    status: Status,
) -> Page {
    let signed = response::refuse(&app.idp, &provider(row)?, request, status, app.now());
    posted(app, visitor, row, signed)
}

/// The same, to what asked for what we don't have.
pub(super) fn refusal_unmet(app: &App, visitor: &Visitor, row: &AppRow, unmet: &Unmet) -> Page {
    let signed = response::refuse_unmet(&app.idp, &provider(row)?, unmet, app.now());
    posted(app, visitor, row, signed)
}

fn posted(
    app: &App,
    visitor: &Visitor,
    row: &AppRow,
    signed: Result<SignedResponse, EmitError>,
) -> Page {
    match signed {
        Ok(signed) => Ok(post(app, visitor, row, &signed).page),
        // The application was changed while the person was at the phone.
        Err(EmitError::NotReady | EmitError::ProviderChanged) => Err(Problem::AppNotReady.into()),
        Err(other) => Err(Fault::from(other).into()),
    }
}

fn post(app: &App, visitor: &Visitor, row: &AppRow, signed: &SignedResponse) -> Answer {
    let mut fields = vec![("SAMLResponse", signed.saml_response())];
    fields.extend(signed.relay_state().map(|state| ("RelayState", state)));
    let form = PostForm {
        service: &row.name,
        acs_url: signed.acs().as_str(),
        fields: &fields,
    };
    let text = page::post_form(&web::site(app, visitor), &form);
    let policy = content_security_policy_for_post(signed.acs().as_str());
    Answer {
        page: html(StatusCode::OK, text, policy),
        id: signed.id().to_owned(),
    }
}

fn subject(user: &User) -> Subject {
    let attribute = |name: &str, value: &str| Attribute {
        name: name.to_owned(),
        values: vec![value.to_owned()],
    };
    let mut attributes = vec![
        attribute(claims::EMAIL_ADDRESS, &user.account),
        attribute(claims::NAME, &user.name),
    ];
    attributes.extend(
        user.given
            .as_deref()
            .map(|given| attribute(claims::GIVEN_NAME, given)),
    );
    attributes.extend(
        user.family
            .as_deref()
            .map(|family| attribute(claims::SURNAME, family)),
    );
    Subject {
        email: user.account.clone(),
        attributes,
    }
}

//! The signed response, as a page that posts itself to the application.

use super::provider;
use crate::app::App;
use crate::error::Fault;
use crate::page::{self, PostForm, Problem, content_security_policy_for_post};
use crate::store::apps::App as AppRow;
use crate::store::users::User;
use crate::web::{self, Page, SESSION_LIFE, Trouble, Visitor, html};
use axum::http::StatusCode;
use countersign_protocol::Id;
use countersign_saml::response::{
    self, Attribute, Authn, AuthnContext, SignedResponse, Status, Subject, claims,
};
use countersign_saml::{EmitError, LoginRequest, Unmet};

/// The assertion that `user` signed in at `instant` with the phone.
pub(crate) fn assertion(
    app: &App,
    visitor: &Visitor,
    row: &AppRow,
    request: &LoginRequest,
    user: &User,
    instant: u64,
) -> Page {
    let authn = Authn {
        instant,
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
        app.now(),
    );
    post(app, visitor, row, signed)
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
    post(app, visitor, row, signed)
}

/// The same, to what asked for what we don't have.
pub(super) fn refusal_unmet(app: &App, visitor: &Visitor, row: &AppRow, unmet: &Unmet) -> Page {
    let signed = response::refuse_unmet(&app.idp, &provider(row)?, unmet, app.now());
    post(app, visitor, row, signed)
}

fn post(
    app: &App,
    visitor: &Visitor,
    row: &AppRow,
    signed: Result<SignedResponse, EmitError>,
) -> Page {
    let signed = signed.map_err(|error| match error {
        // The application was changed while the person was at the phone.
        EmitError::NotReady | EmitError::ProviderChanged => Trouble::from(Problem::AppNotReady),
        other => Fault::from(other).into(),
    })?;
    let mut fields = vec![("SAMLResponse", signed.saml_response())];
    fields.extend(signed.relay_state().map(|state| ("RelayState", state)));
    let form = PostForm {
        service: &row.name,
        acs_url: signed.acs().as_str(),
        fields: &fields,
    };
    let text = page::post_form(&web::site(app, visitor), &form);
    Ok(html(
        StatusCode::OK,
        text,
        content_security_policy_for_post(signed.acs().as_str()),
    ))
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

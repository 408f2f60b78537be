//! The answer to an accepted login request: an assertion, or a status that says why there is none.
//!
//! The shape is the one that every service provider tried has accepted: Response and Assertion both
//! signed, the signature right after the issuer, Destination and Recipient the registered URL.

use base64ct::{Base64, Encoding};

use crate::acs::AcsUrl;
use crate::crypto;
use crate::error::EmitError;
use crate::idp::Idp;
use crate::provider::ServiceProvider;
use crate::request::{LoginRequest, Unmet};
use crate::xml::{Ns, Writer};
use crate::{names, signature, time};

/// An assertion is valid from this many seconds before it is made: clocks differ.
pub const VALID_BEFORE: u64 = 60;
/// An assertion must be used within this many seconds.
pub const VALID_AFTER: u64 = 300;

/// Attribute names that Atlassian, Microsoft and many others read.
pub mod claims {
    /// The e-mail address.
    pub const EMAIL_ADDRESS: &str =
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
    /// The given name.
    pub const GIVEN_NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname";
    /// The family name.
    pub const SURNAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname";
    /// The name to be shown.
    pub const NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
}

/// Who signed in, as the service provider shall know it.
#[derive(Clone)]
pub struct Subject {
    /// The e-mail address that names the account.
    pub email: String,
    /// More that the service provider is told.
    pub attributes: Vec<Attribute>,
}

/// One attribute of a subject. Without values it is left out.
#[derive(Clone)]
pub struct Attribute {
    /// The name, such as one of [`claims`]. A name with a colon is declared to be a URI.
    pub name: String,
    /// The values, in order.
    pub values: Vec<String>,
}

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthnContext {
    /// Confirmed on an enrolled phone.
    Phone,
}

impl AuthnContext {
    fn class(self) -> &'static str {
        match self {
            Self::Phone => names::CONTEXT_PHONE,
        }
    }
}

/// A sign-in. Times are seconds since 1970.
#[derive(Clone)]
pub struct Authn {
    /// When the person was authenticated; not in the future.
    pub instant: u64,
    /// How.
    pub context: AuthnContext,
    /// Names the session towards service providers. It must not be the session's secret.
    pub session_index: String,
    /// When the session ends; in the future.
    pub session_not_on_or_after: u64,
}

/// Why there is no assertion ([saml-core-2.0-os] 3.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The identity provider could not answer.
    Responder,
    /// `IsPassive` was asked for and there is no session.
    NoPassive,
    /// The person did not confirm in time, or not correctly.
    AuthnFailed,
    /// The person declined, or may not use this service provider.
    RequestDenied,
}

impl Status {
    fn second_level(self) -> Option<&'static str> {
        match self {
            Self::Responder => None,
            Self::NoPassive => Some(names::STATUS_NO_PASSIVE),
            Self::AuthnFailed => Some(names::STATUS_AUTHN_FAILED),
            Self::RequestDenied => Some(names::STATUS_REQUEST_DENIED),
        }
    }
}

/// A signed response, ready to be posted by the browser.
#[derive(Clone)]
pub struct SignedResponse {
    acs: AcsUrl,
    id: String,
    saml_response: String,
    relay_state: Option<String>,
}

impl SignedResponse {
    /// The form's action.
    #[must_use]
    pub fn acs(&self) -> &AcsUrl {
        &self.acs
    }

    /// The response's ID, for the audit.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The form field `SAMLResponse`: base64 ([saml-bindings-2.0-os] 3.5.4).
    #[must_use]
    pub fn saml_response(&self) -> &str {
        &self.saml_response
    }

    /// The form field `RelayState`, if the request had one. Escape it as HTML.
    #[must_use]
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }
}

impl std::fmt::Debug for SignedResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedResponse").finish_non_exhaustive()
    }
}

/// Signs the assertion that `subject` has signed in, at the time `now` (seconds since 1970).
///
/// `provider` is the registration as it is now, not as it was when the request was accepted.
///
/// # Errors
/// [`EmitError::NotReady`], [`EmitError::ProviderChanged`], [`EmitError::NoSubject`],
/// [`EmitError::Time`], [`EmitError::NotXml`], [`EmitError::Crypto`].
pub fn sign(
    idp: &Idp,
    provider: &ServiceProvider,
    request: &LoginRequest,
    subject: &Subject,
    authn: &Authn,
    now: u64,
) -> Result<SignedResponse, EmitError> {
    let acs = destination(provider, request)?;
    if subject.email.is_empty() {
        return Err(EmitError::NoSubject);
    }
    if authn.instant > now || authn.session_not_on_or_after <= now {
        return Err(EmitError::Time);
    }
    let assertion = Assertion {
        idp,
        provider,
        request,
        subject,
        authn,
        acs: acs.as_str(),
        id: crypto::make_id()?,
        issued: time::format(now)?,
        not_before: time::format(now.saturating_sub(VALID_BEFORE))?,
        not_on_or_after: time::format(now.saturating_add(VALID_AFTER))?,
        authenticated: time::format(authn.instant)?,
        session_end: time::format(authn.session_not_on_or_after)?,
    };
    let assertion = signature::sign(idp, &assertion.id, |w, sig| assertion.write(w, sig))?;
    respond(idp, acs, request, now, |w| {
        write_status(w, names::STATUS_SUCCESS, None);
        w.embed(&assertion);
    })
}

/// Signs a response that says that there is no assertion, and why. Errors as in [`sign`].
///
/// # Errors
/// [`EmitError::NotReady`], [`EmitError::ProviderChanged`], [`EmitError::Time`],
/// [`EmitError::Crypto`].
pub fn refuse(
    idp: &Idp,
    provider: &ServiceProvider,
    request: &LoginRequest,
    status: Status,
    now: u64,
) -> Result<SignedResponse, EmitError> {
    let acs = destination(provider, request)?;
    respond(idp, acs, request, now, |w| {
        write_status(w, names::STATUS_RESPONDER, status.second_level());
    })
}

/// The same for a request that asked for what this identity provider doesn't have: `InvalidNameIDPolicy`.
///
/// # Errors
/// As in [`refuse`].
pub fn refuse_unmet(
    idp: &Idp,
    provider: &ServiceProvider,
    unmet: &Unmet,
    now: u64,
) -> Result<SignedResponse, EmitError> {
    let request = unmet.request();
    let acs = destination(provider, request)?;
    respond(idp, acs, request, now, |w| {
        let why = names::STATUS_INVALID_NAME_ID_POLICY;
        write_status(w, names::STATUS_REQUESTER, Some(why));
    })
}

/// Where the response goes: the registered URL, if the request was accepted for it.
fn destination<'a>(
    provider: &'a ServiceProvider,
    request: &LoginRequest,
) -> Result<&'a AcsUrl, EmitError> {
    let acs = provider.ready().ok_or(EmitError::NotReady)?;
    let fits = provider.entity_id == request.issuer() && acs.as_str() == request.acs();
    if !fits || provider.require_signed && !request.is_signed() {
        return Err(EmitError::ProviderChanged);
    }
    Ok(acs)
}

/// A signed Response with `content` after its issuer. Response itself declares the protocol
/// namespace only, so a signed assertion, which declares its own, can be embedded as it is.
fn respond(
    idp: &Idp,
    acs: &AcsUrl,
    request: &LoginRequest,
    now: u64,
    content: impl Fn(&mut Writer),
) -> Result<SignedResponse, EmitError> {
    let id = crypto::make_id()?;
    let issued = time::format(now)?;
    let attributes = [
        ("ID", id.as_str()),
        ("Version", "2.0"),
        ("IssueInstant", &issued),
        ("Destination", acs.as_str()),
        ("InResponseTo", request.id()),
    ];
    let xml = signature::sign(idp, &id, |w, signature| {
        w.element(Ns::Protocol, "Response", &attributes, |w| {
            w.leaf(Ns::Assertion, "Issuer", &[], idp.entity_id());
            if let Some(signature) = signature {
                w.embed(signature);
            }
            content(w);
        });
    })?;
    Ok(SignedResponse {
        acs: acs.clone(),
        saml_response: Base64::encode_string(xml.as_bytes()),
        relay_state: request.relay_state().map(str::to_owned),
        id,
    })
}

fn write_status(w: &mut Writer, top: &str, second: Option<&str>) {
    w.element(Ns::Protocol, "Status", &[], |w| {
        w.element(Ns::Protocol, "StatusCode", &[("Value", top)], |w| {
            if let Some(second) = second {
                w.leaf(Ns::Protocol, "StatusCode", &[("Value", second)], "");
            }
        });
    });
}

/// Everything an assertion says ([saml-core-2.0-os] 2.3.3, [saml-profiles-2.0-os] 4.1.4.2).
struct Assertion<'a> {
    idp: &'a Idp,
    provider: &'a ServiceProvider,
    request: &'a LoginRequest,
    subject: &'a Subject,
    authn: &'a Authn,
    acs: &'a str,
    id: String,
    issued: String,
    not_before: String,
    not_on_or_after: String,
    authenticated: String,
    session_end: String,
}

impl Assertion<'_> {
    fn write(&self, w: &mut Writer, signature: Option<&str>) {
        let attributes = [
            ("ID", self.id.as_str()),
            ("Version", "2.0"),
            ("IssueInstant", &self.issued),
        ];
        w.element(Ns::Assertion, "Assertion", &attributes, |w| {
            w.leaf(Ns::Assertion, "Issuer", &[], self.idp.entity_id());
            if let Some(signature) = signature {
                w.embed(signature);
            }
            self.write_subject(w);
            self.write_conditions(w);
            self.write_authn(w);
            self.write_attributes(w);
        });
    }

    fn write_subject(&self, w: &mut Writer) {
        let format = [("Format", names::NAME_ID_EMAIL)];
        let data = [
            ("InResponseTo", self.request.id()),
            ("NotOnOrAfter", &self.not_on_or_after),
            ("Recipient", self.acs),
        ];
        w.element(Ns::Assertion, "Subject", &[], |w| {
            w.leaf(Ns::Assertion, "NameID", &format, &self.subject.email);
            let method = [("Method", names::CONFIRMATION_BEARER)];
            w.element(Ns::Assertion, "SubjectConfirmation", &method, |w| {
                w.leaf(Ns::Assertion, "SubjectConfirmationData", &data, "");
            });
        });
    }

    fn write_conditions(&self, w: &mut Writer) {
        let window = [
            ("NotBefore", self.not_before.as_str()),
            ("NotOnOrAfter", &self.not_on_or_after),
        ];
        w.element(Ns::Assertion, "Conditions", &window, |w| {
            w.element(Ns::Assertion, "AudienceRestriction", &[], |w| {
                w.leaf(Ns::Assertion, "Audience", &[], &self.provider.audience);
            });
        });
    }

    fn write_authn(&self, w: &mut Writer) {
        let attributes = [
            ("AuthnInstant", self.authenticated.as_str()),
            ("SessionIndex", &self.authn.session_index),
            ("SessionNotOnOrAfter", &self.session_end),
        ];
        w.element(Ns::Assertion, "AuthnStatement", &attributes, |w| {
            w.element(Ns::Assertion, "AuthnContext", &[], |w| {
                let class = self.authn.context.class();
                w.leaf(Ns::Assertion, "AuthnContextClassRef", &[], class);
            });
        });
    }

    fn write_attributes(&self, w: &mut Writer) {
        let all = &self.subject.attributes;
        let told: Vec<_> = all
            .iter()
            .filter(|attribute| !attribute.values.is_empty())
            .collect();
        if told.is_empty() {
            return;
        }
        w.element(Ns::Assertion, "AttributeStatement", &[], |w| {
            for attribute in told {
                let format = if attribute.name.contains(':') {
                    names::ATTRIBUTE_URI
                } else {
                    names::ATTRIBUTE_UNSPECIFIED
                };
                let attributes = [("Name", attribute.name.as_str()), ("NameFormat", format)];
                w.element(Ns::Assertion, "Attribute", &attributes, |w| {
                    for value in &attribute.values {
                        w.leaf(Ns::Assertion, "AttributeValue", &[], value);
                    }
                });
            }
        });
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;

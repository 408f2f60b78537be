//! A login request: received, then accepted for one service provider, or refused.

use roxmltree::Node;
use serde::{Deserialize, Serialize};

use crate::crypto::{self, SignatureAlgorithm};
use crate::error::Refusal;
use crate::idp::MAX_ENTITY_ID;
use crate::provider::ServiceProvider;
use crate::xml::{self, Ns};
use crate::{names, time};

/// How far `IssueInstant` may lie from our clock, in seconds, either way.
pub const CLOCK_SKEW: u64 = 300;

const MAX_ID: usize = 128;

/// The signature parameters of a redirect URL.
pub(crate) struct QuerySignature {
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) value: Vec<u8>,
    /// The octets that were signed.
    pub(crate) signed: String,
}

/// How a message shows where it comes from.
pub(crate) enum Proof {
    /// Not at all.
    None,
    /// By the parameters of a redirect URL.
    Query(QuerySignature),
    /// By something that came with a posted message, an XML signature anywhere in it or parameters
    /// beside it. It is not even looked at, so what it covers is no question.
    Posted,
}

/// What an `AuthnRequest` says ([saml-core-2.0-os] 3.4.1), read and not judged.
///
/// What is not read has no effect: `Extensions`, `Conditions`, `Scoping`, and
/// `RequestedAuthnContext`, since the response reports the true context whatever was asked for.
/// Of a `Signature` with its `KeyInfo` inside the XML nothing but its presence is read.
pub(crate) struct Message {
    issuer: String,
    id: Option<String>,
    version: Option<String>,
    issue_instant: Option<String>,
    destination: Option<String>,
    acs_url: Option<String>,
    acs_index: Option<String>,
    binding: Option<String>,
    name_id_format: Option<String>,
    has_subject: bool,
    force_authn: bool,
    is_passive: bool,
    has_signature: bool,
}

impl Message {
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        let document = xml::parse(text)?;
        let root = document.root_element();
        if !root.has_tag_name((Ns::Protocol.uri(), "AuthnRequest")) {
            return Err(Refusal::NotAuthnRequest);
        }
        let attribute = |name| root.attribute(name).map(str::to_owned);
        let flag = |name| match root.attribute(name) {
            None => Ok(false),
            Some(text) => xml::boolean(text).ok_or(Refusal::Invalid(name)),
        };
        let policy = xml::unique_child(root, Ns::Protocol.uri(), "NameIDPolicy")?;
        let subject = xml::unique_child(root, Ns::Assertion.uri(), "Subject")?;
        Ok(Self {
            issuer: read_issuer(root)?,
            id: attribute("ID"),
            version: attribute("Version"),
            issue_instant: attribute("IssueInstant"),
            destination: attribute("Destination"),
            acs_url: attribute("AssertionConsumerServiceURL"),
            acs_index: attribute("AssertionConsumerServiceIndex"),
            binding: attribute("ProtocolBinding"),
            name_id_format: policy
                .and_then(|node| node.attribute("Format"))
                .map(str::to_owned),
            has_subject: subject.is_some(),
            force_authn: flag("ForceAuthn")?,
            is_passive: flag("IsPassive")?,
            has_signature: document
                .descendants()
                .any(|node| node.has_tag_name((Ns::Signature.uri(), "Signature"))),
        })
    }

    /// Whether an XML signature stands anywhere in the message.
    pub(crate) fn has_signature(&self) -> bool {
        self.has_signature
    }
}

fn read_issuer(root: Node<'_, '_>) -> Result<String, Refusal> {
    let invalid = Refusal::Invalid("Issuer");
    let issuer = xml::unique_child(root, Ns::Assertion.uri(), "Issuer")?.ok_or(invalid)?;
    if issuer
        .attribute("Format")
        .is_some_and(|format| format != names::NAME_ID_ENTITY)
    {
        return Err(invalid);
    }
    let text = xml::text_of(issuer)
        .ok_or(invalid)?
        .trim_matches([' ', '\t', '\r', '\n']);
    if text.is_empty() || text.chars().count() > MAX_ENTITY_ID {
        return Err(invalid);
    }
    Ok(text.to_owned())
}

/// A message that anybody may have sent. Only its issuer can be read, to find the registration.
pub struct Received {
    message: Message,
    relay_state: Option<String>,
    proof: Proof,
}

impl Received {
    pub(crate) fn new(message: Message, relay_state: Option<String>, proof: Proof) -> Self {
        Self {
            message,
            relay_state,
            proof,
        }
    }

    /// The entity ID of the service provider that the message says it comes from.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.message.issuer
    }

    /// Judges the message as one of `provider`'s, received at `sso_url` at the time `now` (seconds
    /// since 1970).
    ///
    /// A redirect's signature is always verified when the provider has a certificate. Without one,
    /// where none is required, a signed request counts as unsigned: whoever could forge the
    /// signature could as well leave it away, and nothing in the request is trusted with more than
    /// the choice among what is registered. A signed request that was posted is always refused.
    ///
    /// # Errors
    /// The [`Refusal`] of the first thing found wrong. The caller must still see to it that an ID
    /// of one issuer is used up once only.
    pub fn accept(
        self,
        provider: &ServiceProvider,
        sso_url: &str,
        now: u64,
    ) -> Result<LoginRequest, Refusal> {
        match self.judge(provider, sso_url, now)? {
            Judged::Accepted(request) => Ok(request),
            Judged::Unmet(unmet) => Err(unmet.refusal()),
        }
    }

    /// The same, for who also tells the provider what it asked for in vain: its request, where that is one of its
    /// own in everything else.
    ///
    /// # Errors
    /// As [`Received::accept`], but for what [`Unmet`] is for.
    pub fn judge(
        self,
        provider: &ServiceProvider,
        sso_url: &str,
        now: u64,
    ) -> Result<Judged, Refusal> {
        if provider.entity_id != self.message.issuer {
            return Err(Refusal::OtherProvider);
        }
        let acs = provider.ready().ok_or(Refusal::NotReady)?.as_str();
        let signed = self.verify(provider)?;
        let message = self.message;
        if message.version.as_deref() != Some("2.0") {
            return Err(Refusal::Version);
        }
        check_destination(message.destination.as_deref(), sso_url, signed)?;
        check_instant(message.issue_instant.as_deref(), now)?;
        let id = message.id.ok_or(Refusal::Invalid("ID"))?;
        if id.chars().count() > MAX_ID || !xml::is_ncname(&id) {
            return Err(Refusal::Invalid("ID"));
        }
        check_acs(
            message.acs_url.as_deref(),
            message.acs_index.as_deref(),
            acs,
        )?;
        if message
            .binding
            .is_some_and(|binding| binding != names::BINDING_POST)
        {
            return Err(Refusal::Binding);
        }
        if message.has_subject {
            return Err(Refusal::Subject);
        }
        let is_met = matches!(
            message.name_id_format.as_deref(),
            None | Some(names::NAME_ID_EMAIL | names::NAME_ID_UNSPECIFIED)
        );
        let request = LoginRequest {
            id,
            issuer: message.issuer,
            acs: acs.to_owned(),
            relay_state: self.relay_state,
            force_authn: message.force_authn,
            is_passive: message.is_passive,
            signed,
        };
        Ok(match is_met {
            true => Judged::Accepted(request),
            false => Judged::Unmet(Unmet(request)),
        })
    }

    /// Whether a signature was verified. An error: one is wrong, or missing and required.
    fn verify(&self, provider: &ServiceProvider) -> Result<bool, Refusal> {
        match (&self.proof, &provider.certificate) {
            (Proof::Posted, _) => Err(Refusal::SignedPost),
            (Proof::Query(signature), Some(certificate)) => crypto::verify(
                signature.algorithm,
                certificate.public_key(),
                signature.signed.as_bytes(),
                &signature.value,
            )
            .map(|()| true)
            .map_err(|_| Refusal::Signature),
            _ if provider.require_signed => Err(Refusal::Unsigned),
            _ => Ok(false),
        }
    }
}

impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Received").finish_non_exhaustive()
    }
}

/// A signed message must say where it goes ([saml-bindings-2.0-os] 3.4.5.2).
fn check_destination(given: Option<&str>, sso_url: &str, signed: bool) -> Result<(), Refusal> {
    match given {
        Some(url) if url == sso_url => Ok(()),
        None if !signed => Ok(()),
        _ => Err(Refusal::Destination),
    }
}

fn check_instant(given: Option<&str>, now: u64) -> Result<(), Refusal> {
    let instant = given
        .and_then(time::parse)
        .ok_or(Refusal::Invalid("IssueInstant"))?;
    if now.saturating_sub(instant) > CLOCK_SKEW {
        return Err(Refusal::Stale);
    }
    if instant.saturating_sub(now) > CLOCK_SKEW {
        return Err(Refusal::Future);
    }
    Ok(())
}

/// The request may only name the registered URL, octet by octet, or the index of the first and
/// only one, and not both (the two exclude each other).
fn check_acs(url: Option<&str>, index: Option<&str>, registered: &str) -> Result<(), Refusal> {
    match (url, index) {
        (None, None | Some("0")) => Ok(()),
        (Some(url), None) if url == registered => Ok(()),
        _ => Err(Refusal::Acs),
    }
}

/// What comes of a request that is its provider's own.
#[derive(Debug)]
pub enum Judged {
    /// Somebody may sign in by it.
    Accepted(LoginRequest),
    /// Nobody can.
    Unmet(Unmet),
}

/// A request that asks for a name identifier of a format that this identity provider doesn't have. Nobody is signed in by it;
/// the provider is told so, at the registered URL ([saml-core-2.0-os] 3.4.1.1).
#[derive(Debug)]
pub struct Unmet(LoginRequest);

impl Unmet {
    /// Why it is refused.
    #[must_use]
    pub const fn refusal(&self) -> Refusal {
        Refusal::NameIdPolicy
    }

    pub(crate) const fn request(&self) -> &LoginRequest {
        &self.0
    }
}

/// A login request that was accepted: what a login needs to know of it.
///
/// It serialises so that a server can keep it in its own store while a person answers. What is
/// read back counts as accepted, so nothing but that store may be read from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    id: String,
    issuer: String,
    acs: String,
    relay_state: Option<String>,
    force_authn: bool,
    is_passive: bool,
    signed: bool,
}

impl LoginRequest {
    /// The request's ID, an NCName of at most 128 characters. With the issuer it is used up once.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The service provider's entity ID.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The registered consumer URL at the time of acceptance.
    pub(crate) fn acs(&self) -> &str {
        &self.acs
    }

    /// To be given back exactly and never followed. It has no control characters, and may have any
    /// others, HTML included.
    #[must_use]
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }

    /// The person must be asked anew in spite of a session.
    #[must_use]
    pub fn force_authn(&self) -> bool {
        self.force_authn
    }

    /// The person must not be shown anything; without a session the answer is `NoPassive`.
    #[must_use]
    pub fn is_passive(&self) -> bool {
        self.is_passive
    }

    /// A signature was verified with the registered certificate.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.signed
    }
}

impl std::fmt::Debug for LoginRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginRequest").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;

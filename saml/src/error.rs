//! Why a request was refused and why a response could not be made. No text here carries user data.

use thiserror::Error;

use crate::crypto::CryptoFailed;

/// Why a login request was refused. The browser is shown a page and sent nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is no `SAMLRequest` parameter.
    #[error("there is no SAMLRequest")]
    MissingRequest,
    /// The named parameter occurs twice.
    #[error("the parameter {0} occurs more than once")]
    Duplicate(&'static str),
    /// `SAMLRequest` and `SAMLResponse` together.
    #[error("there are a request and a response")]
    RequestAndResponse,
    /// A size limit was passed; the text names what was too large. HTTP 413.
    #[error("too large: {0}")]
    TooLarge(&'static str),
    /// The named parameter is not correctly percent-encoded, base64 or UTF-8.
    #[error("the parameter {0} is not correctly encoded")]
    Encoding(&'static str),
    /// Not one complete raw DEFLATE stream (RFC 1951): broken, zlib-wrapped or with trailing bytes.
    #[error("the request is not one raw deflate stream")]
    Deflate,
    /// The XML declares a document type; seen and refused before parsing.
    #[error("the request holds a document type declaration")]
    Doctype,
    /// Not well-formed XML with namespaces.
    #[error("the request is not well-formed XML")]
    Xml,
    /// The document is something other than a SAML 2.0 `AuthnRequest`.
    #[error("the message is not an AuthnRequest")]
    NotAuthnRequest,
    /// The named element or attribute is missing, repeated or has a value it cannot have.
    #[error("the request has a missing or invalid {0}")]
    Invalid(&'static str),
    /// `accept` was given another service provider than the issuer.
    #[error("the request was issued by another service provider")]
    OtherProvider,
    /// The service provider is disabled, or its registration is not complete.
    #[error("the service provider is not ready")]
    NotReady,
    /// The service provider must sign its requests, and this one is not signed.
    #[error("the request is not signed")]
    Unsigned,
    /// A request that was posted is signed, which is not supported: only redirects may be signed.
    #[error("a signed request by HTTP-POST is not supported")]
    SignedPost,
    /// `SigAlg` is not RSA with SHA-256, SHA-384 or SHA-512.
    #[error("the signature algorithm is not allowed")]
    SignatureAlgorithm,
    /// The signature does not verify with the registered certificate.
    #[error("the signature is wrong")]
    Signature,
    /// `Version` is not "2.0".
    #[error("the SAML version is not 2.0")]
    Version,
    /// `Destination` is not our single sign-on URL, or is absent from a signed request.
    #[error("the request is addressed to another destination")]
    Destination,
    /// `IssueInstant` is more than [`crate::CLOCK_SKEW`] in the past.
    #[error("the request is too old")]
    Stale,
    /// `IssueInstant` is more than [`crate::CLOCK_SKEW`] in the future.
    #[error("the request comes from the future")]
    Future,
    /// The request asks for an assertion consumer service that is not the registered one.
    #[error("the assertion consumer service is not the registered one")]
    Acs,
    /// The request asks for another response binding than HTTP-POST.
    #[error("the response binding is not HTTP-POST")]
    Binding,
    /// The request asks for a name identifier other than an e-mail address. The provider may be told: [`crate::Unmet`].
    #[error("the name identifier format is not supported")]
    NameIdPolicy,
    /// The request names the subject it wants, which this identity provider does not do.
    #[error("a request for a named subject is not supported")]
    Subject,
}

/// Why no response or metadata could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EmitError {
    /// The service provider is disabled, or its registration is not complete (any more).
    #[error("the service provider is not ready")]
    NotReady,
    /// The request was accepted for another service provider, for another consumer URL than
    /// the one registered now, or unsigned where it must be signed now. The user must start again at the service provider.
    #[error("the service provider is not the one the request was accepted for")]
    ProviderChanged,
    /// A text holds a character that XML 1.0 cannot carry (section 2.2, `Char`).
    #[error("a text holds a character that XML cannot carry")]
    NotXml,
    /// The subject has no name identifier.
    #[error("the subject has no name identifier")]
    NoSubject,
    /// A time is out of range: the sign-in lies in the future, the session has ended, or the year
    /// has five digits.
    #[error("a time is out of range")]
    Time,
    /// The crypto provider failed.
    #[error("the crypto provider failed")]
    Crypto,
}

impl From<CryptoFailed> for EmitError {
    fn from(_: CryptoFailed) -> Self {
        Self::Crypto
    }
}

//! The fixed identifiers of SAML 2.0 and XML Signature that this crate reads or writes.

/// `ProtocolBinding` of HTTP-POST ([saml-bindings-2.0-os] 3.5).
pub(crate) const BINDING_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
/// Binding of HTTP-Redirect ([saml-bindings-2.0-os] 3.4).
pub(crate) const BINDING_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
/// The one `SAMLEncoding` of the redirect binding, and its default (3.4.4.1).
pub(crate) const ENCODING_DEFLATE: &str =
    "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// Name identifier is an e-mail address ([saml-core-2.0-os] 8.3.2).
pub(crate) const NAME_ID_EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
/// Name identifier left to the identity provider (8.3.1).
pub(crate) const NAME_ID_UNSPECIFIED: &str =
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
/// Name identifier of a system entity, the only one an `Issuer` may have (8.3.6).
pub(crate) const NAME_ID_ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

/// Attribute names that are URIs (8.2.2).
pub(crate) const ATTRIBUTE_URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
/// Attribute names of any shape (8.2.1).
pub(crate) const ATTRIBUTE_UNSPECIFIED: &str =
    "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";

/// Bearer confirmation ([saml-profiles-2.0-os] 3.3).
pub(crate) const CONFIRMATION_BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// `protocolSupportEnumeration` of SAML 2.0, which is also the protocol namespace.
pub(crate) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// Top-level status: it worked ([saml-core-2.0-os] 3.2.2.2).
pub(crate) const STATUS_SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// Top-level status: the requester asked for what can't be done.
pub(crate) const STATUS_REQUESTER: &str = "urn:oasis:names:tc:SAML:2.0:status:Requester";
/// Top-level status: the responder could not or would not.
pub(crate) const STATUS_RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
/// Second level: the person could not be authenticated.
pub(crate) const STATUS_AUTHN_FAILED: &str = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed";
/// Second level: the name identifier that was asked for can't be given.
pub(crate) const STATUS_INVALID_NAME_ID_POLICY: &str =
    "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy";
/// Second level: not possible without showing something.
pub(crate) const STATUS_NO_PASSIVE: &str = "urn:oasis:names:tc:SAML:2.0:status:NoPassive";
/// Second level: understood and not done.
pub(crate) const STATUS_REQUEST_DENIED: &str = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied";

/// Two factors of which one is a mobile device ([saml-authn-context-2.0-os] 3.4.8).
pub(crate) const CONTEXT_PHONE: &str =
    "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract";

/// RSA PKCS#1 v1.5 with SHA-256 (RFC 9231, 2.3.2).
pub(crate) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
/// RSA PKCS#1 v1.5 with SHA-384 (RFC 9231, 2.3.3).
pub(crate) const RSA_SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384";
/// RSA PKCS#1 v1.5 with SHA-512 (RFC 9231, 2.3.4).
pub(crate) const RSA_SHA512: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";
/// Digest SHA-256 (XML Encryption 1.1, 5.8.3).
pub(crate) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
/// Exclusive canonical XML 1.0, without comments.
pub(crate) const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The signature lies inside what it signs (XML Signature, 6.6.4).
pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

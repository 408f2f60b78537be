//! The identity provider itself: its name and its signing key.

use base64ct::{Base64, Encoding};
use thiserror::Error;

use crate::certificate::SpCertificate;
use crate::crypto::SigningKey;
use crate::{pem, xml};

/// An entity ID has at most this many characters ([saml-core-2.0-os] 8.3.6).
pub(crate) const MAX_ENTITY_ID: usize = 1024;

/// Why an identity provider cannot be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdpError {
    /// The entity ID is empty, longer than 1024 characters, has control characters, or has spaces
    /// that a reader would collapse (at an end, or two together).
    #[error("the entity ID is empty, too long or has spaces or characters it cannot have")]
    EntityId,
    /// Not an unencrypted PKCS#8 RSA key of 2048 to 8192 bits.
    #[error("the private key is not a PKCS#8 RSA key of 2048 to 8192 bits")]
    Key,
    /// Not an X.509 certificate with an RSA key.
    #[error("the certificate cannot be read")]
    Certificate,
    /// The certificate is for another key.
    #[error("the certificate does not belong to the private key")]
    Mismatch,
}

/// An identity provider that can sign. Holds the private key and shows it to nobody.
pub struct Idp {
    entity_id: String,
    key: SigningKey,
    certificate: Vec<u8>,
}

impl Idp {
    /// `private_key` is PKCS#8 (RFC 5958), DER or PEM; `certificate` is X.509 in DER. The caller
    /// wipes its own copy of the key.
    ///
    /// # Errors
    /// Any [`IdpError`].
    pub fn new(entity_id: &str, private_key: &[u8], certificate: &[u8]) -> Result<Self, IdpError> {
        if !is_entity_id(entity_id) {
            return Err(IdpError::EntityId);
        }
        let key = read_key(private_key).ok_or(IdpError::Key)?;
        let read = SpCertificate::from_der(certificate).map_err(|_| IdpError::Certificate)?;
        if read.public_key() != key.public_key() {
            return Err(IdpError::Mismatch);
        }
        Ok(Self {
            entity_id: entity_id.to_owned(),
            key,
            certificate: certificate.to_vec(),
        })
    }

    /// The entity ID.
    #[must_use]
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// The certificate in DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The certificate in PEM, to be pasted at service providers.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        pem::write("CERTIFICATE", &self.certificate)
    }

    /// The certificate as `ds:X509Certificate` holds it: base64 in one line, since some service
    /// providers refuse line breaks.
    pub(crate) fn certificate_base64(&self) -> String {
        Base64::encode_string(&self.certificate)
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }
}

impl std::fmt::Debug for Idp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Idp").finish_non_exhaustive()
    }
}

fn read_key(bytes: &[u8]) -> Option<SigningKey> {
    if !bytes.starts_with(b"-----") {
        return SigningKey::from_pkcs8(bytes).ok();
    }
    let sections = pem::sections(std::str::from_utf8(bytes).ok()?)?;
    match sections.as_slice() {
        [key] if key.label == "PRIVATE KEY" => SigningKey::from_pkcs8(&key.decode()?).ok(),
        _ => None,
    }
}

/// Whether a text can be an entity ID or an audience: 1 to 1024 characters that XML can carry, without control characters.
///
/// Spaces are allowed, but only where `xs:anyURI`, which collapses them, leaves them alone: the
/// metadata and the `Issuer` must say the same.
#[must_use]
pub fn is_entity_id(text: &str) -> bool {
    let words = text.split(' ').all(|word| !word.is_empty());
    let allowed = |c: char| xml::is_char(c) && !c.is_control();
    words && text.chars().count() <= MAX_ENTITY_ID && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{self, pair_a, pair_b};

    #[test]
    fn key_and_certificate_belong_together() {
        let (a, b) = (pair_a(), pair_b());
        assert!(Idp::new("x", &a.pkcs8, &a.certificate).is_ok());
        let pem = pem::write("PRIVATE KEY", &a.pkcs8);
        assert!(Idp::new("x", pem.as_bytes(), &a.certificate).is_ok());
        let new = |key: &[u8], certificate: &[u8]| Idp::new("x", key, certificate).unwrap_err();
        assert_eq!(new(&a.pkcs8, &b.certificate), IdpError::Mismatch);
        assert_eq!(new(&a.pkcs8[1..], &a.certificate), IdpError::Key);
        assert_eq!(new(&a.pkcs8, &a.certificate[1..]), IdpError::Certificate);
        let twice = pem.clone() + &pem;
        assert_eq!(new(twice.as_bytes(), &a.certificate), IdpError::Key);
        let wrong = pem.replace("PRIVATE KEY", "RSA PRIVATE KEY");
        assert_eq!(new(wrong.as_bytes(), &a.certificate), IdpError::Key);
    }

    #[test]
    fn an_entity_id_may_have_single_spaces_only() {
        let pair = pair_a();
        let new = |id: &str| Idp::new(id, &pair.pkcs8, &pair.certificate).map(|_| ());
        assert_eq!(new("Example Passport IdP"), Ok(()));
        assert_eq!(new("https://id.example/?a=<b>&\"c\""), Ok(()));
        let long = "a".repeat(1025);
        for id in [
            "", " a", "a ", "a  b", "a\nb", "a\tb", "a\u{0}", "a\u{85}", &long,
        ] {
            assert_eq!(new(id), Err(IdpError::EntityId), "{id:?}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", testkit::idp()), "Idp { .. }");
    }
}

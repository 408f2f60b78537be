//! The certificate by which a service provider's signatures are checked.

use thiserror::Error;
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{self, Decode, Reader, SliceReader};

use crate::pem;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const MAX_PEM: usize = 32 * 1024;

/// Why a certificate cannot be registered, each reason one that an administrator can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// The file holds a private key, which belongs nowhere but at its owner's.
    #[error("the file holds a private key; upload the certificate only")]
    PrivateKey,
    /// More than one certificate: which one signs would be a guess.
    #[error("the file holds several certificates; upload the signing certificate only")]
    Several,
    /// No PEM certificate found.
    #[error("the file holds no PEM certificate")]
    Missing,
    /// The certificate cannot be read, or the file is too large for one.
    #[error("the certificate cannot be read")]
    Malformed,
    /// The certificate's validity has ended.
    #[error("the certificate has expired")]
    Expired,
    /// The key is not an RSA key.
    #[error("the certificate's key is not an RSA key")]
    NotRsa,
    /// The RSA modulus is shorter than 2048 or longer than 8192 bits.
    #[error("the certificate's RSA key has {bits} bits; 2048 to 8192 are accepted")]
    KeySize {
        /// Length of the modulus in bits.
        bits: usize,
    },
}

/// A service provider's certificate with an RSA key that may verify requests.
///
/// Trust comes from the registration, not from the issuer of the certificate; nothing but the key
/// is used.
#[derive(Clone, PartialEq, Eq)]
pub struct SpCertificate {
    der: Vec<u8>,
    public_key: Vec<u8>,
    not_after: u64,
}

impl SpCertificate {
    /// Reads an uploaded PEM file at the time `now` (seconds since 1970).
    ///
    /// # Errors
    /// Any [`CertificateError`].
    pub fn from_pem(text: &str, now: u64) -> Result<Self, CertificateError> {
        // Looked for first and by name only, so that a damaged key is still called a key.
        if text.contains("PRIVATE KEY-----") {
            return Err(CertificateError::PrivateKey);
        }
        if text.len() > MAX_PEM {
            return Err(CertificateError::Malformed);
        }
        let sections = pem::sections(text).ok_or(CertificateError::Malformed)?;
        let mut certificates = sections.iter().filter(|s| s.label == "CERTIFICATE");
        let section = certificates.next().ok_or(CertificateError::Missing)?;
        if certificates.next().is_some() {
            return Err(CertificateError::Several);
        }
        let der = section.decode().ok_or(CertificateError::Malformed)?;
        let certificate = Self::from_der(&der)?;
        if certificate.not_after < now {
            return Err(CertificateError::Expired);
        }
        Ok(certificate)
    }

    /// Reads back what [`Self::der`] gave, for a store. The expiry is not looked at: it was at the
    /// upload, and a registered key stays registered until an administrator takes it away.
    ///
    /// # Errors
    /// [`CertificateError::Malformed`], [`CertificateError::NotRsa`], [`CertificateError::KeySize`].
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let certificate = Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        let tbs = certificate.tbs_certificate();
        let spki = tbs.subject_public_key_info();
        if spki.algorithm.oid != RSA_ENCRYPTION {
            return Err(CertificateError::NotRsa);
        }
        let public_key = spki
            .subject_public_key
            .as_bytes()
            .ok_or(CertificateError::Malformed)?;
        let bits = modulus_bits(public_key).map_err(|_| CertificateError::Malformed)?;
        if !(2048..=8192).contains(&bits) {
            return Err(CertificateError::KeySize { bits });
        }
        Ok(Self {
            der: der.to_vec(),
            public_key: public_key.to_vec(),
            not_after: tbs.validity().not_after.to_unix_duration().as_secs(),
        })
    }

    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The last second of validity, since 1970.
    #[must_use]
    pub fn not_after(&self) -> u64 {
        self.not_after
    }

    /// The RSAPublicKey in DER (RFC 8017, A.1.1).
    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }
}

impl std::fmt::Debug for SpCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpCertificate").finish_non_exhaustive()
    }
}

/// Length of the modulus of an RSAPublicKey.
fn modulus_bits(public_key: &[u8]) -> der::Result<usize> {
    let mut reader = SliceReader::new(public_key)?;
    let bits = reader.sequence(|body| {
        let modulus = UintRef::decode(body)?;
        UintRef::decode(body)?;
        let bytes = modulus.as_bytes();
        let zeros = bytes.first().map_or(0, |first| first.leading_zeros());
        Ok::<_, der::Error>(bytes.len() * 8 - zeros as usize)
    })?;
    reader.finish()?;
    Ok(bits)
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;

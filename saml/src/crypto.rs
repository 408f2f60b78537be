//! The only module of this crate that names its crypto provider, aws-lc-rs.

use aws_lc_rs::digest;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{
    self, KeyPair, RsaEncoding, RsaKeyPair, RsaParameters, UnparsedPublicKey,
};

use crate::names;

/// The one failure of this module: it says nothing about what failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CryptoFailed;

/// The signature algorithms that a service provider may use. SHA-1 and HMAC are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    RsaSha256,
    RsaSha384,
    RsaSha512,
}

impl SignatureAlgorithm {
    /// By its identifier, compared octet by octet.
    pub(crate) fn by_uri(uri: &str) -> Option<Self> {
        match uri {
            names::RSA_SHA256 => Some(Self::RsaSha256),
            names::RSA_SHA384 => Some(Self::RsaSha384),
            names::RSA_SHA512 => Some(Self::RsaSha512),
            _ => None,
        }
    }

    // The limits of 2048 and 8192 bits are part of the algorithm, so a weak key never verifies.
    fn parameters(self) -> &'static RsaParameters {
        match self {
            Self::RsaSha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::RsaSha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::RsaSha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        }
    }
}

/// Checks an RSA PKCS#1 v1.5 signature. `public_key` is an RSAPublicKey in DER (RFC 8017, A.1.1).
pub(crate) fn verify(
    algorithm: SignatureAlgorithm,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), CryptoFailed> {
    UnparsedPublicKey::new(algorithm.parameters(), public_key)
        .verify(message, signature)
        .map_err(|_| CryptoFailed)
}

/// An RSA key that signs; the provider keeps it, and it never leaves.
pub(crate) struct SigningKey(RsaKeyPair);

impl SigningKey {
    /// Reads an unencrypted PKCS#8 key in DER (RFC 5958) of 2048 to 8192 bits.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoFailed> {
        let key = RsaKeyPair::from_pkcs8(der).map_err(|_| CryptoFailed)?;
        if !(256..=1024).contains(&key.public_modulus_len()) {
            return Err(CryptoFailed);
        }
        Ok(Self(key))
    }

    /// The public half as an RSAPublicKey in DER (RFC 8017, A.1.1).
    pub(crate) fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// Signs with RSA PKCS#1 v1.5 and SHA-256.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoFailed> {
        self.sign_as(&signature::RSA_PKCS1_SHA256, message)
    }

    fn sign_as(
        &self,
        encoding: &'static dyn RsaEncoding,
        message: &[u8],
    ) -> Result<Vec<u8>, CryptoFailed> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(encoding, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| CryptoFailed)?;
        Ok(signature)
    }

    /// Signs as a service provider would, with any of the algorithms that are verified.
    #[cfg(test)]
    pub(crate) fn sign_with(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Vec<u8> {
        let encoding: &'static dyn RsaEncoding = match algorithm {
            SignatureAlgorithm::RsaSha256 => &signature::RSA_PKCS1_SHA256,
            SignatureAlgorithm::RsaSha384 => &signature::RSA_PKCS1_SHA384,
            SignatureAlgorithm::RsaSha512 => &signature::RSA_PKCS1_SHA512,
        };
        self.sign_as(encoding, message).unwrap()
    }
}

/// SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// A new message identifier: `_` and 160 random bits in hexadecimal, an NCName that nobody can
/// guess ([saml-core-2.0-os] 1.3.4).
pub(crate) fn make_id() -> Result<String, CryptoFailed> {
    let mut bytes = [0u8; 20];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| CryptoFailed)?;
    let digits = b"0123456789abcdef";
    let mut id = String::from("_");
    for byte in bytes {
        id.push(char::from(digits[usize::from(byte >> 4)]));
        id.push(char::from(digits[usize::from(byte & 15)]));
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit;

    #[test]
    fn a_signature_verifies_only_with_its_algorithm_key_and_message() {
        let key = testkit::pair_a().signing_key();
        let other = testkit::pair_b().signing_key();
        let good = key.sign(b"message").unwrap();
        let check = |algorithm, key: &SigningKey, message: &[u8], signature: &[u8]| {
            verify(algorithm, key.public_key(), message, signature)
        };
        use SignatureAlgorithm::{RsaSha256, RsaSha512};
        assert_eq!(check(RsaSha256, &key, b"message", &good), Ok(()));
        assert!(check(RsaSha512, &key, b"message", &good).is_err());
        assert!(check(RsaSha256, &other, b"message", &good).is_err());
        assert!(check(RsaSha256, &key, b"massage", &good).is_err());
        assert!(check(RsaSha256, &key, b"message", &good[1..]).is_err());
        assert!(check(RsaSha256, &key, b"message", &[]).is_err());
    }

    #[test]
    fn ids_are_ncnames_and_differ() {
        let (a, b) = (make_id().unwrap(), make_id().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), 41);
        assert!(crate::xml::is_ncname(&a));
    }

    #[test]
    fn sha256_of_the_standard_example() {
        // FIPS 180-4 example: "abc".
        assert_eq!(sha256(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}

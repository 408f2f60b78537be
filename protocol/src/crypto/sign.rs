//! Signatures: the key decides the algorithm (protocol section 2).

use super::{Unspecified, sha256};
use crate::encoding::{Bytes, Digest, Thumbprint, encode};
use ring::rand::SystemRandom;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, UnparsedPublicKey,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// A public signing key: a JWK with only `kty, crv, x` (OKP) or `kty, crv, x, y` (EC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicKey {
    /// Ed25519 (RFC 8037): 32 bytes.
    Ed25519([u8; 32]),
    /// EC P-256: x and y, 32 bytes each.
    P256([u8; 32], [u8; 32]),
}

impl PublicKey {
    /// The `alg` this key signs with: `Ed25519` (RFC 9864) or `ES256`.
    pub fn alg(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "Ed25519",
            Self::P256(..) => "ES256",
        }
    }

    /// Its RFC 7638 thumbprint: SHA-256 over the required members in lexicographic order.
    pub fn thumbprint(&self) -> Thumbprint {
        let canonical = match self {
            Self::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x)),
            Self::P256(x, y) => {
                format!(
                    r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                    encode(x),
                    encode(y)
                )
            }
        };
        Thumbprint(Digest::from(sha256(&[canonical.as_bytes()])))
    }

    /// Checks a raw signature of 64 bytes.
    ///
    /// # Errors
    /// [`Unspecified`] when it doesn't fit, also when the key is no point of the curve.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), Unspecified> {
        let checked = match self {
            Self::Ed25519(x) => {
                UnparsedPublicKey::new(&signature::ED25519, x).verify(message, signature)
            }
            Self::P256(x, y) => {
                let point = uncompressed(x, y);
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
        };
        checked.map_err(|_| Unspecified)
    }

    /// A P-256 key from its uncompressed point (`04 ‖ x ‖ y`, SEC 1), as key stores export it.
    ///
    /// # Errors
    /// [`Unspecified`] when it isn't 65 bytes that begin with 4.
    pub fn p256_from_point(point: &[u8]) -> Result<Self, Unspecified> {
        match point.split_first() {
            Some((4, xy)) if xy.len() == 64 => {
                let (mut x, mut y) = ([0; 32], [0; 32]);
                x.copy_from_slice(&xy[..32]);
                y.copy_from_slice(&xy[32..]);
                Ok(Self::P256(x, y))
            }
            _ => Err(Unspecified),
        }
    }
}

fn uncompressed(x: &[u8; 32], y: &[u8; 32]) -> [u8; 65] {
    let mut point = [4; 65];
    point[1..33].copy_from_slice(x);
    point[33..].copy_from_slice(y);
    point
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    crv: String,
    kty: String,
    x: Bytes<32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<Bytes<32>>,
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (crv, kty, x, y) = match *self {
            Self::Ed25519(x) => ("Ed25519", "OKP", x, None),
            Self::P256(x, y) => ("P-256", "EC", x, Some(Bytes(y))),
        };
        Jwk {
            crv: crv.to_owned(),
            kty: kty.to_owned(),
            x: Bytes(x),
            y,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let jwk = Jwk::deserialize(deserializer)?;
        match (jwk.kty.as_str(), jwk.crv.as_str(), jwk.y) {
            ("OKP", "Ed25519", None) => Ok(Self::Ed25519(jwk.x.0)),
            ("EC", "P-256", Some(y)) => Ok(Self::P256(jwk.x.0, y.0)),
            _ => Err(serde::de::Error::custom(
                "not a signing key of this protocol",
            )),
        }
    }
}

/// A private signing key in memory: the server's, or a phone's of level `software`.
pub struct SigningKey {
    public: PublicKey,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

impl SigningKey {
    /// Makes an Ed25519 key; returns its PKCS#8 document.
    ///
    /// # Errors
    /// [`Unspecified`] when the system has no randomness.
    pub fn make_ed25519() -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let document =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| Unspecified)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// Makes a P-256 key; returns its PKCS#8 document.
    ///
    /// # Errors
    /// [`Unspecified`] when the system has no randomness.
    pub fn make_p256() -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| Unspecified)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// Reads a PKCS#8 document as [`Self::make_ed25519`] and [`Self::make_p256`] return it.
    ///
    /// # Errors
    /// [`Unspecified`] when it is neither, or its public half doesn't fit.
    pub fn from_pkcs8(document: &[u8]) -> Result<Self, Unspecified> {
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(document) {
            return Self::ed25519(pair);
        }
        let pair = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            document,
            &SystemRandom::new(),
        )
        .map_err(|_| Unspecified)?;
        let public = PublicKey::p256_from_point(pair.public_key().as_ref())?;
        Ok(Self {
            public,
            pair: Pair::P256(pair),
        })
    }

    /// An Ed25519 key from its 32-byte seed (RFC 8032).
    ///
    /// # Errors
    /// [`Unspecified`] never for 32 bytes; kept for the provider's sake.
    pub fn ed25519_from_seed(seed: &[u8; 32]) -> Result<Self, Unspecified> {
        Self::ed25519(Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Unspecified)?)
    }

    fn ed25519(pair: Ed25519KeyPair) -> Result<Self, Unspecified> {
        let x = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| Unspecified)?;
        Ok(Self {
            public: PublicKey::Ed25519(x),
            pair: Pair::Ed25519(pair),
        })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs: 64 raw bytes.
    ///
    /// # Errors
    /// [`Unspecified`] when the system has no randomness (P-256).
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], Unspecified> {
        let signature = match &self.pair {
            Pair::Ed25519(pair) => pair.sign(message),
            Pair::P256(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map_err(|_| Unspecified)?,
        };
        signature.as_ref().try_into().map_err(|_| Unspecified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_key_signs_its_public_half_verifies_and_nothing_else() {
        for document in [
            SigningKey::make_ed25519().unwrap(),
            SigningKey::make_p256().unwrap(),
        ] {
            let key = SigningKey::from_pkcs8(&document).unwrap();
            let mut signature = key.sign(b"message").unwrap();
            assert!(key.public().verify(b"message", &signature).is_ok());
            assert!(key.public().verify(b"massage", &signature).is_err());
            signature[63] ^= 1;
            assert!(key.public().verify(b"message", &signature).is_err());
        }
    }

    #[test]
    fn a_point_off_the_curve_verifies_nothing() {
        assert!(
            PublicKey::P256([1; 32], [2; 32])
                .verify(b"", &[1; 64])
                .is_err()
        );
    }

    #[test]
    fn a_point_is_uncompressed_and_whole() {
        let point = |length: usize, first: u8| {
            let mut point = vec![7; length];
            point[0] = first;
            PublicKey::p256_from_point(&point)
        };
        assert_eq!(point(65, 4), Ok(PublicKey::P256([7; 32], [7; 32])));
        for (length, first) in [
            (1, 4),
            (33, 4),
            (64, 4),
            (66, 4),
            (129, 4),
            (33, 2),
            (65, 3),
        ] {
            assert!(point(length, first).is_err(), "{length}, {first}");
        }
        assert!(PublicKey::p256_from_point(&[]).is_err());
    }

    #[test]
    fn only_the_two_key_types_are_read() {
        let x = "CxBuOfaPQMpIiYli2ETVwgCqYn9LYz7RwWn2lsjFS_s";
        let parse = |text: String| serde_json::from_str::<PublicKey>(&text);
        assert!(parse(format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#)).is_ok());
        assert!(
            parse(format!(
                r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{x}"}}"#
            ))
            .is_ok()
        );
        for bad in [
            format!(r#"{{"kty":"OKP","crv":"X25519","x":"{x}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","y":"{x}"}}"#),
            format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}"}}"#),
            format!(r#"{{"kty":"EC","crv":"P-384","x":"{x}","y":"{x}"}}"#),
            format!(r#"{{"kty":"oct","k":"{x}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"a"}}"#),
        ] {
            assert!(parse(bad).is_err());
        }
    }
}

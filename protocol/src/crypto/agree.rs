//! X25519 (RFC 7748). ring's agreement keys are used once and gone; the server has to keep its half
//! (protocol section 3), so this is x25519-dalek.

use super::{Secret, Unspecified, make_random};
use crate::encoding::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// The public half of an agreement: a JWK `{crv:"X25519", kty:"OKP", x}` (RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgreementKey([u8; 32]);

impl AgreementKey {
    /// From its 32 bytes. Any are taken: a low-order point is refused by the agreement itself.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of `x`.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    crv: String,
    kty: String,
    x: Bytes<32>,
}

impl Serialize for AgreementKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (crv, kty) = ("X25519".to_owned(), "OKP".to_owned());
        Jwk {
            crv,
            kty,
            x: Bytes(self.0),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AgreementKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let jwk = Jwk::deserialize(deserializer)?;
        if jwk.crv == "X25519" && jwk.kty == "OKP" {
            Ok(Self(jwk.x.0))
        } else {
            Err(serde::de::Error::custom("not an X25519 key"))
        }
    }
}

/// The secret half of an agreement; wiped when dropped.
pub struct AgreementSecret(StaticSecret);

impl AgreementSecret {
    /// A fresh one.
    ///
    /// # Errors
    /// [`Unspecified`] when the system has no randomness.
    pub fn make() -> Result<Self, Unspecified> {
        Ok(Self::from_bytes(&Zeroizing::new(make_random()?)))
    }

    /// One that was kept.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(StaticSecret::from(*bytes))
    }

    /// To keep it, wrapped.
    pub fn to_bytes(&self) -> Secret {
        Zeroizing::new(self.0.to_bytes())
    }

    /// Its public half.
    pub fn public(&self) -> AgreementKey {
        AgreementKey(PublicKey::from(&self.0).to_bytes())
    }

    /// The shared secret Z.
    ///
    /// # Errors
    /// [`Unspecified`] when it is all zero (a low-order point, RFC 7748 section 6.1).
    pub fn agree(&self, theirs: &AgreementKey) -> Result<Secret, Unspecified> {
        let shared = self.0.diffie_hellman(&PublicKey::from(theirs.0));
        if shared.was_contributory() {
            Ok(Zeroizing::new(shared.to_bytes()))
        } else {
            Err(Unspecified)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_agree() {
        let (a, b) = (
            AgreementSecret::make().unwrap(),
            AgreementSecret::make().unwrap(),
        );
        assert_eq!(
            *a.agree(&b.public()).unwrap(),
            *b.agree(&a.public()).unwrap()
        );
        let kept = AgreementSecret::from_bytes(&a.to_bytes());
        assert_eq!(kept.public(), a.public());
    }

    #[test]
    fn low_order_points_are_refused() {
        let secret = AgreementSecret::make().unwrap();
        for low in [[0; 32], {
            let mut one = [0; 32];
            one[0] = 1;
            one
        }] {
            assert!(secret.agree(&AgreementKey::from_bytes(low)).is_err());
        }
    }

    #[test]
    fn only_x25519_is_an_agreement_key() {
        let x = "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo";
        let parse = |text: String| serde_json::from_str::<AgreementKey>(&text);
        assert!(parse(format!(r#"{{"kty":"OKP","crv":"X25519","x":"{x}"}}"#)).is_ok());
        for bad in [
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#),
            format!(r#"{{"kty":"EC","crv":"X25519","x":"{x}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"X25519","x":"{x}","d":"{x}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"X25519","x":"{x}","x":"{x}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"X25519","x":"{}"}}"#, &x[1..]),
        ] {
            assert!(parse(bad).is_err());
        }
    }
}

//! The three parts of a compact JWS, taken apart but not believed.

use super::Refusal;
use crate::encoding::{Bytes, Digest, Thumbprint, decode, encode_onto};
use crate::{crypto::PublicKey, json};
use serde::{Deserialize, Serialize};

/// Exactly these members, whatever their order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: Thumbprint,
    typ: String,
}

/// A compact JWS whose parts were decoded and whose `typ` fits. Its payload is for
/// [`super::Signed`] alone.
pub(super) struct Compact<'a> {
    /// `header.payload`, what is signed and what H covers.
    pub(super) signed_part: &'a str,
    pub(super) kid: Thumbprint,
    pub(super) payload: Vec<u8>,
    alg: String,
    signature: Bytes<64>,
}

impl<'a> Compact<'a> {
    pub(super) fn split(text: &'a str, typ: &str, cap: usize) -> Result<Self, Refusal> {
        if text.len() > cap {
            return Err(Refusal::TooLarge);
        }
        let (signed_part, signature) = text.rsplit_once('.').ok_or(Refusal::NotCompact)?;
        let (header, payload) = signed_part.split_once('.').ok_or(Refusal::NotCompact)?;
        let header = decode(header).ok_or(Refusal::NotCompact)?;
        let header: Header = json::parse(&header).map_err(|_| Refusal::Header)?;
        if header.typ != typ {
            return Err(Refusal::WrongType);
        }
        Ok(Self {
            signed_part,
            kid: header.kid,
            payload: decode(payload).ok_or(Refusal::NotCompact)?,
            alg: header.alg,
            signature: Bytes::parse(signature).ok_or(Refusal::Signature)?,
        })
    }

    /// The key that `kid` names.
    pub(super) fn key<'k>(
        &self,
        mut keys: impl Iterator<Item = &'k PublicKey>,
    ) -> Result<&'k PublicKey, Refusal> {
        keys.find(|key| key.thumbprint() == self.kid)
            .ok_or(Refusal::UnknownKey)
    }

    /// `alg` must be the key's that `kid` names, then the signature must fit.
    pub(super) fn check(&self, key: &PublicKey) -> Result<(), Refusal> {
        if key.alg() != self.alg {
            return Err(Refusal::Algorithm);
        }
        key.verify(self.signed_part.as_bytes(), self.signature.as_bytes())
            .map_err(|_| Refusal::Signature)
    }

    pub(super) fn hash(&self) -> Digest {
        Digest::of(&[self.signed_part.as_bytes()])
    }
}

/// The dot before a signature, and its 64 bytes in base64url.
pub(super) const SIGNATURE_LENGTH: usize = 87;

/// `header.payload` for a key to sign, with room for its signature.
pub(super) fn signed_part(
    typ: &str,
    key: &PublicKey,
    kid: Thumbprint,
    payload: &str,
) -> Result<String, json::Malformed> {
    let header = Header {
        alg: key.alg().to_owned(),
        kid,
        typ: typ.to_owned(),
    };
    let header = json::write(&header)?;
    let length = (header.len() + payload.len()).div_ceil(3) * 4 + 4 + SIGNATURE_LENGTH;
    let mut part = String::with_capacity(length);
    encode_onto(&mut part, header.as_bytes());
    part.push('.');
    encode_onto(&mut part, payload.as_bytes());
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SigningKey;

    const TYP: &str = "cs1-anything";

    fn part(payload: &str) -> String {
        let key = SigningKey::make_p256().and_then(|document| SigningKey::from_pkcs8(&document));
        let key = *key.unwrap().public();
        signed_part(TYP, &key, key.thumbprint(), payload).unwrap()
    }

    #[test]
    fn a_statement_is_as_long_as_its_cap_and_no_longer() {
        let mut text = part("{}");
        text.push('.');
        encode_onto(&mut text, &[7; 64]);
        assert!(Compact::split(&text, TYP, text.len()).is_ok());
        let longer = Compact::split(&text, TYP, text.len() - 1);
        assert!(matches!(longer, Err(Refusal::TooLarge)));
    }

    #[test]
    fn there_is_room_for_the_signature_whatever_is_signed() {
        for length in 0..200 {
            let part = part(&"x".repeat(length));
            assert!(part.capacity() >= part.len() + SIGNATURE_LENGTH, "{length}");
        }
    }
}

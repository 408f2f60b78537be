//! Byte strings on the wire: base64url without padding, canonical (protocol section 1).

use crate::crypto::{Unspecified, make_random, sha256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// base64url without padding (RFC 4648 section 5).
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The same, at the end of a text.
pub(crate) fn encode_onto(text: &mut String, bytes: &[u8]) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// The bytes of canonical base64url; `None` for padding, other characters, or unused bits set.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    // This engine refuses padding, and unused bits that are not zero.
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// `N` bytes that travel as base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes<const N: usize>(pub [u8; N]);

/// A random id: 16 bytes, 22 characters.
pub type Id = Bytes<16>;

/// A hash: 32 bytes, 43 characters.
pub type Digest = Bytes<32>;

impl<const N: usize> Bytes<N> {
    /// Fresh random ones.
    ///
    /// # Errors
    /// [`Unspecified`] when the system has no randomness.
    pub fn make() -> Result<Self, Unspecified> {
        make_random().map(Self)
    }

    /// From their base64url form; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        // As the longest of the protocol, a signature, with room for a last group.
        let mut decoded = [0; 64 + 3];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut decoded).ok()?;
        let bytes = decoded[..length].try_into().ok()?;
        Some(Self(bytes))
    }

    /// The raw bytes, as they enter hashes.
    pub fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl Id {
    /// A fresh one that people may type after a command: its text doesn't begin with a hyphen.
    ///
    /// # Errors
    /// [`Unspecified`] when the system has no randomness.
    pub fn make_to_type() -> Result<Self, Unspecified> {
        loop {
            let id = Self::make()?;
            // 0b111110 is the hyphen of base64url.
            if id.0[0] >> 2 != 0b11_1110 {
                return Ok(id);
            }
        }
    }
}

impl Digest {
    /// SHA-256 of the parts, joined.
    pub fn of(parts: &[&[u8]]) -> Self {
        Self(sha256(parts))
    }
}

impl<const N: usize> From<[u8; N]> for Bytes<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> fmt::Display for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl<const N: usize> fmt::Debug for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> Serialize for Bytes<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Bytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Reader)
    }
}

/// Reads [`Bytes`] where they stand.
struct Reader<const N: usize>;

impl<const N: usize> Visitor<'_> for Reader<N> {
    type Value = Bytes<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("canonical base64url of this length")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Bytes<N>, E> {
        Bytes::parse(text).ok_or_else(|| E::custom("not canonical base64url of this length"))
    }
}

/// The RFC 7638 thumbprint of a public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Thumbprint(pub Digest);

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_decodes_is_canonical(text in "[A-Za-z0-9_=+/-]{0,40}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }

    #[test]
    fn an_id_to_type_is_not_taken_for_an_option() {
        let begins = |id: Id| id.to_string().starts_with('-');
        assert!((0..2000).any(|_| begins(Id::make().unwrap())));
        assert!(!(0..2000).any(|_| begins(Id::make_to_type().unwrap())));
    }

    #[test]
    fn unused_bits_padding_and_the_other_alphabet_are_refused() {
        assert_eq!(decode("AA"), Some(vec![0]));
        for bad in ["AB", "AA==", "A", "+/", "A A", "AA\n"] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
        assert!(Id::parse("AAAAAAAAAAAAAAAAAAAAAA").is_some());
        assert!(Id::parse("AAAAAAAAAAAAAAAAAAAAAB").is_none());
        assert!(Id::parse("AAAAAAAAAAAAAAAAAAAAA").is_none());
        assert!(Id::parse(&"A".repeat(1000)).is_none());
        let longest = Bytes::from([0xff; 64]);
        assert_eq!(Bytes::parse(&longest.to_string()), Some(longest));
    }

    #[test]
    fn bytes_are_logged_as_they_travel_and_a_fault_says_what_was_expected() {
        assert_eq!(format!("{:?}", Id::from([0; 16])), "AAAAAAAAAAAAAAAAAAAAAA");
        let fault = serde_json::from_str::<Id>("1").unwrap_err().to_string();
        assert!(fault.contains("canonical base64url"), "{fault}");
    }
}

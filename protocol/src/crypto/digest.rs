//! SHA-256, HMAC-SHA256 and HKDF-Expand (RFC 5869).

use super::{Secret, Unspecified};
use ring::{digest, hmac as ring_hmac};
use zeroize::Zeroizing;

/// SHA-256 of the parts, joined.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// HMAC-SHA256 of the parts, joined. HKDF-Extract is this with the salt as key.
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> Secret {
    let mut context =
        ring_hmac::Context::with_key(&ring_hmac::Key::new(ring_hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let mut out = Zeroizing::new([0; 32]);
    out.copy_from_slice(context.sign().as_ref());
    out
}

/// Whether `tag` is the HMAC of the parts, compared in constant time.
///
/// # Errors
/// [`Unspecified`] when it is not.
pub fn hmac_matches(key: &[u8], message: &[u8], tag: &[u8]) -> Result<(), Unspecified> {
    let key = ring_hmac::Key::new(ring_hmac::HMAC_SHA256, key);
    ring_hmac::verify(&key, message, tag).map_err(|_| Unspecified)
}

/// An HMAC-SHA256 key that is ready for use, many times. ring does not wipe it when it is dropped.
pub struct MacKey(ring_hmac::Key);

impl MacKey {
    /// From its bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(ring_hmac::Key::new(ring_hmac::HMAC_SHA256, key))
    }

    /// The tag of the parts, joined.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = ring_hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        out
    }
}

/// The first 32 bytes of HKDF-Expand (RFC 5869 section 2.3), `info` joined from its parts.
pub fn expand(prk: &[u8; 32], info: &[&[u8]]) -> Secret {
    let mut parts = info.to_vec();
    parts.push(&[1]);
    hmac(prk, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hkdf_agrees_with_rfc_5869_test_case_1() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let prk = hmac(&salt, &[&[0x0b; 22]]);
        assert_eq!(prk[..4], [0x07, 0x77, 0x09, 0x36]);
        let okm = expand(&prk, &[&info]);
        assert_eq!(okm[..8], [0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a]);
    }

    #[test]
    fn a_key_that_is_kept_gives_the_same_tags() {
        let key = MacKey::new(&[7; 32]);
        for message in [&b"one"[..], b"two"] {
            assert_eq!(key.tag(&[message, b"!"]), *hmac(&[7; 32], &[message, b"!"]));
        }
    }

    #[test]
    fn a_changed_tag_does_not_match() {
        let mut tag = *hmac(b"key", &[b"message"]);
        assert!(hmac_matches(b"key", b"message", &tag).is_ok());
        tag[31] ^= 1;
        assert_eq!(hmac_matches(b"key", b"message", &tag), Err(Unspecified));
        assert_eq!(
            hmac_matches(b"key", b"message", &tag[..31]),
            Err(Unspecified)
        );
    }
}

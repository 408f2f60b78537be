//! AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce in front.

use super::{Unspecified, make_random};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// Bytes of a tag.
const TAG_LEN: usize = 16;

/// A key that is ready for use, many times. ring does not wipe it when it is dropped.
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    /// From its 32 bytes.
    ///
    /// # Errors
    /// [`Unspecified`] never for 32 bytes; kept for the provider's sake.
    pub fn new(key: &[u8; 32]) -> Result<Self, Unspecified> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| Unspecified)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Appends `nonce(12) ‖ ciphertext ‖ tag(16)` of `plain`, bound to `context`, to `out`.
    ///
    /// # Errors
    /// [`Unspecified`] when the system has no randomness.
    pub fn seal_onto(
        &self,
        mut out: Vec<u8>,
        context: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, Unspecified> {
        let nonce: [u8; NONCE_LEN] = make_random()?;
        out.reserve(NONCE_LEN + plain.len() + TAG_LEN);
        out.extend_from_slice(&nonce);
        let start = out.len();
        out.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let body = &mut out[start..];
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(context), body);
        out.extend_from_slice(tag.map_err(|_| Unspecified)?.as_ref());
        Ok(out)
    }

    /// What [`Self::seal_onto`] appended, under the same context.
    ///
    /// # Errors
    /// [`Unspecified`] when a byte of it, the key or the context differs.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(Unspecified)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unspecified)?;
        let mut body = Zeroizing::new(body.to_vec());
        let opened = self.0.open_in_place(nonce, Aad::from(context), &mut body);
        let length = opened.map_err(|_| Unspecified)?.len();
        body.truncate(length);
        Ok(body)
    }
}

/// `nonce(12) ‖ ciphertext ‖ tag(16)` of `plain`, bound to `context`.
///
/// # Errors
/// [`Unspecified`] when the system has no randomness.
pub fn seal(key: &[u8; 32], context: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
    SealingKey::new(key)?.seal_onto(Vec::new(), context, plain)
}

/// What [`seal`] hid under the same key and context.
///
/// # Errors
/// [`Unspecified`] when a byte of it, the key or the context differs.
pub fn open(
    key: &[u8; 32],
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    SealingKey::new(key)?.open(context, sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_context_open_it() {
        let sealed = seal(&[7; 32], b"context", b"plain").unwrap();
        assert_eq!(**open(&[7; 32], b"context", &sealed).unwrap(), *b"plain");
        assert!(open(&[8; 32], b"context", &sealed).is_err());
        assert!(open(&[7; 32], b"another", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(open(&[7; 32], b"context", &bad).is_err());
            assert!(open(&[7; 32], b"context", &sealed[..at]).is_err());
        }
    }
}

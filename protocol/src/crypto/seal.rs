//! AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce in front.

use super::{Unspecified, make_random};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// `nonce(12) ‖ ciphertext ‖ tag(16)` of `plain`, bound to `context`.
///
/// # Errors
/// [`Unspecified`] when the system has no randomness.
pub fn seal(key: &[u8; 32], context: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let nonce: [u8; NONCE_LEN] = make_random()?;
    let mut body = plain.to_vec();
    cipher(key)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context),
            &mut body,
        )
        .map_err(|_| Unspecified)?;
    Ok([&nonce[..], &body].concat())
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
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(Unspecified)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unspecified)?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = cipher(key)?
        .open_in_place(nonce, Aad::from(context), &mut body)
        .map_err(|_| Unspecified)?
        .len();
    body.truncate(length);
    Ok(body)
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, Unspecified> {
    Ok(LessSafeKey::new(
        UnboundKey::new(&AES_256_GCM, key).map_err(|_| Unspecified)?,
    ))
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

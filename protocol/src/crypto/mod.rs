//! In: keys, messages, secrets. Out: signatures, digests, derived and sealed bytes.
//! This folder is the only one that names ring, x25519-dalek and argon2; everything else says what it needs.
//! Never: an algorithm chosen by the message, a secret in an error or a `Debug`.

mod agree;
mod der;
mod digest;
mod seal;
mod sign;
mod stretch;

pub use agree::{AgreementKey, AgreementSecret};
pub use der::{raw_from_der, raw_to_der};
pub use digest::{MacKey, expand, hmac, hmac_matches, sha256};
pub use seal::{SealingKey, open, seal};
pub use sign::{PublicKey, SigningKey};
pub use stretch::{Cost, stretch};

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// 32 secret bytes, wiped when dropped.
pub type Secret = Zeroizing<[u8; 32]>;

/// A cryptographic operation failed. On purpose it doesn't say why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cryptographic operation failed")]
pub struct Unspecified;

/// Fresh random bytes from the operating system.
///
/// # Errors
/// [`Unspecified`] when the system has no randomness to give.
pub fn make_random<const N: usize>() -> Result<[u8; N], Unspecified> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Unspecified)?;
    Ok(bytes)
}

//! Keys that never leave the device.

use countersign_protocol::statement::{Level, UvClass};
use countersign_protocol::{Digest, Id, crypto};
use zeroize::Zeroizing;

/// Bytes that were wrapped; wiped when dropped.
pub type Plain = Zeroizing<Vec<u8>>;

/// What a PIN is stretched with; wiped when dropped.
pub type Pepper = crypto::Secret;

/// Bytes of a pepper's salt.
pub const SALT_LENGTH: usize = 16;

/// Which signing key of an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// K_dev: signs without asking the person, while the device is unlocked.
    Dev,
    /// K_uv: every use asks for the person's gesture; a change of the enrolled fingerprints or
    /// faces makes it [`KeyError::Invalidated`].
    Uv,
}

/// Whether unwrapping asks for the person's gesture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gesture {
    /// No.
    Free,
    /// Each time, as K_uv does.
    Asked,
}

/// A signing key that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeKey {
    /// The public half: an uncompressed P-256 point, `04 ‖ x ‖ y` (SEC 1).
    pub point: Vec<u8>,
    /// Where the private half is.
    pub level: Level,
    /// What the gesture of K_uv may be; nothing for K_dev.
    pub uvc: Option<UvClass>,
    /// The platform's certificates over the key and the hash that it was made for, DER, the key's
    /// own first; empty where there are none.
    pub attestation: Vec<Vec<u8>>,
}

/// Keys of the device's hardware (or, at level `software`, of its disk), by owner: one owner for
/// each credential, an id that the core makes, and one for the core itself, whose key wraps what opens the store. No key is
/// ever exported.
///
/// How each power is built from what Android Keystore and the Secure Enclave have stands in `docs/integrating.md`.
///
/// Calls may come from several threads; one that waits for a gesture blocks its own thread only.
pub trait DeviceKeys: Send + Sync {
    /// The level that keys made now would have; what a policy asks can be compared before.
    fn level(&self) -> Level;

    /// Makes the signing key of a slot, and with [`Slot::Dev`] also what wrapping without gesture
    /// and the pepper need, with [`Slot::Uv`] what wrapping with gesture needs. A key that was
    /// there is replaced. `context` is what the platform's attestation covers.
    ///
    /// # Errors
    /// [`KeyError`]; [`KeyError::NotSetUp`] with [`Slot::Uv`] only.
    fn make(&self, owner: &Id, slot: Slot, context: &Digest) -> Result<MadeKey, KeyError>;

    /// Signs a message: ECDSA with SHA-256, DER as key stores give it.
    ///
    /// # Errors
    /// [`KeyError`]; [`KeyError::Cancelled`] and [`KeyError::LockedOut`] with [`Slot::Uv`] only.
    fn sign(&self, owner: &Id, slot: Slot, message: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// Seals bytes so that only this device's hardware opens them. Asks for no gesture.
    ///
    /// # Errors
    /// [`KeyError`].
    fn wrap(&self, owner: &Id, gesture: Gesture, plain: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// Opens what [`wrap`](Self::wrap) sealed for the same owner and gesture.
    ///
    /// # Errors
    /// [`KeyError`]; [`KeyError::Invalidated`] also when the bytes are not what was sealed.
    fn unwrap(&self, owner: &Id, gesture: Gesture, wrapped: &[u8]) -> Result<Plain, KeyError>;

    /// 32 bytes that depend on the salt and on a key of this owner, the same each time.
    ///
    /// # Errors
    /// [`KeyError`].
    fn pepper(&self, owner: &Id, salt: &[u8; SALT_LENGTH]) -> Result<Pepper, KeyError>;

    /// Destroys every key of an owner but the one that [`wrap`](Self::wrap)s without a gesture: nothing is signed any more,
    /// and what was kept for the owner can still be read. One that has none is no error.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`]: ask again later.
    fn retire(&self, owner: &Id) -> Result<(), KeyError>;

    /// Destroys every key of an owner. One that has none is no error.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`]: ask again later.
    fn delete(&self, owner: &Id) -> Result<(), KeyError>;
}

/// Why a key wasn't used. Everything else is ok.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The person cancelled the gesture.
    #[error("cancelled")]
    Cancelled,
    /// Too many wrong gestures: the platform pauses them.
    #[error("the gesture is locked out")]
    LockedOut,
    /// The key is gone for good: never made, deleted, or its biometrics changed.
    #[error("the key is gone")]
    Invalidated,
    /// No fingerprint, face or passcode is set up on the device.
    #[error("no gesture is set up")]
    NotSetUp,
    /// The key store doesn't answer, or the device is locked. The key may still be there.
    #[error("the key store does not answer")]
    Unreadable,
}

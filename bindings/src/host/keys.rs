//! Keys that never leave the device.

use crate::account::KeyLevel;
use crate::cancel;
use countersign_core::ports::{self, Gesture, KeyError, Pepper, Plain, SALT_LENGTH, Slot};
use countersign_core::{self as core, Digest, Id};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Which signing key of an owner.
pub type KeySlot = Slot;

/// Which signing key of an owner.
#[uniffi::remote(Enum)]
pub enum KeySlot {
    /// Signs without asking the person, while the device is unlocked.
    Dev,
    /// Every use asks for the person's gesture; a change of the enrolled fingerprints or faces makes it
    /// [`KeyFailure::Invalidated`].
    Uv,
}

/// Whether unwrapping asks for the person's gesture.
pub type GestureUse = Gesture;

/// Whether unwrapping asks for the person's gesture.
#[uniffi::remote(Enum)]
pub enum GestureUse {
    /// No.
    Free,
    /// Each time, as [`KeySlot::Uv`] does.
    Asked,
}

/// What the gesture of a key may be.
pub type UvClass = core::UvClass;

/// What the gesture of a key may be.
#[uniffi::remote(Enum)]
pub enum UvClass {
    /// Fingerprint or face only.
    Biometric,
    /// The phone's own passcode may stand in.
    Credential,
}

/// A signing key that was made.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MadeKey {
    /// The public half: an uncompressed P-256 point, `04 ‖ x ‖ y`, 65 bytes.
    pub point: Vec<u8>,
    /// Where the private half is.
    pub level: KeyLevel,
    /// What the gesture of [`KeySlot::Uv`] may be; nothing for [`KeySlot::Dev`].
    pub uvc: Option<UvClass>,
    /// The platform's certificates over the key and the hash that it was made for, DER, the key's own first; empty where there are
    /// none.
    pub attestation: Vec<Vec<u8>>,
}

/// Why a key wasn't used. Anything else that is thrown counts as [`KeyFailure::Unreadable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Error, thiserror::Error)]
pub enum KeyFailure {
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

/// Keys of the device's hardware, by owner: one owner for each ID and one for the phone itself, an ASCII name of 22 characters that
/// the core makes. No key is ever exported. How each power is built from what Android and the Secure Enclave have stands in
/// `docs/integrating.md`.
#[uniffi::export(foreign)]
pub trait DeviceKeys: Send + Sync {
    /// The level that keys made now would have.
    fn level(&self) -> Result<KeyLevel, KeyFailure>;

    /// Makes the signing key of a slot, and with [`KeySlot::Dev`] also what wrapping without gesture and the pepper need, with
    /// [`KeySlot::Uv`] what wrapping with gesture needs. A key that was there is replaced. `context`, 32 bytes, is what the platform's
    /// attestation covers.
    fn make(&self, owner: String, slot: KeySlot, context: Vec<u8>) -> Result<MadeKey, KeyFailure>;

    /// Signs a message: ECDSA with SHA-256, DER as key stores give it.
    fn sign(&self, owner: String, slot: KeySlot, message: Vec<u8>) -> Result<Vec<u8>, KeyFailure>;

    /// Seals bytes so that only this device's hardware opens them. Asks for no gesture.
    fn wrap(
        &self,
        owner: String,
        gesture: GestureUse,
        plain: Vec<u8>,
    ) -> Result<Vec<u8>, KeyFailure>;

    /// Opens what [`wrap`](Self::wrap) sealed for the same owner and gesture; [`KeyFailure::Invalidated`] also for bytes that it didn't.
    fn unwrap(
        &self,
        owner: String,
        gesture: GestureUse,
        wrapped: Vec<u8>,
    ) -> Result<Vec<u8>, KeyFailure>;

    /// 32 bytes that depend on the salt and on a key of this owner, the same each time.
    fn pepper(&self, owner: String, salt: Vec<u8>) -> Result<Vec<u8>, KeyFailure>;

    /// Destroys every key of an owner but the one that wraps without a gesture. One that has none is no error.
    fn retire(&self, owner: String) -> Result<(), KeyFailure>;

    /// Destroys every key of an owner. One that has none is no error.
    fn delete(&self, owner: String) -> Result<(), KeyFailure>;
}

/// A host that throws what it shouldn't.
impl From<uniffi::UnexpectedUniFFICallbackError> for KeyFailure {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unreadable
    }
}

impl From<KeyFailure> for KeyError {
    fn from(failure: KeyFailure) -> Self {
        match failure {
            KeyFailure::Cancelled => Self::Cancelled,
            KeyFailure::LockedOut => Self::LockedOut,
            KeyFailure::Invalidated => Self::Invalidated,
            KeyFailure::NotSetUp => Self::NotSetUp,
            KeyFailure::Unreadable => Self::Unreadable,
        }
    }
}

/// The core's port over a host's keys. Whoever gave the call up is asked for nothing, and nothing is signed for them. What destroys keys, and
/// what the core keeps an answer with that is signed, goes on.
pub(super) struct OfHost(pub(super) Arc<dyn DeviceKeys>);

fn not_given_up() -> Result<(), KeyError> {
    if cancel::is_given_up() {
        return Err(KeyError::Cancelled);
    }
    Ok(())
}

impl ports::DeviceKeys for OfHost {
    fn level(&self) -> KeyLevel {
        // One that can't say claims the least.
        self.0.level().unwrap_or(KeyLevel::Software)
    }

    fn make(&self, owner: &Id, slot: Slot, context: &Digest) -> Result<ports::MadeKey, KeyError> {
        not_given_up()?;
        let made = self
            .0
            .make(owner.to_string(), slot, context.as_bytes().to_vec())?;
        Ok(ports::MadeKey {
            point: made.point,
            level: made.level,
            uvc: made.uvc,
            attestation: made.attestation,
        })
    }

    fn sign(&self, owner: &Id, slot: Slot, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        not_given_up()?;
        Ok(self.0.sign(owner.to_string(), slot, message.to_vec())?)
    }

    fn wrap(&self, owner: &Id, gesture: Gesture, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        // EXPOSE: to the hardware, which wraps it.
        Ok(self.0.wrap(owner.to_string(), gesture, plain.to_vec())?)
    }

    fn unwrap(&self, owner: &Id, gesture: Gesture, wrapped: &[u8]) -> Result<Plain, KeyError> {
        if gesture == Gesture::Asked {
            not_given_up()?;
        }
        let plain = self
            .0
            .unwrap(owner.to_string(), gesture, wrapped.to_vec())?;
        Ok(Zeroizing::new(plain))
    }

    fn pepper(&self, owner: &Id, salt: &[u8; SALT_LENGTH]) -> Result<Pepper, KeyError> {
        let pepper = Zeroizing::new(self.0.pepper(owner.to_string(), salt.to_vec())?);
        let mut exact = Pepper::default();
        if pepper.len() != exact.len() {
            return Err(KeyError::Unreadable);
        }
        exact.copy_from_slice(&pepper);
        Ok(exact)
    }

    fn retire(&self, owner: &Id) -> Result<(), KeyError> {
        Ok(self.0.retire(owner.to_string())?)
    }

    fn delete(&self, owner: &Id) -> Result<(), KeyError> {
        Ok(self.0.delete(owner.to_string())?)
    }
}

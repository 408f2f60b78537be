//! The device's keys as the protocol needs them: statements out, strict signatures only.

use super::gesture::{MadeUv, UvKey};
use crate::error::Fault;
use crate::ports::{DeviceKeys, Gesture, KeyError, MadeKey, Pepper, Plain, SALT_LENGTH, Slot};
use crate::vault::Blob;
use countersign_protocol::crypto::{PublicKey, Secret, raw_from_der};
use countersign_protocol::jose::{Draft, Signed, Statement};
use countersign_protocol::statement::Key;
use countersign_protocol::{Digest, Id};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The keys of all owners on this device.
pub(crate) struct Keyring(Arc<dyn DeviceKeys>);

impl Keyring {
    pub(crate) fn new(keys: Arc<dyn DeviceKeys>) -> Self {
        Self(keys)
    }

    /// Makes K_dev for an offer.
    pub(crate) fn make_dev(
        &self,
        owner: &Id,
        offer: &Digest,
    ) -> Result<(PublicKey, MadeKey), Fault> {
        let made = self.0.make(owner, Slot::Dev, offer)?;
        // A key store that gives no key of ours is as good as none.
        let public = PublicKey::p256_from_point(&made.point).map_err(|_| KeyError::Unreadable)?;
        Ok((public, made))
    }

    /// Makes K_uv, and has it sign that it is this phone's.
    pub(crate) fn make_uv(&self, owner: &Id, says: Key) -> Result<MadeUv, Fault> {
        let made = self.0.make(owner, Slot::Uv, &says.ctx);
        let made = made.map_err(Fault::Gesture)?;
        let key = PublicKey::p256_from_point(&made.point).map_err(|_| KeyError::Unreadable)?;
        let class = made.uvc.ok_or(KeyError::Unreadable)?;
        let proof = self.finish_uv(owner, Draft::new(says, &key)?)?;
        Ok(MadeUv {
            uv: UvKey {
                owner: *owner,
                key,
                class,
            },
            level: made.level,
            proof,
        })
    }

    /// Signs a draft by K_dev.
    pub(crate) fn finish<T: Statement>(
        &self,
        owner: &Id,
        draft: Draft<T>,
    ) -> Result<Signed<T>, Fault> {
        let der = self.0.sign(owner, Slot::Dev, draft.message())?;
        finish(draft, &der)
    }

    /// Signs a draft by K_uv; the device asks the person for the gesture.
    pub(crate) fn finish_uv<T: Statement>(
        &self,
        owner: &Id,
        draft: Draft<T>,
    ) -> Result<Signed<T>, Fault> {
        let der = self.0.sign(owner, Slot::Uv, draft.message());
        finish(draft, &der.map_err(Fault::Gesture)?)
    }

    /// Builds a statement and signs it by K_dev.
    pub(crate) fn sign<T: Statement>(
        &self,
        owner: &Id,
        dev: &PublicKey,
        body: T,
    ) -> Result<Signed<T>, Fault> {
        self.finish(owner, Draft::new(body, dev)?)
    }

    /// Wraps a derived key; opening it asks for the gesture of this K_uv.
    pub(crate) fn wrap_asked(&self, uv: &UvKey, secret: &Secret) -> Result<Blob, Fault> {
        // EXPOSE: to the hardware, which wraps it.
        let wrapped = self.0.wrap(&uv.owner, Gesture::Asked, &secret[..]);
        Ok(Blob(wrapped.map_err(Fault::Gesture)?))
    }

    /// Wraps a derived key; opening it asks no gesture.
    pub(crate) fn wrap(&self, owner: &Id, secret: &Secret) -> Result<Blob, Fault> {
        // EXPOSE: to the hardware, which wraps it.
        self.wrap_bytes(owner, &secret[..])
    }

    pub(crate) fn wrap_bytes(&self, owner: &Id, bytes: &[u8]) -> Result<Blob, Fault> {
        Ok(Blob(self.0.wrap(owner, Gesture::Free, bytes)?))
    }

    pub(crate) fn unwrap_bytes(&self, owner: &Id, blob: &Blob) -> Result<Plain, Fault> {
        Ok(self.0.unwrap(owner, Gesture::Free, &blob.0)?)
    }

    /// What the hardware makes of a salt, for a PIN.
    pub(crate) fn pepper(&self, owner: &Id, salt: &[u8; SALT_LENGTH]) -> Result<Pepper, Fault> {
        Ok(self.0.pepper(owner, salt)?)
    }

    pub(crate) fn unwrap(&self, owner: &Id, blob: &Blob) -> Result<Secret, Fault> {
        let bytes = self.unwrap_bytes(owner, blob)?;
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError::Invalidated)?;
        Ok(Zeroizing::new(bytes))
    }

    /// Destroys what signs, and keeps what opens the records of an ID.
    pub(crate) fn retire(&self, owner: &Id) -> Result<(), Fault> {
        Ok(self.0.retire(owner)?)
    }

    pub(crate) fn delete(&self, owner: &Id) -> Result<(), Fault> {
        Ok(self.0.delete(owner)?)
    }
}

/// The hardware's DER is converted strictly, and the signature checked before anybody sees it: a key
/// store may be wrong.
fn finish<T: Statement>(draft: Draft<T>, der: &[u8]) -> Result<Signed<T>, Fault> {
    let raw = raw_from_der(der).map_err(|_| KeyError::Unreadable)?;
    draft.finish(&raw).map_err(|_| KeyError::Unreadable.into())
}

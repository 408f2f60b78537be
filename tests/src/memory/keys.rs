//! Device keys that note what passes them, under the mask: the secrets that only the core makes.

use super::masked;
use countersign_core::ports::{
    DeviceKeys, Gesture, KeyError, MadeKey, Pepper, Plain, SALT_LENGTH, Slot,
};
use countersign_core::{Digest, Id, Level};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

/// The same keys, and what they saw.
pub(super) struct Recorder {
    inner: Arc<dyn DeviceKeys>,
    seen: Mutex<Vec<Value>>,
}

impl Recorder {
    pub(super) fn new(inner: Arc<dyn DeviceKeys>) -> Self {
        Self {
            inner,
            seen: Mutex::default(),
        }
    }

    /// In order: the call, the owner, the bytes under the mask.
    pub(super) fn seen(&self) -> Vec<Value> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }

    fn note(&self, call: &str, owner: &Id, bytes: &[u8]) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(json!({"call": call, "owner": owner.to_string(), "masked": masked(bytes)}));
    }
}

impl DeviceKeys for Recorder {
    fn level(&self) -> Level {
        self.inner.level()
    }

    fn make(&self, owner: &Id, slot: Slot, context: &Digest) -> Result<MadeKey, KeyError> {
        self.inner.make(owner, slot, context)
    }

    fn sign(&self, owner: &Id, slot: Slot, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.inner.sign(owner, slot, message)
    }

    fn wrap(&self, owner: &Id, gesture: Gesture, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let wrapped = self.inner.wrap(owner, gesture, plain)?;
        self.note("wrap", owner, plain);
        Ok(wrapped)
    }

    fn unwrap(&self, owner: &Id, gesture: Gesture, wrapped: &[u8]) -> Result<Plain, KeyError> {
        self.inner.unwrap(owner, gesture, wrapped)
    }

    fn pepper(&self, owner: &Id, salt: &[u8; SALT_LENGTH]) -> Result<Pepper, KeyError> {
        let pepper = self.inner.pepper(owner, salt)?;
        self.note("pepper", owner, &pepper[..]);
        Ok(pepper)
    }

    fn retire(&self, owner: &Id) -> Result<(), KeyError> {
        self.inner.retire(owner)
    }

    fn delete(&self, owner: &Id) -> Result<(), KeyError> {
        self.inner.delete(owner)
    }
}

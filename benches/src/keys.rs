//! A phone's keys held in memory: what a signature costs without the files of `SoftwareKeys`.

use countersign_core::ports::{
    DeviceKeys, Gesture, KeyError, MadeKey, Pepper, Plain, SALT_LENGTH, Slot,
};
use countersign_core::{Digest, Id, Level};
use countersign_protocol::crypto::{
    PublicKey, Secret, SigningKey, hmac, make_random, open, raw_to_der, seal,
};
use countersign_protocol::statement::UvClass;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

struct Owner {
    dev: Option<Arc<SigningKey>>,
    wrapping: Secret,
}

/// Keys of level `software`, loaded, as a key store has them.
#[derive(Default)]
pub struct MemoryKeys {
    owners: Mutex<BTreeMap<Id, Owner>>,
    pin: Mutex<PinWork>,
}

/// Between the pepper and the signature lies what a PIN costs.
#[derive(Default)]
struct PinWork {
    peppered: Option<Instant>,
    took: Duration,
}

impl MemoryKeys {
    fn owners(&self) -> MutexGuard<'_, BTreeMap<Id, Owner>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pin(&self) -> MutexGuard<'_, PinWork> {
        self.pin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the newest PIN was worked on: from its pepper to the signature over its proof.
    pub fn take_pin_work(&self) -> Duration {
        std::mem::take(&mut self.pin().took)
    }

    fn wrapping(&self, owner: &Id) -> Result<Secret, KeyError> {
        let owners = self.owners();
        let owner = owners.get(owner).ok_or(KeyError::Invalidated)?;
        Ok(owner.wrapping.clone())
    }
}

impl DeviceKeys for MemoryKeys {
    fn level(&self) -> Level {
        Level::Software
    }

    fn make(&self, owner: &Id, slot: Slot, _context: &Digest) -> Result<MadeKey, KeyError> {
        let document = SigningKey::make_p256().map_err(|_| KeyError::Unreadable)?;
        let dev = SigningKey::from_pkcs8(&document).map_err(|_| KeyError::Unreadable)?;
        let PublicKey::P256(x, y) = dev.public() else {
            return Err(KeyError::Unreadable);
        };
        let point = [&[4][..], x, y].concat();
        let wrapping = Zeroizing::new(make_random().map_err(|_| KeyError::Unreadable)?);
        let dev = Some(Arc::new(dev));
        self.owners().insert(*owner, Owner { dev, wrapping });
        Ok(MadeKey {
            point,
            level: Level::Software,
            uvc: (slot == Slot::Uv).then_some(UvClass::Biometric),
            attestation: Vec::new(),
        })
    }

    fn sign(&self, owner: &Id, _slot: Slot, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        {
            let mut pin = self.pin();
            if let Some(peppered) = pin.peppered.take() {
                pin.took = peppered.elapsed();
            }
        }
        let owners = self.owners();
        let dev = owners.get(owner).and_then(|owner| owner.dev.clone());
        let dev = dev.ok_or(KeyError::Invalidated)?;
        drop(owners);
        let raw = dev.sign(message).map_err(|_| KeyError::Unreadable)?;
        Ok(raw_to_der(&raw))
    }

    fn wrap(&self, owner: &Id, _gesture: Gesture, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        seal(&*self.wrapping(owner)?, b"wrap", plain).map_err(|_| KeyError::Unreadable)
    }

    fn unwrap(&self, owner: &Id, _gesture: Gesture, wrapped: &[u8]) -> Result<Plain, KeyError> {
        open(&*self.wrapping(owner)?, b"wrap", wrapped).map_err(|_| KeyError::Invalidated)
    }

    fn pepper(&self, owner: &Id, salt: &[u8; SALT_LENGTH]) -> Result<Pepper, KeyError> {
        let pepper = hmac(&self.wrapping(owner)?[..], &[salt]);
        self.pin().peppered = Some(Instant::now());
        Ok(pepper)
    }

    fn retire(&self, owner: &Id) -> Result<(), KeyError> {
        if let Some(owner) = self.owners().get_mut(owner) {
            owner.dev = None;
        }
        Ok(())
    }

    fn delete(&self, owner: &Id) -> Result<(), KeyError> {
        self.owners().remove(owner);
        Ok(())
    }
}

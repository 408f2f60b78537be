//! From the hardware down to one record:
//!
//! ```mermaid
//! flowchart TD
//!     KEK["hardware key of the keeper"] -->|wraps| Data["data key (in the header)"]
//!     Data -->|HKDF| Names["names"] & Roots["root"] & Device["records of the device, a key a tree"]
//!     Own["hardware key of an ID"] -->|wraps| Account["account key (in a record of the device)"]
//!     Account -->|HKDF| Theirs["records of the ID, a key a tree"]
//! ```
//!
//! The hardware key of an ID goes when the ID is removed. With it goes the account key, and whatever of its records is left in
//! old parts of the store's files is noise.

use super::place::{Place, Prefix, Tree, prefix};
use super::{Blob, Fault};
use crate::ports::{DeviceKeys, Gesture, KeyError, Slot};
use countersign_protocol::crypto::{MacKey, SealingKey, Secret, expand, make_random};
use countersign_protocol::{Digest, Id};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// The owner of the key that wraps the data key; no ID has this name.
pub(crate) const KEEPER: Id = countersign_protocol::encoding::Bytes(*b"countersign.keep");

/// Where the records of one tree and owner are, and what opens them.
pub(super) struct Room {
    pub(super) tree: Tree,
    pub(super) prefix: Prefix,
    pub(super) cipher: SealingKey,
}

/// By owner and tree.
type Rooms = BTreeMap<(Option<Id>, &'static str), Arc<Room>>;

pub(super) struct Keys {
    hardware: Arc<dyn DeviceKeys>,
    pub(super) epoch: u32,
    /// Behind a pointer, as those of the accounts are: what is moved leaves a copy behind.
    data: Arc<Secret>,
    pub(super) names: MacKey,
    pub(super) roots: MacKey,
    /// Those that were asked for since the vault was opened.
    accounts: Mutex<BTreeMap<Id, Arc<Secret>>>,
    rooms: Mutex<Rooms>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while one is locked, so it is never half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keys {
    /// A data key of a new vault, and how the device wrapped it.
    pub(super) fn make(hardware: Arc<dyn DeviceKeys>, epoch: u32) -> Result<(Self, Blob), Fault> {
        let data = make_secret()?;
        // The keeper's key stays from one vault to the next, so that one that was set aside can be brought back.
        // EXPOSE: to the hardware, which wraps it.
        let wrapped = match hardware.wrap(&KEEPER, Gesture::Free, &data[..]) {
            Err(KeyError::Invalidated) => {
                hardware.make(&KEEPER, Slot::Dev, &Digest::of(&[KEEPER.as_bytes()]))?;
                hardware.wrap(&KEEPER, Gesture::Free, &data[..])?
            }
            wrapped => wrapped?,
        };
        Ok((Self::new(hardware, epoch, data), Blob(wrapped)))
    }

    /// The data key that the device wrapped once.
    pub(super) fn open(
        hardware: Arc<dyn DeviceKeys>,
        epoch: u32,
        wrapped: &Blob,
    ) -> Result<Self, Fault> {
        let data = unwrap(&*hardware, &KEEPER, wrapped)?;
        Ok(Self::new(hardware, epoch, data))
    }

    fn new(hardware: Arc<dyn DeviceKeys>, epoch: u32, data: Arc<Secret>) -> Self {
        let part = |name: &[u8]| MacKey::new(&expand(&data, &[b"cs1 vault\0", name]));
        Self {
            names: part(b"names"),
            roots: part(b"root"),
            hardware,
            epoch,
            data,
            accounts: Mutex::default(),
            rooms: Mutex::default(),
        }
    }

    /// What vouches for an export.
    pub(super) fn export(&self) -> MacKey {
        MacKey::new(&expand(&self.data, &[b"cs1 vault\0export"]))
    }

    pub(super) fn prefix(&self, tree: Tree, owner: &Option<Id>) -> Prefix {
        prefix(tree, &self.names, owner)
    }

    pub(super) fn key(&self, room: &Room, place: &Place) -> Vec<u8> {
        place.key(room.tree, &self.names, &room.prefix)
    }

    /// The room of a tree and owner; nothing when the owner has no account key. `wrapped` looks it up.
    pub(super) fn room(
        &self,
        tree: Tree,
        owner: &Option<Id>,
        wrapped: impl FnOnce(&Id) -> Result<Option<Blob>, Fault>,
    ) -> Result<Option<Arc<Room>>, Fault> {
        let name = (*owner, tree.name);
        if let Some(room) = lock(&self.rooms).get(&name) {
            return Ok(Some(room.clone()));
        }
        let secret = match owner {
            None => self.data.clone(),
            Some(owner) => match self.account(owner, wrapped)? {
                Some(secret) => secret,
                None => return Ok(None),
            },
        };
        let key = expand(&secret, &[b"cs1 vault tree\0", tree.name.as_bytes()]);
        let room = Arc::new(Room {
            tree,
            prefix: self.prefix(tree, owner),
            cipher: SealingKey::new(&key).map_err(|_| Fault::Damaged)?,
        });
        lock(&self.rooms).insert(name, room.clone());
        Ok(Some(room))
    }

    fn account(
        &self,
        owner: &Id,
        wrapped: impl FnOnce(&Id) -> Result<Option<Blob>, Fault>,
    ) -> Result<Option<Arc<Secret>>, Fault> {
        if let Some(known) = lock(&self.accounts).get(owner) {
            return Ok(Some(known.clone()));
        }
        let Some(wrapped) = wrapped(owner)? else {
            return Ok(None);
        };
        let secret = unwrap(&*self.hardware, owner, &wrapped)?;
        lock(&self.accounts).insert(*owner, secret.clone());
        Ok(Some(secret))
    }

    /// A new account key, known from now on, and how the hardware key of that ID wrapped it.
    pub(super) fn adopt(&self, owner: &Id) -> Result<Blob, Fault> {
        self.forget(owner);
        let secret = make_secret()?;
        // EXPOSE: to the hardware, which wraps it.
        let wrapped = self.hardware.wrap(owner, Gesture::Free, &secret[..])?;
        lock(&self.accounts).insert(*owner, secret);
        Ok(Blob(wrapped))
    }

    /// Forgets what was known for an ID.
    pub(super) fn forget(&self, owner: &Id) {
        lock(&self.accounts).remove(owner);
        lock(&self.rooms).retain(|(other, _), _| *other != Some(*owner));
    }
}

fn make_secret() -> Result<Arc<Secret>, Fault> {
    let bytes = make_random().map_err(|_| Fault::Random)?;
    Ok(Arc::new(Zeroizing::new(bytes)))
}

fn unwrap(hardware: &dyn DeviceKeys, owner: &Id, wrapped: &Blob) -> Result<Arc<Secret>, Fault> {
    let bytes = hardware.unwrap(owner, Gesture::Free, &wrapped.0)?;
    let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| Fault::Damaged)?;
    Ok(Arc::new(Zeroizing::new(bytes)))
}

//! One change: what it read is its precondition, what it wrote becomes durable together.

use super::commit::{Raw, Write, Writes};
use super::{Fault, Found, OwnerKey, Place, Record, Vault, envelope, memo, parse};
use crate::ports::{Order, StoreError};
use countersign_protocol::Id;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A change that is being made. Dropped without a commit it never was.
pub(crate) struct Change<'a> {
    vault: &'a Vault,
    /// As the store had them.
    reads: Raw,
    writes: Writes,
    /// IDs that got an account key by it, or lost theirs.
    adopted: Vec<Id>,
    disowned: Vec<Id>,
}

impl<'a> Change<'a> {
    pub(super) fn new(vault: &'a Vault) -> Self {
        Self {
            vault,
            reads: BTreeMap::new(),
            writes: BTreeMap::new(),
            adopted: Vec::new(),
            disowned: Vec::new(),
        }
    }

    /// A record as it is, or as this change has made it.
    pub(crate) fn read<T: Record>(&mut self, place: &Place) -> Result<Option<T>, Fault> {
        let Some(room) = self.vault.room::<T>(&place.owner)? else {
            // That the owner is nobody is part of what was read.
            if let Some(owner) = &place.owner {
                self.read::<OwnerKey>(&OwnerKey::place(owner))?;
            }
            return Ok(None);
        };
        let key = self.vault.keys.key(&room, place);
        match self.writes.get(&key) {
            Some(Write::Put { plain, .. }) => return parse(plain).map(Some),
            Some(Write::Delete) => return Ok(None),
            None => {}
        }
        if !self.reads.contains_key(&key) {
            let found = self.vault.store.read(&key)?;
            self.reads.insert(key.clone(), found);
        }
        let Some(Some(sealed)) = self.reads.get(&key) else {
            return Ok(None);
        };
        self.vault.decode(&room, &key, sealed).map(Some)
    }

    /// Writes a record.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when its owner was removed meanwhile.
    pub(crate) fn put<T: Record>(&mut self, place: &Place, record: &T) -> Result<(), Fault> {
        let room = self.vault.room::<T>(&place.owner)?;
        let room = room.ok_or(StoreError::Changed)?;
        let mut plain = Zeroizing::new(Vec::with_capacity(T::LENGTH));
        serde_json::to_writer(&mut *plain, record).map_err(|_| Fault::Damaged)?;
        let key = self.vault.keys.key(&room, place);
        let parsed = memo::parsed(record);
        self.writes.insert(
            key,
            Write::Put {
                room,
                plain,
                parsed,
            },
        );
        Ok(())
    }

    /// Deletes a record, if it is there.
    pub(crate) fn delete<T: Record>(&mut self, place: &Place) -> Result<(), Fault> {
        if let Some(room) = self.vault.room::<T>(&place.owner)? {
            let key = self.vault.keys.key(&room, place);
            self.writes.insert(key, Write::Delete);
        }
        Ok(())
    }

    /// Deletes what a scan found.
    pub(crate) fn delete_found(&mut self, found: &Found) {
        self.writes.insert(found.0.clone(), Write::Delete);
    }

    /// Deletes every record of a kind that an ID has. Needs no key of that ID.
    pub(crate) fn delete_all<T: Record>(&mut self, owner: &Id) -> Result<(), Fault> {
        let prefix = self.vault.prefix::<T>(&Some(*owner));
        let found = self.vault.store.scan(&prefix, Order::Rising, usize::MAX)?;
        for (key, _) in found {
            self.writes.insert(key, Write::Delete);
        }
        Ok(())
    }

    /// Gives an ID an account key, wrapped by its hardware key, so that it can have records.
    pub(crate) fn adopt(&mut self, owner: &Id) -> Result<(), Fault> {
        let key = self.vault.keys.adopt(owner)?;
        self.adopted.push(*owner);
        let owner_key = OwnerKey { owner: *owner, key };
        self.put(&OwnerKey::place(owner), &owner_key)
    }

    /// Takes the account key away. Records of the ID that are still there can't be read any more.
    pub(crate) fn disown(&mut self, owner: &Id) -> Result<(), Fault> {
        self.disowned.push(*owner);
        self.delete::<OwnerKey>(&OwnerKey::place(owner))
    }

    /// Whether a write says what is there already.
    fn is_same(&self, key: &[u8], write: &Write) -> Result<bool, Fault> {
        Ok(match (self.reads.get(key), write) {
            (Some(None), Write::Delete) => true,
            (Some(Some(sealed)), Write::Put { room, plain, .. }) => {
                sealed.len() == envelope::length(plain.len())
                    && *self.vault.open_record(room, key, sealed)? == **plain
            }
            _ => false,
        })
    }

    /// Makes it durable. One that changes nothing costs nothing.
    pub(crate) fn commit(mut self) -> Result<(), Fault> {
        let mut writes = Writes::new();
        for (key, write) in std::mem::take(&mut self.writes) {
            if !self.is_same(&key, &write)? {
                writes.insert(key, write);
            }
        }
        if !writes.is_empty() {
            let expects = std::mem::take(&mut self.reads);
            self.vault.commit(expects, writes, Raw::new())?;
        }
        self.adopted.clear();
        for owner in &self.disowned {
            self.vault.keys.forget(owner);
        }
        Ok(())
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        // Not committed: their keys were never stored.
        for owner in &self.adopted {
            self.vault.keys.forget(owner);
        }
    }
}

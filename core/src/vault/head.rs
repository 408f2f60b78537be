//! How far the store has come, and what it holds: a version that rises with every commit, and a root over the marks of all
//! records. A record that was put back to an older one, or taken away, shows when the vault is opened; an older copy of the
//! whole store shows by its version, where the device has a counter.

use super::Fault;
use super::envelope::{self, Stamp, mark};
use super::header::SCHEMA;
use super::keys::{Keys, Room};
use super::place::{HEAD, ROOTED, Tree};
use crate::ports::{Entry, Order, Store};

const TREE: Tree = Tree {
    name: "head",
    rooted: false,
};

/// Bytes of what is sealed: schema, version, root.
const LENGTH: usize = 42;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) version: u64,
    root: [u8; 32],
}

impl Head {
    /// Before the first commit.
    pub(super) fn new() -> Self {
        Self {
            version: 0,
            root: [0; 32],
        }
    }

    /// Takes a mark in or out: the root is the sum of the marks of what is there, without carry. Nobody can make up marks
    /// that cancel out, since they are tags under a secret key.
    pub(super) fn toggle(&mut self, mark: [u8; 32]) {
        for (byte, other) in self.root.iter_mut().zip(mark) {
            *byte ^= other;
        }
    }

    pub(super) fn seal(&self, keys: &Keys) -> Result<Vec<u8>, Fault> {
        let mut plain = SCHEMA.to_be_bytes().to_vec();
        plain.extend(self.version.to_be_bytes());
        plain.extend(self.root);
        let stamp = Stamp {
            epoch: keys.epoch,
            version: self.version,
        };
        envelope::seal(&room(keys)?.cipher, TREE.name, HEAD, stamp, &plain)
    }

    fn open(keys: &Keys, sealed: &[u8]) -> Result<Self, Fault> {
        let cipher = &room(keys)?.cipher;
        let (stamp, plain) = envelope::open(cipher, TREE.name, HEAD, keys.epoch, sealed)?;
        if plain.len() != LENGTH || plain[..2] != SCHEMA.to_be_bytes() {
            return Err(Fault::Damaged);
        }
        let mut root = [0; 32];
        root.copy_from_slice(&plain[10..]);
        Ok(Self {
            version: stamp.version,
            root,
        })
    }

    /// The head of a store whose records are what it says.
    ///
    /// # Errors
    /// [`Fault::Damaged`] when one is another than at the last commit, or missing, or too many.
    pub(super) fn load(keys: &Keys, store: &dyn Store) -> Result<Self, Fault> {
        let sealed = store.read(HEAD)?.ok_or(Fault::Damaged)?;
        let rooted = store.scan(&[ROOTED], Order::Rising, usize::MAX)?;
        Self::check(keys, &sealed, rooted.iter())
    }

    /// The same for entries that are in no store yet.
    pub(super) fn check<'a>(
        keys: &Keys,
        sealed: &[u8],
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Result<Self, Fault> {
        let head = Self::open(keys, sealed)?;
        let mut found = Self::new();
        for (key, sealed) in entries.filter(|(key, _)| key.first() == Some(&ROOTED)) {
            found.toggle(mark(&keys.roots, key, sealed));
        }
        if found.root == head.root {
            Ok(head)
        } else {
            Err(Fault::Damaged)
        }
    }
}

fn room(keys: &Keys) -> Result<std::sync::Arc<Room>, Fault> {
    keys.room(TREE, &None, |_| Ok(None))?.ok_or(Fault::Damaged)
}

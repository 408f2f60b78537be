//! One commit of the store, with the head that belongs to it.

use super::envelope::{self, Stamp, mark};
use super::keys::Room;
use super::memo::Parsed;
use super::place::{HEAD, ROOTED};
use super::{Fault, Vault};
use crate::ports::Batch;
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What a place will hold.
pub(super) enum Write {
    Put {
        room: Arc<Room>,
        plain: Zeroizing<Vec<u8>>,
        /// For the memo, where it is of a kind that is known.
        parsed: Option<Parsed>,
    },
    Delete,
}

pub(super) type Writes = BTreeMap<Vec<u8>, Write>;

/// Bytes as the store has them; nothing for an empty place.
pub(super) type Raw = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

impl Vault {
    /// Seals and writes. `expects` is the precondition; `beside` is written as it is, by the first commit alone. The only place
    /// where a lock is held over a call of the store: each version is one commit's.
    pub(super) fn commit(&self, expects: Raw, writes: Writes, beside: Raw) -> Result<(), Fault> {
        let mut head = self.head();
        let mut next = *head;
        next.version += 1;
        let stamp = Stamp {
            epoch: self.keys.epoch,
            version: next.version,
        };
        let mut sealed = beside;
        for (key, write) in &writes {
            let new = match write {
                Write::Put { room, plain, .. } => {
                    let tree = room.tree.name;
                    Some(envelope::seal(&room.cipher, tree, key, stamp, plain)?)
                }
                Write::Delete => None,
            };
            if key.first() == Some(&ROOTED) {
                let old = match expects.get(key) {
                    Some(old) => old.clone(),
                    None => self.store.read(key)?,
                };
                for bytes in [old.as_ref(), new.as_ref()].into_iter().flatten() {
                    next.toggle(mark(&self.keys.roots, key, bytes));
                }
            }
            sealed.insert(key.clone(), new);
        }
        sealed.insert(HEAD.to_vec(), Some(next.seal(&self.keys)?));
        let batch = Batch {
            expects,
            writes: sealed,
        };
        self.store.commit(&batch)?;
        *head = next;
        drop(head);
        self.remember(writes, batch.writes);
        Ok(())
    }

    /// What was written, for the next who reads it.
    fn remember(&self, writes: Writes, mut sealed: Raw) {
        for (key, write) in writes {
            match (write, sealed.remove(&key).flatten()) {
                (
                    Write::Put {
                        parsed: Some(parsed),
                        ..
                    },
                    Some(sealed),
                ) => self.memo.keep(key, sealed, parsed),
                (Write::Put { .. }, _) => {}
                (Write::Delete, _) => self.memo.forget(&key),
            }
        }
    }
}

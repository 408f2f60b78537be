//! K_uv, the key that asks for the person's gesture. Each has an owner of its own among the device's keys, so
//! that a new one can be made while the old one is still in use: it is an orphan until a transaction
//! takes it in, and becomes one again by the transaction that lets it go.

use super::orphans::Orphan;
use crate::core::Core;
use crate::error::Fault;
use crate::vault::{Blob, Change, Record};
use countersign_protocol::crypto::PublicKey;
use countersign_protocol::statement::{Key, Level, UvClass};
use countersign_protocol::{Id, Signed};
use serde::{Deserialize, Serialize};

/// K_uv of an ID.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UvKey {
    /// Its owner among the device's keys.
    pub(crate) owner: Id,
    pub(crate) key: PublicKey,
    /// What the gesture may be.
    pub(crate) class: UvClass,
}

/// A K_uv that waits for the server's word, and what comes with it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NextUv {
    pub(crate) uv: UvKey,
    /// The new K_off, wrapped; opening it asks the gesture.
    pub(crate) k_off: Blob,
}

/// Whose K_uv a key's owner is; named by it. Known also when the records of the ID can't be opened any more.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GestureKey {
    pub(crate) owner: Id,
    /// The ID.
    of: Id,
}

impl Record for GestureKey {
    const TREE: &'static str = "gesture";
}

/// A K_uv that was just made.
pub(crate) struct MadeUv {
    pub(crate) uv: UvKey,
    pub(crate) level: Level,
    /// `cs1-key`: it belongs to this phone.
    pub(crate) proof: Signed<Key>,
}

impl Core {
    /// Makes a K_uv for an offer or a challenge. It asks the gesture once, for the proof, which says this. Until it
    /// is taken in it is an orphan.
    pub(crate) fn make_uv(&self, says: Key) -> Result<MadeUv, Fault> {
        let owner = Id::make_to_type()?;
        self.vault.change(|change| {
            Ok::<_, Fault>(change.put(&Orphan::place(&owner), &Orphan { owner })?)
        })?;
        let made = self.keys.make_uv(&owner, says);
        if made.is_err() {
            self.destroy(&owner)?;
        }
        made
    }

    /// Destroys a K_uv that was made and not taken in.
    pub(crate) fn unmake_uv(&self, made: Option<&MadeUv>) -> Result<(), Fault> {
        made.map_or(Ok(()), |made| self.destroy(&made.uv.owner))
    }
}

/// Takes a K_uv in, for an ID.
pub(crate) fn take_in(change: &mut Change<'_>, uv: &UvKey, of: Id) -> Result<(), Fault> {
    let place = Orphan::place(&uv.owner);
    change.delete::<Orphan>(&place)?;
    let owner = uv.owner;
    Ok(change.put(&place, &GestureKey { owner, of })?)
}

/// Lets a K_uv go; it is to be destroyed after the commit.
pub(crate) fn let_go(change: &mut Change<'_>, owner: Id) -> Result<(), Fault> {
    let place = Orphan::place(&owner);
    change.delete::<GestureKey>(&place)?;
    Ok(change.put(&place, &Orphan { owner })?)
}

impl Core {
    /// The owners of every K_uv that no ID names any more. What one that can't be opened names is not known.
    pub(super) fn stray_gesture_keys(&self) -> Result<Vec<Id>, Fault> {
        let (accounts, lost) = self.accounts_and_lost()?;
        let named = |key: &GestureKey| {
            accounts.iter().any(|account| {
                let next = account.next_uv.as_ref().map(|next| &next.uv);
                let mut uv = account.uv.iter().chain(next);
                uv.any(|uv| uv.owner == key.owner)
            })
        };
        let mut strays = self.vault.all::<GestureKey>(None)?;
        strays.retain(|key| !named(key) && !lost.contains(&key.of));
        Ok(strays.into_iter().map(|key| key.owner).collect())
    }

    /// The owners of every K_uv of an ID.
    pub(crate) fn gesture_keys(&self, of: &Id) -> Result<Vec<Id>, Fault> {
        let all = self.vault.all::<GestureKey>(None)?;
        let mine = all.into_iter().filter(|key| key.of == *of);
        Ok(mine.map(|key| key.owner).collect())
    }
}

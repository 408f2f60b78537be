//! Form 1: records in clear, `1 ‖ JSON` under `tree/name`. Read once, when a vault is made where they stand; the commit that
//! writes the sealed ones takes them away. What the store's files still hold of them is gone when the engine reuses the space;
//! nothing of that form was ever shipped.

use super::commit::{Raw, Write, Writes};
use super::keys::Room;
use super::place::Tree;
use super::{Fault, OwnerKey, Place, Vault, tree};
use crate::ports::{Entry, Order, Store};
use countersign_protocol::Id;
use serde::de::IgnoredAny;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The first byte of a record of this form.
const VERSION: u8 = 1;

/// How a tree of form 1 named its records.
#[derive(Clone, Copy)]
enum Names {
    Owner,
    OwnerNumber,
    OwnerId,
    /// Of the device, by an owner.
    DeviceOwner,
    /// Of the device, by a text.
    DeviceText,
}

const TREES: [(&str, bool, Names); 11] = [
    ("account", true, Names::Owner),
    ("chain", true, Names::Owner),
    ("cursor", true, Names::Owner),
    ("keys", true, Names::OwnerNumber),
    ("state", true, Names::OwnerNumber),
    ("outbox", true, Names::OwnerNumber),
    ("history", false, Names::OwnerNumber),
    ("seen", true, Names::OwnerId),
    ("orphan", true, Names::DeviceOwner),
    ("index", true, Names::DeviceText),
    ("time", true, Names::DeviceText),
];

/// Everything that stands there.
pub(super) struct Old {
    entries: Vec<Entry>,
}

impl Old {
    /// # Errors
    /// [`Fault::Damaged`] when there is something that isn't of this form: then a header is missing, and nothing may be made
    /// in its place.
    pub(super) fn read(store: &dyn Store) -> Result<Self, Fault> {
        let entries = store.scan(b"", Order::Rising, usize::MAX)?;
        for (key, value) in &entries {
            place(key)?;
            let (version, json) = value.split_first().ok_or(Fault::Damaged)?;
            // What isn't one is left as it stands, not sealed for ever.
            let is_json = serde_json::from_slice::<IgnoredAny>(json).is_ok();
            if *version != VERSION || !is_json {
                return Err(Fault::Damaged);
            }
        }
        Ok(Self { entries })
    }

    pub(super) fn expected(&self) -> Raw {
        let entries = self.entries.iter();
        entries
            .map(|(key, value)| (key.clone(), Some(value.clone())))
            .collect()
    }

    pub(super) fn gone(&self) -> Raw {
        self.entries
            .iter()
            .map(|(key, _)| (key.clone(), None))
            .collect()
    }

    /// The same records, sealed, and an account key for every ID.
    pub(super) fn writes(&self, vault: &Vault) -> Result<Writes, Fault> {
        let mut writes = Writes::new();
        for (key, _) in &self.entries {
            if let (
                Tree {
                    name: "account", ..
                },
                Place {
                    owner: Some(owner), ..
                },
            ) = place(key)?
            {
                let owner_key = OwnerKey {
                    owner,
                    key: vault.keys.adopt(&owner)?,
                };
                let json = serde_json::to_vec(&owner_key).map_err(|_| Fault::Damaged)?;
                let place = OwnerKey::place(&owner);
                put(vault, &mut writes, tree::<OwnerKey>(), &place, &json)?;
            }
        }
        for (key, value) in &self.entries {
            let (tree, place) = place(key)?;
            put(vault, &mut writes, tree, &place, &value[1..])?;
        }
        Ok(writes)
    }
}

fn put(
    vault: &Vault,
    writes: &mut Writes,
    tree: Tree,
    place: &Place,
    json: &[u8],
) -> Result<(), Fault> {
    // Every ID was adopted before, so nothing is looked up.
    let room: Option<Arc<Room>> = vault.keys.room(tree, &place.owner, |_| Ok(None))?;
    let room = room.ok_or(Fault::Damaged)?;
    let key = vault.keys.key(&room, place);
    let plain = Zeroizing::new(json.to_vec());
    let parsed = None;
    writes.insert(
        key,
        Write::Put {
            room,
            plain,
            parsed,
        },
    );
    Ok(())
}

/// Where a record of this form belongs.
fn place(key: &[u8]) -> Result<(Tree, Place), Fault> {
    let key = std::str::from_utf8(key).map_err(|_| Fault::Damaged)?;
    let (tree, name) = key.split_once('/').ok_or(Fault::Damaged)?;
    let (tree, rooted, names) = TREES
        .into_iter()
        .find(|known| known.0 == tree)
        .ok_or(Fault::Damaged)?;
    let id = |text: &str| Id::parse(text).ok_or(Fault::Damaged);
    let two = || name.split_once('/').ok_or(Fault::Damaged);
    let place = match names {
        Names::Owner => Place::of(&id(name)?),
        Names::OwnerNumber => {
            let (owner, number) = two()?;
            let number = u64::from_str_radix(number, 16).map_err(|_| Fault::Damaged)?;
            Place::numbered(&id(owner)?, number)
        }
        Names::OwnerId => {
            let (owner, name) = two()?;
            Place::named(&id(owner)?, id(name)?.as_bytes())
        }
        Names::DeviceOwner => Place::device(id(name)?.as_bytes()),
        Names::DeviceText => Place::device(name.as_bytes()),
    };
    Ok((Tree { name: tree, rooted }, place))
}

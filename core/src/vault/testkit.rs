//! A look into a vault from outside: what is in it, tree by tree.

use super::place::Tree;
use super::{OwnerKey, Record, Vault, tree};
use crate::account::{
    Account, Chain, Cursor, GestureKey, Index, KeptCodes, KeptKeys, KeptState, Orphan,
};
use crate::adapters::NoCounter;
use crate::challenge::Seen;
use crate::history::HistoryRecord;
use crate::others::{Acks, NoticeRecord};
use crate::outbox::Waiting;
use crate::ports::{DeviceKeys, Order, Store};
use crate::time::ServerTime;
use countersign_protocol::Id;
use countersign_protocol::encoding::encode;
use std::sync::Arc;

/// Every kind of record.
pub(super) fn trees() -> Vec<Tree> {
    vec![
        tree::<Account>(),
        tree::<Chain>(),
        tree::<Cursor>(),
        tree::<GestureKey>(),
        tree::<Index>(),
        tree::<KeptCodes>(),
        tree::<KeptKeys>(),
        tree::<KeptState>(),
        tree::<Orphan>(),
        tree::<OwnerKey>(),
        tree::<Seen>(),
        tree::<HistoryRecord>(),
        tree::<Acks>(),
        tree::<NoticeRecord>(),
        tree::<Waiting>(),
        tree::<ServerTime>(),
    ]
}

/// The names of all records, `tree/owner/rest`, each with what it holds; what opens the store itself isn't one. The order is
/// that of the trees.
pub(crate) fn contents(store: Arc<dyn Store>, keys: Arc<dyn DeviceKeys>) -> Vec<(String, String)> {
    if store.scan(b"", Order::Rising, 1).unwrap().is_empty() {
        return Vec::new();
    }
    let vault = Vault::open(store.clone(), keys, Arc::new(NoCounter)).unwrap();
    let owners: Vec<Option<Id>> = vault.owners().unwrap().into_iter().map(Some).collect();
    let mut contents = Vec::new();
    for tree in trees() {
        for owner in owners.iter().chain([&None]) {
            contents.extend(vault.contents_of(tree, owner));
        }
    }
    // Nothing else stands there, but the header and the head.
    let all = store.scan(b"", Order::Rising, usize::MAX).unwrap();
    assert_eq!(
        contents.len() + 2,
        all.len(),
        "a record of no tree or owner"
    );
    contents
}

/// A sealed record: its room, all of which one key opens; what it is bound to; its `nonce ‖ ciphertext ‖ tag`.
pub(crate) type SealedRecord = (String, Vec<u8>, Vec<u8>);

/// Every sealed record.
pub(crate) fn sealed(store: Arc<dyn Store>, keys: Arc<dyn DeviceKeys>) -> Vec<SealedRecord> {
    let vault = Vault::open(store, keys, Arc::new(NoCounter)).unwrap();
    let owners: Vec<Option<Id>> = vault.owners().unwrap().into_iter().map(Some).collect();
    let mut all = Vec::new();
    for tree in trees() {
        for owner in owners.iter().chain([&None]) {
            for (key, sealed) in vault.sealed_of(tree, owner) {
                let (context, body) = super::envelope::parts(tree.name, &key, &sealed);
                let room = format!("{}/{owner:?}", tree.name);
                all.push((room, context, body.to_vec()));
            }
        }
    }
    all
}

impl Vault {
    fn sealed_of(&self, tree: Tree, owner: &Option<Id>) -> Vec<(Vec<u8>, Vec<u8>)> {
        let wrapped = |owner: &Id| {
            let known = self.read::<OwnerKey>(&OwnerKey::place(owner))?;
            Ok(known.map(|known| known.key))
        };
        let room = self.keys.room(tree, owner, wrapped).unwrap().unwrap();
        let found = self.store.scan(&room.prefix, Order::Rising, usize::MAX);
        found.unwrap()
    }

    fn contents_of(&self, tree: Tree, owner: &Option<Id>) -> Vec<(String, String)> {
        let wrapped = |owner: &Id| {
            let known = self.read::<OwnerKey>(&OwnerKey::place(owner))?;
            Ok(known.map(|known| known.key))
        };
        let room = self.keys.room(tree, owner, wrapped).unwrap().unwrap();
        let found = self.store.scan(&room.prefix, Order::Rising, usize::MAX);
        let named = |(key, sealed): (Vec<u8>, Vec<u8>)| {
            let plain = self.open_record(&room, &key, &sealed).unwrap();
            let owner = owner.map(|owner| owner.to_string()).unwrap_or_default();
            let rest = match super::place::number(&key) {
                Some(number) => number.to_string(),
                None => encode(&key[17..]),
            };
            let name = format!("{}/{owner}/{rest}", tree.name);
            (name, String::from_utf8(plain.to_vec()).unwrap())
        };
        found.unwrap().into_iter().map(named).collect()
    }
}

/// A record as form 1 of the store had it.
pub(super) fn plain_name<T: Record>(rest: &str) -> Vec<u8> {
    format!("{}/{rest}", T::TREE).into_bytes()
}

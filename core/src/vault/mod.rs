//! In: records with their types. Out: the same, durable, changed together or not at all. Never: a
//! record without its version, a change that forgets what another thread wrote meanwhile.
//!
//! A record is `version ‖ JSON` under the key `tree/name`. A [`Change`] remembers what it read; its
//! commit has exactly that as precondition, so it is as if nobody else had been there, or
//! [`Fault::Changed`] and nothing happened. No lock is held while it is open.

mod change;
mod memo;

pub(crate) use change::Change;

use crate::ports::{Order, Store, StoreError};
use memo::Memo;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// The version of every record that this code writes.
const VERSION: u8 = 1;

/// How often a change is tried anew because another thread was quicker.
const TRIES: usize = 32;

/// Something that is kept.
pub(crate) trait Record: Serialize + DeserializeOwned + Clone + Send + 'static {
    /// The tree it stands in.
    const TREE: &'static str;

    /// Whether it is read so often that what was parsed is kept beside its bytes.
    const KNOWN_BY_BYTES: bool = false;
}

/// Why a record can't be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// The store's own.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record that isn't one.
    #[error("a record is damaged")]
    Damaged,
    /// Written by a newer version of this app.
    #[error("the store is of a newer version")]
    Newer,
}

impl Fault {
    /// Another change came in between.
    pub(crate) fn is_race(self) -> bool {
        self == Self::Store(StoreError::Changed)
    }
}

/// Typed records over a store.
pub(crate) struct Vault {
    store: Arc<dyn Store>,
    memo: Memo,
}

impl Vault {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        let memo = Memo::default();
        Self { store, memo }
    }

    /// One record.
    pub(crate) fn read<T: Record>(&self, name: &str) -> Result<Option<T>, Fault> {
        self.store
            .read(&key::<T>(name))?
            .map(|bytes| self.memo.decode(&bytes))
            .transpose()
    }

    /// The names and records of a tree whose names begin with `prefix`.
    pub(crate) fn scan<T: Record>(
        &self,
        prefix: &str,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(String, T)>, Fault> {
        let tree = T::TREE.len() + 1;
        let found = self.store.scan(&key::<T>(prefix), order, limit)?;
        let typed = found.into_iter().map(|(key, bytes)| {
            let name = key
                .get(tree..)
                .and_then(|name| std::str::from_utf8(name).ok());
            Ok((name.ok_or(Fault::Damaged)?.to_owned(), decode(&bytes)?))
        });
        typed.collect()
    }

    /// All records of a tree whose names begin with `prefix`, rising.
    pub(crate) fn all<T: Record>(&self, prefix: &str) -> Result<Vec<T>, Fault> {
        let found = self.scan(prefix, Order::Rising, usize::MAX)?;
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    /// Begins a change.
    pub(crate) fn begin(&self) -> Change<'_> {
        Change::new(&*self.store, &self.memo)
    }

    /// Makes a change; `edit` may run several times and has no other effect.
    pub(crate) fn change<T, E: From<Fault>>(
        &self,
        mut edit: impl FnMut(&mut Change<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        for _ in 0..TRIES {
            let mut change = self.begin();
            let done = edit(&mut change)?;
            match change.commit() {
                Ok(()) => return Ok(done),
                Err(fault) if fault.is_race() => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(Fault::Store(StoreError::Changed).into())
    }
}

fn key<T: Record>(name: &str) -> Vec<u8> {
    [T::TREE, "/", name].concat().into_bytes()
}

fn encode<T: Record>(record: &T) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, record).map_err(|_| Fault::Damaged)?;
    Ok(bytes)
}

fn decode<T: Record>(bytes: &[u8]) -> Result<T, Fault> {
    match bytes.split_first() {
        Some((&VERSION, json)) => serde_json::from_slice(json).map_err(|_| Fault::Damaged),
        Some((&version, _)) if version > VERSION => Err(Fault::Newer),
        _ => Err(Fault::Damaged),
    }
}

/// A number as part of a name, in an order that is also that of the bytes.
pub(crate) fn ordered(n: u64) -> String {
    format!("{n:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::MemoryStore;
    use crate::ports::Batch;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
    struct Note {
        text: String,
    }

    impl Record for Note {
        const TREE: &'static str = "note";
    }

    #[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
    struct Often(Note);

    impl Record for Often {
        const TREE: &'static str = "often";
        const KNOWN_BY_BYTES: bool = true;
    }

    #[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
    struct Other(Note);

    impl Record for Other {
        const TREE: &'static str = "other";
        const KNOWN_BY_BYTES: bool = true;
    }

    fn note(text: &str) -> Note {
        Note {
            text: text.to_owned(),
        }
    }

    fn vault() -> (Arc<MemoryStore>, Vault) {
        let store = Arc::new(MemoryStore::new());
        (store.clone(), Vault::new(store))
    }

    fn put(vault: &Vault, name: &str, text: &str) {
        vault
            .change(|change| change.put(name, &note(text)))
            .unwrap();
    }

    #[test]
    fn records_are_found_by_name_and_prefix() {
        let (_, vault) = vault();
        put(&vault, "a/1", "one");
        put(&vault, "a/2", "two");
        put(&vault, "b/1", "three");
        assert_eq!(vault.read::<Note>("a/1").unwrap(), Some(note("one")));
        assert_eq!(vault.read::<Note>("a/3").unwrap(), None);
        assert_eq!(vault.all::<Note>("a/").unwrap(), [note("one"), note("two")]);
        let newest = vault.scan::<Note>("", Order::Falling, 1).unwrap();
        assert_eq!(newest, [("b/1".to_owned(), note("three"))]);
    }

    #[test]
    fn a_change_that_was_overtaken_runs_again() {
        let (_, vault) = vault();
        put(&vault, "n", "0");
        let mut runs = 0;
        let seen = vault.change(|change| {
            let old = change.read::<Note>("n")?.map(|note| note.text);
            runs += 1;
            if runs == 1 {
                put(&vault, "n", "1");
            }
            change.put("m", &note("written"))?;
            Ok::<_, Fault>(old)
        });
        assert_eq!((runs, seen.unwrap().as_deref()), (2, Some("1")));
    }

    #[test]
    fn a_change_sees_its_own_writes_and_drops_those_that_change_nothing() {
        let (store, vault) = vault();
        put(&vault, "n", "0");
        let before = store.scan(b"", Order::Rising, 9).unwrap();
        let mut change = vault.begin();
        assert_eq!(change.read::<Note>("n").unwrap(), Some(note("0")));
        change.put("n", &note("1")).unwrap();
        assert_eq!(change.read::<Note>("n").unwrap(), Some(note("1")));
        change.delete::<Note>("n");
        assert_eq!(change.read::<Note>("n").unwrap(), None);
        change.put("n", &note("0")).unwrap();
        assert!(!change.is_needed());
        change.commit().unwrap();
        assert_eq!(store.scan(b"", Order::Rising, 9).unwrap(), before);
    }

    #[test]
    fn what_is_known_by_its_bytes_is_known_by_all_of_them_and_by_its_type() {
        let memo = Memo::default();
        let bytes = encode(&note("one")).unwrap();
        for _ in 0..2 {
            assert_eq!(memo.decode::<Often>(&bytes), Ok(Often(note("one"))));
            assert_eq!(memo.decode::<Other>(&bytes), Ok(Other(note("one"))));
        }
        let newer = encode(&note("two")).unwrap();
        assert_eq!(memo.decode::<Often>(&newer), Ok(Often(note("two"))));
        assert_eq!(
            memo.decode::<Often>(&bytes[..bytes.len() - 1]),
            Err(Fault::Damaged)
        );
    }

    #[test]
    fn row_48_damaged_and_newer_records_are_typed_errors() {
        let (store, vault) = vault();
        for (bytes, fault) in [
            (&b""[..], Fault::Damaged),
            (b"\x00{}", Fault::Damaged),
            (b"\x01{", Fault::Damaged),
            (b"\x01{\"text\":1}", Fault::Damaged),
            (b"\x02{\"text\":\"\"}", Fault::Newer),
        ] {
            let writes = [(b"note/n".to_vec(), Some(bytes.to_vec()))];
            store
                .commit(&Batch {
                    writes: writes.into(),
                    ..Batch::default()
                })
                .unwrap();
            assert_eq!(vault.read::<Note>("n"), Err(fault));
        }
    }
}

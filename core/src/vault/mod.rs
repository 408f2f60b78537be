//! In: records with their types. Out: the same, sealed, durable, changed together or not at all. Never: a record in clear or
//! without its version, a change that forgets what another thread wrote meanwhile, a store that is older than it was.
//!
//! A record stands in the store under a blinded key ([`place`]) in an envelope ([`envelope`]), whose key comes from the hardware
//! ([`keys`]). A [`Change`] remembers what it read; its commit has exactly that as precondition, so it is as if nobody else
//! had been there, or [`StoreError::Changed`] and nothing happened. Each commit also writes the [`head`], which vouches for
//! all the rest. No lock is held while a change is open.

mod blob;
mod change;
mod commit;
mod envelope;
mod export;
mod head;
mod header;
mod keys;
mod memo;
mod place;
mod plain;

pub(crate) use blob::Blob;
pub(crate) use change::Change;
pub(crate) use export::import;
pub(crate) use place::Place;

use crate::ports::{Count, Counter, DeviceKeys, KeyError, Order, Store, StoreError};
use countersign_protocol::Id;
use head::Head;
use header::{Header, SCHEMA};
use keys::{Keys, Room};
use memo::Memo;
use place::{HEADER, Prefix, Tree};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// How often a change is tried anew because another thread was quicker.
const TRIES: usize = 32;

/// The data key of a new vault.
const FIRST_EPOCH: u32 = 1;

/// The version that a vault's first commit makes.
const FIRST: u64 = 1;

/// Something that is kept.
pub(crate) trait Record: Serialize + DeserializeOwned + Clone + Send + 'static {
    /// The tree it stands in.
    const TREE: &'static str;

    /// Bytes that it has, nearly always: the shorter forms of one that grows while it is written would stay in memory.
    const LENGTH: usize = 512;

    /// Whether the root covers it, which is looked at whenever the vault is opened. Not for what grows without end and vouches
    /// for itself.
    const ROOTED: bool = true;

    /// Whether it is read so often that what was parsed, or put, is kept beside its bytes.
    const KNOWN_BY_BYTES: bool = false;
}

fn tree<T: Record>() -> Tree {
    Tree {
        name: T::TREE,
        rooted: T::ROOTED,
    }
}

/// Why a record can't be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// The store's own.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The device's keys, which open it.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A record that isn't one, or not the newest.
    #[error("a record is damaged")]
    Damaged,
    /// Written by a newer version of this app.
    #[error("the store is of a newer version")]
    Newer,
    /// An older copy than the device has seen.
    #[error("the store is older than it was")]
    RolledBack,
    /// The system has no randomness to give.
    #[error("no randomness")]
    Random,
}

impl Fault {
    /// Another change came in between.
    pub(crate) fn is_race(self) -> bool {
        self == Self::Store(StoreError::Changed)
    }
}

/// The account key of an ID; with it an ID begins and ends to have records.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnerKey {
    owner: Id,
    /// Wrapped by the hardware key of that ID.
    key: Blob,
}

impl Record for OwnerKey {
    const TREE: &'static str = "owner";
    const KNOWN_BY_BYTES: bool = true;
}

impl OwnerKey {
    fn place(owner: &Id) -> Place {
        Place::device(owner.as_bytes())
    }
}

/// Where a scan found a record.
pub(crate) struct Found(Vec<u8>);

impl Found {
    /// The number of a numbered one.
    pub(crate) fn number(&self) -> Option<u64> {
        place::number(&self.0)
    }
}

/// Typed, sealed records over a store.
pub(crate) struct Vault {
    store: Arc<dyn Store>,
    counter: Arc<dyn Counter>,
    /// Which store it is, to the counter.
    id: Id,
    keys: Keys,
    head: Mutex<Head>,
    /// The version that the counter has.
    counted: Mutex<Counted>,
    memo: Memo,
}

impl Vault {
    /// Opens the vault of a store; makes one where there is nothing, and brings an older form up to date.
    ///
    /// # Errors
    /// [`Fault::Newer`] and [`Fault::RolledBack`]: the store was left as it is. [`Fault::Damaged`], [`Fault::Key`],
    /// [`Fault::Store`].
    pub(crate) fn open(
        store: Arc<dyn Store>,
        hardware: Arc<dyn DeviceKeys>,
        counter: Arc<dyn Counter>,
    ) -> Result<Self, Fault> {
        let Some(header) = store.read(HEADER)? else {
            return Self::make(store, hardware, counter);
        };
        let header = Header::decode(&header)?;
        let keys = Keys::open(hardware, header.epoch, &header.data_key)?;
        let head = Head::load(&keys, &*store)?;
        let count = counter.read()?;
        if count.is_some_and(|count| count.store != header.store || count.version > head.version) {
            return Err(Fault::RolledBack);
        }
        let vault = Self {
            store,
            counter,
            id: header.store,
            keys,
            head: Mutex::new(head),
            counted: Mutex::new(Counted {
                version: count.map_or(0, |count| count.version),
                under_way: false,
            }),
            memo: Memo::default(),
        };
        vault.tell_counter();
        Ok(vault)
    }

    /// A new vault, with what stood there in an older form. Not where the counter knows of one that had more than its first
    /// commit: an engine that repairs itself by going back to nothing has lost it.
    fn make(
        store: Arc<dyn Store>,
        hardware: Arc<dyn DeviceKeys>,
        counter: Arc<dyn Counter>,
    ) -> Result<Self, Fault> {
        let old = plain::Old::read(&*store)?;
        if counter.read()?.is_some_and(|count| count.version > FIRST) {
            return Err(Fault::RolledBack);
        }
        let id = Id::make().map_err(|_| Fault::Random)?;
        let (keys, data_key) = Keys::make(hardware, FIRST_EPOCH)?;
        let vault = Self {
            store,
            counter,
            id,
            keys,
            head: Mutex::new(Head::new()),
            counted: Mutex::default(),
            memo: Memo::default(),
        };
        let header = Header {
            schema: SCHEMA,
            store: id,
            epoch: FIRST_EPOCH,
            data_key,
        };
        let writes = old.writes(&vault)?;
        let mut beside = old.gone();
        beside.insert(HEADER.to_vec(), Some(header.encode()));
        // The counter first: killed in between, the store is still what it was, and the next vault has its own name.
        vault.counter.write(Count {
            store: id,
            version: FIRST,
        })?;
        vault.commit(old.expected(), writes, beside)?;
        vault.tell_counter();
        Ok(vault)
    }

    fn head(&self) -> MutexGuard<'_, Head> {
        // Changed in one step, after the store has it.
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the counter how far the store has come, if that is news. What can't be told now is told next time. One thread tells at
    /// a time, and also what comes meanwhile; no lock is held, since a counter may be slow, or call in again.
    pub(crate) fn tell_counter(&self) {
        loop {
            let version = self.head().version;
            let Some(telling) = Telling::begin(&self.counted, version) else {
                return;
            };
            let count = Count {
                store: self.id,
                version,
            };
            if self.counter.write(count).is_err() {
                return;
            }
            telling.done(version);
        }
    }

    fn prefix<T: Record>(&self, owner: &Option<Id>) -> Prefix {
        self.keys.prefix(tree::<T>(), owner)
    }

    fn room<T: Record>(&self, owner: &Option<Id>) -> Result<Option<Arc<Room>>, Fault> {
        self.keys.room(tree::<T>(), owner, |owner| {
            let known = self.read::<OwnerKey>(&OwnerKey::place(owner))?;
            Ok(known.map(|known| known.key))
        })
    }

    fn open_record(
        &self,
        room: &Room,
        key: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let epoch = self.keys.epoch;
        Ok(envelope::open(&room.cipher, room.tree.name, key, epoch, sealed)?.1)
    }

    fn decode<T: Record>(&self, room: &Room, key: &[u8], sealed: &[u8]) -> Result<T, Fault> {
        if let Some(known) = self.memo.find(key, sealed) {
            return Ok(known);
        }
        let record = parse(&self.open_record(room, key, sealed)?)?;
        if let Some(parsed) = memo::parsed(&record) {
            self.memo.keep(key.to_vec(), sealed.to_vec(), parsed);
        }
        Ok(record)
    }

    /// One record.
    pub(crate) fn read<T: Record>(&self, place: &Place) -> Result<Option<T>, Fault> {
        let Some(room) = self.room::<T>(&place.owner)? else {
            return Ok(None);
        };
        let key = self.keys.key(&room, place);
        let sealed = self.store.read(&key)?;
        sealed
            .map(|sealed| self.decode(&room, &key, &sealed))
            .transpose()
    }

    /// The records of a kind that an ID has, or the device.
    pub(crate) fn scan<T: Record>(
        &self,
        owner: Option<&Id>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Found, T)>, Fault> {
        let Some(room) = self.room::<T>(&owner.copied())? else {
            return Ok(Vec::new());
        };
        let found = self.store.scan(&room.prefix, order, limit)?;
        let typed = found.into_iter().map(|(key, sealed)| {
            let record = self.decode(&room, &key, &sealed)?;
            Ok((Found(key), record))
        });
        typed.collect()
    }

    /// All records of a kind that an ID has, or the device, rising.
    pub(crate) fn all<T: Record>(&self, owner: Option<&Id>) -> Result<Vec<T>, Fault> {
        let found = self.scan(owner, Order::Rising, usize::MAX)?;
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    /// Whether a scan found what stands in a place.
    pub(crate) fn is_at<T: Record>(&self, found: &Found, place: &Place) -> bool {
        let prefix = self.prefix::<T>(&place.owner);
        place.key(tree::<T>(), &self.keys.names, &prefix) == found.0
    }

    /// The IDs that have records.
    pub(crate) fn owners(&self) -> Result<Vec<Id>, Fault> {
        let keys = self.all::<OwnerKey>(None)?;
        Ok(keys.into_iter().map(|key| key.owner).collect())
    }

    /// Begins a change.
    pub(crate) fn begin(&self) -> Change<'_> {
        Change::new(self)
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

/// What the counter was told.
#[derive(Default)]
struct Counted {
    version: u64,
    /// Whether a thread is telling it more.
    under_way: bool,
}

/// The right to tell the counter something; it ends when dropped, also by a panic.
struct Telling<'a>(&'a Mutex<Counted>);

impl<'a> Telling<'a> {
    /// Nothing where this was told, or another thread tells.
    fn begin(counted: &'a Mutex<Counted>, version: u64) -> Option<Self> {
        let mut known = counted.lock().unwrap_or_else(PoisonError::into_inner);
        if known.under_way || known.version >= version {
            return None;
        }
        known.under_way = true;
        Some(Self(counted))
    }

    fn done(self, version: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.version = version;
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.under_way = false;
    }
}

fn parse<T: Record>(plain: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(plain).map_err(|_| Fault::Damaged)
}

#[cfg(test)]
pub(crate) use keys::KEEPER;
#[cfg(test)]
pub(crate) mod testkit;
#[cfg(test)]
mod tests;

//! sled 0.34.7, with a guard for each trap that was measured in it; those that any engine needs are
//! in `disk.rs`.
//!
//! - A kill while it opens leaves a `snap.*.generating` that it never gets over: we delete those,
//!   and nothing else of its files.
//! - On Linux its flush ends with `sync_file_range`, which waits for neither the file's length nor the
//!   disk's own cache: the file is synced here after it.
//! - Others see a transaction before it is flushed, and a scan sees half of one that comes meanwhile:
//!   who reads waits here for who commits.
//! - After a failed commit its threads hold the file a moment longer than the database: who opens it
//!   again waits for them.
//!
//! Left as it is: damage of its log is to it the end of the log, and what comes after is gone unsaid.

use super::disk::of_io;
use crate::ports::{Batch, Entry, Order, Store, StoreError};
use ::sled::transaction::{ConflictableTransactionError, TransactionError, TransactionalTree};
use ::sled::{Config, Db, Mode};
use rustix::fs::FlockOperation;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// Fixed for ever by the first store that was shipped.
const SEGMENT_SIZE: usize = 65_536;

/// What it names its file of records.
const FILE: &str = "db";

/// Bytes of pages kept in memory.
const CACHE: u64 = 4 << 20;

/// How long a closed database may take to let go of its file.
const WAITS: u32 = 100;
const WAIT: Duration = Duration::from_millis(20);

/// A sled database. It may panic.
pub(super) struct Sled {
    db: Db,
    /// The file that it writes, to sync it.
    file: File,
    /// Held to write until what was written is durable.
    order: RwLock<()>,
}

impl Sled {
    /// Makes a database in an empty folder.
    pub(super) fn make(folder: &Path) -> Result<Self, StoreError> {
        Self::start(folder)
    }

    /// Opens the database in a folder.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        // It would make an empty one in the place of one that is gone.
        let file = match File::open(folder.join(FILE)) {
            Err(fault) if fault.kind() == ErrorKind::NotFound => return Err(StoreError::Corrupt),
            file => file.map_err(of_io)?,
        };
        wait_for_threads(&file)?;
        delete_unfinished_snapshots(folder)?;
        Self::start(folder)
    }

    fn start(folder: &Path) -> Result<Self, StoreError> {
        let config = Config::new()
            .path(folder)
            .mode(Mode::LowSpace)
            .segment_size(SEGMENT_SIZE)
            .cache_capacity(CACHE)
            .flush_every_ms(None);
        let db = config.open().map_err(of_sled)?;
        let file = File::open(folder.join(FILE)).map_err(of_io)?;
        let order = RwLock::new(());
        Ok(Self { db, file, order })
    }

    /// The entries whose keys begin with `prefix` and go on at `place` or higher, rising.
    fn from(
        &self,
        prefix: &[u8],
        place: u64,
    ) -> impl Iterator<Item = Result<Entry, StoreError>> + use<> {
        let prefix = prefix.to_vec();
        let entries = self.db.range(lowest(&prefix, place)..);
        entries
            .map(|entry| {
                let (key, value) = entry.map_err(of_sled)?;
                Ok((key.to_vec(), value.to_vec()))
            })
            .take_while(move |entry| match entry {
                Ok((key, _)) => key.starts_with(&prefix),
                Err(_) => true,
            })
    }

    /// The last entries of a prefix, falling, by going forwards alone: sled's way back names a constant of 1 MiB, which would
    /// be a quarter of what an app ships.
    fn last(&self, prefix: &[u8], limit: usize) -> Result<Vec<Entry>, StoreError> {
        let first = |place: u64| self.from(prefix, place).next().transpose();
        let mut last = match first(0)? {
            Some((key, _)) if limit > 0 => place(&key, prefix),
            _ => return Ok(Vec::new()),
        };
        // Doubles its steps until nothing lies that far up, then halves what is left until nothing lies above `last`.
        let mut step = 1;
        let mut above = loop {
            let Some(far) = last.checked_add(step) else {
                break u64::MAX;
            };
            match first(far)? {
                Some((key, _)) => last = place(&key, prefix),
                None => break far - 1,
            }
            step = step.saturating_mul(2);
        };
        while last < above {
            let middle = above - (above - last) / 2;
            match first(middle)? {
                Some((key, _)) => last = place(&key, prefix),
                None => above = middle - 1,
            }
        }
        // Numbers without gaps are found at once; others a doubled distance at a time.
        let mut back = u64::try_from(limit).unwrap_or(u64::MAX) - 1;
        loop {
            let low = last.saturating_sub(back);
            let found: Vec<Entry> = self.from(prefix, low).collect::<Result<_, _>>()?;
            if found.len() >= limit || low == 0 {
                return Ok(found.into_iter().rev().take(limit).collect());
            }
            back = back.saturating_mul(2).saturating_add(1);
        }
    }
}

/// What a key has behind its prefix, as far as eight bytes of it say: the order of places is that of keys.
fn place(key: &[u8], prefix: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let rest = key.get(prefix.len()..).unwrap_or_default();
    for (byte, of_key) in bytes.iter_mut().zip(rest) {
        *byte = *of_key;
    }
    u64::from_be_bytes(bytes)
}

/// The lowest key of a place: one that ends in zeros is the same place without them.
fn lowest(prefix: &[u8], place: u64) -> Vec<u8> {
    let mut key = prefix.to_vec();
    key.extend(place.to_be_bytes());
    let zeros = 8.min(usize::try_from(place.trailing_zeros() / 8).unwrap_or(0));
    key.truncate(key.len() - zeros);
    key
}

impl Store for Sled {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let _reading = self.order.read().map_err(after_a_panic)?;
        let found = self.db.get(key).map_err(of_sled)?;
        Ok(found.map(|value| value.to_vec()))
    }

    fn scan(&self, prefix: &[u8], order: Order, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let _reading = self.order.read().map_err(after_a_panic)?;
        match order {
            Order::Rising => self.from(prefix, 0).take(limit).collect(),
            Order::Falling => self.last(prefix, limit),
        }
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let _writing = self.order.write().map_err(after_a_panic)?;
        match self.db.transaction(|tree| apply(tree, batch)) {
            Ok(()) => {}
            Err(TransactionError::Abort(Unexpected)) => return Err(StoreError::Changed),
            Err(TransactionError::Storage(fault)) => return Err(of_sled(fault)),
        }
        self.db.flush().map_err(of_sled)?;
        self.file.sync_data().map_err(of_io)
    }
}

/// The precondition doesn't hold.
struct Unexpected;

type Applied = Result<(), ConflictableTransactionError<Unexpected>>;

fn apply(tree: &TransactionalTree, batch: &Batch) -> Applied {
    for (key, expected) in &batch.expects {
        if tree.get(key)?.as_deref() != expected.as_deref() {
            return Err(ConflictableTransactionError::Abort(Unexpected));
        }
    }
    for (key, value) in &batch.writes {
        match value {
            Some(value) => tree.insert(key.as_slice(), value.as_slice())?,
            None => tree.remove(key.as_slice())?,
        };
    }
    Ok(())
}

/// Waits until no thread of a database that this process closed has the file any more. Not on systems
/// where sled takes no lock: there none can be seen.
fn wait_for_threads(file: &File) -> Result<(), StoreError> {
    for _ in 0..WAITS {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                return rustix::fs::flock(file, FlockOperation::Unlock)
                    .map_err(|fault| of_io(fault.into()));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(WAIT),
            Err(fault) => return Err(of_io(fault.into())),
        }
    }
    Err(StoreError::Busy)
}

fn delete_unfinished_snapshots(folder: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(folder).map_err(of_io)? {
        let entry = entry.map_err(of_io)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path()).map_err(of_io)?;
        }
    }
    Ok(())
}

/// A commit never came to its end.
fn after_a_panic<T>(_: PoisonError<T>) -> StoreError {
    StoreError::Corrupt
}

fn of_sled(fault: ::sled::Error) -> StoreError {
    match fault {
        ::sled::Error::Io(fault) => of_io(fault),
        _ => StoreError::Corrupt,
    }
}

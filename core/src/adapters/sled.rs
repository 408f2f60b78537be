//! The store on disk: sled 0.34.7, with a guard for each trap that was measured in it.
//!
//! - It takes no file lock on Android and iOS, and two processes then both succeed and lose data:
//!   we hold a lock of our own before it is opened.
//! - A kill while it opens leaves a `snap.*.generating` that it never gets over: we delete those,
//!   and nothing else of its files.
//! - It panics on damaged pages: caught here.
//! - On Linux its flush ends with `sync_file_range`, which waits for neither the file's length nor the
//!   disk's own cache: the file is synced here after it.

use crate::ports::{Batch, Entry, Order, Store, StoreError};
use ::sled::transaction::{ConflictableTransactionError, TransactionError, TransactionalTree};
use ::sled::{Config, Db, IVec, Mode};
use rustix::fs::FlockOperation;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Fixed for ever by the first store that was shipped.
const SEGMENT_SIZE: usize = 65_536;

/// Bytes of pages kept in memory.
const CACHE: u64 = 4 << 20;

/// A folder with a sled database. It is closed when dropped.
pub struct SledStore {
    db: Db,
    /// The file that it writes, to sync it.
    file: File,
    /// What went wrong in a commit: from then on memory and disk may differ.
    failed: Mutex<Option<StoreError>>,
    /// Held as long as the database is open; released by the system also when the process dies.
    _lock: File,
}

impl SledStore {
    /// Opens the store in a folder, and makes both if they aren't there.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another has it open, [`StoreError::Corrupt`] when it is damaged
    /// (the folder is left as it is), [`StoreError::Full`], [`StoreError::Io`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let private = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        private.map_err(|fault| of_io(fault.kind()))?;
        let lock = lock(&folder.join("lock"))?;
        let database = folder.join("db");
        delete_unfinished_snapshots(&database)?;
        let config = Config::new()
            .path(&database)
            .mode(Mode::LowSpace)
            .segment_size(SEGMENT_SIZE)
            .cache_capacity(CACHE)
            .flush_every_ms(None);
        let db = guarded(|| config.open())?;
        let file = File::open(database.join("db")).map_err(|fault| of_io(fault.kind()))?;
        // That the file is there at all must last as long as what is in it.
        for place in [folder, &database] {
            let synced = File::open(place).and_then(|place| place.sync_all());
            synced.map_err(|fault| of_io(fault.kind()))?;
        }
        Ok(Self {
            db,
            file,
            failed: Mutex::new(None),
            _lock: lock,
        })
    }

    fn usable(&self) -> Result<(), StoreError> {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.map_or(Ok(()), Err)
    }

    fn fail(&self, fault: StoreError) -> StoreError {
        if fault != StoreError::Changed {
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        }
        fault
    }
}

impl Store for SledStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.usable()?;
        let found = guarded(|| self.db.get(key)).map_err(|fault| self.fail(fault))?;
        Ok(found.map(|value| value.to_vec()))
    }

    fn scan(&self, prefix: &[u8], order: Order, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.usable()?;
        let copy = |entry: (IVec, IVec)| (entry.0.to_vec(), entry.1.to_vec());
        let found = || {
            let entries = self.db.scan_prefix(prefix);
            match order {
                Order::Rising => entries.take(limit).map(|entry| entry.map(copy)).collect(),
                Order::Falling => entries
                    .rev()
                    .take(limit)
                    .map(|entry| entry.map(copy))
                    .collect(),
            }
        };
        guarded(found).map_err(|fault| self.fail(fault))
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.usable()?;
        let write = || match self.db.transaction(|tree| apply(tree, batch)) {
            Ok(()) => self
                .db
                .flush()
                .and_then(|_| Ok(self.file.sync_data()?))
                .map(Ok),
            Err(TransactionError::Abort(Unexpected)) => Ok(Err(StoreError::Changed)),
            Err(TransactionError::Storage(fault)) => Err(fault),
        };
        guarded(write)
            .and_then(|done| done)
            .map_err(|fault| self.fail(fault))
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

/// Takes the lock, or says that somebody else has it.
fn lock(path: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|fault| of_io(fault.kind()))?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Busy),
        Err(fault) => Err(of_io(io::Error::from(fault).kind())),
    }
}

fn delete_unfinished_snapshots(database: &Path) -> Result<(), StoreError> {
    let entries = match fs::read_dir(database) {
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|fault| of_io(fault.kind()))?,
    };
    for entry in entries {
        let entry = entry.map_err(|fault| of_io(fault.kind()))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path()).map_err(|fault| of_io(fault.kind()))?;
        }
    }
    Ok(())
}

/// Calls the engine; a panic of it is damage.
fn guarded<T>(call: impl FnOnce() -> ::sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(::sled::Error::Io(fault))) => Err(of_io(fault.kind())),
        Ok(Err(_)) | Err(_) => Err(StoreError::Corrupt),
    }
}

fn of_io(kind: ErrorKind) -> StoreError {
    match kind {
        ErrorKind::StorageFull
        | ErrorKind::QuotaExceeded
        | ErrorKind::FileTooLarge
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::PermissionDenied => StoreError::Full,
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => StoreError::Corrupt,
        _ => StoreError::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::conformance;
    use std::sync::Arc;

    fn one(key: &[u8], value: &[u8]) -> Batch {
        let writes = [(key.to_vec(), Some(value.to_vec()))];
        Batch {
            writes: writes.into(),
            ..Batch::default()
        }
    }

    #[test]
    fn it_is_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let count = std::cell::Cell::new(0);
        conformance::store(&|| {
            count.set(count.get() + 1);
            Arc::new(SledStore::open(&folder.path().join(count.get().to_string())).unwrap())
        });
    }

    #[test]
    fn what_was_committed_is_there_after_opening_anew() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0u8..5 {
            let store = SledStore::open(folder.path()).unwrap();
            assert_eq!(
                store.scan(b"", Order::Rising, 100).unwrap().len(),
                usize::from(round)
            );
            store.commit(&one(&[round], b"value")).unwrap();
        }
    }

    #[test]
    fn row_48_the_second_to_open_it_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        assert_eq!(SledStore::open(folder.path()).err(), Some(StoreError::Busy));
        drop(store);
        assert!(SledStore::open(folder.path()).is_ok());
    }

    #[test]
    fn an_unfinished_snapshot_is_deleted_and_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        store.commit(&one(b"key", b"value")).unwrap();
        drop(store);
        let database = folder.path().join("db");
        let names = || {
            let names = fs::read_dir(&database).unwrap();
            names
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect::<Vec<_>>()
        };
        let finished = names()
            .iter()
            .filter(|name| name.starts_with("snap."))
            .count();
        fs::write(database.join("snap.00000000000000FF.generating"), b"half").unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        assert_eq!(store.read(b"key").unwrap().as_deref(), Some(&b"value"[..]));
        assert!(!names().iter().any(|name| name.ends_with(".generating")));
        assert!(
            names()
                .iter()
                .filter(|name| name.starts_with("snap."))
                .count()
                >= finished
        );
    }

    #[test]
    fn row_48_a_damaged_store_is_a_typed_error_or_its_own_repair() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        for at in 0u8..50 {
            store.commit(&one(&[at], &[at; 200])).unwrap();
        }
        drop(store);
        let file = folder.path().join("db").join("db");
        let good = fs::read(&file).unwrap();
        // Every opening that works must also let itself be read to the end.
        for at in (0..good.len().min(20_000)).step_by(997) {
            let mut bad = good.clone();
            bad[at] ^= 0xff;
            fs::write(&file, &bad).unwrap();
            if let Ok(store) = SledStore::open(folder.path()) {
                let _ = store.scan(b"", Order::Rising, 100);
            }
        }
        fs::write(folder.path().join("db").join("conf"), b"something else").unwrap();
        assert!(matches!(
            SledStore::open(folder.path()).err(),
            Some(StoreError::Corrupt | StoreError::Io)
        ));
    }

    #[test]
    fn a_panic_of_the_engine_is_damage() {
        let caught = guarded::<()>(|| panic!("as on a damaged page"));
        assert_eq!(caught, Err(StoreError::Corrupt));
    }

    #[test]
    fn after_a_failed_commit_nothing_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        store.fail(StoreError::Full);
        assert_eq!(store.read(b"key"), Err(StoreError::Full));
        assert_eq!(store.commit(&one(b"key", b"value")), Err(StoreError::Full));
    }
}

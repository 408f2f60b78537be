//! A store on disk: one folder, one lock, one engine in it, and the guards that any engine needs. An
//! engine is a [`Store`] over a folder of its own that may panic; what wraps it here may not.
//!
//! The folder holds `lock` and the database in a folder named after its engine: `db` (sled), `redb`.
//! That name is the only note of who made it, so no second one can be missing or lie after a kill.
//! A database is made under another name and renamed once it is whole: neither engine gets over a
//! kill while it makes its files (redb: a file with a length and no magic; sled: half a `conf`).

use super::memory::MemoryStore;
#[cfg(feature = "redb")]
use super::redb::Redb;
use super::sled::Sled;
use crate::config::Engine;
use crate::ports::{Batch, Entry, Order, Store, StoreError};
use rustix::fs::FlockOperation;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The folders of the engines on disk.
const SLED: &str = "db";
const REDB: &str = "redb";

/// What follows the name of a database that isn't whole yet.
const UNFINISHED: &str = ".new";

/// Opens the store in a folder, and makes both if they aren't there. It is closed when the last of
/// its owners drops it.
///
/// # Errors
/// [`StoreError::Busy`] while another has it open, [`StoreError::OtherEngine`] for a folder that
/// another engine made, [`StoreError::Corrupt`] when it is damaged (the folder is left as it is),
/// [`StoreError::Full`], [`StoreError::Io`].
pub fn open_store(folder: &Path, engine: Engine) -> Result<Arc<dyn Store>, StoreError> {
    match engine {
        Engine::Memory => {
            refuse_others(folder, None)?;
            Ok(Arc::new(MemoryStore::new()))
        }
        Engine::Sled => DiskStore::open(folder, SLED, Sled::make, Sled::open),
        #[cfg(feature = "redb")]
        Engine::Redb => DiskStore::open(folder, REDB, Redb::make, Redb::open),
        #[cfg(not(feature = "redb"))]
        Engine::Redb => Err(StoreError::OtherEngine),
    }
}

/// Moves a damaged store out of the way, so that the next opening begins an empty one, which an
/// export can be brought into. It is one rename, and nothing is deleted; keys stay where they are.
/// Gives where the old one is now, or `None` where there is none.
///
/// # Errors
/// [`StoreError::Busy`] while anybody has it open, [`StoreError::Full`], [`StoreError::Io`].
pub fn move_aside(folder: &Path) -> Result<Option<PathBuf>, StoreError> {
    if !folder.try_exists().map_err(of_io)? {
        return Ok(None);
    }
    let _lock = lock(&folder.join("lock"))?;
    for n in 1u64.. {
        let mut aside = folder.as_os_str().to_owned();
        aside.push(format!(".aside-{n}"));
        // A rename never replaces a folder that has something in it, and each has its lock file.
        match fs::rename(folder, &aside) {
            Err(fault) if is_taken(fault.kind()) => {}
            moved => {
                moved.map_err(of_io)?;
                sync(folder.parent())?;
                return Ok(Some(aside.into()));
            }
        }
    }
    Err(StoreError::Io)
}

fn is_taken(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory
    )
}

/// A database, its lock, and what to think of it.
struct DiskStore<E> {
    /// `None` only while it is dropped.
    engine: Option<E>,
    /// What went wrong: from then on memory and disk may differ.
    failed: Mutex<Option<StoreError>>,
    /// Held as long as the database is open; released by the system also when the process dies.
    _lock: File,
}

impl<E: Store + 'static> DiskStore<E> {
    fn open<M>(
        folder: &Path,
        name: &str,
        make: impl FnOnce(&Path) -> Result<M, StoreError>,
        open: impl FnOnce(&Path) -> Result<E, StoreError>,
    ) -> Result<Arc<dyn Store>, StoreError> {
        make_folder(folder)?;
        let lock = lock(&folder.join("lock"))?;
        refuse_others(folder, Some(name))?;
        let database = folder.join(name);
        if !database.try_exists().map_err(of_io)? {
            make_whole(folder, name, make)?;
        }
        let store = Self {
            engine: Some(guarded(|| open(&database))?),
            failed: Mutex::new(None),
            _lock: lock,
        };
        // That the database is there at all must last as long as what is in it.
        sync([folder, &database])?;
        Ok(Arc::new(store))
    }

    /// Calls the engine, unless it failed before. What it answers after a fault may be neither what
    /// was nor what was asked for, so there is no such answer.
    fn call<T>(&self, call: impl FnOnce(&E) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(fault) = *self.failed() {
            return Err(fault);
        }
        let engine = self.engine.as_ref().ok_or(StoreError::Io)?;
        guarded(|| call(engine)).map_err(|fault| match fault {
            StoreError::Changed => fault,
            fault => *self.failed().get_or_insert(fault),
        })
    }

    fn failed(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: Store + 'static> Store for DiskStore<E> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.call(|engine| engine.read(key))
    }

    fn scan(&self, prefix: &[u8], order: Order, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.call(|engine| engine.scan(prefix, order, limit))
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.call(|engine| engine.commit(batch))
    }
}

impl<E> Drop for DiskStore<E> {
    fn drop(&mut self) {
        // The lock is a field and goes after it. Engines write while they close, and may panic.
        let engine = self.engine.take();
        let _ = guarded(|| {
            drop(engine);
            Ok(())
        });
    }
}

/// Makes an empty database, whole before it has its name.
fn make_whole<E>(
    folder: &Path,
    name: &str,
    make: impl FnOnce(&Path) -> Result<E, StoreError>,
) -> Result<(), StoreError> {
    let unfinished = folder.join(format!("{name}{UNFINISHED}"));
    match fs::remove_dir_all(&unfinished) {
        Err(fault) if fault.kind() == ErrorKind::NotFound => {}
        removed => removed.map_err(of_io)?,
    }
    make_folder(&unfinished)?;
    guarded(|| make(&unfinished).map(drop))?;
    for entry in fs::read_dir(&unfinished).map_err(of_io)? {
        sync([entry.map_err(of_io)?.path()])?;
    }
    sync([&unfinished])?;
    fs::rename(&unfinished, folder.join(name)).map_err(of_io)
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let private = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    private.map_err(of_io)
}

/// Refuses a folder with the database of an engine other than `own`.
fn refuse_others(folder: &Path, own: Option<&str>) -> Result<(), StoreError> {
    for name in [SLED, REDB].into_iter().filter(|name| own != Some(name)) {
        if folder.join(name).try_exists().map_err(of_io)? {
            return Err(StoreError::OtherEngine);
        }
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
        .map_err(of_io)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(StoreError::Busy),
        Err(fault) => return Err(of_io(fault.into())),
    }
    // Between opening and locking it the folder may have been moved aside.
    if is_named(&file, path) {
        Ok(file)
    } else {
        Err(StoreError::Busy)
    }
}

/// Whether a path still leads to this file.
fn is_named(file: &File, path: &Path) -> bool {
    let place = |data: Metadata| (data.dev(), data.ino());
    let (held, named) = (file.metadata().map(place), fs::metadata(path).map(place));
    matches!((held, named), (Ok(held), Ok(named)) if held == named)
}

/// Makes that files and folders last as they are.
fn sync(places: impl IntoIterator<Item = impl AsRef<Path>>) -> Result<(), StoreError> {
    for place in places {
        let synced = File::open(place.as_ref()).and_then(|place| place.sync_all());
        synced.map_err(of_io)?;
    }
    Ok(())
}

/// Calls the engine; a panic of it is damage. (Of an app that is built to abort instead of unwinding,
/// a panic is the end.)
fn guarded<T>(call: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(StoreError::Corrupt))
}

/// What a fault of the system means for the store.
pub(super) fn of_io(fault: io::Error) -> StoreError {
    match fault.kind() {
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
#[cfg(feature = "redb")]
#[path = "disk_tests.rs"]
mod tests;

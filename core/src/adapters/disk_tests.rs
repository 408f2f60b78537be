//! Both engines: what every store does, and what surrounds them.

use super::*;
use crate::ports::conformance;
use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};

const BOTH: [Engine; 2] = [Engine::Sled, Engine::Redb];

/// The same for each engine, in a folder of its own.
fn each(test: impl Fn(Engine, &Path)) {
    for engine in BOTH {
        let folder = tempfile::tempdir().unwrap();
        test(engine, &folder.path().join("store"));
    }
}

fn one(key: &[u8], value: &[u8]) -> Batch {
    let writes = [(key.to_vec(), Some(value.to_vec()))];
    Batch {
        writes: writes.into(),
        ..Batch::default()
    }
}

fn all(store: &dyn Store) -> Result<Vec<Entry>, StoreError> {
    store.scan(b"", Order::Rising, usize::MAX)
}

/// Every file of a folder with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push((path.clone(), fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn each_engine_is_a_store() {
    each(|engine, folder| {
        let count = Cell::new(0);
        conformance::store(&|| {
            count.set(count.get() + 1);
            open_store(&folder.join(count.get().to_string()), engine).unwrap()
        });
    });
}

#[test]
fn what_was_committed_is_there_after_opening_anew() {
    each(|engine, folder| {
        for round in 0u8..5 {
            let store = open_store(folder, engine).unwrap();
            assert_eq!(all(&*store).unwrap().len(), usize::from(round));
            store.commit(&one(&[round], b"value")).unwrap();
            let refused = Batch {
                expects: [(vec![round], None)].into(),
                ..one(b"never", b"value")
            };
            assert_eq!(store.commit(&refused), Err(StoreError::Changed));
        }
    });
}

#[test]
fn row_48_the_second_to_open_it_is_told_so() {
    each(|engine, folder| {
        let store = open_store(folder, engine).unwrap();
        for second in BOTH {
            assert_eq!(open_store(folder, second).err(), Some(StoreError::Busy));
        }
        assert_eq!(move_aside(folder), Err(StoreError::Busy));
        drop(store);
        assert!(open_store(folder, engine).is_ok());
    });
}

#[test]
fn a_store_of_another_engine_is_refused_and_left_as_it_is() {
    each(|engine, folder| {
        let store = open_store(folder, engine).unwrap();
        store.commit(&one(b"key", b"value")).unwrap();
        drop(store);
        let before = files(folder);
        for other in [Engine::Sled, Engine::Redb, Engine::Memory] {
            if other != engine {
                let refused = open_store(folder, other).err();
                assert_eq!(refused, Some(StoreError::OtherEngine), "{other:?}");
            }
        }
        assert_eq!(files(folder), before);
        let store = open_store(folder, engine).unwrap();
        assert_eq!(store.read(b"key").unwrap().as_deref(), Some(&b"value"[..]));
    });
}

#[test]
fn a_database_that_was_never_finished_is_begun_anew() {
    for name in [SLED, REDB] {
        let folder = tempfile::tempdir().unwrap();
        let unfinished = folder.path().join(format!("{name}{UNFINISHED}"));
        fs::create_dir_all(unfinished.join("blobs")).unwrap();
        fs::write(unfinished.join("conf"), b"half of it").unwrap();
        // As redb leaves it: a length, and no magic yet.
        fs::write(unfinished.join("db"), [0; 73_728]).unwrap();
        for engine in BOTH {
            let folder = tempfile::tempdir().unwrap();
            let moved = folder.path().join(unfinished.file_name().unwrap());
            fs::create_dir_all(&moved).unwrap();
            for (path, bytes) in files(&unfinished) {
                fs::write(moved.join(path.file_name().unwrap()), bytes).unwrap();
            }
            let store = open_store(folder.path(), engine).unwrap();
            store.commit(&one(b"key", b"value")).unwrap();
            drop(store);
            let store = open_store(folder.path(), engine).unwrap();
            assert_eq!(all(&*store).unwrap().len(), 1);
        }
    }
}

#[test]
fn row_48_a_database_that_is_gone_is_damage_and_not_an_empty_one() {
    each(|engine, folder| {
        drop(open_store(folder, engine).unwrap());
        for name in [SLED, REDB] {
            let _ = fs::remove_file(folder.join(name).join("db"));
        }
        for _ in 0..2 {
            assert_eq!(open_store(folder, engine).err(), Some(StoreError::Corrupt));
        }
    });
}

#[test]
fn row_48_a_damaged_store_is_put_aside_whole_and_an_empty_one_begins() {
    each(|engine, folder| {
        assert_eq!(move_aside(folder), Ok(None));
        let mut moved = Vec::new();
        for round in 0u8..3 {
            let store = open_store(folder, engine).unwrap();
            assert!(all(&*store).unwrap().is_empty());
            store.commit(&one(&[round], b"value")).unwrap();
            drop(store);
            let before = files(folder);
            let place = move_aside(folder).unwrap().unwrap();
            assert!(!folder.exists());
            let after = files(&place);
            assert!(
                before
                    .iter()
                    .map(|file| &file.1)
                    .eq(after.iter().map(|file| &file.1))
            );
            moved.push(place);
        }
        for (round, place) in (0u8..).zip(moved) {
            let store = open_store(&place, engine).unwrap();
            assert_eq!(all(&*store).unwrap()[0].0, [round]);
        }
    });
}

#[test]
fn a_lock_is_none_once_its_folder_was_moved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let held = lock(&path).unwrap();
    assert!(is_named(&held, &path));
    fs::rename(&path, folder.path().join("moved")).unwrap();
    assert!(!is_named(&held, &path));
    let new = lock(&path).unwrap();
    assert!(is_named(&new, &path) && !is_named(&held, &path));
}

#[test]
fn an_unfinished_snapshot_is_deleted_and_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_store(folder.path(), Engine::Sled).unwrap();
    store.commit(&one(b"key", b"value")).unwrap();
    drop(store);
    let database = folder.path().join(SLED);
    let snapshots = || {
        let names = fs::read_dir(&database).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.starts_with("snap."))
            .collect::<Vec<_>>()
    };
    let finished = snapshots();
    fs::write(database.join("snap.00000000000000FF.generating"), b"half").unwrap();
    let store = open_store(folder.path(), Engine::Sled).unwrap();
    assert_eq!(store.read(b"key").unwrap().as_deref(), Some(&b"value"[..]));
    assert!(!snapshots().iter().any(|name| name.ends_with("generating")));
    assert!(snapshots().len() >= finished.len());
}

#[test]
fn row_48_a_damaged_store_is_a_typed_error_or_its_own_repair() {
    each(|engine, folder| {
        let store = open_store(folder, engine).unwrap();
        for at in 0u8..50 {
            store.commit(&one(&[at], &[at; 200])).unwrap();
        }
        drop(store);
        let (file, good) = files(folder)
            .into_iter()
            .find(|(path, _)| path.ends_with("db/db") || path.ends_with("redb/db"))
            .unwrap();
        // Every opening that works must also let itself be read to the end.
        for at in (0..good.len().min(20_000)).step_by(997) {
            let mut bad = good.clone();
            bad[at] ^= 0xff;
            fs::write(&file, &bad).unwrap();
            if let Ok(store) = open_store(folder, engine) {
                let _ = all(&*store);
            }
        }
        fs::write(&file, b"something else").unwrap();
        fs::write(file.with_file_name("conf"), b"something else").unwrap();
        assert!(matches!(
            open_store(folder, engine).err(),
            Some(StoreError::Corrupt | StoreError::Io)
        ));
    });
}

/// An engine that panics, in every call or only when it is closed, as on a damaged page.
struct Panics<E> {
    inner: E,
    calls: Arc<AtomicBool>,
    close: bool,
}

impl<E> Panics<E> {
    fn step(&self) {
        if self.calls.load(Ordering::SeqCst) {
            // As `panic!` would, without its words on the test's output.
            resume_unwind(Box::new("damaged page"));
        }
    }
}

impl<E: Store> Store for Panics<E> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.step();
        self.inner.read(key)
    }

    fn scan(&self, prefix: &[u8], order: Order, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let found = self.inner.scan(prefix, order, limit);
        self.step();
        found
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.inner.commit(batch)?;
        self.step();
        Ok(())
    }
}

impl<E> Drop for Panics<E> {
    fn drop(&mut self) {
        if self.close {
            resume_unwind(Box::new("damaged page"));
        }
    }
}

type Call = fn(&dyn Store) -> Result<(), StoreError>;

const CALLS: [Call; 3] = [
    |store| store.read(b"key").map(drop),
    |store| all(store).map(drop),
    |store| store.commit(&one(b"key", b"value")),
];

fn row_48_panics_are_damage<E: Store + 'static>(
    name: &str,
    make: fn(&Path) -> Result<E, StoreError>,
    open: fn(&Path) -> Result<E, StoreError>,
) {
    for (at, call) in CALLS.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let calls = Arc::new(AtomicBool::new(false));
        let panics = |inner| Panics {
            inner,
            calls: calls.clone(),
            close: at == 0,
        };
        let opened = || DiskStore::open(folder.path(), name, make, |at| open(at).map(panics));
        let store = opened().unwrap();
        for call in CALLS {
            assert_eq!(call(&*store), Ok(()));
        }
        calls.store(true, Ordering::SeqCst);
        assert_eq!(call(&*store), Err(StoreError::Corrupt));
        // The engine is well again, and is not believed.
        calls.store(false, Ordering::SeqCst);
        for call in CALLS {
            assert_eq!(call(&*store), Err(StoreError::Corrupt));
        }
        drop(store);
        let store = opened().unwrap();
        assert_eq!(store.read(b"key").unwrap().as_deref(), Some(&b"value"[..]));
    }
    let folder = tempfile::tempdir().unwrap();
    let opened = DiskStore::<E>::open(folder.path(), name, make, |_| {
        resume_unwind(Box::new("damaged page"))
    });
    assert_eq!(opened.err(), Some(StoreError::Corrupt));
    assert!(DiskStore::open(folder.path(), name, make, open).is_ok());
}

#[test]
fn row_48_a_panic_of_sled_is_damage_in_this_call_and_all_later_ones() {
    row_48_panics_are_damage(SLED, Sled::make, Sled::open);
}

#[test]
fn row_48_a_panic_of_redb_is_damage_in_this_call_and_all_later_ones() {
    row_48_panics_are_damage(REDB, Redb::make, Redb::open);
}

/// Fails its commits as a full disk does, before or after they are written.
struct Fails<E> {
    inner: E,
    written: bool,
}

impl<E: Store> Store for Fails<E> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.read(key)
    }

    fn scan(&self, prefix: &[u8], order: Order, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.inner.scan(prefix, order, limit)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        if self.written {
            self.inner.commit(batch)?;
        }
        Err(StoreError::Full)
    }
}

#[test]
fn row_48_after_a_failed_commit_nothing_is_believed_until_it_is_opened_anew() {
    for written in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let fails = |at: &Path| Sled::open(at).map(|inner| Fails { inner, written });
        let store = DiskStore::open(folder.path(), SLED, Sled::make, fails).unwrap();
        assert_eq!(store.read(b"key"), Ok(None));
        assert_eq!(store.commit(&one(b"key", b"v")), Err(StoreError::Full));
        for call in CALLS {
            assert_eq!(call(&*store), Err(StoreError::Full));
        }
        drop(store);
        let store = open_store(folder.path(), Engine::Sled).unwrap();
        assert_eq!(store.read(b"key").unwrap().is_some(), written);
        store.commit(&one(b"key", b"value")).unwrap();
    }
}

#[test]
fn what_the_system_reports_has_one_meaning_for_each_engine() {
    for (kind, fault) in [
        (ErrorKind::StorageFull, StoreError::Full),
        (ErrorKind::QuotaExceeded, StoreError::Full),
        (ErrorKind::FileTooLarge, StoreError::Full),
        (ErrorKind::ReadOnlyFilesystem, StoreError::Full),
        (ErrorKind::PermissionDenied, StoreError::Full),
        (ErrorKind::InvalidData, StoreError::Corrupt),
        (ErrorKind::UnexpectedEof, StoreError::Corrupt),
        (ErrorKind::Other, StoreError::Io),
        (ErrorKind::Interrupted, StoreError::Io),
    ] {
        assert_eq!(of_io(kind.into()), fault, "{kind:?}");
    }
}

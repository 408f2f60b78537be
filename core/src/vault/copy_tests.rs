//! Copies of a whole store, and what brings them back.

use super::*;

#[test]
fn a_copy_fills_an_empty_store_of_the_same_device_and_no_other() {
    let device = Device::new();
    let vault = device.with_anna();
    put(&vault, &Place::of(&ANNA), "one");
    vault.tell_counter();
    let copy = vault.export().unwrap();
    drop(vault);
    let restore =
        |to: &Device, copy: &[u8]| import(&*to.store, to.keys.clone(), &*to.counter, copy);
    assert_eq!(
        restore(&device, &copy),
        Err(Fault::Store(StoreError::Changed))
    );
    let stranger = Device::new();
    assert_eq!(
        restore(&stranger, &copy),
        Err(Fault::Key(KeyError::Invalidated))
    );
    let device = Device {
        store: Arc::default(),
        ..device
    };
    for at in 0..copy.len() {
        let mut bad = copy.clone();
        bad[at] ^= 1;
        assert!(restore(&device, &bad).is_err(), "{at}");
        assert!(restore(&device, &copy[..at]).is_err(), "{at}");
    }
    assert!(device.entries().is_empty());
    restore(&device, &copy).unwrap();
    let vault = device.open().unwrap();
    assert_eq!(
        vault.read::<Note>(&Place::of(&ANNA)).unwrap(),
        Some(note("one"))
    );
}

#[test]
fn a_copy_from_before_the_last_commits_is_taken_since_a_person_asks_for_it() {
    let device = Device::new();
    let vault = device.with_anna();
    let copy = vault.export().unwrap();
    put(&vault, &Place::of(&ANNA), "later");
    vault.tell_counter();
    drop(vault);
    let device = Device {
        store: Arc::default(),
        ..device
    };
    import(&*device.store, device.keys.clone(), &*device.counter, &copy).unwrap();
    let vault = device.open().unwrap();
    assert_eq!(vault.read::<Note>(&Place::of(&ANNA)).unwrap(), None);
}

/// A device whose process dies before or after the nth thing that is written.
struct Dying<'a> {
    device: &'a Device,
    left: AtomicU64,
}

impl<'a> Dying<'a> {
    fn at(device: &'a Device, step: u64) -> Self {
        let left = AtomicU64::new(step);
        Self { device, left }
    }

    fn write<E>(&self, dead: E, write: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let dies = || {
            let left = self.left.load(Ordering::SeqCst).saturating_sub(1);
            self.left.store(left, Ordering::SeqCst);
            left == 0
        };
        if dies() {
            return Err(dead);
        }
        write()?;
        if dies() { Err(dead) } else { Ok(()) }
    }
}

impl Store for Dying<'_> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.device.store.read(key)
    }

    fn scan(&self, prefix: &[u8], order: Order, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.device.store.scan(prefix, order, limit)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.write(StoreError::Io, || self.device.store.commit(batch))
    }
}

impl Counter for Dying<'_> {
    fn read(&self) -> Result<Option<Count>, KeyError> {
        self.device.counter.read()
    }

    fn write(&self, count: Count) -> Result<(), KeyError> {
        self.write(KeyError::Unreadable, || self.device.counter.write(count))
    }
}

/// Whatever the counter knew before: an app that could begin anew still can, one that couldn't still can't, and the copy can be
/// brought back a second time; or it is back already.
#[test]
fn row_48_killed_anywhere_a_copy_is_back_or_can_be_brought_back_again() {
    let device = Device::new();
    let vault = device.with_anna();
    put(&vault, &Place::of(&ANNA), "one");
    vault.tell_counter();
    let copy = vault.export().unwrap();
    let own = device.counter.read().unwrap().unwrap();
    drop(vault);
    assert!(own.version > FIRST);
    let stranger = Id::from([9; 16]);
    let counts = [
        None,
        Some((own.store, FIRST)),
        Some((own.store, own.version)),
        Some((own.store, own.version + 7)),
        Some((stranger, FIRST)),
        Some((stranger, own.version)),
        Some((stranger, own.version + 7)),
    ];
    let counted = |count: Option<(Id, u64)>| {
        let counter = MemoryCounter::default();
        if let Some((store, version)) = count {
            counter.write(Count { store, version }).unwrap();
        }
        Arc::new(counter)
    };
    for count in counts {
        let begins = count.is_none_or(|(_, version)| version == FIRST);
        let mut died = 0;
        for step in 1.. {
            let device = |counter| Device {
                store: Arc::default(),
                keys: device.keys.clone(),
                counter,
                _folder: tempfile::tempdir().unwrap(),
            };
            let hit = device(counted(count));
            let dying = Dying::at(&hit, step);
            let done = import(&dying, hit.keys.clone(), &dying, &copy).is_ok();
            let told = hit.counter.read().unwrap();
            if hit.entries().is_empty() {
                died += 1;
                assert!(!done, "{count:?} {step}");
                // Another device of the same state, since opening may begin anew.
                let other = device(counted(told.map(|told| (told.store, told.version))));
                assert_eq!(other.open().is_ok(), begins, "{count:?} {step}");
                import(&*hit.store, hit.keys.clone(), &*hit.counter, &copy).unwrap();
            }
            let vault = hit
                .open()
                .unwrap_or_else(|fault| panic!("{fault}: {count:?} {step}"));
            let read = vault.read::<Note>(&Place::of(&ANNA)).unwrap();
            assert_eq!(read, Some(note("one")), "{count:?} {step}");
            assert_eq!(hit.counter.read().unwrap(), Some(own), "{count:?} {step}");
            if done && dying.left.load(Ordering::SeqCst) > 0 {
                break;
            }
        }
        assert!(died >= 3, "{count:?}: {died}");
    }
}

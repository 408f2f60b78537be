//! Records that are read at every step and seldom change, as they were read last. What the store holds is looked at each time;
//! only when it is byte for byte the same, it isn't opened and parsed again.

use super::Record;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Records that are known at a time.
const MOST: usize = 64;

/// A record as it was parsed, or as it was put.
pub(super) type Parsed = Box<dyn Any + Send>;

/// The same, if it is of a kind that is known.
pub(super) fn parsed<T: Record>(record: &T) -> Option<Parsed> {
    T::KNOWN_BY_BYTES.then(|| Box::new(record.clone()) as Parsed)
}

/// A record, and what it was sealed in.
struct Known {
    sealed: Vec<u8>,
    record: Parsed,
}

/// One for each place, by its key in the store.
#[derive(Default)]
pub(super) struct Memo(Mutex<BTreeMap<Vec<u8>, Known>>);

impl Memo {
    fn known(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record of a place, if it is known and still the same.
    pub(super) fn find<T: Record>(&self, key: &[u8], sealed: &[u8]) -> Option<T> {
        if !T::KNOWN_BY_BYTES {
            return None;
        }
        let known = self.known();
        let known = known.get(key).filter(|known| known.sealed == sealed)?;
        known.record.downcast_ref::<T>().cloned()
    }

    pub(super) fn keep(&self, key: Vec<u8>, sealed: Vec<u8>, record: Parsed) {
        let mut known = self.known();
        if known.len() >= MOST {
            // Each is opened and parsed once more.
            known.clear();
        }
        known.insert(key, Known { sealed, record });
    }

    /// A place was emptied.
    pub(super) fn forget(&self, key: &[u8]) {
        self.known().remove(key);
    }
}

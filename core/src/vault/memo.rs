//! Records that are read at every step and seldom change, as they were read last. What the store holds is looked at each time;
//! only when it is byte for byte the same, it isn't opened and parsed again.

use super::Record;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A record, and what it was sealed in.
struct Known {
    sealed: Vec<u8>,
    record: Box<dyn Any + Send>,
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

    pub(super) fn keep<T: Record>(&self, key: &[u8], sealed: &[u8], record: &T) {
        if T::KNOWN_BY_BYTES {
            let known = Known {
                sealed: sealed.to_vec(),
                record: Box::new(record.clone()),
            };
            self.known().insert(key.to_vec(), known);
        }
    }

    /// A place was emptied.
    pub(super) fn forget(&self, key: &[u8]) {
        self.known().remove(key);
    }
}

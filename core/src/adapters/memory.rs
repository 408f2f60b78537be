//! A store in memory: for tests, and for programs that want to forget.

use crate::ports::{Batch, Entry, Order, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Holds everything until it is dropped.
#[derive(Default)]
pub struct MemoryStore(Mutex<BTreeMap<Vec<u8>, Vec<u8>>>);

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Vec<u8>>> {
        // Nothing panics while it is locked, so it is never half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.entries().get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], order: Order, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let entries = self.entries();
        let found = entries
            .range(prefix.to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| (key.clone(), value.clone()));
        Ok(match order {
            Order::Rising => found.take(limit).collect(),
            Order::Falling => {
                let all: Vec<Entry> = found.collect();
                all.into_iter().rev().take(limit).collect()
            }
        })
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut entries = self.entries();
        if batch
            .expects
            .iter()
            .any(|(key, value)| entries.get(key) != value.as_ref())
        {
            return Err(StoreError::Changed);
        }
        for (key, value) in &batch.writes {
            match value {
                Some(value) => entries.insert(key.clone(), value.clone()),
                None => entries.remove(key),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::conformance;
    use std::sync::Arc;

    #[test]
    fn it_is_a_store() {
        conformance::store(&|| Arc::new(MemoryStore::new()));
    }
}

//! One change: what it read is its precondition, what it wrote becomes durable together.

use super::{Fault, Record, decode, encode, key};
use crate::ports::{Batch, Store};

/// A change that is being made. Dropped without a commit it never was.
pub(crate) struct Change<'a> {
    store: &'a dyn Store,
    batch: Batch,
}

impl<'a> Change<'a> {
    pub(super) fn new(store: &'a dyn Store) -> Self {
        Self {
            store,
            batch: Batch::default(),
        }
    }

    /// A record as it is, or as this change has made it.
    pub(crate) fn read<T: Record>(&mut self, name: &str) -> Result<Option<T>, Fault> {
        let key = key::<T>(name);
        let bytes = match (self.batch.writes.get(&key), self.batch.expects.get(&key)) {
            (Some(written), _) => written.clone(),
            (None, Some(seen)) => seen.clone(),
            (None, None) => {
                let found = self.store.read(&key)?;
                self.batch.expects.insert(key, found.clone());
                found
            }
        };
        bytes.map(|bytes| decode(&bytes)).transpose()
    }

    /// Writes a record.
    pub(crate) fn put<T: Record>(&mut self, name: &str, record: &T) -> Result<(), Fault> {
        self.batch
            .writes
            .insert(key::<T>(name), Some(encode(record)?));
        Ok(())
    }

    /// Deletes a record, if it is there.
    pub(crate) fn delete<T: Record>(&mut self, name: &str) {
        self.batch.writes.insert(key::<T>(name), None);
    }

    /// Whether it writes anything that isn't there already.
    pub(crate) fn is_needed(&self) -> bool {
        let same = |(key, value)| self.batch.expects.get(key) == Some(value);
        !self.batch.writes.iter().all(same)
    }

    /// Makes it durable. One that isn't needed costs nothing.
    pub(crate) fn commit(self) -> Result<(), Fault> {
        if self.is_needed() {
            Ok(self.store.commit(&self.batch)?)
        } else {
            Ok(())
        }
    }
}

//! One change: what it read is its precondition, what it wrote becomes durable together.

use super::memo::Memo;
use super::{Fault, Record, encode, key};
use crate::ports::{Batch, Store};
use std::collections::btree_map::Entry;

/// A change that is being made. Dropped without a commit it never was.
pub(crate) struct Change<'a> {
    store: &'a dyn Store,
    memo: &'a Memo,
    batch: Batch,
}

impl<'a> Change<'a> {
    pub(super) fn new(store: &'a dyn Store, memo: &'a Memo) -> Self {
        Self {
            store,
            memo,
            batch: Batch::default(),
        }
    }

    /// A record as it is, or as this change has made it.
    pub(crate) fn read<T: Record>(&mut self, name: &str) -> Result<Option<T>, Fault> {
        let key = key::<T>(name);
        let bytes = match self.batch.writes.get(&key) {
            Some(written) => written,
            None => match self.batch.expects.entry(key) {
                Entry::Occupied(seen) => seen.into_mut(),
                Entry::Vacant(free) => {
                    let found = self.store.read(free.key())?;
                    free.insert(found)
                }
            },
        };
        let record = bytes.as_ref().map(|bytes| self.memo.decode(bytes));
        record.transpose()
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

//! redb 4.6.0: one table, each commit synced before it returns. The guards that any engine needs are
//! in `disk.rs`.
//!
//! - Opened plainly it believes every page, and a damaged one is a panic or a wrong value: we have
//!   it check the sums of all pages when it opens.
//! - It keeps up to 1 GiB of pages in memory unless told otherwise.

use super::disk::of_io;
use crate::ports::{Batch, Entry, Order, Store, StoreError};
use ::redb::{
    Builder, CommitError, Database, DatabaseError, Durability, ReadableDatabase, ReadableTable,
    StorageError, Table, TableDefinition, TableError, TransactionError, WriteTransaction,
};
use std::io::ErrorKind;
use std::ops::Bound;
use std::path::Path;

const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");

/// The only file.
const FILE: &str = "db";

/// Bytes of pages kept in memory.
const CACHE: usize = 4 << 20;

/// A redb database. It may panic.
pub(super) struct Redb(Database);

impl Redb {
    /// Makes a database in an empty folder.
    pub(super) fn make(folder: &Path) -> Result<Self, StoreError> {
        let made = Self(builder().create(folder.join(FILE)).map_err(of_database)?);
        made.write(|_| Ok(true))?;
        Ok(made)
    }

    /// Opens the database in a folder.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let opened = Self(builder().open(folder.join(FILE)).map_err(of_open)?);
        // The first commit made the table: without it, this is not what was left.
        let reading = opened.0.begin_read().map_err(of_transaction)?;
        reading.open_table(ENTRIES).map_err(of_table)?;
        drop(reading);
        Ok(opened)
    }

    /// Commits what `edit` does, if it says so.
    fn write(
        &self,
        edit: impl FnOnce(&mut Table<'_, &[u8], &[u8]>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut writing: WriteTransaction = self.0.begin_write().map_err(of_transaction)?;
        writing
            .set_durability(Durability::Immediate)
            .map_err(|_| StoreError::Io)?;
        let mut table = writing.open_table(ENTRIES).map_err(of_table)?;
        let wanted = edit(&mut table);
        drop(table);
        match wanted {
            Ok(true) => writing.commit().map_err(of_commit),
            Ok(false) => writing.abort().map_err(of_storage),
            // Dropped, it is undone.
            Err(fault) => Err(fault),
        }
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE)
        .set_check_integrity_on_open(true);
    builder
}

impl Store for Redb {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let reading = self.0.begin_read().map_err(of_transaction)?;
        let table = reading.open_table(ENTRIES).map_err(of_table)?;
        let found = table.get(key).map_err(of_storage)?;
        Ok(found.map(|value| value.value().to_vec()))
    }

    fn scan(&self, prefix: &[u8], order: Order, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let reading = self.0.begin_read().map_err(of_transaction)?;
        let table = reading.open_table(ENTRIES).map_err(of_table)?;
        let end = end_of(prefix);
        let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let range = (Bound::Included(prefix), end);
        let entries = table.range::<&[u8]>(range).map_err(of_storage)?;
        let copy = |entry: Result<(::redb::AccessGuard<'_, &[u8]>, _), _>| {
            let (key, value): (_, ::redb::AccessGuard<'_, &[u8]>) = entry.map_err(of_storage)?;
            Ok((key.value().to_vec(), value.value().to_vec()))
        };
        match order {
            Order::Rising => entries.take(limit).map(copy).collect(),
            Order::Falling => entries.rev().take(limit).map(copy).collect(),
        }
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.write(|table| apply(table, batch))
    }
}

/// Whether there is something to commit.
fn apply(table: &mut Table<'_, &[u8], &[u8]>, batch: &Batch) -> Result<bool, StoreError> {
    for (key, expected) in &batch.expects {
        let found = table.get(key.as_slice()).map_err(of_storage)?;
        if found.as_ref().map(|value| value.value()) != expected.as_deref() {
            return Err(StoreError::Changed);
        }
    }
    for (key, value) in &batch.writes {
        let done = match value {
            Some(value) => table.insert(key.as_slice(), value.as_slice()),
            None => table.remove(key.as_slice()),
        };
        done.map_err(of_storage)?;
    }
    Ok(!batch.writes.is_empty())
}

/// The first key behind all that begin with `prefix`; `None` where there is none.
fn end_of(prefix: &[u8]) -> Option<Vec<u8>> {
    let (last, rest) = prefix
        .iter()
        .rposition(|byte| *byte != u8::MAX)
        .and_then(|at| prefix[..=at].split_last())?;
    Some([rest, &[last + 1]].concat())
}

fn of_storage(fault: StorageError) -> StoreError {
    match fault {
        StorageError::Io(fault) => of_io(fault),
        StorageError::PreviousIo | StorageError::DatabaseClosed | StorageError::Backend(_) => {
            StoreError::Io
        }
        // More than anything here can be.
        StorageError::ValueTooLarge(_) => StoreError::Full,
        _ => StoreError::Corrupt,
    }
}

fn of_database(fault: DatabaseError) -> StoreError {
    match fault {
        DatabaseError::DatabaseAlreadyOpen => StoreError::Busy,
        DatabaseError::Storage(fault) => of_storage(fault),
        _ => StoreError::Corrupt,
    }
}

/// A file that is gone was there.
fn of_open(fault: DatabaseError) -> StoreError {
    match fault {
        DatabaseError::Storage(StorageError::Io(fault)) if fault.kind() == ErrorKind::NotFound => {
            StoreError::Corrupt
        }
        fault => of_database(fault),
    }
}

fn of_transaction(fault: TransactionError) -> StoreError {
    match fault {
        TransactionError::Storage(fault) => of_storage(fault),
        _ => StoreError::Io,
    }
}

fn of_table(fault: TableError) -> StoreError {
    match fault {
        TableError::Storage(fault) => of_storage(fault),
        _ => StoreError::Corrupt,
    }
}

fn of_commit(fault: CommitError) -> StoreError {
    match fault {
        CommitError::Storage(fault) => of_storage(fault),
        _ => StoreError::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_one() {
        for (prefix, end) in [
            (&b""[..], None),
            (b"a", Some(&b"b"[..])),
            (b"a/\xff", Some(b"a0")),
            (b"\xff\xff", None),
            (b"\x00\xff\xff", Some(b"\x01")),
        ] {
            assert_eq!(end_of(prefix).as_deref(), end, "{prefix:?}");
        }
    }
}

//! Counters: a file beside the keys, one in memory, and none.

use super::file;
use crate::ports::{Count, Counter, KeyError};
use countersign_protocol::Id;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A counter in a file. It is worth as much as the place where the file is: beside the store it is copied
/// along with it, beside keys of level `software` it stands for the hardware that a computer doesn't have.
pub struct FileCounter(PathBuf);

impl FileCounter {
    /// In this file; it is made with the first value.
    pub fn new(file: &Path) -> Self {
        Self(file.to_path_buf())
    }

    /// Knows of no store any more: an empty one may begin.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`].
    pub fn clear(&self) -> Result<(), KeyError> {
        match fs::remove_file(&self.0) {
            Err(fault) if fault.kind() != ErrorKind::NotFound => Err(KeyError::Unreadable),
            _ => Ok(()),
        }
    }
}

impl Counter for FileCounter {
    fn read(&self) -> Result<Option<Count>, KeyError> {
        let bytes = match fs::read(&self.0) {
            Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(|_| KeyError::Unreadable)?,
        };
        let (store, version) = bytes.split_at_checked(16).ok_or(KeyError::Unreadable)?;
        let store = <[u8; 16]>::try_from(store).map_err(|_| KeyError::Unreadable)?;
        let version = <[u8; 8]>::try_from(version).map_err(|_| KeyError::Unreadable)?;
        Ok(Some(Count {
            store: Id::from(store),
            version: u64::from_be_bytes(version),
        }))
    }

    fn write(&self, count: Count) -> Result<(), KeyError> {
        let bytes = [&count.store.as_bytes()[..], &count.version.to_be_bytes()].concat();
        file::replace(&self.0, &bytes).map_err(|_| KeyError::Unreadable)
    }
}

/// A counter that forgets with its process: for tests, and beside a store that does too.
#[derive(Default)]
pub struct MemoryCounter(Mutex<Option<Count>>);

impl Counter for MemoryCounter {
    fn read(&self) -> Result<Option<Count>, KeyError> {
        Ok(*self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, count: Count) -> Result<(), KeyError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(count);
        Ok(())
    }
}

/// For platforms that have no such place.
pub struct NoCounter;

impl Counter for NoCounter {
    fn read(&self) -> Result<Option<Count>, KeyError> {
        Ok(None)
    }

    fn write(&self, _count: Count) -> Result<(), KeyError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::conformance;
    use std::sync::Arc;

    impl<C: Counter> Counter for Arc<C> {
        fn read(&self) -> Result<Option<Count>, KeyError> {
            (**self).read()
        }

        fn write(&self, count: Count) -> Result<(), KeyError> {
            (**self).write(count)
        }
    }

    #[test]
    fn they_are_counters() {
        let folder = tempfile::tempdir().unwrap();
        conformance::counter(&|| FileCounter::new(&folder.path().join("keys/counter")));
        let memory = Arc::new(MemoryCounter::default());
        conformance::counter(&|| memory.clone());
    }

    #[test]
    fn row_48_a_damaged_counter_is_no_counter_of_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("counter");
        for bad in [&b""[..], b"short", &[0; 23], &[0; 25]] {
            fs::write(&file, bad).unwrap();
            assert_eq!(FileCounter::new(&file).read(), Err(KeyError::Unreadable));
        }
    }

    #[test]
    fn nothing_is_remembered_where_there_is_none() {
        let count = Count {
            store: Id::from([1; 16]),
            version: 3,
        };
        NoCounter.write(count).unwrap();
        assert_eq!(NoCounter.read(), Ok(None));
    }
}

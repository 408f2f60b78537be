//! A number outside the memory, by which an older copy of the memory is known.

use super::keys::KeyFailure;
use countersign_core::Id;
use countersign_core::ports::{self, KeyError};
use std::sync::Arc;

/// How far a memory had come.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Count {
    /// Which memory.
    pub store: String,
    /// Its version; it only rises.
    pub version: i64,
}

/// One small value that a copy of the phone's files doesn't bring back. Where it lives on Android and iOS stands in `docs/integrating.md`.
#[uniffi::export(foreign)]
pub trait Counter: Send + Sync {
    /// The last value; nothing where none was ever written.
    fn read(&self) -> Result<Option<Count>, KeyFailure>;

    /// Keeps a value, durably.
    fn write(&self, count: Count) -> Result<(), KeyFailure>;

    /// Forgets the value: an empty memory may begin.
    fn forget(&self) -> Result<(), KeyFailure>;
}

/// The core's port over a host's counter.
pub(super) struct OfHost(pub(super) Arc<dyn Counter>);

impl ports::Counter for OfHost {
    fn read(&self) -> Result<Option<ports::Count>, KeyError> {
        let Some(count) = self.0.read()? else {
            return Ok(None);
        };
        Ok(Some(ports::Count {
            store: Id::parse(&count.store).ok_or(KeyError::Unreadable)?,
            version: u64::try_from(count.version).map_err(|_| KeyError::Unreadable)?,
        }))
    }

    fn write(&self, count: ports::Count) -> Result<(), KeyError> {
        Ok(self.0.write(Count {
            store: count.store.to_string(),
            version: crate::seconds(count.version),
        })?)
    }
}

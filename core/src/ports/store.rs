//! Durable bytes under keys.

use std::collections::BTreeMap;

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// Which end of a range comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The lowest key first, bytewise.
    Rising,
    /// The highest key first.
    Falling,
}

/// What one commit asks and does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The precondition: what these keys must hold (`None`: nothing) at the moment of the commit.
    pub expects: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// What these keys will hold (`None`: nothing).
    pub writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

/// An ordered map of bytes that survives the end of the process.
///
/// Calls may come from several threads. One process at a time has the store open.
pub trait Store: Send + Sync {
    /// The value of a key.
    ///
    /// # Errors
    /// [`StoreError`].
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Up to `limit` entries whose keys begin with `prefix`. What it costs depends on the entries
    /// given, not on those left out.
    ///
    /// # Errors
    /// [`StoreError`].
    fn scan(&self, prefix: &[u8], order: Order, limit: usize) -> Result<Vec<Entry>, StoreError>;

    /// All of it or nothing, and when this returns, durably: a cut of power afterwards loses none
    /// of it.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when the precondition doesn't hold: nothing was written. After any
    /// other error what is stored is known only once the store was opened anew, and until then
    /// every call gives an error.
    fn commit(&self, batch: &Batch) -> Result<(), StoreError>;
}

/// Why a store can't do what was asked. No variant quotes keys, values or paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("the store is open in another process")]
    Busy,
    /// It is damaged; it was left as it is.
    #[error("the store is damaged")]
    Corrupt,
    /// The disk has no room, or lets nothing be written.
    #[error("nothing can be written")]
    Full,
    /// The system reports another fault of reading or writing.
    #[error("the store cannot be read or written")]
    Io,
    /// A key holds something else than the commit expected.
    #[error("the store has changed meanwhile")]
    Changed,
}

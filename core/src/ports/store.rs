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

/// An ordered map of bytes that survives the end of the process. What every store promises, and the
/// conformance suite of this port asks of each:
///
/// - **Bytes.** Keys and values are any bytes, also none; keys are ordered bytewise.
/// - **Whole.** A commit is there entirely or not at all: to other threads, also within one scan, after
///   its error, and after a kill or a cut of power at any moment.
/// - **Durable.** What a commit that returned wrote outlives both, and nobody sees it earlier. An
///   opening after a kill works.
/// - **Conditional.** The precondition is compared with what is stored at the moment of the commit, so
///   of several that expect the same only one succeeds. Calls may come from several threads.
/// - **Alone.** Who has the store open has it alone: any other opening is [`StoreError::Busy`]
///   until it is closed, and its process's end closes it.
/// - **Typed.** Damage, a full disk and a store of another engine are errors of [`StoreError`], never
///   a panic. After one (but `Changed`) every call gives an error: memory and disk may differ, and
///   believing either could sign on what is not stored. Opening anew ends that, once there is room
///   again.
///
/// Not promised: that damage is always seen. redb says or repairs each changed byte and each cut; sled
/// takes damage for the end of a log that a kill cut off, and goes back to what was before, whole and
/// silent, also to nothing at all (`tests/tests/store_faults.rs`). What must not be lost unseen is
/// counted and sealed by who writes here.
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
    /// It is open already, in another process or in this one.
    #[error("the store is open elsewhere")]
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
    /// Another engine made it; it was left as it is.
    #[error("the store was made by another engine")]
    OtherEngine,
}

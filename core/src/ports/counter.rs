//! A number outside the store, by which an older copy of the store is known.

use super::KeyError;
use countersign_protocol::Id;

/// How far a store had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Which store: random, made with it.
    pub store: Id,
    /// Its version; each commit's is one higher.
    pub version: u64,
}

/// One small value that a copy of the store doesn't bring back.
///
/// Where Android and iOS have one stands in `docs/integrating.md`; elsewhere [`crate::adapters::NoCounter`]. A value beside an empty store
/// says that the store was lost, and nothing is made in its place: whoever begins anew on purpose takes the value away first. Where there
/// is none the server notices an old copy by `ctr` (protocol section 7).
pub trait Counter: Send + Sync {
    /// The last value; nothing where none was ever written, or the platform has no such place.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`]: ask again later.
    fn read(&self) -> Result<Option<Count>, KeyError>;

    /// Keeps a value, durably. The caller sees to it that the version of one store only rises.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`]: the old value is still there, or the new one.
    fn write(&self, count: Count) -> Result<(), KeyError>;
}

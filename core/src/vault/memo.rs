//! Records that are read at every step and seldom change, as they were read last. What the store holds is
//! looked at each time; only when it is byte for byte the same, it isn't parsed again.

use super::{Fault, Record, decode};
use std::any::Any;
use std::sync::{Mutex, PoisonError};

/// How many are kept.
const KEPT: usize = 8;

/// A record and its bytes.
struct Known {
    bytes: Vec<u8>,
    record: Box<dyn Any + Send>,
}

/// The newest ones, of any type.
#[derive(Default)]
pub(super) struct Memo(Mutex<Vec<Known>>);

impl Memo {
    /// The record that these bytes are.
    pub(super) fn decode<T: Record>(&self, bytes: &[u8]) -> Result<T, Fault> {
        if !T::KNOWN_BY_BYTES {
            return decode(bytes);
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = known.iter().filter(|known| known.bytes == bytes);
        if let Some(record) = same
            .filter_map(|same| same.record.downcast_ref::<T>())
            .next()
        {
            return Ok(record.clone());
        }
        let record: T = decode(bytes)?;
        known.truncate(KEPT - 1);
        known.insert(
            0,
            Known {
                bytes: bytes.to_vec(),
                record: Box::new(record.clone()),
            },
        );
        Ok(record)
    }
}

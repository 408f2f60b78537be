//! A PIN on its way in: digit by digit, into memory that is wiped.

use crate::door::guarded;
use crate::error::AuthError;
use countersign_core::PinEntry as Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A PIN as it is typed. No call gives a digit back. It is empty once it was handed to a call that takes a PIN, whatever came of that call;
/// only one whose [`Cancel`](crate::Cancel) was cancelled before it began takes nothing.
#[derive(uniffi::Object)]
pub struct PinEntry(Mutex<Entry>);

#[uniffi::export]
impl PinEntry {
    /// Nothing yet.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    /// Adds a digit, 0 to 9. `use.digit` for anything else, and for the thirteenth; nothing was added then.
    pub fn push(&self, digit: u32) -> Result<(), AuthError> {
        guarded(|| {
            let digit = u8::try_from(digit).unwrap_or(u8::MAX);
            let pushed = self.entry().push(digit);
            pushed.map_err(|_| AuthError::misuse("digit"))
        })
    }

    /// Takes the last digit back, if there is one.
    pub fn pop(&self) -> Result<(), AuthError> {
        guarded(|| {
            self.entry().pop();
            Ok(())
        })
    }

    /// Takes all digits back.
    pub fn clear(&self) -> Result<(), AuthError> {
        guarded(|| {
            self.entry().clear();
            Ok(())
        })
    }

    /// How many digits there are: the dots that a person sees.
    pub fn dots(&self) -> Result<u32, AuthError> {
        guarded(|| Ok(crate::count(self.entry().dots() as u64)))
    }
}

impl PinEntry {
    fn entry(&self) -> MutexGuard<'_, Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was typed; nothing is left here.
    pub(crate) fn take(&self) -> Entry {
        std::mem::take(&mut *self.entry())
    }

    /// The same; nothing where nothing was typed.
    pub(crate) fn take_typed(&self) -> Option<Entry> {
        Some(self.take()).filter(|entry| entry.dots() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_and_only_twelve_and_none_is_left_behind() {
        let pin = PinEntry::new();
        for bad in [10, 256, u32::MAX] {
            assert_eq!(pin.push(bad), Err(AuthError::misuse("digit")));
        }
        (0..12).for_each(|digit| pin.push(digit % 10).unwrap());
        assert_eq!(pin.push(1), Err(AuthError::misuse("digit")));
        pin.pop().unwrap();
        assert_eq!(pin.dots(), Ok(11));
        assert_eq!(pin.take_typed().map(|entry| entry.dots()), Some(11));
        assert_eq!(pin.dots(), Ok(0));
        assert!(pin.take_typed().is_none());
        pin.push(1).unwrap();
        pin.clear().unwrap();
        pin.pop().unwrap();
        assert_eq!(pin.dots(), Ok(0));
    }
}

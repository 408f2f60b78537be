//! A clock that a test moves.

use crate::ports::{Clock, Moment};
use countersign_protocol::Id;
use std::sync::Mutex;

pub(crate) struct ManualClock(Mutex<Moment>);

impl ManualClock {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Moment {
            boot: Id::from([1; 16]),
            ms: 1_000_000,
        }))
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.0.lock().unwrap().ms += seconds * 1000;
    }

    /// The device starts anew.
    pub(crate) fn restart(&self) {
        let mut now = self.0.lock().unwrap();
        now.boot.0[0] = now.boot.0[0].wrapping_add(1);
        now.ms = 1000;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        *self.0.lock().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::conformance;

    #[test]
    fn it_is_a_clock() {
        conformance::clock(&ManualClock::new());
    }
}

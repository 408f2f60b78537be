//! A clock that nobody sets: it counts since the device started, sleep included.

use countersign_protocol::Id;
use serde::{Deserialize, Serialize};

/// A moment of one run of the device. Moments of different runs can't be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// Which run: random for each start of the device.
    pub boot: Id,
    /// Milliseconds since an arbitrary moment of this run.
    pub ms: u64,
}

/// The clock.
///
/// Android: `SystemClock.elapsedRealtime()` and `Settings.Global.BOOT_COUNT` (hashed into an id);
/// iOS: `mach_continuous_time` and `kern.bootsessionuuid`; Linux: `CLOCK_BOOTTIME` and the kernel's
/// `boot_id`. The wall clock is never asked: people and networks set it.
pub trait Clock: Send + Sync {
    /// Now. It never runs backwards in one run of the device, and runs during sleep.
    fn now(&self) -> Moment;
}

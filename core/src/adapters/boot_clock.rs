//! The clock of Linux and Android: `CLOCK_BOOTTIME`, which runs during sleep, and the kernel's id of
//! this run. Other systems have none that a library can ask without unsafe code: there the app gives one.

use crate::ports::{Clock, Moment, StoreError};
use countersign_protocol::Id;
use rustix::time::{ClockId, clock_gettime};

/// The device's clock since it started.
pub struct BootClock {
    boot: Id,
}

impl BootClock {
    /// Reads which run this is.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the system doesn't say.
    pub fn new() -> Result<Self, StoreError> {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map_err(|_| StoreError::Io)?;
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        let boot = u128::from_str_radix(&digits, 16).map_err(|_| StoreError::Io)?;
        Ok(Self {
            boot: Id::from(boot.to_be_bytes()),
        })
    }
}

impl Clock for BootClock {
    fn now(&self) -> Moment {
        let time = clock_gettime(ClockId::Boottime);
        // Neither is ever negative on this clock.
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
        Moment {
            boot: self.boot,
            ms: seconds * 1000 + nanoseconds / 1_000_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::conformance;

    #[test]
    fn it_is_a_clock() {
        conformance::clock(&BootClock::new().unwrap());
        assert_eq!(
            BootClock::new().unwrap().boot,
            BootClock::new().unwrap().boot
        );
    }
}

//! A clock that nobody sets.

use super::keys::KeyFailure;
use crate::error::AuthError;
use countersign_core::ports::{self, KeyError};
use countersign_core::{Digest, Error, Id};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A moment of one run of the device.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Moment {
    /// Which run: any text that is another after each start of the device.
    pub boot: String,
    /// Milliseconds since an arbitrary moment of this run.
    pub ms: i64,
}

/// Counts since the device started, sleep included. Android: `SystemClock.elapsedRealtime()` and `Settings.Global.BOOT_COUNT`; iOS:
/// `mach_continuous_time` and `kern.bootsessionuuid`. The wall clock is never asked: people and networks set it.
#[uniffi::export(foreign)]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Result<Moment, KeyFailure>;
}

/// The host's clock, or the one of the device; `use.clock` where there is neither.
pub(super) fn of(
    host: Option<&Arc<dyn Clock>>,
    device: impl FnOnce() -> Result<Option<Arc<dyn ports::Clock>>, Error>,
) -> Result<Arc<dyn ports::Clock>, AuthError> {
    match host {
        Some(clock) => Ok(Arc::new(OfHost::new(clock.clone())?)),
        None => device()?.ok_or_else(|| AuthError::misuse("clock")),
    }
}

/// The core's port over a host's clock. It never runs backwards, and where the host doesn't answer it goes on by the process's own.
pub(super) struct OfHost {
    host: Arc<dyn Clock>,
    last: Mutex<(ports::Moment, Instant)>,
}

impl OfHost {
    /// `key.busy` for a clock that doesn't answer at all.
    pub(super) fn new(host: Arc<dyn Clock>) -> Result<Self, AuthError> {
        let now = ask(&*host).map_err(Error::from)?;
        let last = Mutex::new((now, Instant::now()));
        Ok(Self { host, last })
    }
}

fn ask(host: &dyn Clock) -> Result<ports::Moment, KeyError> {
    let now = host.now()?;
    let digest = Digest::of(&[now.boot.as_bytes()]);
    let (boot, _) = digest
        .as_bytes()
        .split_first_chunk()
        .ok_or(KeyError::Unreadable)?;
    Ok(ports::Moment {
        boot: Id::from(*boot),
        ms: u64::try_from(now.ms).map_err(|_| KeyError::Unreadable)?,
    })
}

impl ports::Clock for OfHost {
    fn now(&self) -> ports::Moment {
        // Asked without the lock.
        let said = ask(&*self.host).ok();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, since) = *last;
        let passed = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let now = match said {
            Some(said) if said.boot != before.boot || said.ms >= before.ms => said,
            Some(_) => before,
            None => ports::Moment {
                ms: before.ms.saturating_add(passed),
                ..before
            },
        };
        *last = (now, Instant::now());
        now
    }
}

//! In: what a phone has, as its shell implements it in Kotlin or Swift. Out: the core's ports. Never: a host believed: what throws,
//! or gives something that it can't be, is a key store that doesn't answer, and nothing is signed.

mod clock;
mod counter;
mod keys;

pub use clock::{Clock, Moment};
pub use counter::{Count, Counter};
pub use keys::{DeviceKeys, GestureUse, KeyFailure, KeySlot, MadeKey, UvClass};

use crate::cancel::Leavable;
use crate::error::AuthError;
use crate::settings::{Engine, Settings};
use countersign_core::{Error, Ports, adapters, ports};
use std::path::Path;
use std::sync::Arc;

/// What a phone has. Calls come from several threads; one that waits for a person holds up nobody else, and may itself call the phone.
#[derive(uniffi::Record)]
pub struct Host {
    /// Keys that never leave the device.
    pub keys: Arc<dyn DeviceKeys>,
    /// A number that a copy of the memory doesn't bring back; none where the platform has no such place.
    pub counter: Option<Arc<dyn Counter>>,
    /// A clock that nobody sets; none on Linux, which has one for every process. On iOS none is `use.clock`.
    pub clock: Option<Arc<dyn Clock>>,
}

impl Host {
    pub(crate) fn ports(&self, settings: &Settings) -> Result<Ports, AuthError> {
        let config = settings.config()?;
        let network = adapters::UreqTransport::new(&config).map_err(Error::from)?;
        let clock = clock::of(self.clock.as_ref(), adapters::device_clock)?;
        let counter: Arc<dyn ports::Counter> = match (&self.counter, settings.engine) {
            (_, Engine::Memory) => Arc::new(adapters::MemoryCounter::default()),
            (Some(counter), _) => Arc::new(counter::OfHost(counter.clone())),
            (None, _) => Arc::new(adapters::NoCounter),
        };
        Ok(Ports {
            store: adapters::open_store(Path::new(&settings.folder), settings.engine)
                .map_err(Error::from)?,
            transport: Arc::new(Leavable(Arc::new(network))),
            keys: Arc::new(keys::OfHost(self.keys.clone())),
            counter,
            clock,
        })
    }

    pub(crate) fn forget_count(&self) -> Result<(), AuthError> {
        match &self.counter {
            Some(counter) => {
                let forgotten = counter.forget().map_err(ports::KeyError::from);
                Ok(forgotten.map_err(Error::from)?)
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;

//! In: the libraries and systems that meet the core's ports. Out: one adapter a file, and
//! [`on_disk`], which puts them together for a program on a computer. Never: a type of such a
//! library in a signature, or a rule of the protocol.

mod boot_clock;
mod counter;
mod memory;
mod sled;
mod software;
mod tls;
mod ureq;

pub use self::boot_clock::BootClock;
pub use self::counter::{FileCounter, MemoryCounter, NoCounter};
pub use self::memory::MemoryStore;
pub use self::sled::SledStore;
pub use self::software::SoftwareKeys;
pub use self::ureq::UreqTransport;

use crate::authenticator::Ports;
use crate::config::Config;
use crate::error::Error;
use std::path::Path;
use std::sync::Arc;

/// The ports of a phone whose memory is a folder: store, keys of level `software` and the counter in it, calls
/// by the network. The folder is made if it isn't there.
///
/// # Errors
/// `store.busy` when another process has it open, `store.corrupt`, `store.full`; `net.tls` for
/// roots or pins that are none.
pub fn on_disk(home: &Path, config: &Config) -> Result<Ports, Error> {
    Ok(Ports {
        store: Arc::new(SledStore::open(&home.join("store"))?),
        transport: Arc::new(UreqTransport::new(config)?),
        keys: Arc::new(SoftwareKeys::new(&home.join("keys"))),
        counter: Arc::new(FileCounter::new(&home.join("keys").join("counter"))),
        clock: Arc::new(BootClock::new()?),
    })
}

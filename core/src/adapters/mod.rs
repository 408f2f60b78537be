//! In: the libraries and systems that meet the core's ports. Out: one adapter a file, and
//! [`on_disk`], which puts them together for a program on a computer. Never: a type of such a
//! library in a signature, or a rule of the protocol.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod boot_clock;
mod counter;
mod disk;
mod file;
mod memory;
#[cfg(feature = "redb")]
mod redb;
mod sled;
mod software;
mod tls;
mod ureq;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use self::boot_clock::BootClock;
pub use self::counter::{FileCounter, MemoryCounter, NoCounter};
pub use self::disk::{move_aside, open_store};
pub use self::memory::MemoryStore;
pub use self::software::SoftwareKeys;
pub use self::ureq::UreqTransport;

use crate::authenticator::Ports;
use crate::config::{Config, Engine};
use crate::error::Error;
use crate::ports::{Clock, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The store's place in the folder of a phone.
const STORE: &str = "store";

/// That of its keys, and of what a device has beside them.
const KEYS: &str = "keys";

fn counter(home: &Path) -> PathBuf {
    home.join(KEYS).join("counter")
}

/// The ports of a phone whose memory is a folder: the store of the engine that `config` names, keys of
/// level `software` and the counter in it, calls by the network. The folder is made if it isn't there.
///
/// # Errors
/// `store.busy` when another process has it open, `store.engine` when another engine made it,
/// `store.corrupt` (then [`set_aside`]), `store.full`; `net.tls` for roots or pins that are none.
pub fn on_disk(home: &Path, config: &Config) -> Result<Ports, Error> {
    Ok(Ports {
        store: open_store(&home.join(STORE), config.engine)?,
        transport: Arc::new(UreqTransport::new(config)?),
        keys: Arc::new(SoftwareKeys::new(&home.join(KEYS))),
        counter: match config.engine {
            Engine::Memory => Arc::new(MemoryCounter::default()),
            _ => Arc::new(FileCounter::new(&counter(home))),
        },
        clock: device_clock()?.ok_or(StoreError::Io)?,
    })
}

/// The clock that every process of this system can ask; `None` where there is no such clock (iOS).
///
/// # Errors
/// `store.io` when the system has one and doesn't say.
pub fn device_clock() -> Result<Option<Arc<dyn Clock>>, Error> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return Ok(Some(Arc::new(BootClock::new()?)));
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return Ok(None);
}

/// Moves the store of a phone's folder out of the way, whole and unread, so that the next
/// [`on_disk`] begins an empty one. For a store that says `store.corrupt`, or that a person gives up.
/// Nothing of it is deleted, the keys stay where they are. The counter begins anew with it; brought back, the store is
/// believed as it is. Gives where it is now; `None` where none was.
///
/// # Errors
/// `store.busy` while anybody has it open, `store.full` where nothing can be moved.
pub fn set_aside(home: &Path) -> Result<Option<PathBuf>, Error> {
    let moved = disk::move_aside(&home.join(STORE))?;
    // Afterwards: killed in between, the next call does it.
    FileCounter::new(&counter(home)).clear()?;
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authenticator::Authenticator;
    use crate::error::Code;
    use crate::ports::{Count, Counter};

    #[test]
    fn row_48_a_store_that_is_gone_is_said_and_put_aside_a_new_one_begins() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let config = Config {
            engine: Engine::Sled,
            ..crate::testkit::config()
        };
        let open = || Authenticator::open(config.clone(), on_disk(home, &config).unwrap());
        open().unwrap();
        let file = FileCounter::new(&counter(home));
        let count = file.read().unwrap().unwrap();
        file.write(Count {
            version: 7,
            ..count
        })
        .unwrap();
        std::fs::remove_dir_all(home.join(STORE)).unwrap();
        for _ in 0..2 {
            assert_eq!(open().err().unwrap().code(), Some(Code::StoreRollback));
        }
        assert!(set_aside(home).unwrap().is_some());
        open().unwrap();
        // Also where there is nothing to put aside, only a counter of it.
        file.write(Count {
            version: 7,
            ..count
        })
        .unwrap();
        std::fs::remove_dir_all(home.join(STORE)).unwrap();
        assert!(set_aside(home).unwrap().is_none());
        open().unwrap();
    }
}

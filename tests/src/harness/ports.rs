//! Free ports on loopback.

use super::{During, Result, Trouble};
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port that nobody listens on, and that this process was not given before.
///
/// Origins have to be known before anything is started, so nobody can simply bind port 0. Another process may take the
/// port in between; the one that then fails to bind says so.
pub fn free() -> Result<u16> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..100 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).during("looking for a free port")?;
        let port = listener
            .local_addr()
            .during("looking for a free port")?
            .port();
        if given.insert(port) {
            return Ok(port);
        }
    }
    Err(Trouble::new("no free port on loopback"))
}

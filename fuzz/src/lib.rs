//! In: bytes of nobody's making. Out: what a reader or a state machine of the shipped crates makes of them, held against a second
//! reading, what was genuine, or itself. Never: a target that only waits for a panic.
#![allow(
    clippy::missing_panics_doc,
    reason = "a target fails by panicking, and nothing of this is shipped"
)]

pub mod desk;
pub mod jws;
pub mod reading;
pub mod server;
pub mod vectors;

#[path = "../../benches/src/keys.rs"]
pub mod keys;
#[path = "../../benches/src/peer.rs"]
pub mod peer;

/// Whatever the shared files of `benches/` say stops them.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// Their result.
pub type Result<T> = std::result::Result<T, Trouble>;

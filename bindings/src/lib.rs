//! The phone for Kotlin and Swift: a façade over the core's one door, in what both languages can say.
//!
//! In: calls from any thread, and what a phone has (`host/`). Out: records, texts, and errors that name the next move.
//! Never: a rule of the protocol, a panic that crosses, a secret in a record, an error or a `toString`.
//!
//! All calls are synchronous; a shell calls them on a thread of its own. Long ones take a [`Cancel`]. No lock is held while a host
//! is asked.
#![warn(missing_docs)]

mod account;
mod authenticator;
mod cancel;
mod diagnostics;
mod door;
mod enrolment;
mod error;
mod host;
mod pin;
mod prompt;
mod push;
mod recovery;
mod settings;
mod told;
mod words;

pub use account::*;
pub use authenticator::*;
pub use cancel::Cancel;
pub use diagnostics::{AccountCheck, Diagnostics};
pub use enrolment::*;
pub use error::AuthError;
pub use host::*;
pub use pin::PinEntry;
pub use prompt::*;
pub use push::*;
pub use recovery::*;
pub use settings::*;
pub use told::*;
pub use words::*;

use std::alloc::System;
use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: also the buffers in which calls cross.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

uniffi::setup_scaffolding!("countersign");

/// Records about people print their name alone.
macro_rules! quiet {
    ($($name:ident),* $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}
pub(crate) use quiet;

/// Seconds as both languages count them.
pub(crate) fn seconds(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// A count as both languages count.
pub(crate) fn count(of: u64) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

/// How many of something are wanted.
pub(crate) fn most(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

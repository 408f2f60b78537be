//! How statements that somebody kept belong together, for who reads them later without a server: a receipt
//! ([`crate::receipt`]) or a whole history ([`crate::history`]).
//!
//! In: kept statements and a root that is trusted. Out: the same, verified, or the part that doesn't fit. Never: a part that is
//! believed because another one vouches for it.

mod exchange;
mod keys;

pub(crate) use exchange::{answers, is_rightly_accepted, judges};
pub(crate) use keys::ServerKeys;

use crate::jose::Refusal;
use crate::json::Malformed;

/// Why kept statements prove nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The text is not a receipt.
    #[error("not a receipt: {0}")]
    Malformed(#[from] Malformed),
    /// No statement about keys is signed by the root that is trusted.
    #[error("keys: none is signed by this root")]
    Root,
    /// A statement is not one, or not by a key that may sign it.
    #[error("{0}: {1}")]
    Statement(&'static str, Refusal),
    /// Two parts don't belong together; it names the member that differs.
    #[error("{0} does not fit the rest")]
    Link(&'static str),
}

impl Flaw {
    /// A stable name: the part that doesn't fit.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed(malformed) => malformed.code(),
            Self::Root => "keys.root",
            Self::Statement(name, _) | Self::Link(name) => name,
        }
    }
}

pub(crate) fn link(holds: bool, name: &'static str) -> Result<(), Flaw> {
    if holds { Ok(()) } else { Err(Flaw::Link(name)) }
}

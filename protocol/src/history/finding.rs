//! What can be wrong with an export.

use crate::evidence::Flaw;
use crate::json::Malformed;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// It is no line of an export.
    #[error("not a line of a history: {0}")]
    Line(Malformed),
    /// A line of this kind may not stand here.
    #[error("this line may not stand here")]
    Place,
    /// A statement is not what it should be, or doesn't fit the rest.
    #[error(transparent)]
    Flaw(#[from] Flaw),
    /// The first line names another first or last entry than there is.
    #[error("the first line says otherwise: {0}")]
    Header(&'static str),
    /// A public key that no state names.
    #[error("the first line has a key that no state names")]
    Jwks,
    /// These entries are missing between two that are there.
    #[error("entries {from} to {to} are missing")]
    Removed {
        /// The first one, by its `ctr`.
        from: u64,
        /// The last one.
        to: u64,
    },
    /// The same entry, once more.
    #[error("the same entry again")]
    Repeated,
    /// An entry that belongs further up.
    #[error("this entry stands in the wrong place")]
    Moved,
    /// It doesn't follow the entry before it.
    #[error("it doesn't follow the entry before it")]
    Unlinked,
    /// Two answers in one place of the chain: two copies of the phone's keys, or of its memory, answered.
    #[error(
        "two answers were signed as the same one of the chain: there were two copies of this phone"
    )]
    Forked,
    /// It is of another phone than the one that is trusted.
    #[error("it names another phone than the one that was given")]
    Dev,
    /// No entry has the hash that was deposited.
    #[error("no entry is the one that was deposited")]
    Deposited,
    /// The other file has later entries.
    #[error("the end is cut off: the other file has entries up to {to}")]
    Cut {
        /// The first one that is missing, by its `ctr`.
        from: u64,
        /// The last one that the other file has.
        to: u64,
    },
    /// The other file has something else in the same place.
    #[error("the other file has another {0} here")]
    Differs(&'static str),
}

impl Finding {
    /// A stable name: `removed`, `response.view`, …
    pub fn code(&self) -> &'static str {
        match self {
            Self::Line(_) => "line",
            Self::Place => "line.place",
            Self::Flaw(flaw) => flaw.code(),
            Self::Header(name) => name,
            Self::Jwks => "header.jwks",
            Self::Removed { .. } => "removed",
            Self::Repeated => "repeated",
            Self::Moved => "moved",
            Self::Unlinked => "response.prev",
            Self::Forked => "forked",
            Self::Dev => "dev",
            Self::Deposited => "deposited",
            Self::Cut { .. } => "cut",
            Self::Differs(_) => "differs",
        }
    }
}

/// A finding, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What.
    pub finding: Finding,
    /// The line, from 1; none for what is about the whole file.
    pub line: Option<u64>,
    /// The `ctr` of the entry, where it is about one.
    pub ctr: Option<u64>,
}

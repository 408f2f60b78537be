//! Why a command did not do what it was asked.

pub(crate) use countersign_core::words::About;
use countersign_core::{Error, VerdictInfo};

/// What a person is told, and how the process ends.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The core says so; about this ID or host, where one is known.
    Core(Error, Box<About>),
    /// The server did not accept the answer.
    Verdict(Box<(VerdictInfo, About)>),
    /// Words of the virtual phone's own.
    Own(Own),
    /// The command line does not make sense.
    Usage(String),
    /// A server does not keep the protocol, or not everything was reached; the report says what.
    NotConformant,
}

/// What only a command line runs into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// `resume`, and no ID is being added.
    NothingToResume,
    /// There is no ID on this phone.
    NoId,
    /// No request waits.
    NothingPending,
    /// Several requests wait and none was named.
    SeveralPending,
    /// Consent was asked for and not given.
    NoConsent,
}

impl Trouble {
    /// An error about an ID or host that is known.
    pub(crate) fn about(error: Error, about: &About) -> Self {
        Self::Core(error, Box::new(about.clone()))
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Core(error, Box::default())
    }
}

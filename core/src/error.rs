//! Two kinds of error, one conversion: [`Fault`] is rich and stays inside, [`Error`] is what callers
//! get: few variants, each naming their next move. Neither holds anything about a person.

use crate::account;
use crate::challenge;
use crate::client::CallFault;
use crate::enrol;
use crate::ports::{KeyError, StoreError, TransportError};
use crate::vault;
use countersign_protocol::crypto::Unspecified;
use countersign_protocol::jose::Refusal;
use countersign_protocol::json::Malformed;
use countersign_protocol::pin::TooShort;
use countersign_protocol::problem;
use countersign_protocol::statement::StateReason;
use std::fmt;

macro_rules! codes {
    ($($variant:ident = $text:literal: $doc:literal,)*) => {
        /// What went wrong, by its stable name in the catalogue of texts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $doc] $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name, such as `chal.expired`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

codes! {
    InvMalformed = "inv.malformed": "Not an invitation.",
    InvExpired = "inv.expired": "The invitation is over.",
    InvUsed = "inv.used": "Another phone used the invitation.",
    InvHost = "inv.host": "The server is none of this app's.",
    InvMine = "inv.mine": "The ID is on this phone already.",
    InvAccount = "inv.account": "Not an e-mail address.",
    InvKey = "inv.key": "The server is not the one that the invitation names.",
    EnrSas = "enr.sas": "The digits differ, or the server could not show that it is the one of the offer.",
    EnrLevel = "enr.level": "The server asks for more than this phone and version can give.",
    EnrAttest = "enr.attest": "The server could not confirm what this phone is.",
    RecBad = "rec.bad": "No recovery code that can be used; another one may be typed.",
    ChalUnverified = "chal.unverified": "A request that is not the server's, or not for this ID.",
    ChalDowngrade = "chal.downgrade": "It asks for less than was agreed.",
    ChalExpired = "chal.expired": "The request is over.",
    ChalSeen = "chal.seen": "The request was answered already.",
    ChalLast = "chal.last": "There is no more time to be had for the request, which is open still.",
    ChalText = "chal.text": "Its text has hidden or misleading characters.",
    LinkMalformed = "link.malformed": "Not a link to a request.",
    LinkForeign = "link.foreign": "A link to a server where this phone has no ID.",
    NumberScan = "number.scan": "What was scanned is not the number of an open request.",
    NumberEmpty = "number.empty": "The number of the browser is missing, or has other digits than asked.",
    PinShort = "pin.short": "The PIN is missing, or has too few digits.",
    PinDiffer = "pin.differ": "The new PIN was not typed twice alike.",
    KeyUnsent = "key.unsent": "A change of PIN or gesture must reach the server first.",
    ResFactors = "res.factors": "This phone can't give what the request asks for.",
    KeyBusy = "key.busy": "The key store doesn't answer.",
    KeyLost = "key.lost": "The key of this ID is gone.",
    UvLockout = "uv.lockout": "The gesture is paused by the platform.",
    UvChanged = "uv.changed": "Fingerprints or faces changed, and their key is gone.",
    UvNone = "uv.none": "No fingerprint, face or passcode is set up.",
    NetOffline = "net.offline": "No way to the server.",
    NetSlow = "net.slow": "No answer in time, or the connection broke.",
    NetTls = "net.tls": "The connection is not genuine.",
    SrvBusy = "srv.busy": "The server asks to wait.",
    SrvError = "srv.error": "A fault of the server, or an answer that is none.",
    SrvProof = "srv.proof": "The server does not take this phone's proof.",
    IdPaused = "id.paused": "The ID is paused.",
    IdProbation = "id.probation": "A new phone may not do that yet.",
    IdRemoved = "id.removed": "The ID is no longer on this phone, or was removed by the server.",
    AppOld = "app.old": "It needs a newer version of this app.",
    StoreFull = "store.full": "Nothing can be written.",
    StoreReopen = "store.reopen": "What is stored is known only once the phone was opened anew.",
    StoreCorrupt = "store.corrupt": "The data is damaged.",
    StoreRollback = "store.rollback": "The data is older than it was.",
    StoreBusy = "store.busy": "Another process has the data open.",
    StoreEngine = "store.engine": "The data is in the form of another engine.",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a caller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Try again, as it is; nothing is lost.
    #[error("try again ({code}, {reference})")]
    Retry {
        /// Why.
        code: Code,
        /// Not before this many seconds.
        wait: Option<u64>,
        /// A word for the help desk: what exactly failed.
        reference: &'static str,
    },
    /// It is over: begin anew where it began. With `store.reopen` that is the open phone: close it, with its store, and open it
    /// again; until then every call fails.
    #[error("over ({code})")]
    Expired {
        /// What is over.
        code: Code,
    },
    /// This ID, or all data of this app, has to be set up again.
    #[error("set up again ({code})")]
    Reenrol {
        /// Why.
        code: Code,
    },
    /// The person cancelled, or the app closed the core. Nothing was done, nothing is said.
    #[error("cancelled")]
    Cancelled,
    /// No; the same again gives the same.
    #[error("refused ({code})")]
    Refused {
        /// Why.
        code: Code,
    },
}

impl Error {
    /// The code, but for what was cancelled.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Retry { code, .. }
            | Self::Expired { code }
            | Self::Reenrol { code }
            | Self::Refused { code } => Some(*code),
            Self::Cancelled => None,
        }
    }
}

/// What went wrong, as the module that saw it says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Vault(#[from] vault::Fault),
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Of K_uv, which asks the person.
    #[error("the gesture's key: {0}")]
    Gesture(KeyError),
    #[error(transparent)]
    Call(#[from] CallFault),
    /// Something signed by the server, and not what it should be.
    #[error(transparent)]
    Statement(#[from] Refusal),
    #[error(transparent)]
    Trust(#[from] account::Untrusted),
    #[error(transparent)]
    State(#[from] account::Unfit),
    #[error(transparent)]
    Enrol(#[from] enrol::Refusal),
    #[error(transparent)]
    Challenge(#[from] challenge::Refusal),
    /// The PIN is missing, or has too few digits.
    #[error(transparent)]
    Pin(#[from] TooShort),
    /// The enrolment or the ID ended by a signed state.
    #[error("ended by the server")]
    Ended(StateReason),
    /// No such ID on this phone.
    #[error("unknown here")]
    Unknown,
    #[error(transparent)]
    Crypto(#[from] Unspecified),
    /// Something of ours can't be written.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Where something is exported to takes no more.
    #[error("nothing can be written there")]
    Unwritten,
    /// The core was closed.
    #[error("closed")]
    Closed,
}

impl Fault {
    /// Where only the server's signed word counts, something else in its place is an answer that is
    /// none: nothing changes, and it may be asked again.
    pub(crate) fn unusable(self) -> Self {
        match self {
            Self::Statement(_) | Self::Trust(_) | Self::State(_) => {
                CallFault::NotOurs { status: 200 }.into()
            }
            other => other,
        }
    }
}

impl From<StoreError> for Fault {
    fn from(fault: StoreError) -> Self {
        Self::Vault(fault.into())
    }
}

fn retry(code: Code, reference: &'static str) -> Error {
    Error::Retry {
        code,
        wait: None,
        reference,
    }
}

fn refused(code: Code) -> Error {
    Error::Refused { code }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Vault(fault) => fault.into(),
            Fault::Key(fault) => fault.into(),
            // The PIN may do, and vouches for another key.
            Fault::Gesture(KeyError::Invalidated) => refused(Code::UvChanged),
            Fault::Gesture(fault) => fault.into(),
            Fault::Call(fault) => fault.into(),
            Fault::Enrol(fault) => fault.into(),
            Fault::Challenge(fault) => fault.into(),
            Fault::Statement(fault) => refused(of_statement(fault)),
            Fault::Trust(_) => refused(Code::ChalUnverified),
            Fault::State(account::Unfit::Weaker) => refused(Code::ChalDowngrade),
            Fault::State(_) => refused(Code::ChalUnverified),
            Fault::Pin(_) => refused(Code::PinShort),
            Fault::Ended(reason) => of_end(reason),
            Fault::Unknown => Self::Reenrol {
                code: Code::IdRemoved,
            },
            Fault::Crypto(_) => retry(Code::KeyBusy, "randomness"),
            Fault::Malformed(_) => retry(Code::SrvError, "unwritable"),
            Fault::Unwritten => retry(Code::StoreFull, "unwritable"),
            Fault::Closed => Self::Cancelled,
        }
    }
}

impl From<vault::Fault> for Error {
    fn from(fault: vault::Fault) -> Self {
        match fault {
            // Memory and disk may differ: a commit that failed may be stored, and nothing works until the store was opened anew.
            vault::Fault::Store(StoreError::Full | StoreError::Io) => Self::Expired {
                code: Code::StoreReopen,
            },
            vault::Fault::Store(fault) => fault.into(),
            vault::Fault::Damaged => Self::Reenrol {
                code: Code::StoreCorrupt,
            },
            vault::Fault::Newer => refused(Code::AppOld),
            vault::Fault::Key(fault) => fault.into(),
            vault::Fault::RolledBack => Self::Reenrol {
                code: Code::StoreRollback,
            },
            vault::Fault::Random => retry(Code::KeyBusy, "randomness"),
        }
    }
}

impl From<StoreError> for Error {
    fn from(fault: StoreError) -> Self {
        match fault {
            StoreError::Busy => retry(Code::StoreBusy, "locked"),
            StoreError::Corrupt => Self::Reenrol {
                code: Code::StoreCorrupt,
            },
            StoreError::Full => retry(Code::StoreFull, "full"),
            StoreError::Io => retry(Code::StoreFull, "unwritable"),
            StoreError::Changed => retry(Code::StoreBusy, "overtaken"),
            StoreError::OtherEngine => refused(Code::StoreEngine),
        }
    }
}

impl From<KeyError> for Error {
    fn from(fault: KeyError) -> Self {
        match fault {
            KeyError::Cancelled => Self::Cancelled,
            KeyError::LockedOut => retry(Code::UvLockout, "locked_out"),
            KeyError::Invalidated => Self::Reenrol {
                code: Code::KeyLost,
            },
            KeyError::NotSetUp => refused(Code::UvNone),
            KeyError::Unreadable => retry(Code::KeyBusy, "unreadable"),
        }
    }
}

impl From<TransportError> for Error {
    fn from(fault: TransportError) -> Self {
        match fault {
            TransportError::Unreachable => retry(Code::NetOffline, "unreachable"),
            TransportError::Timeout => retry(Code::NetSlow, "timeout"),
            TransportError::Broken => retry(Code::NetSlow, "broken"),
            TransportError::Tls => refused(Code::NetTls),
            TransportError::TooLarge => retry(Code::SrvError, "too_large"),
            TransportError::Closed => Self::Cancelled,
        }
    }
}

impl From<CallFault> for Error {
    fn from(fault: CallFault) -> Self {
        use problem::Code as Said;
        match fault {
            CallFault::Transport(fault) => fault.into(),
            CallFault::NotOurs { .. } => retry(Code::SrvError, "not_ours"),
            CallFault::Problem { code, wait, .. } => match code {
                Said::SlowDown | Said::Unavailable => Self::Retry {
                    code: Code::SrvBusy,
                    wait,
                    reference: code.as_str(),
                },
                Said::BadProof | Said::NonceRequired => retry(Code::SrvProof, code.as_str()),
                Said::NotActive => refused(Code::IdPaused),
                Said::Probation => refused(Code::IdProbation),
                Said::LevelRefused => refused(Code::EnrLevel),
                Said::AttestationRefused => refused(Code::EnrAttest),
                Said::Proto => refused(Code::AppOld),
                Said::Gone => Self::Expired {
                    code: Code::ChalExpired,
                },
                _ => Self::Retry {
                    code: Code::SrvError,
                    wait,
                    reference: code.as_str(),
                },
            },
        }
    }
}

impl From<enrol::Refusal> for Error {
    fn from(refusal: enrol::Refusal) -> Self {
        use enrol::Refusal;
        match refusal {
            Refusal::Malformed | Refusal::UnknownToken => refused(Code::InvMalformed),
            Refusal::Host => refused(Code::InvHost),
            Refusal::WrongKey => refused(Code::InvKey),
            Refusal::Used => refused(Code::InvUsed),
            Refusal::Over => Self::Expired {
                code: Code::InvExpired,
            },
            Refusal::Mine => refused(Code::InvMine),
            Refusal::Code => refused(Code::RecBad),
            Refusal::Account => refused(Code::InvAccount),
            Refusal::PinsDiffer => refused(Code::PinDiffer),
            Refusal::FirstState => refused(Code::EnrSas),
        }
    }
}

impl From<challenge::Refusal> for Error {
    fn from(refusal: challenge::Refusal) -> Self {
        use challenge::Refusal;
        match refusal {
            Refusal::Statement(fault) => refused(of_statement(fault)),
            Refusal::OtherServer
            | Refusal::OtherPhone
            | Refusal::OtherAccount
            | Refusal::Policy
            | Refusal::Service
            | Refusal::Another
            | Refusal::NotYet => refused(Code::ChalUnverified),
            Refusal::Life | Refusal::Weaker => refused(Code::ChalDowngrade),
            Refusal::Host => refused(Code::InvHost),
            Refusal::Seen => refused(Code::ChalSeen),
            Refusal::NoMoreTime => refused(Code::ChalLast),
            Refusal::Over | Refusal::Unknown => Self::Expired {
                code: Code::ChalExpired,
            },
            Refusal::Number => refused(Code::NumberEmpty),
            Refusal::NotALink => refused(Code::LinkMalformed),
            Refusal::NewerLink => refused(Code::AppOld),
            Refusal::NoId => refused(Code::LinkForeign),
            Refusal::NoNumber => refused(Code::NumberScan),
            Refusal::TooMany => retry(Code::SrvError, "too_many"),
            Refusal::Factors => refused(Code::ResFactors),
            Refusal::Changing => retry(Code::KeyUnsent, "changing"),
            Refusal::Unsent => retry(Code::SrvBusy, "unsent"),
            Refusal::Paused => refused(Code::IdPaused),
        }
    }
}

fn of_statement(refusal: Refusal) -> Code {
    match refusal {
        Refusal::Malformed(Malformed::TEXT) => Code::ChalText,
        _ => Code::ChalUnverified,
    }
}

fn of_end(reason: StateReason) -> Error {
    match reason {
        StateReason::Sas => refused(Code::EnrSas),
        StateReason::SecondFinisher => refused(Code::InvUsed),
        StateReason::Expired => Error::Expired {
            code: Code::InvExpired,
        },
        StateReason::Reported | StateReason::User | StateReason::Clone => refused(Code::IdPaused),
        StateReason::Admin | StateReason::Removed => Error::Reenrol {
            code: Code::IdRemoved,
        },
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;

//! The one error of all calls: few variants, each the caller's next move.

use countersign_core::{Code, Error};

/// Why a call did nothing, and what to do next. No field has anything about a person.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Error, thiserror::Error)]
pub enum AuthError {
    /// Try again, as it is; nothing is lost.
    #[error("try again ({code}, {reference})")]
    Retry {
        /// Why, by its stable name in the catalogue of texts.
        code: String,
        /// Not before this many seconds.
        wait: Option<i64>,
        /// A word for the help desk: what exactly failed.
        reference: String,
    },
    /// It is over: begin anew where it began. With `store.reopen` that is the open phone, and no request: close it and open it again.
    #[error("over ({code})")]
    Expired {
        /// What is over.
        code: String,
    },
    /// This ID, or all data of this app, has to be set up again.
    #[error("set up again ({code})")]
    Reenrol {
        /// Why.
        code: String,
    },
    /// The person or the app cancelled. Say nothing.
    #[error("cancelled")]
    Cancelled,
    /// No; the same again gives the same.
    #[error("refused ({code})")]
    Refused {
        /// Why.
        code: String,
    },
    /// The app called wrongly: mend the app. `use.closed`: after the end; `use.id`: not the name of an ID, a phone or a request;
    /// `use.settings`: settings that are none, or an engine that this build doesn't have; `use.clock`: a host without a clock on a
    /// system that has none for every process; `use.digit`: not the next digit of a PIN; `use.twice`: a consent given twice;
    /// `use.early`: before the consent; `use.key`: no key of this length;
    /// `use.text`: no such text, or other values than it takes.
    #[error("called wrongly ({code})")]
    Misuse {
        /// What was wrong.
        code: String,
    },
    /// A fault of this library: close it, open it again, and tell us. What was signed is safe.
    #[error("a fault of the library ({code})")]
    Broken {
        /// Always `app.fault`.
        code: String,
    },
}

impl AuthError {
    pub(crate) fn misuse(code: &str) -> Self {
        Self::Misuse {
            code: format!("use.{code}"),
        }
    }

    pub(crate) fn broken() -> Self {
        Self::Broken {
            code: "app.fault".to_owned(),
        }
    }

    /// The core's code, where it is one's, what is to be waited for, and the reference.
    pub(crate) fn parts(&self) -> Option<(Code, Option<u64>, &str)> {
        let (name, wait, reference) = match self {
            Self::Retry {
                code,
                wait,
                reference,
            } => (code, *wait, &**reference),
            Self::Expired { code } | Self::Reenrol { code } | Self::Refused { code } => {
                (code, None, "")
            }
            Self::Cancelled | Self::Misuse { .. } | Self::Broken { .. } => return None,
        };
        let code = Code::ALL.iter().find(|code| code.as_str() == name)?;
        Some((
            *code,
            wait.and_then(|wait| u64::try_from(wait).ok()),
            reference,
        ))
    }
}

impl From<Error> for AuthError {
    fn from(error: Error) -> Self {
        let code = |code: Code| code.as_str().to_owned();
        match error {
            Error::Retry {
                code: why,
                wait,
                reference,
            } => Self::Retry {
                code: code(why),
                wait: wait.map(crate::seconds),
                reference: reference.to_owned(),
            },
            Error::Expired { code: why } => Self::Expired { code: code(why) },
            Error::Reenrol { code: why } => Self::Reenrol { code: code(why) },
            Error::Cancelled => Self::Cancelled,
            Error::Refused { code: why } => Self::Refused { code: code(why) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_core_crosses_and_is_known_when_it_comes_back() {
        for code in Code::ALL.iter().copied() {
            let retry = Error::Retry {
                code,
                wait: Some(7),
                reference: "locked",
            };
            assert_eq!(
                AuthError::from(retry).parts(),
                Some((code, Some(7), "locked"))
            );
            for error in [
                Error::Expired { code },
                Error::Reenrol { code },
                Error::Refused { code },
            ] {
                assert_eq!(AuthError::from(error).parts(), Some((code, None, "")));
            }
        }
        let strange = AuthError::Refused {
            code: "no.such".to_owned(),
        };
        for error in [
            AuthError::from(Error::Cancelled),
            AuthError::broken(),
            strange,
        ] {
            assert_eq!(error.parts(), None);
        }
    }
}

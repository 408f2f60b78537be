//! `cs1-verdict`: what became of a response.

use super::{Sealed, counts, rule};
use crate::encoding::{Digest, Id};
use crate::jose::Statement;
use crate::json::Malformed;
use crate::origin::Origin;
use serde::{Deserialize, Serialize};

/// Whether the response counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It does.
    Accepted,
    /// It doesn't; the code says why.
    Refused,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictCode {
    /// Accepted, also a deny or a report.
    Ok,
    /// The PIN is not right.
    PinWrong,
    /// The PIN is locked.
    PinLocked,
    /// The number is not the one that the browser shows.
    NumberWrong,
    /// Too late, or the challenge is unknown.
    Expired,
    /// The browser cancelled.
    Cancelled,
    /// Another phone, or an earlier response, decided.
    DecidedElsewhere,
    /// It proves less than was asked.
    FactorsMissing,
    /// What the phone showed is not what the server meant.
    ViewMismatch,
    /// Its members don't fit the challenge.
    BadInput,
    /// The credential is suspended.
    Suspended,
    /// The credential is not in use.
    NotActive,
}

/// The server's answer to a response.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The server.
    pub iss: Origin,
    /// The credential.
    pub aud: Id,
    /// Of this verdict.
    pub jti: Id,
    /// Seconds.
    pub iat: u64,
    /// The newest `n` of the server's keys.
    pub keys: u64,
    /// H of the challenge, as the response names it.
    pub challenge: Digest,
    /// H of the response.
    pub response: Digest,
    /// Whether it counts.
    pub result: Outcome,
    /// Whether the challenge is over for this phone.
    pub r#final: bool,
    /// Why.
    pub code: VerdictCode,
    /// Tries left, exactly when it is not final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u64>,
    /// Where the phone's browser goes on, in mode `same`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#return: Option<String>,
}

impl Sealed for Verdict {}

impl Statement for Verdict {
    const TYP: &'static str = "cs1-verdict+jwt";

    fn check(&self) -> Result<(), Malformed> {
        use VerdictCode::{NumberWrong, Ok as Fine, PinWrong};
        let accepted = self.result == Outcome::Accepted;
        counts(self.keys, "keys")?;
        rule(accepted == (self.code == Fine), "code")?;
        rule(
            self.r#final || matches!(self.code, PinWrong | NumberWrong),
            "final",
        )?;
        rule(
            self.attempts.is_none() == self.r#final && self.attempts != Some(0),
            "attempts",
        )?;
        rule(
            self.r#return
                .as_ref()
                .is_none_or(|url| accepted && return_origin(url).is_some()),
            "return",
        )
    }
}

impl Verdict {
    /// Where [`return`](Self::return) leads, where there is one. Whether that is the server's, its keys say.
    pub fn return_origin(&self) -> Option<Origin> {
        self.r#return.as_deref().and_then(return_origin)
    }
}

/// Of `<origin>/r/<22 characters>`.
fn return_origin(url: &str) -> Option<Origin> {
    let (origin, code) = url.rsplit_once("/r/")?;
    Id::parse(code).and_then(|_| Origin::parse(origin).ok())
}

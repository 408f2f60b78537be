//! `cs1-cancel`: a challenge is over, its prompt goes (protocol section 11).

use super::{Sealed, counts, rule};
use crate::encoding::Id;
use crate::jose::Statement;
use crate::json::Malformed;
use crate::origin::Origin;
use crate::text::Name;
use serde::{Deserialize, Serialize};

/// Why it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// Another phone of the ID decided.
    DecidedElsewhere,
    /// Its time was over.
    Expired,
    /// Another one takes its place.
    Replaced,
    /// The browser, the server or an action gave it up.
    Withdrawn,
}

impl CancelReason {
    /// As the wire has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DecidedElsewhere => "decided_elsewhere",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A challenge is over.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The server.
    pub iss: Origin,
    /// The credential.
    pub aud: Id,
    /// Of this statement; acknowledged by it.
    pub jti: Id,
    /// Seconds.
    pub iat: u64,
    /// The newest `n` of the server's keys.
    pub keys: u64,
    /// `jti` of the challenge.
    pub challenge: Id,
    /// Why.
    pub reason: CancelReason,
    /// The phone that decided; only with [`CancelReason::DecidedElsewhere`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Name>,
}

impl Sealed for Cancel {}

impl Statement for Cancel {
    const TYP: &'static str = "cs1-cancel+jwt";

    fn check(&self) -> Result<(), Malformed> {
        counts(self.keys, "keys")?;
        rule(
            self.device.is_none() || self.reason == CancelReason::DecidedElsewhere,
            "device",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_named_as_on_the_wire() {
        use CancelReason::*;
        for reason in [DecidedElsewhere, Expired, Replaced, Withdrawn] {
            let wire = crate::json::write(&reason).unwrap();
            assert_eq!(wire, format!("\"{}\"", reason.as_str()));
        }
    }
}

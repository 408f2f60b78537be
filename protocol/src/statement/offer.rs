//! `cs1-offer`: what the server offers to a phone that came with an invitation.

use super::{Sealed, counts, rule};
use crate::crypto::AgreementKey;
use crate::encoding::{Digest, Id};
use crate::jose::Statement;
use crate::json::Malformed;
use crate::origin::Origin;
use crate::policy::Policy;
use crate::text::{Account, Name};
use serde::{Deserialize, Serialize};

/// Where the person types the six digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// Into the page that shows the invitation.
    Browser,
    /// On the old phone.
    Phone,
    /// An administrator types what the person reads out.
    Admin,
}

/// An enrolment offer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The server.
    pub iss: Origin,
    /// Of this offer (`eid`).
    pub jti: Id,
    /// Seconds.
    pub iat: u64,
    /// Seconds, at most 600 later.
    pub exp: u64,
    /// The newest `n` of the server's keys.
    pub keys: u64,
    /// Where the digits will be typed.
    pub via: Via,
    /// Exactly `true` when a recovery code is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rec: Option<bool>,
    /// The server's name.
    pub name: Name,
    /// Whose ID.
    pub account: Account,
    /// The server's half of the agreement.
    pub dh: AgreementKey,
    /// The commitment to Ns ([`crate::sas::commitment`]).
    pub sas: Digest,
    /// What the ID will ask.
    pub policy: Policy,
}

impl Sealed for Offer {}

impl Statement for Offer {
    const TYP: &'static str = "cs1-offer+jwt";

    fn check(&self) -> Result<(), Malformed> {
        counts(self.keys, "keys")?;
        rule(self.exp > self.iat && self.exp - self.iat <= 600, "exp")?;
        rule(self.rec != Some(false), "rec")?;
        self.policy.check()
    }
}

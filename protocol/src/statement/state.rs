//! `cs1-state`: the state of a credential. Nothing else ever changes one.

use super::{Sealed, counts, rule};
use crate::encoding::{Digest, Id, Thumbprint};
use crate::jose::Statement;
use crate::json::Malformed;
use crate::origin::Origin;
use crate::policy::Policy;
use crate::text::Account;
use serde::{Deserialize, Serialize};

/// Where a credential stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Registered; the digits are still to be typed.
    Pending,
    /// In use.
    Active,
    /// At rest; see the reason.
    Suspended,
    /// It was in use and is over.
    Revoked,
    /// It never came into use.
    Refused,
}

/// Why a credential is suspended, revoked or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateReason {
    /// Somebody reported a request.
    Reported,
    /// The user paused the ID.
    User,
    /// Two copies of this phone answered.
    Clone,
    /// An administrator.
    Admin,
    /// The digits did not fit.
    Sas,
    /// Another phone used the same invitation.
    SecondFinisher,
    /// The time was over.
    Expired,
    /// The phone was removed.
    Removed,
}

/// The state of a credential.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The server.
    pub iss: Origin,
    /// The credential.
    pub aud: Id,
    /// Rises with each state.
    pub sn: u64,
    /// Seconds.
    pub iat: u64,
    /// The newest `n` of the server's keys.
    pub keys: u64,
    /// Where it stands.
    pub state: Standing,
    /// Whose ID.
    pub account: Account,
    /// H of the registration.
    pub registration: Digest,
    /// K_dev.
    pub dev: Thumbprint,
    /// K_uv.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uv: Option<Thumbprint>,
    /// What is agreed.
    pub policy: Policy,
    /// Until when a new phone may not change the ID, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probation: Option<u64>,
    /// Ns, with `pending`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ns: Option<Digest>,
    /// The key confirmation, with `pending`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kc: Option<Digest>,
    /// Until when the digits are taken, with `pending`, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// The handle to ask whether something waits, with `active` and `suspended`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake: Option<Id>,
    /// How pushes name the credential, with `active` and `suspended`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_id: Option<Id>,
    /// Why, with `suspended`, `revoked`, `refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<StateReason>,
}

impl Sealed for State {}

impl Statement for State {
    const TYP: &'static str = "cs1-state+jwt";

    fn check(&self) -> Result<(), Malformed> {
        use Standing::{Active, Pending, Refused, Revoked, Suspended};
        let pending = self.state == Pending;
        let known = matches!(self.state, Active | Suspended);
        let ended = matches!(self.state, Suspended | Revoked | Refused);
        counts(self.sn, "sn")?;
        counts(self.keys, "keys")?;
        rule(
            [self.ns.is_some(), self.kc.is_some(), self.exp.is_some()] == [pending; 3],
            "ns, kc and exp",
        )?;
        rule(
            self.exp
                .is_none_or(|exp| exp > self.iat && exp - self.iat <= 600),
            "exp",
        )?;
        rule(
            [self.wake.is_some(), self.push_id.is_some()] == [known; 2],
            "wake and push_id",
        )?;
        rule(self.reason.is_some() == ended, "reason")?;
        self.policy.check()
    }
}

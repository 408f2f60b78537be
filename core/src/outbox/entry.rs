//! A signed response that waits for its verdict.

use crate::account::Account;
use crate::vault::Record;
use countersign_protocol::statement::{Challenge, Decision, Kind, Mode, Response};
use countersign_protocol::{Digest, Id, Signed};
use serde::{Deserialize, Serialize};

/// Named `owner/ctr`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Waiting {
    /// The request's `jti`.
    pub(crate) request: Id,
    /// What it has in common with the same request with more time. An entry of an earlier build has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    txn: Option<Id>,
    pub(crate) challenge_hash: Digest,
    pub(crate) response_hash: Digest,
    /// The exact bytes of both.
    pub(crate) challenge: String,
    pub(crate) response: String,
    pub(crate) ctr: u64,
    /// Of the request, seconds.
    pub(crate) exp: u64,
    /// The HTTP status that only a person or an update gets over.
    pub(crate) stuck: Option<u16>,
    /// The request was opened on this phone, by its browser.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    same: bool,
    pub(crate) summary: Summary,
}

/// What a list says about an answer; taken from statements that were verified.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Summary {
    pub(crate) kind: String,
    pub(crate) service: String,
    pub(crate) account: String,
    /// When it was asked, seconds.
    pub(crate) asked: u64,
    pub(crate) decision: Decision,
    /// Whether a number was typed.
    pub(crate) number: bool,
}

impl Summary {
    pub(crate) fn new(challenge: &Challenge, response: &Response) -> Self {
        Self {
            kind: challenge.kind.as_str().to_owned(),
            service: challenge.service.name.as_str().to_owned(),
            account: challenge.account.as_str().to_owned(),
            asked: challenge.iat,
            decision: response.decision,
            number: response.r#match.is_some(),
        }
    }
}

impl Record for Waiting {
    const TREE: &'static str = "outbox";
    const LENGTH: usize = 4096;
}

impl Waiting {
    /// Whether it brings a PIN or a key.
    pub(crate) fn is_change(&self) -> bool {
        self.approves(&[Kind::PinSet, Kind::ReplaceUv])
    }

    /// Whether it is proved by what a change of this kind replaces: the server takes it only before.
    pub(crate) fn is_overtaken_by(&self, kind: Kind, account: &Account) -> bool {
        let uv = account.uv.as_ref().map(|uv| uv.key);
        let keys: Vec<_> = uv.into_iter().chain([account.dev]).collect();
        let response = Signed::<Response>::verify(&self.response, &keys);
        response.is_ok_and(|response| match kind {
            Kind::PinSet => response.pin.is_some(),
            Kind::ReplaceUv => uv.is_some_and(|uv| uv.thumbprint() == response.kid()),
            _ => false,
        })
    }

    /// Whether its acceptance brings a browser of this phone back: that verdict says where to, and no other does.
    pub(super) fn goes_back(&self) -> bool {
        self.same && self.summary.decision == Decision::Approve
    }

    /// Whether two PINs or two keys wait for its verdict, and so it waits without limit: until they are destroyed.
    pub(super) fn is_awaited(&self, account: &Account) -> bool {
        self.is_change() && account.awaits(&self.summary.kind)
    }

    /// Whether its verdict says something about the ID, beside the request.
    pub(super) fn is_about_id(&self) -> bool {
        self.is_change() || self.approves(&[Kind::Policy])
    }

    /// Whether its acceptance brings another state: of another K_uv, or another policy.
    pub(super) fn brings_state(&self) -> bool {
        self.approves(&[Kind::ReplaceUv, Kind::Policy])
    }

    /// Whether the person says that it wasn't them.
    pub(super) fn is_report(&self) -> bool {
        self.summary.decision == Decision::Report
    }

    /// Whether it is a report that takes back this approval.
    pub(super) fn takes_back(&self, other: &Self) -> bool {
        let same = self.request == other.request || (self.txn.is_some() && self.txn == other.txn);
        self.is_report() && other.summary.decision == Decision::Approve && same
    }

    /// Whether it approves a request of one of these kinds.
    pub(crate) fn approves(&self, kinds: &[Kind]) -> bool {
        let is_one = kinds.iter().any(|kind| kind.as_str() == self.summary.kind);
        is_one && self.summary.decision == Decision::Approve
    }

    pub(crate) fn new(
        challenge: &Signed<Challenge>,
        response: &Signed<Response>,
        summary: Summary,
    ) -> Self {
        Self {
            request: challenge.jti,
            txn: Some(challenge.txn),
            challenge_hash: challenge.hash(),
            response_hash: response.hash(),
            challenge: challenge.compact().to_owned(),
            response: response.compact().to_owned(),
            ctr: response.ctr,
            exp: challenge.exp,
            stuck: None,
            same: challenge.mode == Mode::Same,
            summary,
        }
    }
}

//! What was shown: noted before it is, so that it is shown and decided once (protocol section 8).

use crate::ports::Moment;
use crate::time::ServerTime;
use crate::vault::{Place, Record};
use countersign_protocol::statement::{CancelReason, Challenge, Decision};
use countersign_protocol::{Digest, Id, Signed};
use serde::{Deserialize, Serialize};

/// How long a note outlives its storing at least, milliseconds.
const KEPT: u64 = 24 * 3_600_000;

/// How long the time of one that makes way is over at least, milliseconds: a server's clock may be set back a little.
const SURELY_OVER: u64 = 60_000;

/// A request that was shown or decided; named `owner/jti`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// H of the challenge.
    hash: Digest,
    /// Seconds.
    exp: u64,
    /// The lower bound of server time, milliseconds, from which it may be forgotten.
    until: u64,
    /// What it has in common with the same request with more time. A note of an earlier build has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    txn: Option<Id>,
    /// It says which statement it takes the place of.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    follows: bool,
    /// The exact bytes: shown again after a restart, and reported.
    pub(super) challenge: String,
    /// Its `set` was another one than the last.
    pub(super) phones_changed: bool,
    /// Approved or denied.
    decided: Option<Decision>,
    /// Too late for the server.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    late: bool,
    reported: bool,
    /// Another statement took its place or may still, as when its own time is over.
    replaced: bool,
    /// Its server said that what it asks for is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cancelled: bool,
    /// The same request with more time, and with less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newer: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    older: Option<Id>,
}

impl Record for Seen {
    const TREE: &'static str = "seen";
    const LENGTH: usize = 2048;
    const KNOWN_BY_BYTES: bool = true;
}

impl Seen {
    /// `lower` is the lower bound of server time, milliseconds.
    pub(super) fn new(challenge: &Signed<Challenge>, lower: u64, phones_changed: bool) -> Self {
        Self {
            hash: challenge.hash(),
            exp: challenge.exp,
            until: lower.saturating_add(KEPT),
            txn: Some(challenge.txn),
            follows: challenge.replaces.is_some(),
            challenge: challenge.compact().to_owned(),
            phones_changed,
            decided: None,
            late: false,
            reported: false,
            replaced: false,
            cancelled: false,
            newer: None,
            older: None,
        }
    }

    pub(crate) fn place(owner: &Id, jti: &Id) -> Place {
        Place::named(owner, jti.as_bytes())
    }

    /// The same request, and nobody decided it.
    pub(super) fn is_open(&self, challenge: &Signed<Challenge>) -> bool {
        self.hash == challenge.hash() && self.is_undecided()
    }

    /// Whether it can still be decided, by its time too.
    pub(crate) fn is_open_at(&self, time: &ServerTime, now: Moment) -> bool {
        self.is_undecided() && !time.is_over(self.exp, now)
    }

    pub(super) fn is_undecided(&self) -> bool {
        self.decided.is_none() && !self.reported && !self.replaced && !self.cancelled
    }

    /// Whether this decision can still be made: one approve or deny, and one report also after.
    pub(super) fn takes(&self, decision: Decision) -> bool {
        match decision {
            Decision::Approve | Decision::Deny => self.is_undecided(),
            Decision::Report => !self.reported,
        }
    }

    pub(super) fn decide(&mut self, decision: Decision) {
        match decision {
            Decision::Approve | Decision::Deny => self.decided = Some(decision),
            Decision::Report => self.reported = true,
        }
    }

    /// Another decision may be made, as after a verdict that is not final.
    pub(crate) fn reopen(&mut self) {
        self.decided = None;
    }

    /// The server had its answer when its time was over. That ends this statement alone: nothing was decided about the request.
    pub(crate) fn was_late(&mut self) {
        self.late = true;
    }

    pub(super) fn replace(&mut self) {
        self.replaced = true;
    }

    /// It, of this `jti`, goes on as a newer statement, which is decided if this one is, and was in time.
    pub(super) fn go_on(&mut self, jti: Id, newer: &mut Self, newer_jti: Id) {
        newer.older = Some(jti);
        newer.decided = self.decided.filter(|_| !self.late);
        newer.reported = self.reported;
        newer.cancelled = self.cancelled;
        newer.phones_changed = self.phones_changed;
        self.replaced = true;
        self.newer = Some(newer_jti);
    }

    /// Whether it may be the newest statement so far of the request that another one is of: by what they have in common, where one
    /// of them takes the place of an earlier one.
    pub(super) fn may_be_of(&self, other: &Challenge) -> bool {
        let follows = self.follows || other.replaces.is_some();
        follows && self.newer.is_none() && self.txn == Some(other.txn)
    }

    /// Whether it has more time than another statement of the same request, which came behind it.
    pub(super) fn ends_after(&self, other: &Challenge) -> bool {
        let first = self.exp == other.exp && other.replaces.is_none();
        self.exp > other.exp || first
    }

    /// It came behind the newest, which goes on.
    pub(super) fn come_late(&mut self, newest: Id) {
        self.replaced = true;
        self.newer = Some(newest);
    }

    pub(super) fn newer(&self) -> Option<Id> {
        self.newer
    }

    pub(super) fn older(&self) -> Option<Id> {
        self.older
    }

    /// Its server said that it is over; whether it was open until then. That its time is ends this statement alone: the request
    /// may go on as a newer one.
    pub(crate) fn cancel(&mut self, reason: CancelReason) -> bool {
        let open = self.is_undecided();
        match reason {
            CancelReason::Expired => self.replaced = true,
            CancelReason::DecidedElsewhere | CancelReason::Replaced | CancelReason::Withdrawn => {
                self.cancelled = true;
            }
        }
        open
    }

    /// The exact bytes of the request.
    pub(crate) fn text(&self) -> &str {
        &self.challenge
    }

    pub(super) fn exp(&self) -> u64 {
        self.exp
    }

    /// Whether it may be forgotten early, where there are too many: it is over, so its request isn't shown again without it, and the
    /// person answered nothing to it that they could still report. What waits in the outbox, or is in the history, has its own bytes.
    pub(super) fn makes_way(&self, lower: u64) -> bool {
        let over = self.exp.saturating_mul(1000).saturating_add(SURELY_OVER);
        let may_be_reported = self.decided.is_some() && !self.reported;
        lower > over && !may_be_reported
    }

    /// Whether it can be forgotten: over, and kept long enough against a clock that was set back.
    pub(super) fn is_stale(&self, lower: u64) -> bool {
        lower > self.exp.saturating_mul(1000) && lower > self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Peer;

    #[test]
    fn one_decision_and_one_report() {
        let peer = Peer::new();
        let challenge = peer.sign(peer.challenge(Id::from([1; 16])));
        let mut seen = Seen::new(&challenge, 0, false);
        assert!(seen.is_open(&challenge) && seen.takes(Decision::Approve));
        seen.decide(Decision::Approve);
        assert!(!seen.is_open(&challenge) && !seen.takes(Decision::Deny));
        assert!(seen.takes(Decision::Report));
        seen.reopen();
        assert!(seen.takes(Decision::Deny));
        seen.decide(Decision::Report);
        assert!(!seen.takes(Decision::Approve) && !seen.takes(Decision::Report));
    }

    #[test]
    fn another_request_with_the_same_id_is_not_the_same() {
        let peer = Peer::new();
        let first = peer.challenge(Id::from([1; 16]));
        let mut second = first.clone();
        second.exp += 1;
        let seen = Seen::new(&peer.sign(first), 0, false);
        assert!(!seen.is_open(&peer.sign(second)));
    }

    #[test]
    fn row_44_a_note_outlives_its_request_and_a_day() {
        let peer = Peer::new();
        let challenge = peer.sign(peer.challenge(Id::from([1; 16])));
        let lower = challenge.iat * 1000;
        let seen = Seen::new(&challenge, lower, false);
        assert!(!seen.is_stale(challenge.exp * 1000 + 1));
        assert!(!seen.is_stale(lower + KEPT));
        assert!(seen.is_stale(lower + KEPT + 1));
        let far = Seen::new(&challenge, 0, false);
        assert!(!far.is_stale(KEPT + 1));
    }
}

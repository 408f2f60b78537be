//! Signed states: the only way an ID changes (protocol section 5).

use super::record::{Account, Approval, Known, Stage};
use countersign_protocol::policy::Policy;
use countersign_protocol::statement::{Standing, State};
use countersign_protocol::{Signed, Thumbprint};

/// Why a state is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// Of another server, credential, registration or key.
    #[error("a state of another credential")]
    Foreign,
    /// An older one, or another one with the same number.
    #[error("a state that goes back")]
    Backwards,
    /// Its policy is older than the one in force, or another one with the same number.
    #[error("a policy that goes back")]
    PolicyBackwards,
    /// Its policy asks less than the one in force, and this phone approved no such thing.
    #[error("a policy that asks less")]
    Weaker,
}

impl Account {
    /// Whether a state is about this credential.
    pub(crate) fn is_meant_by(&self, state: &State) -> bool {
        state.iss == self.trust.iss
            && state.registration == self.registration
            && state.dev == self.dev.thumbprint()
            && self.has_uv(state.uv)
    }

    /// Whether a K_uv that a state names is this phone's: the one in use, or the one that was sent.
    fn has_uv(&self, named: Option<Thumbprint>) -> bool {
        let now = self.uv.as_ref().map(|uv| uv.key.thumbprint());
        let next = self.next_uv.as_ref().map(|next| next.uv.key.thumbprint());
        named == now || (next.is_some() && named == next)
    }

    /// Takes the newest state; whether it said anything new. `lower` is the lower bound of server
    /// time, milliseconds.
    pub(crate) fn take_state(&mut self, state: &Signed<State>, lower: u64) -> Result<bool, Unfit> {
        let foreign = !self.is_meant_by(state);
        let Stage::Known(known) = &mut self.stage else {
            return Err(Unfit::Foreign);
        };
        if foreign || state.aud != known.credential {
            return Err(Unfit::Foreign);
        }
        if state.sn == known.sn && state.hash() == known.state {
            return Ok(false);
        }
        let out_of_place = match state.state {
            // Only the first state is, and it was taken elsewhere.
            Standing::Pending => true,
            // Nothing is kept of what never came into use: so nothing else can be refused.
            Standing::Refused => !matches!(known.standing, Standing::Pending | Standing::Refused),
            _ => false,
        };
        if state.sn <= known.sn || out_of_place {
            return Err(Unfit::Backwards);
        }
        if let Some(policy) = policy_taken(&self.policy, &self.approvals, state)? {
            self.approvals.retain(|later| later.policy.n > policy.n);
            self.policy = policy;
        }
        // Where there is no PIN there is none on either side. One that waits for its verdict isn't wanted any more either: whatever
        // that says, none comes of it.
        if self.policy.pin == 0 {
            (self.pin, self.next_pin) = (None, None);
        }
        known.take(state, lower);
        self.account = state.account.clone();
        self.note_uv(state);
        Ok(true)
    }
}

/// The policy that is in force after a state, if it is another one: one that asks less only if the person agreed to
/// it, or to an earlier one that asked no more.
fn policy_taken(
    old: &Policy,
    approvals: &[Approval],
    state: &State,
) -> Result<Option<Policy>, Unfit> {
    let new = &state.policy;
    if new.n < old.n || (new.n == old.n && new != old) {
        return Err(Unfit::PolicyBackwards);
    }
    if new.n == old.n {
        return Ok(None);
    }
    // The server may have taken what was agreed to, and then another one that needs no word of the person.
    let covers = |agreed: &Policy| agreed.n < new.n && !new.is_weaker_than(agreed);
    let agreed = || {
        let mut all = approvals.iter().map(|one| &one.policy);
        all.any(|agreed| agreed == new || covers(agreed))
    };
    if !new.is_weaker_than(old) || agreed() {
        return Ok(Some(new.clone()));
    }
    // That it is over or at rest is believed all the same, but not what it would ask.
    match state.state {
        Standing::Suspended | Standing::Revoked | Standing::Refused => Ok(None),
        Standing::Pending | Standing::Active => Err(Unfit::Weaker),
    }
}

impl Known {
    fn take(&mut self, state: &Signed<State>, lower: u64) {
        self.sn = state.sn;
        self.state = state.hash();
        self.standing = state.state;
        self.reason = state.reason;
        self.push_id = state.push_id;
        self.digits = None;
        self.ended = match state.state {
            Standing::Revoked => self.ended.or(Some(lower)),
            _ => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Peer, account_of};
    use countersign_protocol::statement::StateReason;
    use countersign_protocol::{Digest, Id, Origin};

    fn take(account: &mut Account, state: State, peer: &Peer) -> Result<bool, Unfit> {
        account.take_state(&peer.sign(state), 0)
    }

    fn at(state: &State, sn: u64, standing: Standing, reason: Option<StateReason>) -> State {
        let known = matches!(standing, Standing::Active | Standing::Suspended);
        let handle = known.then(|| Id::from([5; 16]));
        State {
            sn,
            state: standing,
            reason,
            wake: handle,
            push_id: handle,
            ..state.clone()
        }
    }

    #[test]
    fn row_44_states_rise_or_are_refused() {
        let peer = Peer::new();
        let (mut account, active) = account_of(&peer);
        let sn = active.sn;
        assert_eq!(take(&mut account, active.clone(), &peer), Ok(false));
        let suspended = at(
            &active,
            sn + 1,
            Standing::Suspended,
            Some(StateReason::User),
        );
        assert_eq!(take(&mut account, suspended.clone(), &peer), Ok(true));
        assert_eq!(account.known().unwrap().standing, Standing::Suspended);
        for old in [active.clone(), at(&active, sn + 1, Standing::Active, None)] {
            assert_eq!(take(&mut account, old, &peer), Err(Unfit::Backwards));
        }
        let mut pending = at(&active, sn + 5, Standing::Pending, None);
        (pending.ns, pending.kc) = (Some(Digest::from([1; 32])), Some(Digest::from([2; 32])));
        pending.exp = Some(pending.iat + 60);
        assert_eq!(take(&mut account, pending, &peer), Err(Unfit::Backwards));
        let revoked = at(
            &active,
            sn + 9,
            Standing::Revoked,
            Some(StateReason::Removed),
        );
        assert_eq!(take(&mut account, revoked, &peer), Ok(true));
        assert!(!account.is_in_the_way() && !account.is_live());
        // A later state may say otherwise.
        assert_eq!(
            take(
                &mut account,
                at(&active, sn + 10, Standing::Active, None),
                &peer
            ),
            Ok(true)
        );
        assert_eq!(account.known().unwrap().ended, None);
    }

    #[test]
    fn row_43_states_of_others_are_refused() {
        let peer = Peer::new();
        let (mut account, active) = account_of(&peer);
        let changes: [fn(&mut State); 5] = [
            |state| state.iss = Origin::parse("https://evil.example").unwrap(),
            |state| state.aud = Id::from([0; 16]),
            |state| state.registration = Digest::from([0; 32]),
            |state| state.dev.0 = Digest::from([0; 32]),
            |state| state.uv = Some(state.dev),
        ];
        for change in changes {
            let mut state = at(&active, active.sn + 1, Standing::Active, None);
            change(&mut state);
            assert_eq!(take(&mut account, state, &peer), Err(Unfit::Foreign));
        }
    }

    #[test]
    fn row_44_policies_rise_and_never_ask_less() {
        let peer = Peer::new();
        let (mut account, active) = account_of(&peer);
        let with = |sn: u64, standing, reason, change: fn(&mut Policy)| {
            let mut state = at(&active, active.sn + sn, standing, reason);
            change(&mut state.policy);
            state
        };
        let is_active = |change| with(1, Standing::Active, None, change);
        let mut refused = |state| take(&mut account, state, &peer);
        assert_eq!(
            refused(is_active(|policy| policy.max_life = 30)),
            Err(Unfit::PolicyBackwards)
        );
        assert_eq!(
            refused(is_active(|policy| (policy.n, policy.r#match) = (9, false))),
            Err(Unfit::Weaker)
        );
        assert_eq!(
            refused(is_active(|policy| (policy.n, policy.max_life) = (9, 600))),
            Err(Unfit::Weaker)
        );
        assert_eq!(
            refused(is_active(|policy| (policy.n, policy.max_life) = (9, 60))),
            Ok(true)
        );
        assert_eq!((account.policy.n, account.policy.max_life), (9, 60));
        let old = with(2, Standing::Active, None, |_| {});
        assert_eq!(take(&mut account, old, &peer), Err(Unfit::PolicyBackwards));
        let paused = Some(StateReason::Admin);
        let weaker = with(2, Standing::Suspended, paused, |policy| {
            (policy.n, policy.max_life) = (10, 600)
        });
        assert_eq!(take(&mut account, weaker, &peer), Ok(true));
        assert_eq!((account.policy.n, account.policy.max_life), (9, 60));
        assert_eq!(account.known().unwrap().standing, Standing::Suspended);
    }
}

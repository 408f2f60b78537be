//! The newest requests whose signature was checked, so that it isn't checked again for each look at them.
//! A check depends on two things alone, the bytes and the key; both are compared here.

use super::verify::Request;
use crate::account::Trust;
use crate::core::Core;
use countersign_protocol::jose::Refusal;
use countersign_protocol::statement::Challenge;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many are kept.
const KEPT: usize = 8;

/// Requests by their exact bytes.
#[derive(Default)]
pub(crate) struct Recent(VecDeque<Arc<Request>>);

impl Recent {
    /// Remembers one whose signature was checked.
    pub(super) fn keep(&mut self, request: &Arc<Request>) {
        if self.find(request.challenge.compact()).is_none() {
            self.0.truncate(KEPT - 1);
            self.0.push_front(request.clone());
        }
    }

    fn find(&self, text: &str) -> Option<&Arc<Request>> {
        let mut all = self.0.iter();
        all.find(|known| known.challenge.compact() == text)
    }
}

impl Core {
    /// A request that was noted, as its server's keys are now: a key that was withdrawn since stops it.
    pub(super) fn verify_again(&self, trust: &Trust, text: &str) -> Result<Arc<Request>, Refusal> {
        let known = self.recent().find(text).cloned();
        if let Some(known) = known.filter(|known| trust.signs_by(&known.challenge.kid())) {
            return Ok(known);
        }
        let request = Request::new(trust.verify::<Challenge>(text)?);
        self.recent().keep(&request);
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Peer, account_of};
    use countersign_protocol::Id;

    #[test]
    fn only_the_newest_are_kept_each_once_and_by_every_byte() {
        let peer = Peer::new();
        let challenge = |n: u8| peer.sign(peer.challenge(Id::from([n; 16])));
        let mut recent = Recent::default();
        for n in 0..=KEPT as u8 {
            recent.keep(&Request::new(challenge(n)));
            recent.keep(&Request::new(challenge(n)));
        }
        assert_eq!(recent.0.len(), KEPT);
        assert!(recent.find(challenge(0).compact()).is_none());
        let newest = challenge(KEPT as u8).compact().to_owned();
        assert!(recent.find(&newest).is_some());
        assert!(recent.find(&newest[..newest.len() - 1]).is_none());
        let (part, signature) = newest.rsplit_once('.').unwrap();
        let other = format!("{part}.{}", signature.chars().rev().collect::<String>());
        assert!(recent.find(&other).is_none());
    }

    #[test]
    fn a_withdrawn_key_is_no_longer_believed() {
        let peer = Peer::new();
        let (account, _) = account_of(&peer);
        let challenge = peer.sign(peer.challenge(Id::from([1; 16])));
        assert!(account.trust.signs_by(&challenge.kid()));
        assert!(!account.trust.signs_by(&peer.root().public().thumbprint()));
    }
}

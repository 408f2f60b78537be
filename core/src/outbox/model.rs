//! The outbox against a model: whatever fails, in whatever order, every decision has one effect.

use crate::authenticator::Authenticator;
use crate::challenge::Answer;
use crate::ports::TransportError;
use crate::testkit::{Phone, Trouble, problem};
use countersign_protocol::Id;
use countersign_protocol::problem::Code;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// The server asks, the phone polls.
    Ask,
    /// The person decides the oldest open request.
    Decide,
    Deliver,
    Pass(u64),
    /// The app's process ends and begins anew.
    Restart,
    /// The device does.
    Reboot,
    /// The next delivery fails this way.
    Fail(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Ask),
        3 => Just(Step::Decide),
        4 => Just(Step::Deliver),
        2 => (0u64..40).prop_map(Step::Pass),
        1 => Just(Step::Restart),
        1 => Just(Step::Reboot),
        4 => (0u8..8).prop_map(Step::Fail),
    ]
}

fn trouble(kind: u8) -> Trouble {
    match kind {
        0 => Trouble::Lost(TransportError::Unreachable),
        1 => Trouble::Lost(TransportError::Timeout),
        2 => Trouble::AnswerLost(TransportError::Broken),
        3 => Trouble::AnswerLost(TransportError::Timeout),
        4 => Trouble::Instead(problem(Code::Fault)),
        5 => Trouble::Instead(problem(Code::Conflict)),
        6 => Trouble::Instead(problem(Code::SlowDown)),
        _ => Trouble::Instead(problem(Code::NotFound)),
    }
}

/// What the phone must know.
#[derive(Default)]
struct Model {
    asked: u8,
    open: BTreeSet<Id>,
    decided: BTreeSet<Id>,
}

struct World {
    phone: Phone,
    app: Authenticator,
    id: Id,
    model: Model,
}

impl World {
    fn new() -> Self {
        let phone = Phone::new();
        // Time passes in these stories, and none of them is about its end.
        phone.peer.inner().policy.max_life = 600;
        let (app, id) = phone.enrolled();
        Self {
            phone,
            app,
            id,
            model: Model::default(),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Ask => {
                self.model.asked += 1;
                let jti = self.phone.peer.ask(self.model.asked, |challenge| {
                    challenge.exp = challenge.iat + 600
                });
                self.model.open.insert(jti);
                self.app.poll(&self.id, 0).unwrap();
            }
            Step::Decide => {
                if let Some(prompt) = self.app.pending().unwrap().first() {
                    self.app
                        .decide(
                            &prompt.id,
                            &Answer::Approve {
                                number: Some("47".into()),
                            },
                        )
                        .unwrap();
                    self.model.open.remove(&prompt.id.challenge);
                    self.model.decided.insert(prompt.id.challenge);
                }
            }
            Step::Deliver => {
                self.app.deliver(false).unwrap();
            }
            Step::Pass(seconds) => self.phone.pass(seconds),
            Step::Restart => self.app = self.phone.app(),
            Step::Reboot => {
                self.phone.clock.restart();
                self.app = self.phone.app();
            }
            Step::Fail(kind) => self.phone.peer.trouble("responses", trouble(kind)),
        }
        self.check();
    }

    fn check(&self) {
        let open: BTreeSet<Id> = self
            .app
            .pending()
            .unwrap()
            .iter()
            .map(|prompt| prompt.id.challenge)
            .collect();
        assert_eq!(open, self.model.open);
        let waiting = self.app.outbox().unwrap();
        let settled = self.app.history(1000).unwrap();
        assert!(
            settled
                .iter()
                .all(|entry| entry.result.as_deref() == Some("ok"))
        );
        assert_eq!(waiting.len() + settled.len(), self.model.decided.len());
        // The server never got two answers to one request, nor an answer nobody gave.
        let inner = self.phone.peer.inner();
        let answered: BTreeSet<_> = inner
            .responses
            .iter()
            .map(|response| response.challenge)
            .collect();
        assert_eq!(answered.len(), inner.responses.len());
        assert!(
            inner.responses.len() >= settled.len() && answered.len() <= self.model.decided.len()
        );
    }

    fn end(&self) {
        self.phone.peer.inner().trouble.clear();
        self.app.deliver(true).unwrap();
        assert!(self.app.outbox().unwrap().is_empty());
        assert_eq!(
            self.app.history(1000).unwrap().len(),
            self.model.decided.len()
        );
        let inner = self.phone.peer.inner();
        let mut ctrs: Vec<u64> = inner
            .responses
            .iter()
            .map(|response| response.ctr)
            .collect();
        ctrs.sort_unstable();
        assert_eq!(
            ctrs,
            (1..=self.model.decided.len() as u64).collect::<Vec<_>>()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn every_decision_has_one_effect(steps in proptest::collection::vec(step(), 1..14)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.end();
    }
}

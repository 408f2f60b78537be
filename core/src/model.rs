//! The whole phone against a model: whatever happens to it, in whatever order, nothing that was shown is lost, every decision has
//! one effect, and a request that the server just made is never refused for its time.

use crate::authenticator::Authenticator;
use crate::challenge::{Answer, PromptId};
use crate::enrol::Progress;
use crate::error::Error;
use crate::ports::TransportError;
use crate::testkit::{Phone, Trouble, problem};
use countersign_protocol::Id;
use countersign_protocol::problem::Code;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// How long the requests of this story live, seconds.
const LIFE: u64 = 600;

#[derive(Debug, Clone)]
enum Step {
    /// The server asks; the request is on its way for so many seconds.
    Ask(u64),
    /// The phone polls.
    Receive,
    /// The person decides the oldest open request.
    Decide { approve: bool },
    /// What waits is sent, due or not.
    Deliver(bool),
    /// Time passes for both.
    Pass(u64),
    /// The app's process ends and begins anew.
    Restart,
    /// The device does: its clock begins anew.
    Reboot,
    /// The next call of this kind fails this way.
    Fail(&'static str, u8),
    /// The ID is removed from the phone and added again.
    Anew,
    /// The process dies at this port call of a step.
    Crash(u64, Box<Step>),
}

fn calm() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u64..90).prop_map(Step::Ask),
        4 => Just(Step::Receive),
        4 => any::<bool>().prop_map(|approve| Step::Decide { approve }),
        3 => any::<bool>().prop_map(Step::Deliver),
        2 => (0u64..120).prop_map(Step::Pass),
        1 => Just(Step::Restart),
        1 => Just(Step::Reboot),
        2 => (0u8..8).prop_map(|kind| Step::Fail("/responses", kind)),
        1 => (0u8..8).prop_map(|kind| Step::Fail("/challenges", kind)),
        1 => Just(Step::Anew),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => calm(),
        1 => (1u64..9, calm()).prop_map(|(at, step)| Step::Crash(at, Box::new(step))),
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

/// What the phone must know about the ID it has.
#[derive(Default)]
struct Model {
    /// Asked and not yet received, with their ends.
    asked: BTreeMap<Id, u64>,
    /// Shown and not decided.
    open: BTreeMap<Id, u64>,
    decided: BTreeSet<Id>,
}

struct World {
    phone: Phone,
    app: Authenticator,
    id: Id,
    /// The number of the last request; none is ever used twice.
    last: u8,
    model: Model,
}

/// Brings an enrolment to its end from wherever a crash left it.
fn enrol(phone: &Phone, app: &Authenticator) -> Result<Id, Error> {
    for account in app.accounts()? {
        app.forget(&account.id)?;
    }
    {
        let mut peer = phone.peer.inner();
        (peer.registered, peer.first, peer.state) = (None, None, None);
        peer.open.clear();
        peer.responses.clear();
        peer.verdicts.clear();
        peer.trouble.clear();
        // An invitation lives long in this story.
        peer.expires = peer.now + LIFE;
    }
    let id = app.enrol(app.review(&phone.peer.link())?)?;
    if let Progress::Pending(_) = app.proceed(&id, 0)? {
        phone.peer.activate();
        app.proceed(&id, 0)?;
    }
    Ok(id)
}

impl World {
    fn new() -> Self {
        let phone = Phone::new();
        phone.peer.inner().policy.max_life = LIFE;
        let app = phone.app();
        let id = enrol(&phone, &app).unwrap();
        Self {
            phone,
            app,
            id,
            last: 0,
            model: Model::default(),
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Crash(at, inner) => self.crash(*at, inner),
            step => {
                let app = self.phone.app();
                let app = std::mem::replace(&mut self.app, app);
                self.act(&app, step).unwrap();
                if !matches!(step, Step::Restart | Step::Reboot) {
                    self.app = app;
                }
            }
        }
        self.check();
    }

    /// A step whose process may die in the middle, and a new process that finds out what became of it.
    fn crash(&mut self, at: u64, step: &Step) {
        let polled = matches!(step, Step::Receive);
        if let Ok(app) = self.phone.start(at) {
            // How it ended is what the next process has to find.
            let _ = self.act(&app, step);
        }
        self.app = self.phone.app();
        if matches!(step, Step::Anew) {
            self.id = enrol(&self.phone, &self.app).unwrap();
            self.model = Model::default();
        }
        let pending = self.pending();
        if polled {
            self.received(&pending);
        }
        // A decision that didn't return may have been made, or not; it is known by what is still open.
        if matches!(step, Step::Decide { .. }) {
            let gone: Vec<Id> = self
                .model
                .open
                .iter()
                .filter(|(id, end)| !pending.contains(id) && self.phone.peer.inner().now <= **end)
                .map(|(id, _)| *id)
                .collect();
            assert!(gone.len() <= 1);
            for id in gone {
                self.model.open.remove(&id);
                self.model.decided.insert(id);
            }
        }
    }

    fn act(&mut self, app: &Authenticator, step: &Step) -> Result<(), Error> {
        match step {
            Step::Ask(delay) => {
                self.last += 1;
                let id = self.phone.peer.ask(self.last, |challenge| {
                    challenge.exp = challenge.iat + LIFE;
                });
                let end = self.phone.peer.inner().now + LIFE;
                self.model.asked.insert(id, end);
                self.phone.pass(*delay);
            }
            Step::Receive => match app.poll(&self.id, 0) {
                Ok(arrivals) => {
                    assert_eq!((arrivals.refused, arrivals.error), (vec![], None));
                    let all: BTreeSet<Id> = self.model.asked.keys().copied().collect();
                    self.received(&all);
                }
                Err(error) => assert!(matches!(error, Error::Retry { .. } | Error::Expired { .. })),
            },
            Step::Decide { approve } => self.decide(app, *approve)?,
            Step::Deliver(now) => drop(app.deliver(*now)?),
            Step::Pass(seconds) => self.phone.pass(*seconds),
            Step::Restart => {}
            Step::Reboot => self.phone.clock.restart(),
            Step::Fail(path, kind) => self.phone.peer.trouble(path, trouble(*kind)),
            Step::Anew => {
                self.id = enrol(&self.phone, app)?;
                self.model = Model::default();
            }
            Step::Crash(..) => {}
        }
        Ok(())
    }

    fn decide(&mut self, app: &Authenticator, approve: bool) -> Result<(), Error> {
        let Some(prompt) = app.pending()?.into_iter().next() else {
            return Ok(());
        };
        let answer = if approve {
            Answer::Approve {
                number: Some("47".into()),
                pin: None,
            }
        } else {
            Answer::Deny { reason: None }
        };
        app.decide(&prompt.id, &answer)?;
        let decided = prompt.id.challenge;
        self.model.open.remove(&decided);
        self.model.decided.insert(decided);
        Ok(())
    }

    /// Moves what came from asked to open.
    fn received(&mut self, ids: &BTreeSet<Id>) {
        let here = |id: &Id, _: &mut u64| ids.contains(id);
        let came: Vec<_> = self.model.asked.extract_if(.., here).collect();
        self.model.open.extend(came);
    }

    fn pending(&self) -> BTreeSet<Id> {
        let pending = self.app.pending().unwrap();
        pending.iter().map(|prompt| prompt.id.challenge).collect()
    }

    fn check(&mut self) {
        let (pending, now) = (self.pending(), self.phone.peer.inner().now);
        // Nothing is shown that isn't open, and what isn't shown any more is over.
        assert!(pending.iter().all(|id| self.model.open.contains_key(id)));
        self.model.open.retain(|id, end| {
            assert!(pending.contains(id) || now > *end, "a request got lost");
            pending.contains(id)
        });
        let waiting = self.app.outbox().unwrap();
        let settled = self.app.history(1000).unwrap();
        let accepted = |result: &Option<String>| result.as_deref() == Some("ok");
        assert!(settled.iter().all(|entry| accepted(&entry.result)));
        assert_eq!(waiting.len() + settled.len(), self.model.decided.len());
        for id in &self.model.decided {
            let again = PromptId {
                account: self.id,
                challenge: *id,
            };
            assert!(self.app.show(&again).is_err(), "decided twice");
        }
        self.check_server(settled.len());
    }

    /// The server never got two answers to one request, nor an answer that nobody gave.
    fn check_server(&self, settled: usize) {
        let peer = self.phone.peer.inner();
        let answered: BTreeSet<_> = peer.responses.iter().map(|one| one.challenge).collect();
        assert_eq!(answered.len(), peer.responses.len());
        assert!((settled..=self.model.decided.len()).contains(&answered.len()));
        let mut posted: BTreeMap<String, BTreeSet<&String>> = BTreeMap::new();
        for response in &peer.responses {
            let sent = |call: &&(&str, String, String)| call.2.contains(response.compact());
            let bodies = peer.calls.iter().filter(sent).map(|call| &call.2);
            posted
                .entry(response.jti.to_string())
                .or_default()
                .extend(bodies);
        }
        assert!(posted.values().all(|bodies| bodies.len() == 1));
    }

    fn end(&self) {
        self.phone.peer.inner().trouble.clear();
        self.app.deliver(true).unwrap();
        assert!(self.app.outbox().unwrap().is_empty());
        let peer = self.phone.peer.inner();
        let mut numbers: Vec<u64> = peer.responses.iter().map(|one| one.ctr).collect();
        numbers.sort_unstable();
        let all: Vec<u64> = (1..=self.model.decided.len() as u64).collect();
        assert_eq!(numbers, all);
        assert_eq!(self.phone.owners(), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_lost_and_every_decision_has_one_effect(steps in proptest::collection::vec(step(), 1..20)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.end();
    }
}

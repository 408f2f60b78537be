//! A flood of strangers, a known browser, two phones and time against a small model: each kind of browser has one request
//! open, each request has one end, and the ID is quiet exactly when the model is.

use crate::testkit::{ANNA, Browser, Page, Phone, Provider, World};
use countersign_protocol::Signed;
use countersign_protocol::statement::{Challenge, Decision, VerdictCode};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A browser that nobody knows, `false`, or one that is known has Anna asked.
    Begin(bool),
    /// Whoever has one open takes it back.
    Cancel(bool),
    /// A phone looks.
    Look(usize),
    /// Both phones answer the request of such a browser, at the same time.
    Answer(bool, [Decision; 2]),
    /// Seconds.
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let decision = || prop_oneof![Just(Decision::Approve), Just(Decision::Deny)];
    prop_oneof![
        5 => any::<bool>().prop_map(Step::Begin),
        2 => any::<bool>().prop_map(Step::Cancel),
        2 => (0usize..2).prop_map(Step::Look),
        3 => (any::<bool>(), [decision(), decision()]).prop_map(|(known, both)| Step::Answer(known, both)),
        3 => (1u64..140).prop_map(Step::Pass),
        1 => (600u64..4000).prop_map(Step::Pass),
    ]
}

/// A request that waits, as the model has it.
struct Open<'w> {
    browser: Browser<'w>,
    page: Page,
    until: u64,
    seen: bool,
}

struct Play<'w> {
    world: &'w World,
    phones: &'w [Phone<'w>; 2],
    /// Of strangers, and of known browsers.
    open: [Option<Open<'w>>; 2],
    unwelcome: Vec<u64>,
    quiet_until: u64,
}

impl<'w> Play<'w> {
    fn is_open(&self, known: bool) -> bool {
        let now = self.world.now();
        self.open[usize::from(known)]
            .as_ref()
            .is_some_and(|open| open.until >= now)
    }

    fn unwelcome(&mut self, at: u64) {
        self.unwelcome.retain(|before| *before >= at - 900);
        self.unwelcome.push(at);
        if self.unwelcome.len() >= 3 || self.quiet_until > at {
            self.quiet_until = self.quiet_until.max(at + 3600);
        }
    }

    /// What is over was unwelcome if nobody saw it; the server finds it when somebody asks again.
    fn end_late(&mut self) {
        let now = self.world.now();
        let mut over = Vec::new();
        for open in &mut self.open {
            if open.as_ref().is_some_and(|open| open.until < now) {
                over.extend(open.take().filter(|open| !open.seen).map(|open| open.until));
            }
        }
        over.into_iter().for_each(|at| self.unwelcome(at));
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Begin(known) => self.begin(known).await,
            Step::Cancel(known) => self.cancel(known).await,
            Step::Look(at) => self.look(at).await,
            Step::Answer(known, both) => self.answer(known, both).await,
            Step::Pass(seconds) => self.world.pass(seconds),
        }
        let overview: Value = self.phones[0].get("/cs/v1/overview").await.json();
        let quiet = overview["quiet_until"].as_u64().unwrap_or(0);
        let expected = match self.quiet_until > self.world.now() {
            true => self.quiet_until,
            false => 0,
        };
        assert_eq!(quiet, expected);
    }

    async fn begin(&mut self, known: bool) {
        let (world, was_open) = (self.world, self.is_open(known));
        let browser = match known {
            true => world.known_browser().await,
            false => Browser::new(world),
        };
        let page = browser.ask(&Provider::wiki(), ANNA).await;
        self.end_late();
        assert_eq!(page.heading(), if was_open { "signin" } else { "wait" });
        if was_open {
            return;
        }
        let quiet = self.quiet_until > world.now();
        let silent = "SELECT silent || '' FROM challenges ORDER BY seq DESC LIMIT 1";
        let silent = world.value(silent).await == "1";
        assert_eq!(silent, quiet && !known);
        self.open[usize::from(known)] = Some(Open {
            browser,
            page,
            until: world.now() + 120,
            seen: false,
        });
    }

    async fn cancel(&mut self, known: bool) {
        if !self.is_open(known) {
            return;
        }
        if let Some(open) = self.open[usize::from(known)].take() {
            let path = format!("{}/cancel", open.page.path);
            let end = open.browser.press(&open.page, &path).await;
            assert_eq!(end.heading(), "end.cancelled");
            if !known {
                self.unwelcome(self.world.now());
            }
        }
    }

    async fn look(&mut self, at: usize) {
        let listed = self.phones[at].list("").await.challenges.len();
        let open = [false, true].map(|known| self.is_open(known));
        assert_eq!(listed, open.iter().filter(|open| **open).count());
        let now = self.world.now();
        for open in self.open.iter_mut().flatten() {
            open.seen |= open.until >= now;
        }
    }

    /// The request of such a browser on a phone.
    async fn asked(&self, at: usize, known: bool) -> Signed<Challenge> {
        let phone = &self.phones[at];
        let list = phone.list("").await;
        let mut all = list.challenges.iter().map(|text| phone.verify(text));
        let of = |one: &Signed<Challenge>| one.context.as_ref().unwrap().known == known;
        all.find(of).unwrap()
    }

    async fn answer(&mut self, known: bool, both: [Decision; 2]) {
        if !self.is_open(known) {
            return;
        }
        self.look(0).await;
        self.look(1).await;
        let open = self.open[usize::from(known)].take().unwrap();
        let number = open.page.number();
        let mut responses = Vec::new();
        for (at, decision) in both.into_iter().enumerate() {
            let phone = &self.phones[at];
            let number = number.as_deref().filter(|_| decision == Decision::Approve);
            let asked = self.asked(at, known).await;
            responses.push(phone.sign(phone.response(&asked, decision, number)));
        }
        let [first, second] = self.phones;
        let (a, b) = tokio::join!(first.deliver(&responses[0]), second.deliver(&responses[1]));
        // One wins, whichever it is.
        let codes = [a.code, b.code];
        let won = codes
            .iter()
            .position(|code| *code == VerdictCode::Ok)
            .unwrap();
        assert_eq!(codes[1 - won], VerdictCode::DecidedElsewhere);
        let end = open.browser.open(&open.page.path).await;
        match both[won] {
            Decision::Approve => assert!(end.is_answer_to(&Provider::wiki())),
            _ => {
                assert_eq!(end.heading(), "end.denied");
                self.unwelcome(self.world.now());
            }
        }
    }
}

#[test]
fn a_flood_a_known_browser_two_phones_and_time_agree_with_the_model() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(Config {
        // Each case is a whole server.
        cases: Config::default().cases.min(1024) / 32,
        failure_persistence: None,
        ..Config::default()
    });
    let steps = proptest::collection::vec(step(), 1..24);
    let done = runner.run(&steps, |steps| {
        runtime.block_on(async {
            let world = World::new().await;
            let phones = world.with_two_phones().await;
            let mut play = Play {
                world: &world,
                phones: &phones,
                open: [None, None],
                unwelcome: Vec::new(),
                quiet_until: 0,
            };
            for step in steps {
                play.take(step).await;
            }
            world.end().await;
        });
        Ok(())
    });
    done.unwrap();
}

//! An application, two phones and time against a small model: whatever they do, in whatever order, each request has
//! one end, the application is told that one, and its receipt is of the phone that decided.

use crate::testkit::{Phone, Shop, World, payment};
use countersign_protocol::Signed;
use countersign_protocol::statement::{Challenge, Decision, Response, VerdictCode};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy)]
enum Step {
    /// The application asks something new.
    Ask,
    /// It sends its last request again.
    Again,
    Cancel,
    /// A phone decides about what it is shown.
    Decide(usize, What),
    /// Both do, at the same time.
    Both(What, What),
    /// Seconds.
    Pass(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Approve,
    Deny,
    WrongNumber,
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        1 => Just(What::Approve),
        2 => Just(What::Deny),
        1 => Just(What::WrongNumber)
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => Just(Step::Ask),
        1 => Just(Step::Again),
        1 => Just(Step::Cancel),
        4 => (0usize..2, what()).prop_map(|(at, what)| Step::Decide(at, what)),
        2 => (what(), what()).prop_map(|(a, b)| Step::Both(a, b)),
        2 => (0u64..150).prop_map(Step::Pass),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Decided(usize, What),
    Cancelled,
}

/// One request, as the model has it.
struct Asked {
    call: Value,
    shown: Value,
    begun: u64,
    seen: bool,
    end: Option<End>,
}

impl Asked {
    fn is_open(&self, now: u64) -> bool {
        self.end.is_none() && now <= self.begun + 120
    }

    fn state(&self, now: u64) -> &'static str {
        match self.end {
            Some(End::Decided(_, What::Approve)) => "approved",
            Some(End::Decided(_, What::Deny)) => "denied",
            Some(End::Decided(_, What::WrongNumber)) => "number_wrong",
            Some(End::Cancelled) => "cancelled",
            None if self.is_open(now) => "open",
            None => "expired",
        }
    }

    fn is_unwelcome(&self, now: u64) -> bool {
        let state = self.state(now);
        matches!(state, "denied" | "number_wrong") || (state == "expired" && !self.seen)
    }

    fn number(&self) -> &str {
        self.shown["number"].as_str().unwrap()
    }
}

struct Play<'a> {
    world: &'a World,
    shop: &'a Shop<'a>,
    phones: &'a [Phone<'a>; 2],
    asked: Vec<Asked>,
}

impl<'a> Play<'a> {
    fn newest(&mut self) -> Option<&mut Asked> {
        self.asked.last_mut()
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Ask => self.ask().await,
            Step::Again => self.again().await,
            Step::Cancel => self.cancel().await,
            Step::Decide(at, what) => {
                if let Some(challenge) = self.open_on(at).await {
                    let response = self.response(at, &challenge, what);
                    let code = self.phones[at].deliver(&response).await.code;
                    self.note(at, what, code);
                    assert!(self.newest().unwrap().end == Some(End::Decided(at, what)));
                }
            }
            Step::Both(a, b) => self.both(a, b).await,
            Step::Pass(seconds) => self.world.pass(seconds),
        }
    }

    async fn ask(&mut self) {
        let now = self.world.now();
        let call = payment(&format!("{}-{}", now, self.asked.len()));
        let answer = self.shop.try_ask(&call).await;
        let open = self.asked.iter().any(|asked| asked.is_open(now));
        let lately = |asked: &&Asked| asked.is_unwelcome(now) && asked.begun + 900 > now;
        if open || self.asked.iter().filter(lately).count() >= 3 {
            answer.is_refusal(429, "busy");
            return;
        }
        assert_eq!(answer.status, 201, "{}", answer.body);
        self.asked.push(Asked {
            call,
            shown: answer.json(),
            begun: now,
            seen: false,
            end: None,
        });
    }

    async fn again(&mut self) {
        let Some(asked) = self.asked.last() else {
            return;
        };
        let answer = self.shop.try_ask(&asked.call).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json::<Value>()["id"], asked.shown["id"]);
    }

    async fn cancel(&mut self) {
        let (shop, now) = (self.shop, self.world.now());
        let Some(asked) = self.newest() else {
            return;
        };
        let shown = shop.cancel(&asked.shown).await;
        if asked.is_open(now) {
            asked.end = Some(End::Cancelled);
        }
        assert_eq!(shown["state"], asked.state(now));
    }

    /// What a phone is shown, and the model agrees that there is something.
    async fn open_on(&mut self, at: usize) -> Option<Signed<Challenge>> {
        let (phone, now) = (&self.phones[at], self.world.now());
        let list = phone.list("").await;
        let open = self.newest().is_some_and(|asked| asked.is_open(now));
        assert_eq!(list.challenges.len(), usize::from(open));
        let challenge = phone.verify(list.challenges.first()?);
        let asked = self.newest()?;
        asked.seen = true;
        assert_eq!(asked.shown["id"], json!(challenge.txn));
        Some(challenge)
    }

    fn response(&self, at: usize, of: &Signed<Challenge>, what: What) -> Signed<Response> {
        let number = self.asked.last().unwrap().number();
        let wrong = format!("{:02}", (number.parse::<u32>().unwrap() + 1) % 100);
        let (decision, number) = match what {
            What::Approve => (Decision::Approve, Some(number)),
            What::Deny => (Decision::Deny, None),
            What::WrongNumber => (Decision::Approve, Some(wrong.as_str())),
        };
        let phone = &self.phones[at];
        phone.sign(phone.response(of, decision, number))
    }

    fn note(&mut self, at: usize, what: What, code: VerdictCode) {
        let asked = self.newest().unwrap();
        match (asked.end, what) {
            (Some(_), _) => assert_eq!(code, VerdictCode::DecidedElsewhere),
            (None, What::WrongNumber) => assert_eq!(code, VerdictCode::NumberWrong),
            (None, _) => assert_eq!(code, VerdictCode::Ok),
        }
        asked.end.get_or_insert(End::Decided(at, what));
    }

    async fn both(&mut self, a: What, b: What) {
        let (Some(one), Some(two)) = (self.open_on(0).await, self.open_on(1).await) else {
            return;
        };
        let (one, two) = (self.response(0, &one, a), self.response(1, &two, b));
        let [left, right] = self.phones;
        let (left, right) = tokio::join!(left.deliver(&one), right.deliver(&two));
        let mut order = [(0, a, left.code), (1, b, right.code)];
        order.sort_by_key(|(.., code)| *code == VerdictCode::DecidedElsewhere);
        for (at, what, code) in order {
            self.note(at, what, code);
        }
    }

    /// The application sees what the model says, and its receipts prove it.
    async fn check(&self) {
        let now = self.world.now();
        for asked in &self.asked {
            let shown = self.shop.look(&asked.shown).await;
            assert_eq!(shown["state"], asked.state(now));
            let Some(End::Decided(at, what)) = asked.end else {
                assert_eq!(shown.get("receipt"), None);
                continue;
            };
            let checked = self.shop.check(&shown);
            assert!(checked.response.kid() == self.phones[at].dev.public().thumbprint());
            assert_eq!(checked.is_approval(), what == What::Approve);
            assert_eq!(
                checked.response.decision == Decision::Deny,
                what == What::Deny
            );
        }
    }

    /// Nothing is left for the next play.
    async fn end(self) {
        self.world.pass(1000);
        for phone in self.phones {
            phone.list("").await;
            phone.acknowledge_all().await;
        }
    }
}

#[test]
fn an_application_two_phones_and_time_agree_with_the_model() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let world = runtime.block_on(World::new());
    let phones = runtime.block_on(world.with_two_phones());
    let shop = runtime.block_on(world.shop("shop"));
    let mut runner = TestRunner::new(Config {
        // Each step is a call of a whole server.
        cases: Config::default().cases.min(512) / 8,
        failure_persistence: None,
        ..Config::default()
    });
    let steps = proptest::collection::vec(step(), 1..40);
    let done = runner.run(&steps, |steps| {
        runtime.block_on(async {
            let mut play = Play {
                world: &world,
                shop: &shop,
                phones: &phones,
                asked: Vec::new(),
            };
            for step in steps {
                play.take(step).await;
                play.check().await;
            }
            play.end().await;
        });
        Ok(())
    });
    done.unwrap();
    runtime.block_on(world.end());
}

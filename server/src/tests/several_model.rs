//! Two phones, a browser and time against a small model: whatever they do, in whatever order, a request has
//! one end, the page shows it, and each phone that saw the request is told exactly what became of it.

use crate::testkit::{Browser, Page, Phone, Provider, World};
use countersign_protocol::statement::{CancelReason, Challenge, Decision, Response, VerdictCode};
use countersign_protocol::{Id, Signed};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A phone looks what there is.
    Look(usize),
    /// A phone decides about the newest request that it saw.
    Decide(usize, What),
    /// Both do, at the same time.
    Both(What, What),
    /// A phone sends its last answer again.
    Repeat(usize),
    /// The browser's buttons.
    Cancel,
    Again,
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
        Just(What::Approve),
        Just(What::Deny),
        Just(What::WrongNumber)
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0usize..2).prop_map(Step::Look),
        4 => (0usize..2, what()).prop_map(|(at, what)| Step::Decide(at, what)),
        2 => (what(), what()).prop_map(|(a, b)| Step::Both(a, b)),
        1 => (0usize..2).prop_map(Step::Repeat),
        1 => Just(Step::Cancel),
        1 => Just(Step::Again),
        2 => (0u64..70).prop_map(Step::Pass),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Decided(usize, What),
    Cancelled,
    Replaced,
}

/// One request, as the model has it.
struct Asked {
    /// What each phone saw.
    seen: [Option<Signed<Challenge>>; 2],
    /// Whether a phone, while nothing had ended it, looked after its time.
    told_over: [bool; 2],
    number: String,
    begun: u64,
    end: Option<End>,
}

impl Asked {
    fn is_late(&self, now: u64) -> bool {
        now > self.begun + 120
    }

    /// What an answer of a phone must get.
    fn verdict(&self, what: What, now: u64) -> VerdictCode {
        match self.end {
            Some(End::Decided(..)) => VerdictCode::DecidedElsewhere,
            Some(End::Cancelled | End::Replaced) => VerdictCode::Cancelled,
            None if self.is_late(now) => VerdictCode::Expired,
            None if what == What::WrongNumber => VerdictCode::NumberWrong,
            None => VerdictCode::Ok,
        }
    }

    /// What a phone must be told, if anything.
    fn cancel(&self, at: usize) -> Option<(Id, &'static str, bool)> {
        let challenge = self.seen[at].as_ref()?.jti;
        match self.end {
            _ if self.told_over[at] => Some((challenge, "expired", false)),
            None => None,
            Some(End::Decided(by, _)) if by == at => None,
            Some(End::Decided(..)) => Some((challenge, "decided", true)),
            Some(End::Cancelled) => Some((challenge, "withdrawn", false)),
            Some(End::Replaced) => Some((challenge, "replaced", false)),
        }
    }
}

/// A login in a browser, and all that was asked for it.
struct Play<'a> {
    world: &'a World,
    phones: &'a [Phone<'a>; 2],
    browser: Browser<'a>,
    page: Page,
    asked: Vec<Asked>,
    last: [Option<(String, VerdictCode)>; 2],
}

impl<'a> Play<'a> {
    async fn begin(world: &'a World, phones: &'a [Phone<'a>; 2]) -> Self {
        let (browser, page) = world.waiting().await;
        let mut play = Self {
            world,
            phones,
            browser,
            page,
            asked: Vec::new(),
            last: [None, None],
        };
        play.ask().await;
        play
    }

    async fn ask(&mut self) {
        let page = self.browser.open(&self.page.path).await;
        self.asked.push(Asked {
            seen: [None, None],
            told_over: [false, false],
            number: page.number().unwrap(),
            begun: self.world.now(),
            end: None,
        });
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Look(at) => self.look(at).await,
            Step::Decide(at, what) => {
                if let Some((nth, response)) = self.response(at, what) {
                    let expected = self.asked[nth].verdict(what, self.world.now());
                    self.deliver(at, nth, what, &response, &[expected]).await;
                }
            }
            Step::Both(a, b) => self.both(a, b).await,
            Step::Repeat(at) => self.repeat(at).await,
            Step::Cancel => self.press("cancel").await,
            Step::Again => self.press("again").await,
            Step::Pass(seconds) => self.world.pass(seconds),
        }
    }

    async fn look(&mut self, at: usize) {
        let list = self.phones[at].list("").await;
        let now = self.world.now();
        for asked in &mut self.asked {
            let over = asked.end.is_none() && asked.is_late(now);
            asked.told_over[at] |= over && asked.seen[at].is_some();
        }
        let newest = self.asked.last_mut().unwrap();
        let open = newest.end.is_none() && !newest.is_late(now);
        assert_eq!(list.challenges.len(), usize::from(open));
        if let Some(text) = list.challenges.first() {
            newest.seen[at] = Some(self.phones[at].verify(text));
        }
    }

    /// An answer to the newest request that a phone saw.
    fn response(&self, at: usize, what: What) -> Option<(usize, Signed<Response>)> {
        let nth = self
            .asked
            .iter()
            .rposition(|asked| asked.seen[at].is_some())?;
        let asked = &self.asked[nth];
        let wrong = format!("{:02}", (asked.number.parse::<u32>().unwrap() + 1) % 100);
        let (decision, number) = match what {
            What::Approve => (Decision::Approve, Some(asked.number.as_str())),
            What::Deny => (Decision::Deny, None),
            What::WrongNumber => (Decision::Approve, Some(wrong.as_str())),
        };
        let phone = &self.phones[at];
        let response = phone.response(asked.seen[at].as_ref()?, decision, number);
        Some((nth, phone.sign(response)))
    }

    async fn deliver(
        &mut self,
        at: usize,
        nth: usize,
        what: What,
        response: &Signed<Response>,
        expected: &[VerdictCode],
    ) {
        let verdict = self.phones[at].deliver(response).await;
        self.note(at, nth, what, response, verdict.code, expected);
    }

    fn note(
        &mut self,
        at: usize,
        nth: usize,
        what: What,
        response: &Signed<Response>,
        code: VerdictCode,
        expected: &[VerdictCode],
    ) {
        assert!(expected.contains(&code), "{code:?}, not {expected:?}");
        self.last[at] = Some((response.compact().to_owned(), code));
        if matches!(code, VerdictCode::Ok | VerdictCode::NumberWrong) {
            // Never a second one.
            assert!(self.asked[nth].end.is_none());
            self.asked[nth].end = Some(End::Decided(at, what));
        }
    }

    async fn both(&mut self, a: What, b: What) {
        let (Some((one, first)), Some((two, second))) = (self.response(0, a), self.response(1, b))
        else {
            return;
        };
        let now = self.world.now();
        let [left, right] = self.phones;
        let (left, right) = tokio::join!(left.deliver(&first), right.deliver(&second));
        let mut order = [
            (0, one, a, &first, left.code),
            (1, two, b, &second, right.code),
        ];
        // Whoever was first is noted first; the model then knows what the other must get.
        order.sort_by_key(|(.., code)| !matches!(code, VerdictCode::Ok | VerdictCode::NumberWrong));
        for (at, nth, what, response, code) in order {
            let expected = self.asked[nth].verdict(what, now);
            self.note(at, nth, what, response, code, &[expected]);
        }
    }

    /// The same bytes get the same verdict, whatever happened since.
    async fn repeat(&self, at: usize) {
        if let Some((response, code)) = &self.last[at] {
            let keys = [*self.phones[at].dev.public()];
            let response = Signed::verify(response, &keys).unwrap();
            assert_eq!(self.phones[at].deliver(&response).await.code, *code);
        }
    }

    async fn press(&mut self, button: &str) {
        // What was approved is handed out by the next look, which is the check's.
        if let Some(End::Decided(_, What::Approve)) = self.asked.last().unwrap().end {
            return;
        }
        let path = format!("{}/{button}", self.page.path);
        let now = self.world.now();
        let newest = self.asked.last_mut().unwrap();
        let (open, late) = (newest.end.is_none(), newest.is_late(now));
        let soon = now < newest.begun + 30;
        self.browser.press(&self.page, &path).await;
        match button {
            "cancel" if open && !late => newest.end = Some(End::Cancelled),
            "again" if !soon => {
                newest.end.get_or_insert(End::Replaced);
                self.ask().await;
            }
            _ => {}
        }
    }

    async fn check(&mut self) {
        let heading = match (self.asked.last().unwrap().end, self.is_late()) {
            (Some(End::Decided(_, What::Approve)), _) => None,
            (Some(End::Decided(_, What::Deny)), _) => Some("end.denied"),
            (Some(End::Decided(_, What::WrongNumber)), _) => Some("end.number"),
            (Some(End::Cancelled), _) => Some("end.cancelled"),
            (Some(End::Replaced), _) => panic!("something takes its place"),
            (None, true) if self.is_seen() => Some("end.late"),
            // Time passed before any phone asked.
            (None, true) => Some("end.unreached"),
            (None, false) => Some("wait"),
        };
        let end = self.browser.open(&self.page.path).await;
        match heading {
            Some(heading) => assert_eq!(end.heading(), heading),
            None => assert!(end.is_answer_to(&Provider::wiki())),
        }
        for at in 0..2 {
            self.check_told(at).await;
        }
    }

    fn is_seen(&self) -> bool {
        let newest = self.asked.last().unwrap();
        newest.seen.iter().any(Option::is_some)
    }

    fn is_late(&self) -> bool {
        self.asked.last().unwrap().is_late(self.world.now())
    }

    async fn check_told(&mut self, at: usize) {
        self.look(at).await;
        let expected: BTreeSet<_> = self
            .asked
            .iter()
            .filter_map(|asked| asked.cancel(at))
            .collect();
        let cancels = self.phones[at].cancels().await;
        let told: BTreeSet<_> = cancels
            .iter()
            .map(|cancel| {
                let reason = match cancel.reason {
                    CancelReason::DecidedElsewhere => "decided",
                    CancelReason::Expired => "expired",
                    CancelReason::Replaced => "replaced",
                    CancelReason::Withdrawn => "withdrawn",
                };
                (cancel.challenge, reason, cancel.device.is_some())
            })
            .collect();
        assert_eq!((told.len(), &told), (cancels.len(), &expected));
        let other = ["Anna's tablet", "Anna's phone"][at];
        let devices = cancels.iter().filter_map(|cancel| cancel.device.as_ref());
        assert!(devices.into_iter().all(|device| device.as_str() == other));
    }

    /// Nothing is left for the next login.
    async fn end(self) {
        self.world.pass(200);
        for phone in self.phones {
            phone.list("").await;
            phone.acknowledge_all().await;
        }
    }
}

#[test]
fn two_phones_a_browser_and_time_agree_with_the_model() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let world = runtime.block_on(World::new());
    let phones = runtime.block_on(world.with_two_phones());
    let mut runner = TestRunner::new(Config {
        // Each step is a call of a whole server.
        cases: Config::default().cases.min(512) / 8,
        failure_persistence: None,
        ..Config::default()
    });
    let steps = proptest::collection::vec(step(), 1..14);
    let done = runner.run(&steps, |steps| {
        runtime.block_on(async {
            let mut play = Play::begin(&world, &phones).await;
            for step in steps {
                play.take(step).await;
            }
            play.check().await;
            play.end().await;
        });
        Ok(())
    });
    done.unwrap();
    runtime.block_on(world.end());
}

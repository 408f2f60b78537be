//! A relay page, its victim and time, in any order: on the phone itself the relay gets nothing, and the victim's own
//! sign-ins end in the victim's browser. The victim opens whatever link the relay passes on and approves whatever the phone
//! shows; the one thing that they don't do is type a number (that a relay page may show them: see `tests/tests/relay.rs`).

use crate::testkit::{ANNA, Browser, Page, Phone, Provider, World, address};
use countersign_protocol::Signed;
use countersign_protocol::statement::{Challenge, Decision, VerdictCode};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// A browser that waits for the app of its own device, as the people in this story go on with it.
struct Login<'w> {
    browser: Browser<'w>,
    page: Option<Page>,
    opened: Option<Signed<Challenge>>,
    back: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum Who {
    Relay,
    Victim,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Somebody begins a sign-in with the victim's name, at this application, in their own browser, and has it opened there.
    Begin(Who, usize),
    /// Presses a button, whether the page has it or not.
    Press(Who, &'static str),
    Look(Who),
    /// The victim opens the link of that page in the app.
    Open(Who),
    Decide(Who, bool),
    /// Both at once.
    Approve(Who),
    /// The app leads the victim's own browser, or one that was never here, back from that sign-in.
    Return(Who, bool),
    Pass(u64),
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![1 => Just(Who::Relay), 1 => Just(Who::Victim)]
}

fn step() -> impl Strategy<Value = Step> {
    let button = prop_oneof![
        4 => Just("/same"),
        1 => Just("/again"),
        1 => Just("/cancel")
    ];
    prop_oneof![
        3 => (who(), 0usize..2).prop_map(|(who, app)| Step::Begin(who, app)),
        2 => (who(), button).prop_map(|(who, button)| Step::Press(who, button)),
        2 => who().prop_map(Step::Look),
        1 => who().prop_map(Step::Open),
        1 => (who(), prop::bool::weighted(0.7)).prop_map(|(who, approve)| Step::Decide(who, approve)),
        6 => who().prop_map(Step::Approve),
        6 => (who(), prop::bool::weighted(0.8)).prop_map(|(who, own)| Step::Return(who, own)),
        2 => (0u64..40).prop_map(Step::Pass),
    ]
}

struct Play<'w> {
    world: &'w World,
    phone: &'w Phone<'w>,
    apps: [Provider; 2],
    relay: Login<'w>,
    victim: Login<'w>,
    /// Sign-ins of the victim that ended well.
    ended: usize,
    /// Sign-ins of the relay that the victim approved, and was led back from.
    lured: usize,
}

impl<'w> Login<'w> {
    fn new(world: &'w World) -> Self {
        Self {
            browser: Browser::new(world),
            page: None,
            opened: None,
            back: None,
        }
    }
}

impl<'w> Play<'w> {
    fn of(&mut self, who: Who) -> &mut Login<'w> {
        match who {
            Who::Relay => &mut self.relay,
            Who::Victim => &mut self.victim,
        }
    }

    /// What a browser shows: an answer to an application is the end of a story, and never the relay's.
    fn see(&mut self, who: Who, page: Page) {
        let answered = self.apps.iter().any(|app| page.is_answer_to(app));
        match who {
            Who::Relay => assert!(!answered, "the relay is signed in"),
            Who::Victim if answered => self.ended += 1,
            Who::Victim => {}
        }
        self.of(who).page = Some(page);
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Begin(who, app) => self.begin(who, app).await,
            Step::Press(who, button) => self.press(who, button).await,
            Step::Look(who) => self.look(who).await,
            Step::Open(who) => self.open(who).await,
            Step::Decide(who, approve) => self.decide(who, approve).await,
            Step::Approve(who) => {
                self.open(who).await;
                self.decide(who, true).await;
            }
            Step::Return(who, own) => self.come_back(who, own).await,
            Step::Pass(seconds) => self.world.pass(seconds),
        }
    }

    async fn begin(&mut self, who: Who, app: usize) {
        let force = self.apps[app].xml(self.world);
        let force = force.replace(" Version=", " ForceAuthn=\"true\" Version=");
        let browser = &self.of(who).browser;
        let page = browser.open(&address(&force)).await;
        let page = browser.fill(&page, &page.path, &[("account", ANNA)]).await;
        self.see(who, page);
        self.press(who, "/same").await;
    }

    async fn press(&mut self, who: Who, button: &'static str) {
        let login = self.of(who);
        let Some(page) = login
            .page
            .as_ref()
            .filter(|page| page.hidden("csrf").is_some())
        else {
            return;
        };
        let (path, _) = page.path.split_once('?').unwrap_or((&page.path, ""));
        let page = login
            .browser
            .press_absent(page, &format!("{path}{button}"))
            .await;
        self.see(who, page);
    }

    async fn look(&mut self, who: Who) {
        let login = self.of(who);
        if let Some(page) = &login.page {
            let page = login.browser.open(&page.path).await;
            self.see(who, page);
        }
    }

    async fn open(&mut self, who: Who) {
        let phone = self.phone;
        let login = self.of(who);
        let link = login.page.as_ref().and_then(Page::request_link);
        if let Some(link) = link {
            let answer = phone.fetch(&link.txn).await;
            login.opened = match answer.status {
                200 => {
                    let answer: countersign_protocol::call::ChallengeAnswer = answer.json();
                    Some(phone.verify(&answer.challenge))
                }
                _ => None,
            };
        }
    }

    async fn decide(&mut self, who: Who, approve: bool) {
        let phone = self.phone;
        let login = self.of(who);
        let Some(challenge) = login.opened.take() else {
            return;
        };
        let decision = if approve {
            Decision::Approve
        } else {
            Decision::Deny
        };
        let response = phone.sign(phone.response(&challenge, decision, None));
        let verdict = phone.deliver(&response).await;
        let leads = approve && verdict.code == VerdictCode::Ok;
        assert_eq!(verdict.r#return.is_some(), leads);
        if let Some(back) = &verdict.r#return {
            login.back = Some(
                back.strip_prefix(crate::testkit::ORIGIN)
                    .unwrap()
                    .to_owned(),
            );
        }
    }

    async fn come_back(&mut self, from: Who, own: bool) {
        let Some(back) = self.of(from).back.clone() else {
            return;
        };
        if !own {
            let page = Browser::new(self.world).open(&back).await;
            assert!(!self.apps.iter().any(|app| page.is_answer_to(app)));
            return;
        }
        let before = self.ended;
        self.lured += usize::from(matches!(from, Who::Relay));
        let page = self.victim.browser.open(&back).await;
        self.see(Who::Victim, page);
        // What the relay began ends nowhere, also not in the browser that it led there.
        assert!(matches!(from, Who::Victim) || self.ended == before);
    }
}

#[test]
fn on_the_phone_itself_a_relay_gets_nothing_whatever_the_order() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let world = runtime.block_on(World::new());
    let phone = runtime.block_on(world.with_phone());
    runtime.block_on(world.add_same_only());
    let mut runner = TestRunner::new(Config {
        // Each step is a call of a whole server.
        cases: Config::default().cases.min(512) / 4,
        failure_persistence: None,
        ..Config::default()
    });
    let steps = proptest::collection::vec(step(), 1..60);
    let reached = std::cell::Cell::new((0, 0));
    let done = runner.run(&steps, |steps| {
        runtime.block_on(async {
            let mut play = Play {
                world: &world,
                phone: &phone,
                apps: [Provider::named("bank"), Provider::wiki()],
                relay: Login::new(&world),
                victim: Login::new(&world),
                ended: 0,
                lured: 0,
            };
            for step in steps {
                play.take(step).await;
            }
            let (ended, lured) = reached.get();
            reached.set((ended + play.ended, lured + play.lured));
            world.pass(700);
        });
        Ok(())
    });
    done.unwrap();
    // It came to what it is about.
    let (ended, lured) = reached.get();
    assert!(ended > 0 && lured > 0, "{ended} {lured}");
    runtime.block_on(world.end());
}

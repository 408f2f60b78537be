//! Recovery codes, IDs begun in the app, and IDs that move, between real phones, a real server and a real mail server: also
//! when a phone is killed in the middle.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

use countersign_tests::harness::scene::Scene;
use countersign_tests::harness::story::{self, Invitation, silently};
use countersign_tests::harness::{ADMIN, Browser, Letter, Mail, Outcome, Phone, ServerOptions};
use serde_json::Value;
use std::cell::RefCell;

const PIN: &str = "294817";
const BEN: &str = "ben@example.com";
const WRONG: &str = "0123-4567-89AB-CDEF";

/// More port calls than one command makes.
const ENOUGH: usize = 200;

/// Anna has a phone; the server writes letters.
struct Story {
    scene: Scene,
    mail: RefCell<Mail>,
}

fn told() -> Story {
    let mail = Mail::start().unwrap();
    let options = ServerOptions {
        pin: Some(6),
        life: Some(600),
        mail: Some(mail.port),
        ..ServerOptions::default()
    };
    Story {
        scene: Scene::new(&options, &["--pin", PIN]),
        mail: RefCell::new(mail),
    }
}

impl Story {
    fn phone(&self, name: &str) -> Phone {
        self.scene.world.phone(name).unwrap()
    }

    /// Somebody else, with a phone.
    fn person(&self, account: &str, phone: &Phone) {
        self.scene.world.server.add_user(account, "Ben").unwrap();
        let pin = ["--pin", PIN];
        story::enrol_by(&self.scene.world, phone, account, &pin, &mut silently).unwrap();
    }

    /// What the administrator sees of somebody's codes.
    fn codes(&self, account: &str) -> (u64, String) {
        let said = self
            .scene
            .world
            .server
            .command(&["user", "recovery", account]);
        let said = said.unwrap();
        let state = said["state"].as_str().unwrap().to_owned();
        (said["left"].as_u64().unwrap(), state)
    }

    fn letter(&self) -> Letter {
        self.mail.borrow_mut().letter().unwrap()
    }

    /// Somebody who lost the phone names the account on the page.
    fn lost(&self, account: &str) -> Letter {
        let mut browser = self.scene.world.browser().unwrap();
        let page = format!("{}/recover", self.scene.world.server.origin);
        let page = browser.open(&page).unwrap();
        let form = page.form_with("account").unwrap();
        let sent = browser.submit(&form.with("account", account)).unwrap();
        assert_eq!(sent.status, 200);
        let letter = self.letter();
        assert_eq!(letter.to, account);
        letter
    }

    /// The page that a letter leads to, with its invitation.
    fn opened(&self, letter: &Letter) -> (Browser, Invitation) {
        let mut browser = self.scene.world.browser().unwrap();
        let page = letter.page().unwrap();
        let invitation = Invitation::open(&mut browser, page).unwrap();
        (browser, invitation)
    }

    /// A new phone with these codes, as far as it comes.
    fn comes(&self, phone: &Phone, letter: &Letter, codes: &[&str]) -> Outcome {
        let (mut browser, invitation) = self.opened(letter);
        let mut args = vec!["enrol", &invitation.link, "--pin", PIN];
        for code in codes {
            args.extend(["--recovery-code", code]);
        }
        story::enrol_with(phone, &args, &invitation, &mut browser, &mut silently).unwrap()
    }

    /// Whether this phone signs its person in.
    fn signs_in(&self, phone: &Phone, account: &str) -> bool {
        let mut browser = self.scene.world.browser().unwrap();
        let sp = &self.scene.sp;
        let waiting = story::Waiting::begin(&mut browser, sp, account, "/").unwrap();
        let pending = phone.ask(&["pending"]).unwrap();
        let mut logins = pending.iter().filter(|event| event["kind"] == "login");
        let Some(login) = logins.next_back() else {
            return false;
        };
        let id = login["id"].as_str().unwrap();
        let args = ["approve", id, "--number", &waiting.number, "--pin", PIN];
        code(&phone.run(&args).unwrap()) == "ok"
    }
}

fn code(outcome: &Outcome) -> String {
    let said = outcome.event("verdict").ok_or(outcome).unwrap();
    said["code"].as_str().unwrap().to_owned()
}

fn shown(events: &[Value]) -> Vec<String> {
    let codes = events
        .iter()
        .filter(|event| event["event"] == "recovery_code");
    codes
        .map(|event| event["code"].as_str().unwrap().to_owned())
        .collect()
}

fn made(phone: &Phone) -> Vec<String> {
    let codes = shown(&phone.ask(&["recovery", "make", "--pin", PIN]).unwrap());
    assert_eq!(codes.len(), 10);
    codes
}

fn is_active(outcome: &Outcome) {
    assert!(outcome.event("active").is_some(), "{outcome:?}");
}

#[test]
fn a_phone_is_lost_and_the_next_one_comes_by_a_letter_and_a_code() {
    let story = told();
    let old = &story.scene.phone;
    let codes = made(old);
    assert_eq!(shown(&old.ask(&["recovery", "show"]).unwrap()), codes);
    old.ask(&["recovery", "close"]).unwrap();
    assert!(old.ask(&["recovery", "show"]).unwrap().is_empty());
    assert_eq!(story.codes(ADMIN), (10, "open".to_owned()));

    let letter = story.lost(ADMIN);
    assert!(letter.text.contains("10"), "{}", letter.text);
    let new = story.phone("new");
    let end = story.comes(&new, &letter, &[&codes[4]]);
    assert_eq!(end.event("review").unwrap()["recovery_code"], true);
    is_active(&end);
    assert!(story.signs_in(&new, ADMIN));
    assert_eq!(story.codes(ADMIN).0, 9);
    // It is new here, and makes no codes itself.
    for args in [&["pause"][..], &["recovery", "make", "--pin", PIN]] {
        assert_eq!(new.run(args).unwrap().error_code(), Some("id.probation"));
    }
    // Whoever has the old phone is told.
    old.run(&["pending"]).unwrap();
    let notices = old.ask(&["notices"]).unwrap();
    assert_eq!(notices[0]["what"], "recovery_used");
    assert!(
        notices
            .iter()
            .any(|notice| notice["what"] == "recovery_made")
    );
    assert!(story.signs_in(old, ADMIN));
}

#[test]
fn row_40_a_wrong_code_a_used_one_and_garbage_add_nobody_and_a_right_one_does() {
    let story = told();
    let codes = made(&story.scene.phone);
    let new = story.phone("new");
    let letter = story.lost(ADMIN);
    for garbage in ["hello", "", "0123-4567-89AB-CDE", "UUUU-UUUU-UUUU-UUUU"] {
        let end = story.comes(&new, &letter, &[garbage]);
        assert_eq!(end.error_code(), Some("rec.bad"), "{garbage}");
        assert!(new.ask(&["ids"]).unwrap().is_empty());
    }
    // The wrong one is told, and the next is tried for the same offer.
    is_active(&story.comes(&new, &letter, &[WRONG, &codes[0]]));
    assert_eq!(story.codes(ADMIN), (9, "open".to_owned()));

    let third = story.phone("third");
    let letter = story.lost(ADMIN);
    assert!(letter.text.contains('9'));
    let end = story.comes(&third, &letter, &[&codes[0]]);
    assert_eq!(end.error_code(), Some("rec.bad"));
    assert!(third.ask(&["ids"]).unwrap().is_empty());
    is_active(&story.comes(&third, &letter, &[&codes[1]]));
    assert_eq!(story.codes(ADMIN), (8, "open".to_owned()));
}

#[test]
fn row_40_five_wrong_codes_lock_until_the_administrator_looks() {
    let story = told();
    let codes = made(&story.scene.phone);
    let new = story.phone("new");
    let letter = story.lost(ADMIN);
    let tries = [WRONG, WRONG, WRONG, WRONG, WRONG, &codes[0]];
    let end = story.comes(&new, &letter, &tries);
    assert_eq!(end.error_code(), Some("rec.bad"));
    assert!(new.ask(&["ids"]).unwrap().is_empty());
    assert_eq!(story.codes(ADMIN), (10, "locked".to_owned()));
    assert!(story.lost(ADMIN).page().is_err());

    let server = &story.scene.world.server;
    let unlock = server.command(&["user", "recovery", ADMIN, "--unlock"]);
    assert_eq!(unlock.unwrap()["state"], "open");
    is_active(&story.comes(&new, &story.lost(ADMIN), &[&codes[0]]));
    assert_eq!(story.codes(ADMIN).0, 9);
}

#[test]
fn an_id_is_begun_in_the_app_by_a_letter() {
    let story = told();
    let origin = &story.scene.world.server.origin;
    story.scene.world.server.add_user(BEN, "Ben").unwrap();
    let phone = story.phone("ben");
    let begun = |account: &str| {
        let args = ["begin", account, "--server", origin, "--pin", PIN];
        let mut running = phone.start(&args).unwrap();
        running.await_event("begun").unwrap();
        running
    };
    // Nobody gets none, and whoever has a phone gets one that leads nowhere.
    begun("nobody@example.com").kill().unwrap();
    begun(ADMIN).kill().unwrap();
    let letter = story.letter();
    assert!(letter.to == ADMIN && letter.page().is_err());

    let mut running = begun(BEN);
    let letter = story.letter();
    assert_eq!(letter.to, BEN);
    let (mut browser, invitation) = story.opened(&letter);
    let review = running.ask(&invitation.link).unwrap().unwrap();
    assert_eq!(
        (&review["event"], &review["account"]),
        (&"review".into(), &BEN.into())
    );
    let end = story::follow(running, &invitation, &mut browser, &mut silently).unwrap();
    is_active(&end);
    assert!(story.signs_in(&phone, BEN));

    let refused = phone.run(&["begin", "ben", "--server", origin]).unwrap();
    assert_eq!(refused.error_code(), Some("inv.account"));
    let refused = phone.run(&["begin", BEN, "--server", "localhost"]).unwrap();
    assert_eq!(refused.error_code(), Some("inv.malformed"));
}

/// Reads what an enrolling phone says, and types its digits on the old one.
fn added(old: &Phone, new: &Phone, args: &[&str]) -> Outcome {
    let mut running = new.start(args).unwrap();
    let mut events = Vec::new();
    while let Some(event) = running.next_event().unwrap() {
        if let Some(digits) = event["digits"].as_str() {
            let pending = old.ask(&["pending"]).unwrap();
            let mut asked = pending.iter().filter(|event| event["kind"] == "add-phone");
            if let Some(asked) = asked.next_back() {
                let id = asked["id"].as_str().unwrap();
                let args = ["approve", id, "--number", digits, "--pin", PIN];
                assert_eq!(code(&old.run(&args).unwrap()), "ok");
            }
        }
        events.push(event);
    }
    Outcome::of(running, events).unwrap()
}

#[test]
fn two_ids_move_each_with_a_result_of_its_own() {
    let story = told();
    let old = &story.scene.phone;
    story.person(BEN, old);
    let new = story.phone("new");
    let moved = old.ask(&["move"]).unwrap();
    assert_eq!(moved.len(), 2);
    for invited in &moved {
        let link = invited["link"].as_str().unwrap();
        is_active(&added(old, &new, &["enrol", link, "--pin", PIN]));
    }
    for account in [ADMIN, BEN] {
        assert!(story.signs_in(&new, account) && story.signs_in(old, account));
    }
    // One that can't keeps nobody from it.
    let ids = old.ask(&["ids"]).unwrap();
    let ben = ids.iter().find(|id| id["account"] == BEN).unwrap();
    old.ask(&["pause", ben["id"].as_str().unwrap()]).unwrap();
    let moved = old.ask(&["move"]).unwrap();
    let of = |account: &str| moved.iter().find(|one| one["account"] == account).unwrap();
    assert_eq!((moved.len(), &of(BEN)["code"]), (2, &"id.paused".into()));
    assert!(of(ADMIN)["link"].is_string());
}

/// The steps at which a phone is killed; in the longer half all.
fn steps() -> impl Iterator<Item = usize> {
    let full = std::env::var_os("COUNTERSIGN_FULL").is_some();
    (1..ENOUGH).step_by(if full { 1 } else { 5 })
}

#[test]
fn killed_anywhere_in_making_codes_there_are_the_servers_codes_or_none() {
    let story = told();
    let phone = &story.scene.phone;
    let mut last = Vec::new();
    let mut over = false;
    for step in steps() {
        let step = step.to_string();
        let args = ["recovery", "make", "--pin", PIN, "--die-at", &step];
        let killed = phone.run(&args).unwrap().killed();
        phone.ask(&["outbox", "--send"]).unwrap();
        assert!(phone.ask(&["outbox"]).unwrap().is_empty(), "{step}");
        let codes = shown(&phone.ask(&["recovery", "show"]).unwrap());
        let left = story.codes(ADMIN).0;
        if codes.is_empty() {
            // Those of before, which the person has.
            assert_eq!(left, if last.is_empty() { 0 } else { 10 }, "{step}");
        } else {
            assert!((codes.len(), left) == (10, 10) && codes != last, "{step}");
            phone.ask(&["recovery", "close"]).unwrap();
            last = codes;
        }
        assert!(story.signs_in(phone, ADMIN), "{step}");
        if !killed {
            // Otherwise the kills did not reach where they should.
            over = step.parse().is_ok_and(|step: usize| step > 8);
            break;
        }
    }
    assert!(over);
    // The newest are the ones that count.
    let new = story.phone("new");
    is_active(&story.comes(&new, &story.lost(ADMIN), &[&last[9]]));
}

#[test]
fn killed_anywhere_in_an_enrolment_one_code_makes_one_phone() {
    let story = told();
    for step in steps() {
        let account = format!("person{step}@example.com");
        let old = story.phone(&format!("old{step}"));
        story.person(&account, &old);
        let codes = made(&old);
        let new = story.phone(&format!("new{step}"));
        let (mut browser, invitation) = story.opened(&story.lost(&account));
        let die = step.to_string();
        let args = [
            "enrol",
            &invitation.link,
            "--pin",
            PIN,
            "--recovery-code",
            &codes[0],
        ];
        let deadly = [&args[..], &["--die-at", &die]].concat();
        let mut run = |args: &[&str]| {
            story::enrol_with(&new, args, &invitation, &mut browser, &mut silently).unwrap()
        };
        let killed = run(&deadly).killed();
        if killed && new.ask(&["ids"]).unwrap().is_empty() {
            assert_eq!(story.codes(&account).0, 10, "{step}");
            is_active(&run(&args));
        } else if killed {
            let end = run(&["resume"]);
            let over = end.error_code() == Some("enr.none");
            assert!(over || end.event("active").is_some(), "{step}: {end:?}");
        }
        assert_eq!(story.codes(&account).0, 9, "{step}");
        assert!(story.signs_in(&new, &account), "{step}");
        assert_eq!(old.ask(&["overview"]).unwrap().len(), 2, "{step}");
        if !killed {
            assert!(step > 8, "{step}");
            return;
        }
    }
    panic!("the enrolment is not over after {ENOUGH} port calls");
}

#[test]
fn killed_anywhere_in_being_added_a_phone_is_there_once() {
    let story = told();
    let old = &story.scene.phone;
    for step in steps() {
        let die = step.to_string();
        // The old one may die while it invites.
        let invited = old.run(&["add-phone", "--die-at", &die]).unwrap();
        let invited = match invited.killed() {
            true => old.ask(&["add-phone"]).unwrap(),
            false => invited.events,
        };
        let link = invited[0]["link"].as_str().unwrap();
        let new = story.phone(&format!("new{step}"));
        let args = ["enrol", link, "--pin", PIN];
        let deadly = [&args[..], &["--die-at", &die]].concat();
        let killed = added(old, &new, &deadly).killed();
        if killed && new.ask(&["ids"]).unwrap().is_empty() {
            is_active(&added(old, &new, &args));
        } else if killed {
            let end = added(old, &new, &["resume"]);
            let over = end.error_code() == Some("enr.none");
            assert!(over || end.event("active").is_some(), "{step}: {end:?}");
        }
        assert!(story.signs_in(&new, ADMIN), "{step}");
        let phones = old.ask(&["overview"]).unwrap();
        assert_eq!(phones.len(), 2, "{step}");
        let other = phones.iter().find(|phone| phone["this"] == false).unwrap();
        let key = other["key"].as_str().unwrap();
        assert_eq!(code(&old.run(&["remove-phone", key]).unwrap()), "ok");
        assert!(story.signs_in(old, ADMIN), "{step}");
        if !killed {
            assert!(step > 8, "{step}");
            return;
        }
    }
    panic!("the enrolment is not over after {ENOUGH} port calls");
}

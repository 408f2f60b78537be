//! A person's phones, each a process of its own: one adds another by the digits that it shows, one pauses the ID
//! and lifts it, one removes the other.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

use countersign_tests::harness::scene::Scene;
use countersign_tests::harness::story;
use countersign_tests::harness::{ADMIN, Outcome, Phone, ServerOptions};

const PIN: &str = "294817";
const TABLET: &str = "Anna's tablet";

fn told() -> Scene {
    let options = ServerOptions {
        pin: Some(6),
        life: Some(600),
        ..ServerOptions::default()
    };
    Scene::new(&options, &["--pin", PIN])
}

fn code(outcome: &Outcome) -> String {
    let said = outcome.event("verdict").ok_or(outcome).unwrap();
    said["code"].as_str().unwrap().to_owned()
}

/// The request to add a phone, as the first one shows it.
fn asked(phone: &Phone) -> String {
    let pending = phone.ask(&["pending"]).unwrap();
    let mut asked = pending.iter().filter(|event| event["kind"] == "add-phone");
    let asked = asked.next_back().unwrap();
    let mut rows = asked["rows"].as_array().unwrap().iter();
    assert!(rows.any(|row| row["id"] == "device"), "{asked}");
    asked["id"].as_str().unwrap().to_owned()
}

/// A tablet takes the invitation that the first phone shows; `answer` gets its digits and the request on the first
/// phone. How the enrolment ended.
fn add(story: &Scene, tablet: &Phone, answer: impl Fn(&str, &str)) -> Outcome {
    let invited = story.phone.ask(&["add-phone"]).unwrap();
    let link = invited[0]["link"].as_str().unwrap();
    let args = ["enrol", link, "--pin", PIN, "--device", TABLET];
    let mut running = tablet.start(&args).unwrap();
    let mut events = Vec::new();
    while let Some(event) = running.next_event().unwrap() {
        if let Some(digits) = event["digits"].as_str() {
            answer(digits, &asked(&story.phone));
        }
        events.push(event);
    }
    Outcome::of(running, events).unwrap()
}

fn confirm(story: &Scene, id: &str, digits: &str, more: &[&str]) -> Outcome {
    let mut args = vec!["approve", id, "--number", digits, "--pin", PIN];
    args.extend(more);
    story.phone.run(&args).unwrap()
}

/// Whether this phone signs its person in.
fn signs_in(story: &Scene, phone: &Phone) -> bool {
    let mut browser = story.world.browser().unwrap();
    let waiting = story::Waiting::begin(&mut browser, &story.sp, ADMIN, "/").unwrap();
    let pending = phone.ask(&["pending"]).unwrap();
    let mut logins = pending.iter().filter(|event| event["kind"] == "login");
    let Some(login) = logins.next_back() else {
        return false;
    };
    let id = login["id"].as_str().unwrap();
    let args = ["approve", id, "--number", &waiting.number, "--pin", PIN];
    code(&phone.run(&args).unwrap()) == "ok"
}

/// The key of the tablet, as the first phone is told of it.
fn key_of_tablet(story: &Scene) -> String {
    let phones = story.phone.ask(&["overview"]).unwrap();
    let tablet = phones.iter().find(|phone| phone["device"] == TABLET);
    tablet.unwrap()["key"].as_str().unwrap().to_owned()
}

#[test]
fn a_phone_adds_another_one_and_removes_it_again() {
    let story = told();
    let tablet = story.world.phone("tablet").unwrap();
    let end = add(&story, &tablet, |digits, id| {
        assert_eq!(code(&confirm(&story, id, digits, &[])), "ok");
    });
    assert!(end.event("active").is_some(), "{end:?}");
    assert!(signs_in(&story, &tablet));
    assert!(signs_in(&story, &story.phone));
    // On probation it pauses nobody.
    let refused = tablet.run(&["pause"]).unwrap();
    assert_eq!(refused.error_code(), Some("id.probation"));

    let key = key_of_tablet(&story);
    for rubbish in ["", "tablet", &key[1..]] {
        let refused = story.phone.run(&["remove-phone", rubbish]).unwrap();
        assert!(!refused.status.success(), "{rubbish}");
        let refused = story.phone.run(&["unfreeze", "--phone", rubbish]);
        assert!(!refused.unwrap().status.success(), "{rubbish}");
    }
    let removed = story.phone.run(&["remove-phone", &key]).unwrap();
    assert_eq!(code(&removed), "ok");
    tablet.run(&["pending"]).unwrap();
    assert_eq!(tablet.ask(&["ids"]).unwrap()[0]["standing"], "revoked");
    assert!(signs_in(&story, &story.phone));
}

#[test]
fn row_40_digits_that_are_not_the_new_phones_add_nobody() {
    let story = told();
    let tablet = story.world.phone("tablet").unwrap();
    let end = add(&story, &tablet, |digits, id| {
        let number: u32 = digits.parse().unwrap();
        let wrong = format!("{:06}", (number + 1) % 1_000_000);
        for _ in 0..3 {
            assert_eq!(code(&confirm(&story, id, &wrong, &[])), "number_wrong");
        }
    });
    assert_eq!(end.error_code(), Some("enr.sas"), "{end:?}");
    assert!(tablet.ask(&["ids"]).unwrap().is_empty());
}

#[test]
fn killed_anywhere_in_its_answer_the_first_phone_adds_the_other_one_once() {
    let full = std::env::var_os("COUNTERSIGN_FULL").is_some();
    let story = told();
    let mut step = 1;
    loop {
        let tablet = story.world.phone(&format!("tablet-{step}")).unwrap();
        let over = std::cell::Cell::new(false);
        let end = add(&story, &tablet, |digits, id| {
            let killed = confirm(&story, id, digits, &["--die-at", &step.to_string()]);
            over.set(!killed.killed());
            story.phone.ask(&["outbox", "--send"]).unwrap();
            // Whatever was signed is delivered; what was not is still asked.
            let pending = story.phone.ask(&["pending"]).unwrap();
            if pending.iter().any(|event| event["kind"] == "add-phone") {
                assert_eq!(code(&confirm(&story, id, digits, &[])), "ok");
            }
        });
        assert!(end.event("active").is_some(), "{step}: {end:?}");
        if over.get() {
            break;
        }
        step += if full { 1 } else { 7 };
    }
    assert!(step > 8, "{step}");
    assert!(signs_in(&story, &story.phone));
}

#[test]
fn a_person_pauses_the_id_and_lifts_it() {
    let story = told();
    let paused = story.phone.ask(&["pause"]).unwrap();
    assert_eq!(paused[0]["standing"], "suspended");
    let mut browser = story.world.browser().unwrap();
    assert!(story::Waiting::begin(&mut browser, &story.sp, ADMIN, "/").is_err());
    let wrong = story.phone.run(&["unfreeze", "--pin", "111111"]).unwrap();
    assert_eq!(code(&wrong), "pin_wrong");
    let right = story.phone.run(&["unfreeze", "--pin", PIN]).unwrap();
    assert_eq!(code(&right), "ok");
    assert!(signs_in(&story, &story.phone));
}

//! The PIN between a real phone and a real server, each a process that can be killed. What a person types is
//! wrong or right by the server's word alone.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::scene::Scene;
use countersign_tests::harness::story::{self, Ending, silently};
use countersign_tests::harness::{ADMIN, Phone, ServerOptions};
use std::time::Duration;

const PIN: &str = "294817";
const WRONG: &str = "294818";

/// More port calls than one approval makes.
const ENOUGH: usize = 200;

fn told() -> Scene {
    let options = ServerOptions {
        pin: Some(6),
        life: Some(600),
        ..ServerOptions::default()
    };
    Scene::new(&options, &["--pin", PIN])
}

fn said(code: &str, is_final: bool, attempts: Option<u64>) -> (String, bool, Option<u64>) {
    (code.to_owned(), is_final, attempts)
}

#[test]
fn a_wrong_pin_is_tried_again_and_the_right_one_signs_in() {
    let story = told();
    let asked = story.ask();
    assert_eq!(asked.prompt["pin"], true);
    assert_eq!(asked.prompt["ways"], serde_json::json!(["dev+pin"]));
    let outcome = story.approve(&asked, &["--pin", "29481"]);
    assert_eq!(outcome.error_code(), Some("pin.short"), "{outcome:?}");
    assert_eq!(
        story.judged(&asked, &["--pin", WRONG]),
        said("pin_wrong", false, Some(4))
    );
    assert_eq!(
        story.judged(&asked, &["--pin", PIN]),
        said("ok", true, None)
    );
    asked.ends_well();
    // The count began anew.
    let asked = story.ask();
    assert_eq!(
        story.judged(&asked, &["--pin", WRONG]),
        said("pin_wrong", false, Some(4))
    );
}

#[test]
fn an_enrolment_without_a_pin_that_is_asked_for_makes_nothing() {
    let story = told();
    story
        .world
        .server
        .add_user("ben@example.com", "Ben Ohm")
        .unwrap();
    let phone = story.world.phone("ben").unwrap();
    for pin in ["", "29481"] {
        let more = ["--pin", pin];
        let made = story::enrol_by(
            &story.world,
            &phone,
            "ben@example.com",
            &more,
            &mut silently,
        );
        assert!(made.unwrap_err().to_string().contains("pin.short"));
        assert!(phone.ask(&["ids"]).unwrap().is_empty());
    }
    let more = ["--pin", "123456123456"];
    story::enrol_by(
        &story.world,
        &phone,
        "ben@example.com",
        &more,
        &mut silently,
    )
    .unwrap();
}

#[test]
fn five_wrong_pins_lock_and_an_administrator_unlocks() {
    let story = told();
    let asked = story.ask();
    for left in [4, 3, 2, 1] {
        assert_eq!(
            story.judged(&asked, &["--pin", WRONG]),
            said("pin_wrong", false, Some(left))
        );
    }
    assert_eq!(story.pin(), "set");
    assert_eq!(
        story.judged(&asked, &["--pin", WRONG]),
        said("pin_locked", true, None)
    );
    assert_eq!(story.pin(), "locked");
    asked.cancel();
    let locked = story.ask();
    assert_eq!(
        story.judged(&locked, &["--pin", PIN]),
        said("pin_locked", true, None)
    );
    locked.cancel();

    let line = story
        .world
        .server
        .command(&["phone", "list", ADMIN])
        .unwrap();
    let id = line["id"].as_str().unwrap();
    story
        .world
        .server
        .command(&["phone", "unlock-pin", id])
        .unwrap();
    assert_eq!(story.pin(), "set");
    let asked = story.ask();
    assert_eq!(
        story.judged(&asked, &["--pin", PIN]),
        said("ok", true, None)
    );
    asked.ends_well();
}

/// How many tries the history says that the server found wrong.
fn wrong_in_history(phone: &Phone) -> u64 {
    let entries = phone.ask(&["history", "--limit", "500"]).unwrap();
    let wrong = entries
        .iter()
        .filter(|entry| entry["result"] == "pin_wrong");
    wrong.count() as u64
}

#[test]
fn a_wrong_pin_killed_on_the_phone_at_any_step_counts_once_or_never() {
    let story = told();
    let mut counted = [0, 0];
    for step in 1..ENOUGH {
        let asked = story.ask();
        let before = wrong_in_history(&story.phone);
        let killed = story.approve(&asked, &["--pin", WRONG, "--die-at", &step.to_string()]);
        // Restarted, the phone delivers what was signed.
        story.phone.ask(&["outbox", "--send"]).unwrap();
        let wrong = wrong_in_history(&story.phone) - before;
        assert!(wrong <= 1, "killed at {step}: {wrong}");
        counted[wrong as usize] += 1;
        // The server counted exactly what the phone knows of.
        let left = 4 - wrong;
        assert_eq!(
            story.judged(&asked, &["--pin", WRONG]),
            said("pin_wrong", false, Some(left)),
            "killed at {step}"
        );
        assert_eq!(
            story.judged(&asked, &["--pin", PIN]),
            said("ok", true, None)
        );
        asked.ends_well();
        if !killed.killed() {
            // Both were seen, or the kills did not reach where they should.
            assert!(counted.iter().all(|seen| *seen > 0), "{counted:?}");
            return;
        }
    }
    panic!("the approval is not over after {ENOUGH} port calls");
}

#[test]
fn a_wrong_pin_counts_once_however_often_the_server_is_killed() {
    let mut story = told();
    for round in 0..12u64 {
        let asked = story.ask();
        let number = &asked.waiting.number;
        let args = ["approve", &asked.id, "--number", number, "--pin", WRONG];
        let mut approving = story.phone.start(&args).unwrap();
        // The phone takes some time for the PIN; the kill comes before, while and after the server works.
        std::thread::sleep(Duration::from_millis(30 * round));
        story.world.server.kill().unwrap();
        while approving.next_event().unwrap().is_some() {}
        approving.wait().unwrap();
        story.world.server.restart(&story.world.ca).unwrap();
        for _ in 0..2 {
            story.phone.ask(&["outbox", "--send"]).unwrap();
        }
        assert!(story.phone.ask(&["outbox"]).unwrap().is_empty());
        let second = story.judged(&asked, &["--pin", WRONG]);
        assert_eq!(second, said("pin_wrong", false, Some(3)), "round {round}");
        assert_eq!(
            story.judged(&asked, &["--pin", PIN]),
            said("ok", true, None)
        );
        asked.ends_well();
    }
}

#[test]
fn a_request_that_was_denied_after_a_wrong_pin_is_over() {
    let story = told();
    let mut asked = story.ask();
    assert_eq!(
        story.judged(&asked, &["--pin", WRONG]),
        said("pin_wrong", false, Some(4))
    );
    story.phone.ask(&["deny", &asked.id]).unwrap();
    let end = asked.waiting.end(&mut asked.browser).unwrap();
    assert!(matches!(end, Ending::Over(_)));
}

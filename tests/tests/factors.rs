//! Gesture and PIN between a real phone and a real server: what suffices, and how each is renewed, also when one
//! of the two is killed in the middle.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

use countersign_tests::harness::scene::Scene;
use countersign_tests::harness::{Outcome, ServerOptions};
use serde_json::json;
use std::cell::Cell;

const PIN: &str = "294817";
const NEW: &str = "604155";

/// More port calls than one change makes.
const ENOUGH: usize = 200;

fn told(gesture: bool) -> Scene {
    let options = ServerOptions {
        pin: Some(6),
        gesture: true,
        life: Some(600),
        ..ServerOptions::default()
    };
    let mut enrol = vec!["--pin", PIN];
    if gesture {
        enrol.push("--gesture");
    }
    Scene::new(&options, &enrol)
}

fn code(outcome: &Outcome) -> String {
    let said = outcome.event("verdict").ok_or(outcome).unwrap();
    said["code"].as_str().unwrap().to_owned()
}

/// Signs in with these arguments of `approve`.
fn signs_in(story: &Scene, more: &[&str]) -> bool {
    let asked = story.ask();
    match story.judged(&asked, more).0.as_str() {
        "ok" => asked.ends_well(),
        "pin_wrong" => {
            asked.cancel();
            return false;
        }
        other => panic!("{other}"),
    }
    true
}

#[test]
fn the_gesture_or_the_pin_signs_in() {
    let story = told(true);
    let asked = story.ask();
    assert_eq!(asked.prompt["ways"], json!(["uv", "dev+pin"]));
    assert_eq!(asked.prompt["pin"], false);
    assert_eq!(story.judged(&asked, &[]).0, "ok");
    asked.ends_well();
    assert!(signs_in(&story, &["--pin", PIN]));
    let id = &story.phone.ask(&["ids"]).unwrap()[0];
    assert_eq!((&id["pin"], &id["gesture"]), (&json!(true), &json!(true)));
}

#[test]
fn a_phone_without_a_gesture_gets_one_by_its_pin() {
    let story = told(false);
    let asked = story.ask();
    assert_eq!(asked.prompt["ways"], json!(["dev+pin"]));
    assert_eq!(story.judged(&asked, &["--pin", PIN]).0, "ok");
    let wrong = story.phone.run(&["renew-gesture", "--pin", "111111"]);
    assert_eq!(code(&wrong.unwrap()), "pin_wrong");
    let right = story.phone.run(&["renew-gesture", "--pin", PIN]);
    assert_eq!(code(&right.unwrap()), "ok");
    assert!(signs_in(&story, &[]));
}

#[test]
fn a_pin_is_changed_by_the_old_one_and_a_locked_one_by_the_gesture() {
    let story = told(true);
    let set = |pin: &str, new: &str| {
        let args = ["set-pin", "--pin", pin, "--new", new];
        code(&story.phone.run(&args).unwrap())
    };
    assert_eq!(set("111111", NEW), "pin_wrong");
    assert_eq!(set(PIN, NEW), "ok");
    assert!(!signs_in(&story, &["--pin", PIN]));
    assert!(signs_in(&story, &["--pin", NEW]));
    for left in [
        "pin_wrong",
        "pin_wrong",
        "pin_wrong",
        "pin_wrong",
        "pin_locked",
    ] {
        assert_eq!(set("111111", PIN), left);
    }
    assert_eq!(story.pin(), "locked");
    // The old one is not asked for.
    let args = ["set-pin", "--new", "777000"];
    assert_eq!(code(&story.phone.run(&args).unwrap()), "ok");
    assert_eq!(story.pin(), "set");
    assert!(signs_in(&story, &["--pin", "777000"]));
}

/// Kills the phone at the steps of a change, then looks whether it works. In the longer half at every step.
fn killed_in(story: &Scene, mut change: impl FnMut(usize) -> Vec<String>, works: impl Fn(&Scene)) {
    let full = std::env::var_os("COUNTERSIGN_FULL").is_some();
    let mut step = 1;
    while step < ENOUGH {
        let args = change(step);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let killed = story.phone.run(&args).unwrap().killed();
        story.phone.ask(&["outbox", "--send"]).unwrap();
        assert!(story.phone.ask(&["outbox"]).unwrap().is_empty(), "{step}");
        assert_eq!(story.phone.ask(&["ids"]).unwrap()[0]["changing"], false);
        works(story);
        if !killed {
            assert!(step > 8, "over after {step} steps");
            return;
        }
        step += if full { 1 } else { 5 };
    }
    panic!("the change is not over after {ENOUGH} port calls");
}

#[test]
fn killed_anywhere_in_a_pin_change_one_of_the_two_pins_is_right() {
    let story = told(true);
    let (now, changes) = (Cell::new(PIN), Cell::new(0));
    let other = |pin| if pin == PIN { NEW } else { PIN };
    killed_in(
        &story,
        |step| {
            let (old, new) = (now.get(), other(now.get()));
            let step = step.to_string();
            ["set-pin", "--pin", old, "--new", new, "--die-at", &step]
                .map(str::to_owned)
                .to_vec()
        },
        |story| {
            if !signs_in(story, &["--pin", now.get()]) {
                now.set(other(now.get()));
                changes.set(changes.get() + 1);
                assert!(signs_in(story, &["--pin", now.get()]));
            }
        },
    );
    // Kills before the answer was signed leave the old one, kills after it the new one.
    assert!(changes.get() > 1);
}

#[test]
fn killed_anywhere_in_a_renewal_the_gesture_works() {
    let story = told(true);
    killed_in(
        &story,
        |step| {
            let step = step.to_string();
            ["renew-gesture", "--pin", PIN, "--die-at", &step]
                .map(str::to_owned)
                .to_vec()
        },
        |story| assert!(signs_in(story, &[])),
    );
}

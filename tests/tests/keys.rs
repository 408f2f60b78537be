//! Drills: the server's keys change, planned and in an emergency, and phones that were away go on.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::story::{self, Invitation, Waiting, silently};
use countersign_tests::harness::{ADMIN, Phone, Sp, SpOptions, World};
use serde_json::Value;
use std::path::Path;

fn world() -> (World, Sp, Phone) {
    let world = World::start().unwrap();
    let sp = world
        .application("wiki", "Example Wiki", SpOptions::default())
        .unwrap();
    let phone = world.phone("anna").unwrap();
    (world, sp, phone)
}

fn enrolled() -> (World, Sp, Phone) {
    let (world, sp, phone) = world();
    story::enrol(&world, &phone, ADMIN, &mut silently).unwrap();
    (world, sp, phone)
}

fn keys(world: &World, root: &Path, words: &[&str]) -> Value {
    let root = root.display().to_string();
    let mut line = vec!["keys"];
    line.extend(words);
    line.extend(["--root-key", root.as_str()]);
    world.server.command(&line).unwrap()
}

/// The root is replaced; where the new one is.
fn change_root(world: &World, old: &Path) -> std::path::PathBuf {
    let new = world.dir().join("medium-root.key");
    let words = ["root", "--new-root-key", new.to_str().unwrap()];
    keys(world, old, &words);
    new
}

fn assert_signs_in(world: &World, sp: &Sp, phone: &Phone) {
    let mut browser = world.browser().unwrap();
    let signed_in = story::sign_in(&mut browser, sp, phone, ADMIN, "/", &mut silently).unwrap();
    assert_eq!(signed_in.claims["name_id"], ADMIN);
}

/// The requests that a phone shows when it looks.
fn prompts(phone: &Phone) -> Vec<String> {
    let outcome = phone.run(&["pending"]).unwrap();
    let prompts = outcome
        .events
        .iter()
        .filter(|event| event["event"] == "prompt");
    prompts
        .map(|prompt| prompt["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_phone_that_was_away_during_three_rotations_signs_in() {
    let (world, sp, phone) = enrolled();
    let root = world.server.root_key();
    keys(&world, &root, &["rotate", "--only-new"]);
    let new = change_root(&world, &root);
    let said = keys(&world, &new, &["rotate", "--only-new"]);
    assert_eq!(
        (said["n"].as_u64(), said["sign"].as_array().unwrap().len()),
        (Some(5), 1)
    );
    assert_signs_in(&world, &sp, &phone);
    // And again, from what it knows now.
    assert_signs_in(&world, &sp, &phone);
}

#[test]
fn an_enrolment_goes_on_while_the_root_changes() {
    let (world, sp, phone) = world();
    let mut browser = world.browser().unwrap();
    let invitation = Invitation::make(&world, &mut browser, ADMIN).unwrap();
    let mut enrolling = phone.start(&["enrol", &invitation.link, "--yes"]).unwrap();
    let digits = enrolling.await_event("digits").unwrap();
    change_root(&world, &world.server.root_key());
    let digits = digits["digits"].as_str().unwrap();
    let page = invitation.type_digits(&mut browser, digits).unwrap();
    assert_eq!(page.status, 200);
    while enrolling.next_event().unwrap().is_some() {}
    assert!(
        enrolling.wait().unwrap().success(),
        "{}",
        enrolling.complaints()
    );
    assert_signs_in(&world, &sp, &phone);
}

#[test]
fn an_invitation_of_before_enrols_a_phone_after_the_root_changed() {
    let (world, sp, phone) = world();
    let mut browser = world.browser().unwrap();
    let invitation = Invitation::make(&world, &mut browser, ADMIN).unwrap();
    change_root(&world, &world.server.root_key());
    let args = ["enrol", &invitation.link, "--yes"];
    let outcome =
        story::enrol_with(&phone, &args, &invitation, &mut browser, &mut silently).unwrap();
    assert!(outcome.status.success(), "{}", outcome.trouble(&args));
    assert_signs_in(&world, &sp, &phone);
}

#[test]
fn a_phone_that_knows_newer_keys_refuses_what_it_showed_by_one_that_is_named_no_longer() {
    let (world, sp, phone) = enrolled();
    // It is known, so that a stranger's may wait beside it.
    let mut browser = world.browser().unwrap();
    story::sign_in(&mut browser, &sp, &phone, ADMIN, "/", &mut silently).unwrap();
    browser.restart();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    let prompt = story::await_prompt(&phone).unwrap();
    keys(&world, &world.server.root_key(), &["rotate", "--only-new"]);
    // With a second request the phone learns the newer keys. The server still lists the first, which is
    // signed as a thief's would be.
    let mut other = world.browser().unwrap();
    let newer = Waiting::begin(&mut other, &sp, ADMIN, "/").unwrap();
    let shown = prompts(&phone);
    let old = prompt["id"].as_str().unwrap();
    assert!(shown.len() == 1 && shown[0] != old, "{shown:?}");
    let refused = phone
        .run(&["approve", old, "--number", &waiting.number])
        .unwrap();
    assert!(!refused.status.success());
    assert_eq!(refused.events[0]["error"]["code"], "chal.unverified");
    phone
        .ask(&["approve", &shown[0], "--number", &newer.number])
        .unwrap();
    newer.response(&mut other).unwrap();
}

#[test]
fn a_stolen_key_is_withdrawn_and_nobody_enrols_anew() {
    let (world, sp, phone) = enrolled();
    let root = world.server.root_key();
    let mut browser = world.browser().unwrap();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    let prompt = story::await_prompt(&phone).unwrap();

    // What the operator does: look, withdraw with the root key, look again.
    let before = world.server.command(&["keys", "list"]).unwrap();
    let stolen = before["sign"][0]["key"].as_str().unwrap();
    keys(&world, &root, &["withdraw", stolen, "--replace"]);
    let after = world.server.command(&["keys", "list"]).unwrap();
    assert_eq!(
        (before["n"].as_u64(), after["n"].as_u64()),
        (Some(1), Some(2))
    );
    let signing = after["sign"].as_array().unwrap();
    assert!(signing.len() == 1 && signing[0]["key"] != stolen && signing[0]["signs"] == true);

    // What was open is void, also where a phone shows it already.
    let id = prompt["id"].as_str().unwrap();
    phone
        .run(&["approve", id, "--number", &waiting.number])
        .unwrap();
    let over = waiting.end(&mut browser).unwrap();
    assert!(matches!(over, story::Ending::Over(_)));
    assert!(prompts(&phone).is_empty());
    assert_signs_in(&world, &sp, &phone);
}

#[test]
fn a_phone_goes_on_by_the_second_address_when_the_first_is_down() {
    let (mut world, sp, phone) = enrolled();
    world.server.serve_twice(&world.ca).unwrap();
    keys(&world, &world.server.root_key(), &["renew"]);
    // With this login the phone learns the second address.
    assert_signs_in(&world, &sp, &phone);

    let mut browser = world.browser().unwrap();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    world.server.kill().unwrap();
    let prompt = story::await_prompt(&phone).unwrap();
    let id = prompt["id"].as_str().unwrap();
    phone
        .ask(&["approve", id, "--number", &waiting.number])
        .unwrap();
    let left = phone.ask(&["outbox"]).unwrap();
    assert!(
        !left.iter().any(|event| event["event"] == "waiting"),
        "{left:?}"
    );
}

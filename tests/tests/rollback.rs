//! A phone whose store is put back to an older copy, before a real server: protocol section 8. With a counter it is refused;
//! without one the old verdict comes again, or the server suspends the credential. No answer ever counts twice.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::story::{self, Waiting, silently};
use countersign_tests::harness::{ADMIN, Phone};
use std::fs;
use std::path::Path;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What somebody does who has the phone's files, and not what is in its hardware.
struct Thief {
    kept: tempfile::TempDir,
}

impl Thief {
    fn copy_store(phone: &Phone) -> Self {
        let kept = tempfile::tempdir().unwrap();
        copy(&phone.home().join("store"), kept.path());
        Self { kept }
    }

    fn put_back(&self, phone: &Phone) {
        let store = phone.home().join("store");
        fs::remove_dir_all(&store).unwrap();
        copy(self.kept.path(), &store);
    }
}

/// A device that has no place for a counter has none to compare.
fn without_counter(phone: &Phone) {
    fs::remove_file(phone.home().join("keys").join("counter")).unwrap();
}

fn standing(phone: &Phone) -> (String, usize) {
    let ids = phone.ask(&["ids"]).unwrap();
    let history = phone.ask(&["history"]).unwrap().len();
    (ids[0]["standing"].as_str().unwrap().to_owned(), history)
}

#[test]
fn row_48_with_a_counter_an_older_store_is_refused() {
    let (world, sp, phone) = story::ready().unwrap();
    let thief = Thief::copy_store(&phone);
    let mut browser = world.browser().unwrap();
    story::sign_in(&mut browser, &sp, &phone, ADMIN, "/", &mut silently).unwrap();
    thief.put_back(&phone);
    let refused = phone.run(&["ids"]).unwrap();
    assert_eq!(refused.error_code(), Some("store.rollback"));
    assert!(!refused.status.success());
}

#[test]
fn row_48_without_one_a_copy_with_the_answer_gets_the_old_verdict_and_nothing_happens_twice() {
    let (world, sp, phone) = story::ready().unwrap();
    let mut browser = world.browser().unwrap();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    let prompt = story::await_prompt(&phone).unwrap();
    let approve = [
        "approve",
        prompt["id"].as_str().unwrap(),
        "--number",
        &waiting.number,
    ];
    // Killed at each port call until the answer is signed and not sent.
    let signed = (1..50).any(|step| {
        let step = step.to_string();
        let dying: Vec<&str> = approve.iter().copied().chain(["--die-at", &step]).collect();
        phone.run(&dying).unwrap();
        !phone.ask(&["outbox"]).unwrap().is_empty()
    });
    assert!(signed);
    let thief = Thief::copy_store(&phone);
    let first = phone.ask(&["outbox", "--send"]).unwrap();
    let form = waiting.response(&mut browser).unwrap();
    story::hand_over(&mut browser, &form).unwrap();
    assert_eq!(standing(&phone), ("active".into(), 1));

    thief.put_back(&phone);
    without_counter(&phone);
    let again = phone.ask(&["outbox", "--send"]).unwrap();
    assert_eq!(first, again);
    assert_eq!(standing(&phone), ("active".into(), 1));
    // What was handed out stays handed out once; the phone goes on as before.
    let mut browser = world.browser().unwrap();
    story::sign_in(&mut browser, &sp, &phone, ADMIN, "/", &mut silently).unwrap();
    assert_eq!(standing(&phone), ("active".into(), 2));
}

#[test]
fn row_48_without_one_a_copy_from_before_the_answer_is_seen_by_the_server_and_suspended() {
    let (world, sp, phone) = story::ready().unwrap();
    let mut browser = world.browser().unwrap();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    let prompt = story::await_prompt(&phone).unwrap();
    let thief = Thief::copy_store(&phone);
    let approve = [
        "approve",
        prompt["id"].as_str().unwrap(),
        "--number",
        &waiting.number,
    ];
    phone.ask(&approve).unwrap();
    let form = waiting.response(&mut browser).unwrap();
    story::hand_over(&mut browser, &form).unwrap();

    thief.put_back(&phone);
    without_counter(&phone);
    // The old prompt is shown again; what is signed for it has the number of an answer that the server has.
    let second = phone.run(&approve).unwrap();
    assert!(!second.status.success(), "{second:?}");
    let (standing, _) = standing(&phone);
    assert_eq!(standing, "suspended");
    let audit = world.server.command(&["audit", "check"]).unwrap();
    assert!(audit["complete"].as_u64().unwrap() > 0);
}

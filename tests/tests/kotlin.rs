//! The phone in Kotlin lives the stories of the phone in Rust, with the same server, and says the same, line by line. JUnit asks the
//! rest: hostile hosts, wrong calls, many threads.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::maven;
use countersign_tests::languages::KOTLIN;
use std::process::Stdio;

#[test]
fn junit_asks_what_needs_no_server() {
    let mut command = maven().unwrap();
    let output = command.arg("surefire:test").stdin(Stdio::null()).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Tests run:"), "{said}");
}

#[test]
fn both_live_the_stories_alike() {
    KOTLIN.lives_the_stories_as_rust_does();
}

#[test]
fn both_say_the_same_line_by_line() {
    KOTLIN.says_the_same_as_rust_line_by_line();
}

#[test]
fn the_program_in_the_docs_is_the_one_that_runs_and_approves() {
    KOTLIN.runs_the_program_of_the_docs();
}

#[test]
fn row_50_keys_that_do_not_sign_sign_nothing_and_the_request_stays() {
    KOTLIN.refuses_keys_that_do_not_sign();
}

#[test]
fn after_an_approval_from_kotlin_the_pin_is_nowhere_in_the_process() {
    KOTLIN.has_no_pin_left();
}

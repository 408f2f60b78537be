//! The phone in Swift lives the stories of the phone in Rust, with the same server, and says the same, line by line. XCTest asks the
//! rest: hostile hosts, wrong calls, many threads.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::swift_program;
use countersign_tests::languages::SWIFT;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn xctest_asks_what_needs_no_server() {
    let words = swift_program("CountersignPackageTests.xctest").unwrap();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .env("COUNTERSIGN_VECTORS", vectors)
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("with 0 failures"), "{said}");
}

#[test]
fn both_live_the_stories_alike() {
    SWIFT.lives_the_stories_as_rust_does();
}

#[test]
fn both_say_the_same_line_by_line() {
    SWIFT.says_the_same_as_rust_line_by_line();
}

#[test]
fn the_program_in_the_docs_is_the_one_that_runs_and_approves() {
    SWIFT.runs_the_program_of_the_docs();
}

#[test]
fn row_50_keys_that_do_not_sign_sign_nothing_and_the_request_stays() {
    SWIFT.refuses_keys_that_do_not_sign();
}

#[test]
fn after_an_approval_from_swift_the_pin_is_nowhere_in_the_process() {
    SWIFT.has_no_pin_left();
}

//! The second phone, which somebody wrote from `docs/protocol.md` without a look at ours: its own rules, and its story against
//! the real server, beside our phone and our checker of histories.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::{program, second_phone};
use std::process::{Command, Stdio};

fn run(args: &[&str]) -> String {
    let (python, folder) = second_phone().unwrap();
    let mut command = Command::new(python);
    command.arg("-B").args(args).current_dir(folder);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    complained.into_owned()
}

#[test]
fn the_second_phone_keeps_the_text_and_the_published_vectors() {
    let said = run(&["-m", "unittest", "discover", "-t", ".", "-s", "unit"]);
    // `Ran 104 tests in 9.1s`: none found is a success to some versions of Python.
    let ran = said
        .split_once("Ran ")
        .and_then(|(_, rest)| rest.split_once(' '));
    let ran: Option<u32> = ran.and_then(|(count, _)| count.parse().ok());
    assert!(ran.is_some_and(|ran| ran >= 100), "{said}");
}

#[test]
fn the_second_phone_lives_its_life_with_our_server_beside_our_phone() {
    let server = program("countersign-server").unwrap();
    let beside = server.parent().unwrap();
    run(&[
        "run.py",
        server.to_str().unwrap(),
        "--beside",
        beside.to_str().unwrap(),
    ]);
}

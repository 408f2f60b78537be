//! The conformance kit (`docs/conformance.md`): what is right passes, by its address alone, and what is wrong in one place is
//! found there, by the name of the check.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::{free_port, program, second_phone};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::{Command, Stdio};

/// What a kit says of one side, with somebody who acts there.
fn tried(args: &[&str]) -> Value {
    let (python, folder) = second_phone().unwrap();
    let mut command = Command::new(python);
    command
        .args(["-B", "kit.py"])
        .args(args)
        .current_dir(folder);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

fn server(more: &[&str]) -> Value {
    let (phone, server) = (program("countersign-phone"), program("countersign-server"));
    let (phone, server) = (phone.unwrap(), server.unwrap());
    let args = ["server", phone.to_str().unwrap(), server.to_str().unwrap()];
    tried(&[&args[..], more].concat())
}

/// The checks of this outcome.
fn named<'a>(report: &'a Value, outcome: &str) -> BTreeSet<&'a str> {
    let checks = report["checks"].as_array().unwrap().iter();
    let of = checks.filter(|check| check["outcome"] == outcome);
    of.map(|check| check["id"].as_str().unwrap()).collect()
}

/// Everything passed but what does not apply.
fn is_good(report: &Value, left_out: &[&str]) {
    assert_eq!(report["good"], true, "{report}");
    let left_out: BTreeSet<&str> = left_out.iter().copied().collect();
    assert_eq!(named(report, "left out"), left_out);
    let passed = named(report, "passed").len();
    assert_eq!(
        passed + left_out.len(),
        report["checks"].as_array().unwrap().len()
    );
}

#[test]
fn our_server_keeps_the_protocol_whatever_it_asks_for() {
    let pins = ["response.factors", "response.pin"];
    is_good(&server(&["--policy", "dev"]), &pins);
    is_good(&server(&["--policy", "pin"]), &[]);
    let numbers = ["decision", "number", "dead", "match"].map(|name| format!("response.{name}"));
    let numbers = numbers.iter().map(String::as_str);
    let neither: Vec<&str> = numbers.chain(pins).collect();
    is_good(&server(&["--policy", "uv"]), &neither);
}

#[test]
fn a_server_that_is_wrong_in_one_place_is_found_there() {
    for (fault, found) in [
        ("keys", &["keys.newest"][..]),
        ("list", &["list.unknown"]),
        ("overview", &["overview.this"]),
        ("push", &["push.set", "push.type"]),
        ("state", &["registration.good"]),
        ("verdict", &["response.unknown"]),
        ("cached", &["http.no_store"]),
    ] {
        let report = server(&["--fault", fault]);
        assert_eq!(report["good"], false, "{fault}");
        let found: BTreeSet<&str> = found.iter().copied().collect();
        assert_eq!(named(&report, "failed"), found, "{fault}: {report}");
    }
}

#[test]
fn a_server_that_is_not_there_passes_nothing() {
    let mut command = Command::new(program("countersign-phone").unwrap());
    let link = "https://localhost:1/e#eyJ2IjoxLCJzIjoiaHR0cHM6Ly9sb2NhbGhvc3Q6MSIsImsiOiJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBIiwidCI6IkFBQUFBQUFBQUFBQUFBQUFBQUFBQUEiLCJ4IjoxfQ";
    let hook = format!("read line; echo '{{\"answer\":\"{link}\"}}'");
    command.args(["--json", "conformance", "--server", "https://localhost:1"]);
    let output = command.args(["--hook", &hook]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(report["good"], false);
    assert!(named(&report, "passed").is_empty(), "{report}");
    assert!(
        report["stopped"]
            .as_str()
            .unwrap()
            .starts_with("GET /cs/v1/keys"),
        "{report}"
    );
}

fn phone(more: &[&str]) -> Value {
    let kit = program("countersign-server-conformance").unwrap();
    tried(&[&["phone", kit.to_str().unwrap()], more].concat())
}

#[test]
fn a_phone_from_the_text_alone_keeps_the_protocol() {
    is_good(&phone(&[]), &[]);
}

/// Ours asks for newer keys once a minute, and nobody can put its clock forward: two minutes, in the longer half.
#[test]
fn in_the_longer_half_our_phone_keeps_the_protocol() {
    if std::env::var_os("COUNTERSIGN_FULL").is_none() {
        return;
    }
    let program = program("countersign-phone").unwrap();
    is_good(&phone(&["--program", program.to_str().unwrap()]), &[]);
}

#[test]
fn a_phone_that_is_wrong_in_one_place_is_found_there() {
    for (fault, found) in [
        // What it answered though it was over.
        ("late", &["challenge.over"][..]),
        ("forked", &["answer.chain"]),
        // Once it is over it asks again, and what is true has a lower `sn`, which it takes as well: later steps find nothing.
        (
            "credulous",
            &["state.old", "state.registration", "state.dev", "state.aud"],
        ),
        (
            "forgetful",
            &["answer.lost", "answer.gone", "answer.key", "answer.other"],
        ),
        (
            "unconfirmed",
            &[
                "receipt.ns",
                "receipt.kc",
                "receipt.registration",
                "receipt.dev",
                "receipt.account",
                "receipt.policy",
            ],
        ),
    ] {
        let report = phone(&["--fault", fault]);
        assert_eq!(report["good"], false, "{fault}");
        let found: BTreeSet<&str> = found.iter().copied().collect();
        assert_eq!(named(&report, "failed"), found, "{fault}: {report}");
    }
}

/// What the stories and vectors say of somebody, and whether all is well.
fn told(args: &[&str]) -> (Value, bool) {
    let (_, folder) = second_phone().unwrap();
    let mut command = Command::new(program("countersign-conformance").unwrap());
    command.arg("--json").args(args).current_dir(folder);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(report["good"], output.status.success(), "{report}");
    (report, output.status.success())
}

/// A command line for `sh` that runs Python there.
fn python(words: &str) -> String {
    let (python, _) = second_phone().unwrap();
    format!("'{}' -B {words}", python.display())
}

#[test]
fn a_phone_from_the_text_alone_lives_the_stories() {
    let (report, _) = told(&["phone", "--run", &python("phone.py")]);
    is_good(&report, &[]);
}

#[test]
fn a_phone_that_forgets_its_answers_does_not_live_the_story_of_a_server_that_was_away() {
    let run = python("phone.py --fault forgetful");
    let (report, good) = told(&["phone", "--run", &run, "--only", "service"]);
    assert!(!good);
    assert_eq!(named(&report, "failed"), BTreeSet::from(["service"]));
    let came = report["checks"][0]["came"].as_str().unwrap();
    assert!(came.contains("deliver: gave"), "{came}");
}

#[test]
fn a_phone_that_says_nothing_or_nonsense_lives_no_story() {
    for (program, what) in [
        ("true", "enrol: gave `ok`"),
        ("false", "enrol: gave `exit status: 1"),
        ("/nowhere/phone", "enrol: gave `exit status: 127"),
        ("sh -c 'echo hello'", "said no JSON"),
        ("sh -c 'echo []; echo 7'", "enrol: gave `ok`"),
        // Digits that nobody asked for, and an ID that isn't there.
        (r#"sh -c 'echo {\"digits\":\"7\"}'"#, "enrol: gave `ok`"),
        (
            r#"sh -c 'echo {\"event\":\"active\"}'"#,
            "look: gave `nothing`",
        ),
        // Without an end, in lines and in one.
        ("sh -c 'yes {}'", "says more and more"),
        (r"sh -c 'yes | tr -d \\n'", "enrol: gave"),
    ] {
        let (report, good) = told(&["phone", "--run", program, "--only", "first_login"]);
        assert!(!good, "{program}");
        assert_eq!(named(&report, "failed"), BTreeSet::from(["first_login"]));
        let came = report["checks"][0]["came"].as_str().unwrap();
        assert!(came.contains(what), "{program}: {came}");
    }
}

/// The stories at our server, at which a person, an administrator and applications in Python act. `through` changes what they say.
fn at_a_server(through: &str, more: &[&str]) -> Value {
    let port = free_port().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = program("countersign-server").unwrap();
    let (place, origin) = (folder.path(), format!("https://localhost:{port}"));
    let words = format!(
        "kit.py stage '{}' '{}' --port {port}{through}",
        server.display(),
        place.display()
    );
    let (ca, hook) = (place.join("ca.pem"), python(&words));
    let args = ["server", "--server", &origin, "--hook", &hook, "--ca"];
    told(&[&args[..], &[ca.to_str().unwrap()], more].concat()).0
}

#[test]
fn our_phone_lives_the_stories_at_a_server_known_by_its_address_alone() {
    is_good(&at_a_server("", &[]), &[]);
}

#[test]
fn a_server_that_is_wrong_in_one_answer_is_found() {
    for (script, what) in [
        ("s/signed_in/Sorry/", "end: gave `Sorry`"),
        ("s/wait [0-9]*/wait/", "`desk` shows no number"),
        ("s/wait [0-9]*/wait 4711/", "approve: gave `number.empty`"),
        (
            "s/https:.*e#/https:evil#/",
            "the invitation is not for --server",
        ),
        ("s/\"https:.*\"/7/", "the hook's answer has no `answer`"),
    ] {
        let report = at_a_server(&format!(" | sed -u '{script}'"), &["--only", "first_login"]);
        let failed = BTreeSet::from(["first_login"]);
        assert_eq!(named(&report, "failed"), failed, "{script}: {report}");
        let came = report["checks"][0]["came"].as_str().unwrap();
        assert!(came.contains(what), "{script}: {came}");
    }
}

#[test]
fn where_nothing_can_be_played_nothing_is_good() {
    for (hook, outcome) in [
        (
            "while read x; do echo '{\"cannot\":\"no\"}'; done",
            "left out",
        ),
        ("read x; echo hello", "not reached"),
        ("true", "not reached"),
    ] {
        let origin = "https://localhost:1";
        let (report, good) = told(&["server", "--server", origin, "--hook", hook]);
        assert!(!good, "{hook}");
        let all = report["checks"].as_array().unwrap().len();
        assert_eq!(named(&report, outcome).len(), all, "{report}");
    }
}

#[test]
fn a_library_from_the_text_alone_answers_every_vector() {
    is_good(
        &told(&["vectors", "--hook", &python("kit.py judge")]).0,
        &[],
    );
}

#[test]
fn what_is_shipped_has_neither_the_clock_nor_the_script() {
    let kit = std::fs::read(program("countersign-server-conformance").unwrap()).unwrap();
    let shipped = std::fs::read(program("countersign-server").unwrap()).unwrap();
    // A sentence of its table, and a vector: in the one and not in the other.
    for sign in [
        "One with EdDSA for an Ed25519 key is not shown.",
        "\"id\":\"keys/truncated\"",
    ] {
        let is_in = |bytes: &[u8]| {
            bytes
                .windows(sign.len())
                .any(|part| part == sign.as_bytes())
        };
        assert!(is_in(&kit) && !is_in(&shipped), "{sign}");
    }
    let mut command = Command::new(program("countersign-server").unwrap());
    let output = command.arg("conformance").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

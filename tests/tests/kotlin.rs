//! The phone in Kotlin lives the stories of the phone in Rust, with the same server, and says the same, line by line. JUnit asks the
//! rest: hostile hosts, wrong calls, many threads.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

use countersign_tests::harness::story::{self, Invitation, Waiting, silently};
use countersign_tests::harness::{
    ADMIN, Phone, Result, Running, ServerOptions, SpOptions, World, kotlin_phone, maven,
};
use countersign_tests::memory::find_in;
use countersign_tests::stories::{all, play};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

const PIN: &str = "294817";

type Make = fn(&World, &str) -> Result<Phone>;

/// In both languages.
const PHONES: [Make; 2] = [rust, kotlin];

fn rust(world: &World, name: &str) -> Result<Phone> {
    world.phone(name)
}

fn kotlin(world: &World, name: &str) -> Result<Phone> {
    Ok(world.phone(name)?.run_by(kotlin_phone()?))
}

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
    for (name, story) in all().unwrap() {
        let [ours, theirs] = PHONES.map(|phone| {
            play(&story, &phone).unwrap_or_else(|trouble| panic!("{name}: {trouble}"))
        });
        assert_eq!(theirs, ours, "{name}");
    }
}

#[test]
fn both_say_the_same_line_by_line() {
    let [ours, theirs] = PHONES.map(told);
    for (at, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        assert_eq!(theirs, ours, "line {at}");
    }
    assert_eq!(theirs.len(), ours.len());
}

#[test]
fn the_program_in_the_docs_is_the_one_that_runs_and_approves() {
    let docs = include_str!("../../docs/integrating.md");
    assert!(docs.contains(include_str!(
        "../../kotlin/src/test/kotlin/countersign/Example.kt"
    )));
    let options = ServerOptions {
        pin: Some(6),
        ..ServerOptions::default()
    };
    let world = World::with(&options).unwrap();
    let sp = world
        .application("wiki", "Example Wiki", SpOptions::default())
        .unwrap();
    let mut browser = world.browser().unwrap();
    let invitation = Invitation::make(&world, &mut browser, ADMIN).unwrap();
    let mut words = kotlin_phone().unwrap();
    *words.last_mut().unwrap() = "countersign.example.ExampleKt".into();
    let home = world.dir().join("example");
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg(home).arg(world.ca.path());
    command.arg(&invitation.link).stdin(Stdio::piped());
    let mut program = command.stdout(Stdio::piped()).spawn().unwrap();
    let (mut typed, said) = (
        program.stdin.take().unwrap(),
        program.stdout.take().unwrap(),
    );
    let mut waiting = None;
    let mut transcript = Vec::new();
    for line in BufReader::new(said).lines() {
        let line = line.unwrap();
        if line == "PIN?" {
            writeln!(typed, "{PIN}").unwrap();
        } else if let Some(digits) = line.strip_prefix("Type into the browser: ")
            && waiting.is_none()
        {
            invitation.type_digits(&mut browser, digits).unwrap();
            waiting = Some(Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap());
        } else if line == "number?" {
            writeln!(typed, "{}", waiting.as_ref().unwrap().number).unwrap();
        }
        transcript.push(line);
    }
    assert!(program.wait().unwrap().success(), "{transcript:#?}");
    assert_eq!(transcript.last().unwrap(), "approved", "{transcript:#?}");
    waiting.unwrap().response(&mut browser).unwrap();
}

#[test]
fn row_50_keys_that_do_not_sign_sign_nothing_and_the_request_stays() {
    let world = World::with(&ServerOptions::default()).unwrap();
    let sp = world
        .application("wiki", "Example Wiki", SpOptions::default())
        .unwrap();
    let phone = kotlin(&world, "anna").unwrap();
    let mut browser = world.browser().unwrap();
    let invitation = Invitation::make(&world, &mut browser, ADMIN).unwrap();
    let words = ["enrol", &invitation.link];
    story::enrol_with(&phone, &words, &invitation, &mut browser, &mut silently).unwrap();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    phone.ask(&["pending"]).unwrap();
    let approve = ["approve", "--number", &waiting.number];
    for (trick, code) in [
        ("cancelled", "cancelled"),
        ("locked-out", "uv.lockout"),
        ("invalidated", "key.lost"),
        ("not-set-up", "uv.none"),
        ("unreadable", "key.busy"),
        ("throws", "key.busy"),
        ("empty", "key.busy"),
        ("rubbish", "key.busy"),
        ("longer", "key.busy"),
        ("of-another-message", "key.busy"),
        ("of-another-key", "key.busy"),
    ] {
        let outcome = phone.run(&[&approve[..], &["--trick", trick]].concat());
        let outcome = outcome.unwrap();
        let said = outcome.error_code();
        assert_eq!(said, Some(code), "{trick}: {:?}", outcome.events);
        assert!(phone.ask(&["outbox"]).unwrap().is_empty(), "{trick}");
    }
    phone.ask(&approve).unwrap();
    waiting.response(&mut browser).unwrap();
}

#[test]
fn after_an_approval_from_kotlin_the_pin_is_nowhere_in_the_process() {
    // Twelve digits: nothing else in memory looks like them.
    let pin = "902817465530";
    let options = ServerOptions {
        pin: Some(12),
        ..ServerOptions::default()
    };
    let world = World::with(&options).unwrap();
    let sp = world
        .application("wiki", "Example Wiki", SpOptions::default())
        .unwrap();
    let phone = kotlin(&world, "anna").unwrap();
    let mut browser = world.browser().unwrap();
    let invitation = Invitation::make(&world, &mut browser, ADMIN).unwrap();
    let words = ["enrol", &invitation.link, "--pin", pin];
    story::enrol_with(&phone, &words, &invitation, &mut browser, &mut silently).unwrap();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    phone.ask(&["pending"]).unwrap();

    let digits: Vec<u8> = pin.bytes().map(|digit| digit - b'0').collect();
    let letters: String = digits
        .iter()
        .map(|digit| char::from(b'a' + digit))
        .collect();
    let mut staying = phone.start(&["stay"]).unwrap();
    let found = |staying: &Running| {
        let forms = [pin.as_bytes(), &digits];
        forms.map(|form| find_in(staying.id(), form).unwrap().len())
    };
    staying.say(&json!({"pin": letters})).unwrap();
    staying.await_event("typed").unwrap();
    let typed = found(&staying);
    assert!(
        typed.iter().sum::<usize>() > 0,
        "the search sees what is typed"
    );
    staying.say(&json!({"number": waiting.number})).unwrap();
    assert_eq!(staying.await_event("verdict").unwrap()["code"], "ok");
    assert_eq!(found(&staying), [0, 0]);
    staying.say(&json!({"end": ""})).unwrap();
    waiting.response(&mut browser).unwrap();
}

/// Everything that a phone says on its way from the first command to the last.
fn told(phone: Make) -> Vec<Value> {
    let options = ServerOptions {
        pin: Some(6),
        ..ServerOptions::default()
    };
    let world = World::with(&options).unwrap();
    let sp = world
        .application("wiki", "Example Wiki", SpOptions::default())
        .unwrap();
    let phone = phone(&world, "anna").unwrap();
    let mut lines = Vec::new();
    let mut run = |words: &[&str]| {
        let outcome = phone.run(words).unwrap();
        lines.push(json!(words[0]));
        lines.extend(outcome.events);
        lines.push(json!(outcome.status.code()));
    };
    run(&["ids"]);
    run(&["approve"]);
    run(&["resume"]);
    run(&["enrol", "https://id.example.com/e#no"]);
    run(&["open", "nothing"]);
    run(&["show", "nothing"]);
    let mut browser = world.browser().unwrap();
    let invitation = Invitation::make(&world, &mut browser, ADMIN).unwrap();
    let words = ["enrol", &invitation.link, "--pin", PIN];
    let outcome =
        story::enrol_with(&phone, &words, &invitation, &mut browser, &mut silently).unwrap();
    let enrolled = outcome.events;
    run(&["ids"]);
    run(&["enrol", &invitation.link, "--pin", PIN]);
    run(&["pending"]);
    run(&["deny"]);
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    run(&["pending"]);
    run(&["approve", "--number", "1", "--pin", PIN]);
    run(&["approve", "--number", &waiting.number, "--pin", "12345"]);
    run(&["approve", "--number", &waiting.number, "--pin", "000000"]);
    run(&["more", "AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA"]);
    run(&["approve", "--number", &waiting.number, "--pin", PIN]);
    waiting.response(&mut browser).unwrap();
    // Another one: whoever was signed in is not asked again.
    Waiting::begin(&mut world.browser().unwrap(), &sp, ADMIN, "/").unwrap();
    run(&["deny", "--reason", "mistake"]);
    run(&["history"]);
    run(&["outbox", "--send"]);
    run(&["overview"]);
    run(&["notices"]);
    run(&["set-pin", "--pin", PIN, "--new", "730154"]);
    run(&["add-phone"]);
    run(&["pause"]);
    run(&["unfreeze", "--pin", "730154"]);
    Waiting::begin(&mut world.browser().unwrap(), &sp, ADMIN, "/").unwrap();
    run(&["report"]);
    run(&["ids"]);
    run(&["history", "--limit", "2"]);
    lines.extend(enrolled);
    let mut names = BTreeMap::new();
    lines
        .iter_mut()
        .for_each(|line| name_alike(line, &mut names));
    lines
}

/// What differs from one run to the next gets the same name in both: ids by their order, and numbers that count time.
fn name_alike(value: &mut Value, names: &mut BTreeMap<String, String>) {
    match value {
        Value::String(text) if is_made(text) => {
            let next = format!("#{}", names.len());
            *text = names.entry(text.clone()).or_insert(next).clone();
        }
        Value::String(text) => *text = without_port(text),
        Value::Array(values) => values.iter_mut().for_each(|one| name_alike(one, names)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match name.as_str() {
                    "seconds_left" | "asked_ago" | "asked" | "at" | "added" | "used"
                    | "expires" | "next_try" => {
                        *member = json!(member.is_number());
                    }
                    "digits" | "link" => *member = json!(member.is_string()),
                    _ => name_alike(member, names),
                }
            }
        }
        _ => {}
    }
}

/// Each server is somewhere else on this machine.
fn without_port(text: &str) -> String {
    let mut parts = text.split("localhost:");
    let begin = parts.next().unwrap_or_default().to_owned();
    parts.fold(begin, |mut text, part| {
        text.push_str("localhost");
        text.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_digit()));
        text
    })
}

/// One or two ids, or a hash.
fn is_made(text: &str) -> bool {
    let made = |text: &str| {
        let of_base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        [22, 43].contains(&text.len()) && text.chars().all(of_base64url)
    };
    match text.split_once('.') {
        Some((id, request)) => made(id) && made(request),
        None => made(text),
    }
}

//! What was asked and answered, checked by a third party: a real phone and a real server write what they have, and
//! `countersign` judges it, whole and damaged.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

use countersign_protocol::history::{Check, Report, Trusted};
use countersign_protocol::{Digest, Thumbprint};
use countersign_tests::harness::scene::Scene;
use countersign_tests::harness::{ADMIN, Outcome, ServerOptions, program};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

const PIN: &str = "294817";
const NEW: &str = "604155";

fn code(outcome: &Outcome) -> String {
    let said = outcome.event("verdict").ok_or(outcome).unwrap();
    said["code"].as_str().unwrap().to_owned()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}

/// Twelve answers of every sort, while keys, PIN, gesture and standing change.
fn told() -> Scene {
    let options = ServerOptions {
        pin: Some(6),
        gesture: true,
        life: Some(600),
        ..ServerOptions::default()
    };
    let story = Scene::new(&options, &["--pin", PIN, "--gesture"]);
    let says = |args: &[&str], expected: &str| {
        assert_eq!(code(&story.phone.run(args).unwrap()), expected, "{args:?}");
    };
    let signs_in = |more: &[&str]| {
        let asked = story.ask();
        assert_eq!(story.judged(&asked, more).0, "ok", "{more:?}");
        asked.ends_well();
    };
    let keys = |root: &Path, words: &[&str]| {
        let root = root.display().to_string();
        let mut line = vec!["keys"];
        line.extend(words);
        line.extend(["--root-key", &root]);
        story.world.server.command(&line).unwrap();
    };
    signs_in(&[]);
    signs_in(&["--pin", PIN]);
    let asked = story.ask();
    let wrong = story.judged(&asked, &["--pin", "111111"]);
    assert_eq!((wrong.0.as_str(), wrong.1), ("pin_wrong", false));
    assert_eq!(story.judged(&asked, &["--pin", PIN]).0, "ok");
    let asked = story.ask();
    says(&["deny", &asked.id, "--reason", "unknown"], "ok");
    says(&["set-pin", "--pin", PIN, "--new", NEW], "ok");
    says(&["renew-gesture", "--pin", NEW], "ok");
    signs_in(&[]);
    let root = story.world.server.root_key();
    keys(&root, &["rotate", "--only-new"]);
    signs_in(&["--pin", NEW]);
    let next = story.world.dir().join("next-root.key");
    keys(&root, &["root", "--new-root-key", next.to_str().unwrap()]);
    keys(&next, &["rotate"]);
    story.phone.ask(&["pause"]).unwrap();
    says(&["unfreeze", "--pin", NEW], "ok");
    signs_in(&["--pin", NEW]);
    let asked = story.ask();
    let other = if asked.waiting.number == "47" {
        "48"
    } else {
        "47"
    };
    says(&["approve", &asked.id, "--number", other], "number_wrong");
    story
}

/// What both sides have, and by what it is judged.
struct Files {
    folder: PathBuf,
    phone: PathBuf,
    server: PathBuf,
    /// What the phone said of its export.
    exported: Value,
}

impl Files {
    fn of(story: &Scene, name: &str) -> Self {
        let folder = story.world.dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        let phone = folder.join("phone.jsonl");
        let line = ["export-history", "--out", phone.to_str().unwrap()];
        let exported = story.phone.ask(&line).unwrap().remove(0);
        let line = ["export-history", ADMIN, "--out", folder.to_str().unwrap()];
        let said = story.world.server.command(&line).unwrap();
        Self {
            server: text(&said, "file").into(),
            folder,
            phone,
            exported,
        }
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.phone).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn put(&self, name: &str, lines: &[String]) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        path
    }

    /// Judged by the program, with these further arguments; how it ended and what it said.
    fn judged(&self, file: &Path, more: &[&str]) -> (i32, Value) {
        let mut command = Command::new(program("countersign").unwrap());
        command.args(["--json", "verify-history"]).arg(file);
        command.args(["--root", text(&self.exported, "root")]);
        let output = command.args(more).output().unwrap();
        let said = serde_json::from_slice(&output.stdout);
        (output.status.code().unwrap(), said.unwrap_or_default())
    }

    fn trusted(&self) -> Trusted {
        let root = Digest::parse(text(&self.exported, "root")).unwrap();
        Trusted {
            root: Thumbprint(root),
            dev: None,
            deposited: None,
        }
    }
}

/// Nothing when there is nothing to check.
fn check(lines: &[Vec<u8>], trusted: Trusted) -> Option<Report> {
    let mut check = Check::new(trusted, lines.first()?).ok()?;
    lines[1..].iter().for_each(|line| check.line(line));
    Some(check.finish(None).0)
}

fn span(from: u64, to: u64) -> Value {
    json!({ "from": from, "to": to })
}

#[test]
fn a_third_party_checks_what_was_asked_and_answered() {
    let story = told();
    let files = Files::of(&story, "both");
    let (dev, last) = (text(&files.exported, "dev"), text(&files.exported, "last"));
    let server = files.server.to_str().unwrap();
    assert_eq!(
        (&files.exported["from"], &files.exported["to"]),
        (&json!(1), &json!(12))
    );

    let (end, said) = files.judged(&files.phone, &[]);
    assert_eq!((end, &said["findings"]), (0, &json!([])), "{said}");
    assert_eq!(
        (&said["answers"], &said["unjudged"]),
        (&json!(12), &json!(0))
    );
    assert_eq!(
        (&said["vouched"], &said["by_phone"]),
        (&span(1, 12), &Value::Null)
    );
    let (end, said) = files.judged(&files.phone, &["--dev", dev, "--with", server]);
    assert_eq!((end, &said["with"]["findings"]), (0, &json!([])), "{said}");
    assert_eq!(said["with"]["answers"], 12);
    // The last one is by the gesture's key, which the server named.
    assert_eq!(
        (&said["vouched"], &said["by_phone"]),
        (&span(1, 12), &span(1, 11))
    );
    let (end, said) = files.judged(&files.phone, &["--deposited", last]);
    assert_eq!((end, &said["by_phone"]), (0, &span(1, 12)));

    // By the root of today, which the phone did not begin with, and for another phone, it proves nothing.
    let (end, said) = files.judged(&files.phone, &["--dev", last]);
    assert_eq!((end, &said["findings"][0]["code"]), (1, &json!("dev")));
    let today = story.world.server.command(&["keys", "list"]).unwrap();
    assert_ne!(text(&today, "root"), text(&files.exported, "root"));
    let mut command = Command::new(program("countersign").unwrap());
    command.args(["verify-history", files.phone.to_str().unwrap()]);
    let output = command.args(["--root", text(&today, "root")]).output();
    let words = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(words.contains("Nothing is vouched for.") && words.contains("[keys.root]"));
    let (end, _) = files.judged(Path::new("/nowhere"), &[]);
    assert_eq!(end, 2);

    damage_of_any_line_is_found(&files);
    a_cut_end_shows_by_the_server_only(&files);
    later_answers_and_a_deleted_beginning(&story);
}

fn damage_of_any_line_is_found(files: &Files) {
    let good: Vec<Vec<u8>> = files.lines().into_iter().map(String::into_bytes).collect();
    let whole = check(&good, files.trusted()).unwrap();
    let is_entry = |at: usize| good[at].starts_with(b"{\"challenge\"");
    let first = (0..good.len()).find(|at| is_entry(*at)).unwrap();
    assert_eq!(good.len() - first, 12);
    let sound = |lines: &[Vec<u8>]| {
        check(lines, files.trusted()).is_some_and(|report| report.findings.is_empty())
    };
    for at in 0..good.len() {
        let mut lines = good.clone();
        lines.remove(at);
        // A state or statement about keys on which nothing rests may be left out: the answers stay what they are.
        let same = |report: Report| report.findings.is_empty() && report.vouched == whole.vouched;
        let left_out = !is_entry(at) && check(&lines, files.trusted()).is_some_and(same);
        assert!(left_out || !sound(&lines), "{at} taken");
        let mut lines = good.clone();
        lines.insert(at, good[at].clone());
        assert!(!sound(&lines), "{at} doubled");
        if at > 0 {
            let mut lines = good.clone();
            lines.swap(at - 1, at);
            assert!(!sound(&lines), "{at} moved");
        }
        // A bit here and there: every kind of member gets its share.
        for byte in (at % 7..good[at].len()).step_by(37) {
            let mut lines = good.clone();
            lines[at][byte] ^= 1 << (byte % 8);
            assert!(!sound(&lines), "line {at}, byte {byte}");
        }
    }
    // The program says the same in its words.
    let mut lines = files.lines();
    lines.remove(first + 3);
    let (end, said) = files.judged(&files.put("gap.jsonl", &lines), &[]);
    assert_eq!((end, &said["vouched"]), (1, &span(1, 3)));
    let found = &said["findings"][0];
    assert_eq!(
        (&found["code"], &found["ctr"]),
        (&json!("removed"), &json!(5))
    );
}

fn a_cut_end_shows_by_the_server_only(files: &Files) {
    let mut lines = files.lines();
    lines.truncate(lines.len() - 2);
    lines[0] = lines[0].replacen("\"to\":12", "\"to\":10", 1);
    let cut = files.put("cut.jsonl", &lines);
    let (end, said) = files.judged(&cut, &[]);
    assert_eq!((end, &said["vouched"]), (0, &span(1, 10)));
    let (end, said) = files.judged(&cut, &["--with", files.server.to_str().unwrap()]);
    assert_eq!(
        (end, &said["findings"][0]["code"]),
        (1, &json!("cut")),
        "{said}"
    );
    // A hash of the last answer that was deposited shows it too.
    let last = text(&files.exported, "last");
    let (end, said) = files.judged(&cut, &["--deposited", last]);
    assert_eq!(
        (end, &said["findings"][0]["code"]),
        (1, &json!("deposited"))
    );
}

/// The person deletes what is old: the chain begins later, on the phone alone.
fn later_answers_and_a_deleted_beginning(story: &Scene) {
    let asked = story.ask();
    assert_eq!(story.judged(&asked, &["--pin", NEW]).0, "ok");
    // The newest first.
    let history = story.phone.ask(&["history"]).unwrap();
    let mut times: Vec<u64> = history
        .iter()
        .map(|it| it["asked"].as_u64().unwrap())
        .collect();
    times.reverse();
    assert_eq!(times.len(), 13);
    let before = times[7];
    let old = times.iter().take_while(|time| **time < before).count() as u64;
    assert!(old > 0, "all in one second: {times:?}");
    let line = ["forget-history", "--before", &before.to_string()];
    let said = story.phone.ask(&line).unwrap().remove(0);
    assert_eq!(said["answers"], old);

    let files = Files::of(story, "later");
    let server = files.server.to_str().unwrap();
    let (end, said) = files.judged(&files.phone, &["--with", server]);
    assert_eq!((end, &said["vouched"]), (0, &span(old + 1, 13)), "{said}");
    assert_eq!(
        (&said["answers"], &said["with"]["answers"]),
        (&json!(13 - old), &json!(13))
    );
    let listed = story.phone.ask(&["history"]).unwrap();
    assert_eq!(listed.len() as u64, 13 - old);
    // The server's own file is no phone's, and has no end to compare with: it is checked as one that may have gaps.
    let (end, said) = files.judged(&files.server, &[]);
    assert_eq!((end, &said["vouched"]), (0, &span(1, 13)));
    // All of it goes, and the next answer is the first of what is left.
    let now = u64::MAX.to_string();
    story
        .phone
        .ask(&["forget-history", "--before", &now])
        .unwrap();
    let asked = story.ask();
    assert_eq!(story.judged(&asked, &["--pin", NEW]).0, "ok");
    let files = Files::of(story, "last");
    let (end, said) = files.judged(&files.phone, &["--with", files.server.to_str().unwrap()]);
    assert_eq!((end, &said["vouched"]), (0, &span(14, 14)), "{said}");
}

/// A phone whose memory was copied answers twice: the phone's own file is sound, the server's shows both.
#[test]
fn two_copies_of_a_phone_show_by_the_server() {
    let story = Scene::new(&ServerOptions::default(), &[]);
    let copy = story.world.dir().join("copy");
    let asked = story.ask();
    assert_eq!(story.judged(&asked, &[]).0, "ok");
    let copy = copy.display().to_string();
    story.phone.ask(&["export", &copy]).unwrap();
    let asked = story.ask();
    assert_eq!(story.judged(&asked, &[]).0, "ok");
    let before = Files::of(&story, "before");
    let (end, _) = before.judged(&before.phone, &["--with", before.server.to_str().unwrap()]);
    assert_eq!(end, 0);
    // Its keys stay, its memory goes back.
    std::fs::remove_dir_all(story.phone.home().join("store")).unwrap();
    story.phone.ask(&["restore", &copy]).unwrap();
    let asked = story.ask();
    assert_eq!(story.judged(&asked, &[]).0, "suspended");
    let after = Files::of(&story, "after");
    let (end, said) = after.judged(&after.phone, &[]);
    assert_eq!((end, &said["vouched"]), (0, &span(1, 2)));
    let (end, said) = after.judged(&after.phone, &["--with", after.server.to_str().unwrap()]);
    let other = &said["with"]["findings"][0];
    assert_eq!((end, &other["code"]), (1, &json!("forked")), "{said}");
    // Of the two the server has the first one seen.
    let found = &said["findings"][0];
    assert_eq!(
        (&found["code"], &found["ctr"]),
        (&json!("forked"), &json!(2))
    );
    assert_eq!(said["vouched"], span(1, 1));
}

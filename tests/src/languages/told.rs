//! What a phone says, from its first command to its last.

use super::{Language, PIN, begin, with_pin};
use crate::harness::ADMIN;
use crate::harness::story::{self, Invitation, Waiting, silently};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Everything that a phone says on its way from the first command to the last.
pub(super) fn told(language: &Language) -> Vec<Value> {
    let (world, sp) = begin(&with_pin(6));
    let phone = language.phone(&world, "anna").unwrap();
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

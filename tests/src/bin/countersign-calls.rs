//! What the phone's calls cost from Kotlin and Swift, beside the same calls in Rust: rows for `cargo xtask bench`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use countersign_tests::languages::{KOTLIN, Language, RUST, SWIFT};
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// What is measured, in words.
const CALLS: [(&str, &str); 4] = [
    ("accounts", "list 10 accounts"),
    ("show", "open a prompt"),
    (
        "approve",
        "approve, until it is signed and safe; keys in files",
    ),
    ("start", "from opening to the first listed account"),
];

/// How often everything is measured; the best of each is taken, since others work on the machine too.
const ROUNDS: usize = 3;

type Measured = BTreeMap<String, f64>;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    let languages = [("Rust", RUST), ("Kotlin", KOTLIN), ("Swift", SWIFT)];
    let mut best: [Measured; 3] = Default::default();
    for _ in 0..ROUNDS {
        for ((_, language), best) in languages.iter().zip(&mut best) {
            keep_best(best, one(language)?);
        }
    }
    let [rust, others @ ..] = &best;
    let time = |of: &Measured, call: &str| of.get(call).copied().unwrap_or(f64::NAN);
    for (call, what) in CALLS {
        say(
            &format!("Rust: {what}"),
            time(rust, call),
            "yardstick",
            None,
        );
    }
    for ((name, _), of) in languages[1..].iter().zip(others) {
        let empty = time(of, "empty");
        say(
            &format!("{name}: the least call (PinEntry.dots)"),
            empty,
            "yardstick",
            None,
        );
        for (call, what) in CALLS {
            let (took, ours) = (time(of, call), time(rust, call));
            let over = (took - ours) / empty;
            let beside = format!("the same in Rust; over it {over:.0} × the least call");
            say(&format!("{name}: {what}"), took, &beside, Some(took / ours));
        }
    }
    Ok(())
}

fn one(language: &Language) -> Result<Measured, String> {
    language.measure().map_err(|trouble| trouble.to_string())
}

fn keep_best(best: &mut Measured, more: Measured) {
    for (call, took) in more {
        best.entry(call)
            .and_modify(|known| *known = known.min(took))
            .or_insert(took);
    }
}

fn say(what: &str, ns: f64, beside: &str, ratio: Option<f64>) {
    let figure = match ns {
        ns if ns < 1e6 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    };
    let row = json!({
        "group": "calls", "what": what, "figure": figure, "beside": beside, "ratio": ratio, "aim": null, "met": null,
    });
    println!("{row}");
}

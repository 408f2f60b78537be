//! In: a language, the built library, the root's `uniffi.toml`, a folder. Out: generated code in that folder. Never: generated code in
//! the tree. A program of its own, so that the library that ships knows nothing of generators.
//!
//! UniFFI's Kotlin lets an `Error` of a host (no memory, a class that isn't there, what isn't implemented) past its `catch` into JNA, which
//! prints it and comes back as if the call had succeeded: a counter that wrote nothing would be believed. Here every `Throwable` is caught.
#![allow(
    clippy::print_stderr,
    reason = "it talks to the person at the keyboard"
)]

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (language, [library, config, folder]) = match words[..] {
        ["kotlin", ref rest @ ..] if rest.len() == 3 => {
            (TargetLanguage::Kotlin, [rest[0], rest[1], rest[2]])
        }
        ["swift", ref rest @ ..] if rest.len() == 3 => {
            (TargetLanguage::Swift, [rest[0], rest[1], rest[2]])
        }
        _ => {
            eprintln!("countersign-bindgen kotlin|swift LIBRARY UNIFFI.TOML FOLDER");
            return ExitCode::from(2);
        }
    };
    let options = GenerateOptions {
        languages: vec![language],
        source: library.into(),
        out_dir: folder.into(),
        config_override: Some(config.into()),
        ..GenerateOptions::default()
    };
    if let Err(fault) = generate(options) {
        eprintln!("countersign-bindgen: {fault:#}");
        return ExitCode::FAILURE;
    }
    match mend(Path::new(folder)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!(
                "countersign-bindgen: this Kotlin calls a host in another way than was mended"
            );
            ExitCode::FAILURE
        }
        Err(fault) => {
            eprintln!("countersign-bindgen: {folder}: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Mends all Kotlin of a folder and its folders; whether all of it is as it is known to be.
fn mend(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !mend(&path)? {
                return Ok(false);
            }
        } else if path.extension().is_some_and(|ending| ending == "kt") {
            let Some(mended) = with_every_throwable_caught(&fs::read_to_string(&path)?) else {
                return Ok(false);
            };
            fs::write(&path, mended)?;
        }
    }
    Ok(true)
}

/// The two functions that call a host, and what each of them catches.
const CALLS: [&str; 2] = [
    "fun<T> uniffiTraitInterfaceCall(",
    "fun<T, reified E: Throwable> uniffiTraitInterfaceCallWithError(",
];
const CAUGHT: &str = "} catch(e: kotlin.Exception) {";
const CATCHES_ALL: &str = "} catch(e: kotlin.Throwable) {";

/// Nothing for Kotlin that isn't what is known.
fn with_every_throwable_caught(kotlin: &str) -> Option<String> {
    let mut mended = kotlin.to_owned();
    for call in CALLS {
        let mut places = mended.match_indices(call).map(|(at, _)| at);
        let (begin, None) = (places.next()?, places.next()) else {
            return None;
        };
        let end = begin + mended.get(begin..)?.find("\n}\n")?;
        let body = mended.get(begin..end)?;
        if body.matches("catch(e:").count() != 1 {
            return None;
        }
        let body = body
            .contains(CAUGHT)
            .then(|| body.replace(CAUGHT, CATCHES_ALL))?;
        mended.replace_range(begin..end, &body);
    }
    Some(mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kotlin() -> String {
        let call = |begin: &str| {
            format!("internal inline {begin}\n) {{\n    try {{\n    {CAUGHT}\n    }}\n}}\n\n")
        };
        format!(
            "{}{}fun other() {{\n    try {{\n    {CAUGHT}\n    }}\n}}\n",
            call(CALLS[0]),
            call(CALLS[1])
        )
    }

    #[test]
    fn what_calls_a_host_catches_every_throwable_and_nothing_else_is_changed() {
        let mended = with_every_throwable_caught(&kotlin()).unwrap();
        assert_eq!(mended.matches(CATCHES_ALL).count(), 2);
        assert_eq!(mended.matches(CAUGHT).count(), 1);
        assert_eq!(mended.replace(CATCHES_ALL, CAUGHT), kotlin());
    }

    #[test]
    fn kotlin_that_calls_a_host_in_another_way_is_not_passed_on() {
        for other in [
            String::new(),
            kotlin().replace("CallWithError", "CallWithFailure"),
            kotlin().replacen(CAUGHT, "} catch(e: java.lang.Exception) {", 1),
            kotlin().replacen(CAUGHT, "}", 1),
            kotlin().repeat(2),
            with_every_throwable_caught(&kotlin()).unwrap(),
        ] {
            assert_eq!(with_every_throwable_caught(&other), None, "{other}");
        }
    }
}

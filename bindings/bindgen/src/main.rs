//! In: a language, the built library, the root's `uniffi.toml`, a folder. Out: generated code in that folder. Never: generated code in
//! the tree. A program of its own, so that the library that ships knows nothing of generators.
#![allow(
    clippy::print_stderr,
    reason = "it talks to the person at the keyboard"
)]

use std::process::ExitCode;
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
    match generate(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("countersign-bindgen: {fault:#}");
            ExitCode::FAILURE
        }
    }
}

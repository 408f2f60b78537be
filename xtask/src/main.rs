//! The project's commands: `cargo xtask help`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to the person at the keyboard"
)]

mod bench;
mod build;
mod chromium;
mod cross;
mod debian;
mod demo;
mod deny;
mod docs;
mod error;
mod fuzz;
mod gungraun;
mod home;
mod kotlin;
mod machine;
mod node;
mod optional;
mod python;
mod reproduce;
mod saml;
mod sbom;
mod suites;
mod swift;
mod table;
mod tally;
mod trixie;

use error::{Error, Result};
use home::Home;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask demo [--once]      builds everything and tells the story of one login; then leaves it up to try by hand
                               (--once: ends after the story)
cargo xtask test [SUITE…]      runs all suites, or these, and ends with one table
cargo xtask test full [SUITE…] the same with the longer halves
cargo xtask bench [NAME…]      measures phone, store, server, calls and instructions, or these, each beside its yardstick; all of
                               them rewrite benches/RESULTS.md
cargo xtask fuzz MINUTES [NAME…]
                               runs the fuzz targets, or these, so long each, two at a time; their corpora grow in target/fuzz/
cargo xtask docs               the reference of the façade, in target/: rustdoc, KDoc (Dokka) and DocC
cargo xtask deny               licences, sources and bans of all dependencies; installs cargo-deny when it is missing
cargo xtask reproduce          builds the shipped programs twice, in different folders, and compares them byte by byte
cargo xtask sbom               what is inside what is shipped: CycloneDX files in target/sbom/
cargo xtask help               this";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<ExitCode> {
    match words {
        ["demo"] => demo::run(&Home::find()?, false),
        ["demo", "--once"] => demo::run(&Home::find()?, true),
        ["test", "full", names @ ..] => suites::run(&Home::find()?, names, true),
        ["test", names @ ..] => suites::run(&Home::find()?, names, false),
        ["bench", names @ ..] => bench::run(&Home::find()?, names),
        ["fuzz", asked @ ..] => fuzz::by_hand(&Home::find()?, asked),
        ["reproduce"] => reproduce::command(&Home::find()?),
        ["sbom"] => sbom::command(&Home::find()?),
        ["docs"] => docs::command(&Home::find()?),
        ["deny"] => deny::run(&Home::find()?),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(Error::Usage(words.join(" "))),
    }
}

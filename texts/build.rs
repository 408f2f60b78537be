//! Comes in: `texts/en.toml`, `texts/de.toml`. Goes out: `catalogue.rs` in OUT_DIR, with every id as a Rust name.
//! Must never happen: a build that passes although a text is missing, or breaks a rule of `catalogue/lint.rs`.

#![allow(
    clippy::print_stdout,
    reason = "cargo reads what a build script prints to its standard output"
)]

#[path = "catalogue/mod.rs"]
mod catalogue;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    for watched in ["build.rs", "catalogue", "texts"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    match generate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(findings) => {
            for finding in findings {
                println!("cargo::error={finding}");
            }
            ExitCode::FAILURE
        }
    }
}

fn generate() -> Result<(), Vec<String>> {
    let english = source("texts/en.toml")?;
    let german = source("texts/de.toml")?;
    let code = catalogue::compile(&english, &german)
        .map_err(|findings| findings.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let folder = env::var_os("OUT_DIR").ok_or_else(|| vec!["OUT_DIR is not set".to_owned()])?;
    let target = PathBuf::from(folder).join("catalogue.rs");
    fs::write(&target, code).map_err(|error| vec![format!("{}: {error}", target.display())])
}

fn source(path: &str) -> Result<String, Vec<String>> {
    fs::read_to_string(Path::new(path)).map_err(|error| vec![format!("{path}: {error}")])
}

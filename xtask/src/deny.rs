//! Licences, bans and sources of all dependencies, by cargo-deny and `deny.toml`. Its advisories are not asked: they
//! want a clone of a database that not every machine can reach.

use crate::error::{Error, Result};
use crate::home::Home;
use crate::tally::Tally;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

const VERSION: &str = "0.20.2";
const CHECKS: [&str; 3] = ["licenses", "bans", "sources"];

/// The suite: skipped where cargo-deny is not installed.
pub(crate) fn suite(home: &Home) -> Result<Tally> {
    match find(home) {
        Some(program) => check(home, &program),
        None => Ok(Tally::skipped(
            "cargo-deny is not installed: `cargo xtask deny` does that",
        )),
    }
}

/// The command: installs cargo-deny into the target folder first, where it is missing.
pub(crate) fn run(home: &Home) -> Result<ExitCode> {
    let program = match find(home) {
        Some(program) => program,
        None => install(home)?,
    };
    let tally = check(home, &program)?;
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn check(home: &Home, program: &PathBuf) -> Result<Tally> {
    let mut tally = Tally::default();
    for check in CHECKS {
        let mut command = Command::new(program);
        command.args(["check", check]).current_dir(&home.root);
        let status = command.status().map_err(|source| Error::Start {
            program: "cargo-deny".into(),
            source,
        })?;
        tally += Tally::of_check(status.success());
    }
    Ok(tally)
}

fn find(home: &Home) -> Option<PathBuf> {
    [installed(home), PathBuf::from("cargo-deny")]
        .into_iter()
        .find(|program| {
            let mut command = Command::new(program);
            command
                .arg("--version")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        })
}

fn install(home: &Home) -> Result<PathBuf> {
    let root = home.target.join("tools");
    let mut command = home.cargo(&[
        "install",
        "cargo-deny",
        "--locked",
        "--version",
        VERSION,
        "--root",
    ]);
    command
        .arg(&root)
        .env("CARGO_TARGET_DIR", root.join("build"));
    let status = command.status().map_err(|source| Error::Start {
        program: "cargo".into(),
        source,
    })?;
    if status.success() {
        Ok(installed(home))
    } else {
        Err(Error::Install)
    }
}

fn installed(home: &Home) -> PathBuf {
    home.target.join("tools/bin/cargo-deny")
}

//! Instruction counts by gungraun, under valgrind: steadier than times on a machine that others use too.

use crate::error::{Error, Result};
use crate::home::Home;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The runner's version must be that of the library in `benches/Cargo.lock`.
const VERSION: &str = "0.20.0";

/// A row for each count, or one that says why there is none.
pub(crate) fn rows(home: &Home) -> Result<Vec<Value>> {
    if !answers(&PathBuf::from("valgrind")) {
        return Ok(vec![no_counts(
            "valgrind is not installed (apt-get install valgrind)",
        )]);
    }
    let runner = match find(home) {
        Some(runner) => runner,
        None => match install(home)? {
            Some(runner) => runner,
            None => return Ok(vec![no_counts("gungraun-runner could not be installed")]),
        },
    };
    println!("instructions …");
    let mut command = home.cargo(&[
        "bench",
        "--manifest-path",
        "benches/Cargo.toml",
        "--bench",
        "instructions",
    ]);
    command
        .env("GUNGRAUN_RUNNER", runner)
        .stderr(Stdio::inherit());
    let output = command.output().map_err(start("cargo"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(Error::Bench(said.into_owned()));
    }
    Ok(counts(&said))
}

/// The row of what can't be measured on this machine.
pub(crate) fn skipped(group: &str, what: &str, why: &str) -> Value {
    json!({ "group": group, "what": what, "figure": "skipped", "beside": why })
}

fn no_counts(why: &str) -> Value {
    skipped("instructions", "instruction counts", why)
}

/// The runner's output names a benchmark, `file::group::name …`, and then its counts.
fn counts(said: &str) -> Vec<Value> {
    let mut name = String::new();
    let mut counts: Vec<(String, f64)> = Vec::new();
    for line in said.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [first, ..] if first.matches("::").count() >= 2 => {
                name = first.rsplit("::").next().unwrap_or(first).to_owned();
            }
            ["Instructions:", count, ..] => {
                let count = count.split('|').next().unwrap_or_default().parse();
                counts.extend(count.ok().map(|count| (name.clone(), count)));
            }
            _ => {}
        }
    }
    let yardstick = counts.first().map(|(_, count)| *count);
    let row = |(name, count): &(String, f64)| {
        json!({
            "group": "instructions",
            "what": name.replace('_', " "),
            "figure": format!("{count:.0}"),
            "beside": counts.first().map(|(name, _)| name.replace('_', " ")),
            "ratio": yardstick.map(|yardstick| count / yardstick),
        })
    };
    counts.iter().map(row).collect()
}

fn find(home: &Home) -> Option<PathBuf> {
    [installed(home), PathBuf::from("gungraun-runner")]
        .into_iter()
        .find(answers)
}

/// Whether a program is there; the runner alone says no to `--version`, but it starts.
fn answers(program: &PathBuf) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok()
}

fn install(home: &Home) -> Result<Option<PathBuf>> {
    let root = home.target.join("tools");
    let mut command = home.cargo(&[
        "install",
        "gungraun-runner",
        "--locked",
        "--version",
        VERSION,
        "--root",
    ]);
    command
        .arg(&root)
        .env("CARGO_TARGET_DIR", root.join("build"));
    let status = command.status().map_err(start("cargo"))?;
    Ok(status.success().then(|| installed(home)))
}

fn installed(home: &Home) -> PathBuf {
    home.target.join("tools/bin/gungraun-runner")
}

fn start(program: &'static str) -> impl Fn(std::io::Error) -> Error {
    move |source| Error::Start {
        program: program.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_beside_the_first() {
        let said = "instructions::bare::verify_and_sign x:()\n  Instructions:   1000|N/A  (*)\n  L1 Hits: 5|N/A\n\
                    instructions::ours::answer\n  Instructions:   1500|1400   (+7%) [+1x]\n";
        let rows = counts(said);
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (&rows[1]["what"], &rows[1]["ratio"]),
            (&json!("answer"), &json!(1.5))
        );
    }
}

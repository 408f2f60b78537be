//! `cargo xtask bench`: builds what is measured as it is shipped, runs the programs of `benches/`, and keeps their
//! figures.

use crate::error::{Error, Result};
use crate::home::{Home, run as run_to_end};
use crate::{gungraun, kotlin, machine, python, swift};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// What can be chosen, each a program of `benches/`, but for the calls, which need the phones and the server of `tests/`.
const PROGRAMS: [&str; 5] = ["phone", "store", "server", "calls", "instructions"];

/// How the last section of the results begins, which a person writes.
const BY_HAND: &str = "\n## By hand\n";

const MANIFEST: &str = "benches/Cargo.toml";

/// Runs these programs, or all; all of them together rewrite `benches/RESULTS.md`.
pub(crate) fn run(home: &Home, names: &[&str]) -> Result<ExitCode> {
    if let Some(name) = names.iter().find(|name| !PROGRAMS.contains(name)) {
        return Err(Error::NoSuchSuite {
            name: (*name).to_owned(),
            known: PROGRAMS.join(", "),
        });
    }
    let chosen = |program: &&str| names.is_empty() || names.contains(program);
    for other in other_versions(home)? {
        println!("another version than in the shipped programs: {other}");
    }
    build(home)?;
    let begin = Instant::now();
    let mut rows = Vec::new();
    for program in PROGRAMS.iter().filter(|program| chosen(program)) {
        rows.extend(match *program {
            "instructions" => gungraun::rows(home)?,
            "calls" => match calls(home) {
                Err(Error::Missing(why)) => {
                    vec![gungraun::skipped("calls", "calls from each language", &why)]
                }
                rows => rows?,
            },
            program => rows_of(home, program)?,
        });
    }
    println!("\n{}", table(&rows));
    if names.is_empty() {
        let path = home.root.join("benches/RESULTS.md");
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        let text = results(&rows, begin.elapsed().as_secs()) + by_hand(&before);
        std::fs::write(&path, text).map_err(|source| Error::File { path, source })?;
    } else {
        println!(
            "benches/RESULTS.md is rewritten by a run of all: {}",
            PROGRAMS.join(", ")
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The server from its own workspace, with its own features; then what measures, and that it is tidy.
fn build(home: &Home) -> Result<()> {
    for args in [
        &["build", "--release", "--package", "countersign-server"][..],
        &["fmt", "--check", "--manifest-path", MANIFEST],
        &["build", "--release", "--bins", "--manifest-path", MANIFEST],
        &[
            "clippy",
            "--release",
            "--all-targets",
            "--manifest-path",
            MANIFEST,
            "--",
            "-D",
            "warnings",
        ],
    ] {
        let status = home.cargo(args).status().map_err(|source| Error::Start {
            program: "cargo".into(),
            source,
        })?;
        if !status.success() {
            return Err(Error::Build);
        }
    }
    Ok(())
}

/// The phones of all languages, before a server each; the library as it is shipped, and the rest as the suites build it.
fn calls(home: &Home) -> Result<Vec<Value>> {
    crate::build::everything(home)?;
    python::ensure(home, &python::SP)?;
    kotlin::ensure(home)?;
    swift::ensure(home)?;
    swift::optimise(home)?;
    let packages =
        ["bindings", "server", "tests"].map(|part| format!("--package=countersign-{part}"));
    let mut build = home.cargo(&["build", "--release", "--lib", "--bins"]);
    run_to_end(build.args(packages))?;
    rows_of(home, "countersign-calls")
}

/// Runs a program; each line of its output is a row.
fn rows_of(home: &Home, program: &str) -> Result<Vec<Value>> {
    println!("{program} …");
    let mut command = Command::new(home.target.join("release").join(program));
    command.stderr(Stdio::inherit());
    let output = command.output().map_err(|source| Error::Start {
        program: program.into(),
        source,
    })?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(Error::Bench(program.to_owned()));
    }
    let row = |line: &str| serde_json::from_str(line).map_err(|_| Error::Bench(line.to_owned()));
    said.lines().map(row).collect()
}

/// The cells of a row: what, figure, beside what, ratio, aim.
fn cells(row: &Value) -> [String; 5] {
    let text = |member: &str| row[member].as_str().unwrap_or_default().to_owned();
    let ratio = row["ratio"].as_f64();
    let aim = match (row["aim"].as_str(), row["met"].as_bool()) {
        (Some(aim), Some(true)) => format!("{aim}: met"),
        (Some(aim), _) => format!("{aim}: not met"),
        _ => String::new(),
    };
    let ratio = ratio
        .map(|ratio| format!("{ratio:.2} ×"))
        .unwrap_or_default();
    [text("what"), text("figure"), text("beside"), ratio, aim]
}

fn table(rows: &[Value]) -> String {
    let all: Vec<[String; 5]> = rows.iter().map(cells).collect();
    let width = |n: usize| {
        all.iter()
            .map(|row| row[n].chars().count())
            .max()
            .unwrap_or(0)
    };
    let (what, figure, beside) = (width(0), width(1), width(2));
    let mut text = String::new();
    for [a, b, c, ratio, aim] in &all {
        let line = format!("{a:what$}  {b:>figure$}  {c:beside$}  {ratio:>8}  {aim}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn results(rows: &[Value], seconds: u64) -> String {
    let mut text = format!(
        "# Figures\n\nBy `cargo xtask bench`, {}, in {seconds} s. {}\n\nWhat is compared runs in turns in one run, and \
         medians are taken; a ratio says more than a time, since the machine is shared. What each line measures, and \
         what its yardstick is, stands in `benches/src/`.\n",
        machine::date(),
        machine::describe(),
    );
    let mut groups: Vec<&str> = Vec::new();
    for row in rows {
        let group = row["group"].as_str().unwrap_or_default();
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    for group in groups {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n## {group}\n\n| what | figure | beside | ratio | aim |\n|---|--:|---|--:|---|\n"
        );
        for row in rows.iter().filter(|row| row["group"] == group) {
            let _ = writeln!(text, "| {} |", cells(row).join(" | "));
        }
    }
    text
}

/// What is kept of the last results: runs that take too long for this.
fn by_hand(results: &str) -> &str {
    results.find(BY_HAND).map_or("", |at| &results[at..])
}

/// Packages that both lock files have, in versions of `benches/` that the workspace doesn't have.
fn other_versions(home: &Home) -> Result<Vec<String>> {
    let shipped = versions(&home.root.join("Cargo.lock"))?;
    let measured = versions(&home.root.join("benches/Cargo.lock"))?;
    let other = |(name, versions): (&String, &Vec<String>)| {
        let known = shipped.get(name)?;
        let strange = !versions.iter().any(|version| known.contains(version));
        strange.then(|| format!("{name} {}", versions.join(", ")))
    };
    Ok(measured.iter().filter_map(other).collect())
}

fn versions(path: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let file = |source| Error::File {
        path: path.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(file)?;
    let lock: toml::Table = text
        .parse()
        .map_err(|_| Error::Cargo(format!("{} is no lock file", path.display())))?;
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in lock
        .get("package")
        .and_then(|list| list.as_array())
        .into_iter()
        .flatten()
    {
        let text = |member: &str| {
            package
                .get(member)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        versions
            .entry(text("name"))
            .or_default()
            .push(text("version"));
    }
    Ok(versions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_says_its_ratio_and_whether_the_aim_is_met() {
        let row = |met: bool| {
            json!({
                "group": "g", "what": "sign", "figure": "1 µs", "beside": "ring", "ratio": 1.256, "aim": "≤ 1.25",
                "met": met,
            })
        };
        assert_eq!(
            cells(&row(false)),
            ["sign", "1 µs", "ring", "1.26 ×", "≤ 1.25: not met"]
        );
        let text = results(&[row(true)], 1);
        assert!(
            text.contains("\n## g\n")
                && text.contains("| sign | 1 µs | ring | 1.26 × | ≤ 1.25: met |")
        );
        assert!(table(&[row(true)]).lines().count() == 1);
        let kept = format!("{BY_HAND}\nA run of days.\n");
        assert_eq!(by_hand(&(text.clone() + &kept)), kept);
        assert_eq!(by_hand(&text), "");
    }
}

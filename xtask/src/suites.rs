//! `cargo xtask test`: which suites there are, and how each is run.

use crate::build::{self, TestProgram};
use crate::chromium;
use crate::cross;
use crate::deny;
use crate::error::{Error, Result};
use crate::fuzz;
use crate::home::Home;
use crate::kotlin;
use crate::optional;
use crate::python;
use crate::saml;
use crate::swift;
use crate::table::{self, Row};
use crate::tally::Tally;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Suites that are no test program: `rust` is all unit and property tests of all crates.
const FORMAT: &str = "format";
const CLIPPY: &str = "clippy";
const RUST: &str = "rust";
const DOC: &str = "doc";
const FUZZ: &str = "fuzz";
const CROSS: &str = "cross";
const DENY: &str = "deny";

/// Suites whose service provider wants Python.
const ON_PYTHON: &[&str] = &[
    "browser",
    "conformance",
    "crash",
    "factors",
    "first_light",
    "history",
    "keys",
    "kotlin",
    "memory",
    "no_mixing",
    "phones",
    "pin",
    "recovery",
    "relay",
    "rollback",
    "saml_judges",
    "several",
    "stories",
    "swift",
    "vault_faults",
];

/// Suites that play the second phone.
const ON_INTEROP: &[&str] = &["conformance", "interop"];

/// Suites that read letters.
const ON_MAIL: &[&str] = &["recovery"];

/// Suites that play the phone in Kotlin.
const ON_KOTLIN: &[&str] = &["kotlin"];

/// Suites that play the phone in Swift.
const ON_SWIFT: &[&str] = &["swift"];

/// Suites that look at pages in a browser.
const ON_CHROMIUM: &[&str] = &["browser"];

/// Suites whose service provider wants Node.
const ON_NODE: &[&str] = &["node_saml"];

/// Suites that ask xmlsec1 and xmllint.
const ON_JUDGES: &[&str] = &["saml_judges"];

/// Cases of a property test in the longer half; proptest's own default otherwise.
const FULL_CASES: &str = "4096";

/// Runs the suites of these names, or all, and prints the table.
pub(crate) fn run(home: &Home, names: &[&str], full: bool) -> Result<ExitCode> {
    let stories = home.story_suites()?;
    let optional = optional::read(home)?;
    let chosen = choose(names, &stories)?;
    let wants = |suite: &str| chosen.iter().any(|name| name == suite);
    let mut rows = Vec::new();

    if wants(FORMAT) {
        rows.push(row(FORMAT, || {
            cargo_check(home, &["fmt", "--all", "--check"])
        })?);
    }
    if wants(CLIPPY) {
        let args = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "--deny",
            "warnings",
        ];
        rows.push(row(CLIPPY, || cargo_check(home, &args))?);
    }
    if wants(RUST) || stories.iter().any(|story| wants(story)) {
        run_programs(home, &wants, &stories, full, &mut rows)?;
    }
    if wants(DOC) {
        rows.push(row(DOC, || {
            captured(&mut home.cargo(&["test", "--workspace", "--doc", "--no-fail-fast"]))
        })?);
    }
    if wants(FUZZ) {
        rows.push(row(FUZZ, || fuzz::suite(home, full))?);
    }
    if wants(CROSS) {
        rows.push(row(CROSS, || cross::suite(home, names.contains(&CROSS)))?);
    }
    if wants(DENY) {
        rows.push(row(DENY, || deny::suite(home))?);
    }

    if std::env::var("CI").is_ok_and(|ci| ci == "true") {
        table::forbid_skips(&mut rows, &optional);
    }
    println!("\n{}", table::render(&rows));
    Ok(if table::good(&rows) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Builds once, then runs the unit tests and the stories.
fn run_programs(
    home: &Home,
    wants: &impl Fn(&str) -> bool,
    stories: &[String],
    full: bool,
    rows: &mut Vec<Row>,
) -> Result<()> {
    let mut programs = Vec::new();
    let built = row("build", || match build::everything(home) {
        Ok(built) => {
            programs = built;
            Ok(Tally::of_check(true))
        }
        Err(Error::Build) => Ok(Tally::of_check(false)),
        Err(error) => Err(error),
    })?;
    let failed = built.tally.failed > 0;
    rows.push(built);
    if failed {
        let unbuilt = [RUST].into_iter().chain(stories.iter().map(String::as_str));
        rows.extend(unbuilt.filter(|suite| wants(suite)).map(not_built));
        return Ok(());
    }
    if wants(RUST) {
        let units: Vec<&TestProgram> = programs.iter().filter(|program| !program.story).collect();
        rows.push(row(RUST, || run_all(&units, full))?);
    }
    let mut python = None;
    let mut unready = |story: &str| -> Option<Tally> {
        if ON_PYTHON.contains(&story)
            && let Err(error) = python.get_or_insert_with(|| python::ensure(home, &python::SP))
        {
            return Some(Tally::skipped(error.to_string()));
        }
        let needs = [
            ON_INTEROP
                .contains(&story)
                .then(|| python::ensure(home, &python::INTEROP)),
            ON_MAIL
                .contains(&story)
                .then(|| python::ensure(home, &python::MAIL)),
            ON_KOTLIN.contains(&story).then(|| kotlin::ensure(home)),
            ON_SWIFT.contains(&story).then(|| swift::ensure(home)),
            ON_CHROMIUM.contains(&story).then(|| chromium::ensure(home)),
            ON_NODE.contains(&story).then(|| saml::ensure_node(home)),
            ON_JUDGES.contains(&story).then(saml::ensure_judges),
        ];
        let found = needs.into_iter().flatten().find_map(Result::err);
        found.map(|error| match error {
            // What is ours has to build.
            Error::Unbuilt(what) => Tally::broken(&what),
            other => Tally::skipped(other.to_string()),
        })
    };
    for story in stories.iter().filter(|story| wants(story)) {
        let program: Vec<&TestProgram> = programs
            .iter()
            .filter(|program| program.story && program.name == **story)
            .collect();
        rows.push(row(story, || {
            if let Some(tally) = unready(story) {
                return Ok(tally);
            }
            run_all(&program, full)
        })?);
    }
    Ok(())
}

fn not_built(suite: &str) -> Row {
    Row {
        suite: suite.to_owned(),
        tally: Tally::skipped("the build failed"),
        took: Duration::ZERO,
    }
}

/// Which suites to run: the named ones, or all in their order.
fn choose(names: &[&str], stories: &[String]) -> Result<Vec<String>> {
    let mut known = vec![FORMAT, CLIPPY, RUST];
    known.extend(stories.iter().map(String::as_str));
    known.extend([DOC, FUZZ, CROSS, DENY]);
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        return Err(Error::NoSuchSuite {
            name: (*name).to_owned(),
            known: known.join(", "),
        });
    }
    let chosen = if names.is_empty() {
        known.as_slice()
    } else {
        names
    };
    Ok(chosen.iter().map(|name| (*name).to_owned()).collect())
}

/// Runs a suite and takes its time.
fn row(suite: &str, run: impl FnOnce() -> Result<Tally>) -> Result<Row> {
    println!("{suite} …");
    let begin = Instant::now();
    // What stops one suite stops no other, nor the table.
    let tally = run().unwrap_or_else(|error| Tally::broken(error.to_string()));
    let took = begin.elapsed();
    let Tally {
        passed,
        failed,
        skipped,
        ..
    } = &tally;
    println!(
        "{suite}: {passed} passed, {failed} failed, {skipped} skipped in {} s",
        took.as_secs()
    );
    Ok(Row {
        suite: suite.to_owned(),
        tally,
        took,
    })
}

fn cargo_check(home: &Home, args: &[&str]) -> Result<Tally> {
    let status = home.cargo(args).status().map_err(|source| Error::Start {
        program: "cargo".into(),
        source,
    })?;
    Ok(Tally::of_check(status.success()))
}

fn run_all(programs: &[&TestProgram], full: bool) -> Result<Tally> {
    let mut tally = Tally::default();
    for program in programs {
        let mut command = Command::new(&program.path);
        command
            .current_dir(&program.package)
            .env("CARGO_MANIFEST_DIR", &program.package);
        if full {
            command
                .env("PROPTEST_CASES", FULL_CASES)
                .env("COUNTERSIGN_FULL", "1");
        }
        tally += captured(&mut command)?;
    }
    Ok(tally)
}

/// Runs a test program quietly, counts, and shows all it said when something failed.
fn captured(command: &mut Command) -> Result<Tally> {
    let output = command.stdin(Stdio::null()).output();
    let program = || command.get_program().to_string_lossy().into_owned();
    let output = output.map_err(|source| Error::Start {
        program: program(),
        source,
    })?;
    let said = String::from_utf8_lossy(&output.stdout);
    let tally = Tally::of_run(&said, output.status.success());
    if tally.failed > 0 {
        print!("{said}");
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        println!("{}: {}", program(), output.status);
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_suites_or_the_named_ones_and_no_others() {
        let stories = ["architecture".to_owned(), "crash".to_owned()];
        let all = [
            "format",
            "clippy",
            "rust",
            "architecture",
            "crash",
            "doc",
            "fuzz",
            "cross",
            "deny",
        ];
        assert_eq!(choose(&[], &stories).unwrap(), all);
        assert_eq!(
            choose(&["crash", "rust"], &stories).unwrap(),
            ["crash", "rust"]
        );
        let error = choose(&["crush"], &stories).unwrap_err().to_string();
        assert!(
            error.contains("`crush`") && error.contains("crash"),
            "{error}"
        );
    }
}

//! The suite `fuzz`: builds the targets of `fuzz/` with libFuzzer's counters, on the stable compiler and without cargo-fuzz, and
//! runs each over its seeds and then on.

use crate::build;
use crate::error::{Error, Result};
use crate::home::Home;
use crate::machine;
use crate::tally::Tally;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What libFuzzer wants in the code: edges counted, comparisons seen. `fuzzing` as cargo-fuzz says it.
const FLAGS: [&str; 6] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

const MANIFEST: &str = "fuzz/Cargo.toml";

/// Each target runs for this long after its seeds; in the longer half for that.
const SECONDS: u64 = 10;
const FULL_SECONDS: u64 = 240;

/// Targets that run at the same time.
const AT_ONCE: usize = 2;

/// Builds and runs all targets. A target that fails leaves its input in `target/fuzz/`, and is one failure.
pub(crate) fn suite(home: &Home, full: bool) -> Result<Tally> {
    let seconds = if full { FULL_SECONDS } else { SECONDS };
    let programs = match build(home) {
        Err(Error::Build) => return Ok(Tally::broken("the build failed")),
        built => built?,
    };
    let mut tally = Tally::default();
    for some in programs.chunks(AT_ONCE) {
        let started: Vec<Run> = some
            .iter()
            .map(|program| Run::start(home, program, seconds))
            .collect::<Result<_>>()?;
        for run in started {
            tally += run.finish()?;
        }
    }
    Ok(tally)
}

/// The programs of `fuzz/src/bin/`, in their order, and that they are tidy. Only what runs in them is counted: with `--target` flags aren't for macros.
fn build(home: &Home) -> Result<Vec<PathBuf>> {
    let host = machine::host().ok_or_else(|| Error::Cargo("rustc -vV names no host".into()))?;
    let tidy = ["fmt", "--check", "--manifest-path", MANIFEST];
    let tidy = home.cargo(&tidy).status().map_err(|source| Error::Start {
        program: "cargo".into(),
        source,
    })?;
    if !tidy.success() {
        return Err(Error::Build);
    }
    let mut command = home.cargo(&["build", "--locked", "--bins", "--target", &host]);
    command
        .args(["--manifest-path", MANIFEST])
        .arg("--message-format=json-render-diagnostics")
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"));
    let mut programs = build::programs(command)?;
    programs.sort();
    Ok(programs)
}

/// A target under way.
struct Run {
    name: String,
    log: PathBuf,
    child: Child,
}

impl Run {
    fn start(home: &Home, program: &Path, seconds: u64) -> Result<Self> {
        let name = program.file_name().unwrap_or_default();
        let folder = home.target.join("fuzz").join(name);
        let corpus = folder.join("corpus");
        let file = |path: &Path| {
            let path = path.to_owned();
            |source| Error::File { path, source }
        };
        std::fs::create_dir_all(&corpus).map_err(file(&corpus))?;
        let log = folder.join("log");
        let output = std::fs::File::create(&log).map_err(file(&log))?;
        let mut command = Command::new(program);
        command
            .arg(format!("-max_total_time={seconds}"))
            .args(["-timeout=20", "-rss_limit_mb=1024", "-print_final_stats=1"])
            .arg(format!("-artifact_prefix={}/", folder.display()))
            .arg(&corpus)
            .arg(home.root.join("fuzz/seeds").join(name))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output);
        let child = command.spawn().map_err(|source| Error::Start {
            program: program.display().to_string(),
            source,
        })?;
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            log,
            child,
        })
    }

    fn finish(mut self) -> Result<Tally> {
        let status = self.child.wait().map_err(|source| Error::Start {
            program: self.name.clone(),
            source,
        })?;
        let said = std::fs::read(&self.log).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        // Silence is not success: a target without counters or seeds would be fast and good.
        let runs = runs(&said).filter(|_| status.success());
        let Some(runs) = runs else {
            eprintln!("{said}");
            return Ok(Tally::broken(format!(
                "{}: {}",
                self.name,
                self.log.display()
            )));
        };
        println!("fuzz {}: {runs} runs", self.name);
        Ok(Tally::of_check(true))
    }
}

/// How many inputs were tried, if any led anywhere new.
fn runs(said: &str) -> Option<u64> {
    let number = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().parse::<u64>().ok()
    };
    said.contains("INITED cov: ").then_some(())?;
    number("stat::number_of_executed_units:").filter(|&runs| runs > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_counted_nothing_is_no_success() {
        let stats = "stat::number_of_executed_units: 4711\nstat::average_exec_per_sec:     471\n";
        assert_eq!(
            runs(&format!("#3\tINITED cov: 12 ft: 13\n{stats}")),
            Some(4711)
        );
        assert_eq!(runs(stats), None);
        assert_eq!(runs("#3\tINITED cov: 12 ft: 13\n"), None);
    }
}

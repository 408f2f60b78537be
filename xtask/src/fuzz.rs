//! The suite `fuzz`, and `cargo xtask fuzz` for longer: builds the targets of `fuzz/` with libFuzzer's counters, on the stable compiler
//! and without cargo-fuzz, and runs each over its seeds and then on.

use crate::build;
use crate::debian;
use crate::error::{Error, Result};
use crate::home::Home;
use crate::machine;
use crate::tally::Tally;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

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
    match build(home) {
        Err(Error::Build) => Ok(Tally::broken("the build failed")),
        Err(Error::Missing(what)) => Ok(Tally::skipped(what)),
        built => run_all(home, &built?, seconds),
    }
}

/// `MINUTES [NAME…]`: runs the targets of these names, or all, for so many minutes each.
pub(crate) fn by_hand(home: &Home, asked: &[&str]) -> Result<ExitCode> {
    let (minutes, names) = minutes(asked)?;
    let mut programs = build(home)?;
    let name = |program: &Path| {
        program
            .file_name()
            .and_then(OsStr::to_str)
            .map(str::to_owned)
    };
    let known: Vec<String> = programs
        .iter()
        .filter_map(|program| name(program))
        .collect();
    if let Some(unknown) = names
        .iter()
        .find(|asked| known.iter().all(|known| known != *asked))
    {
        return Err(Error::NoSuchTarget {
            name: (*unknown).to_owned(),
            known: known.join(", "),
        });
    }
    programs.retain(|program| {
        names.is_empty() || name(program).is_some_and(|name| names.contains(&name.as_str()))
    });
    let tally = run_all(home, &programs, u64::from(minutes) * 60)?;
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn minutes<'a>(asked: &'a [&'a str]) -> Result<(u16, &'a [&'a str])> {
    let (minutes, names) = asked.split_first().ok_or(Error::NoMinutes)?;
    // Of libFuzzer 0 would be for ever, and what is more than its number of seconds holds would be nothing.
    let minutes = minutes.parse().ok().filter(|&minutes: &u16| minutes > 0);
    Ok((minutes.ok_or(Error::NoMinutes)?, names))
}

fn run_all(home: &Home, programs: &[PathBuf], seconds: u64) -> Result<Tally> {
    let mut tally = Tally::default();
    for some in programs.chunks(AT_ONCE) {
        let started: Vec<Run> = some
            .iter()
            .map(|program| Run::start(home, program, seconds))
            .collect::<Result<_>>()?;
        for mut run in started {
            tally += run.finish()?;
        }
    }
    Ok(tally)
}

/// The programs of `fuzz/src/bin/`, in their order, and that they are tidy. Only what runs in them is counted: with `--target` flags aren't for macros.
fn build(home: &Home) -> Result<Vec<PathBuf>> {
    let host = machine::host().ok_or_else(|| Error::Cargo("rustc -vV names no host".into()))?;
    debian::ensure("g++", || debian::is_there("c++"))?;
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

    fn finish(&mut self) -> Result<Tally> {
        let status = self.child.wait().map_err(|source| Error::Start {
            program: self.name.clone(),
            source,
        })?;
        let said = std::fs::read(&self.log).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        // Silence is not success: a target without counters or seeds would be fast and good.
        let told = Told::read(&said).filter(|_| status.success());
        let Some(told) = told else {
            eprintln!("{said}");
            return Ok(Tally::broken(format!(
                "{}: {}",
                self.name,
                self.log.display()
            )));
        };
        println!("fuzz {}: {told}", self.name);
        Ok(Tally::of_check(true))
    }
}

/// None goes on without the one who counts.
impl Drop for Run {
    fn drop(&mut self) {
        // One that ended by itself is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a run tells of itself.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    /// Inputs that were tried.
    runs: u64,
    /// Edges of the code that seeds and corpus reach.
    began: u64,
    /// Edges at the end.
    reached: u64,
    /// After so many inputs the last new edge was found.
    rose: u64,
}

impl Told {
    /// Nothing if no input was tried, or none led anywhere.
    fn read(said: &str) -> Option<Self> {
        let runs = said
            .lines()
            .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?;
        let runs = runs.trim().parse().ok().filter(|&runs| runs > 0)?;
        let mut told = None;
        // `#4711 NEW    cov: 12 ft: 13 …`
        for line in said.lines() {
            let mut words = line.split_whitespace();
            let at = words.next().and_then(|word| word.strip_prefix('#'));
            let Some(at) = at.and_then(|at| at.parse().ok()) else {
                continue;
            };
            let kind = words.next();
            let edges = words.skip_while(|word| *word != "cov:").nth(1);
            let Some(edges) = edges.and_then(|edges| edges.parse().ok()) else {
                continue;
            };
            let told = match kind {
                Some("INITED") => told.insert(Self {
                    runs,
                    began: edges,
                    reached: edges,
                    rose: at,
                }),
                _ => match &mut told {
                    Some(told) => told,
                    None => continue,
                },
            };
            if edges > told.reached {
                (told.reached, told.rose) = (edges, at);
            }
        }
        told
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            runs,
            began,
            reached,
            rose,
        } = self;
        write!(
            f,
            "{runs} runs, {began} edges by its corpus, {reached} at the end, the last new one after {rose} runs"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATS: &str =
        "stat::number_of_executed_units: 4711\nstat::average_exec_per_sec:     471\n";

    #[test]
    fn a_run_that_counted_nothing_is_no_success() {
        let good = format!("#3\tINITED cov: 12 ft: 13\n{STATS}");
        assert_eq!(Told::read(&good).map(|told| told.runs), Some(4711));
        assert_eq!(Told::read(STATS), None);
        assert_eq!(Told::read("#3\tINITED cov: 12 ft: 13\n"), None);
        let none = STATS.replace("4711", "0");
        assert_eq!(
            Told::read(&format!("#3\tINITED cov: 12 ft: 13\n{none}")),
            None
        );
    }

    #[test]
    fn the_last_new_edge_is_where_the_count_rose() {
        let lines = "INFO: seed corpus: files: 3\n#2\tpulse  cov: 9 ft: 9\n#3\tINITED cov: 12 ft: 13 corp: 3/9b\n\
                     #90\tNEW    cov: 14 ft: 15 corp: 4/9b\n#95\tREDUCE cov: 14 ft: 16\n#4711\tDONE   cov: 14 ft: 16\n";
        let told = Told::read(&format!("{lines}{STATS}"));
        let (runs, began, reached, rose) = (4711, 12, 14, 90);
        let right = Told {
            runs,
            began,
            reached,
            rose,
        };
        assert_eq!(told, Some(right));
    }

    #[test]
    fn minutes_are_a_number_that_libfuzzer_can_count() {
        assert_eq!(minutes(&["60"]).unwrap(), (60, &[][..]));
        assert_eq!(
            minutes(&["1", "desk", "7"]).unwrap(),
            (1, &["desk", "7"][..])
        );
        let bad: [&[&str]; 6] = [
            &[],
            &["desk"],
            &["0", "desk"],
            &["-1"],
            &["1.5"],
            &["65536"],
        ];
        for asked in bad {
            assert!(matches!(minutes(asked), Err(Error::NoMinutes)), "{asked:?}");
        }
    }
}

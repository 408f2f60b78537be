//! Kill -9 of a process with a store, at random moments: while it makes the store, opens it, commits, and between. After each, the
//! store opens, every acknowledged commit is there, and none is there by half.
//!
//! `COUNTERSIGN_KILLS` is how many kills an engine gets (500 otherwise), `COUNTERSIGN_SEED` repeats a run's choices.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![allow(
    clippy::print_stdout,
    reason = "what a run drew and hit belongs to its output"
)]

use countersign_tests::harness::{Running, program};
use countersign_tests::ledger::Random;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

const KILLS: u64 = 500;

/// Rounds that one store lives.
const LIFE: u64 = 12;

#[test]
fn row_48_sled_survives_kills_at_any_moment() {
    survives("sled");
}

#[test]
fn row_48_redb_survives_kills_at_any_moment() {
    survives("redb");
}

/// What the kills hit.
#[derive(Debug, Default)]
struct Hits {
    making: u64,
    opening: u64,
    open: u64,
    commits: u64,
}

fn survives(engine: &str) {
    let kills = number("COUNTERSIGN_KILLS").unwrap_or(KILLS);
    let seed = number("COUNTERSIGN_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("COUNTERSIGN_SEED={seed}");
    let mut random = Random(seed);
    let mut hits = Hits::default();
    // How long it takes to open, as measured so far: kills are spread over twice that.
    let mut opens_in = Duration::from_millis(30);
    while hits.making + hits.opening + hits.open < kills {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Victim {
            engine,
            folder: &folder.path().join("store"),
            acknowledged: 0,
            is_made: false,
        };
        for _ in 0..LIFE {
            store.kill_once(&mut random, &mut hits, &mut opens_in);
        }
        hits.commits += store.judge();
    }
    println!("{engine}: {hits:?}, opens in {opens_in:?}");
    assert!(
        hits.making > 0 && hits.opening > 0 && hits.open > 0,
        "{hits:?}"
    );
    assert!(hits.commits > kills, "{hits:?}");
}

/// A store, and what its processes acknowledged.
struct Victim<'a> {
    engine: &'a str,
    folder: &'a Path,
    acknowledged: u64,
    is_made: bool,
}

impl Victim<'_> {
    fn start(&self, count: u64) -> Running {
        let mut command = Command::new(program("store-torture").unwrap());
        command
            .arg(self.engine)
            .arg(self.folder)
            .arg(self.acknowledged.to_string())
            .args(["write", &count.to_string()]);
        Running::start("store-torture", &mut command).unwrap()
    }

    fn kill_once(&mut self, random: &mut Random, hits: &mut Hits, opens_in: &mut Duration) {
        let started = Instant::now();
        let mut process = self.start(u64::MAX);
        let mut is_open = false;
        // Most kills of a store that isn't made yet come while it is made, or it soon would be.
        if random.below(4) < if self.is_made { 2 } else { 3 } {
            let spread = u64::try_from(opens_in.as_micros()).unwrap() * 2;
            sleep(Duration::from_micros(random.below(spread)));
        } else {
            for _ in 0..=random.below(6) {
                let event = process.next_event().unwrap();
                if self.hear(&event.unwrap()) {
                    *opens_in = (*opens_in * 7 + started.elapsed()) / 8;
                    is_open = true;
                }
            }
            sleep(Duration::from_micros(random.below(3_000)));
        }
        process.kill().unwrap();
        while let Some(event) = process.next_event().unwrap() {
            is_open |= self.hear(&event);
        }
        match (is_open, self.is_made) {
            (true, _) => hits.open += 1,
            (false, true) => hits.opening += 1,
            (false, false) => hits.making += 1,
        }
        self.is_made |= is_open;
    }

    /// Takes in what a process said; whether it is that the store is open.
    fn hear(&mut self, event: &Value) -> bool {
        let known = matches!(event["event"].as_str(), Some("open" | "done"));
        assert!(known, "{}: {event}", self.engine);
        self.acknowledged = event["n"].as_u64().unwrap();
        event["event"] == "open"
    }

    /// Lets a process live, and gives how many commits there are.
    fn judge(&mut self) -> u64 {
        let mut process = self.start(1);
        while let Some(event) = process.next_event().unwrap() {
            self.hear(&event);
        }
        assert!(process.wait().unwrap().success());
        self.acknowledged
    }
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap())
}

//! Faults below the engine: no room, nothing writable, damaged and shortened files, two processes. Never a panic across the
//! port, a hang, or a store that a passing fault spoils; what damage an engine does not see by itself is counted.
//!
//! Of each file the first 8 KiB are damaged byte by byte, and about 2,000 bytes anywhere. `COUNTERSIGN_OFFSETS=all`
//! damages every byte, `COUNTERSIGN_SEED` repeats a run's choices.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![allow(
    clippy::print_stdout,
    reason = "what a run drew and hit belongs to its output"
)]

use countersign_tests::damage::{self, Judged};
use countersign_tests::harness::{Running, program};
use countersign_tests::ledger::Random;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Commits in a store before something happens to it.
const COMMITS: u64 = 60;

/// A user that owns nothing.
const NOBODY: u32 = 65_534;

const ENGINES: [&str; 2] = ["sled", "redb"];

fn torture(engine: &str, store: &Path, work: &[&str]) -> Command {
    let mut command = Command::new(program("store-torture").unwrap());
    arguments(&mut command, engine, store, work);
    command
}

fn arguments(command: &mut Command, engine: &str, store: &Path, work: &[&str]) {
    command
        .arg(engine)
        .arg(store)
        .arg(COMMITS.to_string())
        .args(work);
}

fn events(command: &mut Command) -> Vec<Value> {
    let mut process = Running::start("store-torture", command).unwrap();
    let mut events = Vec::new();
    while let Some(event) = process.next_event().unwrap() {
        events.push(event);
    }
    events
}

/// A closed store with all its commits.
fn make(engine: &str, store: &Path) {
    let mut command = Command::new(program("store-torture").unwrap());
    let written = command.arg(engine).arg(store).args(["0", "write", "60"]);
    assert_eq!(events(written).last().unwrap()["n"], COMMITS);
}

fn is_whole(engine: &str, store: &Path) -> bool {
    let said = events(&mut torture(engine, store, &["write", "0"]));
    said.last().unwrap()["event"] == "open"
}

fn seeded() -> Random {
    let seed = std::env::var("COUNTERSIGN_SEED")
        .map_or(u64::from(std::process::id()), |seed| seed.parse().unwrap());
    println!("COUNTERSIGN_SEED={seed}");
    Random(seed)
}

#[test]
fn row_48_a_full_disk_is_said_loses_nothing_and_is_over_once_there_is_room_again() {
    let mut random = seeded();
    for engine in ENGINES {
        let mut felt = 0;
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let store = folder.path().join("store");
            make(engine, &store);
            let limit = random.below(220_000).to_string();
            // A limit is a signal too, and that one ends a process unless it is ignored.
            let mut command = Command::new("sh");
            command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
            command.arg(program("store-torture").unwrap());
            arguments(&mut command, engine, &store, &["starve", &limit]);
            let said = events(&mut command);
            let starved = &said[1];
            assert_eq!(starved["event"], "starved", "{engine}, {limit}: {said:?}");
            // Twice open again: with room, and after more commits.
            assert!(
                said.len() == 4 && said[3]["event"] == "open",
                "{engine}, {limit}: {said:?}"
            );
            if starved["fault"].is_null() {
                continue;
            }
            felt += 1;
            assert_eq!(starved["fault"], "Full", "{engine}, {limit}: {said:?}");
            assert_eq!(
                starved["believes_nothing"], true,
                "{engine}, {limit}: {said:?}"
            );
            let without = starved["without_room"].as_str().unwrap();
            assert!(
                without == "Typed(Full)" || without.starts_with("Whole("),
                "{engine}, {limit}: {said:?}"
            );
        }
        assert!(felt >= 5, "{engine}: felt in {felt} of 20 rounds");
    }
}

#[test]
fn row_48_where_nothing_can_be_written_it_is_said_and_nothing_is_harmed() {
    for engine in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(engine, &store);
        // To root every file is writable: the process is somebody else's, and takes its program along.
        let copy = folder.path().join("store-torture");
        fs::copy(program("store-torture").unwrap(), &copy).unwrap();
        let is_root = fs::metadata(folder.path()).unwrap().uid() == 0;
        let all = damage::tree(folder.path()).unwrap();
        let allow = |to_folders, to_files| {
            for path in &all {
                let mode = if path.is_dir() || *path == copy {
                    to_folders
                } else {
                    to_files
                };
                fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            }
        };
        allow(0o555, 0o444);
        let mut command = Command::new(&copy);
        arguments(&mut command, engine, &store, &["write", "1"]);
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let said = events(&mut command);
        allow(0o755, 0o644);
        assert_eq!(said[0]["why"], "open: Full", "{engine}: {said:?}");
        assert!(is_whole(engine, &store), "{engine}");
    }
}

#[test]
fn row_48_the_second_process_is_told_that_there_is_a_first() {
    for engine in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(engine, &store);
        let mut first = Running::start("first", &mut torture(engine, &store, &["hold"])).unwrap();
        assert_eq!(first.await_event("open").unwrap()["n"], COMMITS);
        for second in ENGINES {
            let said = events(&mut torture(second, &store, &["write", "1"]));
            assert_eq!(said[0]["why"], "open: Busy", "{engine}, {second}");
        }
        first.kill().unwrap();
        assert!(is_whole(engine, &store), "{engine}");
    }
}

/// sled takes damage of its log for the end of a log that was cut off by a kill: it goes back to what was before, whole, and
/// says nothing. The vault's own count of versions sees that (`tests/vault_faults.rs`); what is asked of sled here is that it is
/// never more than that.
#[test]
fn row_48_damage_makes_sled_say_so_or_go_back_to_what_was_before() {
    let judged = damaged("sled");
    let others = judged.others(&["whole", "typed", "rolled_back"]);
    assert_eq!(others, [""; 0], "{judged:?}");
}

#[test]
fn row_48_damage_is_said_or_repaired_by_redb() {
    let judged = damaged("redb");
    assert_eq!(judged.others(&["whole", "typed"]), [""; 0], "{judged:?}");
    assert!(judged.flips["typed"] > 0 && judged.cuts["typed"] > 0);
}

/// Damages one store in many ways, each by itself.
fn damaged(engine: &str) -> Judged {
    let folder = damage::scratch().unwrap();
    let store = folder.path().join("store");
    make(engine, &store);
    let lines = damage::draw(&store, "", &[], &mut seeded()).unwrap();
    let judged = damage::judge(&lines, folder.path(), |scratch| {
        let work = ["damage", scratch.to_str().unwrap()];
        Running::start("damage", &mut torture(engine, &store, &work)).unwrap()
    });
    println!("{engine}, {COMMITS} commits: {judged:?}");
    judged
}

//! One process with one store, to be killed, starved and given damaged files.
//!
//! In: an engine, a folder, how many commits of the ledger were acknowledged. Out: one JSON object a line: what the store
//! was found to be, and each commit once it returned. Never: a way to the store other than the core's own
//! `open_store`.

use clap::{Parser, Subcommand, ValueEnum};
use countersign_core::Engine;
use countersign_core::adapters::open_store;
use countersign_core::ports::{Store, StoreError};
use countersign_tests::damage;
use countersign_tests::ledger::{self, Verdict};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Parser)]
struct Args {
    engine: Kind,
    folder: PathBuf,
    /// How many commits were acknowledged.
    acknowledged: u64,
    #[command(subcommand)]
    work: Work,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Sled,
    Redb,
}

#[derive(Subcommand)]
enum Work {
    /// Judge the store, then commit so often.
    Write { count: u64 },
    /// Judge the store, let nothing be written behind so many bytes of a file, commit until that is felt, and give room
    /// again. Wants SIGXFSZ ignored.
    Starve { limit: u64 },
    /// Judge the store with one of its files damaged as the lines of standard input say; the folder itself stays as it is.
    Damage { scratch: PathBuf },
    /// Judge the store and keep it open until standard input ends.
    Hold,
}

/// Commits after which a store that never grows is believed not to.
const ENOUGH: u64 = 300;

fn main() -> ExitCode {
    // What an engine panics with is the store's business, and it catches it.
    std::panic::set_hook(Box::new(|_| {}));
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&json!({"event": "broken", "why": error.to_string()}));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    match &args.work {
        Work::Write { count } => write(args, *count),
        Work::Starve { limit } => starve(args, *limit),
        Work::Damage { scratch } => damage(args, scratch),
        Work::Hold => {
            let _store = opened(args, &args.folder, args.acknowledged)?;
            io::stdin().lock().read_line(&mut String::new())?;
            Ok(())
        }
    }
}

fn open(args: &Args, folder: &Path) -> Result<Arc<dyn Store>, StoreError> {
    let engine = match args.engine {
        Kind::Sled => Engine::Sled,
        Kind::Redb => Engine::Redb,
    };
    open_store(folder, engine)
}

/// Opens a store that has to be whole, and says how many commits it holds.
fn opened(args: &Args, folder: &Path, acknowledged: u64) -> Result<(Arc<dyn Store>, u64), String> {
    let store = open(args, folder).map_err(|fault| format!("open: {fault:?}"))?;
    match ledger::judge(&*store, acknowledged) {
        Verdict::Whole(n) => {
            say(&json!({"event": "open", "n": n}));
            Ok((store, n))
        }
        other => Err(format!("{other:?}, and {acknowledged} were acknowledged")),
    }
}

fn write(args: &Args, count: u64) -> Result<(), Box<dyn Error>> {
    let (store, n) = opened(args, &args.folder, args.acknowledged)?;
    for n in (n + 1..).zip(0..count).map(|(n, _)| n) {
        store.commit(&ledger::commit(n))?;
        say(&json!({"event": "done", "n": n}));
    }
    Ok(())
}

fn starve(args: &Args, limit: u64) -> Result<(), Box<dyn Error>> {
    let (store, mut n) = opened(args, &args.folder, args.acknowledged)?;
    let before = getrlimit(Resource::Fsize);
    let allow = |current| setrlimit(Resource::Fsize, Rlimit { current, ..before });
    allow(Some(limit))?;
    let mut fault = None;
    while fault.is_none() && n < args.acknowledged + ENOUGH {
        fault = store.commit(&ledger::commit(n + 1)).err();
        n += u64::from(fault.is_none());
    }
    let later = [
        store.commit(&ledger::commit(n + 1)).err(),
        ledger::head(&*store).err(),
    ];
    drop(store);
    // Without room it may open or not, and must not harm itself.
    let without_room = match open(args, &args.folder) {
        Ok(store) => ledger::judge(&*store, n),
        Err(fault) => Verdict::Typed(fault),
    };
    allow(before.current)?;
    say(&json!({
        "event": "starved",
        "n": n,
        "fault": fault.map(|fault| format!("{fault:?}")),
        "believes_nothing": later == [fault; 2],
        "without_room": format!("{without_room:?}"),
    }));
    let (store, n) = opened(args, &args.folder, n)?;
    for n in n + 1..n + 20 {
        store.commit(&ledger::commit(n))?;
    }
    drop(store);
    opened(args, &args.folder, n + 19).map(drop)?;
    Ok(())
}

fn damage(args: &Args, scratch: &Path) -> Result<(), Box<dyn Error>> {
    damage::serve(&args.folder, scratch, |folder| judged(args, folder))
}

/// Judged, used if it lets itself be used, and judged again after opening it anew.
fn judged(args: &Args, folder: &Path) -> (&'static str, String) {
    let first = match open(args, folder) {
        Err(fault) => Verdict::Typed(fault),
        Ok(store) => match ledger::judge(&*store, args.acknowledged) {
            Verdict::Whole(n) => match store.commit(&ledger::commit(n + 1)) {
                Ok(()) => ledger::judge(&*store, n + 1),
                Err(fault) => Verdict::Typed(fault),
            },
            other => other,
        },
    };
    let second = match (first, open(args, folder)) {
        (Verdict::Whole(n), Ok(store)) => ledger::judge(&*store, n),
        (Verdict::Whole(_), Err(fault)) => Verdict::Typed(fault),
        _ => first,
    };
    match second {
        Verdict::Whole(_) => ("whole", String::new()),
        Verdict::Typed(fault) => ("typed", format!("{fault:?}")),
        Verdict::RolledBack(n) => (
            "rolled_back",
            (args.acknowledged.saturating_sub(n)).to_string(),
        ),
        Verdict::Altered => ("altered", String::new()),
    }
}

/// One line, whole: a kill never leaves half of one.
fn say(event: &Value) {
    let mut out = io::stdout().lock();
    let _ = out
        .write_all(format!("{event}\n").as_bytes())
        .and_then(|()| out.flush());
}

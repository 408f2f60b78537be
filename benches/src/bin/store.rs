//! The phone's memory: what vault, outbox and history cost beside the engine that they stand on.

use countersign_benches::filled::{self, Filled};
use countersign_benches::keys::MemoryKeys;
use countersign_benches::measure::{Timed, all, in_turns, median};
use countersign_benches::peer::{Algorithm, Peer};
use countersign_benches::phone::Phone;
use countersign_benches::process::memory;
use countersign_benches::report::{Row, time};
use countersign_benches::{Result, Trouble, trace};
use countersign_core::Engine;
use countersign_core::adapters::{MemoryStore, open_store};
use countersign_core::ports::{Batch, Entry, Order, Store, StoreError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

const GROUP: &str = "store";

const ENGINES: [(Engine, &str); 2] = [(Engine::Sled, "sled"), (Engine::Redb, "redb")];

/// A history that is short, one of the aim for opening, and one that is long.
const SHORT: usize = 100;
const USUAL: usize = 1_000;
const LONG: usize = 100_000;

/// Entries on a page of the history.
const PAGE: usize = 50;

/// Logins that are traced.
const TRACED: usize = 21;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["tap", engine, folder] => {
            let store = open_store(&Path::new(folder).join("traced"), engine_of(engine)?)?;
            trace::tap(store, Arc::<MemoryKeys>::default(), TRACED)
        }
        ["idle", engine, store, keys] => {
            let ports = filled::ports(Path::new(store), Path::new(keys), engine_of(engine)?)?;
            let _phone = filled::open(ports)?;
            say_memory()
        }
        ["empty"] => say_memory(),
        _ => {
            for (engine, name) in ENGINES {
                decision(engine, name)?;
            }
            held()
        }
    }
}

fn engine_of(name: &str) -> Result<Engine> {
    let known = ENGINES.iter().find(|known| known.1 == name);
    Ok(known.ok_or("no such engine")?.0)
}

/// Beside the program, so that it is a disk where the program is on one.
fn disk_folder() -> Result<tempfile::TempDir> {
    let program = std::env::current_exe()?;
    let beside = program.parent().ok_or("a program is in a folder")?;
    Ok(tempfile::tempdir_in(beside)?)
}

/// From the tap until the answer goes to the network, beside one record that is made durable.
fn decision(engine: Engine, name: &str) -> Result<()> {
    let folder = disk_folder()?;
    let bare = open_store(&folder.path().join("bare"), engine)?;
    let store = open_store(&folder.path().join("store"), engine)?;
    let phone = Phone::enrolled(store, Arc::<MemoryKeys>::default(), Algorithm::Ed25519)?;
    let (mut n, mut m) = (0u64, 0u64);
    let sizes = sizes_of_a_decision()?;
    let commit = |n: u64, sizes: &[usize]| {
        let record = |(at, size): (usize, &usize)| {
            let key = [&at.to_be_bytes()[..], &n.to_be_bytes()].concat();
            (key, Some(vec![7; *size]))
        };
        Ok(bare.commit(&Batch {
            expects: BTreeMap::new(),
            writes: sizes.iter().enumerate().map(record).collect(),
        })?)
    };
    let mut work: Vec<Timed<'_>> = vec![
        all(|| {
            n += 1;
            commit(n, &[600])
        }),
        all(|| {
            m += 1;
            commit(m, &sizes)
        }),
        Box::new(|| phone.tap_to_network()),
    ];
    let rounds = in_turns(61, 5, &mut work)?;
    let beside = format!("bare commit of one record ({})", time(rounds.seconds(0)));
    Row::new(
        GROUP,
        format!("{name}: a durable decision, tap to network"),
        time(rounds.seconds(2)),
    )
    .beside(beside, rounds.ratio(2, &[0]))
    .at_most(1.3)
    .say();
    Row::new(GROUP, format!("{name}: the same"), time(rounds.seconds(2)))
        .beside(
            format!(
                "bare commit of {} records as large as its own ({})",
                sizes.len(),
                time(rounds.seconds(1))
            ),
            rounds.ratio(2, &[1]),
        )
        .say();
    let row = |figure: String| {
        Row::new(
            GROUP,
            format!("{name}: syncs of files from tap to network"),
            figure,
        )
    };
    match trace::calls(name, folder.path()) {
        Ok(logins) => {
            let (grown, usual): (Vec<_>, Vec<_>) = logins.iter().partition(|names| grows(names));
            let is_one = usual.iter().all(|names| synced(names) == 1);
            let names = usual.first().map(|names| names.join(", "));
            let counts = usual.iter().map(|names| synced(names) as f64).collect();
            row(median(counts).to_string())
                .note(format!(
                    "{}; one more where the file grows: {} of {TRACED} logins",
                    names.unwrap_or_default(),
                    grown.len()
                ))
                .aim("one fsync", is_one)
                .say();
        }
        Err(reason) => row("skipped".into()).note(reason.to_string()).say(),
    }
    Ok(())
}

/// A store that notes how large the records of the last commit were.
struct Noting(MemoryStore, Mutex<Vec<usize>>);

impl Noting {
    fn noted(&self) -> MutexGuard<'_, Vec<usize>> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Noting {
    fn read(&self, key: &[u8]) -> std::result::Result<Option<Vec<u8>>, StoreError> {
        self.0.read(key)
    }

    fn scan(
        &self,
        prefix: &[u8],
        order: Order,
        limit: usize,
    ) -> std::result::Result<Vec<Entry>, StoreError> {
        self.0.scan(prefix, order, limit)
    }

    fn commit(&self, batch: &Batch) -> std::result::Result<(), StoreError> {
        let values = batch.writes.values().flatten();
        *self.noted() = values.map(Vec::len).collect();
        self.0.commit(batch)
    }
}

/// The records that a decision writes.
fn sizes_of_a_decision() -> Result<Vec<usize>> {
    static AT_THE_TAP: Mutex<Option<Arc<Noting>>> = Mutex::new(None);
    static SIZES: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }
    let store = Arc::new(Noting(MemoryStore::new(), Mutex::default()));
    *lock(&AT_THE_TAP) = Some(store.clone());
    let mut peer = Peer::new(Algorithm::Ed25519)?;
    // As it arrives, the last commit was the decision's.
    peer.on_response = Some(|| {
        if let Some(store) = &*lock(&AT_THE_TAP) {
            lock(&SIZES).clone_from(&store.noted());
        }
    });
    let mut phone = Phone::new(store, Arc::<MemoryKeys>::default(), peer)?;
    phone.enrol()?;
    phone.approve(&phone.fetch()?)?;
    Ok(lock(&SIZES).clone())
}

/// `sync_file_range` is sled's: it waits for the file's pages, and not for the disk.
fn synced(names: &[String]) -> usize {
    let waits = |name: &&String| matches!(name.as_str(), "fsync" | "fdatasync");
    names.iter().filter(waits).count()
}

fn grows(names: &[String]) -> bool {
    names.iter().any(|name| name == "ftruncate")
}

/// A phone laid down on an engine.
struct Laid {
    engine: Engine,
    name: &'static str,
    store: PathBuf,
    keys: PathBuf,
}

impl Laid {
    fn down(
        engine: (Engine, &'static str),
        folder: &Path,
        what: &str,
        keys: &Path,
        copy: &[u8],
    ) -> Result<Self> {
        let store = folder.join(format!("{}-{what}", engine.1));
        filled::lay_down(&store, keys, engine.0, copy)?;
        Ok(Self {
            engine: engine.0,
            name: engine.1,
            store,
            keys: keys.to_owned(),
        })
    }

    fn ports(&self) -> Result<countersign_core::Ports> {
        filled::ports(&self.store, &self.keys, self.engine)
    }

    /// Bytes that a process holds that has opened it and does nothing, above one that does nothing else.
    fn idle(&self) -> Result<f64> {
        let empty = said_by(Command::new(std::env::current_exe()?).arg("empty"))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["idle", self.name]);
        Ok(said_by(command.arg(&self.store).arg(&self.keys))? - empty)
    }
}

/// What opening and holding a phone costs, by how much is in it.
fn held() -> Result<()> {
    let folder = disk_folder()?;
    let of = |name: &str| folder.path().join(name);
    let (ten, one) = (of("ten-keys"), of("one-keys"));
    let usual = Filled::new(&ten, 10)?.grow(USUAL)?;
    let mut filled = Filled::new(&one, 1)?;
    let short = filled.grow(SHORT)?;
    let one_usual = filled.grow(USUAL)?;
    let long = filled.grow(LONG)?;
    drop(filled);
    for engine in ENGINES {
        let lay = |what, keys, copy| Laid::down(engine, folder.path(), what, keys, copy);
        let usual = lay("usual", &ten, &usual)?;
        let short = lay("short", &one, &short)?;
        let one_usual = lay("one", &one, &one_usual)?;
        let long = lay("long", &one, &long)?;
        opening(&usual)?;
        idle(&usual, &one_usual, &long)?;
        listing(&short, &long)?;
    }
    Ok(())
}

fn opening(laid: &Laid) -> Result<()> {
    let mut work: Vec<Timed<'_>> = vec![
        Box::new(|| {
            let begin = Instant::now();
            let store = open_store(&laid.store, laid.engine)?;
            let took = begin.elapsed();
            drop(store);
            Ok(took)
        }),
        Box::new(|| {
            let begin = Instant::now();
            let phone = filled::open(laid.ports()?)?;
            let took = begin.elapsed();
            drop(phone);
            Ok(took)
        }),
    ];
    let rounds = in_turns(31, 1, &mut work)?;
    let name = laid.name;
    Row::new(
        GROUP,
        format!("{name}: open with 10 IDs and {USUAL} entries of history"),
        time(rounds.seconds(1)),
    )
    .beside(
        format!("the engine alone ({})", time(rounds.seconds(0))),
        rounds.ratio(1, &[0]),
    )
    .at_most(1.5)
    .say();
    Ok(())
}

fn idle(ten: &Laid, one: &Laid, long: &Laid) -> Result<()> {
    let (held, few, many) = (ten.idle()?, one.idle()?, long.idle()?);
    let (name, most) = (ten.name, 8.0 * 1024.0 * 1024.0);
    Row::new(
        GROUP,
        format!("{name}: memory of an open phone above an empty process, 10 IDs, {USUAL} entries"),
        mib(held),
    )
    .beside(format!("one ID ({})", mib(few)), held / few)
    .aim("< 8 MiB", held < most)
    .say();
    Row::new(
        GROUP,
        format!("{name}: the same, one ID, {LONG} entries"),
        mib(many),
    )
    .beside(format!("{USUAL} entries ({})", mib(few)), many / few)
    .aim("≤ 1.25, < 8 MiB", many / few <= 1.25 && many < most)
    .say();
    Ok(())
}

fn listing(short: &Laid, long: &Laid) -> Result<()> {
    let phones = (filled::open(short.ports()?)?, filled::open(long.ports()?)?);
    let list = |phone: &countersign_core::Authenticator| -> Result<()> {
        match phone.history(PAGE)?.len() {
            PAGE => Ok(()),
            other => Err(Trouble::from(format!("{other} entries on a page"))),
        }
    };
    let mut work: Vec<Timed<'_>> = vec![all(|| list(&phones.0)), all(|| list(&phones.1))];
    let rounds = in_turns(61, 5, &mut work)?;
    let name = short.name;
    Row::new(
        GROUP,
        format!("{name}: the newest {PAGE} of {LONG} entries"),
        time(rounds.seconds(1)),
    )
    .beside(
        format!("of {SHORT} ({})", time(rounds.seconds(0))),
        rounds.ratio(1, &[0]),
    )
    .at_most(1.25)
    .say();
    Ok(())
}

fn mib(bytes: f64) -> String {
    format!("{:.1} MiB", bytes / 1024.0 / 1024.0)
}

fn say_memory() -> Result<()> {
    println!("{}", memory(std::process::id())?);
    Ok(())
}

fn said_by(command: &mut Command) -> Result<f64> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim()
        .parse()
        .map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned().into())
}

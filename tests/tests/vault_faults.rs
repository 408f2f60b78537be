//! Damage below the engine, as the whole phone sees it: what it was given is there, or it says that something is wrong. An
//! engine that repairs itself by going back is seen through by the vault.
//!
//! Of each file the first 8 KiB are damaged byte by byte, and about 2,000 bytes anywhere; it is cut before and behind every
//! record. `COUNTERSIGN_OFFSETS=all` damages every byte, `COUNTERSIGN_SEED` repeats a run's choices.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![allow(
    clippy::print_stdout,
    reason = "what a run drew and hit belongs to its output"
)]

use countersign_protocol::encoding::decode;
use countersign_tests::damage;
use countersign_tests::harness::story::{self, Invitation, Waiting, silently};
use countersign_tests::harness::{ADMIN, Phone, Running, ServerOptions, SpOptions, World, program};
use countersign_tests::ledger::Random;
use std::path::Path;
use std::process::Command;

#[test]
fn row_48_no_damage_below_sled_is_passed_over_by_the_phone() {
    damaged("sled", &in_use("sled"));
}

#[test]
fn row_48_no_damage_below_redb_is_passed_over_by_the_phone() {
    damaged("redb", &in_use("redb"));
}

/// Killed in its first session, an engine has written no snapshot or the like yet.
#[test]
fn row_48_no_damage_is_passed_over_by_a_phone_that_was_started_once() {
    for engine in ["sled", "redb"] {
        damaged(engine, &young(engine));
    }
}

/// A phone, and its world without a server.
struct Story {
    world: World,
    phone: Phone,
    /// A request that waits for the person.
    open: Option<String>,
}

fn young(engine: &str) -> Story {
    let mut world = World::start().unwrap();
    let phone = world.phone("anna").unwrap().kept_by(engine);
    let mut browser = world.browser().unwrap();
    let invitation = Invitation::make(&world, &mut browser, ADMIN).unwrap();
    let mut enrolling = phone.start(&["enrol", &invitation.link]).unwrap();
    enrolling.await_event("digits").unwrap();
    enrolling.kill().unwrap();
    world.server.kill().unwrap();
    Story {
        world,
        phone,
        open: None,
    }
}

/// A phone with a history, an answer that waits for its server, and a request that waits for the person.
fn in_use(engine: &str) -> Story {
    let options = ServerOptions {
        life: Some(600),
        ..ServerOptions::default()
    };
    let mut world = World::with(&options).unwrap();
    let sp = world
        .application("wiki", "Example Wiki", SpOptions::default())
        .unwrap();
    let phone = world.phone("anna").unwrap().kept_by(engine);
    story::enrol(&world, &phone, ADMIN, &mut silently).unwrap();
    let mut known = Vec::new();
    for _ in 0..3 {
        let mut browser = world.browser().unwrap();
        story::sign_in(&mut browser, &sp, &phone, ADMIN, "/", &mut silently).unwrap();
        known.push(browser);
    }
    // Strangers have one request open for a name, and browsers that it knows one of their own.
    let mut friend = known.remove(0);
    friend.restart();
    let mut ids = Vec::new();
    for mut browser in [friend, world.browser().unwrap()] {
        Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
        let known = |id: &str| ids.iter().any(|known| known == id);
        let prompts = phone.ask(&["pending"]).unwrap();
        let prompt = prompts
            .iter()
            .find(|prompt| !known(prompt["id"].as_str().unwrap()));
        ids.push(prompt.unwrap()["id"].as_str().unwrap().to_owned());
    }
    world.server.kill().unwrap();
    let said = phone.ask(&["deny", &ids[0]]).unwrap();
    assert_eq!(said.last().unwrap()["event"], "queued", "{said:?}");
    Story {
        world,
        phone,
        open: ids.pop(),
    }
}

fn torture(engine: &str, world: &World, home: &Path, work: &[&str]) -> Running {
    let mut command = Command::new(program("vault-torture").unwrap());
    command
        .arg(engine)
        .arg(home)
        .arg(world.ca.path())
        .args(work);
    Running::start("vault-torture", &mut command).unwrap()
}

fn damaged(engine: &str, story: &Story) {
    let Story { world, phone, open } = story;
    let folder = damage::scratch().unwrap();
    let home = folder.path().join("phone");
    damage::copy(phone.home(), &home).unwrap();
    let records = torture(engine, world, phone.home(), &["records"]);
    let records = records_of(records);

    let seed = std::env::var("COUNTERSIGN_SEED")
        .map_or(u64::from(std::process::id()), |seed| seed.parse().unwrap());
    println!("COUNTERSIGN_SEED={seed}");
    let lines = damage::draw(&home, "store", &records, &mut Random(seed)).unwrap();
    let judged = damage::judge(&lines, folder.path(), |scratch| {
        let mut work = vec!["damage", scratch.to_str().unwrap()];
        work.extend(open.as_deref());
        torture(engine, world, &home, &work)
    });
    println!("{engine}, {} records: {judged:?}", records.len() / 2);
    assert_eq!(judged.others(&["whole", "typed"]), [""; 0], "{judged:?}");
    for counts in [&judged.flips, &judged.cuts] {
        assert!(counts["typed"] > 0, "{judged:?}");
    }
}

fn records_of(mut process: Running) -> Vec<Vec<u8>> {
    let said = process.await_event("records").unwrap();
    let bytes = said["bytes"].as_array().unwrap().iter();
    bytes
        .map(|one| decode(one.as_str().unwrap()).unwrap())
        .collect()
}

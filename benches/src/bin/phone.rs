//! The phone's figures: in this process, by the core's one door.

use base64ct::{Base64UrlUnpadded, Encoding};
use countersign_benches::bare::{Bare, unspecified};
use countersign_benches::keys::MemoryKeys;
use countersign_benches::measure::{Timed, all, in_turns};
use countersign_benches::passkeys;
use countersign_benches::peer::{Algorithm, Peer, challenge, make_key};
use countersign_benches::phone::Phone;
use countersign_benches::report::{Row, per_second, time};
use countersign_benches::{Result, factors, trace};
use countersign_core::adapters::{MemoryStore, SoftwareKeys, open_store};
use countersign_core::ports::Store;
use countersign_core::{Engine, Id};
use countersign_protocol::Signed;
use countersign_protocol::crypto::SigningKey;
use countersign_protocol::statement::Challenge;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

const ROUNDS: usize = 101;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["tap", "sled", folder] => tap(Path::new(folder), Engine::Sled),
        ["tap", "redb", folder] => tap(Path::new(folder), Engine::Redb),
        ["decide", count] => decide(count.parse()?),
        _ => {
            answer()?;
            factors::answers()?;
            factors::polls()?;
            disk()?;
            enrolment()?;
            hostile()
        }
    }
}

/// Verify, view, sign: from the challenge's arrival until the response goes to the network.
fn answer() -> Result<()> {
    let bare = Bare::new()?;
    let memory = || Arc::new(MemoryStore::new());
    let folder = tempfile::tempdir()?;
    let loaded = Phone::enrolled(memory(), Arc::<MemoryKeys>::default(), Algorithm::Ed25519)?;
    let es256 = Phone::enrolled(memory(), Arc::<MemoryKeys>::default(), Algorithm::P256)?;
    let files = Arc::new(SoftwareKeys::new(folder.path()));
    let files = Phone::enrolled(memory(), files, Algorithm::Ed25519)?;
    let mut passkey = passkeys::Peer::new()?;
    passkey.register()?;
    let (message, signature) = passkey.authenticate()?;
    passkey.check(&message, &signature)?;

    let mut work: Vec<Timed<'_>> = vec![
        all(|| bare.verify_ed25519()),
        all(|| bare.verify_p256()),
        all(|| bare.sign_p256()),
        Box::new(|| loaded.arrival_to_network()),
        Box::new(|| es256.arrival_to_network()),
        Box::new(|| files.arrival_to_network()),
        all(|| passkey.authenticate()),
    ];
    let rounds = in_turns(ROUNDS, 10, &mut work)?;
    let (ed25519, p256, sign) = (0, 1, 2);
    let seconds = |n| time(rounds.seconds(n));
    for (n, what) in [
        (ed25519, "ring: verify Ed25519"),
        (p256, "ring: verify ES256"),
        (sign, "ring: sign ES256"),
    ] {
        Row::new("phone", what, seconds(n)).note("yardstick").say();
    }
    let row = |n: usize, what: &str, verify: usize| {
        Row::new("phone", what, seconds(n))
            .beside("ring: verify + sign", rounds.ratio(n, &[verify, sign]))
            .at_most(1.25)
            .say();
        Row::new(
            "phone",
            format!("{what}, own signature checked too"),
            seconds(n),
        )
        .beside(
            "ring: verify + sign + verify ES256 (section 7)",
            rounds.ratio(n, &[verify, sign, p256]),
        )
        .at_most(1.25)
        .say();
    };
    row(3, "verify (Ed25519), view, sign; key loaded", ed25519);
    row(4, "verify (ES256), view, sign; key loaded", p256);
    row(5, "verify (Ed25519), view, sign; key in files", ed25519);
    Row::new(
        "phone",
        "passkey-rs 0.5: authenticate (it verifies nothing)",
        seconds(6),
    )
    .beside("ours, key loaded", rounds.ratio(6, &[3]))
    .say();
    Ok(())
}

fn on_disk(folder: &Path, engine: Engine) -> Result<Phone> {
    let store = open_store(&folder.join("store"), engine)?;
    let keys = Arc::new(SoftwareKeys::new(&folder.join("keys")));
    Phone::enrolled(store, keys, Algorithm::Ed25519)
}

/// The same on sled and on redb, and how often each waits for the disk.
fn disk() -> Result<()> {
    let folder = disk_folder()?;
    let on_sled = on_disk(&folder.path().join("sled"), Engine::Sled)?;
    let on_redb = on_disk(&folder.path().join("redb"), Engine::Redb)?;
    let mut file = File::create(folder.path().join("bare"))?;
    let bare = Bare::new()?;
    let mut work: Vec<Timed<'_>> = vec![
        all(|| {
            bare.sign_p256()?;
            file.write_all(&[0; 4096])?;
            Ok(file.sync_data()?)
        }),
        Box::new(|| on_sled.tap_to_network()),
        Box::new(|| on_redb.tap_to_network()),
    ];
    let rounds = in_turns(41, 5, &mut work)?;
    for (n, engine) in [(1, "sled"), (2, "redb")] {
        let what = format!("tap to network on {engine}");
        let bare = time(rounds.seconds(0));
        Row::new("phone", what, time(rounds.seconds(n)))
            .beside(
                format!("ring: sign; append 4 KiB, fdatasync ({bare})"),
                rounds.ratio(n, &[0]),
            )
            .say();
    }
    for engine in ["sled", "redb"] {
        waits(engine, &folder.path().join(format!("traced-{engine}")));
    }
    Ok(())
}

/// What a phone waits for on this engine.
fn waits(engine: &str, folder: &Path) {
    let row = |figure: String| {
        let what = format!("waits for the disk from tap to network, on {engine}");
        Row::new("phone", what, figure)
    };
    let names = trace::calls(engine, folder).and_then(|logins| {
        let names = logins.into_iter().next();
        let mut names = names.ok_or("strace did not see the tap")?;
        names.retain(|name| name.contains("sync"));
        Ok(names)
    });
    match names {
        // Of the first login, whose file grows; what the aim is for, `store` measures.
        Ok(names) => row(names.len().to_string()).note(names.join(", ")).say(),
        Err(reason) => row("skipped".into()).note(reason.to_string()).say(),
    }
}

/// Beside the program, so that it is a disk where the program is on one.
fn disk_folder() -> Result<tempfile::TempDir> {
    let program = std::env::current_exe()?;
    let beside = program.parent().ok_or("a program is in a folder")?;
    Ok(tempfile::tempdir_in(beside)?)
}

/// One login, to be traced.
fn tap(folder: &Path, engine: Engine) -> Result<()> {
    let store = open_store(&folder.join("store"), engine)?;
    let keys = Arc::new(SoftwareKeys::new(&folder.join("keys")));
    trace::tap(store, keys, 1)
}

/// A new phone from the invitation to the ID in use, without the server's part and the digits.
fn enrolment() -> Result<()> {
    let (folder, mut passkey) = (disk_folder()?, passkeys::Peer::new()?);
    let enrol = |store: Arc<dyn Store>, keys| {
        Phone::new(store, keys, Peer::new(Algorithm::Ed25519)?)?.enrol()
    };
    let mut n = 0;
    let mut work: Vec<Timed<'_>> = vec![
        Box::new(|| enrol(Arc::new(MemoryStore::new()), Arc::<MemoryKeys>::default())),
        Box::new(|| {
            n += 1;
            let home = folder.path().join(n.to_string());
            let store = open_store(&home.join("store"), Engine::Sled)?;
            enrol(store, Arc::new(SoftwareKeys::new(&home.join("keys"))))
        }),
        all(|| passkey.register()),
    ];
    let rounds = in_turns(31, 3, &mut work)?;
    Row::new("phone", "enrolment, in memory", time(rounds.seconds(0))).say();
    Row::new(
        "phone",
        "enrolment, on sled and key files",
        time(rounds.seconds(1)),
    )
    .say();
    Row::new("phone", "passkey-rs 0.5: register", time(rounds.seconds(2)))
        .beside("ours, in memory", rounds.ratio(2, &[0]))
        .say();
    Ok(())
}

/// Statements that are refused, and one that isn't.
fn hostile() -> Result<()> {
    let key = make_key(Algorithm::Ed25519)?;
    let good = Signed::sign(challenge(Id::make()?)?, &key)?;
    let good = good.compact().to_owned();
    let (head, rest) = good.split_once('.').ok_or("not compact")?;
    let (body, signature) = rest.split_once('.').ok_or("not compact")?;
    let payload = String::from_utf8(Base64UrlUnpadded::decode_vec(body).map_err(unspecified)?)?;
    let deep = format!("{}{}", "[".repeat(6000), "]".repeat(6000));
    let doubled = format!("{},\"kind\":\"login\"}}", payload.trim_end_matches('}'));
    let flipped = flip(body);
    let bad = [
        (
            "bit flipped in the payload",
            format!("{head}.{flipped}.{signature}"),
        ),
        (
            "bit flipped in the signature",
            format!("{head}.{body}.{}", flip(signature)),
        ),
        ("one byte over 16 KiB", "a".repeat(16 * 1024 + 1)),
        ("nested 6,000 deep, signed", signed(head, &deep, &key)?),
        ("a member twice, signed", signed(head, &doubled, &key)?),
        (
            "header nested deep",
            format!(
                "{}.{body}.{signature}",
                Base64UrlUnpadded::encode_string(deep.as_bytes())
            ),
        ),
        ("not three parts", "....".repeat(4000)),
    ];
    let keys = [*key.public()];
    let mut work: Vec<Timed<'_>> = vec![all(|| Ok(Signed::<Challenge>::verify(&good, &keys)?))];
    for (what, text) in &bad {
        if Signed::<Challenge>::verify(text, &keys).is_ok() {
            return Err(format!("{what}: accepted").into());
        }
        work.push(all(|| Ok(Signed::<Challenge>::verify(text, &keys).err())));
    }
    let rounds = in_turns(ROUNDS, 20, &mut work)?;
    let (accepted, of) = (rounds.seconds(0), "accepting the good one");
    Row::new(
        "statements",
        "a good challenge, accepted",
        per_second(accepted),
    )
    .note(time(accepted))
    .say();
    for (n, (what, _)) in bad.iter().enumerate() {
        Row::new(
            "statements",
            format!("refused: {what}"),
            per_second(rounds.seconds(n + 1)),
        )
        .beside(of, rounds.ratio(n + 1, &[0]))
        .say();
    }
    Ok(())
}

fn flip(text: &str) -> String {
    let at = text.len() / 2;
    let other = if text.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    [&text[..at], other, &text[at + 1..]].concat()
}

fn signed(head: &str, payload: &str, key: &SigningKey) -> Result<String> {
    let part = format!(
        "{head}.{}",
        Base64UrlUnpadded::encode_string(payload.as_bytes())
    );
    let signature = key.sign(part.as_bytes())?;
    Ok(format!(
        "{part}.{}",
        Base64UrlUnpadded::encode_string(&signature)
    ))
}

/// Logins and nothing else: for a profiler.
fn decide(count: usize) -> Result<()> {
    let phone = Phone::enrolled(
        Arc::new(MemoryStore::new()),
        Arc::<MemoryKeys>::default(),
        Algorithm::Ed25519,
    )?;
    for _ in 0..count {
        phone.arrival_to_network()?;
    }
    let mut out = OpenOptions::new().write(true).open("/dev/null")?;
    Ok(out.write_all(&count.to_be_bytes())?)
}

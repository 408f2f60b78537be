//! A phone approves with a PIN and keys that are known here, and then looks for them in its own memory. What this process
//! knows, the phone's gets under a mask.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![allow(
    clippy::print_stdout,
    reason = "what was found belongs to a run's output"
)]

use countersign_protocol::Digest;
use countersign_protocol::agreement::Agreement;
use countersign_protocol::crypto::{AgreementSecret, Cost, Secret, expand, hmac, open, stretch};
use countersign_protocol::encoding::decode;
use countersign_protocol::pin::check_proof;
use countersign_protocol::statement::{Registration, Response};
use countersign_tests::harness::story::{self, Invitation, Waiting};
use countersign_tests::harness::{
    ADMIN, Browser, Running, ServerOptions, Sp, SpOptions, World, program, python,
};
use countersign_tests::memory::{MASK, halves, masked};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::Command;

/// Twelve digits: nothing else in memory looks like them.
const PIN: &[u8; 12] = b"902817465530";

struct Story {
    world: World,
    sp: Sp,
    phone: Running,
    browser: Browser,
    needles: Vec<(String, Vec<u8>)>,
}

/// What a search found on the heap and in static data. Of stacks nothing is claimed: it is printed.
struct Found(Map<String, Value>);

impl Found {
    fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

impl Story {
    fn begin(name: &str) -> Self {
        let options = ServerOptions {
            pin: Some(12),
            life: Some(600),
            ..ServerOptions::default()
        };
        let world = World::with(&options).unwrap();
        let sp = world
            .application("wiki", "Example Wiki", SpOptions::default())
            .unwrap();
        let mut command = Command::new(program(name).unwrap());
        command.arg(world.dir().join("phone")).arg(world.ca.path());
        let phone = Running::start(name, &mut command).unwrap();
        let browser = world.browser().unwrap();
        Self {
            world,
            sp,
            phone,
            browser,
            needles: vec![("PIN".to_owned(), PIN.to_vec())],
        }
    }

    fn ask(&mut self, what: Value, event: &str) -> Value {
        self.phone.say(&what).unwrap();
        self.phone.await_event(event).unwrap()
    }

    fn enrol(&mut self) {
        let mut browser = self.world.browser().unwrap();
        let invitation = Invitation::make(&self.world, &mut browser, ADMIN).unwrap();
        let enrol = json!({"do": "enrol", "link": invitation.link, "pin": masked(PIN)});
        let said = self.ask(enrol, "digits");
        let digits = said["digits"].as_str().unwrap();
        invitation.type_digits(&mut browser, digits).unwrap();
        self.phone.await_event("active").unwrap();
    }

    fn approve(&mut self) {
        let waiting = Waiting::begin(&mut self.browser, &self.sp, ADMIN, "/").unwrap();
        let approve = json!({"do": "approve", "number": waiting.number, "pin": masked(PIN)});
        assert_eq!(self.ask(approve, "verdict")["code"], "ok");
        let form = waiting.response(&mut self.browser).unwrap();
        let claims = story::hand_over(&mut self.browser, &form).unwrap();
        assert_eq!(claims["name_id"], ADMIN);
    }

    fn search(&mut self) -> Found {
        let needles: Map<String, Value> = self
            .needles
            .iter()
            .map(|(name, bytes)| (name.clone(), masked(bytes).into()))
            .collect();
        let found = self.ask(json!({"do": "search", "needles": needles}), "found");
        println!("{found}");
        assert!(found["bytes"].as_u64() > Some(500_000), "{found}");
        Found(found["heap"].as_object().unwrap().clone())
    }

    fn know(&mut self, name: &str, secret: &[u8]) {
        self.needles.extend(halves(name, secret));
    }

    /// What passed the phone's device keys: the call, and the bytes.
    fn seen(&mut self) -> Vec<(String, String, Vec<u8>)> {
        let said = self.ask(json!({"do": "secrets"}), "secrets");
        let word = |seen: &Value, name: &str| seen[name].as_str().unwrap().to_owned();
        let seen = said["seen"].as_array().unwrap().iter();
        seen.map(|seen| {
            let mut bytes = decode(&word(seen, "masked")).unwrap();
            bytes.iter_mut().for_each(|byte| *byte ^= MASK);
            (word(seen, "call"), word(seen, "owner"), bytes)
        })
        .collect()
    }

    /// Derives here everything that the phone derived, by what the server keeps.
    fn know_all(&mut self) {
        let seen = self.seen();
        let of = |call: &str, n: usize| {
            let mut seen = seen.iter().filter(|seen| seen.0 == call);
            seen.nth(n).unwrap().clone()
        };
        let (_, keeper, data_key) = of("wrap", 0);
        let (_, owner, k_push) = of("wrap", 1);
        let (k_off, k_conf) = (of("wrap", 2).2, of("wrap", 3).2);
        let (hidden, account_key) = (of("wrap", 4).2, of("wrap", 5).2);
        let pepper = of("pepper", 0).2;
        self.know("data key", &data_key);
        self.know("account key", &account_key);
        self.know("K_push", &k_push);
        self.know("K_off", &k_off);
        self.know("K_conf", &k_conf);
        self.know("pepper", &pepper);

        let hidden: Value = serde_json::from_slice(&hidden).unwrap();
        let mask = pin_mask(&hidden, &pepper);
        let blob = decode(hidden["blob"].as_str().unwrap()).unwrap();
        let k_pin: Secret = Secret::new(std::array::from_fn(|at| blob[at] ^ mask[at]));
        self.know("Argon2 of the PIN", &mask[..]);
        self.know("K_pin", &k_pin[..]);

        let kept = Kept::read(&self.world);
        assert_eq!(*k_pin, *kept.secret("pin"), "needles are the real ones");
        assert_eq!(k_push, *kept.secret("push"), "needles are the real ones");
        let dh = AgreementSecret::from_bytes(&kept.secret("dh"));
        let registration: Registration = body(&kept.registration);
        let offer = Digest::parse(&kept.offer_hash).unwrap();
        let z = dh.agree(&registration.dh).unwrap();
        self.know("Z of the enrolment", &z[..]);
        self.know(
            "PRK of the enrolment",
            &hmac(offer.as_bytes(), &[&z[..]])[..],
        );

        let response: Response = body(&kept.response);
        let agreement = Agreement::new(&dh, &response.dh.unwrap(), &response.challenge).unwrap();
        check_proof(&agreement, &k_pin, &response).unwrap();
        let z = dh.agree(&response.dh.unwrap()).unwrap();
        let prk = hmac(response.challenge.as_bytes(), &[&z[..]]);
        let k_blind = expand(&prk, &[b"cs1 blind\0"]);
        self.know("Z of the approval", &z[..]);
        self.know("PRK of the approval", &prk[..]);
        self.know("K_blind", &k_blind[..]);
        self.know("mk", &hmac(&k_blind[..], &[&k_pin[..]])[..]);

        let keys = self.world.dir().join("phone").join("keys");
        let file = |owner: &str, name: &str| std::fs::read(keys.join(owner).join(name)).unwrap();
        self.know("wrapping key of the device", &file(&keeper, "wrap"));
        self.know("wrapping key of the ID", &file(&owner, "wrap"));
        self.know("pepper key", &file(&owner, "pepper"));
        let mut scalar = scalar(&file(&owner, "dev.p8"));
        self.know("K_dev", &scalar);
        scalar.reverse();
        self.know("K_dev, as limbs", &scalar);
    }
}

fn pin_mask(hidden: &Value, pepper: &[u8]) -> Secret {
    let bytes = |name: &str| decode(hidden[name].as_str().unwrap()).unwrap();
    let cost = |name: &str| u32::try_from(hidden["cost"][name].as_u64().unwrap()).unwrap();
    let cost = Cost::new(cost("m"), cost("t"), cost("p")).unwrap();
    let context = [&b"cs1 pin\0"[..], &bytes("j")].concat();
    let (salt, pepper) = (
        bytes("salt").try_into().unwrap(),
        pepper.try_into().unwrap(),
    );
    stretch(PIN, &salt, &pepper, &context, cost).unwrap()
}

/// The private number of a P-256 key as ring writes it: the octet string of 32 bytes in an ECPrivateKey (RFC 5915).
fn scalar(document: &[u8]) -> Vec<u8> {
    let mark = [2, 1, 1, 4, 32];
    let at = document.windows(5).position(|five| five == mark).unwrap() + 5;
    document[at..at + 32].to_vec()
}

fn body<T: DeserializeOwned>(compact: &str) -> T {
    let payload = decode(compact.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// What the server keeps of the only phone, read from its files.
struct Kept {
    id: String,
    registration: String,
    offer_hash: String,
    response: String,
    wrapped: [(&'static str, Vec<u8>); 3],
    wrapping: Secret,
}

impl Kept {
    fn read(world: &World) -> Self {
        let server = world.dir().join("server");
        let rows = database(
            server.join("countersign.db"),
            "SELECT c.id, c.registration, c.offer_hash, r.statement, hex(c.dh_wrapped), hex(c.push_wrapped), \
             hex(c.pin_wrapped) FROM credentials c JOIN responses r ON r.credential = c.id",
        );
        assert_eq!(rows.len(), 1, "one phone, one answer: {rows:?}");
        let row = &rows[0];
        let text = |at: usize| row[at].as_str().unwrap().to_owned();
        let wrapping = std::fs::read_to_string(server.join("wrapping.key")).unwrap();
        let wrapping = decode(wrapping.trim()).unwrap();
        Self {
            id: text(0),
            registration: text(1),
            offer_hash: text(2),
            response: text(3),
            wrapped: [("dh", 4), ("push", 5), ("pin", 6)].map(|(name, at)| (name, hex(&text(at)))),
            wrapping: Secret::new(wrapping.try_into().unwrap()),
        }
    }

    fn secret(&self, name: &str) -> Secret {
        let (_, wrapped) = self
            .wrapped
            .iter()
            .find(|wrapped| wrapped.0 == name)
            .unwrap();
        let context = format!("cs1 wrap\0credential {name}\0{}", self.id);
        let plain = open(&self.wrapping, context.as_bytes(), wrapped).unwrap();
        Secret::new(plain.as_slice().try_into().unwrap())
    }
}

/// Asks a database by the library that Python brings: this crate links none.
fn database(path: PathBuf, query: &str) -> Vec<Value> {
    let script = "import json, sqlite3, sys\n\
                  print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))";
    let mut command = Command::new(python().unwrap());
    let output = command.args(["-c", script]).arg(path).arg(query).output();
    serde_json::from_slice(&output.unwrap().stdout).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

/// A phone that approved once, with everything known that it must not keep.
fn approved(name: &str) -> Story {
    let mut story = Story::begin(name);
    story.enrol();
    story.approve();
    story.know_all();
    story
}

fn both_halves(of: &[&str]) -> Vec<String> {
    let halves = of.iter().flat_map(|name| halves(name, &[]));
    halves.map(|(name, _)| name).collect()
}

#[test]
fn after_an_approval_its_secrets_are_nowhere_in_memory_and_after_closing_none_is() {
    // The first as programs ship; the second to see that the core wipes by itself.
    for name in ["memory-search", "memory-search-unwiped"] {
        let mut story = approved(name);
        // The vault is open, and by these it opens its records.
        let kept = both_halves(&["account key", "data key"]);
        assert_eq!(story.search().names(), kept, "{name}");
        story.ask(json!({"do": "forget"}), "forgotten");
        let kept = both_halves(&["data key"]);
        assert_eq!(story.search().names(), kept, "{name}, forgotten");
        story.ask(json!({"do": "close"}), "closed");
        assert_eq!(story.search().names(), [""; 0], "{name}, closed");
    }
}

#[test]
fn the_search_finds_what_is_left_and_the_allocator_wipes_what_is_freed() {
    let secret: [u8; 64] = std::array::from_fn(|at| (at * 37 + 11) as u8);
    let leave = json!({"do": "leave", "secret": masked(&secret), "pin": masked(PIN)});
    for (name, is_wiped) in [("memory-search", true), ("memory-search-unwiped", false)] {
        let mut story = Story::begin(name);
        story.know("secret", &secret);
        assert_eq!(story.search().names(), [""; 0]);
        story.ask(leave.clone(), "left");
        let left = ["PIN", "secret, first half", "secret, last half"];
        assert_eq!(story.search().names(), left);
        story.ask(json!({"do": "drop"}), "dropped");
        let found = story.search();
        // An entry of a PIN wipes itself; plain bytes don't, and what is allocated later writes over some of them.
        assert!(!found.names().contains(&"PIN"), "{name}");
        assert_eq!(found.names().is_empty(), is_wiped, "{name}");
    }
}

//! What is genuine: the statements and keys of `tests/vectors/protocol.json`.

use countersign_protocol::crypto::{PublicKey, SigningKey};
use countersign_protocol::{Digest, Thumbprint};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static FILE: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../tests/vectors/protocol.json");
    serde_json::from_str(text).expect("the vectors are JSON")
});

/// Every public key.
pub static KEYS: LazyLock<Vec<PublicKey>> = LazyLock::new(|| {
    let keys = FILE["public_keys"].as_object().expect("keys have names");
    let read = |key: &Value| serde_json::from_value(key["jwk"].clone()).expect("a key");
    keys.values().map(read).collect()
});

/// H of every statement, those of the histories too: nobody else's verifies under [`KEYS`].
pub static GENUINE: LazyLock<BTreeSet<Digest>> = LazyLock::new(|| {
    let mut found = BTreeSet::new();
    collect(&FILE, &mut found);
    assert!(found.len() > 30);
    found
});

fn collect(value: &Value, found: &mut BTreeSet<Digest>) {
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner) if inner.is_object() => collect(&inner, found),
            _ => found.extend(hash(text.trim_start_matches("CS1Q:"))),
        },
        Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
        Value::Object(members) => members.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// H of a compact statement, as section 2 says it: without asking the crate that is attacked.
pub fn hash(compact: &str) -> Option<Digest> {
    let (signed, _) = compact.rsplit_once('.')?;
    Some(Digest::of(&[signed.as_bytes()]))
}

/// The root of the server.
pub static ROOT: LazyLock<Thumbprint> = LazyLock::new(|| {
    let root = &FILE["public_keys"]["R"]["thumbprint"];
    serde_json::from_value(root.clone()).expect("a thumbprint")
});

/// The lines of the phone's export.
pub static HISTORY: LazyLock<Vec<String>> = LazyLock::new(|| {
    let lines = FILE["history"].as_array().expect("lines");
    let text = |line: &Value| line.as_str().expect("a text").to_owned();
    lines.iter().map(text).collect()
});

/// S, to sign what a target is given: past its signature the rest of a reader is reached.
pub static S: LazyLock<SigningKey> = LazyLock::new(|| {
    let hex = FILE["public_keys"]["S"]["secret"].as_str();
    let hex = hex.expect("S is a seed");
    let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex");
    SigningKey::ed25519_from_seed(&std::array::from_fn(byte)).expect("a key")
});

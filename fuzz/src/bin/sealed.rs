//! A phone's store and its copy, changed by somebody who hasn't its keys: a copy is taken whole or not at all, and a store that
//! opens holds what it held, or says that it doesn't.
#![no_main]

use countersign_core::Ports;
use countersign_core::adapters::{MemoryCounter, MemoryStore};
use countersign_core::ports::{Batch, Entry, Order};
use countersign_fuzz::server::{self, Phone};
use std::sync::{Arc, LazyLock};

struct Kept {
    ports: Ports,
    copy: Vec<u8>,
    entries: Vec<Entry>,
    history: usize,
}

static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let phone = Phone::new();
    let id = phone.enrol().expect("enrolled");
    let asked = phone.line.server().ask().expect("asked");
    let prompt = phone.app.fetch(&id, &asked).expect("fetched");
    let answer = countersign_core::Answer::Deny { reason: None };
    phone.app.decide(&prompt.id, &answer).expect("decided");
    let history = phone.app.history(9).expect("kept").len();
    let copy = phone.app.export().expect("exported");
    drop(phone.app);
    let entries = phone.ports.store.scan(b"", Order::Rising, usize::MAX);
    let entries = entries.expect("a whole store");
    Kept {
        ports: phone.ports,
        copy,
        entries,
        history,
    }
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((b'c', changes)) => copy(&changed(KEPT.copy.clone(), changes)),
        Some((b'r', bytes)) => copy(bytes),
        Some((b's', [entry, changes @ ..])) => store(usize::from(*entry), changes),
        _ => {}
    }
});

/// Three bytes a change: where, and which bits; the last ones may cut.
fn changed(mut bytes: Vec<u8>, changes: &[u8]) -> Vec<u8> {
    for change in changes.chunks(3) {
        match *change {
            [high, low, bits] if !bytes.is_empty() => {
                let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
                bytes[at] ^= bits;
            }
            [cut, ..] => bytes.truncate(bytes.len().saturating_sub(usize::from(cut))),
            [] => {}
        }
    }
    bytes
}

fn empty() -> Ports {
    Ports {
        store: Arc::new(MemoryStore::new()),
        counter: Arc::new(MemoryCounter::default()),
        ..KEPT.ports.clone()
    }
}

fn copy(bytes: &[u8]) {
    let ports = empty();
    let taken = countersign_core::Authenticator::restore(&ports, bytes);
    assert_eq!(taken.is_ok(), bytes == KEPT.copy, "whole or not at all");
    if taken.is_err() {
        let stored = ports
            .store
            .scan(b"", Order::Rising, 1)
            .expect("a whole store");
        assert!(stored.is_empty(), "half of a copy");
    }
}

fn store(entry: usize, changes: &[u8]) {
    let ports = empty();
    let at = entry % KEPT.entries.len();
    let (key, value) = KEPT.entries[at].clone();
    let value_then = changed(value.clone(), changes);
    let mut batch = Batch::default();
    for (key, value) in &KEPT.entries {
        batch.writes.insert(key.clone(), Some(value.clone()));
    }
    batch.writes.insert(key, Some(value_then.clone()));
    ports.store.commit(&batch).expect("a whole store");
    let seen = server::open(&ports).and_then(|app| {
        let accounts = app.accounts()?.len();
        Ok((accounts, app.history(9)?.len()))
    });
    match seen {
        Ok(seen) => assert_eq!(seen, (1, KEPT.history)),
        Err(_) => assert!(value != value_then, "nothing was changed"),
    }
}

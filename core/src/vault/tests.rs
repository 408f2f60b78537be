//! A vault over a store in memory: what it keeps, and what it makes of a store that somebody changed.

use super::place::{HEAD, HEADER};
use super::testkit::plain_name;
use super::*;
use crate::adapters::{MemoryCounter, MemoryStore, SoftwareKeys};
use crate::ports::{Batch, Entry};
use std::sync::atomic::{AtomicU64, Ordering};

#[path = "copy_tests.rs"]
mod copies;

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Note {
    text: String,
}

impl Record for Note {
    const TREE: &'static str = "note";
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Often(Note);

impl Record for Often {
    const TREE: &'static str = "often";
    const KNOWN_BY_BYTES: bool = true;
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Line(u64);

impl Record for Line {
    const TREE: &'static str = "line";
    const ROOTED: bool = false;
}

fn note(text: &str) -> Note {
    Note {
        text: text.to_owned(),
    }
}

/// A device: what its store and keys are stays when its vault is opened anew.
struct Device {
    store: Arc<MemoryStore>,
    keys: Arc<SoftwareKeys>,
    counter: Arc<MemoryCounter>,
    _folder: tempfile::TempDir,
}

const ANNA: Id = countersign_protocol::encoding::Bytes([1; 16]);
const BEN: Id = countersign_protocol::encoding::Bytes([2; 16]);

impl Device {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            store: Arc::new(MemoryStore::new()),
            keys: Arc::new(SoftwareKeys::new(folder.path())),
            counter: Arc::default(),
            _folder: folder,
        }
    }

    fn open(&self) -> Result<Vault, Fault> {
        Vault::open(self.store.clone(), self.keys.clone(), self.counter.clone())
    }

    /// A vault with one ID in it.
    fn with_anna(&self) -> Vault {
        let vault = self.open().unwrap();
        self.add(&vault, &ANNA);
        vault
    }

    fn add(&self, vault: &Vault, owner: &Id) {
        self.keys
            .make(
                owner,
                crate::ports::Slot::Dev,
                &countersign_protocol::Digest::from([0; 32]),
            )
            .unwrap();
        vault.change(|change| change.adopt(owner)).unwrap();
    }

    fn entries(&self) -> Vec<Entry> {
        self.store.scan(b"", Order::Rising, usize::MAX).unwrap()
    }

    /// Puts the store to other entries, as somebody with access to the files does.
    fn become_entries(&self, entries: Vec<Entry>) {
        let mut writes: std::collections::BTreeMap<_, _> = self
            .entries()
            .into_iter()
            .map(|(key, _)| (key, None))
            .collect();
        writes.extend(entries.into_iter().map(|(key, value)| (key, Some(value))));
        let expects = Default::default();
        self.store.commit(&Batch { expects, writes }).unwrap();
    }
}

fn put(vault: &Vault, place: &Place, text: &str) {
    vault
        .change(|change| change.put(place, &note(text)))
        .unwrap();
}

#[test]
fn records_are_found_by_owner_in_their_order_and_after_opening_anew() {
    let device = Device::new();
    let vault = device.with_anna();
    device.add(&vault, &BEN);
    for number in [2, 1, 300] {
        put(&vault, &Place::numbered(&ANNA, number), &number.to_string());
    }
    put(&vault, &Place::named(&BEN, b"one"), "ben's");
    put(&vault, &Place::device(b"one"), "nobody's");
    drop(vault);
    let vault = device.open().unwrap();
    let texts = |owner: Option<&Id>, order, limit| -> Vec<String> {
        let found = vault.scan::<Note>(owner, order, limit).unwrap();
        found.into_iter().map(|(_, note)| note.text).collect()
    };
    assert_eq!(texts(Some(&ANNA), Order::Rising, 9), ["1", "2", "300"]);
    assert_eq!(texts(Some(&ANNA), Order::Falling, 2), ["300", "2"]);
    assert_eq!(texts(Some(&BEN), Order::Rising, 9), ["ben's"]);
    assert_eq!(texts(None, Order::Rising, 9), ["nobody's"]);
    let found = vault.scan::<Note>(Some(&ANNA), Order::Falling, 1).unwrap();
    assert_eq!(found[0].0.number(), Some(300));
    let read = |place: &Place| vault.read::<Note>(place).unwrap();
    assert_eq!(read(&Place::numbered(&ANNA, 2)), Some(note("2")));
    assert_eq!(read(&Place::numbered(&BEN, 2)), None);
    assert_eq!(vault.owners().unwrap().len(), 2);
}

#[test]
fn a_change_that_was_overtaken_runs_again() {
    let device = Device::new();
    let vault = device.with_anna();
    let (n, m) = (Place::numbered(&ANNA, 1), Place::numbered(&ANNA, 2));
    put(&vault, &n, "0");
    let mut runs = 0;
    let seen = vault.change(|change| {
        let old = change.read::<Note>(&n)?.map(|note| note.text);
        runs += 1;
        if runs == 1 {
            put(&vault, &n, "1");
        }
        change.put(&m, &note("written"))?;
        Ok::<_, Fault>(old)
    });
    assert_eq!((runs, seen.unwrap().as_deref()), (2, Some("1")));
}

#[test]
fn a_change_sees_its_own_writes_and_one_that_changes_nothing_writes_nothing() {
    let device = Device::new();
    let vault = device.with_anna();
    let n = Place::of(&ANNA);
    put(&vault, &n, "0");
    let before = device.entries();
    let mut change = vault.begin();
    assert_eq!(change.read::<Note>(&n).unwrap(), Some(note("0")));
    change.put(&n, &note("1")).unwrap();
    assert_eq!(change.read::<Note>(&n).unwrap(), Some(note("1")));
    change.delete::<Note>(&n).unwrap();
    assert_eq!(change.read::<Note>(&n).unwrap(), None);
    change.put(&n, &note("0")).unwrap();
    assert_eq!(change.read::<Note>(&Place::of(&BEN)).unwrap(), None);
    change.commit().unwrap();
    assert_eq!(device.entries(), before);
}

#[test]
fn what_is_known_by_its_bytes_is_read_anew_when_they_change() {
    let device = Device::new();
    let vault = device.with_anna();
    let place = Place::of(&ANNA);
    for text in ["one", "two"] {
        vault
            .change(|change| change.put(&place, &Often(note(text))))
            .unwrap();
        for _ in 0..2 {
            assert_eq!(
                vault.read::<Often>(&place).unwrap(),
                Some(Often(note(text)))
            );
        }
    }
    vault
        .change(|change| change.delete::<Often>(&place))
        .unwrap();
    assert_eq!(vault.read::<Often>(&place).unwrap(), None);
}

#[test]
fn nothing_that_is_kept_stands_in_the_store_in_clear() {
    let device = Device::new();
    let vault = device.with_anna();
    put(
        &vault,
        &Place::named(&ANNA, b"anna@example.com"),
        "a secret of anna's",
    );
    put(
        &vault,
        &Place::device(b"https://id.example"),
        "a secret of nobody's",
    );
    let all: Vec<u8> = device
        .entries()
        .into_iter()
        .flat_map(|(key, value)| [key, value].concat())
        .collect();
    for part in [
        &b"secret"[..],
        b"anna",
        b"id.example",
        b"note",
        ANNA.as_bytes(),
    ] {
        assert!(!all.windows(part.len()).any(|window| window == part));
    }
}

#[test]
fn without_its_key_nothing_of_a_removed_id_opens_also_not_with_every_old_byte() {
    let device = Device::new();
    let vault = device.with_anna();
    put(&vault, &Place::of(&ANNA), "anna's");
    let old = device.entries();
    vault
        .change(|change| {
            change.delete_all::<Note>(&ANNA)?;
            change.disown(&ANNA)
        })
        .unwrap();
    assert_eq!(vault.read::<Note>(&Place::of(&ANNA)).unwrap(), None);
    assert!(vault.owners().unwrap().is_empty());
    device.keys.delete(&ANNA).unwrap();
    drop(vault);
    // The device and everything that the files still hold.
    device.become_entries(old);
    let thief = Vault::open(
        device.store.clone(),
        device.keys.clone(),
        Arc::<MemoryCounter>::default(),
    );
    let read = thief.unwrap().read::<Note>(&Place::of(&ANNA));
    assert_eq!(read.err(), Some(Fault::Key(KeyError::Invalidated)));
}

#[test]
fn a_key_that_is_lost_takes_its_own_id_alone() {
    let device = Device::new();
    let vault = device.with_anna();
    device.add(&vault, &BEN);
    put(&vault, &Place::of(&ANNA), "anna's");
    put(&vault, &Place::of(&BEN), "ben's");
    drop(vault);
    device.keys.delete(&ANNA).unwrap();
    let vault = device.open().unwrap();
    assert_eq!(
        vault.read::<Note>(&Place::of(&BEN)).unwrap(),
        Some(note("ben's"))
    );
    assert_eq!(
        vault.read::<Note>(&Place::of(&ANNA)).err(),
        Some(Fault::Key(KeyError::Invalidated))
    );
    vault
        .change(|change| {
            change.delete_all::<Note>(&ANNA)?;
            change.disown(&ANNA)
        })
        .unwrap();
    assert_eq!(vault.owners().unwrap(), [BEN]);
}

#[test]
fn a_removed_id_is_no_longer_written_for() {
    let device = Device::new();
    let vault = device.with_anna();
    let mut change = vault.begin();
    assert_eq!(change.read::<Note>(&Place::of(&ANNA)).unwrap(), None);
    vault.change(|change| change.disown(&ANNA)).unwrap();
    let late = change.put(&Place::of(&ANNA), &note("late"));
    assert_eq!(late, Err(Fault::Store(StoreError::Changed)));
    // One that read that there is nobody is overtaken by one that adds somebody.
    let mut change = vault.begin();
    assert_eq!(change.read::<Note>(&Place::of(&BEN)).unwrap(), None);
    change.put(&Place::device(b"x"), &note("x")).unwrap();
    device.add(&vault, &BEN);
    assert!(change.commit().unwrap_err().is_race());
}

#[test]
fn row_48_an_older_copy_is_refused_where_there_is_a_counter() {
    let device = Device::new();
    let vault = device.with_anna();
    put(&vault, &Place::of(&ANNA), "one");
    vault.tell_counter();
    let old = device.entries();
    put(&vault, &Place::of(&ANNA), "two");
    vault.tell_counter();
    drop(vault);
    let new = device.entries();
    device.become_entries(old.clone());
    assert_eq!(device.open().err(), Some(Fault::RolledBack));
    assert_eq!(device.entries(), old, "left as it is");
    device.become_entries(new);
    assert!(device.open().is_ok());
    // Without one it opens, and the server has to notice.
    device.become_entries(old);
    let device = Device {
        counter: Arc::default(),
        ..device
    };
    let vault = device.open().unwrap();
    assert_eq!(
        vault.read::<Note>(&Place::of(&ANNA)).unwrap(),
        Some(note("one"))
    );
}

#[test]
fn row_48_a_commit_that_the_counter_did_not_hear_of_is_none_of_an_older_copy() {
    let device = Device::new();
    let vault = device.with_anna();
    vault.tell_counter();
    let told = device.counter.read().unwrap();
    // Killed before the counter was told.
    put(&vault, &Place::of(&ANNA), "one");
    drop(vault);
    assert_eq!(device.counter.read().unwrap(), told);
    let vault = device.open().unwrap();
    assert_eq!(
        vault.read::<Note>(&Place::of(&ANNA)).unwrap(),
        Some(note("one"))
    );
    assert!(device.counter.read().unwrap().unwrap().version > told.unwrap().version);
}

#[test]
fn row_48_another_vault_than_the_counter_knows_is_an_older_one() {
    let (device, other) = (Device::new(), Device::new());
    device.with_anna().tell_counter();
    other.with_anna().tell_counter();
    let swapped = Device {
        counter: other.counter.clone(),
        ..device
    };
    assert_eq!(swapped.open().err(), Some(Fault::RolledBack));
}

#[test]
fn row_48_nothing_in_the_place_of_a_vault_is_a_lost_one_and_not_made_anew() {
    let device = Device::new();
    // Killed before its first commit, a vault was none.
    let store = Id::from([9; 16]);
    device.counter.write(Count { store, version: 1 }).unwrap();
    let vault = device.with_anna();
    put(&vault, &Place::of(&ANNA), "one");
    vault.tell_counter();
    drop(vault);
    let told = device.counter.read().unwrap();
    device.become_entries(Vec::new());
    assert_eq!(device.open().err(), Some(Fault::RolledBack));
    assert_eq!(device.entries(), [], "left as it is");
    assert_eq!(device.counter.read().unwrap(), told);
}

/// Each place of the store put back to what it held before the last commit, or emptied, or filled with another's bytes.
#[test]
fn row_48_no_single_record_can_be_put_back_taken_away_or_moved() {
    let device = Device::new();
    let vault = device.with_anna();
    let place = |number| Place::numbered(&ANNA, number);
    for number in 1..=3 {
        put(&vault, &place(number), "before");
    }
    let old = device.entries();
    put(&vault, &place(2), "after");
    vault
        .change(|change| change.delete::<Note>(&place(3)))
        .unwrap();
    put(&vault, &place(4), "new");
    drop(vault);
    let new = device.entries();
    let vouched = |key: &[u8]| key != HEADER;
    let mut tried = 0;
    for (key, value) in old.iter().filter(|entry| vouched(&entry.0)) {
        let mut entries = new.clone();
        let at = entries.iter().position(|entry| entry.0 == *key);
        match at {
            Some(at) if entries[at].1 == *value => continue,
            Some(at) => entries[at].1.clone_from(value),
            None => entries.push((key.clone(), value.clone())),
        }
        device.become_entries(entries);
        assert_eq!(device.open().err(), Some(Fault::Damaged));
        tried += 1;
    }
    assert_eq!(tried, 3, "the head, the changed one, the deleted one");
    for at in 0..new.len() {
        let mut entries = new.clone();
        entries.remove(at);
        device.become_entries(entries);
        assert_eq!(device.open().err(), Some(Fault::Damaged), "{at}");
        if new[at].0.first() == Some(&super::place::ROOTED)
            && new[at - 1].0.first() == Some(&super::place::ROOTED)
        {
            let mut entries = new.clone();
            entries[at].1.clone_from(&new[at - 1].1);
            device.become_entries(entries);
            assert_eq!(device.open().err(), Some(Fault::Damaged), "{at}");
        }
    }
    device.become_entries(new);
    assert!(device.open().is_ok());
}

#[test]
fn row_48_no_changed_byte_of_the_store_is_passed_over() {
    let device = Device::new();
    let vault = device.with_anna();
    put(&vault, &Place::of(&ANNA), "one");
    vault
        .change(|change| change.put(&Place::numbered(&ANNA, 1), &Line(7)))
        .unwrap();
    drop(vault);
    let good = device.entries();
    for at in 0..good.len() {
        for byte in 0..good[at].1.len() {
            let mut entries = good.clone();
            entries[at].1[byte] ^= 0x10;
            device.become_entries(entries);
            // Opening sees what was put back or taken away; reading sees the rest.
            let read = device.open().and_then(|vault| {
                vault.read::<Note>(&Place::of(&ANNA))?;
                vault.read::<Line>(&Place::numbered(&ANNA, 1))
            });
            assert!(read.is_err(), "{at} {byte}");
        }
    }
}

#[test]
fn row_48_a_newer_form_is_refused_and_left_as_it_is() {
    let device = Device::new();
    drop(device.with_anna());
    let mut entries = device.entries();
    let at = entries.iter().position(|entry| entry.0 == HEADER).unwrap();
    let mut header = Header::decode(&entries[at].1).ok().unwrap();
    header.schema += 1;
    entries[at].1 = header.encode();
    device.become_entries(entries.clone());
    assert_eq!(device.open().err(), Some(Fault::Newer));
    assert_eq!(device.entries(), entries);
    assert!(entries.iter().any(|entry| entry.0 == HEAD));
}

#[test]
fn row_48_a_store_without_its_header_is_damaged_and_not_made_anew() {
    let device = Device::new();
    drop(device.with_anna());
    let mut entries = device.entries();
    entries.retain(|entry| entry.0 != HEADER);
    device.become_entries(entries.clone());
    assert_eq!(device.open().err(), Some(Fault::Damaged));
    assert_eq!(device.entries(), entries);
}

#[test]
fn a_store_in_clear_is_brought_up_to_date_at_once_or_not_at_all() {
    let device = Device::new();
    let index = plain_name::<crate::account::Index>("some-digest");
    let json = format!(r#"{{"owner":"{ANNA}"}}"#);
    let value = [&[1][..], json.as_bytes()].concat();
    device.become_entries(vec![(index.clone(), value.clone())]);
    let vault = device.open().unwrap();
    let found: Option<crate::account::Index> = vault.read(&Place::device(b"some-digest")).unwrap();
    assert_eq!(found.unwrap().owner, ANNA);
    assert!(device.entries().iter().all(|entry| entry.0 != index));
    drop(vault);
    assert!(device.open().is_ok());

    for bad in [
        (index.clone(), [&[2][..], json.as_bytes()].concat()),
        (index.clone(), Vec::new()),
        (index.clone(), value[..value.len() - 1].to_vec()),
        (index.clone(), [&value[..], b"}"].concat()),
        (b"index".to_vec(), value.clone()),
        (b"unknown/x".to_vec(), value.clone()),
        (b"account/not an id".to_vec(), value.clone()),
        (format!("history/{ANNA}/xyz").into_bytes(), value),
    ] {
        let device = Device::new();
        device.become_entries(vec![bad.clone()]);
        assert_eq!(device.open().err(), Some(Fault::Damaged));
        assert_eq!(device.entries(), [bad]);
    }
}

#[test]
fn many_threads_make_one_vault_of_all_their_changes() {
    let device = Device::new();
    let vault = device.with_anna();
    put(&vault, &Place::of(&ANNA), "0");
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let vault = &vault;
            scope.spawn(move || {
                for turn in 0..8 {
                    let add = || {
                        vault.change(|change| {
                            let old = change.read::<Note>(&Place::of(&ANNA))?;
                            let n: u64 = old.unwrap().text.parse().unwrap();
                            change.put(&Place::numbered(&ANNA, thread * 8 + turn + 1), &Line(n))?;
                            change.put(&Place::of(&ANNA), &note(&(n + 1).to_string()))
                        })
                    };
                    while add().is_err() {}
                }
            });
        }
    });
    drop(vault);
    let vault = device.open().unwrap();
    assert_eq!(
        vault.read::<Note>(&Place::of(&ANNA)).unwrap(),
        Some(note("32"))
    );
    assert_eq!(vault.all::<Line>(Some(&ANNA)).unwrap().len(), 32);
}

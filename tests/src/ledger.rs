//! What a store should hold after so many commits, to the byte: what writes it and what judges it can't disagree.
//!
//! Commit n sets `head` to n, adds one numbered entry, sets three of sixteen slots, and deletes the entry
//! that fell out of the window. So the whole content is known from n alone: an entry that is missing, half there, changed or
//! risen again is seen, and so is a store that is whole and older than what was acknowledged.

use countersign_core::ports::{Batch, Entry, Order, Store, StoreError};
use std::collections::BTreeMap;

/// Entries that are kept.
const WINDOW: u64 = 24;

/// Slots that are set in turns, [`AT_ONCE`] by each commit; fewer than entries are kept.
const SLOTS: u64 = 16;
const AT_ONCE: u64 = 3;

/// What a store was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Exactly what that many commits leave.
    Whole(u64),
    /// It says that something is wrong.
    Typed(StoreError),
    /// It says nothing, and holds what that many commits leave: fewer than were acknowledged.
    RolledBack(u64),
    /// It says nothing, and holds what no number of commits leaves.
    Altered,
}

/// The n-th commit; the first is 1.
pub fn commit(n: u64) -> Batch {
    let mut writes: BTreeMap<_, _> = written(n)
        .into_iter()
        .map(|(key, value)| (key, Some(value)))
        .collect();
    if let Some(old) = n.checked_sub(WINDOW).filter(|old| *old > 0) {
        writes.insert(entry_key(old), None);
    }
    Batch {
        // As the core commits: only on what it knows.
        expects: [(head_key(), (n > 1).then(|| value(n - 1, 0, 8)))].into(),
        writes,
    }
}

/// Reads a store to the end, by scan and one by one, and compares it with what `acknowledged` commits or one more
/// leave: the last may have been under way.
pub fn judge(store: &dyn Store, acknowledged: u64) -> Verdict {
    match (content(store), head(store)) {
        (Err(fault), _) | (_, Err(fault)) => Verdict::Typed(fault),
        (Ok(_), Ok(n)) if n > acknowledged.saturating_add(1) => Verdict::Altered,
        (Ok(found), Ok(n)) if found != expected(n) => Verdict::Altered,
        (Ok(_), Ok(n)) if n < acknowledged => Verdict::RolledBack(n),
        (Ok(_), Ok(n)) => Verdict::Whole(n),
    }
}

/// How many commits a store says that it holds.
pub fn head(store: &dyn Store) -> Result<u64, StoreError> {
    let found = store.read(&head_key())?;
    let number = |bytes: Vec<u8>| {
        let first = bytes.first_chunk().copied();
        first.map_or(u64::MAX, u64::from_be_bytes)
    };
    Ok(found.map_or(0, number))
}

fn content(store: &dyn Store) -> Result<Vec<Entry>, StoreError> {
    let all = store.scan(b"", Order::Rising, usize::MAX)?;
    let mut falling = store.scan(b"", Order::Falling, usize::MAX)?;
    falling.reverse();
    let mut same = falling == all;
    for (key, value) in &all {
        same &= store.read(key)?.as_ref() == Some(value);
    }
    // Two answers to one question: nothing that commits leave.
    Ok(if same { all } else { vec![Entry::default()] })
}

fn expected(n: u64) -> Vec<Entry> {
    // What was written longer ago was deleted or overwritten since.
    let mut content = BTreeMap::new();
    for n in n.saturating_sub(WINDOW) + 1..=n {
        content.extend(written(n));
    }
    content.into_iter().collect()
}

fn written(n: u64) -> Vec<Entry> {
    let slots = (0..AT_ONCE).map(|at| {
        let key = [
            b"slot/",
            &[u8::try_from((n + 5 * at) % SLOTS).unwrap_or(0)][..],
        ]
        .concat();
        (key, value(n, 1 + at, 60))
    });
    let entry = (
        entry_key(n),
        value(n, 9, 100 + usize::from(n.to_be_bytes()[7]) * 3),
    );
    let head = (head_key(), value(n, 0, 8));
    slots.chain([entry, head]).collect()
}

fn head_key() -> Vec<u8> {
    b"head".to_vec()
}

fn entry_key(n: u64) -> Vec<u8> {
    [b"entry/", &n.to_be_bytes()[..]].concat()
}

/// The number, then bytes that only that number and place have.
fn value(n: u64, place: u64, length: usize) -> Vec<u8> {
    let mut random = Random(n.wrapping_mul(0x1_0001).wrapping_add(place));
    let mut bytes = n.to_be_bytes().to_vec();
    while bytes.len() < length {
        bytes.extend(random.draw().to_be_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// SplitMix64: numbers that a seed decides.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw() % end.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::adapters::MemoryStore;

    fn store_of(n: u64) -> MemoryStore {
        let store = MemoryStore::new();
        for n in 1..=n {
            store.commit(&commit(n)).unwrap();
        }
        store
    }

    #[test]
    fn any_number_of_commits_is_whole_and_one_more_may_be_under_way() {
        for n in 0..100 {
            let store = store_of(n);
            assert_eq!(judge(&store, n), Verdict::Whole(n));
            assert_eq!(judge(&store, n.saturating_sub(1)), Verdict::Whole(n));
            assert_eq!(judge(&store, n + 1), Verdict::RolledBack(n));
        }
        assert_eq!(judge(&store_of(9), 7), Verdict::Altered);
    }

    #[test]
    fn anything_missing_changed_added_or_half_there_is_seen() {
        let good = store_of(60);
        let all = good.scan(b"", Order::Rising, usize::MAX).unwrap();
        let change = |key: &[u8], value: Option<Vec<u8>>| {
            let store = store_of(60);
            let writes = [(key.to_vec(), value)].into();
            let expects = BTreeMap::new();
            store.commit(&Batch { expects, writes }).unwrap();
            assert!(!matches!(judge(&store, 60), Verdict::Whole(_)), "{key:?}");
        };
        for (key, value) in all {
            let mut other = value.clone();
            other[0] ^= 1;
            change(&key, None);
            change(&key, Some(other));
            change(&key, Some(value[1..].to_vec()));
        }
        change(&entry_key(1), Some(value(1, 9, 103)));
        for (key, value) in commit(61).writes {
            change(&key, value);
        }
    }
}

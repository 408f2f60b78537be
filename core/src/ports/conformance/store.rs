//! What every store does, whatever keeps it.

use crate::ports::{Batch, Order, Store, StoreError};
use std::sync::Arc;

type Make<'a> = &'a dyn Fn() -> Arc<dyn Store>;

pub(crate) fn store(make: Make<'_>) {
    keeps_what_was_written(make);
    scans_a_prefix_in_order(make);
    scans_around_the_highest_byte(make);
    scans_no_more_than_asked(make);
    finds_the_last_wherever_they_lie(make);
    writes_all_or_nothing(make);
    tells_nothing_from_empty(make);
    asks_without_writing(make);
    takes_any_bytes(make);
    takes_a_large_batch(make);
    shows_no_half_commit(make);
    lets_one_of_many_win(make);
}

fn batch(expects: &[(&str, Option<&str>)], writes: &[(&str, Option<&str>)]) -> Batch {
    let bytes = |text: &str| text.as_bytes().to_vec();
    let owned = |list: &[(&str, Option<&str>)]| {
        list.iter()
            .map(|(key, value)| (bytes(key), value.map(bytes)))
            .collect()
    };
    Batch {
        expects: owned(expects),
        writes: owned(writes),
    }
}

fn read(store: &dyn Store, key: &str) -> Option<String> {
    store
        .read(key.as_bytes())
        .unwrap()
        .map(|value| String::from_utf8(value).unwrap())
}

fn keys(store: &dyn Store, prefix: &str, order: Order, limit: usize) -> Vec<String> {
    let found = store.scan(prefix.as_bytes(), order, limit).unwrap();
    found
        .into_iter()
        .map(|(key, _)| String::from_utf8(key).unwrap())
        .collect()
}

fn keeps_what_was_written(make: Make<'_>) {
    let store = make();
    assert_eq!(read(&*store, "a"), None);
    store
        .commit(&batch(&[], &[("a", Some("1")), ("b", Some(""))]))
        .unwrap();
    assert_eq!(read(&*store, "a").as_deref(), Some("1"));
    assert_eq!(read(&*store, "b").as_deref(), Some(""));
    store
        .commit(&batch(
            &[],
            &[("a", Some("2")), ("b", None), ("never", None)],
        ))
        .unwrap();
    assert_eq!(read(&*store, "a").as_deref(), Some("2"));
    assert_eq!(read(&*store, "b"), None);
    store.commit(&Batch::default()).unwrap();
}

fn scans_a_prefix_in_order(make: Make<'_>) {
    let store = make();
    for key in ["b/2", "a/9", "b/1", "b/3", "c", "b", "b0"] {
        store.commit(&batch(&[], &[(key, Some("x"))])).unwrap();
    }
    assert_eq!(keys(&*store, "b/", Order::Rising, 9), ["b/1", "b/2", "b/3"]);
    assert_eq!(keys(&*store, "b/", Order::Falling, 2), ["b/3", "b/2"]);
    assert_eq!(keys(&*store, "b/", Order::Rising, 1), ["b/1"]);
    assert_eq!(keys(&*store, "", Order::Rising, 2), ["a/9", "b"]);
    assert_eq!(keys(&*store, "d", Order::Falling, 9), [""; 0]);
}

fn bytes_batch(writes: &[(&[u8], &[u8])]) -> Batch {
    let writes = writes
        .iter()
        .map(|(key, value)| (key.to_vec(), Some(value.to_vec())));
    Batch {
        writes: writes.collect(),
        ..Batch::default()
    }
}

fn scans_around_the_highest_byte(make: Make<'_>) {
    let store = make();
    let all: [&[u8]; 7] = [
        b"",
        b"\xfe",
        b"\xfe\xff",
        b"\xfe\xff\xff\x01",
        b"\xff",
        b"\xff\x00",
        b"\xff\xff",
    ];
    store
        .commit(&bytes_batch(&all.map(|key| (key, &b"x"[..]))))
        .unwrap();
    for (prefix, expected) in [
        (&b""[..], &all[..]),
        (b"\xfe", &all[1..4]),
        (b"\xfe\xff", &all[2..4]),
        (b"\xfe\xff\xff", &all[3..4]),
        (b"\xff", &all[4..]),
        (b"\xff\xff", &all[6..]),
        (b"\xff\xff\xff", &[]),
    ] {
        let mut expected: Vec<Vec<u8>> = expected.iter().map(|key| key.to_vec()).collect();
        for order in [Order::Rising, Order::Falling] {
            let found = store.scan(prefix, order, usize::MAX).unwrap();
            let found: Vec<Vec<u8>> = found.into_iter().map(|(key, _)| key).collect();
            assert_eq!(found, expected, "{prefix:?} {order:?}");
            expected.reverse();
        }
    }
}

fn scans_no_more_than_asked(make: Make<'_>) {
    let store = make();
    let written = [("a/1", Some("x")), ("a/2", Some("x")), ("b", Some("x"))];
    for order in [Order::Rising, Order::Falling] {
        assert_eq!(keys(&*store, "", order, usize::MAX), [""; 0]);
    }
    store.commit(&batch(&[], &written)).unwrap();
    for order in [Order::Rising, Order::Falling] {
        assert_eq!(keys(&*store, "a/", order, 0), [""; 0]);
        assert_eq!(keys(&*store, "a/", order, 1).len(), 1);
        assert_eq!(keys(&*store, "a/", order, usize::MAX).len(), 2);
    }
}

/// Numbers without gaps and with wide ones, short keys, long ones that differ only far behind, and neighbours of the prefix.
fn finds_the_last_wherever_they_lie(make: Make<'_>) {
    let store = make();
    let numbers = (0..70).chain([1 << 20, 1 << 40, u64::MAX - 1, u64::MAX]);
    let mut written: Vec<Vec<u8>> = numbers
        .map(|number: u64| [b"p", &number.to_be_bytes()[..]].concat())
        .collect();
    for end in [&b""[..], b"\0", b"\0\0\x01", b"\x80", b"\xff"] {
        written.push([b"p", end].concat());
    }
    written.extend((0..9).map(|last| [b"p 234567890", &[last][..]].concat()));
    written.extend([&b"o\xff"[..], b"q", b""].map(<[u8]>::to_vec));
    let entries: Vec<(&[u8], &[u8])> = written.iter().map(|key| (&key[..], &b"x"[..])).collect();
    store.commit(&bytes_batch(&entries)).unwrap();
    for prefix in [&b""[..], b"p", b"p\0", b"p 2", b"p\xff\xff", b"o", b"r"] {
        let mut all = store.scan(prefix, Order::Rising, usize::MAX).unwrap();
        all.reverse();
        for limit in [1, 2, 3, 10, 50, 90, usize::MAX] {
            let last = store.scan(prefix, Order::Falling, limit).unwrap();
            assert_eq!(last, all[..limit.min(all.len())], "{prefix:?} {limit}");
        }
    }
}

/// A key with an empty value, the empty key, and no key at all are three things.
fn tells_nothing_from_empty(make: Make<'_>) {
    let store = make();
    store
        .commit(&batch(&[], &[("", Some("0")), ("e", Some(""))]))
        .unwrap();
    assert_eq!(read(&*store, "").as_deref(), Some("0"));
    for wrong in [("e", None), ("e", Some("0")), ("n", Some("")), ("", None)] {
        let refused = store.commit(&batch(&[wrong], &[("w", Some("1"))]));
        assert_eq!(refused, Err(StoreError::Changed), "{wrong:?}");
    }
    let right = [("e", Some("")), ("n", None), ("", Some("0"))];
    store
        .commit(&batch(&right, &[("", None), ("e", None)]))
        .unwrap();
    assert_eq!(keys(&*store, "", Order::Rising, 9), [""; 0]);
}

fn asks_without_writing(make: Make<'_>) {
    let store = make();
    store.commit(&batch(&[("a", None)], &[])).unwrap();
    store.commit(&batch(&[], &[("a", Some("1"))])).unwrap();
    store.commit(&batch(&[("a", Some("1"))], &[])).unwrap();
    let refused = store.commit(&batch(&[("a", None)], &[]));
    assert_eq!(refused, Err(StoreError::Changed));
    // Refused often, it goes on.
    store.commit(&batch(&[], &[("a", Some("2"))])).unwrap();
    assert_eq!(read(&*store, "a").as_deref(), Some("2"));
}

fn takes_a_large_batch(make: Make<'_>) {
    const MANY: usize = 3_000;
    let store = make();
    let named: Vec<Vec<u8>> = (0..MANY)
        .map(|n| format!("k/{n:05}").into_bytes())
        .collect();
    let all = |value: Option<Vec<u8>>| {
        let writes = named.iter().map(|key| (key.clone(), value.clone()));
        writes.collect::<std::collections::BTreeMap<_, _>>()
    };
    let (nothing, something) = (all(None), all(Some(vec![7; 200])));
    let change = |expects, writes| store.commit(&Batch { expects, writes });
    change(nothing.clone(), something.clone()).unwrap();
    let found = store.scan(b"k/", Order::Rising, usize::MAX).unwrap();
    assert_eq!(found.len(), MANY);
    assert!(found.into_iter().map(|(key, _)| key).eq(named.clone()));
    assert_eq!(
        change(nothing.clone(), nothing.clone()),
        Err(StoreError::Changed)
    );
    change(something, nothing).unwrap();
    assert_eq!(keys(&*store, "k/", Order::Falling, 9), [""; 0]);
}

/// Keys that always change together are never seen apart, in one scan.
fn shows_no_half_commit(make: Make<'_>) {
    let store = make();
    let together = |n: u8| {
        let writes = (0..50).map(|key| (vec![b'p', key], Some(vec![n; 100])));
        Batch {
            writes: writes.collect(),
            ..Batch::default()
        }
    };
    store.commit(&together(0)).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..=60 {
                store.commit(&together(n)).unwrap();
            }
        });
        for _ in 0..200 {
            let found = store.scan(b"p", Order::Falling, 99).unwrap();
            assert_eq!(found.len(), 50);
            assert!(found.iter().all(|(_, value)| *value == found[0].1));
        }
    });
}

fn writes_all_or_nothing(make: Make<'_>) {
    let store = make();
    store
        .commit(&batch(&[("a", None)], &[("a", Some("1"))]))
        .unwrap();
    for expects in [
        &[("a", None)][..],
        &[("a", Some("2"))],
        &[("a", Some("1")), ("b", Some("1"))],
    ] {
        let refused = store.commit(&batch(expects, &[("a", Some("9")), ("c", Some("9"))]));
        assert_eq!(refused, Err(StoreError::Changed));
        assert_eq!(
            (read(&*store, "a").as_deref(), read(&*store, "c")),
            (Some("1"), None)
        );
    }
    store
        .commit(&batch(
            &[("a", Some("1")), ("b", None)],
            &[("c", Some("1"))],
        ))
        .unwrap();
    assert_eq!(read(&*store, "c").as_deref(), Some("1"));
}

fn takes_any_bytes(make: Make<'_>) {
    let store = make();
    let (key, value) = ((0..=255).collect::<Vec<u8>>(), vec![0xff; 70_000]);
    let writes = [(key.clone(), Some(value.clone()))];
    store
        .commit(&Batch {
            writes: writes.into(),
            ..Batch::default()
        })
        .unwrap();
    assert_eq!(store.read(&key).unwrap(), Some(value));
}

fn lets_one_of_many_win(make: Make<'_>) {
    let store = make();
    store.commit(&batch(&[], &[("n", Some("0"))])).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    add_one(&*store);
                }
            });
        }
    });
    assert_eq!(read(&*store, "n").as_deref(), Some("40"));
}

fn add_one(store: &dyn Store) {
    loop {
        let old = read(store, "n").unwrap();
        let new = (old.parse::<u32>().unwrap() + 1).to_string();
        match store.commit(&batch(&[("n", Some(&old))], &[("n", Some(&new))])) {
            Ok(()) => return,
            Err(fault) => assert_eq!(fault, StoreError::Changed),
        }
    }
}

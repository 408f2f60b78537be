//! What every store does.

use crate::ports::{Batch, Order, Store, StoreError};
use std::sync::Arc;

type Make<'a> = &'a dyn Fn() -> Arc<dyn Store>;

pub(crate) fn store(make: Make<'_>) {
    keeps_what_was_written(make);
    scans_a_prefix_in_order(make);
    writes_all_or_nothing(make);
    takes_any_bytes(make);
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

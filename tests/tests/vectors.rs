//! The published vectors: each is judged as it says, and none is changed once it is there.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

use countersign_tests::vectors::{judge, merge, topics};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The topics that the core and the server read, each beside the code that answers.
const READ_ELSEWHERE: [&str; 2] = ["challenges", "responses"];

fn there(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap()
}

#[test]
fn every_vector_is_answered_as_it_says() {
    let mut all = 0;
    for topic in topics() {
        if READ_ELSEWHERE.contains(&topic.name) {
            continue;
        }
        let file: Value = serde_json::from_str(&there(topic.name)).unwrap();
        let vectors = file["vectors"].as_array().unwrap();
        let wrong: Vec<String> = vectors
            .iter()
            .filter_map(|vector| match judge(&file, vector) {
                Ok(judged) => judged.complaint(vector),
                Err(unread) => Some(unread),
            })
            .collect();
        assert_eq!(wrong, [""; 0], "{}", topic.name);
        all += vectors.len();
    }
    assert!(all > 600, "{all}");
}

#[test]
fn a_vector_that_expected_something_else_is_seen() {
    for topic in topics() {
        if READ_ELSEWHERE.contains(&topic.name) {
            continue;
        }
        let file: Value = serde_json::from_str(&there(topic.name)).unwrap();
        for vector in file["vectors"].as_array().unwrap() {
            let judged = judge(&file, vector).unwrap();
            let told = judged.outputs().filter(|name| vector.get(*name).is_some());
            for name in told.chain(["expect"]) {
                let mut bent = vector.clone();
                bent[name] = json!("something else");
                let differs = vector["expect"] == "differs" && name != "expect";
                assert!(
                    differs || judged.complaint(&bent).is_some(),
                    "{vector}: {name}"
                );
            }
        }
    }
}

#[test]
fn making_them_anew_changes_nothing() {
    for topic in topics() {
        let there = there(topic.name);
        assert!(
            merge(&there, &topic).as_ref() == Ok(&there),
            "{}",
            topic.name
        );
    }
}

#[test]
fn every_kind_has_a_good_one_and_hostile_siblings() {
    for topic in topics() {
        let mut kinds: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
        for vector in topic.vectors() {
            let hostile = usize::from(vector["expect"] != "ok");
            kinds.entry(vector["op"].as_str().unwrap()).or_default()[hostile] += 1;
        }
        for (op, [good, hostile]) in kinds {
            // These are functions of anything: there is nothing to refuse.
            let total = matches!(op, "thumbprint" | "set" | "view");
            assert!(good > 0 || topic.name == "responses", "{op}");
            assert!(total || hostile > 0, "{op}");
        }
    }
}

#[test]
fn all_of_them_together_are_small() {
    let sizes = topics().into_iter().map(|topic| there(topic.name).len());
    let all: usize = sizes.sum();
    assert!(all < 900_000, "{all}");
}

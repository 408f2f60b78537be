//! An exported history with its broken siblings, and receipts.

use super::book::Topic;
use super::published::{Published, payload, signed};
use super::receipts;
use serde_json::{Value, json};

pub(super) fn topic() -> Topic {
    let mut topic = Topic::new("histories");
    let published = Published::load();
    histories(&mut topic, &published);
    other_files(&mut topic, &published);
    receipts::add(&mut topic, &published);
    topic
}

/// What is found: the code, and where one is meant the line and the `ctr`.
type Found = (&'static str, Option<u64>, Option<u64>);

fn lines(published: &Published) -> Vec<String> {
    serde_json::from_value(published.at("/history").clone()).unwrap_or_default()
}

/// Lines as they are written there: a number for one of the good history, the text for another.
fn short(published: &Published, all: &[String]) -> Value {
    let good = lines(published);
    let number = |line: &String| good.iter().position(|known| known == line);
    let short = all.iter().map(|line| match number(line) {
        Some(at) => json!(at + 1),
        None => json!(line),
    });
    Value::Array(short.collect())
}

fn vector(
    published: &Published,
    lines: &[String],
    vouched: Option<(u64, u64)>,
    found: &[Found],
) -> Value {
    json!({ "root": published.thumbprint("R"), "lines": short(published, lines), "vouched": vouched.map(|(from, to)| json!([from, to])),
        "by_phone": null, "findings": found })
}

fn histories(topic: &mut Topic, published: &Published) {
    let good = lines(published);
    // Line 1 is the header; keys are 2 to 4, states 5 to 7, answers 8 to 14.
    let whole = vector(published, &good, Some((1, 7)), &[]);
    topic.add("history/good", "history", "ok", whole.clone());
    let mut known = whole.clone();
    known["dev"] = json!(published.thumbprint("K_dev"));
    known["by_phone"] = json!([1, 7]);
    topic.add("history/phone-known", "history", "ok", known);
    let mut deposited = whole.clone();
    deposited["deposited"] = json!(published.hash("response_deny"));
    deposited["by_phone"] = json!([1, 3]);
    topic.add("history/deposited", "history", "ok", deposited);
    let mut later = whole.clone();
    later["lines"] = short(
        published,
        &bent(&good, |lines| {
            lines.drain(7..10);
            lines[0] = lines[0].replacen("\"from\":1", "\"from\":4", 1);
        }),
    );
    later["vouched"] = json!([4, 7]);
    topic.add("history/begins-later", "history", "ok", later);
    let code = |statement: &str| json!({ "challenge": published.statement(statement) }).to_string();
    let with_code = bent(&good, |lines| lines.insert(9, code("challenge_offline")));
    topic.add(
        "history/code-shown",
        "history",
        "ok",
        vector(published, &with_code, Some((1, 7)), &[]),
    );

    let mut add = |id: &str,
                   vouched: Option<(u64, u64)>,
                   found: &[Found],
                   change: &dyn Fn(&mut Vec<String>)| {
        let lines = bent(&good, change);
        topic.add(
            &format!("history/{id}"),
            "history",
            "found",
            vector(published, &lines, vouched, found),
        );
    };
    add(
        "removed",
        Some((1, 1)),
        &[("removed", Some(9), Some(3))],
        &|lines| drop(lines.remove(8)),
    );
    add(
        "first-removed",
        None,
        &[("header.from", Some(8), Some(2))],
        &|lines| drop(lines.remove(7)),
    );
    add(
        "last-removed",
        Some((1, 6)),
        &[("header.to", Some(1), None)],
        &|lines| drop(lines.pop()),
    );
    add(
        "swapped",
        Some((1, 1)),
        &[("moved", Some(10), Some(2))],
        &|lines| lines.swap(8, 9),
    );
    add(
        "repeated",
        Some((1, 2)),
        &[("repeated", Some(10), Some(2))],
        &|lines| lines.insert(9, lines[8].clone()),
    );
    add(
        "root-keys-removed",
        None,
        &[("keys.root", Some(2), None)],
        &|lines| {
            lines.drain(1..3);
        },
    );
    add(
        "states-removed",
        None,
        &[("header.jwks", Some(1), None)],
        &|lines| drop(lines.remove(6)),
    );
    add(
        "states-swapped",
        None,
        &[("state.sn", Some(7), None)],
        &|lines| lines.swap(5, 6),
    );
    add("keys-swapped", None, &[("keys", Some(3), None)], &|lines| {
        lines.swap(1, 2)
    });
    add(
        "keys-behind-states",
        None,
        &[("line.place", Some(6), None)],
        &|lines| {
            let keys = lines.remove(3);
            lines.insert(5, keys);
        },
    );
    add(
        "header-twice",
        None,
        &[("line.place", Some(2), None)],
        &|lines| lines.insert(1, lines[0].clone()),
    );
    add(
        "no-json",
        Some((1, 1)),
        &[("line", Some(9), None)],
        &|lines| lines[8] = "x".to_owned(),
    );
    add(
        "line-as-a-list",
        Some((1, 1)),
        &[("line", Some(9), None)],
        &|lines| {
            let entry: Value = serde_json::from_str(&lines[8]).unwrap_or_default();
            let list = ["challenge", "response", "verdict"].map(|name| entry[name].clone());
            lines[8] = json!(list).to_string();
        },
    );
    add(
        "line-with-more",
        Some((1, 1)),
        &[("line", Some(9), None)],
        &|lines| {
            lines[8] = lines[8].replacen('{', "{\"more\":1,", 1);
        },
    );
    add(
        "challenge-changed",
        Some((1, 1)),
        &[("challenge", Some(9), None)],
        &|lines| {
            lines[8] = lines[8].replacen("\"challenge\":\"e", "\"challenge\":\"f", 1);
        },
    );
    add(
        "verdict-of-another",
        Some((1, 1)),
        &[("verdict.challenge", Some(9), Some(2))],
        &|lines| {
            let other = published.statement("verdict");
            lines[8] = lines[8].replacen(published.statement("verdict_uv"), other, 1);
        },
    );
    add(
        "challenge-of-another",
        Some((1, 1)),
        &[("response.challenge", Some(9), Some(2))],
        &|lines| {
            let other = published.statement("challenge");
            lines[8] = lines[8].replacen(published.statement("challenge_transaction"), other, 1);
        },
    );
    add(
        "code-of-no-offline-request",
        Some((1, 2)),
        &[("challenge.mode", Some(10), None)],
        &|lines| {
            lines.insert(9, code("challenge"));
        },
    );
    signed_again(topic, published, &good);
    for (id, member, value, found) in [
        (
            "another-root",
            "root",
            published.thumbprint("R2"),
            ("keys.root", Some(2), None),
        ),
        (
            "another-phone",
            "dev",
            published.thumbprint("K_uv"),
            ("dev", Some(5), None),
        ),
    ] {
        let mut vector = vector(published, &good, None, &[found]);
        vector[member] = json!(value);
        topic.add(&format!("history/{id}"), "history", "found", vector);
    }
    let mut missing = vector(published, &good, Some((1, 7)), &[("deposited", None, None)]);
    missing["deposited"] = json!(published.hash("challenge"));
    topic.add("history/deposited-elsewhere", "history", "found", missing);
    for (id, first) in [
        ("no-header", good[1].clone()),
        (
            "header-of-a-later-version",
            good[0].replacen("\"cs1-history\":1", "\"cs1-history\":2", 1),
        ),
        (
            "header-of-a-later-version-with-other-members",
            "{\"cs1-history\":2,\"new\":1}".to_owned(),
        ),
        (
            "header-with-true-for-1",
            good[0].replacen("\"cs1-history\":1", "\"cs1-history\":true", 1),
        ),
        ("header-without-keys", with_jwks(&good[0], json!([]))),
        (
            "header-with-a-key-of-a-server",
            with_jwks(&good[0], json!([published.public("S")])),
        ),
        (
            "header-from-0",
            good[0]
                .replacen("\"from\":1", "\"from\":0", 1)
                .replacen("\"to\":7", "\"to\":0", 1),
        ),
    ] {
        let expect = if id.contains("version") {
            "version"
        } else {
            "line"
        };
        let lines = bent(&good, |lines| lines[0] = first.clone());
        let vector =
            json!({ "root": published.thumbprint("R"), "lines": short(published, &lines) });
        topic.add(&format!("history/{id}"), "history", expect, vector);
    }
}

fn with_jwks(header: &str, jwks: Value) -> String {
    let mut header: Value = serde_json::from_str(header).unwrap_or_default();
    header["jwks"] = jwks;
    header.to_string()
}

fn bent(good: &[String], change: impl Fn(&mut Vec<String>)) -> Vec<String> {
    let mut lines = good.to_vec();
    change(&mut lines);
    lines
}

/// Members that were bent and rightly signed, in the second entry or before it.
fn signed_again(topic: &mut Topic, published: &Published, good: &[String]) {
    let again = |name: &str, typ: &str, key: &str, from: &str, to: &str| {
        let says = payload(published.statement(name));
        assert!(says.contains(from), "{name}: {from}");
        signed(typ, &says.replacen(from, to, 1), &published.key(key))
    };
    let mut add = |id: &str, at: usize, old: &str, new: String, vouched, found: &[Found]| {
        let lines = bent(good, |lines| {
            lines[at] = lines[at].replacen(published.statement(old), &new, 1)
        });
        topic.add(
            &format!("history/{id}"),
            "history",
            "found",
            vector(published, &lines, vouched, found),
        );
    };
    let (server, phone) = ("https://id.example.com", "https://id.example.org");
    let keys = again(
        "keys_by_next_root",
        "cs1-keys+jwt",
        "R2",
        "\"n\":3",
        "\"n\":2",
    );
    add(
        "keys-that-do-not-rise",
        3,
        "keys_by_next_root",
        keys,
        None,
        &[("keys.n", Some(4), None)],
    );
    let keys = again("keys_by_next_root", "cs1-keys+jwt", "R2", server, phone);
    add(
        "keys-of-another-server",
        3,
        "keys_by_next_root",
        keys,
        None,
        &[("keys.iss", Some(4), None)],
    );
    let state = again("state_active", "cs1-state+jwt", "S", server, phone);
    add(
        "state-of-another-server",
        5,
        "state_active",
        state,
        None,
        &[("state.iss", Some(6), None)],
    );
    let credential = "3gY6bzyfpY8jcCWRkahUcg";
    let other = "AAAAAAAAAAAAAAAAAAAAAA";
    let state = again("state_active", "cs1-state+jwt", "S", credential, other);
    add(
        "state-of-another-phone",
        5,
        "state_active",
        state,
        None,
        &[("state.aud", Some(6), None)],
    );
    let (dev, dev2) = (
        published.thumbprint("K_dev"),
        published.thumbprint("K_dev of a second phone"),
    );
    let state = again("state_active", "cs1-state+jwt", "S", dev, dev2);
    add(
        "state-with-another-key",
        5,
        "state_active",
        state,
        None,
        &[("state.dev", Some(6), None)],
    );
    let state = again(
        "state_active",
        "cs1-state+jwt",
        "R2",
        "\"sn\":2",
        "\"sn\":2",
    );
    add(
        "state-by-a-key-that-signs-nothing",
        5,
        "state_active",
        state,
        None,
        &[("state", Some(6), None)],
    );
    let verdict = again(
        "verdict_uv",
        "cs1-verdict+jwt",
        "S",
        "\"iat\":1800001030",
        "\"iat\":1800009000",
    );
    add(
        "verdict-too-late",
        8,
        "verdict_uv",
        verdict,
        Some((1, 1)),
        &[("verdict.iat", Some(9), Some(2))],
    );
    let verdict = again(
        "verdict_uv",
        "cs1-verdict+jwt",
        "S",
        published.hash("response_uv"),
        published.hash("response"),
    );
    add(
        "verdict-about-another-response",
        8,
        "verdict_uv",
        verdict,
        Some((1, 1)),
        &[("verdict.response", Some(9), Some(2))],
    );
    let view = published.text("/views/transaction/view");
    let response = again(
        "response_uv",
        "cs1-response+jwt",
        "K_uv",
        view,
        published.text("/views/login/view"),
    );
    add(
        "view-of-another-request",
        8,
        "response_uv",
        response,
        Some((1, 1)),
        &[
            ("response.view", Some(9), Some(2)),
            ("response.prev", Some(10), Some(3)),
        ],
    );
    let response = again(
        "response_uv",
        "cs1-response+jwt",
        "K_dev of a second phone",
        "\"ctr\":2",
        "\"ctr\":2",
    );
    add(
        "response-of-another-phone",
        8,
        "response_uv",
        response,
        Some((1, 1)),
        &[("response", Some(9), None)],
    );
    // K_dev alone where the request asked for the gesture.
    let response = again(
        "response_uv",
        "cs1-response+jwt",
        "K_dev",
        "\"ctr\":2",
        "\"ctr\":2",
    );
    add(
        "too-few-factors",
        8,
        "response_uv",
        response,
        Some((1, 1)),
        &[
            ("verdict.response", Some(9), Some(2)),
            ("response.prev", Some(10), Some(3)),
        ],
    );
    let fork = again(
        "response_deny",
        "cs1-response+jwt",
        "K_dev",
        published.hash("response_uv"),
        published.hash("response"),
    );
    add(
        "forked",
        9,
        "response_deny",
        fork,
        Some((1, 2)),
        &[
            ("forked", Some(10), Some(3)),
            ("verdict.response", Some(10), Some(3)),
            ("response.prev", Some(11), Some(4)),
        ],
    );
}

fn other_files(topic: &mut Topic, published: &Published) {
    let good = lines(published);
    let cut = bent(&good, |lines| {
        lines.truncate(12);
        lines[0] = lines[0].replacen("\"to\":7", "\"to\":5", 1);
    });
    let with = |lines: &[String], with: &[String], vouched, found: &[Found]| {
        let mut vector = vector(published, lines, vouched, found);
        vector["with"] = short(published, with);
        vector
    };
    topic.add(
        "with/the-same",
        "history",
        "ok",
        with(&good, &good, Some((1, 7)), &[]),
    );
    topic.add(
        "with/more",
        "history",
        "found",
        with(&cut, &good, Some((1, 5)), &[("cut", None, None)]),
    );
    topic.add(
        "with/less",
        "history",
        "ok",
        with(&good, &cut, Some((1, 7)), &[]),
    );
    let gaps = bent(&good, |lines| {
        lines.remove(9);
        let mut entry: Value = serde_json::from_str(&lines[9]).unwrap_or_default();
        if let Some(entry) = entry.as_object_mut() {
            entry.remove("challenge");
        }
        lines[9] = entry.to_string();
    });
    topic.add(
        "with/gaps",
        "history",
        "ok",
        with(&good, &gaps, Some((1, 7)), &[]),
    );
    let says = payload(published.statement("verdict_deny"));
    let refused =
        says.replacen("\"accepted\"", "\"refused\"", 1)
            .replacen("\"ok\"", "\"expired\"", 1);
    let refused = signed("cs1-verdict+jwt", &refused, &published.key("S"));
    let other = bent(&good, |lines| {
        lines[9] = lines[9].replacen(published.statement("verdict_deny"), &refused, 1);
    });
    topic.add(
        "with/another-verdict",
        "history",
        "found",
        with(&good, &other, Some((1, 2)), &[("differs", None, Some(3))]),
    );
    forks(topic, published, &good);
}

/// What two copies of a phone leave behind, and excerpts that don't fit.
fn forks(topic: &mut Topic, published: &Published, good: &[String]) {
    // The third answer, bent and signed again.
    let again = |from: &str, to: &str| {
        let says = payload(published.statement("response_deny"));
        assert!(says.contains(from), "{from}");
        let key = published.key("K_dev");
        let response = signed("cs1-response+jwt", &says.replacen(from, to, 1), &key);
        let challenge = published.statement("challenge_policy");
        json!({ "challenge": challenge, "response": response }).to_string()
    };
    let header = |from: u64, to: u64| {
        let range = format!("\"from\":{from},\"to\":{to}");
        good[0].replacen("\"from\":1,\"to\":7", &range, 1)
    };
    let with = |lines: &[String], with: &[String], vouched, found: &[Found]| {
        let mut vector = vector(published, lines, vouched, found);
        vector["with"] = short(published, with);
        vector
    };
    // A copy of the phone from after its second answer, which counted on from elsewhere.
    let copy = again("\"ctr\":3", "\"ctr\":24");
    let server = bent(good, |lines| {
        lines[0] = header(1, 24);
        lines.push(copy.clone());
    });
    let forked = ("forked", None, Some(24));
    topic.add(
        "with/forked-across-a-gap",
        "history",
        "found",
        with(good, &server, Some((1, 7)), &[forked]),
    );
    // A second third answer, behind the seventh: in this file, or in the other.
    let twin = again("de-AT", "de-CH");
    let twice = bent(good, |lines| lines.push(twin.clone()));
    topic.add(
        "history/forked-further-up",
        "history",
        "found",
        vector(
            published,
            &twice,
            Some((1, 2)),
            &[("forked", Some(15), Some(3))],
        ),
    );
    topic.add(
        "with/forked-in-the-other",
        "history",
        "found",
        with(good, &twice, Some((1, 2)), &[("forked", None, Some(3))]),
    );
    // What the phone has from its third answer on, beside what the server has before it.
    let begins = bent(good, |lines| {
        lines.drain(7..9);
        lines[0] = header(3, 7);
    });
    let ends = bent(good, |lines| {
        lines.truncate(9);
        lines[0] = header(1, 2);
    });
    topic.add(
        "with/what-was-before",
        "history",
        "ok",
        with(&begins, &ends, Some((3, 7)), &[]),
    );
    let (right, wrong) = (published.hash("response_uv"), published.hash("challenge"));
    let nowhere = again(right, wrong);
    let begins = bent(good, |lines| {
        lines.truncate(10);
        lines.drain(7..9);
        lines[0] = header(3, 3);
        lines[7] = nowhere.clone();
    });
    topic.add(
        "with/another-before",
        "history",
        "found",
        with(&begins, &ends, None, &[("forked", None, Some(3))]),
    );
}

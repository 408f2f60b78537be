//! Texts of pushes, bent after they were sealed: nobody can seal the same twice.

use super::book::Topic;
use super::derivations::other_hex;
use super::published::Published;
use countersign_protocol::encoding::{decode, encode};
use serde_json::json;

pub(super) fn add(topic: &mut Topic, published: &Published) {
    let key = published.text("/enrolment/keys_derived/push");
    let (h, c) = (
        published.text("/push/payload/h"),
        published.text("/push/payload/c"),
    );
    let t = published.text("/push/payload/t");
    let with =
        |key: &str, payload: &str, now: u64| json!({ "key": key, "payload": payload, "now": now });
    let payload = |t: &str| format!(r#"{{"v":1,"h":"{h}","c":"{c}","t":"{t}"}}"#);
    let exp = 1_800_001_120;
    let good = payload(t);
    for (id, now) in [("good", exp - 120), ("at-its-end", exp)] {
        let mut vector = with(key, &good, now);
        vector["text"] = json!("Wiki: anmelden?");
        vector["c"] = json!(c);
        vector["exp"] = json!(exp);
        topic.add(&format!("push-text/{id}"), "push_text", "ok", vector);
    }
    let parts: Vec<&str> = t.split('.').collect();
    let joined = |at: usize, part: &str| {
        let mut parts = parts.clone();
        parts[at] = part;
        payload(&parts.join("."))
    };
    let header = |json: &str| joined(0, &encode(json.as_bytes()));
    let flipped = |at: usize| {
        let mut bytes = decode(parts[at]).unwrap_or_default();
        bytes[0] ^= 1;
        joined(at, &encode(&bytes))
    };
    for (id, expect, payload) in [
        ("bit-in-nonce", "sealed", flipped(2)),
        ("bit-in-text", "sealed", flipped(3)),
        ("bit-in-tag", "sealed", flipped(4)),
        (
            "header-turned",
            "sealed",
            header(r#"{"typ":"cs1-text+jwe","enc":"A256GCM","alg":"dir"}"#),
        ),
        (
            "header-another-enc",
            "header",
            header(r#"{"alg":"dir","enc":"A128GCM","typ":"cs1-text+jwe"}"#),
        ),
        (
            "header-another-alg",
            "header",
            header(r#"{"alg":"A256KW","enc":"A256GCM","typ":"cs1-text+jwe"}"#),
        ),
        (
            "header-another-typ",
            "header",
            header(r#"{"alg":"dir","enc":"A256GCM","typ":"cs1-challenge+jwt"}"#),
        ),
        (
            "header-more",
            "header",
            header(r#"{"alg":"dir","enc":"A256GCM","typ":"cs1-text+jwe","zip":"DEF"}"#),
        ),
        (
            "header-twice",
            "header",
            header(r#"{"alg":"dir","alg":"dir","enc":"A256GCM","typ":"cs1-text+jwe"}"#),
        ),
        ("a-key-in-it", "not_compact", joined(1, "AAAA")),
        ("short-nonce", "not_compact", joined(2, &parts[2][..12])),
        ("short-tag", "not_compact", joined(4, &parts[4][..16])),
        (
            "padding",
            "not_compact",
            joined(4, &format!("{}==", parts[4])),
        ),
        (
            "six-parts",
            "not_compact",
            joined(4, &format!("{}.", parts[4])),
        ),
        ("nothing", "not_compact", payload("")),
        ("none", "none", format!(r#"{{"v":1,"h":"{h}","c":"{c}"}}"#)),
        (
            "of-another-request",
            "another",
            format!(r#"{{"v":1,"h":"{h}","c":"{h}","t":"{t}"}}"#),
        ),
        (
            "of-no-request",
            "another",
            format!(r#"{{"v":1,"h":"{h}","t":"{t}"}}"#),
        ),
        (
            "another-version",
            "payload",
            format!(r#"{{"v":2,"h":"{h}","c":"{c}","t":"{t}"}}"#),
        ),
        (
            "more-in-the-payload",
            "payload",
            format!(r#"{{"v":1,"h":"{h}","c":"{c}","t":"{t}","x":1}}"#),
        ),
        ("payload-of-2049", "payload", {
            let spaces = 2049 - good.len();
            good.replacen(',', &format!(",{{ *{spaces}}}"), 1)
        }),
    ] {
        let vector = with(key, &payload, exp);
        topic.add(&format!("push-text/{id}"), "push_text", expect, vector);
    }
    let vector = with(&other_hex(key), &good, exp);
    topic.add("push-text/another-key", "push_text", "sealed", vector);
    let vector = with(key, &good, exp + 1);
    topic.add("push-text/over", "push_text", "over", vector);
}

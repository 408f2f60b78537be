//! Receipts: whole ones, and such with a part of another.

use super::book::Topic;
use super::published::Published;
use serde_json::{Value, json};

pub(super) fn add(topic: &mut Topic, published: &Published) {
    let receipt = |key: &str, challenge: &str, response: &str, verdict: &str| {
        json!({ "keys": [published.statement("keys")], "key": published.at(&format!("/public_keys/{key}/jwk")),
            "challenge": published.statement(challenge), "response": published.statement(response),
            "verdict": published.statement(verdict) })
    };
    let transaction = || receipt("K_uv", "challenge_transaction", "response_uv", "verdict_uv");
    let vector = |receipt: &Value| json!({ "root": published.thumbprint("R"), "receipt": receipt.to_string() });
    for (id, receipt, approval) in [
        ("approved", transaction(), true),
        (
            "approved-by-pin",
            receipt("K_dev", "challenge", "response", "verdict"),
            true,
        ),
        (
            "denied",
            receipt("K_dev", "challenge_policy", "response_deny", "verdict_deny"),
            false,
        ),
        (
            "number-wrong",
            receipt(
                "K_dev",
                "challenge_add_phone",
                "response_add_phone",
                "verdict_add_phone",
            ),
            false,
        ),
    ] {
        let mut vector = vector(&receipt);
        vector["approval"] = json!(approval);
        topic.add(&format!("receipt/{id}"), "receipt", "ok", vector);
    }
    let mut add = |id: &str, expect: &str, member: &str, value: Value| {
        let mut receipt = transaction();
        receipt[member] = value;
        topic.add(
            &format!("receipt/{id}"),
            "receipt",
            expect,
            vector(&receipt),
        );
    };
    let other = |name: &str| json!(published.statement(name));
    add(
        "another-key",
        "response",
        "key",
        published.at("/public_keys/K_dev/jwk").clone(),
    );
    add(
        "another-challenge",
        "response.challenge",
        "challenge",
        other("challenge"),
    );
    add(
        "another-response",
        "response",
        "response",
        other("response"),
    );
    add(
        "another-verdict",
        "verdict.challenge",
        "verdict",
        other("verdict"),
    );
    add(
        "a-state-for-a-verdict",
        "verdict",
        "verdict",
        other("state_active"),
    );
    add("no-keys", "keys.root", "keys", json!([]));
    add(
        "keys-of-another-root",
        "keys.root",
        "keys",
        json!([published.statement("keys_by_next_root")]),
    );
    let of_a_server = published.at("/public_keys/S/jwk").clone();
    add("key-of-a-server", "malformed", "key", of_a_server);
    add("member-more", "malformed", "more", json!(1));
    let mut by_another = vector(&transaction());
    by_another["root"] = json!(published.thumbprint("R2"));
    topic.add("receipt/another-root", "receipt", "keys.root", by_another);
}

//! What a server makes of a response, by what it knows (protocol section 7, "Server", steps 3 to 7 before the PIN is compared). Judged
//! by the server.

use super::book::Topic;
use super::published::{Published, payload, signed};
use serde_json::{Value, json};

const EXP: u64 = 1_800_001_120;
const DAY: u64 = 86_400;

pub(super) fn topic() -> Topic {
    let mut topic = Topic::new("responses");
    let published = Published::load();
    let of = |challenge: &str, response: &str, by: &str| {
        json!({ "standing": "active", "highest_ctr": 0, "ctr_used": false, "challenge": published.statement(challenge), "challenge_by": ["S"],
            "stage": "open", "number": "", "response": response, "by": [by], "has_pin": true, "keys_good": true, "now": EXP - 60 })
    };
    let by_uv = of(
        "challenge_transaction",
        published.statement("response_uv"),
        "K_uv",
    );
    let mut add = |id: &str, expect: &str, base: &Value, changes: &[(&str, Value)]| {
        let mut vector = base.clone();
        for (member, value) in changes {
            vector[member] = value.clone();
        }
        topic.add(&format!("response/{id}"), "server_judge", expect, vector);
    };
    add("approved", "approved", &by_uv, &[]);
    add(
        "in-the-last-second",
        "approved",
        &by_uv,
        &[("now", json!(EXP))],
    );
    add("expired", "expired", &by_uv, &[("now", json!(EXP + 1))]);
    add(
        "decided-already",
        "decided_elsewhere",
        &by_uv,
        &[("stage", json!("decided"))],
    );
    add(
        "cancelled",
        "cancelled",
        &by_uv,
        &[("stage", json!("cancelled"))],
    );
    add(
        "to-an-unknown-challenge",
        "expired",
        &by_uv,
        &[("challenge", Value::Null)],
    );
    add(
        "while-suspended",
        "suspended",
        &by_uv,
        &[("standing", json!("suspended"))],
    );
    for standing in ["pending", "revoked", "refused"] {
        add(
            &format!("while-{standing}"),
            "not_active",
            &by_uv,
            &[("standing", json!(standing))],
        );
    }
    // Two copies of a phone: the same number again, or one that is long over.
    add("number-used", "clone", &by_uv, &[("ctr_used", json!(true))]);
    add(
        "number-33-behind",
        "clone",
        &by_uv,
        &[("highest_ctr", json!(35))],
    );
    add(
        "number-32-behind",
        "approved",
        &by_uv,
        &[("highest_ctr", json!(34))],
    );

    let by_pin = of("challenge", published.statement("response"), "K_dev");
    add(
        "pin-to-be-compared",
        "pin",
        &by_pin,
        &[("number", json!("42"))],
    );
    add(
        "wrong-number",
        "number_wrong",
        &by_pin,
        &[("number", json!("43"))],
    );
    add(
        "number-compared-as-text",
        "number_wrong",
        &by_pin,
        &[("number", json!("042"))],
    );
    let no_pin = [("number", json!("42")), ("has_pin", json!(false))];
    add("pin-that-nobody-has", "factors_missing", &by_pin, &no_pin);
    let renewal = of(
        "challenge_replace_uv",
        published.statement("response_replace_uv"),
        "K_dev",
    );
    add("renewal", "pin", &renewal, &[]);
    add(
        "renewal-with-a-key-that-is-not-this-phones",
        "bad_input",
        &renewal,
        &[("keys_good", json!(false))],
    );
    let digits = of(
        "challenge_add_phone",
        published.statement("response_add_phone"),
        "K_dev",
    );
    add(
        "digits-of-a-new-phone",
        "pin",
        &digits,
        &[("number", json!("123456"))],
    );
    let set = of(
        "challenge_pin_set",
        published.statement("response_pin_set"),
        "K_dev",
    );
    add("new-pin", "pin", &set, &[]);
    let codes = of(
        "challenge_recovery_codes",
        published.statement("response_recovery_codes"),
        "K_uv",
    );
    add("recovery-codes", "approved", &codes, &[]);
    let denied = of(
        "challenge_policy",
        published.statement("response_deny"),
        "K_dev",
    );
    add("denied", "denied", &denied, &[]);

    let again = |name: &str, key: &str, from: &str, to: &str| {
        let says = payload(published.statement(name));
        assert!(says.contains(from), "{name}: {from}");
        signed(
            "cs1-response+jwt",
            &says.replacen(from, to, 1),
            &published.key(key),
        )
    };
    let bare = again("response_uv", "K_dev", "\"ctr\":2", "\"ctr\":2");
    let bare = of("challenge_transaction", &bare, "K_dev");
    add(
        "by-k-dev-where-the-gesture-is-asked",
        "factors_missing",
        &bare,
        &[],
    );
    let (view, other) = (
        published.text("/views/transaction/view"),
        published.text("/views/login/view"),
    );
    let mismatch = again("response_uv", "K_uv", view, other);
    let mismatch = of("challenge_transaction", &mismatch, "K_uv");
    add("shown-something-else", "view_mismatch", &mismatch, &[]);
    let elsewhere = again(
        "response_uv",
        "K_uv",
        "https://id.example.com",
        "https://id.example.org",
    );
    let elsewhere = of("challenge_transaction", &elsewhere, "K_uv");
    add("for-another-server", "bad_input", &elsewhere, &[]);
    let numberless = again("response", "K_dev", ",\"match\":\"42\"", "");
    let numberless = of("challenge", &numberless, "K_dev");
    add(
        "without-the-number",
        "bad_input",
        &numberless,
        &[("number", json!("42"))],
    );
    let numbered = again(
        "response_uv",
        "K_uv",
        "\"ctr\":2",
        "\"match\":\"42\",\"ctr\":2",
    );
    let numbered = of("challenge_transaction", &numbered, "K_uv");
    add(
        "with-a-number-that-is-not-asked",
        "bad_input",
        &numbered,
        &[],
    );
    let by_gesture = again("response_deny", "K_uv", "\"ctr\":3", "\"ctr\":3");
    let by_gesture = of("challenge_policy", &by_gesture, "K_uv");
    add("denied-by-k-uv", "bad_input", &by_gesture, &[]);
    let report = again(
        "response_deny",
        "K_dev",
        "\"decision\":\"deny\"",
        "\"decision\":\"report\"",
    );
    let report = of("challenge_policy", &report, "K_dev");
    add("reported", "reported", &report, &[]);
    add(
        "reported-after-the-decision",
        "reported",
        &report,
        &[("stage", json!("decided"))],
    );
    add(
        "reported-while-suspended",
        "reported",
        &report,
        &[("standing", json!("suspended"))],
    );
    add(
        "reported-a-day-after-the-end",
        "reported",
        &report,
        &[("now", json!(EXP + DAY))],
    );
    add(
        "reported-later",
        "expired",
        &report,
        &[("now", json!(EXP + DAY + 1))],
    );
    topic
}

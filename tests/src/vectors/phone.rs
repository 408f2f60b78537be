//! What a phone makes of a challenge, by what it knows (protocol section 6, "Phone checks"). Judged by the core.

use super::book::Topic;
use super::published::{Published, payload, signed};
use serde_json::{Value, json};

const EXP: u64 = 1_800_001_120;
const IAT: u64 = 1_800_001_000;

pub(super) fn topic() -> Topic {
    let mut topic = Topic::new("challenges");
    let published = Published::load();
    let policy = json!({ "n": 1, "min": [["dev", "pin"], ["uv"]], "match": true, "max_life": 120, "pin": 6, "offline": "both" });
    let of = |statement: &str| {
        json!({ "by": ["S"], "statement": statement, "iss": "https://id.example.com", "aud": "3gY6bzyfpY8jcCWRkahUcg",
            "account": "anna@example.com", "policy": policy, "time": IAT + 5 })
    };
    let good = of(published.statement("challenge"));
    let mut add = |id: &str, expect: &str, changes: &[(&str, Value)]| {
        let mut vector = good.clone();
        for (member, value) in changes {
            vector[member] = value.clone();
        }
        topic.add(&format!("challenge/{id}"), "phone_check", expect, vector);
    };
    add("good", "ok", &[]);
    add(
        "of-another-server",
        "other_server",
        &[("iss", json!("https://id.example.org"))],
    );
    add(
        "for-another-phone",
        "other_phone",
        &[("aud", json!("AAAAAAAAAAAAAAAAAAAAAA"))],
    );
    add(
        "for-another-account",
        "other_account",
        &[("account", json!("ben@example.com"))],
    );
    add("expired", "over", &[("time", json!(EXP + 1))]);
    add("in-its-last-second", "ok", &[("time", json!(EXP))]);
    add("of-the-future", "not_yet", &[("time", json!(IAT - 61))]);
    add("a-minute-early", "ok", &[("time", json!(IAT - 60))]);
    let unknown = |heard: u64| [("time", Value::Null), ("heard", json!(heard))];
    add("of-an-unknown-future", "ok", &unknown(IAT - 9000));
    add("certainly-expired", "over", &unknown(EXP + 1));
    let seen = |hash: &str, decided: bool| [("seen", json!(hash)), ("decided", json!(decided))];
    add(
        "shown-before",
        "ok",
        &seen(published.hash("challenge"), false),
    );
    add(
        "decided-before",
        "seen",
        &seen(published.hash("challenge"), true),
    );
    add(
        "another-of-the-same-id",
        "seen",
        &seen(published.hash("challenge_offline"), false),
    );
    let with = |member: &str, value: Value| {
        let mut policy = policy.clone();
        policy[member] = value;
        [("policy", policy)]
    };
    add("of-an-older-policy", "policy", &with("n", json!(2)));
    add("lives-too-long", "life", &with("max_life", json!(119)));
    add(
        "asks-less-than-agreed",
        "weaker",
        &with("min", json!([["pin", "uv"]])),
    );
    add(
        "asks-more-than-agreed",
        "ok",
        &with("min", json!([["dev"]])),
    );
    add(
        "host-of-another-app",
        "host",
        &[("hosts", json!(["id.example.org"]))],
    );
    add(
        "host-of-this-app",
        "ok",
        &[("hosts", json!(["id.example.com"]))],
    );

    // What is older and over is over: it doesn't look like a server that forgot what was agreed.
    let mut over = of(published.statement("challenge"));
    (over["policy"]["n"], over["time"]) = (json!(2), json!(EXP + 1));
    let newer =
        payload(published.statement("challenge")).replacen("\"policy\":1", "\"policy\":2", 1);
    let newer = signed("cs1-challenge+jwt", &newer, &published.key("S"));
    // Its life is judged once its policy is known.
    let mut longer = of(&newer);
    longer["policy"]["max_life"] = json!(119);
    for (id, expect, vector) in [
        ("of-an-older-policy-and-over", "over", over),
        ("of-a-newer-policy", "policy", of(&newer)),
        ("of-a-newer-policy-with-a-longer-life", "policy", longer),
    ] {
        topic.add(&format!("challenge/{id}"), "phone_check", expect, vector);
    }

    let numberless =
        payload(published.statement("challenge")).replacen("\"match\":2", "\"match\":0", 1);
    let numberless = signed("cs1-challenge+jwt", &numberless, &published.key("S"));
    topic.add(
        "challenge/without-its-number",
        "phone_check",
        "weaker",
        of(&numberless),
    );
    for (id, name, expect) in [
        (
            "transaction-without-number",
            "challenge_transaction",
            "weaker",
        ),
        ("policy", "challenge_policy", "ok"),
        ("add-phone", "challenge_add_phone", "ok"),
        ("pin-set", "challenge_pin_set", "ok"),
        ("recovery-codes", "challenge_recovery_codes", "ok"),
        ("replace-uv", "challenge_replace_uv", "ok"),
        ("offline", "challenge_offline", "ok"),
    ] {
        let vector = of(published.statement(name));
        topic.add(&format!("challenge/{id}"), "phone_check", expect, vector);
    }
    let mut offline = of(published.statement("challenge_offline"));
    offline["policy"]["offline"] = json!("none");
    topic.add(
        "challenge/offline-where-it-is-not-agreed",
        "phone_check",
        "weaker",
        offline,
    );
    for (id, name, from, to, answer) in [
        (
            "change-at-another-service",
            "challenge_pin_set",
            "\"id\":\"server\"",
            "\"id\":\"wiki\"",
            "service",
        ),
        (
            "change-at-another-host",
            "challenge_pin_set",
            "\"host\":\"id.example.com\"",
            "\"host\":\"wiki.example.com\"",
            "service",
        ),
        (
            "add-phone-by-the-phone-alone",
            "challenge_add_phone",
            "[[\"dev\",\"pin\"],[\"uv\"]]",
            "[[\"dev\"]]",
            "weaker",
        ),
        (
            "renewal-without-pin",
            "challenge_replace_uv",
            "[[\"dev\",\"pin\"]]",
            "[[\"uv\"]]",
            "weaker",
        ),
        (
            "new-pin-by-the-phone-alone",
            "challenge_pin_set",
            "[[\"dev\",\"pin\"]]",
            "[[\"dev\"]]",
            "weaker",
        ),
    ] {
        let says = payload(published.statement(name));
        assert!(says.contains(from));
        let bent = signed(
            "cs1-challenge+jwt",
            &says.replacen(from, to, 1),
            &published.key("S"),
        );
        topic.add(&format!("challenge/{id}"), "phone_check", answer, of(&bent));
    }
    topic
}

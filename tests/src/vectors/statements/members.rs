//! Every member where it belongs: the table of section 6, and what a standing, a decision and a result have. Each is one good
//! statement with members set or left out, rightly signed; nothing else is wrong with it.

use super::super::book::Topic;
use super::super::published::{Published, signed};
use super::M;
use serde_json::{Value, json};

/// A name, the good one, its members as they become (`null`: left out; `a.b`: b of a), and the answer.
type Changed<'a> = (&'a str, &'a str, Value, &'a str);

pub(super) fn add(topic: &mut Topic, published: &Published) {
    let s = (published, "S", json!({ "by": ["S"] }));
    all(topic, &s, "cs1-challenge+jwt", &challenges(published));
    all(topic, &s, "cs1-state+jwt", &states());
    all(topic, &s, "cs1-verdict+jwt", &verdicts());
    let dev = (published, "K_dev", json!({ "by": ["K_dev", "K_uv"] }));
    all(topic, &dev, "cs1-response+jwt", &responses(published));
    let own = (published, "K_dev", json!({}));
    all(
        topic,
        &own,
        "cs1-registration+jwt",
        &registrations(published),
    );
    let root = (published, "R", json!({ "root": published.thumbprint("R") }));
    all(topic, &root, "cs1-keys+jwt", &keys(published));
    // A registration is signed by the key that it brings, and that has to be a phone's.
    let says = changed(
        published,
        "registration",
        &json!({ "dev": published.public("S") }),
    );
    let typ = "cs1-registration+jwt";
    let vector = json!({ "typ": typ, "statement": signed(typ, &says, &published.key("S")) });
    topic.add(
        "registration/key-of-another-curve",
        "registration",
        M,
        vector,
    );
}

fn all(
    topic: &mut Topic,
    (published, signer, beside): &(&Published, &str, Value),
    typ: &str,
    vectors: &[Changed<'_>],
) {
    let op = match typ {
        "cs1-keys+jwt" => "keys",
        "cs1-registration+jwt" => "registration",
        _ => "statement",
    };
    for (id, base, members, expect) in vectors {
        let says = changed(published, base, members);
        let mut vector = beside.clone();
        vector["typ"] = json!(typ);
        vector["statement"] = json!(signed(typ, &says, &published.key(signer)));
        topic.add(id, op, expect, vector);
    }
}

fn changed(published: &Published, base: &str, members: &Value) -> String {
    let mut says: Value = serde_json::from_str(&published.payload(base)).unwrap_or_default();
    for (path, value) in members.as_object().into_iter().flatten() {
        let (inside, name) = path.rsplit_once('.').unwrap_or(("", path));
        let object = match inside {
            "" => says.as_object_mut(),
            inside => says[inside].as_object_mut(),
        };
        let object = object.unwrap_or_else(|| panic!("{base} has no {inside}"));
        if value.is_null() {
            let was = object.remove(name);
            assert!(was.is_some(), "{base} has no {path}");
        } else {
            object.insert(name.to_owned(), value.clone());
        }
    }
    says.to_string()
}

fn challenges(published: &Published) -> Vec<Changed<'static>> {
    let context = || json!({ "browser": "Firefox on Windows", "known": false, "zone": "outside" });
    let phone = || {
        let dev = published.thumbprint("K_dev of a second phone");
        json!({ "dev": dev, "device": "iPhone 18" })
    };
    let policy: Value =
        serde_json::from_str(&published.payload("challenge_policy")).unwrap_or_default();
    let policy = &policy["input"]["policy"];
    let row = json!({ "label": "Betrag", "value": "1" });
    let rows = |count: usize| json!(vec![row.clone(); count]);
    let removes = |more: Value| merged(json!({ "kind": "remove-phone", "match": 0 }), more);
    let unfreezes = |more: Value| merged(json!({ "kind": "unfreeze", "match": 0 }), more);
    const ADD: &str = "challenge_add_phone";
    const AGREE: &str = "challenge_policy";
    const CODES: &str = "challenge_recovery_codes";
    const PAY: &str = "challenge_transaction";
    vec![
        (
            "challenge/context-left-out",
            "challenge",
            json!({ "context": null }),
            M,
        ),
        (
            "challenge/step-up",
            "challenge",
            json!({ "kind": "stepup" }),
            "ok",
        ),
        (
            "challenge/step-up-without-context",
            "challenge",
            json!({ "kind": "stepup", "context": null }),
            M,
        ),
        (
            "challenge_transaction/with-context",
            PAY,
            json!({ "context": context() }),
            "ok",
        ),
        (
            "challenge_transaction/rows-left-out",
            PAY,
            json!({ "rows": null, "lang": null }),
            M,
        ),
        (
            "challenge_transaction/language-left-out",
            PAY,
            json!({ "lang": null }),
            M,
        ),
        (
            "challenge_transaction/sixteen-rows",
            PAY,
            json!({ "rows": rows(16) }),
            "ok",
        ),
        (
            "challenge_transaction/seventeen-rows",
            PAY,
            json!({ "rows": rows(17) }),
            M,
        ),
        (
            "challenge_transaction/begun-in-the-app",
            PAY,
            json!({ "mode": "app" }),
            M,
        ),
        (
            "challenge_add_phone/input-left-out",
            ADD,
            json!({ "input": null }),
            M,
        ),
        (
            "challenge_add_phone/key-left-out",
            ADD,
            json!({ "input.dev": null }),
            M,
        ),
        (
            "challenge_add_phone/and-a-policy",
            ADD,
            json!({ "input.policy": policy }),
            M,
        ),
        (
            "challenge_add_phone/number-of-two-digits",
            ADD,
            json!({ "match": 2 }),
            M,
        ),
        (
            "challenge_add_phone/with-context",
            ADD,
            json!({ "context": context() }),
            M,
        ),
        (
            "challenge_add_phone/from-afar",
            ADD,
            json!({ "mode": "remote" }),
            M,
        ),
        ("challenge_remove_phone/good", ADD, removes(json!({})), "ok"),
        (
            "challenge_remove_phone/with-a-number",
            ADD,
            removes(json!({ "match": 6 })),
            M,
        ),
        (
            "challenge_remove_phone/input-left-out",
            ADD,
            removes(json!({ "input": null })),
            M,
        ),
        (
            "challenge_remove_phone/with-context",
            ADD,
            removes(json!({ "context": context() })),
            M,
        ),
        (
            "challenge_unfreeze/good",
            ADD,
            unfreezes(json!({ "input": null })),
            "ok",
        ),
        (
            "challenge_unfreeze/of-another-phone",
            ADD,
            unfreezes(json!({})),
            "ok",
        ),
        (
            "challenge_unfreeze/name-left-out",
            ADD,
            unfreezes(json!({ "input.device": null })),
            M,
        ),
        (
            "challenge_unfreeze/and-a-policy",
            ADD,
            unfreezes(json!({ "input.policy": policy })),
            M,
        ),
        (
            "challenge_unfreeze/on-the-same-device",
            ADD,
            unfreezes(json!({ "mode": "same" })),
            M,
        ),
        (
            "challenge_unfreeze/with-a-number",
            ADD,
            unfreezes(json!({ "match": 2 })),
            M,
        ),
        (
            "challenge_recovery_codes/with-a-phone",
            CODES,
            json!({ "input": phone() }),
            M,
        ),
        (
            "challenge_recovery_codes/with-context",
            CODES,
            json!({ "context": context() }),
            M,
        ),
        (
            "challenge_recovery_codes/from-afar",
            CODES,
            json!({ "mode": "remote" }),
            M,
        ),
        (
            "challenge_pin_set/with-a-number",
            "challenge_pin_set",
            json!({ "match": 2 }),
            M,
        ),
        (
            "challenge_policy/input-left-out",
            AGREE,
            json!({ "input": null }),
            M,
        ),
        (
            "challenge_policy/with-context",
            AGREE,
            json!({ "context": context() }),
            M,
        ),
        (
            "challenge_policy/on-the-same-device",
            AGREE,
            json!({ "mode": "same" }),
            M,
        ),
        (
            "challenge_policy/begun-in-the-app",
            AGREE,
            json!({ "mode": "app" }),
            M,
        ),
        (
            "challenge_policy/with-a-number",
            AGREE,
            json!({ "match": 2 }),
            M,
        ),
        (
            "challenge_policy/and-a-phone",
            AGREE,
            json!({ "input.dev": phone()["dev"] }),
            M,
        ),
        (
            "challenge_policy/and-a-name",
            AGREE,
            json!({ "input.device": "iPhone 18" }),
            M,
        ),
        (
            "challenge_policy/policy-that-is-none",
            AGREE,
            json!({ "input.policy": merged(policy.clone(), json!({ "max_life": 601 })) }),
            M,
        ),
    ]
}

fn states() -> Vec<Changed<'static>> {
    const PENDING: &str = "state_pending";
    const ACTIVE: &str = "state_active";
    let id = "AAAAAAAAAAAAAAAAAAAAAA";
    let over = |more: Value| {
        let members =
            json!({ "state": "revoked", "reason": "removed", "wake": null, "push_id": null });
        merged(members, more)
    };
    vec![
        ("state/keys-is-zero", ACTIVE, json!({ "keys": 0 }), M),
        (
            "state/first-handle-left-out",
            ACTIVE,
            json!({ "wake": null }),
            M,
        ),
        (
            "state/second-handle-left-out",
            ACTIVE,
            json!({ "push_id": null }),
            M,
        ),
        (
            "state/active-with-an-end",
            ACTIVE,
            json!({ "exp": 1_800_000_600 }),
            M,
        ),
        ("state/revoked", ACTIVE, over(json!({})), "ok"),
        (
            "state/revoked-with-a-handle",
            ACTIVE,
            over(json!({ "wake": id })),
            M,
        ),
        (
            "state/refused",
            ACTIVE,
            over(json!({ "state": "refused", "reason": "sas" })),
            "ok",
        ),
        (
            "state_pending/ns-left-out",
            PENDING,
            json!({ "ns": null }),
            M,
        ),
        (
            "state_pending/kc-left-out",
            PENDING,
            json!({ "kc": null }),
            M,
        ),
        (
            "state_pending/exp-left-out",
            PENDING,
            json!({ "exp": null }),
            M,
        ),
        (
            "state_pending/with-handles",
            PENDING,
            json!({ "wake": id, "push_id": id }),
            M,
        ),
        (
            "state_pending/with-a-reason",
            PENDING,
            json!({ "reason": "admin" }),
            M,
        ),
        (
            "state_pending/for-600-seconds",
            PENDING,
            json!({ "iat": 1_800_000_000, "exp": 1_800_000_600 }),
            "ok",
        ),
        (
            "state_pending/for-601-seconds",
            PENDING,
            json!({ "iat": 1_800_000_000, "exp": 1_800_000_601 }),
            M,
        ),
        (
            "state_pending/over-as-it-begins",
            PENDING,
            json!({ "iat": 1_800_000_000, "exp": 1_800_000_000 }),
            M,
        ),
    ]
}

fn verdicts() -> Vec<Changed<'static>> {
    let refused = |more: Value| {
        let members = json!({ "result": "refused", "code": "expired" });
        merged(members, more)
    };
    let open = |more: Value| {
        let members =
            json!({ "result": "refused", "code": "pin_wrong", "final": false, "attempts": 4 });
        merged(members, more)
    };
    let back = "https://id.example.com/r/AAAAAAAAAAAAAAAAAAAAAA";
    vec![
        ("verdict/refused", "verdict", refused(json!({})), "ok"),
        (
            "verdict/refused-and-returns",
            "verdict",
            refused(json!({ "return": back })),
            M,
        ),
        (
            "verdict/expired-and-not-final",
            "verdict",
            refused(json!({ "final": false, "attempts": 4 })),
            M,
        ),
        ("verdict/pin-wrong", "verdict", open(json!({})), "ok"),
        (
            "verdict/pin-wrong-without-tries",
            "verdict",
            open(json!({ "attempts": 0 })),
            M,
        ),
        (
            "verdict/pin-wrong-and-nobody-counts",
            "verdict",
            refused(json!({ "code": "pin_wrong", "final": false })),
            M,
        ),
    ]
}

fn responses(published: &Published) -> Vec<Changed<'static>> {
    const DENY: &str = "response_deny";
    const RENEWS: &str = "response_replace_uv";
    let answer: Value = serde_json::from_str(&published.payload("response")).unwrap_or_default();
    vec![
        (
            "response/half-left-out",
            "response",
            json!({ "dh": null }),
            M,
        ),
        (
            "response/number-of-six-digits",
            "response",
            json!({ "match": "123456" }),
            "ok",
        ),
        (
            "response/number-of-three-digits",
            "response",
            json!({ "match": "123" }),
            M,
        ),
        (
            "response_deny/with-its-half",
            DENY,
            json!({ "dh": answer["dh"] }),
            M,
        ),
        (
            "response_deny/with-a-pin",
            DENY,
            json!({ "dh": answer["dh"], "pin": answer["pin"] }),
            M,
        ),
        (
            "response_replace_uv/pin-left-out",
            RENEWS,
            json!({ "pin": null }),
            M,
        ),
        (
            "response_replace_uv/key-of-another-curve",
            RENEWS,
            json!({ "input.uv": published.public("S") }),
            M,
        ),
    ]
}

fn registrations(published: &Published) -> Vec<Changed<'static>> {
    const ONE: &str = "registration";
    let versions = |count: u64| json!({ "proto": (1..=count).collect::<Vec<u64>>() });
    let without = |more: Value| merged(json!({ "uv": null, "uvc": null, "level.uv": null }), more);
    vec![
        (
            "registration/without-gesture",
            ONE,
            without(json!({})),
            "ok",
        ),
        (
            "registration/gesture-without-its-key",
            ONE,
            json!({ "uv": null }),
            M,
        ),
        (
            "registration/class-alone",
            ONE,
            json!({ "uv": null, "level.uv": null }),
            M,
        ),
        (
            "registration/level-alone",
            ONE,
            json!({ "uv": null, "uvc": null }),
            M,
        ),
        (
            "registration/gesture-of-another-curve",
            ONE,
            json!({ "uv": published.public("S") }),
            M,
        ),
        ("registration/sixteen-versions", ONE, versions(16), "ok"),
        ("registration/seventeen-versions", ONE, versions(17), M),
    ]
}

fn keys(published: &Published) -> Vec<Changed<'static>> {
    let origins = |count: u8| {
        let origin = |number: u8| match number {
            0 => "https://id.example.com".to_owned(),
            number => format!("https://id{number}.example.com"),
        };
        json!({ "origins": (0..count).map(origin).collect::<Vec<String>>() })
    };
    let [s, other, third, fourth] =
        ["S", "R", "R2", "K_dev"].map(|name| json!(published.public(name)));
    vec![
        (
            "keys/next-root-of-another-curve",
            "keys_root_next",
            json!({ "root_next": fourth.clone() }),
            M,
        ),
        (
            "keys/three-keys",
            "keys",
            json!({ "sign": [s.clone(), other.clone(), third.clone()] }),
            "ok",
        ),
        (
            "keys/four-keys",
            "keys",
            json!({ "sign": [s, other, third, fourth] }),
            M,
        ),
        ("keys/four-addresses", "keys", origins(4), "ok"),
        ("keys/five-addresses", "keys", origins(5), M),
    ]
}

fn merged(mut members: Value, more: Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        members[name] = value.clone();
    }
    members
}

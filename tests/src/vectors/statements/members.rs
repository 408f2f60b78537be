//! Every member where it belongs: the table of section 6, and what a standing, a decision and a result have. Each is one good
//! statement with members set or left out, rightly signed; nothing else is wrong with it.

use super::super::book::Topic;
use super::super::published::{Published, signed};
use super::M;
use serde_json::{Value, json};

// A line: a name | the good one | its members as they become (`null`: left out; `a.b`: b of a; `$X`: one of `words`) | the answer.

const CHALLENGES: &str = r#"
challenge/context-left-out | challenge | {"context":null} | malformed
challenge/step-up | challenge | {"kind":"stepup"} | ok
challenge/step-up-without-context | challenge | {"kind":"stepup","context":null} | malformed
challenge_transaction/with-context | challenge_transaction | {"context":$CONTEXT} | ok
challenge_transaction/rows-left-out | challenge_transaction | {"rows":null,"lang":null} | malformed
challenge_transaction/language-left-out | challenge_transaction | {"lang":null} | malformed
challenge_transaction/sixteen-rows | challenge_transaction | {"rows":$16_ROWS} | ok
challenge_transaction/seventeen-rows | challenge_transaction | {"rows":$17_ROWS} | malformed
challenge_transaction/begun-in-the-app | challenge_transaction | {"mode":"app"} | malformed
challenge_add_phone/input-left-out | challenge_add_phone | {"input":null} | malformed
challenge_add_phone/key-left-out | challenge_add_phone | {"input.dev":null} | malformed
challenge_add_phone/and-a-policy | challenge_add_phone | {"input.policy":$POLICY} | malformed
challenge_add_phone/number-of-two-digits | challenge_add_phone | {"match":2} | malformed
challenge_add_phone/with-context | challenge_add_phone | {"context":$CONTEXT} | malformed
challenge_add_phone/from-afar | challenge_add_phone | {"mode":"remote"} | malformed
challenge_remove_phone/good | challenge_add_phone | {"kind":"remove-phone","match":0} | ok
challenge_remove_phone/with-a-number | challenge_add_phone | {"kind":"remove-phone","match":6} | malformed
challenge_remove_phone/input-left-out | challenge_add_phone | {"kind":"remove-phone","match":0,"input":null} | malformed
challenge_remove_phone/with-context | challenge_add_phone | {"kind":"remove-phone","match":0,"context":$CONTEXT} | malformed
challenge_unfreeze/good | challenge_add_phone | {"kind":"unfreeze","match":0,"input":null} | ok
challenge_unfreeze/of-another-phone | challenge_add_phone | {"kind":"unfreeze","match":0} | ok
challenge_unfreeze/name-left-out | challenge_add_phone | {"kind":"unfreeze","match":0,"input.device":null} | malformed
challenge_unfreeze/and-a-policy | challenge_add_phone | {"kind":"unfreeze","match":0,"input.policy":$POLICY} | malformed
challenge_unfreeze/on-the-same-device | challenge_add_phone | {"kind":"unfreeze","match":0,"mode":"same"} | malformed
challenge_unfreeze/with-a-number | challenge_add_phone | {"kind":"unfreeze","match":2} | malformed
challenge_recovery_codes/with-a-phone | challenge_recovery_codes | {"input":$PHONE} | malformed
challenge_recovery_codes/with-context | challenge_recovery_codes | {"context":$CONTEXT} | malformed
challenge_recovery_codes/from-afar | challenge_recovery_codes | {"mode":"remote"} | malformed
challenge_pin_set/with-a-number | challenge_pin_set | {"match":2} | malformed
challenge_policy/input-left-out | challenge_policy | {"input":null} | malformed
challenge_policy/with-context | challenge_policy | {"context":$CONTEXT} | malformed
challenge_policy/on-the-same-device | challenge_policy | {"mode":"same"} | malformed
challenge_policy/begun-in-the-app | challenge_policy | {"mode":"app"} | malformed
challenge_policy/with-a-number | challenge_policy | {"match":2} | malformed
challenge_policy/and-a-phone | challenge_policy | {"input.dev":$DEV} | malformed
challenge_policy/and-a-name | challenge_policy | {"input.device":"iPhone 18"} | malformed
challenge_policy/policy-that-is-none | challenge_policy | {"input.policy":$NO_POLICY} | malformed
challenge/address-with-a-scope | challenge | {"context.ip":"fe80::1%eth0"} | malformed
challenge/address-that-makes-a-line | challenge | {"context.ip":"fe80::1%a\nphones\t9"} | malformed
challenge_transaction/language-of-one-letter | challenge_transaction | {"lang":"d"} | malformed
challenge_transaction/language-with-parts | challenge_transaction | {"lang":"zh-Hant-1996"} | ok
"#;

const STATES: &str = r#"
state/keys-is-zero | state_active | {"keys":0} | malformed
state/first-handle-left-out | state_active | {"wake":null} | malformed
state/second-handle-left-out | state_active | {"push_id":null} | malformed
state/active-with-an-end | state_active | {"exp":1800000600} | malformed
state/revoked | state_active | {"state":"revoked","reason":"removed","wake":null,"push_id":null} | ok
state/revoked-with-a-handle | state_active | {"state":"revoked","reason":"removed","wake":$ID,"push_id":null} | malformed
state/refused | state_active | {"state":"refused","reason":"sas","wake":null,"push_id":null} | ok
state_pending/ns-left-out | state_pending | {"ns":null} | malformed
state_pending/kc-left-out | state_pending | {"kc":null} | malformed
state_pending/exp-left-out | state_pending | {"exp":null} | malformed
state_pending/with-handles | state_pending | {"wake":$ID,"push_id":$ID} | malformed
state_pending/with-a-reason | state_pending | {"reason":"admin"} | malformed
state_pending/for-600-seconds | state_pending | {"iat":1800000000,"exp":1800000600} | ok
state_pending/for-601-seconds | state_pending | {"iat":1800000000,"exp":1800000601} | malformed
state_pending/over-as-it-begins | state_pending | {"iat":1800000000,"exp":1800000000} | malformed
"#;

const VERDICTS: &str = r#"
verdict/refused | verdict | {"result":"refused","code":"expired"} | ok
verdict/refused-and-returns | verdict | {"result":"refused","code":"expired","return":$BACK} | malformed
verdict/expired-and-not-final | verdict | {"result":"refused","code":"expired","final":false,"attempts":4} | malformed
verdict/pin-wrong | verdict | {"result":"refused","code":"pin_wrong","final":false,"attempts":4} | ok
verdict/pin-wrong-without-tries | verdict | {"result":"refused","code":"pin_wrong","final":false,"attempts":0} | malformed
verdict/pin-wrong-and-nobody-counts | verdict | {"result":"refused","code":"pin_wrong","final":false} | malformed
"#;

const RESPONSES: &str = r#"
response/half-left-out | response | {"dh":null} | malformed
response/number-of-six-digits | response | {"match":"123456"} | ok
response/number-of-three-digits | response | {"match":"123"} | malformed
response_deny/with-its-half | response_deny | {"dh":$HALF} | malformed
response_deny/with-a-pin | response_deny | {"dh":$HALF,"pin":$PIN} | malformed
response_replace_uv/pin-left-out | response_replace_uv | {"pin":null} | malformed
response_replace_uv/key-of-another-curve | response_replace_uv | {"input.uv":$S} | malformed
response/locale-of-private-use | response | {"locale":"x-a"} | malformed
response/locale-of-nine-letters | response | {"locale":"abcdefghi"} | malformed
response/locale-with-an-empty-part | response | {"locale":"de-"} | malformed
"#;

const REGISTRATIONS: &str = r#"
registration/without-gesture | registration | {"uv":null,"uvc":null,"level.uv":null} | ok
registration/gesture-without-its-key | registration | {"uv":null} | malformed
registration/class-alone | registration | {"uv":null,"level.uv":null} | malformed
registration/level-alone | registration | {"uv":null,"uvc":null} | malformed
registration/gesture-of-another-curve | registration | {"uv":$S} | malformed
registration/sixteen-versions | registration | {"proto":$16_VERSIONS} | ok
registration/seventeen-versions | registration | {"proto":$17_VERSIONS} | malformed
registration/typed-token | registration | {"token":"0123456789"} | ok
registration/token-of-no-alphabet | registration | {"token":"ILOUILOUIL"} | malformed
registration/push-token-of-4098-bytes | registration | {"push":{"type":"fcm","token":$4098_BYTES}} | malformed
registration/push-token-of-4096-bytes | registration | {"push":{"type":"fcm","token":$4096_BYTES}} | ok
"#;

const KEYS: &str = r#"
keys/next-root-of-another-curve | keys_root_next | {"root_next":$K_DEV} | malformed
keys/three-keys | keys | {"sign":[$S,$R,$R2]} | ok
keys/four-keys | keys | {"sign":[$S,$R,$R2,$K_DEV]} | malformed
keys/four-addresses | keys | {"origins":$4_ORIGINS} | ok
keys/five-addresses | keys | {"origins":$5_ORIGINS} | malformed
"#;

pub(super) fn add(topic: &mut Topic, published: &Published) {
    let words = words(published);
    for (table, typ, op, signer, beside) in [
        (
            KEYS,
            "cs1-keys+jwt",
            "keys",
            "R",
            json!({ "root": published.thumbprint("R") }),
        ),
        (
            REGISTRATIONS,
            "cs1-registration+jwt",
            "registration",
            "K_dev",
            json!({}),
        ),
        (
            CHALLENGES,
            "cs1-challenge+jwt",
            "statement",
            "S",
            json!({ "by": ["S"] }),
        ),
        (
            STATES,
            "cs1-state+jwt",
            "statement",
            "S",
            json!({ "by": ["S"] }),
        ),
        (
            VERDICTS,
            "cs1-verdict+jwt",
            "statement",
            "S",
            json!({ "by": ["S"] }),
        ),
        (
            RESPONSES,
            "cs1-response+jwt",
            "statement",
            "K_dev",
            json!({ "by": ["K_dev", "K_uv"] }),
        ),
    ] {
        for line in table.trim().lines() {
            let [id, base, members, expect] = parts(line);
            let says = changed(published, base, &filled_in(members, &words));
            let mut vector = beside.clone();
            vector["typ"] = json!(typ);
            vector["statement"] = json!(signed(typ, &says, &published.key(signer)));
            topic.add(id, op, expect, vector);
        }
    }
    // A registration is signed by the key that it brings, and that has to be a phone's.
    let (typ, s) = ("cs1-registration+jwt", published.key("S"));
    let says = changed(published, "registration", &json!({ "dev": s.public() }));
    let vector = json!({ "typ": typ, "statement": signed(typ, &says, &s) });
    topic.add(
        "registration/key-of-another-curve",
        "registration",
        M,
        vector,
    );
}

fn parts(line: &str) -> [&str; 4] {
    let parts: Vec<&str> = line.split('|').map(str::trim).collect();
    let parts: Result<[&str; 4], _> = parts.try_into();
    parts.unwrap_or_else(|_| panic!("{line}: not four parts"))
}

/// What a line abbreviates.
fn words(published: &Published) -> Vec<(&'static str, Value)> {
    let says = |name: &str| -> Value {
        serde_json::from_str(&published.payload(name)).unwrap_or_default()
    };
    let dev = published.thumbprint("K_dev of a second phone");
    let policy = &says("challenge_policy")["input"]["policy"];
    let mut no_policy = policy.clone();
    no_policy["max_life"] = json!(601);
    let row = json!({ "label": "Betrag", "value": "1" });
    let versions = |count: u64| json!((1..=count).collect::<Vec<u64>>());
    let origins = |count: u8| {
        let more = (1..count).map(|number| format!("https://id{number}.example.com"));
        let all = std::iter::once("https://id.example.com".to_owned()).chain(more);
        json!(all.collect::<Vec<String>>())
    };
    let answer = says("response");
    vec![
        (
            "$CONTEXT",
            json!({ "browser": "Firefox on Windows", "known": false, "zone": "outside" }),
        ),
        ("$PHONE", json!({ "dev": dev, "device": "iPhone 18" })),
        ("$DEV", json!(dev)),
        ("$POLICY", policy.clone()),
        ("$NO_POLICY", no_policy),
        ("$16_ROWS", json!(vec![row.clone(); 16])),
        ("$17_ROWS", json!(vec![row; 17])),
        ("$16_VERSIONS", versions(16)),
        ("$17_VERSIONS", versions(17)),
        ("$4_ORIGINS", origins(4)),
        ("$5_ORIGINS", origins(5)),
        ("$4096_BYTES", json!("é".repeat(2048))),
        ("$4098_BYTES", json!("é".repeat(2049))),
        ("$ID", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        (
            "$BACK",
            json!("https://id.example.com/r/AAAAAAAAAAAAAAAAAAAAAA"),
        ),
        ("$HALF", answer["dh"].clone()),
        ("$PIN", answer["pin"].clone()),
        ("$K_DEV", json!(published.public("K_dev"))),
        ("$R2", json!(published.public("R2"))),
        ("$R", json!(published.public("R"))),
        ("$S", json!(published.public("S"))),
    ]
}

fn filled_in(members: &str, words: &[(&str, Value)]) -> Value {
    let spelt_out = words
        .iter()
        .fold(members.to_owned(), |text, (word, value)| {
            text.replace(word, &value.to_string())
        });
    serde_json::from_str(&spelt_out).unwrap_or_else(|error| panic!("{members}: {error}"))
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
            // What is left out has to have been there, or the vector shows nothing.
            assert!(was.is_some(), "{base} has no {path}");
        } else {
            object.insert(name.to_owned(), value.clone());
        }
    }
    says.to_string()
}

//! Everything that is derived: keys, codes, digits, proofs, digests. The values are those of `protocol.json`; the siblings are made
//! by changing one thing that comes in.

use super::book::Topic;
use super::published::Published;
use super::pushes;
use serde_json::{Value, json};

pub(super) fn topic() -> Topic {
    let mut topic = Topic::new("derivations");
    let published = Published::load();
    digests(&mut topic, &published);
    agreements(&mut topic, &published);
    enrolment(&mut topic, &published);
    pins(&mut topic, &published);
    recovery(&mut topic, &published);
    offline(&mut topic, &published);
    pushes::add(&mut topic, &published);
    topic
}

/// A value with its last character exchanged: another one of the same form.
fn other(text: &str) -> String {
    let (rest, last) = text.split_at(text.len() - 1);
    // Of the last character of 32 bytes in base64url two bits mean nothing.
    format!("{rest}{}", if last == "A" { "E" } else { "A" })
}

pub(super) fn other_hex(text: &str) -> String {
    let (rest, last) = text.split_at(text.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}

fn digests(topic: &mut Topic, published: &Published) {
    for name in [
        "R",
        "R2",
        "S",
        "K_dev",
        "K_uv",
        "K_uv2",
        "K_dev of a second phone",
    ] {
        let vector = json!({ "key": name, "thumbprint": published.thumbprint(name) });
        topic.add(&format!("thumbprint/{name}"), "thumbprint", "ok", vector);
    }
    let (one, two) = (
        published.thumbprint("K_dev"),
        published.thumbprint("K_dev of a second phone"),
    );
    for (id, phones, set) in [
        ("set/one", json!([one]), "/set/one"),
        ("set/two", json!([one, two]), "/set/two"),
        ("set/two-in-another-order", json!([two, one]), "/set/two"),
    ] {
        let vector = json!({ "phones": phones, "set": published.text(set) });
        topic.add(id, "set", "ok", vector);
    }
    for (view, challenge) in [
        ("login", "challenge"),
        ("transaction", "challenge_transaction"),
        ("policy", "challenge_policy"),
        ("add-phone", "challenge_add_phone"),
        ("pin-set", "challenge_pin_set"),
        ("recovery-codes", "challenge_recovery_codes"),
        ("replace-uv", "challenge_replace_uv"),
        ("offline", "challenge_offline"),
    ] {
        let at = |member: &str| published.text(&format!("/views/{view}/{member}"));
        let vector = json!({ "by": ["S"], "challenge": published.statement(challenge), "lines": at("lines"), "view": at("view") });
        topic.add(&format!("view/{view}"), "view", "ok", vector);
    }
}

/// Both sides of an agreement, from each side.
fn agree(published: &Published, phone: &str) -> [(&'static str, Value); 2] {
    let of_server = published.text("/enrolment/server_dh_secret");
    let of_phone = published.text(phone);
    [
        (
            "phone",
            json!({ "mine": of_phone, "theirs": public(of_server) }),
        ),
        (
            "server",
            json!({ "mine": of_server, "theirs": public(of_phone) }),
        ),
    ]
}

/// The public half, b64u.
fn public(secret: &str) -> String {
    let bytes = super::published::unhex(secret);
    let bytes = bytes.try_into().unwrap_or_default();
    let key = countersign_protocol::crypto::AgreementSecret::from_bytes(&bytes).public();
    countersign_protocol::encoding::encode(key.as_bytes())
}

fn agreements(topic: &mut Topic, published: &Published) {
    let (offer, registration) = (published.hash("offer"), published.hash("registration"));
    for (side, sides) in agree(published, "/enrolment/phone_dh_secret") {
        for purpose in ["pin", "push", "off", "conf"] {
            let mut vector = sides.clone();
            vector["server_statement"] = json!(offer);
            vector["phone_statement"] = json!(registration);
            vector["purpose"] = json!(purpose);
            vector["key"] = published
                .at(&format!("/enrolment/keys_derived/{purpose}"))
                .clone();
            topic.add(
                &format!("agreement/{purpose}-{side}"),
                "agreement",
                "ok",
                vector.clone(),
            );
            if side == "phone" && purpose == "pin" {
                for member in ["server_statement", "phone_statement"] {
                    let mut bent = vector.clone();
                    bent[member] = json!(other(bent[member].as_str().unwrap_or_default()));
                    let id = format!("agreement/another-{}", member.replace('_', "-"));
                    topic.add(&id, "agreement", "differs", bent);
                }
                let mut bent = vector.clone();
                bent["mine"] = json!(other_hex(
                    &bent["mine"]
                        .as_str()
                        .unwrap_or_default()
                        .replacen('0', "1", 1)
                ));
                topic.add("agreement/another-secret", "agreement", "differs", bent);
            }
        }
    }
    for (name, challenge, response, purpose, key) in [
        (
            "pin-set",
            "challenge_pin_set",
            "response_pin_set",
            "pin",
            "/pin_set_blob/K_pin",
        ),
        (
            "replace-uv",
            "challenge_replace_uv",
            "response_replace_uv",
            "off",
            "/replace_uv_K_off",
        ),
    ] {
        for (side, sides) in agree(
            published,
            &format!("/pin_and_agreement/{response}/phone_dh_secret"),
        ) {
            let mut vector = sides;
            vector["server_statement"] = json!(published.hash(challenge));
            vector["phone_statement"] = json!(published.hash(response));
            vector["purpose"] = json!(purpose);
            vector["key"] = json!(published.text(key));
            topic.add(
                &format!("agreement/{name}-{side}"),
                "agreement",
                "ok",
                vector,
            );
        }
    }
    // Points of low order (RFC 7748 section 6.1) make an all-zero Z.
    for (id, theirs) in [
        ("zero", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("one", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("of-order-8", "4Ot6fDtBuK4WVuP68Z_EatoJjeucMrH9hmIFFl9JuAA"),
        ("p-minus-1", "7P_______________________________________38"),
        ("p", "7f_______________________________________38"),
    ] {
        let vector = json!({ "mine": published.text("/enrolment/server_dh_secret"), "theirs": theirs, "server_statement": offer,
            "phone_statement": registration, "purpose": "pin" });
        topic.add(
            &format!("agreement/low-order-{id}"),
            "agreement",
            "refused",
            vector,
        );
    }
}

fn enrolment(topic: &mut Topic, published: &Published) {
    let at = |member: &str| published.text(&format!("/enrolment/{member}"));
    let (offer, registration) = (published.hash("offer"), published.hash("registration"));
    let kc =
        json!({ "key": at("keys_derived/conf"), "registration": registration, "kc": at("kc") });
    both(topic, "confirmation", &kc, "kc", &["registration"]);
    let eid = serde_json::from_str::<Value>(&published.payload("offer")).unwrap_or_default();
    let sas = json!({ "eid": eid["jti"], "ns": at("Ns"), "sas": eid["sas"] });
    both(topic, "commitment", &sas, "sas", &["ns"]);
    let digits = json!({ "offer": offer, "registration": registration, "ns": at("Ns"), "np": at("Np"), "digits": at("digits") });
    topic.add("digits/good", "digits", "ok", digits.clone());
    for member in ["offer", "registration", "ns", "np"] {
        let mut bent = digits.clone();
        bent[member] = json!(other(bent[member].as_str().unwrap_or_default()));
        topic.add(
            &format!("digits/another-{member}"),
            "digits",
            "differs",
            bent,
        );
    }
}

/// A value that is compared: right, and with each of these members another.
fn both(topic: &mut Topic, op: &str, good: &Value, compared: &str, members: &[&str]) {
    topic.add(&format!("{op}/good"), op, "ok", good.clone());
    for member in members.iter().chain([&compared]) {
        let mut bent = good.clone();
        bent[*member] = json!(other(bent[*member].as_str().unwrap_or_default()));
        topic.add(&format!("{op}/another-{member}"), op, "differs", bent);
    }
}

fn pins(topic: &mut Topic, published: &Published) {
    for (id, at) in [("enrolment", "pin_blob"), ("change", "pin_set_blob")] {
        let blob = published.at(&format!("/{at}"));
        let mut vector = json!({});
        for member in [
            "pin", "salt", "pepper", "j", "m_KiB", "t", "p", "argon2id", "blob",
        ] {
            vector[member] = blob[member].clone();
        }
        vector["k_pin"] = blob["K_pin"].clone();
        topic.add(&format!("pin-blob/{id}"), "pin_blob", "ok", vector.clone());
        if id == "enrolment" {
            // Another PIN opens to another key, and to nothing that tells so.
            let mut bent = vector;
            bent["pin"] = json!("294818");
            topic.add("pin-blob/another-pin", "pin_blob", "differs", bent);
        }
    }
    for (id, pin, expect) in [
        ("six", "294817", "ok"),
        ("twelve", "294817294817", "ok"),
        ("five", "29481", "too_short"),
        ("none", "", "too_short"),
        ("thirteen", "2948172948172", "too_long"),
        ("a-letter", "29481a", "not_a_digit"),
        ("other-digits", "२९४८१७", "not_a_digit"),
    ] {
        topic.add(&format!("pin/{id}"), "pin", expect, json!({ "pin": pin }));
    }
    for (name, challenge, k_pin) in [
        ("response", "challenge", "/pin_blob/K_pin"),
        (
            "response_add_phone",
            "challenge_add_phone",
            "/pin_blob/K_pin",
        ),
        ("response_pin_set", "challenge_pin_set", "/pin_blob/K_pin"),
        (
            "response_replace_uv",
            "challenge_replace_uv",
            "/pin_set_blob/K_pin",
        ),
    ] {
        let secret = published.text("/enrolment/server_dh_secret");
        let good = json!({ "by": ["K_dev"], "mine": secret, "challenge": published.hash(challenge), "k_pin": published.text(k_pin),
            "response": published.statement(name), "proof": published.text(&format!("/pin_and_agreement/{name}/pin")) });
        topic.add(
            &format!("pin-proof/{name}"),
            "pin_proof",
            "ok",
            good.clone(),
        );
        let mut wrong = good.clone();
        wrong["k_pin"] = json!(other_hex(good["k_pin"].as_str().unwrap_or_default()));
        topic.add(
            &format!("pin-proof/{name}-another-pin"),
            "pin_proof",
            "differs",
            wrong,
        );
        let mut replayed = good;
        replayed["challenge"] = json!(published.hash("challenge_offline"));
        topic.add(
            &format!("pin-proof/{name}-another-challenge"),
            "pin_proof",
            "differs",
            replayed,
        );
    }
    // The proof of one response put beside what another one says.
    let mut says: Value =
        serde_json::from_str(&published.payload("response_add_phone")).unwrap_or_default();
    says["match"] = json!("654321");
    let moved = super::published::signed(
        "cs1-response+jwt",
        &says.to_string(),
        &published.key("K_dev"),
    );
    let vector = json!({ "by": ["K_dev"], "mine": published.text("/enrolment/server_dh_secret"), "challenge": published.hash("challenge_add_phone"),
        "k_pin": published.text("/pin_blob/K_pin"), "response": moved, "proof": published.text("/pin_and_agreement/response_add_phone/pin") });
    topic.add(
        "pin-proof/beside-other-digits",
        "pin_proof",
        "differs",
        vector,
    );
}

fn recovery(topic: &mut Topic, published: &Published) {
    let (challenge, response) = ("challenge_recovery_codes", "response_recovery_codes");
    for (side, sides) in agree(
        published,
        &format!("/pin_and_agreement/{response}/phone_dh_secret"),
    ) {
        let mut vector = sides;
        vector["server_statement"] = json!(published.hash(challenge));
        vector["phone_statement"] = json!(published.hash(response));
        vector["codes"] = published.at("/recovery_codes").clone();
        topic.add(
            &format!("recovery-codes/{side}"),
            "recovery_codes",
            "ok",
            vector.clone(),
        );
        if side == "phone" {
            let mut bent = vector;
            bent["phone_statement"] = json!(published.hash("response"));
            topic.add(
                "recovery-codes/another-response",
                "recovery_codes",
                "differs",
                bent,
            );
        }
    }
    let at = |member: &str| published.text(&format!("/recovery_use/{member}"));
    let good =
        json!({ "code": at("code"), "offer": at("offer"), "dev": at("dev"), "rec": at("rec") });
    both(topic, "recovery_use", &good, "rec", &["offer", "dev"]);
    for (id, code, expect) in [
        ("spaced", "zpg1 65kk-bfwp 6amk", "ok"),
        ("lookalikes", "ZPGI65KKBFWP6AMK", "ok"),
        ("another", "6ZGGAZ6ZSEFY5DW7", "differs"),
        ("too-short", "ZPG165KKBFWP6AM", "shape"),
        ("too-long", "ZPG165KKBFWP6AMKK", "shape"),
        ("no-letter-of-the-alphabet", "UPG165KKBFWP6AMK", "shape"),
    ] {
        let mut vector = good.clone();
        vector["code"] = json!(code);
        topic.add(
            &format!("recovery_use/{id}"),
            "recovery_use",
            expect,
            vector,
        );
    }
}

fn offline(topic: &mut Topic, published: &Published) {
    let key = published.text("/enrolment/keys_derived/off");
    let challenge = published.hash("challenge_offline");
    let good =
        json!({ "key": key, "challenge": challenge, "code": published.text("/offline_code") });
    topic.add("offline-code/good", "offline_code", "ok", good.clone());
    let mut bent = good.clone();
    bent["challenge"] = json!(other(challenge));
    topic.add(
        "offline-code/another-challenge",
        "offline_code",
        "differs",
        bent,
    );
    let mut bent = good;
    bent["key"] = json!(other_hex(key));
    topic.add("offline-code/another-key", "offline_code", "differs", bent);
}

//! Responses, and proofs of calls.

use super::super::book::Topic;
use super::super::published::{Published, signed};
use super::{Kind, M, all_of, also};
use countersign_protocol::crypto::SigningKey;
use serde_json::json;

pub(super) fn add(topic: &mut Topic, published: &Published) {
    let typ = "cs1-response+jwt";
    let kind = Kind {
        op: "statement",
        typ,
        signer: "K_dev",
        stranger: "K_dev of a second phone",
    };
    let by = || json!({ "by": ["K_dev", "K_uv"] });
    all_of(
        topic,
        published,
        ("response", "response"),
        &kind,
        by(),
        &[
            ("ctr-is-zero", "\"ctr\":1", "\"ctr\":0", M),
            (
                "first-with-one-before",
                "\"prev\":\"\"",
                "\"prev\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
                M,
            ),
            ("later-with-none-before", "\"ctr\":1", "\"ctr\":2", M),
            ("another-rule", "\"rule\":1", "\"rule\":2", M),
            (
                "denied-with-a-number",
                "\"decision\":\"approve\"",
                "\"decision\":\"deny\"",
                M,
            ),
            (
                "approved-with-a-reason",
                "\"decision\":\"approve\"",
                "\"decision\":\"approve\",\"reason\":\"mistake\"",
                M,
            ),
            (
                "number-of-one-digit",
                "\"match\":\"42\"",
                "\"match\":\"4\"",
                M,
            ),
            (
                "number-of-letters",
                "\"match\":\"42\"",
                "\"match\":\"4a\"",
                M,
            ),
            ("number-that-is-none", "\"match\":\"42\"", "\"match\":42", M),
            ("pin-without-its-half", "\"dh\":", "\"more\":", M),
            (
                "unknown-decision",
                "\"decision\":\"approve\"",
                "\"decision\":\"maybe\"",
                M,
            ),
            (
                "locale-that-is-none",
                "\"locale\":\"de-AT\"",
                "\"locale\":\"\"",
                M,
            ),
        ],
    );
    also(
        topic,
        published,
        typ,
        &["K_dev", "K_uv"],
        &[
            "response_uv",
            "response_deny",
            "response_add_phone",
            "response_pin_set",
            "response_recovery_codes",
            "response_replace_uv",
        ],
    );
    let bent = |topic: &mut Topic, id: &str, base: &str, key: &SigningKey, from: &str, to: &str| {
        let says = published.payload(base);
        assert!(says.contains(from), "{id}");
        let bent = signed(typ, &says.replacen(from, to, 1), key);
        let vector = json!({ "typ": typ, "by": ["K_dev", "K_uv"], "statement": bent });
        topic.add(id, "statement", "malformed", vector);
    };
    let dev = published.key("K_dev");
    bent(
        topic,
        "response_deny/unknown-reason",
        "response_deny",
        &dev,
        "\"reason\":\"unknown\"",
        "\"reason\":\"rain\"",
    );
    bent(
        topic,
        "response_replace_uv/without-pin",
        "response_replace_uv",
        &dev,
        "\"pin\":",
        "\"more\":",
    );
    let proof = Kind {
        op: "statement",
        typ: "cs1-proof+jwt",
        signer: "K_dev",
        stranger: "K_uv",
    };
    all_of(
        topic,
        published,
        ("proof", "proof_get"),
        &proof,
        json!({ "by": ["K_dev"] }),
        &[
            ("another-method", "\"htm\":\"GET\"", "\"htm\":\"HEAD\"", M),
            (
                "method-in-small-letters",
                "\"htm\":\"GET\"",
                "\"htm\":\"get\"",
                M,
            ),
            ("nonce-with-a-space", "\"nonce\":\"", "\"nonce\":\" ", M),
            (
                "empty-nonce",
                "\"nonce\":\"",
                "\"nonce\":\"\",\"more\":\"",
                M,
            ),
            (
                "address-too-long",
                "\"htu\":\"https://id.example.com",
                "\"htu\":\"https://id.example.com/{a*2048}",
                M,
            ),
        ],
    );
    also(topic, published, proof.typ, &["K_dev"], &["proof_post"]);
}

//! The statements that bring their key, and the proof of K_uv.

use super::super::book::Topic;
use super::super::published::{Published, payload, signed};
use super::{Kind, M, all_of};
use serde_json::json;

pub(super) fn keys(topic: &mut Topic, published: &Published) {
    let typ = "cs1-keys+jwt";
    let kind = Kind {
        op: "keys",
        typ,
        signer: "R",
        stranger: "R2",
    };
    let beside = json!({ "root": published.thumbprint("R") });
    let long = "\"exp\":1834560001";
    all_of(
        topic,
        published,
        ("keys", "keys"),
        &kind,
        beside,
        &[
            ("n-is-zero", "\"n\":1", "\"n\":0", M),
            ("n-is-too-large", "\"n\":1", "\"n\":9007199254740992", M),
            ("n-is-a-text", "\"n\":1", "\"n\":\"1\"", M),
            ("n-has-a-fraction", "\"n\":1", "\"n\":1.0", M),
            (
                "over-before-it-began",
                "\"exp\":1831536000",
                "\"exp\":1800000000",
                M,
            ),
            ("over-after-400-days", "\"exp\":1831536000", long, M),
            ("nobody-signs", "\"sign\":[", "\"sign\":[],\"sign\":[", M),
            (
                "root-as-a-list",
                "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"xF_lgNAxFFhKRlBDA-Pm4gPqelGRvb993r6CYCGYm9k\"}",
                "[\"Ed25519\",\"OKP\",\"xF_lgNAxFFhKRlBDA-Pm4gPqelGRvb993r6CYCGYm9k\"]",
                M,
            ),
            ("no-address", "[\"https://id.example.com\"]", "[]", M),
            (
                "plain-http",
                "[\"https://id.example.com\"]",
                "[\"http://id.example.com\"]",
                M,
            ),
            (
                "address-with-a-path",
                "[\"https://id.example.com\"]",
                "[\"https://id.example.com/\"]",
                M,
            ),
        ],
    );
    for (id, name, root) in [
        ("keys/names-the-next-root", "keys_root_next", "R"),
        ("keys/by-the-next-root", "keys_by_next_root", "R2"),
    ] {
        let (root, statement) = (published.thumbprint(root), published.statement(name));
        let vector =
            json!({ "typ": typ, "root": root, "statement": statement, "H": published.hash(name) });
        topic.add(id, "keys", "ok", vector);
    }
    // Rightly signed by the key that it carries, and that is not the one that is pinned.
    let statement = published.statement("keys_by_next_root");
    let vector = json!({ "typ": typ, "root": published.thumbprint("R"), "statement": statement });
    topic.add("keys/of-another-root", "keys", "unknown_key", vector);
    // It carries the pinned key and is signed by another.
    let says = payload(published.statement("keys"));
    let stolen = signed(typ, &says, &published.key("S"));
    let vector = json!({ "typ": typ, "root": published.thumbprint("R"), "statement": stolen });
    topic.add("keys/by-s", "keys", "unknown_key", vector);
}

pub(super) fn registration(topic: &mut Topic, published: &Published) {
    let kind = Kind {
        op: "registration",
        typ: "cs1-registration+jwt",
        signer: "K_dev",
        stranger: "K_uv",
    };
    all_of(
        topic,
        published,
        ("registration", "registration"),
        &kind,
        json!({}),
        &[
            ("gesture-without-its-class", ",\"uvc\":\"biometric\"", "", M),
            ("gesture-without-its-level", ",\"uv\":\"tee\"}", "}", M),
            ("unknown-level", "\"dev\":\"tee\"", "\"dev\":\"cloud\"", M),
            ("no-version", "\"proto\":[1]", "\"proto\":[]", M),
            (
                "token-of-another-length",
                "\"token\":\"",
                "\"token\":\"A",
                M,
            ),
            (
                "locale-that-is-none",
                "\"locale\":\"de-AT\"",
                "\"locale\":\"d_\"",
                M,
            ),
            ("name-that-misleads", "Pixel 10", "Pixel\\u202e10", "text"),
            ("no-name", "\"device\":\"Pixel 10\"", "\"device\":\"\"", M),
            (
                "app-with-more",
                "\"mode\":\"app\"",
                "\"mode\":\"app\",\"more\":1",
                M,
            ),
            (
                "push-without-token",
                "\"proto\":[1]",
                "\"proto\":[1],\"push\":{\"type\":\"fcm\",\"token\":\"\"}",
                M,
            ),
        ],
    );
    // Another key carried a second time, in front: its signature would fit.
    let other = published.key("K_uv");
    let jwk = serde_json::to_string(other.public()).unwrap_or_default();
    let says = payload(published.statement("registration"));
    let twice = says.replacen('{', &format!("{{\"dev\":{jwk},"), 1);
    let statement = signed(kind.typ, &twice, &other);
    let vector = json!({ "typ": kind.typ, "statement": statement });
    topic.add("registration/two-keys", "registration", "malformed", vector);
    let same = says.replacen(
        &format!(
            "\"uv\":{}",
            serde_json::to_string(&published.public("K_uv")).unwrap_or_default()
        ),
        &format!(
            "\"uv\":{}",
            serde_json::to_string(&published.public("K_dev")).unwrap_or_default()
        ),
        1,
    );
    assert_ne!(same, says);
    let statement = signed(kind.typ, &same, &published.key("K_dev"));
    let vector = json!({ "typ": kind.typ, "statement": statement });
    topic.add(
        "registration/one-key-for-both",
        "registration",
        "malformed",
        vector,
    );
}

pub(super) fn key(topic: &mut Topic, published: &Published) {
    let kind = Kind {
        op: "uv_proof",
        typ: "cs1-key+jwt",
        signer: "K_uv",
        stranger: "K_uv2",
    };
    let offer = published.hash("offer");
    let beside = json!({ "uv": "K_uv", "aud": "https://id.example.com", "ctx": offer, "dev": published.thumbprint("K_dev") });
    all_of(topic, published, ("key", "uv_proof"), &kind, beside, &[]);
    let statement = published.statement("uv_proof");
    let good = json!({ "typ": kind.typ, "uv": "K_uv", "aud": "https://id.example.com", "ctx": offer, "dev": published.thumbprint("K_dev"),
        "statement": statement });
    // Rightly signed for another server, offer or phone: replayed.
    for (id, member, value) in [
        ("key/for-another-server", "aud", "https://id.example.org"),
        (
            "key/for-another-offer",
            "ctx",
            published.hash("challenge_replace_uv"),
        ),
        (
            "key/for-another-phone",
            "dev",
            published.thumbprint("K_dev of a second phone"),
        ),
    ] {
        let mut vector = good.clone();
        vector[member] = json!(value);
        topic.add(id, "uv_proof", "malformed", vector);
    }
    let mut other = good;
    other["ctx"] = json!(published.hash("challenge_replace_uv"));
    other["uv"] = json!("K_uv2");
    other["statement"] = json!(published.statement("uv_proof_2"));
    other["H"] = json!(published.hash("uv_proof_2"));
    topic.add("key/for-a-change", "uv_proof", "ok", other);
}

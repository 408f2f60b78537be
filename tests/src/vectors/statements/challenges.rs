//! Challenges: the table of protocol section 6.

use super::super::book::Topic;
use super::super::published::{Published, signed};
use super::{Kind, M, all_of, also};
use serde_json::json;

pub(super) fn add(topic: &mut Topic, published: &Published, kind: &Kind<'_>) {
    let s = json!({ "by": ["S"] });
    all_of(
        topic,
        published,
        ("challenge", "challenge"),
        kind,
        s,
        &[
            (
                "over-before-it-began",
                "\"exp\":1800001120",
                "\"exp\":1800001000",
                M,
            ),
            (
                "over-after-601-seconds",
                "\"exp\":1800001120",
                "\"exp\":1800001601",
                M,
            ),
            (
                "unknown-kind",
                "\"kind\":\"login\"",
                "\"kind\":\"logout\"",
                M,
            ),
            (
                "login-begun-in-the-app",
                "\"mode\":\"remote\"",
                "\"mode\":\"app\"",
                M,
            ),
            (
                "number-on-the-same-device",
                "\"mode\":\"remote\"",
                "\"mode\":\"same\"",
                M,
            ),
            ("number-of-three-digits", "\"match\":2", "\"match\":3", M),
            ("number-of-a-new-phone", "\"match\":2", "\"match\":6", M),
            (
                "rows-of-a-login",
                "\"match\":2",
                "\"match\":2,\"lang\":\"de\",\"rows\":[{\"label\":\"a\",\"value\":\"b\"}]",
                M,
            ),
            (
                "language-without-rows",
                "\"match\":2",
                "\"match\":2,\"lang\":\"de\"",
                M,
            ),
            (
                "input-of-a-login",
                "\"match\":2",
                "\"match\":2,\"input\":{}",
                M,
            ),
            (
                "replaces-null",
                "\"match\":2",
                "\"match\":2,\"replaces\":null",
                M,
            ),
            (
                "unknown-zone",
                "\"zone\":\"outside\"",
                "\"zone\":\"moon\"",
                M,
            ),
            ("address-with-zeros", "203.0.113.7", "203.0.113.07", M),
            ("address-in-capitals", "203.0.113.7", "2001:DB8::1", M),
            ("address-of-version-6", "203.0.113.7", "2001:db8::1", "ok"),
            (
                "service-as-a-list",
                "{\"id\":\"wiki\",\"name\":\"Wiki\",\"host\":\"wiki.example.com\"}",
                "[\"wiki\",\"Wiki\",\"wiki.example.com\"]",
                M,
            ),
            (
                "service-with-a-space",
                "\"id\":\"wiki\"",
                "\"id\":\"wi ki\"",
                M,
            ),
            (
                "host-with-a-path",
                "wiki.example.com",
                "wiki.example.com/",
                M,
            ),
            (
                "host-in-capitals",
                "wiki.example.com",
                "Wiki.example.com",
                M,
            ),
            (
                "name-that-reorders",
                "\"name\":\"Wiki\"",
                "\"name\":\"Wi\\u202eki\"",
                "text",
            ),
            (
                "name-not-composed",
                "\"name\":\"Wiki\"",
                "\"name\":\"Wiki\\u0065\\u0301\"",
                "text",
            ),
            (
                "name-with-a-tab",
                "\"name\":\"Wiki\"",
                "\"name\":\"Wi\\tki\"",
                "text",
            ),
            ("name-of-65", "Firefox on Windows", "{F*65}", M),
            ("name-of-64", "Firefox on Windows", "{F*64}", "ok"),
            ("nothing-suffices", "[[\"dev\",\"pin\"],[\"uv\"]]", "[]", M),
            ("no-phones", "\"phones\":1", "\"phones\":0", M),
            ("context-missing", "\"context\":", "\"more\":", M),
        ],
    );
    also(
        topic,
        published,
        kind.typ,
        &["S"],
        &[
            "challenge_transaction",
            "challenge_policy",
            "challenge_add_phone",
            "challenge_pin_set",
            "challenge_recovery_codes",
            "challenge_replace_uv",
            "challenge_offline",
        ],
    );
    let signer = published.key("S");
    for (id, base, from, to) in [
        (
            "challenge_transaction/no-rows",
            "challenge_transaction",
            "\"rows\":[",
            "\"rows\":[],\"more\":[",
        ),
        (
            "challenge_transaction/row-with-more",
            "challenge_transaction",
            "{\"label\":\"Betrag\"",
            "{\"more\":1,\"label\":\"Betrag\"",
        ),
        (
            "challenge_policy/policy-that-goes-back",
            "challenge_policy",
            "\"n\":2",
            "\"n\":1",
        ),
        (
            "challenge_policy/no-input",
            "challenge_policy",
            "\"input\":",
            "\"more\":",
        ),
        (
            "challenge_add_phone/no-number",
            "challenge_add_phone",
            "\"match\":6",
            "\"match\":0",
        ),
        (
            "challenge_add_phone/no-name",
            "challenge_add_phone",
            ",\"device\":\"iPhone 18\"",
            "",
        ),
        (
            "challenge_pin_set/from-afar",
            "challenge_pin_set",
            "\"mode\":\"app\"",
            "\"mode\":\"remote\"",
        ),
        (
            "challenge_replace_uv/with-input",
            "challenge_replace_uv",
            "\"match\":0",
            "\"match\":0,\"input\":{}",
        ),
        (
            "challenge_offline/with-a-number",
            "challenge_offline",
            "\"match\":0",
            "\"match\":2",
        ),
    ] {
        let says = published.payload(base);
        assert!(says.contains(from), "{id}");
        let bent = signed(kind.typ, &says.replacen(from, to, 1), &signer);
        let vector = json!({ "typ": kind.typ, "by": ["S"], "statement": bent });
        topic.add(id, "statement", "malformed", vector);
    }
}

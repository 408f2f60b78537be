//! What the server signs by S.

use super::super::book::Topic;
use super::super::published::Published;
use super::{Kind, M, all_of, also, challenges};
use serde_json::json;

const LONG_ACCOUNT: &str = "{a*255}";

pub(super) fn add(topic: &mut Topic, published: &Published) {
    let by = |typ| Kind {
        op: "statement",
        typ,
        signer: "S",
        stranger: "R",
    };
    let s = || json!({ "by": ["S"] });
    let offer = by("cs1-offer+jwt");
    all_of(
        topic,
        published,
        ("offer", "offer"),
        &offer,
        s(),
        &[
            (
                "over-after-601-seconds",
                "\"exp\":1800000600",
                "\"exp\":1800000601",
                M,
            ),
            (
                "over-before-it-began",
                "\"exp\":1800000600",
                "\"exp\":1800000000",
                M,
            ),
            (
                "digits-typed-nowhere",
                "\"via\":\"browser\"",
                "\"via\":\"moon\"",
                M,
            ),
            (
                "rec-is-false",
                "\"via\":\"browser\"",
                "\"via\":\"browser\",\"rec\":false",
                M,
            ),
            (
                "name-that-misleads",
                "\"name\":\"Example\"",
                "\"name\":\"Exa\\u200bmple\"",
                "text",
            ),
            ("account-too-long", "anna@example.com", LONG_ACCOUNT, M),
            (
                "key-of-another-curve",
                "\"crv\":\"X25519\"",
                "\"crv\":\"X448\"",
                M,
            ),
            (
                "policy-without-alternative",
                "[[\"dev\",\"pin\"],[\"uv\"]]",
                "[]",
                M,
            ),
            (
                "policy-with-an-unknown-alternative",
                "[\"uv\"]]",
                "[\"dev\",\"uv\"]]",
                M,
            ),
            (
                "policy-with-one-twice",
                "[\"uv\"]]",
                "[\"dev\",\"pin\"]]",
                M,
            ),
            ("policy-with-a-pin-of-5", "\"pin\":6", "\"pin\":5", M),
            ("policy-with-a-pin-of-13", "\"pin\":6", "\"pin\":13", M),
            (
                "policy-without-the-pin-it-asks",
                "\"pin\":6",
                "\"pin\":0",
                M,
            ),
            (
                "policy-with-a-life-of-29",
                "\"max_life\":120",
                "\"max_life\":29",
                M,
            ),
            (
                "policy-with-a-life-of-601",
                "\"max_life\":120",
                "\"max_life\":601",
                M,
            ),
        ],
    );
    let state = by("cs1-state+jwt");
    all_of(
        topic,
        published,
        ("state", "state_active"),
        &state,
        s(),
        &[
            ("sn-is-zero", "\"sn\":2", "\"sn\":0", M),
            ("active-without-handles", ",\"wake\":", ",\"more\":", M),
            (
                "active-with-a-reason",
                "\"state\":\"active\"",
                "\"state\":\"active\",\"reason\":\"admin\"",
                M,
            ),
            (
                "suspended-without-a-reason",
                "\"state\":\"active\"",
                "\"state\":\"suspended\"",
                M,
            ),
            (
                "revoked-with-handles",
                "\"state\":\"active\"",
                "\"state\":\"revoked\",\"reason\":\"admin\"",
                M,
            ),
            (
                "pending-without-its-members",
                "\"state\":\"active\"",
                "\"state\":\"pending\"",
                M,
            ),
            (
                "unknown-reason",
                "\"state\":\"active\"",
                "\"state\":\"suspended\",\"reason\":\"rain\"",
                M,
            ),
            (
                "unknown-standing",
                "\"state\":\"active\"",
                "\"state\":\"gone\"",
                M,
            ),
            (
                "suspended",
                "\"state\":\"active\"",
                "\"state\":\"suspended\",\"reason\":\"user\"",
                "ok",
            ),
        ],
    );
    also(
        topic,
        published,
        state.typ,
        &["S"],
        &["state_pending", "state_uv2"],
    );
    challenges::add(topic, published, &by("cs1-challenge+jwt"));
    let verdict = by("cs1-verdict+jwt");
    all_of(
        topic,
        published,
        ("verdict", "verdict"),
        &verdict,
        s(),
        &[
            (
                "refused-and-ok",
                "\"result\":\"accepted\"",
                "\"result\":\"refused\"",
                M,
            ),
            (
                "accepted-and-expired",
                "\"code\":\"ok\"",
                "\"code\":\"expired\"",
                M,
            ),
            (
                "accepted-and-not-final",
                "\"final\":true",
                "\"final\":false,\"attempts\":1",
                M,
            ),
            (
                "final-with-attempts",
                "\"code\":\"ok\"",
                "\"code\":\"ok\",\"attempts\":1",
                M,
            ),
            ("unknown-code", "\"code\":\"ok\"", "\"code\":\"maybe\"", M),
            (
                "returns-elsewhere",
                "\"code\":\"ok\"",
                "\"code\":\"ok\",\"return\":\"javascript:alert(1)\"",
                M,
            ),
            (
                "returns-by-http",
                "\"code\":\"ok\"",
                "\"code\":\"ok\",\"return\":\"http://id.example.com/r/AAAAAAAAAAAAAAAAAAAAAA\"",
                M,
            ),
            (
                "returns",
                "\"code\":\"ok\"",
                "\"code\":\"ok\",\"return\":\"https://id.example.com/r/AAAAAAAAAAAAAAAAAAAAAA\"",
                "ok",
            ),
        ],
    );
    also(
        topic,
        published,
        verdict.typ,
        &["S"],
        &[
            "verdict_uv",
            "verdict_deny",
            "verdict_add_phone",
            "verdict_pin_set",
            "verdict_replace_uv",
        ],
    );
    let notice = by("cs1-notice+jwt");
    all_of(
        topic,
        published,
        ("notice", "notice"),
        &notice,
        s(),
        &[
            ("unknown-event", "phone_added", "phone_stolen", M),
            ("no-phones", "\"phones\":2", "\"phones\":0", M),
            (
                "device-that-misleads",
                "iPhone 18",
                "iPhone\\u202e18",
                "text",
            ),
            ("device-is-null", "\"iPhone 18\"", "null", M),
            ("without-device", "\"device\":\"iPhone 18\",", "", "ok"),
        ],
    );
    let cancel = by("cs1-cancel+jwt");
    all_of(
        topic,
        published,
        ("cancel", "cancel"),
        &cancel,
        s(),
        &[
            ("nobody-decided", "decided_elsewhere", "expired", M),
            ("unknown-reason", "decided_elsewhere", "denied", M),
            ("without-device", ",\"device\":\"iPhone 18\"", "", "ok"),
        ],
    );
}

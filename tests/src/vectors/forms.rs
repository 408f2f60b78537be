//! What people scan, open and type, and the forms of what statements consist of.

use super::book::Topic;
use super::published::Published;
use countersign_protocol::encoding::{decode, encode};
use serde_json::{Value, json};

pub(super) fn topic() -> Topic {
    let mut topic = Topic::new("forms");
    let published = Published::load();
    invitations(&mut topic, &published);
    links(&mut topic, &published);
    typed_codes(&mut topic, &published);
    texts(&mut topic);
    origins(&mut topic);
    encodings(&mut topic);
    topic
}

fn behind(address: &str, json: &str) -> String {
    format!("{address}#{}", encode(json.as_bytes()))
}

/// The token that an invitation holds.
fn token(link: &str) -> String {
    let fragment = link.split('#').nth(1).and_then(decode).unwrap_or_default();
    let fragment: Value = serde_json::from_slice(&fragment).unwrap_or_default();
    fragment["t"].as_str().unwrap_or_default().to_owned()
}

fn invitations(topic: &mut Topic, published: &Published) {
    let link = published.text("/links/invitation");
    let token = token(link);
    let fields = json!({ "link": link, "origin": "https://id.example.com", "root": published.thumbprint("R"), "token": token,
        "expires": 1_800_000_600 });
    topic.add("invitation/good", "invitation", "ok", fields);
    let says = |k: &str, t: &str, more: &str| {
        format!(
            r#"{{"v":1,"s":"https://id.example.com","k":"{k}","t":"{t}","x":1800000600{more}}}"#
        )
    };
    let (k, t) = (published.thumbprint("R"), token.as_str());
    let e = "https://id.example.com/e";
    let good = says(k, t, "");
    assert_eq!(behind(e, &good), link);
    let branded = behind("https://id.example.com/e/acme", &good);
    let members = json!({ "link": branded, "origin": "https://id.example.com", "root": k, "token": t, "expires": 1_800_000_600, "brand": "acme" });
    topic.add("invitation/for-a-brand", "invitation", "ok", members);
    for (id, link, expect) in [
        (
            "plain-http",
            behind("http://id.example.com/e", &good),
            "not_https",
        ),
        ("own-scheme", behind("countersign://e", &good), "malformed"),
        (
            "of-another-server",
            behind("https://id.example.org/e", &good),
            "malformed",
        ),
        (
            "another-path",
            behind("https://id.example.com/c", &good),
            "malformed",
        ),
        (
            "brand-in-capitals",
            behind("https://id.example.com/e/Acme", &good),
            "malformed",
        ),
        (
            "brand-of-33",
            behind(&format!("{e}/{}", "a".repeat(33)), &good),
            "malformed",
        ),
        (
            "with-a-query",
            behind(&format!("{e}?x=1"), &good),
            "malformed",
        ),
        (
            "of-a-later-version",
            behind(e, &good.replacen("\"v\":1", "\"v\":2", 1)),
            "version",
        ),
        (
            "member-more",
            behind(e, &says(k, t, ",\"more\":1")),
            "malformed",
        ),
        (
            "member-twice",
            behind(e, &says(k, t, ",\"x\":1800000600")),
            "malformed",
        ),
        (
            "token-too-short",
            behind(e, &says(k, &t[1..], "")),
            "malformed",
        ),
        (
            "root-not-canonical",
            behind(
                e,
                &says("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", t, ""),
            ),
            "malformed",
        ),
        ("padding", format!("{link}="), "malformed"),
        ("no-fragment", e.to_owned(), "malformed"),
        ("empty-fragment", format!("{e}#"), "malformed"),
        ("cut", link[..link.len() - 1].to_owned(), "malformed"),
        ("too-long", format!("{e}#{{A*512}}"), "too_long"),
        ("nothing", String::new(), "malformed"),
    ] {
        topic.add(
            &format!("invitation/{id}"),
            "invitation",
            expect,
            json!({ "link": link }),
        );
    }
}

fn links(topic: &mut Topic, published: &Published) {
    let link = published.text("/links/same_device");
    let number = published.text("/links/number");
    let txn = number
        .trim_start_matches("CS1N:")
        .split('.')
        .next()
        .unwrap_or_default();
    let good = format!(r#"{{"v":1,"s":"https://id.example.com","c":"{txn}"}}"#);
    let c = "https://id.example.com/c";
    assert_eq!(behind(c, &good), link);
    let own = behind("acme://c", &good);
    for (id, link, scheme) in [("good", link, None), ("own-scheme", &*own, Some("acme"))] {
        let mut vector = json!({ "link": link, "origin": "https://id.example.com", "txn": txn });
        if let Some(scheme) = scheme {
            vector["scheme"] = json!(scheme);
        }
        topic.add(
            &format!("challenge-link/{id}"),
            "challenge_link",
            "ok",
            vector,
        );
    }
    for (id, link, scheme, expect) in [
        ("a-scheme-without-one", own.clone(), None, "malformed"),
        ("another-scheme", own, Some("countersign"), "malformed"),
        (
            "plain-http",
            behind("http://id.example.com/c", &good),
            None,
            "malformed",
        ),
        (
            "of-another-server",
            behind("https://id.example.org/c", &good),
            None,
            "malformed",
        ),
        (
            "another-path",
            behind("https://id.example.com/e", &good),
            None,
            "malformed",
        ),
        (
            "of-a-later-version",
            behind(c, &good.replacen("\"v\":1", "\"v\":2", 1)),
            None,
            "version",
        ),
        (
            "member-more",
            behind(c, &good.replacen('}', ",\"more\":1}", 1)),
            None,
            "malformed",
        ),
        ("padding", format!("{link}="), None, "malformed"),
        ("too-long", format!("{c}#{{A*512}}"), None, "too_long"),
    ] {
        let mut vector = json!({ "link": link });
        if let Some(scheme) = scheme {
            vector["scheme"] = json!(scheme);
        }
        topic.add(
            &format!("challenge-link/{id}"),
            "challenge_link",
            expect,
            vector,
        );
    }
    let vector = json!({ "text": number, "txn": txn, "digits": "42" });
    topic.add("number/good", "number", "ok", vector);
    for (id, text) in [
        ("of-one-digit", format!("CS1N:{txn}.4")),
        ("of-letters", format!("CS1N:{txn}.4a")),
        ("of-another-length", format!("CS1N:{txn}.423")),
        ("without-digits", format!("CS1N:{txn}")),
        ("txn-too-short", format!("CS1N:{}.42", &txn[1..])),
        ("another-mark", format!("CS1Q:{txn}.42")),
        ("small-letters", format!("cs1n:{txn}.42")),
        ("something-behind", format!("{number} ")),
        ("nothing", String::new()),
    ] {
        topic.add(
            &format!("number/{id}"),
            "number",
            "malformed",
            json!({ "text": text }),
        );
    }
}

fn typed_codes(topic: &mut Topic, published: &Published) {
    let code = published.text("/typed_code");
    let root = published.thumbprint("R");
    let good =
        |typed: &str| json!({ "typed": typed, "root": root, "code": code, "token": &code[..10] });
    for (id, typed) in [
        ("good", code.to_owned()),
        ("spaced", "ejtjg-pezre vq445 x9a2c".to_owned()),
        ("in-small-letters", code.to_lowercase()),
    ] {
        topic.add(
            &format!("typed-code/{id}"),
            "typed_code",
            "ok",
            good(&typed),
        );
    }
    for (id, typed, expect) in [
        ("typo", "EJTJGPEZREVQ445X9A2D", "typo"),
        ("two-exchanged", "JETJGPEZREVQ445X9A2C", "typo"),
        ("too-short", "EJTJGPEZREVQ445X9A2", "shape"),
        ("too-long", "EJTJGPEZREVQ445X9A2CC", "shape"),
        ("no-letter-of-the-alphabet", "UJTJGPEZREVQ445X9A2C", "shape"),
        (
            "other-hyphens",
            "EJTJG\u{2010}PEZRE\u{2010}VQ445\u{2010}X9A2C",
            "shape",
        ),
        ("nothing", "", "shape"),
        // Their capitals are S, I and SS, outside of ASCII's rules.
        ("long-s", "EJTJGPEZREVQ445X9A2\u{17f}", "shape"),
        ("i-without-dot", "EJTJGPEZREVQ445X9A2\u{131}", "shape"),
        ("sharp-s", "EJTJGPEZREVQ445X9A\u{df}", "shape"),
        ("128-bytes-are-read", "EJTJGPEZREVQ445X9A2C{ *108}", "ok"),
        ("129-bytes-are-not", "EJTJGPEZREVQ445X9A2C{ *109}", "shape"),
    ] {
        if expect == "ok" {
            topic.add(&format!("typed-code/{id}"), "typed_code", "ok", good(typed));
            continue;
        }
        topic.add(
            &format!("typed-code/{id}"),
            "typed_code",
            expect,
            json!({ "typed": typed, "root": root }),
        );
    }
    let mut another = good(code);
    another["root"] = json!(published.thumbprint("R2"));
    topic.add(
        "typed-code/of-another-server",
        "typed_code",
        "another_root",
        another,
    );
}

fn texts(topic: &mut Topic) {
    for (id, text, expect) in [
        ("latin", "Anna Müller".to_owned(), "ok"),
        ("cyrillic", "Ольга".to_owned(), "ok"),
        ("hebrew", "עברית".to_owned(), "ok"),
        ("joined-figure", "👩‍🚀".to_owned(), "ok"),
        ("of-64", "ü".repeat(64), "ok"),
        ("of-65", "ü".repeat(65), "too_long"),
        ("nothing", String::new(), "empty"),
        ("not-composed", "Mu\u{308}ller".to_owned(), "unsafe"),
        ("tab", "a\tb".to_owned(), "unsafe"),
        ("line-feed", "a\nb".to_owned(), "unsafe"),
        ("zero", "a\0b".to_owned(), "unsafe"),
        ("c1", "a\u{85}b".to_owned(), "unsafe"),
        ("line-separator", "a\u{2028}b".to_owned(), "unsafe"),
        ("arabic-mark", "a\u{61c}b".to_owned(), "unsafe"),
        ("zero-width-space", "a\u{200b}b".to_owned(), "unsafe"),
        ("zero-width-joiner-is-needed", "a\u{200d}b".to_owned(), "ok"),
        ("left-to-right-mark", "a\u{200e}b".to_owned(), "unsafe"),
        ("right-to-left-override", "a\u{202e}b".to_owned(), "unsafe"),
        ("word-joiner", "a\u{2060}b".to_owned(), "unsafe"),
        ("isolate", "a\u{2066}b".to_owned(), "unsafe"),
        ("byte-order-mark", "\u{feff}ab".to_owned(), "unsafe"),
        ("tag", "a\u{e0041}b".to_owned(), "unsafe"),
        ("private-use", "a\u{e000}b".to_owned(), "unsafe"),
        (
            "private-use-of-another-plane",
            "a\u{100000}b".to_owned(),
            "unsafe",
        ),
    ] {
        topic.add(
            &format!("text/{id}"),
            "text",
            expect,
            json!({ "text": text, "max": 64 }),
        );
    }
}

fn origins(topic: &mut Topic) {
    let long = format!("https://{}.example", "a".repeat(64));
    for (id, origin, expect) in [
        ("host", "https://id.example.com", "ok"),
        ("port", "https://id.example.com:8443", "ok"),
        ("punycode", "https://xn--mller-kva.example", "ok"),
        ("no-dot", "https://localhost", "ok"),
        ("http", "http://id.example.com", "refused"),
        ("capitals", "https://ID.example.com", "refused"),
        ("scheme-in-capitals", "HTTPS://id.example.com", "refused"),
        ("slash", "https://id.example.com/", "refused"),
        ("path", "https://id.example.com/x", "refused"),
        ("person", "https://anna@id.example.com", "refused"),
        ("default-port", "https://id.example.com:443", "refused"),
        ("port-zero", "https://id.example.com:0", "refused"),
        (
            "port-with-a-zero",
            "https://id.example.com:08443",
            "refused",
        ),
        ("port-too-high", "https://id.example.com:65536", "refused"),
        ("no-port", "https://id.example.com:", "refused"),
        ("unicode", "https://müller.example", "refused"),
        ("dot-at-the-end", "https://id.example.com.", "refused"),
        ("two-dots", "https://id..example.com", "refused"),
        ("hyphen-in-front", "https://-id.example.com", "refused"),
        ("label-of-64", &long, "refused"),
        ("address-of-version-6", "https://[::1]", "refused"),
        ("space", "https://id.example.com ", "refused"),
        ("nothing", "", "refused"),
    ] {
        topic.add(
            &format!("origin/{id}"),
            "origin",
            expect,
            json!({ "origin": origin }),
        );
    }
}

fn encodings(topic: &mut Topic) {
    for (id, text, hex) in [
        ("nothing", "", Some("")),
        ("one-byte", "AA", Some("00")),
        ("two-bytes", "__8", Some("ffff")),
        ("three-bytes", "AQID", Some("010203")),
        ("unused-bits-of-one-byte", "AB", None),
        ("unused-bits-of-two-bytes", "__9", None),
        ("padding", "AA==", None),
        ("one-character", "A", None),
        ("five-characters", "AQIDA", None),
        ("other-alphabet", "+/8", None),
        ("space", "A A", None),
        ("line-feed", "AQID\n", None),
    ] {
        let mut vector = json!({ "text": text });
        if let Some(hex) = hex {
            vector["hex"] = json!(hex);
        }
        let expect = if hex.is_some() { "ok" } else { "refused" };
        topic.add(&format!("b64u/{id}"), "b64u", expect, vector);
    }
}

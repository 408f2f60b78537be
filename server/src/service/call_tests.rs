use super::*;
use serde_json::{Value, json};

fn wish(call: &Value) -> Result<Wish, Problem> {
    let call: Call = countersign_protocol::json::parse(call.to_string().as_bytes())
        .map_err(|malformed| Problem::with_detail(Why::BadRequest, malformed.to_string()))?;
    Wish::of(&call)
}

fn transaction() -> Value {
    json!({
        "request_id": "a", "account": "anna@example.com", "kind": "transaction", "lang": "de",
        "rows": [{"label": "Betrag", "value": "12 €"}],
    })
}

/// With one member set, or taken out by `null`.
fn with(pointer: &str, value: Value) -> Value {
    let mut call = transaction();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = call.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Value::Null => parent.remove(name),
        value => parent.insert(name.to_owned(), value),
    };
    call
}

fn row(value: &str) -> Result<String, Problem> {
    let wish = wish(&with("/rows/0/value", json!(value)))?;
    let (_, rows) = wish.rows.unwrap();
    Ok(rows[0].value.as_str().to_owned())
}

#[test]
fn row_45_text_is_cleaned_and_never_cut() {
    for (sent, signed) in [
        ("12 €", "12 €"),
        ("<b>12</b> &amp; 'x'", "<b>12</b> &amp; 'x'"),
        ("a\u{202e}b\u{2066}c\u{200b}d\u{feff}", "abcd"),
        (
            "two\nlines\tand\r\na\u{2028}rest\u{85}",
            "two lines and a rest",
        ),
        ("e\u{301}", "é"),
        ("  spaces around  ", "spaces around"),
        ("\u{0}x\u{1b}[31m\u{7f}", "x[31m"),
        ("עברית \u{200f}שלום", "עברית שלום"),
    ] {
        assert_eq!(row(sent).unwrap(), signed, "{sent:?}");
    }
    assert_eq!(row(&"ü".repeat(200)).unwrap().chars().count(), 200);
    for (bad, why) in [
        ("ü".repeat(201), "text is too long"),
        (String::new(), "text is empty"),
        ("\u{202e}\n \u{feff}".to_owned(), "text is empty"),
    ] {
        let problem = row(&bad).unwrap_err();
        assert_eq!(
            (problem.why, problem.detail),
            (Why::BadValue, Some(format!("rows.1.value: {why}")))
        );
    }
    let long = wish(&with("/rows/0/label", json!("a".repeat(65))))
        .err()
        .unwrap();
    assert_eq!(
        long.detail.as_deref(),
        Some("rows.1.label: text is too long")
    );
}

#[test]
fn a_value_that_cannot_be_asked_is_named() {
    let many = vec![json!({"label": "a", "value": "b"}); 17];
    for (pointer, value, member) in [
        ("/request_id", json!(""), "request_id"),
        ("/request_id", json!("a b"), "request_id"),
        ("/request_id", json!("ä"), "request_id"),
        ("/request_id", json!("a".repeat(65)), "request_id"),
        ("/account", json!(" \u{202e}\n"), "account"),
        ("/account", json!(""), "account"),
        ("/life", json!(29), "life"),
        ("/life", json!(601), "life"),
        ("/lang", json!("de_DE"), "lang"),
        ("/lang", json!(""), "lang"),
        ("/lang", Value::Null, "rows, lang"),
        ("/rows", Value::Null, "rows, lang"),
        ("/kind", json!("stepup"), "rows, lang"),
        ("/rows", json!([]), "rows"),
        ("/rows", json!(many), "rows"),
        ("/context", json!({"ip": "256.1.1.1"}), "context.ip"),
        ("/context", json!({"ip": "127.1"}), "context.ip"),
        ("/context", json!({"ip": "010.0.0.1"}), "context.ip"),
    ] {
        let problem = wish(&with(pointer, value.clone())).err().unwrap();
        let detail = problem.detail.unwrap();
        assert_eq!(problem.why, Why::BadValue, "{pointer} {value}");
        assert!(detail.starts_with(&format!("{member}: ")), "{detail}");
    }
}

#[test]
fn row_45_what_is_not_this_call_is_not_read() {
    for call in [
        with("/kind", json!("login")),
        with("/kind", json!("pin-set")),
        with("/kind", Value::Null),
        with("/account", Value::Null),
        with("/request_id", json!(1)),
        with("/life", json!(1.5)),
        with("/life", json!("60")),
        with("/match", json!(0)),
        with("/factors", json!([["dev"]])),
        with("/rows/0/more", json!("x")),
        with("/rows", json!({"Amount": "12"})),
        with("/context", json!({"browser": "Firefox"})),
        with("/context", json!({"place": "Berlin"})),
    ] {
        assert_eq!(wish(&call).err().unwrap().why, Why::BadRequest, "{call}");
    }
}

#[test]
fn a_browser_is_shown_in_our_own_words() {
    let context = json!({"user_agent": "\u{202e}<b>Mozilla Firefox/1 Windows", "ip": "::ffff:192.0.2.7", "known": true});
    let context = wish(&with("/context", context)).unwrap().context.unwrap();
    assert_eq!(context.browser.as_str(), "Firefox on Windows");
    assert_eq!(
        (context.ip.as_deref(), context.known),
        (Some("192.0.2.7"), true)
    );
    assert!(wish(&transaction()).unwrap().context.is_none());
    let stepup = json!({"request_id": "a", "account": "anna", "kind": "stepup"});
    let context = wish(&stepup).unwrap().context.unwrap();
    assert_eq!(
        (context.browser.as_str(), context.ip, context.known),
        ("A browser", None, false)
    );
}

#[test]
fn the_digest_is_of_what_is_said_and_not_of_how() {
    let one = wish(&transaction()).unwrap();
    let spaced = serde_json::to_string_pretty(&transaction()).unwrap();
    let call: Call = countersign_protocol::json::parse(spaced.as_bytes()).unwrap();
    assert_eq!(Wish::of(&call).unwrap().digest, one.digest);
    for (pointer, value) in [
        ("/account", json!("ben@example.com")),
        ("/rows/0/value", json!("13 €")),
        ("/lang", json!("en")),
        ("/life", json!(60)),
    ] {
        assert_ne!(wish(&with(pointer, value)).unwrap().digest, one.digest);
    }
}

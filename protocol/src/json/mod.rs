//! JSON as section 1 allows it: UTF-8, no BOM, no duplicate or unknown members, no floats, no
//! `null`, integers up to 2^53−1, depth up to 6.
//!
//! In: bytes of a size that was checked. Out: values of the types that travel. Never: a second reading of the same bytes, such as
//! a list in the place of an object; the sender's words in an error.
//!
//! serde's derived readers refuse duplicate and unknown members (every type that travels says
//! `deny_unknown_fields`); what they don't see is looked for in one pass over the text before them, and they get no list where
//! an object belongs.

mod objects;

use crate::text::NotText;
use objects::Objects;
use serde::{Serialize, de::DeserializeOwned};

/// The text is not JSON of this protocol, or not of the expected shape. It doesn't say more: the
/// reader's own words would quote the sender's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed JSON: {0}")]
pub struct Malformed(pub &'static str);

impl Malformed {
    /// Text that is shown to people has hidden or misleading characters ([`crate::text::NotText`]):
    /// the one rule whose breach a person is told about.
    pub const TEXT: Self = Self("text to be shown");

    /// A stable name, as the vectors have it. Which rule was broken first is no part of it.
    pub fn code(self) -> &'static str {
        if self == Self::TEXT {
            "text"
        } else {
            "malformed"
        }
    }
}

/// Objects and lists may be nested this deep.
pub const DEPTH: usize = 6;

/// The largest integer, 2^53−1.
pub const MAX_INT: u64 = (1 << 53) - 1;

/// Reads one value and nothing after it. The caller has checked the size.
///
/// # Errors
/// [`Malformed`], without quoting the input.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed("not UTF-8"))?;
    scan(text)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Objects(&mut reader));
    let whole = value.and_then(|value| reader.end().map(|()| value));
    whole.map_err(|fault| refusal(&fault.to_string()))
}

/// The reader passes words on only at the start of what it says; what it quotes of the sender's
/// comes after words of its own.
fn refusal(said: &str) -> Malformed {
    if said.starts_with(&NotText::Unsafe.to_string()) {
        Malformed::TEXT
    } else {
        Malformed("members")
    }
}

/// Writes a value that this crate defines.
///
/// # Errors
/// [`Malformed`] never for this crate's types, whose keys are strings.
pub fn write<T: Serialize>(value: &T) -> Result<String, Malformed> {
    serde_json::to_string(value).map_err(|_| Malformed("cannot be written"))
}

/// Depth, numbers and `null`, outside strings. Anything else wrong is left to the reader after it.
fn scan(text: &str) -> Result<(), Malformed> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = after_string(bytes, at),
            b'{' | b'[' if depth == DEPTH => return Err(Malformed("nested too deep")),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'n' => return Err(Malformed("null")),
            b'-' => return Err(Malformed("number out of range")),
            b'0'..=b'9' => at = after_number(text, at - 1)?,
            _ => {}
        }
    }
    Ok(())
}

fn after_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => break,
            b'\\' => at += 1,
            _ => {}
        }
    }
    at
}

fn after_number(text: &str, start: usize) -> Result<usize, Malformed> {
    let rest = &text.as_bytes()[start..];
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if matches!(rest.get(length), Some(b'.' | b'e' | b'E')) {
        return Err(Malformed("not an integer"));
    }
    match text[start..start + length].parse::<u64>() {
        Ok(value) if value <= MAX_INT => Ok(start + length),
        _ => Err(Malformed("number out of range")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        n: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        #[serde(default)]
        inner: Vec<Sample>,
    }

    fn read(text: &str) -> Result<Sample, Malformed> {
        parse(text.as_bytes())
    }

    #[test]
    fn members_in_any_order_and_escaped_names_are_read() {
        assert_eq!(
            read(r#" {"text":"null 1e5 [[[[[[[[","\u006e":9007199254740991} "#)
                .unwrap()
                .n,
            MAX_INT
        );
        assert_eq!(
            read(r#"{"n":0,"text":"\"{[\\"}"#).unwrap().text.unwrap(),
            r#""{[\"#
        );
    }

    #[test]
    fn everything_else_is_refused() {
        let deep = format!(
            r#"{}{{"n":1}}{}"#,
            r#"{"n":1,"inner":["#.repeat(3),
            "]}".repeat(3)
        );
        for bad in [
            "",
            "{",
            r#"{"n":1"#,
            r#"{"n":1}x"#,
            r#"{"n":1}{"n":1}"#,
            "\u{feff}{\"n\":1}",
            r#"{"n":1,"n":1}"#,
            r#"{"n":1,"\u006e":1}"#,
            r#"{"n":1,"other":1}"#,
            r#"{}"#,
            r#"{"n":-1}"#,
            r#"{"n":-0}"#,
            r#"{"n":1.0}"#,
            r#"{"n":1e2}"#,
            r#"{"n":01}"#,
            r#"{"n":"1"}"#,
            r#"{"n":9007199254740992}"#,
            r#"{"n":99999999999999999999999}"#,
            r#"{"n":1,"text":null}"#,
            r#"{"n":1,"text":"\ud800"}"#,
            "{\"n\":1,\"text\":\"\n\"}",
            r#"{"n":1,"text":"#,
            r#"{"n":1,"text":"\"#,
            &deep,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(parse::<Sample>(b"{\"n\":1,\"text\":\"\xff\"}").is_err());
        assert!(parse::<Sample>(&[b'['; 100_000]).is_err());
    }

    /// The reader after it would refuse them too, where the type doesn't take them.
    #[test]
    fn null_and_what_is_below_nought_are_refused_before_any_type_is_asked() {
        for (text, rule) in [
            (r#"{"n":null}"#, "null"),
            ("null", "null"),
            ("[-1]", "number out of range"),
            ("-0", "number out of range"),
        ] {
            assert_eq!(scan(text), Err(Malformed(rule)), "{text}");
            assert_eq!(
                parse::<serde_json::Value>(text.as_bytes()),
                Err(Malformed(rule)),
                "{text}"
            );
        }
        assert_eq!(scan(r#"{"n":"null -1"}"#), Ok(()));
    }

    #[test]
    fn the_two_names_of_what_is_malformed_are_stable() {
        assert_eq!(Malformed::TEXT.code(), "text");
        assert_eq!(Malformed("null").code(), "malformed");
    }

    /// Found by `fuzz/src/bin/calls.rs`: a list of the members' values was read as the object, at every depth.
    #[test]
    fn a_list_is_no_object_at_any_depth() {
        let good = r#"{"n":1,"text":"a","inner":[{"n":2}]}"#;
        assert!(read(good).is_ok());
        for bad in [
            r#"[1,"a",[]]"#,
            r#"[1]"#,
            r#"{"n":1,"inner":[[2,"a",[]]]}"#,
            r#"{"n":1,"inner":[{"n":2,"inner":[[3,"b",[]]]}]}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(parse::<Vec<u64>>(b"[1,2]").is_ok());
        assert!(parse::<Option<Sample>>(br#"[1,"a",[]]"#).is_err());
        assert!(parse::<crate::crypto::PublicKey>(br#"["Ed25519","OKP","AA"]"#).is_err());
    }

    #[test]
    fn misleading_text_is_told_apart_and_nobody_else_can_say_so() {
        use crate::text::Name;
        #[derive(Deserialize, Debug)]
        #[serde(deny_unknown_fields)]
        struct Shown {
            #[serde(rename = "name")]
            _name: Name,
        }
        let read = |text: &str| parse::<Shown>(text.as_bytes()).err();
        assert_eq!(read("{\"name\":\"Anna\"}"), None);
        assert_eq!(read("{\"name\":\"A\u{202e}\"}"), Some(Malformed::TEXT));
        assert_eq!(read("{\"name\":\"\"}"), Some(Malformed("members")));
        let words = NotText::Unsafe.to_string();
        assert_eq!(
            read(&format!("{{\"{words}\":1}}")),
            Some(Malformed("members"))
        );
    }

    #[test]
    fn six_levels_are_taken() {
        assert!(
            read(&format!(
                "{}{}",
                r#"{"n":1,"inner":["#.repeat(3),
                "]}".repeat(3)
            ))
            .is_ok()
        );
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text in "[\\[\\]{}\":,0-9nulte.\\\\a-]{0,60}") {
            let _ = read(&text);
        }
    }
}

//! What the protocol crate answers to a published vector (`tests/vectors/README.md`), for readers in Rust and, by UniFFI, in Kotlin and
//! Swift. A library of its own, beside the phone's and of the tests alone: no phone has a use for it.
//!
//! In: the keys of a file, and of a vector what is done and the inputs, without shorthands. Out: the answer, and what comes out beside it.
//! Never: what the vector expects. The reader reads the files, keeps that, and compares.
#![warn(missing_docs)]

mod answers;
mod case;
mod hex;

pub use answers::{Answer, answer};
pub use hex::{hex, unhex};

use serde_json::Value;

uniffi::setup_scaffolding!("countersign_vectors");

/// Why there is no answer: the vector is badly written, or not for this library. That is never the answer to a hostile one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum Unreadable {
    /// What came in is not JSON.
    #[error("not JSON")]
    Json,
    /// An input is missing, or of another form.
    #[error("no `{name}`, or of another form")]
    Member {
        /// Its name.
        name: String,
    },
    /// The file has no such key.
    #[error("no key `{name}`")]
    Key {
        /// Its name.
        name: String,
    },
    /// What is asked is nothing that the protocol crate answers.
    #[error("`{op}` is not judged here")]
    Op {
        /// The operation.
        op: String,
    },
}

/// An answer as it crosses.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Judged {
    /// `ok`, or the stable name of what is wrong.
    pub answer: String,
    /// What comes out beside it: an object, as JSON.
    pub values: String,
}

/// Judges a vector. Both are objects, as JSON: the `keys` of its file, and its `op` with the inputs.
///
/// # Errors
/// [`Unreadable`]
#[uniffi::export]
pub fn judge(keys: String, vector: String) -> Result<Judged, Unreadable> {
    let read = |text: String| serde_json::from_str::<Value>(&text).map_err(|_| Unreadable::Json);
    let Answer { answer, values } = answer(&read(keys)?, &read(vector)?)?;
    Ok(Judged {
        answer,
        values: Value::Object(values).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(vector: &str) -> Result<Judged, Unreadable> {
        judge("{}".into(), vector.into())
    }

    #[test]
    fn a_good_one_and_a_hostile_one_are_answers() {
        let good = judged(r#"{"op":"b64u","text":"AA"}"#).unwrap();
        assert_eq!((&*good.answer, &*good.values), ("ok", r#"{"hex":"00"}"#));
        let hostile = judged(r#"{"op":"b64u","text":"AB"}"#).unwrap();
        assert_eq!((&*hostile.answer, &*hostile.values), ("refused", "{}"));
    }

    #[test]
    fn what_is_badly_written_gets_no_answer() {
        let member = |name: &str| Unreadable::Member { name: name.into() };
        let op = |op: &str| Unreadable::Op { op: op.into() };
        for (vector, error) in [
            ("", Unreadable::Json),
            ("{", Unreadable::Json),
            ("[]", member("op")),
            (r#"{"op":1}"#, member("op")),
            (r#"{"op":"server_judge"}"#, op("server_judge")),
            (r#"{"op":"b64u"}"#, member("text")),
            (r#"{"op":"b64u","text":null}"#, member("text")),
            (r#"{"op":"offline_code","key":"00"}"#, member("key")),
            (r#"{"op":"offline_code","key":"0g"}"#, member("key")),
            (r#"{"op":"set","phones":["x"]}"#, member("phones")),
            (r#"{"op":"history","lines":[1]}"#, member("lines")),
            (
                r#"{"op":"thumbprint","key":"R"}"#,
                Unreadable::Key { name: "R".into() },
            ),
        ] {
            assert_eq!(judged(vector), Err(error), "{vector}");
        }
    }
}

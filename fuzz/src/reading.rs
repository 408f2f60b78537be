//! What was read is written, and read again: nothing may have changed.

use countersign_protocol::json;
use serde::{Serialize, de::DeserializeOwned};

/// Splits an input into the name of a reader and what it reads.
pub fn named(data: &[u8]) -> Option<(&str, &[u8])> {
    let at = data.iter().position(|&byte| byte == b'\n')?;
    Some((std::str::from_utf8(&data[..at]).ok()?, &data[at + 1..]))
}

/// A value that was read has one text, and that text is read as the same value. It is not longer than what it was read from:
/// what fits under a cap still does when it is passed on.
pub fn keeps<T: Serialize + DeserializeOwned>(value: &T, read_from: &[u8]) {
    let text = json::write(value).expect("what was read can be written");
    assert!(text.len() <= read_from.len(), "it grew: {text}");
    let again: T = json::parse(text.as_bytes()).expect("what was written can be read");
    assert_eq!(json::write(&again).expect("it can be written again"), text);
}

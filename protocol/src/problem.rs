//! What a server answers when it can't do what was asked: `application/problem+json` (RFC 9457).

use crate::json::{self, Malformed};
use serde::{Deserialize, Serialize};

/// The codes of protocol section 10. [`Code::Other`] is a code this version doesn't know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// 400: the call is not of this protocol.
    BadRequest,
    /// 400: a statement in it is not.
    BadStatement,
    /// 401: the proof is missing or wrong.
    BadProof,
    /// 401: the nonce is missing or stale; the answer carries a fresh one.
    NonceRequired,
    /// 403: not in this state of the credential.
    NotActive,
    /// 403: not while the phone is on probation.
    Probation,
    /// 404: unknown, or somebody else's.
    NotFound,
    /// 409: it contradicts what was sent before.
    Conflict,
    /// 410: it was there and is over.
    Gone,
    /// 413: over a cap.
    TooLarge,
    /// 415: not `application/json`.
    UnsupportedMedia,
    /// 422: the phone's keys are not of the level that the policy asks.
    LevelRefused,
    /// 422: the attestation is not one.
    AttestationRefused,
    /// 426: the phone and the server share no version.
    Proto,
    /// 429: too many calls; `Retry-After` says how long.
    SlowDown,
    /// 500: a fault of the server.
    Fault,
    /// 503: not now; `Retry-After` says how long.
    Unavailable,
    /// Of a newer server.
    Other,
}

/// Code, its name on the wire, status and title, in one table.
const TABLE: [(Code, &str, u16, &str); 17] = [
    (
        Code::BadRequest,
        "bad_request",
        400,
        "The request is not of this protocol",
    ),
    (
        Code::BadStatement,
        "bad_statement",
        400,
        "A statement is not of this protocol",
    ),
    (Code::BadProof, "bad_proof", 401, "The proof does not fit"),
    (
        Code::NonceRequired,
        "nonce_required",
        401,
        "Repeat with the nonce of this answer",
    ),
    (
        Code::NotActive,
        "not_active",
        403,
        "Not in this state of the credential",
    ),
    (
        Code::Probation,
        "probation",
        403,
        "Not while the phone is on probation",
    ),
    (Code::NotFound, "not_found", 404, "Not found"),
    (
        Code::Conflict,
        "conflict",
        409,
        "Contradicts an earlier request",
    ),
    (Code::Gone, "gone", 410, "Over"),
    (Code::TooLarge, "too_large", 413, "Too large"),
    (
        Code::UnsupportedMedia,
        "unsupported_media",
        415,
        "Send application/json",
    ),
    (
        Code::LevelRefused,
        "level_refused",
        422,
        "The policy asks for other keys",
    ),
    (
        Code::AttestationRefused,
        "attestation_refused",
        422,
        "The attestation does not fit",
    ),
    (Code::Proto, "proto", 426, "Update the app"),
    (Code::SlowDown, "slow_down", 429, "Too many requests"),
    (Code::Fault, "fault", 500, "A fault of the server"),
    (Code::Unavailable, "unavailable", 503, "Not available now"),
];

impl Code {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        TABLE
            .iter()
            .find(|row| row.0 == self)
            .map_or("other", |row| row.1)
    }

    /// The HTTP status it comes with.
    pub fn status(self) -> u16 {
        TABLE
            .iter()
            .find(|row| row.0 == self)
            .map_or(500, |row| row.2)
    }

    /// By its name.
    pub fn parse(name: &str) -> Self {
        TABLE
            .iter()
            .find(|row| row.1 == name)
            .map_or(Self::Other, |row| row.0)
    }
}

/// The body of a problem answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// `urn:countersign:problem:<code>`.
    pub r#type: String,
    /// A short sentence in English, for logs.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// See [`Code`].
    pub code: String,
}

impl Problem {
    /// The problem of a code.
    pub fn new(code: Code) -> Self {
        let title = TABLE
            .iter()
            .find(|row| row.0 == code)
            .map_or("Other", |row| row.3);
        Self {
            r#type: format!("urn:countersign:problem:{}", code.as_str()),
            title: title.to_owned(),
            status: code.status(),
            code: code.as_str().to_owned(),
        }
    }

    /// Reads one; the caller has checked the size.
    ///
    /// # Errors
    /// [`Malformed`] when it isn't one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        json::parse(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_read_as_it_was_written() {
        for (code, name, status, _) in TABLE {
            let problem = Problem::new(code);
            let read = Problem::parse(json::write(&problem).unwrap().as_bytes()).unwrap();
            assert_eq!(Code::parse(&read.code), code);
            assert_eq!((read.status, read.code.as_str()), (status, name));
        }
        assert_eq!(Code::parse("newer"), Code::Other);
        assert!(Problem::parse(b"<html>").is_err());
    }
}

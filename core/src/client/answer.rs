//! Reading answers: the expected body, a problem (RFC 9457), or something that is neither.

use crate::ports::{Answer, TransportError};
use countersign_protocol::call;
use countersign_protocol::problem::{Code, Problem};
use serde::de::DeserializeOwned;

/// The longest `Retry-After` that is heeded, seconds.
const LONGEST_WAIT: u64 = 900;

/// Why a call gave nothing to work with. No answer of this kind is signed, so none of it changes a
/// credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallFault {
    /// There is no answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server says why not.
    #[error("the server answers {status}")]
    Problem {
        /// HTTP's.
        status: u16,
        /// [`Code::Other`] when the body is no problem of this protocol, or not of this status.
        code: Code,
        /// `Retry-After`, seconds.
        wait: Option<u64>,
    },
    /// A good status with something else than the call's answer.
    #[error("not an answer of this protocol ({status})")]
    NotOurs {
        /// HTTP's.
        status: u16,
    },
}

impl CallFault {
    /// The problem's code, if it is one.
    pub(crate) fn code(&self) -> Option<Code> {
        match self {
            Self::Problem { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// The body of an answer that must have this status.
pub(super) fn read<T: DeserializeOwned>(answer: &Answer, status: u16) -> Result<T, CallFault> {
    if answer.status != status {
        return Err(problem(answer));
    }
    let ours = is_of(answer, "application/json");
    let body = if ours {
        call::parse(&answer.body).ok()
    } else {
        None
    };
    body.ok_or(CallFault::NotOurs { status })
}

/// An answer that must have this status, and has no body to read.
pub(super) fn read_nothing(answer: &Answer, status: u16) -> Result<(), CallFault> {
    if answer.status == status {
        Ok(())
    } else {
        Err(problem(answer))
    }
}

fn problem(answer: &Answer) -> CallFault {
    let status = answer.status;
    if status < 400 {
        return CallFault::NotOurs { status };
    }
    let ours = is_of(answer, "application/problem+json");
    let said = if ours {
        Problem::parse(&answer.body).ok()
    } else {
        None
    };
    let code = said.map_or(Code::Other, |said| Code::parse(&said.code));
    let code = if code.status() == status {
        code
    } else {
        Code::Other
    };
    // Both ask for patience, whoever answers: a proxy in between writes no problem of ours.
    let code = match (code, status) {
        (Code::Other, 429) => Code::SlowDown,
        (Code::Other, 503) => Code::Unavailable,
        _ => code,
    };
    CallFault::Problem {
        status,
        code,
        wait: retry_after(answer),
    }
}

/// Whether the server wants the call again with its newest nonce.
pub(super) fn asks_for_nonce(answer: &Answer) -> bool {
    answer.status == 401 && problem(answer).code() == Some(Code::NonceRequired)
}

fn is_of(answer: &Answer, media: &str) -> bool {
    let kind = answer.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(media)
}

/// Seconds only: a date would need a wall clock.
fn retry_after(answer: &Answer) -> Option<u64> {
    let seconds: u64 = answer.header("retry-after")?.parse().ok()?;
    Some(seconds.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_protocol::call::KeysAnswer;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        Answer {
            status,
            headers: headers.collect(),
            body: body.into(),
        }
    }

    fn json(status: u16, body: &str) -> Answer {
        answer(
            status,
            &[("content-type", "application/json; charset=utf-8")],
            body,
        )
    }

    fn fault(answer: &Answer) -> CallFault {
        read::<KeysAnswer>(answer, 200).err().unwrap()
    }

    #[test]
    fn the_expected_body_with_the_expected_status_is_read() {
        assert_eq!(
            read::<KeysAnswer>(&json(200, r#"{"keys":["x"]}"#), 200)
                .ok()
                .unwrap()
                .keys,
            ["x"]
        );
    }

    #[test]
    fn row_47_other_bodies_types_and_redirects_are_not_ours() {
        let good = r#"{"keys":["x"]}"#;
        for bad in [
            json(200, r#"{"keys":["x"],"more":1}"#),
            json(200, r#"{"keys":["x"]"#),
            json(200, ""),
            answer(200, &[("content-type", "text/html")], good),
            answer(200, &[], good),
            answer(
                200,
                &[
                    ("content-type", "application/json"),
                    ("content-type", "text/html"),
                ],
                good,
            ),
            json(201, good),
            json(302, good),
        ] {
            assert!(
                matches!(fault(&bad), CallFault::NotOurs { .. }),
                "{}",
                bad.status
            );
        }
    }

    #[test]
    fn a_problem_is_believed_only_with_its_own_status() {
        let body = |code: &str, status: u16| {
            format!(
                r#"{{"type":"urn:countersign:problem:{code}","title":"t","status":{status},"code":"{code}"}}"#
            )
        };
        let problem = |status, code: &str| {
            let kind = [
                ("content-type", "application/problem+json"),
                ("retry-after", "7"),
            ];
            fault(&answer(status, &kind, &body(code, status)))
        };
        let is = |status, code| CallFault::Problem {
            status,
            code,
            wait: Some(7),
        };
        assert_eq!(problem(409, "conflict"), is(409, Code::Conflict));
        assert_eq!(problem(410, "gone"), is(410, Code::Gone));
        for (status, code) in [
            (500, "gone"),
            (410, "newer"),
            (404, "conflict"),
            (401, "gone"),
        ] {
            assert_eq!(problem(status, code), is(status, Code::Other));
        }
    }

    #[test]
    fn row_47_without_a_problem_the_status_alone_says_little() {
        for status in [400, 403, 404, 409, 410, 413, 415, 422, 426, 500, 502] {
            let expected = CallFault::Problem {
                status,
                code: Code::Other,
                wait: None,
            };
            assert_eq!(
                fault(&answer(status, &[("content-type", "text/html")], "<html>")),
                expected
            );
        }
        for (after, wait) in [
            ("5", Some(5)),
            ("99999999", Some(LONGEST_WAIT)),
            ("soon", None),
            ("-1", None),
        ] {
            let expected = CallFault::Problem {
                status: 503,
                code: Code::Unavailable,
                wait,
            };
            assert_eq!(fault(&answer(503, &[("retry-after", after)], "")), expected);
        }
    }
}

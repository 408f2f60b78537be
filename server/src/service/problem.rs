//! What an application is answered when it can't be done (RFC 9457).

use crate::error::Fault;
use crate::phone;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use countersign_protocol::json;
use countersign_protocol::problem::Code;
use serde::Serialize;

/// The codes of `docs/service-api.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    BadRequest,
    BadKey,
    Disabled,
    NotFound,
    Conflict,
    TooLarge,
    UnsupportedMedia,
    BadValue,
    NoPhone,
    Paused,
    Busy,
    SlowDown,
    Fault,
    Unavailable,
}

impl Why {
    /// Its name on the wire.
    pub(crate) fn code(self) -> &'static str {
        self.row().0
    }

    fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::BadRequest => ("bad_request", 400, "The request is not of this API"),
            Self::BadKey => ("bad_key", 401, "Send a key that is in force"),
            Self::Disabled => ("disabled", 403, "The application may not ask"),
            Self::NotFound => ("not_found", 404, "Not found"),
            Self::Conflict => (
                "conflict",
                409,
                "This request_id was used for another request",
            ),
            Self::TooLarge => ("too_large", 413, "Too large"),
            Self::UnsupportedMedia => ("unsupported_media", 415, "Send application/json"),
            Self::BadValue => ("bad_value", 422, "A value can't be asked"),
            Self::NoPhone => (
                "no_phone",
                422,
                "There is no phone to be asked for this account",
            ),
            Self::Paused => ("paused", 422, "The person's ID is paused"),
            Self::Busy => ("busy", 429, "Not now for this account"),
            Self::SlowDown => ("slow_down", 429, "Too many requests"),
            Self::Fault => ("fault", 500, "A fault of the server"),
            Self::Unavailable => ("unavailable", 503, "Not available now"),
        }
    }
}

/// A problem answer.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) why: Why,
    /// Which member and what about it, in English; never what was sent.
    pub(crate) detail: Option<String>,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
}

impl Problem {
    pub(crate) fn with_detail(why: Why, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..why.into()
        }
    }

    pub(crate) fn after(why: Why, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..why.into()
        }
    }

    /// In words, for a command line.
    pub(crate) fn sentence(&self) -> String {
        let mut words = self.why.row().2.to_owned();
        if let Some(detail) = &self.detail {
            words = format!("{words}: {detail}");
        }
        if let Some(seconds) = self.retry_after {
            words = format!("{words}; try again in {seconds} s");
        }
        words
    }
}

impl From<Why> for Problem {
    fn from(why: Why) -> Self {
        Self {
            why,
            detail: None,
            retry_after: None,
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        fault.log();
        Why::Fault.into()
    }
}

impl From<crate::store::Error> for Problem {
    fn from(error: crate::store::Error) -> Self {
        Fault::from(error).into()
    }
}

/// What is wrong with a body or with an answer of ours is told in the same way as to a phone.
impl From<phone::Problem> for Problem {
    fn from(problem: phone::Problem) -> Self {
        match problem.code {
            Code::TooLarge => Why::TooLarge,
            Code::UnsupportedMedia => Why::UnsupportedMedia,
            Code::Fault => Why::Fault,
            _ => Why::BadRequest,
        }
        .into()
    }
}

#[derive(Serialize)]
struct Body {
    r#type: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, status, title) = self.why.row();
        let body = Body {
            r#type: format!("urn:countersign:problem:{code}"),
            title,
            status,
            code,
            detail: self.detail,
        };
        let body = json::write(&body).unwrap_or_default();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            (CONTENT_TYPE, "application/problem+json"),
            (CACHE_CONTROL, "no-store"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if self.why == Why::BadKey {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self.why);
        response
    }
}

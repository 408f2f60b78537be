//! Answers of the phone's API.

use crate::app::App;
use crate::error::Fault;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use countersign_protocol::call::{self, BODY_CAP, NONCE_HEADER};
use countersign_protocol::jose::Refusal;
use countersign_protocol::problem::{Code, Problem as Body};
use countersign_protocol::{crypto, json};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A problem answer, with what goes into its headers.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) retry_after: Option<u64>,
    pub(crate) nonce: Option<String>,
}

pub(crate) type Answer = Result<Response, Problem>;

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self {
            code,
            retry_after: None,
            nonce: None,
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        fault.log();
        Code::Fault.into()
    }
}

impl From<crate::store::Error> for Problem {
    fn from(error: crate::store::Error) -> Self {
        Fault::from(error).into()
    }
}

impl From<crypto::Unspecified> for Problem {
    fn from(error: crypto::Unspecified) -> Self {
        Fault::from(error).into()
    }
}

/// A statement of the phone's is not one.
impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLarge => Code::TooLarge.into(),
            _ => Code::BadStatement.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json::write(&Body::new(self.code)).unwrap_or_default();
        let mut response =
            (status, [(CONTENT_TYPE, "application/problem+json")], body).into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        put_nonce(&mut response, self.nonce);
        response.extensions_mut().insert(self.code);
        response
    }
}

fn put_nonce(response: &mut Response, nonce: Option<String>) {
    if let Some(nonce) = nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("countersign-nonce"), nonce);
    }
}

/// A body of ours as JSON.
pub(crate) fn answer<T: Serialize>(status: StatusCode, body: &T) -> Answer {
    Ok(written(status, json::write(body).map_err(Fault::from)?))
}

/// JSON that is written already; none with 204.
fn written(status: StatusCode, body: String) -> Response {
    let no_store = [(CACHE_CONTROL, "no-store")];
    if body.is_empty() {
        return (status, no_store).into_response();
    }
    let json = [(CONTENT_TYPE, "application/json")];
    (status, no_store, json, body).into_response()
}

/// The same with a fresh nonce for the next proof.
pub(crate) fn written_with_nonce(app: &App, status: StatusCode, body: String) -> Answer {
    let mut response = written(status, body);
    put_nonce(&mut response, Some(app.signer.nonce(app.now())));
    Ok(response)
}

/// The same with a fresh nonce for the next proof.
pub(crate) fn answer_with_nonce<T: Serialize>(app: &App, status: StatusCode, body: &T) -> Answer {
    debug_assert!(NONCE_HEADER.eq_ignore_ascii_case("countersign-nonce"));
    written_with_nonce(app, status, json::write(body).map_err(Fault::from)?)
}

/// The body's bytes: `application/json`, up to the cap; a DELETE has none.
pub(crate) async fn bytes(request: Request) -> Result<Vec<u8>, Problem> {
    if request.method() == Method::DELETE {
        return Ok(Vec::new());
    }
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = kind
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Code::UnsupportedMedia.into());
    }
    let body = to_bytes(request.into_body(), BODY_CAP).await;
    Ok(body.map_err(|_| Problem::from(Code::TooLarge))?.to_vec())
}

/// The body of a call.
pub(crate) async fn body<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    parse(&bytes(request).await?)
}

pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    call::parse(body).map_err(|_| Code::BadRequest.into())
}

//! The line between the phone and the real server: it notes every call, and does to one answer what the script says.

use crate::app::Shared;
use crate::wake::Topic;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use countersign_protocol::problem::Code;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(super) const LIST: &str = "/cs/v1/challenges";
pub(super) const CREDENTIALS: &str = "/cs/v1/credentials/";
pub(super) const KEYS: &str = "/cs/v1/keys";
pub(super) const OFFERS: &str = "/cs/v1/offers";
pub(super) const REGISTRATIONS: &str = "/cs/v1/registrations";
pub(super) const RESPONSES: &str = "/cs/v1/responses";

/// More than any body of the protocol.
const MOST: usize = 1 << 20;

/// How long a list that is to be changed may keep the phone waiting.
const BREATH: Duration = Duration::from_millis(200);

/// A call that was answered.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: String,
    /// Without the query.
    pub(super) path: String,
    pub(super) body: String,
    pub(super) status: u16,
    pub(super) answer: String,
}

impl Call {
    /// A member of the answer that is text.
    pub(super) fn said(&self, member: &str) -> String {
        let answer: Value = serde_json::from_str(&self.answer).unwrap_or_default();
        answer[member].as_str().unwrap_or_default().to_owned()
    }

    /// A member of the body that is text.
    pub(super) fn sent(&self, member: &str) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body[member].as_str().unwrap_or_default().to_owned()
    }
}

/// What is done to an answer, once.
pub(super) enum Trick {
    /// Another body.
    Change(Box<dyn FnOnce(Value) -> Value + Send>),
    /// The server is asked, and its answer lost on the way.
    Lose,
    /// The server isn't asked.
    Problem(Code),
    /// Another nonce for the next call.
    Nonce(String),
}

impl Trick {
    fn is_problem(&self) -> bool {
        matches!(self, Self::Problem(_))
    }
}

struct Planned {
    method: String,
    path: String,
    trick: Trick,
}

#[derive(Default)]
struct Inner {
    calls: Vec<Call>,
    planned: Vec<Planned>,
    /// Whose long polls are ended for a trick.
    credential: Option<String>,
}

pub(super) struct Line {
    app: Shared,
    inner: Mutex<Inner>,
}

impl Line {
    pub(super) fn new(app: Shared) -> Arc<Self> {
        let inner = Mutex::default();
        Arc::new(Self { app, inner })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does this to the next answer of this method, at this path or below it.
    pub(super) fn plan(&self, method: &'static str, path: &'static str, trick: Trick) {
        self.give_back(method, path, trick);
    }

    fn give_back(&self, method: &str, path: &str, trick: Trick) {
        let (method, path) = (method.to_owned(), path.to_owned());
        self.inner().planned.push(Planned {
            method,
            path,
            trick,
        });
    }

    /// The same to the next answer's members.
    pub(super) fn change(
        &self,
        method: &'static str,
        path: &'static str,
        change: impl FnOnce(Value) -> Value + Send + 'static,
    ) {
        self.plan(method, path, Trick::Change(Box::new(change)));
    }

    /// Whether everything that was planned came to pass; what did not is forgotten.
    pub(super) fn is_done(&self) -> bool {
        let planned = &mut self.inner().planned;
        let done = planned.is_empty();
        planned.clear();
        done
    }

    pub(super) fn know(&self, credential: &str) {
        self.inner().credential = Some(credential.to_owned());
    }

    /// How many calls there were.
    pub(super) fn count(&self) -> usize {
        self.inner().calls.len()
    }

    /// The calls since, of this method, at this path or below it.
    pub(super) fn calls(&self, since: usize, method: &str, path: &str) -> Vec<Call> {
        let inner = self.inner();
        let calls = inner.calls.iter().skip(since);
        let calls = calls.filter(|call| call.method == method && call.path.starts_with(path));
        calls.cloned().collect()
    }

    fn take(&self, method: &str, path: &str) -> Option<Trick> {
        let planned = &mut self.inner().planned;
        let fits = |planned: &Planned| {
            let below = planned.path.ends_with('/') && path.starts_with(&planned.path);
            planned.method == method && (below || planned.path == path)
        };
        let at = planned.iter().position(fits)?;
        Some(planned.remove(at).trick)
    }

    /// A phone that waits for something new is to come back at once.
    fn hurry(&self) {
        if let Some(credential) = self.inner().credential.clone() {
            let app = self.app.clone();
            tokio::spawn(async move {
                tokio::time::sleep(BREATH).await;
                app.wake.begin_poll(&credential);
                app.wake.tell(Topic::Credential(credential));
            });
        }
    }
}

/// Every call goes through here.
pub(super) async fn through(
    State(line): State<Arc<Line>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
    let body = to_bytes(body, MOST).await.unwrap_or_default();
    let trick = line.take(&method, &path);
    let answer = match &trick {
        Some(Trick::Problem(code)) => crate::phone::problem(*code),
        _ => {
            if trick.is_some() && path == LIST {
                line.hurry();
            }
            let request = Request::from_parts(parts, Body::from(body.clone()));
            next.run(request).await
        }
    };
    // A phone without a nonce asks twice: it is the second answer that is meant.
    let trick = match trick {
        Some(trick) if answer.status() == StatusCode::UNAUTHORIZED && !trick.is_problem() => {
            line.give_back(&method, &path, trick);
            None
        }
        trick => trick,
    };
    let (parts, answer) = play(answer, trick).await;
    line.inner().calls.push(Call {
        method,
        path,
        body: String::from_utf8_lossy(&body).into_owned(),
        status: parts.status.as_u16(),
        answer: String::from_utf8_lossy(&answer).into_owned(),
    });
    Response::from_parts(parts, Body::from(answer))
}

async fn play(answer: Response, trick: Option<Trick>) -> (axum::http::response::Parts, Bytes) {
    let answer = match trick {
        Some(Trick::Lose) => crate::phone::problem(Code::Unavailable),
        _ => answer,
    };
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, MOST).await.unwrap_or_default();
    let body = match trick {
        Some(Trick::Change(change)) => match serde_json::from_slice(&body) {
            Ok(members) if parts.status.is_success() => Bytes::from(change(members).to_string()),
            _ => body,
        },
        Some(Trick::Nonce(nonce)) => {
            if let Ok(nonce) = HeaderValue::from_str(&nonce) {
                let name = HeaderName::from_static("countersign-nonce");
                parts.headers.insert(name, nonce);
            }
            body
        }
        _ => body,
    };
    // It may have another length now.
    parts.headers.remove(CONTENT_LENGTH);
    (parts, body)
}

/// A file of the vectors.
pub(super) fn file(text: &'static str) -> Response {
    let kind = [("content-type", "application/json")];
    (kind, text).into_response()
}

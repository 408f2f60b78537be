//! A transport that ends in a function.

use crate::ports::{Answer, BODY_CAP, Request, Transport, TransportError};
use countersign_protocol::json as wire;
use countersign_protocol::problem::{Code, Problem};
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};

type Reply = dyn Fn(&Request) -> Result<Answer, TransportError> + Send + Sync;

pub(crate) struct Script {
    reply: Box<Reply>,
    closed: AtomicBool,
}

impl Script {
    pub(crate) fn new(
        reply: impl Fn(&Request) -> Result<Answer, TransportError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            reply: Box::new(reply),
            closed: AtomicBool::new(false),
        }
    }
}

impl Transport for Script {
    fn call(&self, request: &Request) -> Result<Answer, TransportError> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(TransportError::Closed);
        }
        if !request.url.starts_with("https://") {
            return Err(TransportError::Unreachable);
        }
        let answer = (self.reply)(request)?;
        if answer.body.len() > BODY_CAP {
            Err(TransportError::TooLarge)
        } else {
            Ok(answer)
        }
    }

    fn shut_down(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}

pub(crate) fn json<T: Serialize>(status: u16, body: &T) -> Answer {
    answer(status, "application/json", wire::write(body).unwrap())
}

/// 204.
pub(crate) fn nothing() -> Answer {
    Answer {
        status: 204,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

pub(crate) fn problem(code: Code) -> Answer {
    let body = wire::write(&Problem::new(code)).unwrap();
    answer(code.status(), "application/problem+json", body)
}

fn answer(status: u16, kind: &str, body: String) -> Answer {
    let headers = vec![("content-type".to_owned(), kind.to_owned())];
    Answer {
        status,
        headers,
        body: body.into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::conformance;
    use std::sync::Arc;

    #[test]
    fn it_is_a_transport() {
        conformance::transport(&|handler| {
            let script = Script::new(move |request| Ok(handler(request)));
            (Arc::new(script), "https://localhost".to_owned())
        });
    }
}

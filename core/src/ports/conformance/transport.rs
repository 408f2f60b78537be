//! What every transport does, before a server that answers as it is told.

use crate::ports::{Answer, BODY_CAP, Method, Request, Transport, TransportError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Answers a call.
pub(crate) type Handler = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

/// `make` gives a transport, and the origin where it reaches the handler.
pub(crate) fn transport(make: &dyn Fn(Handler) -> (Arc<dyn Transport>, String)) {
    carries_calls_and_answers(make);
    gives_every_status(make);
    caps_the_body(make);
    calls_nothing_but_https(make);
    ends_when_it_is_shut_down(make);
}

type Make<'a> = &'a dyn Fn(Handler) -> (Arc<dyn Transport>, String);

fn request(url: String, method: Method, body: &[u8]) -> Request {
    let headers = vec![("countersign-proof", "a.b.c".to_owned())];
    Request {
        method,
        url,
        headers,
        body: body.to_vec(),
        timeout: Duration::from_secs(20),
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let owned = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Answer {
        status,
        headers: owned.collect(),
        body: body.to_vec(),
    }
}

fn carries_calls_and_answers(make: Make<'_>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = heard.clone();
    let (transport, origin) = make(Arc::new(move |request| {
        log.lock().unwrap().push(request.clone());
        answer(
            201,
            &[
                ("content-type", "application/json"),
                ("countersign-nonce", "n-1"),
            ],
            b"{}",
        )
    }));
    let path = "/cs/v1/challenges?after=a_b-c&wait=0";
    for (method, body) in [
        (Method::Get, &b""[..]),
        (Method::Post, b"{\"a\":1}"),
        (Method::Put, b"{\"a\":1}"),
        (Method::Delete, b""),
    ] {
        let reply = transport
            .call(&request(format!("{origin}{path}"), method, body))
            .ok()
            .unwrap();
        assert_eq!((reply.status, &reply.body[..]), (201, &b"{}"[..]));
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("countersign-nonce"), Some("n-1"));
        let heard = heard.lock().unwrap().pop().unwrap();
        assert_eq!((heard.method, &heard.body[..]), (method, body));
        assert!(heard.url.ends_with(path), "{}", heard.url);
        assert!(
            heard
                .headers
                .contains(&("countersign-proof", "a.b.c".to_owned()))
        );
    }
}

fn gives_every_status(make: Make<'_>) {
    for status in [200, 204, 302, 400, 401, 404, 410, 413, 415, 429, 500, 503] {
        let (transport, origin) = make(Arc::new(move |_| {
            answer(
                status,
                &[
                    ("location", "https://localhost/elsewhere"),
                    ("retry-after", "7"),
                ],
                b"",
            )
        }));
        let reply = transport
            .call(&request(format!("{origin}/"), Method::Get, b""))
            .ok()
            .unwrap();
        assert_eq!(
            (reply.status, reply.header("retry-after")),
            (status, Some("7"))
        );
    }
}

fn caps_the_body(make: Make<'_>) {
    for (length, fits) in [
        (BODY_CAP, true),
        (BODY_CAP + 1, false),
        (BODY_CAP * 4, false),
    ] {
        let (transport, origin) = make(Arc::new(move |_| answer(200, &[], &vec![b' '; length])));
        let reply = transport.call(&request(format!("{origin}/"), Method::Get, b""));
        match reply {
            Ok(reply) => assert!(fits && reply.body.len() == length),
            Err(fault) => assert!(!fits && fault == TransportError::TooLarge, "{fault}"),
        }
    }
}

fn calls_nothing_but_https(make: Make<'_>) {
    let (transport, origin) = make(Arc::new(|_| answer(200, &[], b"")));
    for url in [
        origin.replace("https", "http"),
        "ftp://localhost/".into(),
        "localhost".into(),
        String::new(),
    ] {
        let reply = transport.call(&request(url, Method::Get, b""));
        assert!(reply.is_err());
    }
}

fn ends_when_it_is_shut_down(make: Make<'_>) {
    let (transport, origin) = make(Arc::new(|_| answer(200, &[], b"")));
    transport.shut_down();
    transport.shut_down();
    let reply = transport.call(&request(format!("{origin}/"), Method::Get, b""));
    assert_eq!(reply.err(), Some(TransportError::Closed));
}

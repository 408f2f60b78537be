//! Proofs, nonces, and the way from one address to the next.

use super::*;
use crate::testkit::{ManualClock, Script, json, problem};
use countersign_protocol::call::{ChallengesAnswer, VerdictAnswer};
use countersign_protocol::crypto::SigningKey;
use countersign_protocol::{Signed, problem::Code};

struct Server {
    client: Client,
    heard: Arc<Mutex<Vec<Request>>>,
    key: SigningKey,
    iss: Origin,
    origins: Vec<Origin>,
}

fn origin(text: &str) -> Origin {
    Origin::parse(text).unwrap()
}

fn list() -> Answer {
    let empty = ChallengesAnswer {
        challenges: Vec::new(),
        others: Vec::new(),
        sn: 1,
        next: "c".into(),
        more: false,
    };
    json(200, &empty)
}

impl Server {
    fn new(
        reply: impl Fn(usize, &Request) -> Result<Answer, TransportError> + Send + Sync + 'static,
    ) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = heard.clone();
        let script = Script::new(move |request| {
            let at = {
                let mut log = log.lock().unwrap();
                log.push(request.clone());
                log.len()
            };
            reply(at, request)
        });
        let key = SigningKey::from_pkcs8(&SigningKey::make_p256().unwrap()).unwrap();
        let client = Client::new(Arc::new(script), Arc::new(ManualClock::new()));
        let iss = origin("https://id.example");
        Self {
            client,
            heard,
            key,
            origins: vec![iss.clone()],
            iss,
        }
    }

    fn poll(&self) -> Result<(), Fault> {
        let prove = |proof: Proof| Ok(Signed::sign(proof, &self.key)?.compact().to_owned());
        let at = At {
            iss: &self.iss,
            origins: &self.origins,
        };
        self.client
            .challenges(at, Id::from([1; 16]), &prove, None, 0)
            .map(drop)
    }

    fn fetch(&self, id: Id) -> Result<(), Fault> {
        let prove = |proof: Proof| Ok(Signed::sign(proof, &self.key)?.compact().to_owned());
        let at = At {
            iss: &self.iss,
            origins: &self.origins,
        };
        self.client
            .challenge(at, Id::from([1; 16]), &prove, id)
            .map(drop)
    }

    fn proof(&self, at: usize) -> Signed<Proof> {
        let heard = self.heard.lock().unwrap();
        let (_, text) = heard[at]
            .headers
            .iter()
            .find(|(name, _)| *name == PROOF_HEADER)
            .unwrap();
        Signed::verify(text, &[*self.key.public()]).unwrap()
    }

    fn calls(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

fn with_nonce(mut answer: Answer, nonce: &str) -> Answer {
    answer
        .headers
        .push(("countersign-nonce".into(), nonce.into()));
    answer
}

#[test]
fn a_call_is_repeated_once_with_the_nonce_it_was_given() {
    let server = Server::new(|at, _| {
        Ok(match at {
            1 => with_nonce(problem(Code::NonceRequired), "first"),
            2 => with_nonce(list(), "second"),
            _ => list(),
        })
    });
    server.poll().unwrap();
    let (bare, repeated) = (server.proof(0), server.proof(1));
    assert_eq!(
        (bare.nonce.as_deref(), repeated.nonce.as_deref()),
        (None, Some("first"))
    );
    assert_eq!(bare.jti, repeated.jti);
    assert_eq!(repeated.htu, "https://id.example/cs/v1/challenges?wait=0");
    assert_eq!(
        (repeated.htm.as_str(), repeated.bh),
        ("GET", Digest::of(&[]))
    );
    // The newest one is used from then on, without a 401.
    server.poll().unwrap();
    assert_eq!(
        (server.proof(2).nonce.as_deref(), server.calls()),
        (Some("second"), 3)
    );
}

#[test]
fn a_nonce_that_is_never_right_ends_after_one_repeat() {
    let server = Server::new(|_, _| Ok(with_nonce(problem(Code::NonceRequired), "again")));
    let fault = server.poll().unwrap_err();
    assert!(matches!(fault, Fault::Call(call) if call.code() == Some(Code::NonceRequired)));
    assert_eq!(server.calls(), 2);
}

#[test]
fn a_challenge_is_fetched_with_its_own_id_as_nonce() {
    let server = Server::new(|_, _| Ok(with_nonce(problem(Code::NotFound), "other")));
    let id = Id::from([9; 16]);
    for _ in 0..2 {
        server.fetch(id).unwrap_err();
    }
    assert_eq!(server.proof(0).nonce, Some(id.to_string()));
    assert_eq!(server.proof(1).nonce, Some(id.to_string()));
    assert_eq!(server.calls(), 2);
}

#[test]
fn a_nonce_that_no_header_can_carry_is_not_kept() {
    for bad in ["", "with space", "ümlaut", &"x".repeat(129)] {
        let nonce = bad.to_owned();
        let server = Server::new(move |_, _| Ok(with_nonce(list(), &nonce)));
        server.poll().unwrap();
        server.poll().unwrap();
        assert_eq!(server.proof(1).nonce, None);
    }
}

#[test]
fn a_trip_begins_with_the_first_try() {
    let clock = Arc::new(ManualClock::new());
    let slow = clock.clone();
    let script = Script::new(move |request| {
        slow.pass(15);
        let first = request.url.starts_with("https://id.example");
        if first {
            Err(TransportError::Timeout)
        } else {
            Ok(json(
                200,
                &VerdictAnswer {
                    verdict: String::new(),
                },
            ))
        }
    });
    let client = Client::new(Arc::new(script), clock);
    let origins = [origin("https://id.example"), origin("https://b.example")];
    let at = At {
        iss: &origins[0],
        origins: &origins,
    };
    let trip = client.respond(at, "").ok().unwrap().trip;
    assert_eq!(trip.arrived.ms - trip.sent.ms, 30_000);
}

#[test]
fn the_next_address_is_tried_when_the_network_fails_and_only_then() {
    let second = "https://b.example";
    let down = |fault| {
        move |_: usize, request: &Request| {
            if request.url.starts_with(second) {
                Ok(list())
            } else {
                Err(fault)
            }
        }
    };
    for fault in [
        TransportError::Unreachable,
        TransportError::Timeout,
        TransportError::Broken,
        TransportError::Tls,
    ] {
        let mut server = Server::new(down(fault));
        assert!(server.poll().is_err());
        server.origins.push(origin(second));
        server.poll().unwrap();
        assert_eq!(
            server.proof(2).htu,
            format!("{second}/cs/v1/challenges?wait=0")
        );
        assert_eq!(server.proof(2).aud, server.iss);
    }
    let mut server = Server::new(|_, _| Ok(problem(Code::Fault)));
    server.origins.push(origin(second));
    assert!(server.poll().is_err());
    assert_eq!(server.calls(), 1);
}

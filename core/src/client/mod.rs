//! In: what to call at which server, and a key that proves it. Out: the body of the answer and when
//! it came, or a [`CallFault`]. Never: belief in an answer; statements in it are verified elsewhere.

mod answer;
mod calls;

pub(crate) use answer::CallFault;
pub(crate) use calls::{At, Heard};

use crate::error::Fault;
use crate::ports::{Answer, Clock, Method, Request, Transport, TransportError};
use crate::time::Trip;
use countersign_protocol::call::NONCE_HEADER;
use countersign_protocol::statement::{PROOF_HEADER, Proof};
use countersign_protocol::{Digest, Id, Origin};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a call may take, beside what it asks the server to wait.
const PATIENCE: Duration = Duration::from_secs(15);

/// Signs a proof for one call; gives its compact form.
pub(crate) type Prove<'a> = &'a dyn Fn(Proof) -> Result<String, Fault>;

/// Calls servers, and remembers the newest nonce of each.
pub(crate) struct Client {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    nonces: Mutex<BTreeMap<Origin, String>>,
}

/// One call, before it has an address.
struct Call<'a> {
    method: Method,
    path: String,
    body: String,
    wait: u64,
    proof: Option<Proving<'a>>,
}

/// What a call is proved with.
struct Proving<'a> {
    credential: Id,
    prove: Prove<'a>,
    /// For the fetch of a challenge: its id, which is as good as a nonce.
    nonce: Option<String>,
}

impl Client {
    pub(crate) fn new(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self {
            transport,
            clock,
            nonces: Mutex::default(),
        }
    }

    /// Ends what is under way.
    pub(crate) fn shut_down(&self) {
        self.transport.shut_down();
    }

    /// At the preferred origin, then at the others as long as the network fails. The trip begins
    /// with the first try: an earlier one may have arrived, and been answered by this answer.
    fn send(&self, at: &At<'_>, call: &Call<'_>) -> Result<(Answer, Trip), Fault> {
        let begun = self.clock.now();
        let mut first = None;
        for origin in at.origins {
            match self.send_to(at.iss, origin, call) {
                Err(Fault::Call(CallFault::Transport(fault)))
                    if fault != TransportError::Closed =>
                {
                    first = first.or(Some(fault));
                }
                other => {
                    return other.map(|(answer, trip)| {
                        (
                            answer,
                            Trip {
                                sent: begun,
                                ..trip
                            },
                        )
                    });
                }
            }
        }
        Err(CallFault::Transport(first.unwrap_or(TransportError::Unreachable)).into())
    }

    /// At one origin; with a nonce that is missing or stale a second time.
    fn send_to(
        &self,
        iss: &Origin,
        origin: &Origin,
        call: &Call<'_>,
    ) -> Result<(Answer, Trip), Fault> {
        let url = format!("{origin}{}", call.path);
        let Some(proving) = &call.proof else {
            return self.send_once(iss, call, url, Vec::new());
        };
        let mut proof = Proof {
            aud: iss.clone(),
            sub: proving.credential,
            htm: call.method.as_str().to_owned(),
            htu: url.clone(),
            bh: Digest::of(&[call.body.as_bytes()]),
            nonce: proving
                .nonce
                .clone()
                .or_else(|| self.nonces().get(iss).cloned()),
            jti: Id::make()?,
        };
        let header = |proof: Proof| Ok::<_, Fault>(vec![(PROOF_HEADER, (proving.prove)(proof)?)]);
        let (answer, trip) = self.send_once(iss, call, url.clone(), header(proof.clone())?)?;
        if !answer::asks_for_nonce(&answer) {
            return Ok((answer, trip));
        }
        proof.nonce = self.nonces().get(iss).cloned();
        self.send_once(iss, call, url, header(proof)?)
    }

    fn send_once(
        &self,
        iss: &Origin,
        call: &Call<'_>,
        url: String,
        headers: Vec<(&'static str, String)>,
    ) -> Result<(Answer, Trip), Fault> {
        let request = Request {
            method: call.method,
            url,
            headers,
            body: call.body.clone().into_bytes(),
            timeout: PATIENCE + Duration::from_secs(call.wait),
        };
        let sent = self.clock.now();
        let answer = self
            .transport
            .call(&request)
            .map_err(CallFault::Transport)?;
        let trip = Trip {
            sent,
            arrived: self.clock.now(),
        };
        if let Some(nonce) = answer.header(&NONCE_HEADER.to_ascii_lowercase()) {
            self.keep_nonce(iss, nonce);
        }
        Ok((answer, trip))
    }

    fn keep_nonce(&self, iss: &Origin, nonce: &str) {
        let visible = nonce.bytes().all(|byte| byte.is_ascii_graphic());
        if (1..=128).contains(&nonce.len()) && visible {
            self.nonces().insert(iss.clone(), nonce.to_owned());
        }
    }

    fn nonces(&self) -> MutexGuard<'_, BTreeMap<Origin, String>> {
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

//! What an application keeps of an answer, and how anybody checks it later without the server
//! (`docs/service-api.md`).

use crate::crypto::PublicKey;
use crate::encoding::Thumbprint;
use crate::jose::{Refusal, Signed};
use crate::json::{self, Malformed};
use crate::policy::Factor;
use crate::statement::{Challenge, Decision, Keys, Outcome, Response, Verdict};
use crate::view::View;
use serde::{Deserialize, Serialize};

/// The largest receipt that is read, bytes: some hundred changes of keys.
pub const CAP: usize = 512 * 1024;

/// One answer with all that is needed to check it, but for the root that is trusted.
#[derive(Serialize, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// `cs1-keys`, rising: those that name a next root, and those that name the keys that signed here.
    pub keys: Vec<String>,
    /// The phone's key that signed the response.
    pub key: PublicKey,
    /// `cs1-challenge`.
    pub challenge: String,
    /// `cs1-response`.
    pub response: String,
    /// `cs1-verdict`.
    pub verdict: String,
}

/// A receipt whose every part was checked.
pub struct Checked {
    /// What was asked.
    pub challenge: Signed<Challenge>,
    /// What was answered.
    pub response: Signed<Response>,
    /// What the server made of it.
    pub verdict: Signed<Verdict>,
    /// What the person was shown.
    pub view: View,
}

/// Why a receipt proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The text is not a receipt.
    #[error("not a receipt: {0}")]
    Malformed(#[from] Malformed),
    /// No statement in `keys` is signed by the root that is trusted.
    #[error("keys: none is signed by this root")]
    Root,
    /// A statement is not one, or not by a key that may sign it.
    #[error("{0}: {1}")]
    Statement(&'static str, Refusal),
    /// Two parts don't belong together; it names the member that differs.
    #[error("{0} does not fit the rest")]
    Link(&'static str),
}

impl Receipt {
    /// Reads one.
    ///
    /// # Errors
    /// [`Flaw::Malformed`] over [`CAP`] or when it isn't one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        if bytes.len() > CAP {
            return Err(Malformed("too large").into());
        }
        Ok(json::parse(bytes)?)
    }

    /// Checks it, given the thumbprint of a root key of the server that is trusted.
    ///
    /// A receipt that passes may be of a refusal: see [`Checked::is_approval`].
    ///
    /// # Errors
    /// [`Flaw`] names the part.
    pub fn check(&self, root: &Thumbprint) -> Result<Checked, Flaw> {
        let server = Server::of(&self.keys, *root)?;
        let challenge = server.verify::<Challenge>("challenge", &self.challenge)?;
        let verdict = server.verify::<Verdict>("verdict", &self.verdict)?;
        let response = Signed::<Response>::verify(&self.response, &[self.key])
            .map_err(|refusal| Flaw::Statement("response", refusal))?;
        let view = View::of(&challenge);
        let checked = Checked {
            challenge,
            response,
            verdict,
            view,
        };
        checked.links(&server)?;
        if checked.verdict.result == Outcome::Accepted {
            checked.is_rightly_accepted()?;
        }
        Ok(checked)
    }
}

/// The statements that say which keys sign for a server.
struct Server {
    accepted: Vec<Signed<Keys>>,
}

impl Server {
    /// The chain of section 4, from the first statement that the trusted root signed.
    fn of(statements: &[String], mut root: Thumbprint) -> Result<Self, Flaw> {
        let mut accepted: Vec<Signed<Keys>> = Vec::new();
        for statement in statements {
            let keys = match Signed::<Keys>::verify_root(statement, &root) {
                // From before the root that is trusted.
                Err(Refusal::UnknownKey) if accepted.is_empty() => continue,
                read => read.map_err(|refusal| Flaw::Statement("keys", refusal))?,
            };
            if let Some(last) = accepted.last() {
                link(keys.n > last.n, "keys.n")?;
                link(keys.iss == last.iss, "keys.iss")?;
            }
            if let Some(next) = &keys.root_next {
                root = next.thumbprint();
            }
            accepted.push(keys);
        }
        if accepted.is_empty() {
            return Err(Flaw::Root);
        }
        Ok(Self { accepted })
    }

    /// A statement by one of the keys that were ever named.
    fn verify<T: crate::jose::Statement>(
        &self,
        name: &'static str,
        text: &str,
    ) -> Result<Signed<T>, Flaw> {
        let named = self.accepted.iter().flat_map(|keys| keys.sign.clone());
        let named: Vec<PublicKey> = named.collect();
        Signed::verify(text, &named).map_err(|refusal| Flaw::Statement(name, refusal))
    }
}

impl Checked {
    /// Whether the person approved and the server accepted it. Nothing else is an approval.
    pub fn is_approval(&self) -> bool {
        self.response.decision == Decision::Approve && self.verdict.result == Outcome::Accepted
    }

    fn links(&self, server: &Server) -> Result<(), Flaw> {
        let (challenge, response, verdict) = (&self.challenge, &self.response, &self.verdict);
        let ours = server.accepted.iter().all(|keys| keys.iss == challenge.iss);
        link(ours, "challenge.iss")?;
        link(response.challenge == challenge.hash(), "response.challenge")?;
        link(response.iss == challenge.aud, "response.iss")?;
        link(response.aud == challenge.iss, "response.aud")?;
        link(response.view == self.view.digest(), "response.view")?;
        link(response.fits(challenge).is_ok(), "response")?;
        link(verdict.iss == challenge.iss, "verdict.iss")?;
        link(verdict.aud == challenge.aud, "verdict.aud")?;
        link(verdict.challenge == challenge.hash(), "verdict.challenge")?;
        link(verdict.response == response.hash(), "verdict.response")
    }

    /// What a server accepts only if it keeps the protocol.
    fn is_rightly_accepted(&self) -> Result<(), Flaw> {
        let (challenge, verdict) = (&self.challenge, &self.verdict);
        let late = verdict.iat > challenge.exp && self.response.decision != Decision::Report;
        link(verdict.iat >= challenge.iat && !late, "verdict.iat")?;
        // Whether its key is K_uv, which counts for K_dev too, the verdict vouches for: the receipt can't tell.
        let mut proved = vec![Factor::Uv];
        proved.extend(self.response.pin.map(|_| Factor::Pin));
        let enough = challenge.factors.satisfied_by(&proved);
        link(enough || !self.is_approval(), "response.pin")
    }
}

fn link(holds: bool, name: &'static str) -> Result<(), Flaw> {
    if holds { Ok(()) } else { Err(Flaw::Link(name)) }
}

#[cfg(test)]
#[path = "receipt_tests.rs"]
mod tests;

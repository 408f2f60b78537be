//! What an application keeps of an answer, and how anybody checks it later without the server
//! (`docs/service-api.md`).

use crate::crypto::PublicKey;
use crate::encoding::Thumbprint;
use crate::evidence::{ServerKeys, answers, is_rightly_accepted, judges, link};
use crate::jose::Signed;
use crate::json::{self, Malformed};
use crate::policy::Factor;
use crate::statement::{Challenge, Decision, Outcome, Response, Verdict};
use crate::view::View;
use serde::{Deserialize, Serialize};

pub use crate::evidence::Flaw;

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

impl Receipt {
    /// Reads one.
    ///
    /// # Errors
    /// [`Flaw::Malformed`] over [`CAP`] or when it isn't one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        if bytes.len() > CAP {
            return Err(Malformed("too large").into());
        }
        let receipt: Self = json::parse(bytes)?;
        // K_dev and K_uv are made by a phone's hardware (protocol section 3).
        match receipt.key {
            PublicKey::P256(..) => Ok(receipt),
            _ => Err(Malformed("key").into()),
        }
    }

    /// Checks it, given the thumbprint of a root key of the server that is trusted.
    ///
    /// A receipt that passes may be of a refusal: see [`Checked::is_approval`].
    ///
    /// # Errors
    /// [`Flaw`] names the part.
    pub fn check(&self, root: &Thumbprint) -> Result<Checked, Flaw> {
        let mut server = ServerKeys::by(*root);
        for statement in &self.keys {
            match server.take(statement) {
                // From before the root that is trusted.
                Err(Flaw::Root) => {}
                taken => taken?,
            }
        }
        let iss = server.iss().ok_or(Flaw::Root)?;
        let challenge = server.verify::<Challenge>("challenge", &self.challenge)?;
        let verdict = server.verify::<Verdict>("verdict", &self.verdict)?;
        let response = Signed::<Response>::verify(&self.response, &[self.key])
            .map_err(|refusal| Flaw::Statement("response", refusal))?;
        let view = View::of(&challenge);
        link(challenge.iss == *iss, "challenge.iss")?;
        answers(&challenge, &response, &view)?;
        judges(&response, &verdict)?;
        // Whether its key is K_uv, which counts for K_dev too, the verdict vouches for: the receipt can't tell.
        is_rightly_accepted(&challenge, &response, &verdict, Factor::Uv)?;
        Ok(Checked {
            challenge,
            response,
            verdict,
            view,
        })
    }
}

impl Checked {
    /// Whether the person approved and the server accepted it. Nothing else is an approval.
    pub fn is_approval(&self) -> bool {
        self.response.decision == Decision::Approve && self.verdict.result == Outcome::Accepted
    }
}

#[cfg(test)]
#[path = "receipt_tests.rs"]
mod tests;

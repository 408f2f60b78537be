//! `cs1-key`: K_uv shows that it belongs to the phone of K_dev.

use super::Sealed;
use crate::crypto::PublicKey;
use crate::encoding::{Digest, Thumbprint};
use crate::jose::{Refusal, Signed, Statement};
use crate::json::Malformed;
use crate::origin::Origin;
use serde::{Deserialize, Serialize};

/// What the gesture of K_uv may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UvClass {
    /// Fingerprint or face only.
    Biometric,
    /// The phone's own passcode may stand in: then it is not inherence.
    Credential,
}

/// Proof of K_uv, made for one offer or one challenge.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The server.
    pub aud: Origin,
    /// H of the offer, or of the `replace-uv` challenge.
    pub ctx: Digest,
    /// K_dev of the same phone.
    pub dev: Thumbprint,
}

impl Sealed for Key {}

impl Statement for Key {
    const TYP: &'static str = "cs1-key+jwt";

    fn check(&self) -> Result<(), Malformed> {
        Ok(())
    }
}

impl Signed<Key> {
    /// Checks that it is by this K_uv and says exactly this.
    ///
    /// # Errors
    /// [`Refusal`]; [`Refusal::Malformed`] when it is for another server, statement or phone.
    pub fn verify_uv(text: &str, uv: &PublicKey, says: &Key) -> Result<Self, Refusal> {
        let proof = Self::verify(text, &[*uv])?;
        if *proof.body() == *says {
            Ok(proof)
        } else {
            Err(Refusal::Malformed(Malformed("uv_proof")))
        }
    }
}

//! `cs1-proof`: authenticates one HTTP call (protocol section 10). Signed by K_dev.

use super::{Sealed, rule};
use crate::encoding::{Digest, Id};
use crate::jose::Statement;
use crate::json::Malformed;
use crate::origin::Origin;
use serde::{Deserialize, Serialize};

/// The name of the header that carries a proof.
pub const HEADER: &str = "Countersign-Proof";

/// Proof of K_dev for one call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The server's identity.
    pub aud: Origin,
    /// The credential.
    pub sub: Id,
    /// The method, upper case.
    pub htm: String,
    /// The URL called, as sent.
    pub htu: String,
    /// SHA-256 of the body, of the empty string if there is none.
    pub bh: Digest,
    /// The newest nonce of the server, up to 128 visible characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Of this call; a repeat has the same.
    pub jti: Id,
}

impl Sealed for Proof {}

impl Statement for Proof {
    const TYP: &'static str = "cs1-proof+jwt";

    fn check(&self) -> Result<(), Malformed> {
        let method = matches!(self.htm.as_str(), "GET" | "POST" | "PUT" | "DELETE");
        let visible = |nonce: &String| {
            (1..=128).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_graphic())
        };
        rule(method, "htm")?;
        rule((1..=2048).contains(&self.htu.len()), "htu")?;
        rule(self.nonce.as_ref().is_none_or(visible), "nonce")
    }
}

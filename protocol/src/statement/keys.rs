//! `cs1-keys`: which keys sign for this server. Signed by the root key R, which it carries.

use super::{Sealed, counts, rule};
use crate::crypto::PublicKey;
use crate::encoding::Thumbprint;
use crate::jose::{Refusal, Signed, Statement};
use crate::json::{self, Malformed};
use crate::origin::Origin;
use serde::{Deserialize, Serialize};

/// The keys and addresses of a server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The server's identity.
    pub iss: Origin,
    /// Rises with each change.
    pub n: u64,
    /// When it was signed, seconds.
    pub iat: u64,
    /// Until when it should be used, at most 400 days later.
    pub exp: u64,
    /// R: the one that signed, whose thumbprint the phone pinned.
    pub root: PublicKey,
    /// S: one to three keys that sign everything else.
    pub sign: Vec<PublicKey>,
    /// One to four addresses, the preferred one first.
    pub origins: Vec<Origin>,
    /// The next R, if it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_next: Option<PublicKey>,
}

/// The only member that is believed before the signature was checked; the others may be anything.
#[derive(Deserialize)]
struct Own {
    root: PublicKey,
}

impl Sealed for Keys {}

impl Statement for Keys {
    const TYP: &'static str = "cs1-keys+jwt";

    fn check(&self) -> Result<(), Malformed> {
        let ed25519 = |key: &PublicKey| matches!(key, PublicKey::Ed25519(_));
        counts(self.n, "n")?;
        rule(
            self.exp > self.iat && self.exp - self.iat <= 400 * 86_400,
            "exp",
        )?;
        rule((1..=3).contains(&self.sign.len()), "sign")?;
        rule((1..=4).contains(&self.origins.len()), "origins")?;
        rule(
            ed25519(&self.root) && self.root_next.as_ref().is_none_or(ed25519),
            "root",
        )
    }
}

impl Signed<Keys> {
    /// Checks it by the root key that it carries, which must be the pinned one.
    ///
    /// # Errors
    /// [`Refusal`]; [`Refusal::UnknownKey`] when another root signed.
    pub fn verify_root(text: &str, pinned: &Thumbprint) -> Result<Self, Refusal> {
        let statement = Self::verify_own(text, |payload| Ok(json::parse::<Own>(payload)?.root))?;
        if statement.kid() == *pinned {
            Ok(statement)
        } else {
            Err(Refusal::UnknownKey)
        }
    }
}

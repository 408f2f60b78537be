//! A statement can be had in two ways only: built and signed, or parsed from bytes whose signature
//! was checked.

use super::compact::{self, Compact, SIGNATURE_LENGTH};
use crate::crypto::{PublicKey, SigningKey};
use crate::encoding::{Digest, Thumbprint, encode_onto};
use crate::json::{self, Malformed};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;
use std::ops::Deref;

/// What one `typ` says. Implemented in [`crate::statement`] only.
pub trait Statement: Serialize + DeserializeOwned + crate::statement::Sealed {
    /// The `typ` of the header, for example `cs1-offer+jwt`.
    const TYP: &'static str;

    /// The largest compact form, in bytes.
    const CAP: usize = 16 * 1024;

    /// The rules among members that their types can't say.
    ///
    /// # Errors
    /// [`Malformed`] names the rule.
    fn check(&self) -> Result<(), Malformed>;
}

/// A statement together with the exact bytes that were signed.
#[derive(Clone)]
pub struct Signed<T> {
    compact: String,
    hash: Digest,
    kid: Thumbprint,
    body: T,
}

/// Why bytes are not a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Over the cap of its `typ`; nothing was parsed.
    #[error("statement is too large")]
    TooLarge,
    /// Not three parts of canonical base64url.
    #[error("not a compact JWS")]
    NotCompact,
    /// Its header has other members than `alg`, `kid`, `typ`.
    #[error("header is not of this protocol")]
    Header,
    /// Another statement was expected here.
    #[error("statement has another typ")]
    WrongType,
    /// No key that may sign this `typ` has this `kid`. For a statement of the server: fetch its
    /// keys once, then refuse.
    #[error("signed by an unknown key")]
    UnknownKey,
    /// `alg` is not the one of the key.
    #[error("alg is not the key's")]
    Algorithm,
    /// The signature doesn't fit.
    #[error("signature does not fit")]
    Signature,
    /// The signature fits and the content breaks the protocol.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl Refusal {
    /// A stable name, as the vectors have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::NotCompact => "not_compact",
            Self::Header => "header",
            Self::WrongType => "wrong_type",
            Self::UnknownKey => "unknown_key",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::Malformed(malformed) => malformed.code(),
        }
    }
}

impl<T: Statement> Signed<T> {
    /// Checks a statement by one of the keys that may sign it.
    ///
    /// # Errors
    /// [`Refusal`]; nothing of the content was read unless it is [`Refusal::Malformed`].
    pub fn verify(text: &str, keys: &[PublicKey]) -> Result<Self, Refusal> {
        let parts = Compact::split(text, T::TYP, T::CAP)?;
        let key = parts.key(keys.iter())?;
        Self::accept(text, &parts, key)
    }

    /// The key that a statement says it was signed by: only to look that key up.
    ///
    /// # Errors
    /// [`Refusal`] when it isn't even the shape of a statement of this `typ`.
    pub fn named_key(text: &str) -> Result<Thumbprint, Refusal> {
        Ok(Compact::split(text, T::TYP, T::CAP)?.kid)
    }

    /// Checks a statement that brings its key: `member` takes that one member out of the payload,
    /// it must have the thumbprint `kid`, and only then is anything else read.
    pub(crate) fn verify_own(
        text: &str,
        member: impl FnOnce(&[u8]) -> Result<PublicKey, Malformed>,
    ) -> Result<Self, Refusal> {
        let parts = Compact::split(text, T::TYP, T::CAP)?;
        let key = member(&parts.payload)?;
        parts.key(std::iter::once(&key))?;
        Self::accept(text, &parts, &key)
    }

    /// `key` is the one that `kid` names.
    fn accept(text: &str, parts: &Compact<'_>, key: &PublicKey) -> Result<Self, Refusal> {
        parts.check(key)?;
        let body: T = json::parse(&parts.payload)?;
        body.check()?;
        Ok(Self {
            compact: text.to_owned(),
            hash: parts.hash(),
            kid: parts.kid,
            body,
        })
    }

    /// Builds a statement and signs it with a key in memory.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] when the content breaks the protocol, [`Refusal::TooLarge`] over the
    /// cap, [`Refusal::Signature`] when the key can't sign.
    pub fn sign(body: T, key: &SigningKey) -> Result<Self, Refusal> {
        let draft = Draft::new(body, key.public())?;
        let signature = key.sign(draft.message()).map_err(|_| Refusal::Signature)?;
        draft.assemble(&signature)
    }

    /// The compact form, exactly as signed or received.
    pub fn compact(&self) -> &str {
        &self.compact
    }

    /// H: SHA-256 of `header.payload`, without the signature (ECDSA is malleable).
    pub fn hash(&self) -> Digest {
        self.hash
    }

    /// Which key signed.
    pub fn kid(&self) -> Thumbprint {
        self.kid
    }

    /// What it says.
    pub fn body(&self) -> &T {
        &self.body
    }
}

impl<T> Deref for Signed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.body
    }
}

/// Debug tells which statement it is, not what it says.
impl<T: Statement> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", T::TYP, self.hash)
    }
}

/// A statement that waits for its signature by a key elsewhere: a phone's hardware.
pub struct Draft<T> {
    body: T,
    key: PublicKey,
    kid: Thumbprint,
    signed_part: String,
    hash: Digest,
}

impl<T: Statement> Draft<T> {
    /// Builds it for the key that will sign.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] when the content breaks the protocol, [`Refusal::TooLarge`] over the
    /// cap.
    pub fn new(body: T, key: &PublicKey) -> Result<Self, Refusal> {
        body.check()?;
        let kid = key.thumbprint();
        let signed_part = compact::signed_part(T::TYP, key, kid, &json::write(&body)?)?;
        if signed_part.len() + SIGNATURE_LENGTH > T::CAP {
            return Err(Refusal::TooLarge);
        }
        Ok(Self {
            body,
            key: *key,
            kid,
            hash: Digest::of(&[signed_part.as_bytes()]),
            signed_part,
        })
    }

    /// The bytes to sign.
    pub fn message(&self) -> &[u8] {
        self.signed_part.as_bytes()
    }

    /// H of the statement; the signature is no part of it.
    pub fn hash(&self) -> Digest {
        self.hash
    }

    /// What it will say.
    pub fn body(&self) -> &T {
        &self.body
    }

    /// Puts the signature on, after checking it: a key store may be wrong.
    ///
    /// # Errors
    /// [`Refusal::Signature`] when it is not the key's over [`Self::message`].
    pub fn finish(self, signature: &[u8; 64]) -> Result<Signed<T>, Refusal> {
        self.key
            .verify(self.message(), signature)
            .map_err(|_| Refusal::Signature)?;
        self.assemble(signature)
    }

    fn assemble(self, signature: &[u8; 64]) -> Result<Signed<T>, Refusal> {
        let mut compact = self.signed_part;
        compact.push('.');
        encode_onto(&mut compact, signature);
        Ok(Signed {
            hash: self.hash,
            kid: self.kid,
            compact,
            body: self.body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_have_stable_names() {
        let reasons = [
            (Refusal::TooLarge, "too_large"),
            (Refusal::NotCompact, "not_compact"),
            (Refusal::Header, "header"),
            (Refusal::WrongType, "wrong_type"),
            (Refusal::UnknownKey, "unknown_key"),
            (Refusal::Algorithm, "algorithm"),
            (Refusal::Signature, "signature"),
            (Refusal::Malformed(Malformed("null")), "malformed"),
            (Refusal::Malformed(Malformed::TEXT), "text"),
        ];
        for (reason, name) in reasons {
            assert_eq!(reason.code(), name);
        }
    }
}

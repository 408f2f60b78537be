//! `cs1-response`: the person's decision, signed by K_dev or K_uv.

use super::challenge::{Challenge, Kind};
use super::key::{Key, UvClass};
use super::{Sealed, counts, is_language, rule};
use crate::crypto::{AgreementKey, PublicKey};
use crate::encoding::{Digest, Id, Thumbprint};
use crate::jose::{Refusal, Signed, Statement};
use crate::json::Malformed;
use crate::origin::Origin;
use serde::{Deserialize, Serialize};

/// What the person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It is me.
    Approve,
    /// No.
    Deny,
    /// It wasn't me: stop this and pause the ID.
    Report,
}

/// Why, with deny and report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// Pressed by mistake.
    Mistake,
    /// Not started by this person.
    Unknown,
    /// Somebody presses this person.
    Pressure,
    /// Something else.
    Other,
}

/// The new K_uv of a `replace-uv` response.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UvInput {
    /// K_uv.
    pub uv: PublicKey,
    /// What its gesture may be.
    pub uvc: UvClass,
    /// A `cs1-key` statement by it.
    pub uv_proof: String,
}

impl UvInput {
    fn is_fit(&self) -> bool {
        matches!(self.uv, PublicKey::P256(..)) && self.uv_proof.len() <= Key::CAP
    }

    /// Checks that the new K_uv belongs to the phone that answers this challenge.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn verify(
        &self,
        challenge: &Signed<Challenge>,
        dev: &Thumbprint,
    ) -> Result<Signed<Key>, Refusal> {
        let says = Key {
            aud: challenge.iss.clone(),
            ctx: challenge.hash(),
            dev: *dev,
        };
        Signed::verify_uv(&self.uv_proof, &self.uv, &says)
    }
}

/// A decision.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The credential.
    pub iss: Id,
    /// The server: `iss` of the challenge.
    pub aud: Origin,
    /// Of this response.
    pub jti: Id,
    /// H of the challenge.
    pub challenge: Digest,
    /// What the person decided.
    pub decision: Decision,
    /// Why, with deny and report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The view rule: 1.
    pub rule: u64,
    /// SHA-256 of what was shown ([`crate::view`]).
    pub view: Digest,
    /// The number that the person typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#match: Option<String>,
    /// The phone's half of an agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dh: Option<AgreementKey>,
    /// The PIN proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Digest>,
    /// The new K_uv, with `replace-uv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<UvInput>,
    /// Rises by one with every response signed.
    pub ctr: u64,
    /// H of the previous response; empty for the first.
    pub prev: Prev,
    /// BCP 47.
    pub locale: String,
}

/// H of the previous response, `""` on the wire for the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prev(pub Option<Digest>);

impl Serialize for Prev {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(hash) => hash.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }
}

impl<'de> Deserialize<'de> for Prev {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        let hash = Digest::parse(&text).ok_or_else(|| serde::de::Error::custom("not a hash"))?;
        Ok(Self(Some(hash)))
    }
}

impl Sealed for Response {}

impl Statement for Response {
    const TYP: &'static str = "cs1-response+jwt";

    fn check(&self) -> Result<(), Malformed> {
        let approve = self.decision == Decision::Approve;
        let extras = self.r#match.is_some()
            || self.dh.is_some()
            || self.pin.is_some()
            || self.input.is_some();
        let digits = |number: &String| {
            matches!(number.len(), 2 | 6) && number.bytes().all(|byte| byte.is_ascii_digit())
        };
        counts(self.ctr, "ctr")?;
        rule((self.ctr == 1) == self.prev.0.is_none(), "prev")?;
        rule(self.rule == 1, "rule")?;
        rule(approve || !extras, "members of an approval")?;
        rule(!approve || self.reason.is_none(), "reason")?;
        rule(self.r#match.as_ref().is_none_or(digits), "match")?;
        rule(self.pin.is_none() || self.dh.is_some(), "dh")?;
        // `replace-uv` is answered by `["dev","pin"]` alone.
        rule(
            self.input
                .as_ref()
                .is_none_or(|input| self.pin.is_some() && input.is_fit()),
            "input",
        )?;
        rule(is_language(&self.locale), "locale")
    }
}

impl Response {
    /// Whether its members are those that this challenge asks for (protocol section 7).
    ///
    /// # Errors
    /// [`Malformed`] names the member.
    pub fn fits(&self, challenge: &Challenge) -> Result<(), Malformed> {
        if self.decision != Decision::Approve {
            return Ok(());
        }
        let number = self.r#match.as_ref().map_or(0, String::len) as u64;
        let agrees =
            self.pin.is_some() || matches!(challenge.kind, Kind::PinSet | Kind::RecoveryCodes);
        rule(number == challenge.r#match, "match")?;
        rule(self.dh.is_some() == agrees, "dh")?;
        rule(
            self.input.is_some() == (challenge.kind == Kind::ReplaceUv),
            "input",
        )
    }
}

//! `cs1-registration`: a phone registers for an ID. Signed by K_dev, which it carries.

use super::key::UvClass;
use super::{Sealed, is_language, rule};
use crate::crockford;
use crate::crypto::{AgreementKey, PublicKey};
use crate::encoding::{Digest, Id};
use crate::jose::{Refusal, Signed, Statement};
use crate::json::{self, Malformed};
use crate::origin::Origin;
use crate::text::Name;
use serde::{Deserialize, Serialize};

/// Where a key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// In memory and on disk.
    Software,
    /// In a trusted execution environment.
    Tee,
    /// In a separate security chip (Android StrongBox).
    Strongbox,
    /// In the Secure Enclave.
    Enclave,
}

/// The levels of a phone's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// Of K_dev.
    pub dev: Level,
    /// Of K_uv.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uv: Option<Level>,
}

/// How the core is packaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppMode {
    /// The app, under some brand.
    App,
    /// Built into a vendor's app with our screens.
    Kit,
    /// Built into a vendor's app, which shows everything itself.
    Core,
}

/// Which app this is; each text up to 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The brand pack's name.
    pub brand: Name,
    /// How the core is packaged.
    pub mode: AppMode,
    /// The app's version.
    pub version: Name,
    /// Operating system and version.
    pub os: Name,
}

/// A push service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PushType {
    /// Google.
    Fcm,
    /// Apple.
    Apns,
    /// UnifiedPush.
    Unifiedpush,
}

/// Where pushes go.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushAddress {
    /// The service.
    pub r#type: PushType,
    /// Its token, up to 4096 bytes.
    pub token: String,
}

impl PushAddress {
    /// Whether the token has its size.
    pub(crate) fn is_fit(&self) -> bool {
        (1..=4096).contains(&self.token.len())
    }
}

/// A phone's registration.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The server: `iss` of the offer.
    pub aud: Origin,
    /// Of this registration.
    pub jti: Id,
    /// H of the offer.
    pub offer: Digest,
    /// The invitation's token: 22 characters, or the ten of a typed code.
    pub token: String,
    /// The phone's half of the agreement.
    pub dh: AgreementKey,
    /// Np, the phone's nonce for the digits.
    pub np: Digest,
    /// K_dev.
    pub dev: PublicKey,
    /// K_uv.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uv: Option<PublicKey>,
    /// What K_uv's gesture may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uvc: Option<UvClass>,
    /// Where the keys are kept.
    pub level: Levels,
    /// The app.
    pub app: App,
    /// The phone's name.
    pub device: Name,
    /// BCP 47.
    pub locale: String,
    /// The versions that the phone reads.
    pub proto: Vec<u64>,
    /// Where pushes go, if anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<PushAddress>,
    /// Proof of a recovery code, exactly if the offer asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rec: Option<Digest>,
}

/// The only member that is believed before the signature was checked; the others may be anything.
#[derive(Deserialize)]
struct Own {
    dev: PublicKey,
}

impl Sealed for Registration {}

impl Statement for Registration {
    const TYP: &'static str = "cs1-registration+jwt";

    fn check(&self) -> Result<(), Malformed> {
        let p256 = |key: &PublicKey| matches!(key, PublicKey::P256(..));
        let uv = self.uv.is_some();
        rule(
            p256(&self.dev) && self.uv.as_ref().is_none_or(p256),
            "keys are P-256",
        )?;
        rule(self.uv != Some(self.dev), "two keys")?;
        rule(
            self.uvc.is_some() == uv && self.level.uv.is_some() == uv,
            "uv, uvc and level.uv",
        )?;
        rule(is_token(&self.token), "token")?;
        rule(is_language(&self.locale), "locale")?;
        rule((1..=16).contains(&self.proto.len()), "proto")?;
        rule(
            self.push.as_ref().is_none_or(PushAddress::is_fit),
            "push.token",
        )
    }
}

/// The shape of an invitation's token on the wire: of a link, or of a typed code.
pub(crate) fn is_token(token: &str) -> bool {
    Id::parse(token).is_some() || crockford::is_code(token, 10)
}

impl Signed<Registration> {
    /// Checks it by the K_dev that it carries.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn verify_dev(text: &str) -> Result<Self, Refusal> {
        Self::verify_own(text, |payload| Ok(json::parse::<Own>(payload)?.dev))
    }
}

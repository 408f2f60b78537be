//! The calls about an ID's life: actions, phones, push addresses, acknowledgements (protocol sections
//! 5, 10 and 11).

use super::is_cursor;
use crate::encoding::{Id, Thumbprint};
use crate::json::Malformed;
use crate::statement::{App, Levels, PushAddress, PushType, StateReason, is_language};
use crate::text::{Account, Name};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// `POST /cs/v1/invitations`; always answered by 202.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationCall {
    /// The e-mail address that the ID is to have.
    pub account: Account,
}

/// `POST /cs/v1/actions`: what a phone may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ActionCall", into = "ActionCall")]
pub enum Action {
    /// Remove the phone with this K_dev, which may be the caller.
    RemovePhone(Thumbprint),
    /// Renew fingerprint or face.
    ReplaceUv,
    /// Set or change the PIN.
    PinSet,
    /// Make new recovery codes.
    RecoveryCodes,
    /// Lift a pause of the ID, or the clone alarm of another phone.
    Unfreeze(Option<Thumbprint>),
    /// More time for this challenge.
    Extend(Id),
    /// An invitation for another phone.
    AddPhone,
    /// Pause the ID.
    Pause,
}

/// As it travels: `{kind, input?}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionCall {
    kind: ActionKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<ActionInput>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ActionKind {
    RemovePhone,
    ReplaceUv,
    PinSet,
    RecoveryCodes,
    Unfreeze,
    Extend,
    AddPhone,
    Pause,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionInput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dev: Option<Thumbprint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    challenge: Option<Id>,
}

impl TryFrom<ActionCall> for Action {
    type Error = Malformed;

    fn try_from(call: ActionCall) -> Result<Self, Malformed> {
        let input = call.input.map(|input| (input.dev, input.challenge));
        match (call.kind, input) {
            (ActionKind::RemovePhone, Some((Some(dev), None))) => Ok(Self::RemovePhone(dev)),
            (ActionKind::ReplaceUv, None) => Ok(Self::ReplaceUv),
            (ActionKind::PinSet, None) => Ok(Self::PinSet),
            (ActionKind::RecoveryCodes, None) => Ok(Self::RecoveryCodes),
            (ActionKind::Unfreeze, None) => Ok(Self::Unfreeze(None)),
            (ActionKind::Unfreeze, Some((Some(dev), None))) => Ok(Self::Unfreeze(Some(dev))),
            (ActionKind::Extend, Some((None, Some(jti)))) => Ok(Self::Extend(jti)),
            (ActionKind::AddPhone, None) => Ok(Self::AddPhone),
            (ActionKind::Pause, None) => Ok(Self::Pause),
            _ => Err(Malformed("input")),
        }
    }
}

impl From<Action> for ActionCall {
    fn from(action: Action) -> Self {
        let (kind, dev, challenge) = match action {
            Action::RemovePhone(dev) => (ActionKind::RemovePhone, Some(dev), None),
            Action::ReplaceUv => (ActionKind::ReplaceUv, None, None),
            Action::PinSet => (ActionKind::PinSet, None, None),
            Action::RecoveryCodes => (ActionKind::RecoveryCodes, None, None),
            Action::Unfreeze(dev) => (ActionKind::Unfreeze, dev, None),
            Action::Extend(jti) => (ActionKind::Extend, None, Some(jti)),
            Action::AddPhone => (ActionKind::AddPhone, None, None),
            Action::Pause => (ActionKind::Pause, None, None),
        };
        let some = dev.is_some() || challenge.is_some();
        let input = some.then_some(ActionInput { dev, challenge });
        Self { kind, input }
    }
}

/// Answer of the action `add-phone`; the other actions answer with a challenge, `pause` with nothing.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationAnswer {
    /// A link that [`crate::invitation::Invitation`] reads.
    pub invitation: String,
}

/// `POST /cs/v1/acks`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcksCall {
    /// One to twenty `jti` of `others`.
    #[serde(deserialize_with = "acks")]
    pub jti: Vec<Id>,
}

fn acks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Id>, D::Error> {
    let list = Vec::deserialize(deserializer)?;
    if (1..=super::LIST_CAP).contains(&list.len()) {
        Ok(list)
    } else {
        Err(D::Error::custom("one to twenty"))
    }
}

/// `PUT /cs/v1/push`.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct PushCall(#[serde(deserialize_with = "push_address")] pub PushAddress);

fn push_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PushAddress, D::Error> {
    let address = PushAddress::deserialize(deserializer)?;
    if address.is_fit() {
        Ok(address)
    } else {
        Err(D::Error::custom("token"))
    }
}

/// `POST /cs/v1/push-test`: the body is `{}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushTestCall {}

/// `PUT /cs/v1/phone`: when one of these changed after enrolment.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneCall {
    /// The app.
    pub app: App,
    /// The phone's name.
    pub device: Name,
    /// BCP 47.
    #[serde(deserialize_with = "locale")]
    pub locale: String,
    /// The person wants the longest time that the policy allows.
    pub slow: bool,
}

fn locale<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let tag = String::deserialize(deserializer)?;
    if is_language(&tag) {
        Ok(tag)
    } else {
        Err(D::Error::custom("not a language"))
    }
}

/// Answer of `GET /cs/v1/overview`; not signed, for display only.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverviewAnswer {
    /// The ID's phones.
    pub phones: Vec<PhoneRow>,
    /// The caller's pushes.
    pub push: PushRow,
    /// How many recovery codes are unused.
    pub recovery_left: u64,
    /// Until when unknown browsers don't ring, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_until: Option<u64>,
}

/// A phone of the ID.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneRow {
    /// K_dev.
    pub dev: Thumbprint,
    /// Its name.
    pub device: Name,
    /// Where its keys are kept.
    pub level: Levels,
    /// Since when, seconds.
    pub added: u64,
    /// When it last answered, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
    /// Until when it may not change the ID, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probation: Option<u64>,
    /// Why it is at rest, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<StateReason>,
    /// Whether it is the caller.
    pub this: bool,
}

/// How pushes to the caller went; times in seconds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushRow {
    /// The service, if there is an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<PushType>,
    /// When the last one was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<u64>,
    /// When the phone last fetched after one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<u64>,
    /// When one was last refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<u64>,
}

/// Answer of `GET /cs/v1/wake/{wake}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WakeAnswer {
    /// Something newer than `after` is open and would be pushed.
    pub waiting: bool,
    /// For the next call's `after`.
    #[serde(deserialize_with = "cursor")]
    pub next: String,
}

fn cursor<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if is_cursor(&text) {
        Ok(text)
    } else {
        Err(D::Error::custom("not a cursor"))
    }
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;

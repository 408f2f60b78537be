//! The IDs of this phone, and what their servers say of them.

use crate::error::AuthError;
use crate::{count, seconds};
use countersign_core::{self as core, AccountInfo, Digest, Id, Thumbprint};

/// Where an ID stands.
pub type Standing = core::Standing;

/// Where an ID stands.
#[uniffi::remote(Enum)]
pub enum Standing {
    /// Being added.
    Pending,
    /// Usable.
    Active,
    /// At rest.
    Suspended,
    /// Over.
    Revoked,
    /// Never came to be.
    Refused,
}

/// Why an ID is at rest or over.
pub type StateReason = core::StateReason;

/// Why an ID is at rest or over.
#[uniffi::remote(Enum)]
pub enum StateReason {
    /// Somebody reported a request.
    Reported,
    /// The user paused the ID.
    User,
    /// Two copies of this phone answered.
    Clone,
    /// An administrator.
    Admin,
    /// The digits did not fit.
    Sas,
    /// Another phone used the same invitation.
    SecondFinisher,
    /// The time was over.
    Expired,
    /// The phone was removed.
    Removed,
}

/// Where a key is kept.
pub type KeyLevel = core::Level;

/// Where a key is kept.
#[uniffi::remote(Enum)]
pub enum KeyLevel {
    /// In memory and on disk.
    Software,
    /// In a trusted execution environment.
    Tee,
    /// In a separate security chip (Android StrongBox).
    Strongbox,
    /// In the Secure Enclave.
    Enclave,
}

/// A push service.
pub type PushType = core::PushType;

/// A push service.
#[uniffi::remote(Enum)]
pub enum PushType {
    /// Google.
    Fcm,
    /// Apple.
    Apns,
    /// UnifiedPush.
    Unifiedpush,
}

/// An ID on this phone.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Account {
    /// Names it to this phone; known to nobody else.
    pub id: String,
    /// The server's host.
    pub host: String,
    /// The server's name.
    pub name: String,
    /// Whose ID.
    pub account: String,
    /// Where it stands.
    pub standing: Standing,
    /// Why it is at rest or over.
    pub reason: Option<StateReason>,
    /// The server's keys are over their date and newer ones can't be had.
    pub keys_overdue: bool,
    /// Whether it has a PIN.
    pub pin: bool,
    /// Whether it has a key that asks for fingerprint or face.
    pub gesture: bool,
    /// Whether PIN or gesture were changed and the server has not answered yet, or the state that its answer brings is not here yet.
    pub changing: bool,
    /// The device lost the key that opens it: it can only be forgotten, and added again.
    pub lost: bool,
}

/// A phone of an ID, as the server says it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Phone {
    /// Names it to `RemovePhone` and `UnfreezePhone`.
    pub key: String,
    /// Its name.
    pub device: String,
    /// Where its key is kept.
    pub level: KeyLevel,
    /// Since when it is one of the ID's, seconds since 1970 on the server's clock, as all times here.
    pub added: i64,
    /// When it last answered.
    pub used: Option<i64>,
    /// Until when it may not change the ID.
    pub probation: Option<i64>,
    /// Why it is at rest, if it is.
    pub suspended: Option<StateReason>,
    /// Whether it is this one.
    pub this: bool,
}

/// An ID, as its server says it: for display, nothing may depend on it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Overview {
    /// Its phones.
    pub phones: Vec<Phone>,
    /// The push service that this phone is reached by, if it is.
    pub push: Option<PushType>,
    /// Recovery codes that are unused.
    pub recovery_left: u32,
    /// Until when browsers that the ID doesn't know don't ring.
    pub quiet_until: Option<i64>,
}

/// A change of an ID, begun on this phone.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Action {
    /// Choose another PIN: decided by `set_pin`.
    SetPin,
    /// Renew the key that asks for fingerprint or face: decided by `approve` with the PIN.
    RenewGesture,
    /// Make recovery codes in place of all that there are: then they are among `recovery_codes`.
    RecoveryCodes,
    /// Lift the pause of the ID, on all of its phones.
    Unfreeze,
    /// Lift the alarm that another phone was copied.
    UnfreezePhone {
        /// Its key, as [`Phone`] has it.
        key: String,
    },
    /// Remove a phone, which may be this one.
    RemovePhone {
        /// Its key, as [`Phone`] has it.
        key: String,
    },
}

crate::quiet!(Account, Phone);

impl From<AccountInfo> for Account {
    fn from(info: AccountInfo) -> Self {
        Self {
            id: info.id.to_string(),
            host: info.host,
            name: info.name,
            account: info.account,
            standing: info.standing,
            reason: info.reason,
            keys_overdue: info.keys_overdue,
            pin: info.pin,
            gesture: info.gesture,
            changing: info.changing,
            lost: info.lost,
        }
    }
}

impl From<core::PhoneInfo> for Phone {
    fn from(info: core::PhoneInfo) -> Self {
        Self {
            key: info.dev.to_string(),
            device: info.device,
            level: info.level,
            added: seconds(info.added),
            used: info.used.map(seconds),
            probation: info.probation.map(seconds),
            suspended: info.suspended,
            this: info.this,
        }
    }
}

impl From<core::Overview> for Overview {
    fn from(overview: core::Overview) -> Self {
        Self {
            phones: overview.phones.into_iter().map(Phone::from).collect(),
            push: overview.push,
            recovery_left: count(overview.recovery_left),
            quiet_until: overview.quiet_until.map(seconds),
        }
    }
}

impl Action {
    pub(crate) fn of_core(&self) -> Result<core::Action, AuthError> {
        let key = |text: &str| {
            let key = Digest::parse(text).map(Thumbprint);
            key.ok_or_else(|| AuthError::misuse("id"))
        };
        Ok(match self {
            Self::SetPin => core::Action::SetPin,
            Self::RenewGesture => core::Action::RenewGesture,
            Self::RecoveryCodes => core::Action::RecoveryCodes,
            Self::Unfreeze => core::Action::Unfreeze,
            Self::UnfreezePhone { key: of } => core::Action::UnfreezePhone(key(of)?),
            Self::RemovePhone { key: of } => core::Action::RemovePhone(key(of)?),
        })
    }
}

/// The name of an ID, as [`Account`] has it.
pub(crate) fn id(text: &str) -> Result<Id, AuthError> {
    Id::parse(text).ok_or_else(|| AuthError::misuse("id"))
}

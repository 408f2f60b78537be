//! `cs1-notice`: something happened to the ID (protocol section 11). Every active or suspended
//! credential gets one, also the one that caused it.

use super::{Sealed, counts};
use crate::encoding::{Digest, Id};
use crate::jose::Statement;
use crate::json::Malformed;
use crate::origin::Origin;
use crate::text::Name;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A phone was added.
    PhoneAdded,
    /// A phone was removed.
    PhoneRemoved,
    /// A phone has a new K_uv.
    PhoneRenewed,
    /// A PIN was set or changed.
    PinChanged,
    /// New recovery codes were made.
    RecoveryMade,
    /// A recovery code was used.
    RecoveryUsed,
    /// What is asked changed.
    PolicyChanged,
    /// The server's keys changed.
    KeysChanged,
    /// The ID rests.
    Paused,
    /// It is in use again.
    Unpaused,
    /// A credential was suspended.
    Suspended,
    /// An administrator added a phone.
    AdminEnrolled,
}

impl Event {
    /// As the wire has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PhoneAdded => "phone_added",
            Self::PhoneRemoved => "phone_removed",
            Self::PhoneRenewed => "phone_renewed",
            Self::PinChanged => "pin_changed",
            Self::RecoveryMade => "recovery_made",
            Self::RecoveryUsed => "recovery_used",
            Self::PolicyChanged => "policy_changed",
            Self::KeysChanged => "keys_changed",
            Self::Paused => "paused",
            Self::Unpaused => "unpaused",
            Self::Suspended => "suspended",
            Self::AdminEnrolled => "admin_enrolled",
        }
    }
}

/// Something happened to the ID.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The server.
    pub iss: Origin,
    /// The credential.
    pub aud: Id,
    /// Of this statement; acknowledged by it.
    pub jti: Id,
    /// Seconds.
    pub iat: u64,
    /// The newest `n` of the server's keys.
    pub keys: u64,
    /// What happened.
    pub event: Event,
    /// The phone that it happened to, or that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Name>,
    /// [`super::set_of`] the ID's phones, after the event.
    pub set: Digest,
    /// How many phones the ID has, after the event. The addressed one is among them.
    pub phones: u64,
}

impl Sealed for Notice {}

impl Statement for Notice {
    const TYP: &'static str = "cs1-notice+jwt";

    fn check(&self) -> Result<(), Malformed> {
        counts(self.keys, "keys")?;
        counts(self.phones, "phones")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_named_as_on_the_wire() {
        use Event::*;
        for event in [
            PhoneAdded,
            PhoneRemoved,
            PhoneRenewed,
            PinChanged,
            RecoveryMade,
            RecoveryUsed,
            PolicyChanged,
            KeysChanged,
            Paused,
            Unpaused,
            Suspended,
            AdminEnrolled,
        ] {
            let wire = crate::json::write(&event).unwrap();
            assert_eq!(wire, format!("\"{}\"", event.as_str()));
        }
    }
}

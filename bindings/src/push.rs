//! The text of a push, for a notification extension: it opens no phone.

use crate::authenticator::Authenticator;
use crate::door::guarded;
use crate::error::AuthError;
use crate::seconds;
use countersign_core as core;
use zeroize::Zeroizing;

/// Opens the texts of an ID's pushes: the app leaves it where its notification extension finds it. It is worth nothing without the device.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PushKey {
    /// The ID, and the owner for [`DeviceKeys::unwrap`](crate::DeviceKeys::unwrap).
    pub account: String,
    /// What its pushes are known by ([`push_handle`]).
    pub handle: String,
    /// The key, wrapped without a gesture.
    pub wrapped: Vec<u8>,
}

/// Words for a locked screen, which anybody may read who sees the phone.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct LockText {
    /// The words. No number is in them, and no decision may be taken by them.
    pub text: String,
    /// The request that they are about.
    pub challenge: Option<String>,
    /// Until when they may be shown, seconds since 1970.
    pub expires: i64,
}

crate::quiet!(LockText);

#[uniffi::export]
impl Authenticator {
    /// What the app leaves for its notification extension, to be asked again after each change of an ID. `store.*`.
    pub fn push_keys(&self) -> Result<Vec<PushKey>, AuthError> {
        self.call(None, |core| {
            let keys = core.push_keys()?.into_iter();
            Ok(keys.map(PushKey::from).collect())
        })
    }
}

/// Whose push it is: the handle of the [`PushKey`] that opens its text. Nothing for what is no push.
#[uniffi::export]
pub fn push_handle(payload: Vec<u8>) -> Result<Option<String>, AuthError> {
    guarded(|| Ok(core::push_handle(&payload).map(|handle| handle.to_string())))
}

/// The words that a push brings, opened by the unwrapped [`PushKey`], 32 bytes; `use.key` for another length. `now` is the phone's own time,
/// seconds since 1970. Nothing: it brings none, is not sealed under this key, or its time is over; the app shows words of its own.
#[uniffi::export]
pub fn open_text(
    payload: Vec<u8>,
    k_push: Vec<u8>,
    now: i64,
) -> Result<Option<LockText>, AuthError> {
    guarded(|| {
        let k_push = Zeroizing::new(k_push);
        let mut key = core::Secret::default();
        if k_push.len() != key.len() {
            return Err(AuthError::misuse("key"));
        }
        key.copy_from_slice(&k_push);
        let now = u64::try_from(now).unwrap_or_default();
        Ok(core::open_text(&payload, &key, now).map(LockText::from))
    })
}

impl From<core::PushKey> for PushKey {
    fn from(key: core::PushKey) -> Self {
        Self {
            account: key.account.to_string(),
            handle: key.handle.to_string(),
            wrapped: key.wrapped,
        }
    }
}

impl From<core::LockText> for LockText {
    fn from(text: core::LockText) -> Self {
        Self {
            text: text.text,
            challenge: text.challenge.map(|challenge| challenge.to_string()),
            expires: seconds(text.expires),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    /// The published key and payload, as the app and the push service hand them over.
    fn published() -> (Vec<u8>, Vec<u8>) {
        let text = include_str!("../../tests/vectors/protocol.json");
        let after = |name: &str, text: &'static str| text.split_once(name).unwrap().1;
        let hex = after("\"keys_derived\"", text);
        let hex = &after("\"push\": \"", hex)[..64];
        let key = (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap());
        let payload = after("\"payload\": ", text);
        let payload = &payload[..payload.find('}').unwrap() + 1];
        (payload.as_bytes().to_vec(), key.collect())
    }

    #[test]
    fn a_text_is_opened_without_a_phone_and_prints_its_name_alone() {
        let (payload, key) = published();
        let handle = push_handle(payload.clone()).unwrap();
        assert_eq!(handle.as_deref(), Some("Stl3st1qPw1vDWynED7acA"));
        let text = open_text(payload, key, 1_800_001_000).unwrap().unwrap();
        assert_eq!(text.text, "Wiki: anmelden?");
        let mut said = String::new();
        write!(said, "{text:?}").unwrap();
        assert_eq!(said, "LockText");
    }

    #[test]
    fn another_key_and_an_old_or_strange_push_bring_no_words() {
        let (payload, key) = published();
        let none = Ok(None);
        assert_eq!(open_text(payload.clone(), vec![7; 32], 0), none);
        assert_eq!(open_text(payload.clone(), key.clone(), i64::MAX), none);
        for strange in [&b""[..], b"{}", &[0xff; 100], &payload[1..]] {
            assert_eq!(open_text(strange.to_vec(), key.clone(), 0), none);
            assert_eq!(push_handle(strange.to_vec()), Ok(None));
        }
        for length in [0, 31, 33] {
            let wrong = open_text(payload.clone(), vec![0; length], 0);
            assert_eq!(wrong, Err(AuthError::misuse("key")));
        }
    }
}

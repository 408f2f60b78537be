//! What an app's notification extension needs, which opens no phone (protocol section 9).
//!
//! In: a push, and a key that the app left where the extension finds it. Out: words for a locked screen. Never: a store, a network, anything that
//! a decision rests on.

use crate::account::Account;
use crate::core::Core;
use crate::error::Fault;
use countersign_protocol::Id;
use countersign_protocol::crypto::Secret;
use countersign_protocol::push::{self, Payload};
use std::fmt;

/// Opens the texts of an ID's pushes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushKey {
    /// The ID, which is also the owner of the key that unwraps.
    pub account: Id,
    /// What its pushes are known by ([`push_handle`]); a later state may give another.
    pub handle: Id,
    /// K_push, as [`crate::ports::DeviceKeys::wrap`] of this owner wrapped it without a gesture.
    pub wrapped: Vec<u8>,
}

/// Words for a locked screen.
#[derive(Clone, PartialEq, Eq)]
pub struct LockText {
    /// The words. No number is in them, and no decision may be taken by them.
    pub text: String,
    /// The request that they are about.
    pub challenge: Option<Id>,
    /// Until when they may be shown, seconds since 1970.
    pub expires: u64,
}

/// They are about a person.
impl fmt::Debug for LockText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockText")
    }
}

/// Whose push it is: the handle of the [`PushKey`] that opens its text. Nothing for what is no push of this protocol.
pub fn push_handle(payload: &[u8]) -> Option<Id> {
    Some(Payload::read(payload).ok()?.h)
}

/// The words that a push brings, opened by K_push. `now` is the phone's own time, seconds since 1970. Nothing for one that brings none, that isn't
/// sealed under this key, or whose time is over: then the app shows words of its own.
pub fn open_text(payload: &[u8], k_push: &Secret, now: u64) -> Option<LockText> {
    let payload = Payload::read(payload).ok()?;
    let opened = push::open_text(k_push, &payload, now).ok()?;
    Some(LockText {
        text: opened.text.as_str().to_owned(),
        challenge: opened.c,
        expires: opened.exp,
    })
}

impl Core {
    /// Of each ID that is pushed to.
    pub(crate) fn push_keys(&self) -> Result<Vec<PushKey>, Fault> {
        let accounts = self.accounts()?.into_iter();
        Ok(accounts.filter_map(|account| key_of(&account)).collect())
    }
}

fn key_of(account: &Account) -> Option<PushKey> {
    let known = account.known().ok().filter(|_| account.is_live())?;
    Some(PushKey {
        account: account.owner,
        handle: known.push_id?,
        wrapped: account.k_push.0.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Phone;
    use countersign_protocol::push::seal_text;
    use countersign_protocol::text::Value;

    #[test]
    fn an_extension_opens_a_text_by_what_the_phone_left_for_it() {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        let keys = app.push_keys().unwrap();
        let [key] = &keys[..] else { panic!("one ID") };
        assert_eq!((key.account, key.handle), (id, Id::from([9; 16])));
        let k_push = Secret::new([3; 32]);
        let text = push::LockText {
            c: None,
            exp: 100,
            text: Value::parse("Wiki: sign in?").unwrap(),
        };
        let t = seal_text(&k_push, &text).unwrap();
        let payload = format!(r#"{{"v":1,"h":"{}","t":"{t}"}}"#, key.handle);
        assert_eq!(push_handle(payload.as_bytes()), Some(key.handle));
        let opened = open_text(payload.as_bytes(), &k_push, 100).unwrap();
        assert_eq!(opened.text, "Wiki: sign in?");
        assert_eq!((opened.challenge, opened.expires), (None, 100));
        assert_eq!(format!("{opened:?}"), "LockText");
        assert_eq!(open_text(payload.as_bytes(), &k_push, 101), None);
        assert_eq!(open_text(payload.as_bytes(), &Secret::default(), 100), None);
        assert_eq!(open_text(b"{}", &k_push, 100), None);
        assert_eq!(push_handle(b"{}"), None);
        // Of an ID that isn't here any more there is none.
        app.forget(&id).unwrap();
        assert_eq!(app.push_keys().unwrap(), []);
    }
}

//! What is done without the old phone, and before it goes: recovery codes, an ID begun in the app, all IDs moved.

use crate::account::id;
use crate::authenticator::Authenticator;
use crate::cancel::Cancel;
use crate::door::guarded;
use crate::error::AuthError;
use countersign_core as core;
use std::sync::Arc;

/// Recovery codes, for the person to write down; wiped when dropped. They are in no record and no `toString`.
#[derive(uniffi::Object)]
pub struct RecoveryCodes(core::RecoveryCodes);

#[uniffi::export]
impl RecoveryCodes {
    /// How many there are.
    pub fn count(&self) -> Result<u32, AuthError> {
        guarded(|| Ok(crate::count(self.0.shown().count() as u64)))
    }

    /// One of them as it is shown, 4-4-4-4, counted from 0; `use.id` for one that isn't there. To be shown and let go.
    pub fn shown(&self, index: u32) -> Result<String, AuthError> {
        guarded(|| {
            let code = self.0.shown().nth(crate::most(index));
            // EXPOSE: to the person.
            code.map(|code| code.to_string())
                .ok_or_else(|| AuthError::misuse("id"))
        })
    }
}

/// What became of moving one ID.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Moved {
    /// The ID.
    pub id: String,
    /// The invitation for the other phone, to be shown as a QR code. Whoever has it adds a phone.
    pub link: Option<String>,
    /// Why there is none.
    pub error: Option<AuthError>,
}

crate::quiet!(Moved);

impl From<core::Moved> for Moved {
    fn from(moved: core::Moved) -> Self {
        let (link, error) = match moved.link {
            Ok(link) => (Some(link), None),
            Err(error) => (None, Some(error.into())),
        };
        Self {
            id: moved.id.to_string(),
            link,
            error,
        }
    }
}

#[uniffi::export]
impl Authenticator {
    /// The recovery codes that this phone made for an ID (`RecoveryCodes` of `Action`), once the server has said that it has them, until they
    /// are closed. Else none. `id.removed`, `key.*`, `store.*`.
    pub fn recovery_codes(&self, account: String) -> Result<Option<Arc<RecoveryCodes>>, AuthError> {
        self.call(None, |core| {
            let codes = core.recovery_codes(&id(&account)?)?;
            Ok(codes.map(|codes| Arc::new(RecoveryCodes(codes))))
        })
    }

    /// The person has written them down: wipes them, for good. `id.removed`, `store.*`: they are there still.
    pub fn close_recovery_codes(&self, account: String) -> Result<(), AuthError> {
        self.call(None, |core| Ok(core.close_recovery_codes(&id(&account)?)?))
    }

    /// Names an e-mail address to a server (`https://host`), for an ID without an invitation: a server that allows it writes a letter
    /// there. `inv.account`, `inv.malformed`, `inv.host`, `net.*`, `srv.*`.
    #[uniffi::method(default(cancel = None))]
    pub fn begin_id(
        &self,
        server: String,
        address: String,
        cancel: Option<Arc<Cancel>>,
    ) -> Result<(), AuthError> {
        self.call(cancel, |core| Ok(core.begin_id(&server, &address)?))
    }

    /// Moves all IDs to another phone: an invitation for each that is in use, or why there is none. `store.*`: nobody was asked.
    #[uniffi::method(default(cancel = None))]
    pub fn add_phone_to_all(&self, cancel: Option<Arc<Cancel>>) -> Result<Vec<Moved>, AuthError> {
        self.call(cancel, |core| {
            let moved = core.add_phone_to_all()?.into_iter();
            Ok(moved.map(Moved::from).collect())
        })
    }
}

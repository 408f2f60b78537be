//! A push only wakes (protocol section 9): which ID, and perhaps which request. Nothing of it is
//! shown or believed.

use crate::account::Account;
use crate::core::Core;
use crate::error::Fault;
use countersign_protocol::Id;
use countersign_protocol::push::Payload;
use std::sync::atomic::Ordering;

/// What a push named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// A request of an ID: fetch it.
    Fetch {
        /// The ID.
        account: Id,
        /// The request.
        challenge: Id,
    },
    /// Something of an ID: poll it.
    Poll {
        /// The ID.
        account: Id,
    },
    /// A push that was asked for as a test: that it came is the result.
    Test {
        /// The ID.
        account: Id,
    },
}

impl Core {
    /// Reads a push. Garbage, and what names no ID that can be asked here, is ignored and counted.
    pub(crate) fn hint(&self, payload: &[u8]) -> Result<Option<Hint>, Fault> {
        let hint = match Payload::read(payload) {
            Ok(payload) => self.hint_of(&payload)?,
            Err(_) => None,
        };
        if hint.is_none() {
            self.ignored.fetch_add(1, Ordering::Relaxed);
        }
        Ok(hint)
    }

    fn hint_of(&self, payload: &Payload) -> Result<Option<Hint>, Fault> {
        let named = |account: &Account| {
            account.is_live()
                && account
                    .known()
                    .is_ok_and(|known| known.push_id == Some(payload.h))
        };
        let accounts = self.accounts()?;
        let Some(account) = accounts
            .into_iter()
            .find(named)
            .map(|account| account.owner)
        else {
            return Ok(None);
        };
        Ok(Some(match payload.c {
            Some(challenge) if challenge == Id::from([0; 16]) => Hint::Test { account },
            Some(challenge) => Hint::Fetch { account, challenge },
            None => Hint::Poll { account },
        }))
    }
}

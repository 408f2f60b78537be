//! A push only wakes (protocol section 9): which ID, and perhaps which request. Nothing of it is
//! shown or believed.

use crate::account::Account;
use crate::core::Core;
use crate::error::Fault;
use countersign_protocol::{Id, json};
use serde::Deserialize;
use std::sync::atomic::Ordering;

/// The largest payload, bytes.
const CAP: usize = 2048;

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    v: u64,
    h: Id,
    #[serde(default)]
    c: Option<Id>,
    /// Text for a locked screen; the shell's business, for no decision.
    #[serde(default, rename = "t")]
    _t: Option<String>,
}

impl Core {
    /// Reads a push. Garbage, and what names no ID that can be asked here, is ignored and counted.
    pub(crate) fn hint(&self, payload: &[u8]) -> Result<Option<Hint>, Fault> {
        let hint = match read(payload) {
            Some(payload) => self.hint_of(&payload)?,
            None => None,
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

fn read(payload: &[u8]) -> Option<Payload> {
    let fits = payload.len() <= CAP;
    let payload: Payload = if fits {
        json::parse(payload).ok()?
    } else {
        return None;
    };
    (payload.v == 1).then_some(payload)
}

//! In: an invitation and a person's consent. Out: an ID, or why not. Never: anything stored before
//! consent, digits shown after a first state that doesn't fit, a second registration by one consent.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Offered: invitation read, offer verified (in memory)
//!     Offered --> [*]: the person cancels, or the process ends
//!     Offered --> Synced: consent; keys made, registration built, all of it durable
//!     Synced --> Synced: no usable answer, the same bytes again
//!     Synced --> [*]: the server says no, keys destroyed
//!     Synced --> Offered: it was no recovery code, keys destroyed; whoever still has the offer types another one
//!     Synced --> Pending: 201, the first state fits
//!     Synced --> [*]: the first state does not fit, keys destroyed
//!     Pending --> Pending: the digits are not typed yet
//!     Pending --> Active: signed state
//!     Pending --> [*]: signed state, refused, keys destroyed
//! ```
//!
//! [`Core::proceed`] is the one `match` over it: it takes an enrolment one step on from wherever it
//! was left, also by a kill.

mod begin;
mod invite;
mod register;
mod review;
mod settle;

pub use review::{GestureWish, Review};
pub use settle::{Pending, Progress};

use crate::account::Stage;
use crate::core::Core;
use crate::error::Fault;
use countersign_protocol::Id;
use countersign_protocol::statement::Standing;

/// Why an enrolment goes no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Neither an invitation nor a code.
    #[error("not an invitation")]
    Malformed,
    /// The server is not in the app's list.
    #[error("a server that this app does not know")]
    Host,
    /// The server doesn't know the token.
    #[error("an unknown invitation")]
    UnknownToken,
    /// Another phone used the invitation.
    #[error("a used invitation")]
    Used,
    /// The invitation or the offer is over.
    #[error("an invitation that is over")]
    Over,
    /// Keys or offer are not of the server that the invitation names.
    #[error("another server than the invitation names")]
    WrongKey,
    /// What was typed, or sent, is no recovery code that can be used; or another phone used the invitation.
    #[error("not a recovery code")]
    Code,
    /// No address that a letter goes to.
    #[error("not an e-mail address")]
    Account,
    /// The ID is on this phone.
    #[error("already on this phone")]
    Mine,
    /// The PIN that was typed twice was typed differently.
    #[error("the two PINs differ")]
    PinsDiffer,
    /// The first state is not the answer to what this phone sent.
    #[error("the first state does not fit")]
    FirstState,
}

impl Core {
    /// Takes an enrolment one step on; waits up to `wait` seconds for the digits to be typed.
    ///
    /// # Errors
    /// What ended it, and then nothing of it is left; or what is only in the way, and then the next
    /// call goes on.
    pub(crate) fn proceed(&self, owner: &Id, wait: u64) -> Result<Progress, Fault> {
        let account = self.account(owner)?;
        match &account.stage {
            Stage::Synced(synced) => self.register(&account, synced),
            Stage::Known(known) if known.standing == Standing::Pending => {
                let account = self.fetch_state(owner, wait).map_err(Fault::unusable)?;
                self.progress_of(&account)
            }
            Stage::Known(_) => self.progress_of(&account),
        }
    }
}

#[cfg(test)]
mod recovery_tests;
#[cfg(test)]
mod tests;

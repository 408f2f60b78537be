//! What a person begins on this phone: the server answers with a request for this credential, which is
//! verified and decided like any other.

use super::prompt::Prompt;
use super::verify::Refusal;
use crate::client::CallFault;
use crate::core::Core;
use crate::error::Fault;
use crate::time::Word;
use countersign_protocol::statement::{Kind, Mode};
use countersign_protocol::{Id, call};

/// A change of an ID, begun on this phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Choose another PIN. Decided by [`Answer::SetPin`](super::Answer::SetPin).
    SetPin,
    /// Renew the key that asks for fingerprint or face. Decided by
    /// [`Answer::Approve`](super::Answer::Approve), with the PIN.
    RenewGesture,
}

impl Action {
    fn call(self) -> call::Action {
        match self {
            Self::SetPin => call::Action::PinSet,
            Self::RenewGesture => call::Action::ReplaceUv,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::SetPin => Kind::PinSet,
            Self::RenewGesture => Kind::ReplaceUv,
        }
    }
}

impl Core {
    /// Begins a change; gives the request that asks for it.
    pub(crate) fn begin(&self, owner: &Id, action: Action) -> Result<Prompt, Fault> {
        let account = self.account(owner)?;
        let possible = match action {
            Action::SetPin => account.policy.pin > 0,
            // Only a PIN can vouch for another gesture.
            Action::RenewGesture => account.pin.is_some(),
        };
        if !possible {
            return Err(Refusal::Factors.into());
        }
        let heard = self.call(&account, |at, credential, prove| {
            self.client.act(at, credential, prove, action.call())
        });
        let heard = heard.map_err(|fault| self.look_at_state(owner, fault))?;
        let verified = self.examine(owner, &heard.body.challenge)?;
        let (kind, mode) = (verified.challenge().kind, verified.challenge().mode);
        if (kind, mode) != (action.kind(), Mode::App) {
            return Err(CallFault::NotOurs { status: 201 }.into());
        }
        let challenge = verified.challenge().jti;
        // The server can only have made it after it was asked.
        let word = Word::Fresh(heard.trip);
        match self.note(owner, &[verified], word, None)?.pop() {
            Some(prompt) => Ok(prompt),
            None => self.prompt(owner, &challenge),
        }
    }
}

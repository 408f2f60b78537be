//! What a person begins on this phone: the server answers with a request for this credential, which is
//! verified and decided like any other; or, for another phone, with an invitation.

use super::prompt::Prompt;
use super::room::AskedBy;
use super::seen::Seen;
use super::verify::Refusal;
use crate::account::Account;
use crate::client::CallFault;
use crate::core::Core;
use crate::error::{Error, Fault};
use crate::time::Word;
use countersign_protocol::call::{ChallengeAnswer, InvitationAnswer};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::statement::{Kind, Mode, Standing};
use countersign_protocol::{Id, Thumbprint, call};
use std::fmt;

/// What became of moving one ID.
#[derive(Clone, PartialEq, Eq)]
pub struct Moved {
    /// The ID.
    pub id: Id,
    /// The invitation for the other phone, or why there is none.
    pub link: Result<String, Error>,
}

/// Whoever has the link adds a phone.
impl fmt::Debug for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Moved({})", self.id)
    }
}

/// A change of an ID, begun on this phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Choose another PIN. Decided by [`Answer::SetPin`](super::Answer::SetPin).
    SetPin,
    /// Renew the key that asks for fingerprint or face. Decided by
    /// [`Answer::Approve`](super::Answer::Approve), with the PIN.
    RenewGesture,
    /// Lift the pause of the ID, on all of its phones.
    Unfreeze,
    /// Lift the alarm that another phone, with this K_dev, was copied.
    UnfreezePhone(Thumbprint),
    /// Remove the phone with this K_dev, which may be this one.
    RemovePhone(Thumbprint),
    /// Make recovery codes in place of all that there are. Once the server has accepted it they are among
    /// [`recovery_codes`](crate::Authenticator::recovery_codes).
    RecoveryCodes,
}

impl Action {
    fn call(self) -> call::Action {
        match self {
            Self::SetPin => call::Action::PinSet,
            Self::RenewGesture => call::Action::ReplaceUv,
            Self::Unfreeze => call::Action::Unfreeze(None),
            Self::UnfreezePhone(dev) => call::Action::Unfreeze(Some(dev)),
            Self::RemovePhone(dev) => call::Action::RemovePhone(dev),
            Self::RecoveryCodes => call::Action::RecoveryCodes,
        }
    }

    /// What the request that asks for it says: its kind, and the phone that it is about.
    fn asks(self) -> (Kind, Option<Thumbprint>) {
        match self {
            Self::SetPin => (Kind::PinSet, None),
            Self::RenewGesture => (Kind::ReplaceUv, None),
            Self::Unfreeze => (Kind::Unfreeze, None),
            Self::UnfreezePhone(dev) => (Kind::Unfreeze, Some(dev)),
            Self::RemovePhone(dev) => (Kind::RemovePhone, Some(dev)),
            Self::RecoveryCodes => (Kind::RecoveryCodes, None),
        }
    }

    /// Whether there is anything to change by it, as far as this phone knows.
    pub(super) fn is_possible(self, account: &Account) -> Result<(), Refusal> {
        let possible = match self {
            Self::SetPin => account.policy.pin > 0,
            // Only a PIN can vouch for another gesture.
            Self::RenewGesture => account.pin.is_some(),
            Self::RecoveryCodes => account.dh.is_some(),
            Self::Unfreeze | Self::UnfreezePhone(_) | Self::RemovePhone(_) => true,
        };
        if possible {
            Ok(())
        } else {
            Err(Refusal::Factors)
        }
    }
}

impl Core {
    /// Begins a change; gives the request that asks for it. An earlier one of its kind that was approved must have arrived.
    pub(crate) fn begin(&self, owner: &Id, action: Action) -> Result<Prompt, Fault> {
        action.is_possible(&self.account(owner)?)?;
        let (kind, dev) = action.asks();
        // The server withdraws an open request of the same kind, and with it an approval that waits here.
        self.deliver_first(owner, |waiting| waiting.approves(&[kind]))?;
        let account = self.account(owner)?;
        if account.awaits(kind.as_str()) {
            return Err(Refusal::Changing.into());
        }
        let heard = self.call(&account, |at, credential, prove| {
            let action = action.call();
            self.client
                .act::<ChallengeAnswer>(at, credential, prove, action)
        });
        let heard = heard.map_err(|fault| self.look_at_state(owner, fault))?;
        // The server can only have made it after it was asked.
        let word = Word::Fresh(heard.trip);
        let verified = self.examine(owner, &heard.body.challenge, word, &mut None)?;
        let challenge = verified.challenge();
        let about = challenge.input.as_ref().and_then(|input| input.dev);
        if challenge.mode != Mode::App || (challenge.kind, about) != (kind, dev) {
            return Err(CallFault::NotOurs { status: 201 }.into());
        }
        let challenge = challenge.jti;
        let noted = self.note(owner, &[verified], AskedBy::Person, word)?.pop();
        self.put_away(owner, kind, &challenge)?;
        match noted {
            Some(prompt) => Ok(prompt),
            None => self.prompt(owner, &challenge),
        }
    }

    /// The server withdrew what was begun before of this kind.
    fn put_away(&self, owner: &Id, kind: Kind, newest: &Id) -> Result<(), Fault> {
        let account = self.account(owner)?;
        let mut before = Vec::new();
        for seen in self.vault.all::<Seen>(Some(owner))? {
            if !seen.is_undecided() {
                continue;
            }
            // What can't be believed any more is shown no more anyway.
            if let Ok(request) = self.verify_again(&account.trust, seen.text()) {
                let asked = &request.challenge;
                if asked.mode == Mode::App && asked.kind == kind && asked.jti != *newest {
                    before.push(asked.jti);
                }
            }
        }
        self.vault.change(|change| {
            for jti in &before {
                let place = Seen::place(owner, jti);
                if let Some(mut seen) = change.read::<Seen>(&place)? {
                    seen.replace();
                    change.put(&place, &seen)?;
                }
            }
            Ok(())
        })
    }

    /// Rests the ID on all of its phones, at once.
    pub(crate) fn pause(&self, owner: &Id) -> Result<Standing, Fault> {
        let account = self.account(owner)?;
        let done = self.call(&account, |at, credential, prove| {
            self.client.pause(at, credential, prove)
        });
        done.map_err(|fault| self.look_at_state(owner, fault))?;
        // Only the signed state says so.
        Ok(self.fetch_state(owner, 0)?.known()?.standing)
    }

    /// An invitation for another phone for each ID that is in use.
    pub(crate) fn add_phone_to_all(&self) -> Result<Vec<Moved>, Fault> {
        let accounts = self.accounts()?.into_iter();
        let live = accounts.filter(Account::is_live);
        Ok(live
            .map(|account| Moved {
                id: account.owner,
                link: self.add_phone(&account.owner).map_err(Error::from),
            })
            .collect())
    }

    /// An invitation for another phone of the ID, if it is to this phone's own server.
    pub(crate) fn add_phone(&self, owner: &Id) -> Result<String, Fault> {
        let account = self.account(owner)?;
        let heard = self.call(&account, |at, credential, prove| {
            let action = call::Action::AddPhone;
            self.client
                .act::<InvitationAnswer>(at, credential, prove, action)
        });
        let heard = heard.map_err(|fault| self.look_at_state(owner, fault))?;
        let link = heard.body.invitation;
        let invitation = Invitation::parse(&link).ok();
        let own = invitation.is_some_and(|invitation| {
            invitation.origin == account.trust.iss && invitation.root == account.trust.root
        });
        if own {
            Ok(link)
        } else {
            Err(CallFault::NotOurs { status: 201 }.into())
        }
    }
}

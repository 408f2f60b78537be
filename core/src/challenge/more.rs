//! The same request with more time (protocol section 15): asked for here, or on another phone, or in the browser. It stays one
//! prompt, whichever of its statements the shell names.

use super::prompt::{Prompt, PromptId};
use super::room::AskedBy;
use super::seen::Seen;
use super::verify::Refusal;
use crate::account::Account;
use crate::client::CallFault;
use crate::core::Core;
use crate::error::Fault;
use crate::time::Word;
use crate::vault::Change;
use countersign_protocol::call::{self, ChallengeAnswer};
use countersign_protocol::problem::Code;
use countersign_protocol::statement::Challenge;
use countersign_protocol::{Id, Signed};

/// More statements of one request than there can be.
pub(super) const TOO_MANY: usize = 16;

impl Core {
    /// Asks the server for more time; gives the prompt that goes on.
    pub(crate) fn more_time(&self, id: &PromptId) -> Result<Prompt, Fault> {
        let owner = &id.account;
        // Only what is open here.
        let open = self.prompt(owner, &id.challenge)?.id.challenge;
        let account = self.account(owner)?;
        let heard = self.call(&account, |at, credential, prove| {
            let action = call::Action::Extend(open);
            self.client
                .act::<ChallengeAnswer>(at, credential, prove, action)
        });
        let heard = heard.map_err(|fault| match self.look_at_state(owner, fault) {
            Fault::Call(call) if call.code() == Some(Code::Conflict) => Refusal::NoMoreTime.into(),
            Fault::Call(call) if matches!(call.code(), Some(Code::Gone | Code::NotFound)) => {
                Refusal::Over.into()
            }
            other => other,
        })?;
        // It may have been made before it was asked for, as when an earlier answer was lost.
        let word = Word::Some(heard.trip.arrived);
        let text = &heard.body.challenge;
        let verified = match self.examine(owner, text, word, &mut None) {
            // It came by a list meanwhile, and went on since.
            Err(Fault::Challenge(Refusal::Seen)) if self.has(owner, text)? => {
                return self.prompt(owner, &open);
            }
            verified => verified?,
        };
        let challenge = verified.challenge();
        // Of the statements before it some may never have come here, as when an earlier answer was lost: then what it says counts.
        if challenge.replaces != Some(open) && !self.is_more_time_for(owner, &open, challenge)? {
            return Err(CallFault::NotOurs { status: 201 }.into());
        }
        let newer = challenge.jti;
        self.note(owner, &[verified], AskedBy::Person, word)?;
        self.prompt(owner, &newer)
    }

    fn has(&self, owner: &Id, text: &str) -> Result<bool, Fault> {
        let notes = self.vault.all::<Seen>(Some(owner))?;
        Ok(notes.iter().any(|seen| seen.text() == text))
    }

    /// Whether a statement is an open one, or the same with more time.
    fn is_more_time_for(
        &self,
        owner: &Id,
        open: &Id,
        newer: &Signed<Challenge>,
    ) -> Result<bool, Fault> {
        let seen = self.vault.read::<Seen>(&Seen::place(owner, open))?;
        let account = self.account(owner)?;
        let follows = newer.jti == *open || newer.replaces.is_some();
        Ok(follows && seen.is_some_and(|seen| self.goes_on(&account, &seen, newer)))
    }

    /// The newest statement that is noted of the request that this one is of: by the one that it names, or, where that never came
    /// here, by what it says.
    pub(super) fn newest_before(
        &self,
        change: &mut Change<'_>,
        account: &Account,
        challenge: &Signed<Challenge>,
        kin: &[Seen],
    ) -> Result<Option<Id>, Fault> {
        let owner = &account.owner;
        if let Some(named) = &challenge.replaces
            && change.read::<Seen>(&Seen::place(owner, named))?.is_some()
        {
            return Ok(Some(newest_statement(change, owner, named)?));
        }
        let mut kin: Vec<_> = kin
            .iter()
            .filter(|seen| seen.may_be_of(challenge))
            .collect();
        kin.sort_by_key(|seen| std::cmp::Reverse(seen.exp()));
        // Each costs a check of its signature.
        kin.truncate(TOO_MANY);
        for seen in kin {
            if self.goes_on(account, seen, challenge) {
                let known = self.verify_again(&account.trust, seen.text())?;
                return Ok(Some(newest_statement(change, owner, &known.challenge.jti)?));
            }
        }
        Ok(None)
    }

    /// Whether a newer statement is an older one with more time, word for word: only then what was typed may stay.
    pub(super) fn goes_on(&self, account: &Account, old: &Seen, newer: &Signed<Challenge>) -> bool {
        let Ok(old) = self.verify_again(&account.trust, old.text()) else {
            return false;
        };
        let old = &old.challenge;
        let with_its_time = Challenge {
            jti: old.jti,
            iat: old.iat,
            exp: old.exp,
            keys: old.keys,
            replaces: old.replaces,
            ..Challenge::clone(newer)
        };
        with_its_time == **old
    }
}

/// The newest statement of a request that got more time. That it is the newest is part of the change.
pub(crate) fn newest_statement(
    change: &mut Change<'_>,
    owner: &Id,
    challenge: &Id,
) -> Result<Id, Fault> {
    let mut newest = *challenge;
    for _ in 0..TOO_MANY {
        let seen = change.read::<Seen>(&Seen::place(owner, &newest))?;
        match seen.and_then(|seen| seen.newer()) {
            Some(newer) => newest = newer,
            None => break,
        }
    }
    Ok(newest)
}

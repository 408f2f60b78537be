//! From the texts of a list to what changes by them.

use super::notice::NoticeInfo;
use crate::account::Account;
use crate::challenge::{Arrivals, PromptId, Refusal, Seen};
use crate::core::Core;
use crate::error::{Code, Error, Fault};
use crate::time::Word;
use crate::vault::Change;
use countersign_protocol::statement::{Cancel, CancelReason, Challenge, Notice, Verdict};
use countersign_protocol::{Id, Signed};
use std::fmt;

/// A request that is over without this phone: its prompt goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Cancelled {
    /// Which.
    pub id: PromptId,
    /// Who asked; none if the key that signed the request is believed no longer.
    pub service: Option<String>,
    /// Why it is over.
    pub reason: CancelReason,
    /// The phone that decided, by its name, if another one did.
    pub device: Option<String>,
}

/// It is about a person.
impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cancelled({}, {:?})", self.id, self.reason)
    }
}

/// The cancels and notices of a list, verified, oldest first; and what is to be acknowledged.
#[derive(Default)]
pub(crate) struct Told {
    cancels: Vec<Signed<Cancel>>,
    notices: Vec<Signed<Notice>>,
    jti: Vec<Id>,
}

/// What became of it, for the shell.
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) cancelled: Vec<Cancelled>,
    pub(crate) notices: Vec<NoticeInfo>,
    /// Why requests beside it were not noted: there are too many.
    pub(crate) refused: Vec<Code>,
}

impl Core {
    /// Verifies what came beside the requests of a list. Verdicts are settled at once, as those that are
    /// the answer to a delivery are; what a newer version tells is left alone.
    pub(crate) fn read_others(
        &self,
        owner: &Id,
        texts: &[String],
        word: Word,
        arrivals: &mut Arrivals,
    ) -> Result<Told, Fault> {
        let mut told = Told::default();
        for text in texts {
            match self.read_other(owner, text, word, &mut told, arrivals) {
                Ok(()) => {}
                Err(fault @ (Fault::Challenge(_) | Fault::Statement(_) | Fault::Trust(_))) => {
                    arrivals.refused.extend(Error::from(fault).code())
                }
                // What only failed for now comes again: the cursor stays.
                Err(other) => return Err(other),
            }
        }
        Ok(told)
    }

    fn read_other(
        &self,
        owner: &Id,
        text: &str,
        word: Word,
        told: &mut Told,
        arrivals: &mut Arrivals,
    ) -> Result<(), Fault> {
        let mut account = self.account(owner)?;
        if Signed::<Cancel>::named_key(text).is_ok() {
            let cancel = self.believe::<Cancel>(&mut account, text)?;
            is_for(&account, &cancel.aud)?;
            told.jti.push(cancel.jti);
            told.cancels.push(cancel);
        } else if Signed::<Notice>::named_key(text).is_ok() {
            let notice = self.believe::<Notice>(&mut account, text)?;
            is_for(&account, &notice.aud)?;
            told.jti.push(notice.jti);
            told.notices.push(notice);
        } else if Signed::<Verdict>::named_key(text).is_ok() {
            let verdict = self.believe::<Verdict>(&mut account, text)?;
            is_for(&account, &verdict.aud)?;
            let info = self.settle_told(&account, &verdict, word)?;
            arrivals.verdicts.extend(info);
            told.jti.push(verdict.jti);
        }
        Ok(())
    }

    /// Takes what was told into the change that stores the cursor behind it.
    pub(crate) fn take_told(
        &self,
        change: &mut Change<'_>,
        account: &mut Account,
        told: &Told,
        word: Word,
    ) -> Result<Taken, Fault> {
        let mut taken = Taken::default();
        for cancel in &told.cancels {
            self.learn(change, &account.trust, cancel.iat, word)?;
            taken.cancelled.extend(end(change, account, cancel)?);
        }
        for notice in &told.notices {
            let time = self.learn(change, &account.trust, notice.iat, word)?;
            taken
                .notices
                .extend(self.take_notice(change, account, notice, &time)?);
        }
        self.owe(change, &account.owner, &told.jti)?;
        Ok(taken)
    }
}

fn is_for(account: &Account, aud: &Id) -> Result<(), Refusal> {
    match account.known() {
        Ok(known) if known.credential == *aud => Ok(()),
        _ => Err(Refusal::OtherPhone),
    }
}

/// Ends a request, and its prompt if it has one.
fn end(
    change: &mut Change<'_>,
    account: &Account,
    cancel: &Cancel,
) -> Result<Option<Cancelled>, Fault> {
    let place = Seen::place(&account.owner, &cancel.challenge);
    let Some(mut seen) = change.read::<Seen>(&place)? else {
        return Ok(None);
    };
    let was_open = seen.cancel(cancel.reason);
    // Also of one that was answered: a verdict that isn't final opens it no more.
    change.put(&place, &seen)?;
    if !was_open {
        return Ok(None);
    }
    let challenge = account.trust.verify::<Challenge>(seen.text()).ok();
    Ok(Some(Cancelled {
        id: PromptId {
            account: account.owner,
            challenge: cancel.challenge,
        },
        service: challenge.map(|challenge| challenge.service.name.as_str().to_owned()),
        reason: cancel.reason,
        device: cancel.device.as_ref().map(|name| name.as_str().to_owned()),
    }))
}

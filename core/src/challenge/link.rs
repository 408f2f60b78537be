//! What is opened or scanned on this phone beside a list: a link to a request, and the number of one (protocol sections 6
//! and 15). A link names a server and a `txn` and is believed in nothing: only a server that an ID of this phone knows is
//! asked, by that ID. A number that was scanned opens and sends nothing.

use super::prompt::{Prompt, PromptId};
use super::seen::Seen;
use super::verify::Refusal;
use crate::account::Account;
use crate::client::CallFault;
use crate::core::Core;
use crate::error::Fault;
use countersign_protocol::links::{ChallengeLink, NotALink, ScannedNumber};
use countersign_protocol::problem::Code;
use countersign_protocol::statement::Standing;
use countersign_protocol::{Id, Origin};
use std::fmt;

/// The number of an open request, by its code on the page.
#[derive(Clone, PartialEq, Eq)]
pub struct Scanned {
    /// The request whose field it fills.
    pub id: PromptId,
    /// What the person would have typed.
    pub number: String,
}

/// The number is for the answer alone.
impl fmt::Debug for Scanned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scanned({})", self.id)
    }
}

impl From<NotALink> for Refusal {
    fn from(why: NotALink) -> Self {
        match why {
            NotALink::Version => Self::NewerLink,
            NotALink::TooLong | NotALink::Malformed => Self::NotALink,
        }
    }
}

impl Core {
    /// Fetches the request of a link, with each credential at its server in turn until one gets it.
    pub(crate) fn open_link(&self, link: &str) -> Result<Prompt, Fault> {
        let scheme = self.config.scheme.as_deref();
        let link = ChallengeLink::parse(link, scheme).map_err(Refusal::from)?;
        let mut first = None;
        for account in self.active_at(&link.origin)? {
            match self.ask_for(&account, link.txn) {
                Ok(heard) => return self.take_fetched(&account.owner, link.txn, heard),
                Err(Fault::Call(call)) if call.code() == Some(Code::NotFound) => {}
                // Another ID may have it.
                Err(fault @ Fault::Call(CallFault::Problem { .. })) => {
                    first = first.or(Some(self.look_at_state(&account.owner, fault)));
                }
                Err(fault) => return Err(fault),
            }
        }
        Err(first.unwrap_or(Refusal::Unknown.into()))
    }

    /// The IDs that can be asked at a server. It goes by any of the addresses that it is known by.
    fn active_at(&self, origin: &Origin) -> Result<Vec<Account>, Fault> {
        let is_there = |account: &Account| {
            let trust = &account.trust;
            trust.iss == *origin || trust.origins(&self.config).contains(origin)
        };
        let mut there = self.accounts()?;
        there.retain(|account| account.is_live() && is_there(account));
        if there.is_empty() {
            return Err(Refusal::NoId.into());
        }
        there.retain(|account| {
            let known = account.known();
            known.is_ok_and(|known| known.standing == Standing::Active)
        });
        if there.is_empty() {
            return Err(Refusal::Paused.into());
        }
        Ok(there)
    }

    /// Finds the open request that a scanned number belongs to.
    pub(crate) fn scan(&self, scanned: &str) -> Result<Scanned, Fault> {
        let number = ScannedNumber::parse(scanned).ok_or(Refusal::NoNumber)?;
        let accounts = self.accounts()?.into_iter();
        for account in accounts.filter(Account::is_live) {
            if let Some(challenge) = self.asks(&account, &number)? {
                let id = PromptId {
                    account: account.owner,
                    challenge,
                };
                let number = number.digits;
                return Ok(Scanned { id, number });
            }
        }
        Err(Refusal::NoNumber.into())
    }

    /// The open request of an ID that asks for this number.
    fn asks(&self, account: &Account, number: &ScannedNumber) -> Result<Option<Id>, Fault> {
        let seen = self.vault.all::<Seen>(Some(&account.owner))?;
        for seen in seen.iter().filter(|seen| seen.is_undecided()) {
            match self.verified(account, seen) {
                Ok(verified) => {
                    let challenge = verified.challenge();
                    let asked = challenge.r#match == number.digits.len() as u64;
                    if challenge.txn == number.txn && asked {
                        return Ok(Some(challenge.jti));
                    }
                }
                Err(Fault::Challenge(_) | Fault::Statement(_)) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(None)
    }
}

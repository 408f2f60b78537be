//! What is new for an ID, by its server's list, page by page; and the same for every ID. What a page brought is durable when it was
//! taken and isn't listed again: it reaches the caller, whatever comes after.

use super::prompt::Prompt;
use super::room::AskedBy;
use super::verify::Refusal;
use crate::account::{Account, Cursor, Stage};
use crate::client::CallFault;
use crate::core::Core;
use crate::error::{Code, Error, Fault};
use crate::others::{Cancelled, NoticeInfo};
use crate::outbox::VerdictInfo;
use crate::time::{Trip, Word};
use crate::vault::Place;
use countersign_protocol::Id;
use countersign_protocol::call::{ChallengesAnswer, LIST_CAP, is_cursor};
use countersign_protocol::statement::Standing;

/// Pages of a list that are read at once.
const PAGES: usize = 50;

/// What a poll brought.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// Requests that weren't open here before.
    pub prompts: Vec<Prompt>,
    /// Requests that were, with more time: [`Prompt::goes_on`] names each as it was. Nobody is alarmed again, and what was
    /// typed stays.
    pub renewed: Vec<Prompt>,
    /// Why others are not shown: the server's statements that failed a check.
    pub refused: Vec<Code>,
    /// Requests that are over, which this phone did not decide.
    pub cancelled: Vec<Cancelled>,
    /// What happened to the ID.
    pub notices: Vec<NoticeInfo>,
    /// What became of answers, where it came this way or while something else was done.
    pub verdicts: Vec<VerdictInfo>,
    /// Why there may be more: it can be asked for again.
    pub error: Option<Error>,
}

impl Arrivals {
    fn is_empty(&self) -> bool {
        self.prompts.is_empty()
            && self.renewed.is_empty()
            && self.refused.is_empty()
            && self.cancelled.is_empty()
            && self.notices.is_empty()
            && self.verdicts.is_empty()
    }

    fn append(&mut self, page: Self) {
        self.prompts.extend(page.prompts);
        self.renewed.extend(page.renewed);
        self.refused.extend(page.refused);
        self.cancelled.extend(page.cancelled);
        self.notices.extend(page.notices);
        self.verdicts.extend(page.verdicts);
    }
}

impl Core {
    /// Sends what is due, and asks for what is new for every ID, without waiting.
    pub(crate) fn sync(&self) -> Result<Vec<(Id, Arrivals)>, Fault> {
        self.deliver_due(false)?;
        let mut all = Vec::new();
        for account in self.accounts()? {
            let arrivals = self.sync_one(&account);
            let mut arrivals = arrivals.unwrap_or_else(|fault| Arrivals {
                error: Some(fault.into()),
                ..Arrivals::default()
            });
            arrivals.verdicts.extend(self.unheard(Some(&account.owner)));
            all.push((account.owner, arrivals));
        }
        Ok(all)
    }

    fn sync_one(&self, account: &Account) -> Result<Arrivals, Fault> {
        if account.is_live() {
            self.renew_overdue_keys(&account.owner)?;
            return self.poll(&account.owner, 0);
        }
        match &account.stage {
            Stage::Known(known) if known.standing == Standing::Revoked => self.see_out(account)?,
            _ => {
                self.proceed(&account.owner, 0)?;
            }
        }
        Ok(Arrivals::default())
    }

    /// Asks for what is new for an ID, waiting up to `wait` seconds for something.
    pub(crate) fn poll(&self, owner: &Id, wait: u64) -> Result<Arrivals, Fault> {
        let mut arrivals = Arrivals::default();
        let read = self.read_list(owner, wait, &mut arrivals);
        // Also where the list ends in a failure, which may be the server's wish.
        match read.and(self.forget_stale(owner)) {
            Ok(()) => {}
            Err(fault) if arrivals.is_empty() => return Err(fault),
            Err(fault) => arrivals.error = Some(fault.into()),
        }
        arrivals.verdicts.extend(self.unheard(Some(owner)));
        Ok(arrivals)
    }

    fn read_list(&self, owner: &Id, wait: u64, arrivals: &mut Arrivals) -> Result<(), Fault> {
        let (mut wait, mut looked) = (wait, None);
        for _ in 0..PAGES {
            let account = self.account(owner)?;
            let cursor = self
                .vault
                .read::<Cursor>(&Place::of(owner))?
                .unwrap_or_default();
            let after = cursor.next.as_deref();
            let heard = self.call(&account, |at, id, prove| {
                self.client.challenges(at, id, prove, after, wait)
            });
            let heard = heard.map_err(|fault| self.look_at_state(owner, fault))?;
            // One state a list: it is kept for ever. Of a server that tells of the next with each page, the next list reads on here.
            let sn = heard.body.sn;
            if looked.is_some_and(|looked| sn > looked) && sn > account.known()?.sn {
                break;
            }
            let more = heard.body.more;
            let mut page = Arrivals::default();
            let taken = self.take_page(account, heard.body, heard.trip, &mut page, &mut looked);
            if taken.is_err() {
                // The page is listed again; only its verdicts are settled.
                page.refused.clear();
            }
            arrivals.append(page);
            taken?;
            // It is durable now.
            self.acknowledge(owner)?;
            if !more {
                break;
            }
            wait = 0;
        }
        Ok(())
    }

    fn take_page(
        &self,
        mut account: Account,
        page: ChallengesAnswer,
        trip: Trip,
        arrivals: &mut Arrivals,
        looked: &mut Option<u64>,
    ) -> Result<(), Fault> {
        let listed = page.challenges.len() + page.others.len();
        if !is_cursor(&page.next) || listed > LIST_CAP {
            return Err(CallFault::NotOurs { status: 200 }.into());
        }
        if page.sn > account.known()?.sn && looked.is_none() {
            *looked = Some(page.sn);
            match self.fetch_state(&account.owner, 0) {
                Ok(newest) => account = newest,
                // Refused, as a downgrade is: what was agreed goes on.
                Err(fault @ Fault::State(_)) => arrivals.refused.extend(Error::from(fault).code()),
                Err(other) => return Err(other),
            }
        }
        let word = Word::Some(trip.arrived);
        let mut good = Vec::new();
        for text in page.challenges {
            match self.examine(&account.owner, &text, word, looked) {
                Ok(verified) => good.push(verified),
                // It came again, as it does without a cursor.
                Err(Fault::Challenge(Refusal::Seen)) => {}
                Err(
                    fault @ (Fault::Challenge(_)
                    | Fault::Statement(_)
                    | Fault::Trust(_)
                    | Fault::State(_)),
                ) => {
                    arrivals.refused.extend(Error::from(fault).code());
                }
                // What only failed for now comes again: the cursor stays.
                Err(other) => return Err(other),
            }
        }
        let told = self.read_others(&account.owner, &page.others, word, arrivals)?;
        let next = Some(page.next);
        let (prompts, taken) =
            self.note_and_take(&account.owner, &good, AskedBy::Others, word, next, &told)?;
        arrivals.refused.extend(taken.refused);
        let (renewed, new) = prompts
            .into_iter()
            .partition::<Vec<_>, _>(|prompt| prompt.goes_on.is_some());
        arrivals.prompts.extend(new);
        arrivals.renewed.extend(renewed);
        arrivals.cancelled.extend(taken.cancelled);
        arrivals.notices.extend(taken.notices);
        Ok(())
    }
}

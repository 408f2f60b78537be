//! Sending what waits, again and again, as it is.

use super::entry::Waiting;
use super::verdict::VerdictInfo;
use crate::account::Account;
use crate::challenge::PromptId;
use crate::client::{At, CallFault};
use crate::core::Core;
use crate::error::{Error, Fault};
use crate::ports::Moment;
use crate::time::{Trip, Word};
use crate::vault::Place;
use countersign_protocol::Id;
use countersign_protocol::statement::{Decision, Outcome, Verdict, VerdictCode};
use std::fmt;

/// After `exp` a response waits this much longer for a verdict, seconds.
const PATIENCE: u64 = 24 * 3600;

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The server answered.
    Verdict(VerdictInfo),
    /// It is signed and durable, and goes out by itself; why it didn't yet.
    Queued(Error),
}

/// An answer that waits to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The request.
    pub id: PromptId,
    /// Who asked.
    pub service: String,
    /// What was decided.
    pub decision: Decision,
    /// Until when the answer counts, seconds on the server's clock.
    pub expires: u64,
    /// Seconds until the next try.
    pub next_try: u64,
    /// The HTTP status that only a person or an update gets over.
    pub stuck: Option<u16>,
}

/// It is about a person.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delivery({})", self.id)
    }
}

impl Core {
    /// Everything that waits, in the order in which it was signed.
    pub(crate) fn waiting(&self) -> Result<Vec<Delivery>, Fault> {
        let now = self.clock.now();
        let mut list = Vec::new();
        for account in self.accounts()? {
            let all = self.waiting_of(&account.owner)?;
            for waiting in &all {
                let due = |ctr| self.schedule().due_in(account.owner, ctr, now);
                // What was taken back is not before the report.
                let reports = all.iter().filter(|one| one.takes_back(waiting));
                let report = reports.map(|one| due(one.ctr)).max();
                let due = due(waiting.ctr).max(report.unwrap_or_default());
                list.push(Delivery {
                    id: PromptId {
                        account: account.owner,
                        challenge: waiting.request,
                    },
                    service: waiting.summary.service.clone(),
                    decision: waiting.summary.decision,
                    expires: waiting.exp,
                    next_try: due.div_ceil(1000),
                    stuck: waiting.stuck,
                });
            }
        }
        Ok(list)
    }

    pub(crate) fn waiting_of(&self, owner: &Id) -> Result<Vec<Waiting>, Fault> {
        Ok(self.vault.all::<Waiting>(Some(owner))?)
    }

    /// The same in the order in which it is sent: a report first, since it takes back what was signed before it.
    fn to_send(&self, owner: &Id) -> Result<Vec<Waiting>, Fault> {
        let mut waiting = self.waiting_of(owner)?;
        waiting.sort_by_key(|one| !one.is_report());
        Ok(waiting)
    }

    /// Whether a report that takes this approval back waits now, whatever came in place of its verdict: an answer that nobody signed
    /// lets no approval go.
    fn is_taken_back(&self, owner: &Id, waiting: &Waiting) -> Result<bool, Fault> {
        if waiting.summary.decision != Decision::Approve {
            return Ok(false);
        }
        let all = self.waiting_of(owner)?;
        Ok(all.iter().any(|one| one.takes_back(waiting)))
    }

    /// Sends what is due, or all of it.
    pub(crate) fn deliver_due(&self, also_not_due: bool) -> Result<(), Fault> {
        for account in self.accounts()? {
            let all = self.to_send(&account.owner)?;
            for waiting in &all {
                let due = self
                    .schedule()
                    .due_in(account.owner, waiting.ctr, self.clock.now());
                if due == 0 || also_not_due {
                    let sent = self.deliver(&account.owner, waiting.ctr);
                    // What fails otherwise is scheduled again; the next entry may do better.
                    if let Err(fault @ (Fault::Vault(_) | Fault::Closed)) = sent {
                        return Err(fault);
                    }
                }
            }
            // Also where the app was killed behind the verdict.
            self.have_uv_named(&account.owner)?;
        }
        Ok(())
    }

    /// The verdicts on one ID's answers, or everybody's, that nobody was told yet.
    pub(crate) fn unheard(&self, owner: Option<&Id>) -> Vec<VerdictInfo> {
        let is_theirs = |one: &mut VerdictInfo| owner.is_none_or(|owner| one.id.account == *owner);
        self.verdicts().extract_if(.., is_theirs).collect()
    }

    /// Sends those of an ID's waiting answers that must arrive before something else, due or not, behind its reports. One that can't be
    /// delivered now is no fault: whoever needs its verdict finds that there is none.
    pub(crate) fn deliver_first(
        &self,
        owner: &Id,
        must: impl Fn(&Waiting) -> bool,
    ) -> Result<(), Fault> {
        let all = self.to_send(owner)?;
        for waiting in all.iter().filter(|one| one.is_report() || must(one)) {
            match self.deliver(owner, waiting.ctr) {
                Err(fault @ (Fault::Vault(_) | Fault::Closed)) => return Err(fault),
                // The same server is as far for the next one.
                Err(Fault::Call(CallFault::Transport(_))) => break,
                _ => {}
            }
        }
        Ok(())
    }

    /// Sends one response. Its verdict is told with the next that are.
    fn deliver(&self, owner: &Id, ctr: u64) -> Result<(), Fault> {
        let verdict = self.deliver_new(owner, ctr)?;
        self.verdicts().extend(verdict);
        Ok(())
    }

    /// Sends one response, as it was made durable, and gives its verdict; nothing when it is no longer there, another thread is
    /// sending it or was told, or it is an approval whose report goes first.
    pub(crate) fn deliver_new(&self, owner: &Id, ctr: u64) -> Result<Option<VerdictInfo>, Fault> {
        self.scheduled(owner, ctr, |first| {
            let account = self.account(owner)?;
            match self.vault.read::<Waiting>(&Place::numbered(owner, ctr))? {
                Some(waiting) => self.send_one(account, &waiting, first),
                None => Ok(None),
            }
        })
    }

    /// Notes what became of a try; `send` is told whether it is the first.
    fn scheduled(
        &self,
        owner: &Id,
        ctr: u64,
        send: impl FnOnce(bool) -> Result<Option<VerdictInfo>, Fault>,
    ) -> Result<Option<VerdictInfo>, Fault> {
        let at = self.clock.now();
        let Some(first) = self.schedule().begin(*owner, ctr) else {
            return Ok(None);
        };
        let mut trying = Trying {
            core: self,
            entry: (*owner, ctr),
            at,
            failed: Some((false, None)),
        };
        let done = send(first);
        trying.at = self.clock.now();
        let fault = done.as_ref().err();
        trying.failed = fault.map(|fault| (stuck_by(fault).is_some(), wait_of(fault)));
        done
    }

    fn send_one(
        &self,
        mut account: Account,
        waiting: &Waiting,
        first: bool,
    ) -> Result<Option<VerdictInfo>, Fault> {
        let owner = account.owner;
        let time = self.time(&account.trust)?;
        let over = time.is_over(waiting.exp.saturating_add(PATIENCE), self.clock.now());
        if over && !waiting.is_awaited(&account) {
            self.give_up(&account, waiting)?;
            return Ok(None);
        }
        // Looked at as late as can be: the person may have reported it while something else was under way.
        if self.is_taken_back(&owner, waiting)? {
            return Ok(None);
        }
        let heard = self.post(&account, waiting);
        self.mark_stuck(&owner, waiting, heard.as_ref().err().and_then(stuck_by))?;
        let (text, trip) = heard?;
        let verdict = self
            .believe::<Verdict>(&mut account, &text)
            .map_err(Fault::unusable)?;
        if !self.is_verdict_on(waiting, &account, &verdict) {
            return Err(CallFault::NotOurs { status: 200 }.into());
        }
        // A repeat may bring a verdict that was made before this request left.
        let word = if first {
            Word::Fresh(trip)
        } else {
            Word::Some(trip.arrived)
        };
        let told = self.settle(&account, waiting, &verdict, word)?;
        if matches!(
            verdict.code,
            VerdictCode::Suspended | VerdictCode::NotActive
        ) || waiting.is_report()
            || (waiting.brings_state() && verdict.result == Outcome::Accepted)
        {
            // The state tells more; a failure to fetch it now takes nothing back.
            let _ = self.fetch_state(&owner, 0);
        }
        Ok(told)
    }

    fn post(&self, account: &Account, waiting: &Waiting) -> Result<(String, Trip), Fault> {
        let origins = self.origins(account)?;
        let at = At {
            iss: &account.trust.iss,
            origins: &origins,
        };
        let heard = self.client.respond(at, &waiting.response)?;
        Ok((heard.body.verdict, heard.trip))
    }

    /// Remembers whether a person has to act, when that changed.
    fn mark_stuck(&self, owner: &Id, waiting: &Waiting, stuck: Option<u16>) -> Result<(), Fault> {
        if waiting.stuck == stuck {
            return Ok(());
        }
        let place = Place::numbered(owner, waiting.ctr);
        self.vault.change(|change| {
            if let Some(mut waiting) = change.read::<Waiting>(&place)? {
                waiting.stuck = stuck;
                change.put(&place, &waiting)?;
            }
            Ok::<_, Fault>(())
        })
    }
}

/// A try under way. However it ends, also by a panic of a port, the entry may be tried again.
struct Trying<'a> {
    core: &'a Core,
    entry: (Id, u64),
    at: Moment,
    /// Whether it is stuck, and what the server asked to wait; nothing once the entry has its end.
    failed: Option<(bool, Option<u64>)>,
}

impl Drop for Trying<'_> {
    fn drop(&mut self) {
        let (owner, ctr) = self.entry;
        let mut schedule = self.core.schedule();
        match self.failed {
            Some((stuck, wait)) => schedule.fail(owner, ctr, stuck, wait, self.at),
            None => schedule.end(owner, ctr),
        }
    }
}

/// Any 4xx but 401 and 429, and those that say that the request came too slowly or too early: nobody has to act on a bad network.
fn stuck_by(fault: &Fault) -> Option<u16> {
    match fault {
        Fault::Call(CallFault::Problem { status, .. }) => match status {
            401 | 408 | 425 | 429 => None,
            400..=499 => Some(*status),
            _ => None,
        },
        _ => None,
    }
}

fn wait_of(fault: &Fault) -> Option<u64> {
    match fault {
        Fault::Call(CallFault::Problem { wait, .. }) => *wait,
        _ => None,
    }
}

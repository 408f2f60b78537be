//! The server's signed answer to a response: the only thing, but time, that ends its waiting.

use super::entry::Waiting;
use crate::account::{Account, let_go};
use crate::challenge::{PromptId, Seen, newest_statement};
use crate::core::Core;
use crate::error::Fault;
use crate::history::HistoryRecord;
use crate::time::{ServerTime, Word};
use crate::vault::{Change, Place};
use countersign_protocol::statement::{Kind, Outcome, Verdict, VerdictCode};
use countersign_protocol::{Id, Signed};

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictInfo {
    /// The request that was answered.
    pub id: PromptId,
    /// Whether the answer counts.
    pub accepted: bool,
    /// `ok`, `number_wrong`, `expired`, …, as the server says it.
    pub code: &'static str,
    /// Whether the request is over for this phone; if not, it can be answered again.
    pub is_final: bool,
    /// Tries left, when it is not final.
    pub attempts: Option<u64>,
    /// Where the phone's browser goes on, for a request that was opened on this phone: to be opened in it at once. It is of
    /// the ID's own server.
    pub return_url: Option<String>,
}

impl VerdictInfo {
    /// `open`: whether the request can be answered again by it.
    fn new(id: PromptId, verdict: &Verdict, open: bool) -> Self {
        Self {
            id,
            accepted: verdict.result == Outcome::Accepted,
            code: code(verdict.code),
            is_final: !open,
            attempts: verdict.attempts,
            return_url: verdict.r#return.clone(),
        }
    }
}

/// A verdict's code as the wire has it.
pub(crate) fn code(code: VerdictCode) -> &'static str {
    match code {
        VerdictCode::Ok => "ok",
        VerdictCode::PinWrong => "pin_wrong",
        VerdictCode::PinLocked => "pin_locked",
        VerdictCode::NumberWrong => "number_wrong",
        VerdictCode::Expired => "expired",
        VerdictCode::Cancelled => "cancelled",
        VerdictCode::DecidedElsewhere => "decided_elsewhere",
        VerdictCode::FactorsMissing => "factors_missing",
        VerdictCode::ViewMismatch => "view_mismatch",
        VerdictCode::BadInput => "bad_input",
        VerdictCode::Suspended => "suspended",
        VerdictCode::NotActive => "not_active",
    }
}

impl Waiting {
    /// Whether a verdict of the ID's server is about this response.
    fn is_judged_by(&self, account: &Account, verdict: &Verdict) -> bool {
        let credential = account.known().map(|known| known.credential);
        credential.is_ok_and(|credential| credential == verdict.aud)
            && verdict.response == self.response_hash
            && verdict.challenge == self.challenge_hash
    }
}

impl Core {
    /// Whether a verdict is one about this response that can be taken: it leads a browser exactly where there is one to be
    /// led, and to the server itself; and it lets nothing be tried again but a PIN and a new phone's digits.
    pub(super) fn is_verdict_on(
        &self,
        waiting: &Waiting,
        account: &Account,
        verdict: &Verdict,
    ) -> bool {
        let goes_back = waiting.goes_back() && verdict.result == Outcome::Accepted;
        // Digits of a new phone may be mistyped; the number of a browser may not.
        let tried_again = verdict.code != VerdictCode::NumberWrong
            || verdict.r#final
            || waiting.summary.kind == Kind::AddPhone.as_str();
        let leads_well = match verdict.return_origin() {
            Some(origin) => goes_back && account.trust.origins(&self.config).contains(&origin),
            None => !goes_back,
        };
        waiting.is_judged_by(account, verdict) && leads_well && tried_again
    }

    /// Moves a response and its verdict to the history, and gives it to be told; the request is open again where it
    /// may be. Nothing where another thread did so: that one tells it.
    pub(super) fn settle(
        &self,
        account: &Account,
        waiting: &Waiting,
        verdict: &Signed<Verdict>,
        word: Word,
    ) -> Result<Option<VerdictInfo>, Fault> {
        let owner = &account.owner;
        let place = Place::numbered(owner, waiting.ctr);
        let settled = self.vault.change(|change| {
            if change.read::<Waiting>(&place)?.is_none() {
                return Ok(None);
            }
            let mut gone = None;
            let taken = verdict.result == Outcome::Accepted;
            if waiting.approves(&[Kind::RecoveryCodes]) {
                self.end_codes(change, owner, waiting.ctr, taken)?;
            }
            if waiting.is_about_id() {
                let of = Place::of(owner);
                let mut account = change.read::<Account>(&of)?.ok_or(Fault::Unknown)?;
                let (kind, request) = (&waiting.summary.kind, &waiting.challenge_hash);
                gone = account.end_change(kind, request, taken);
                change.put(&of, &account)?;
                if let Some(uv) = gone {
                    let_go(change, uv)?;
                }
            }
            change.delete::<Waiting>(&place)?;
            change.put(&place, &HistoryRecord::new(waiting, Some(verdict)))?;
            let time = self.learn(change, &account.trust, verdict.iat, word)?;
            let open = self.reopen(change, owner, waiting, verdict, &time)?;
            Ok::<_, Fault>(Some((gone, open)))
        })?;
        let Some((gone, open)) = settled else {
            return Ok(None);
        };
        gone.map_or(Ok(()), |uv| self.destroy(&uv))?;
        let id = PromptId {
            account: *owner,
            challenge: waiting.request,
        };
        Ok(Some(VerdictInfo::new(id, verdict, open)))
    }

    /// Opens a request again: by a verdict that is not final, and by `expired`, which is about the time of the statement that was
    /// answered, where the request has a newer one; one that comes later is open then too. Whether it can be answered again.
    fn reopen(
        &self,
        change: &mut Change<'_>,
        owner: &Id,
        waiting: &Waiting,
        verdict: &Verdict,
        time: &ServerTime,
    ) -> Result<bool, Fault> {
        let late = verdict.code == VerdictCode::Expired && !waiting.is_report();
        if verdict.r#final && !late {
            return Ok(false);
        }
        // As the request is now: it may have got more time.
        let newest = newest_statement(change, owner, &waiting.request)?;
        if late {
            let note = Seen::place(owner, &waiting.request);
            if let Some(mut seen) = change.read::<Seen>(&note)? {
                seen.was_late();
                change.put(&note, &seen)?;
            }
            if newest == waiting.request {
                return Ok(false);
            }
        }
        let note = Seen::place(owner, &newest);
        let Some(mut seen) = change.read::<Seen>(&note)? else {
            return Ok(!verdict.r#final);
        };
        seen.reopen();
        change.put(&note, &seen)?;
        Ok(!verdict.r#final || seen.is_open_at(time, self.clock.now()))
    }

    /// Settles a verdict that came beside requests; nothing to tell when it is about no answer that waits here.
    pub(crate) fn settle_told(
        &self,
        account: &Account,
        verdict: &Signed<Verdict>,
        word: Word,
    ) -> Result<Option<VerdictInfo>, Fault> {
        let owner = &account.owner;
        let waiting = self.vault.all::<Waiting>(Some(owner))?.into_iter();
        let mut judged = waiting.filter(|waiting| self.is_verdict_on(waiting, account, verdict));
        let Some(waiting) = judged.next() else {
            return Ok(None);
        };
        let told = self.settle(account, &waiting, verdict, word)?;
        self.schedule().end(*owner, waiting.ctr);
        Ok(told)
    }

    /// Moves a response that nobody answers any more to the history, without a verdict.
    pub(super) fn give_up(&self, account: &Account, waiting: &Waiting) -> Result<(), Fault> {
        let place = Place::numbered(&account.owner, waiting.ctr);
        self.vault.change(|change| {
            if change.read::<Waiting>(&place)?.is_some() {
                change.delete::<Waiting>(&place)?;
                self.end_codes(change, &account.owner, waiting.ctr, false)?;
                change.put(&place, &HistoryRecord::new(waiting, None))?;
            }
            Ok::<_, Fault>(())
        })
    }
}

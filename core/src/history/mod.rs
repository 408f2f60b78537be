//! In: responses that left the outbox. Out: what was asked, answered and judged, as exact bytes, a list for people, and an
//! export that anybody can check. Never: an entry changed or reordered, or one missing behind the first that is kept: the person
//! deletes from the beginning only ([`forget`]), and with the ID.

mod export;
mod forget;

pub use export::Exported;

use crate::account::Chain;
use crate::core::Core;
use crate::error::Fault;
use crate::outbox::{Summary, Waiting, code};
use crate::ports::Order;
use crate::vault::{self, Place, Record};
use countersign_protocol::statement::{Decision, Verdict};
use countersign_protocol::{Id, Signed};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Request, response and verdict as they were signed; named `owner/ctr`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryRecord {
    challenge: String,
    response: String,
    verdict: Option<String>,
    /// The verdict's code.
    result: Option<String>,
    summary: Summary,
}

impl Record for HistoryRecord {
    const TREE: &'static str = "history";
    const LENGTH: usize = 5120;
    /// It grows without end, and its chain of responses vouches for it.
    const ROOTED: bool = false;
}

impl HistoryRecord {
    pub(crate) fn new(waiting: &Waiting, verdict: Option<&Signed<Verdict>>) -> Self {
        Self {
            challenge: waiting.challenge.clone(),
            response: waiting.response.clone(),
            verdict: verdict.map(|verdict| verdict.compact().to_owned()),
            result: verdict.map(|verdict| code(verdict.code).to_owned()),
            summary: waiting.summary.clone(),
        }
    }
}

/// A line of the history.
#[derive(Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The ID on this phone.
    pub id: Id,
    /// What was asked: `login`, `transaction`, …
    pub kind: String,
    /// Who asked.
    pub service: String,
    /// Whose ID.
    pub account: String,
    /// When it was asked, seconds on the server's clock.
    pub asked: u64,
    /// What was decided.
    pub decision: Decision,
    /// Whether a number was typed.
    pub number: bool,
    /// The verdict's code; none where no answer came.
    pub result: Option<String>,
}

/// It is about a person.
impl fmt::Debug for HistoryEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HistoryEntry")
    }
}

impl Core {
    /// The newest entries of every ID, the newest first, up to `limit`. What that costs doesn't depend on how many there are.
    pub(crate) fn history(&self, limit: usize) -> Result<Vec<HistoryEntry>, Fault> {
        let mut entries = Vec::new();
        for account in self.accounts()? {
            let records = self.newest(&account.owner, limit)?;
            entries.extend(records.into_iter().map(|one| entry(account.owner, one)));
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.asked));
        entries.truncate(limit);
        Ok(entries)
    }

    /// The newest entries of an ID. Every response that was signed and not forgotten is in the outbox or here: one that is missing
    /// was lost, and is not passed over.
    fn newest(&self, owner: &Id, limit: usize) -> Result<Vec<HistoryRecord>, Fault> {
        // In this order: what another thread moves meanwhile is seen in one place or the other, what it deletes in neither.
        let chain = self.chain(owner)?;
        let waiting: BTreeSet<u64> = self
            .vault
            .all::<Waiting>(Some(owner))?
            .iter()
            .map(|waiting| waiting.ctr)
            .collect();
        let mut found = Vec::new();
        for (place, record) in
            self.vault
                .scan::<HistoryRecord>(Some(owner), Order::Falling, limit)?
        {
            found.push((place.number().ok_or(vault::Fault::Damaged)?, record));
        }
        let whole = found.len() < limit;
        let forgotten = self.chain(owner)?.forgotten;
        // An old copy of what was deleted is none of the history.
        found.retain(|(number, _)| *number > forgotten);
        let mut next = chain.ctr;
        for (number, _) in &found {
            while next > *number && waiting.contains(&next) {
                next -= 1;
            }
            if *number < next {
                return Err(vault::Fault::Damaged.into());
            }
            if *number == next {
                next -= 1;
            }
        }
        if whole && !(forgotten + 1..=next).all(|number| waiting.contains(&number)) {
            return Err(vault::Fault::Damaged.into());
        }
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    /// Where the chain of an ID's responses is.
    fn chain(&self, owner: &Id) -> Result<Chain, Fault> {
        Ok(self.vault.read(&Place::of(owner))?.unwrap_or_default())
    }
}

fn entry(id: Id, record: HistoryRecord) -> HistoryEntry {
    let Summary {
        kind,
        service,
        account,
        asked,
        decision,
        number,
    } = record.summary;
    HistoryEntry {
        id,
        kind,
        service,
        account,
        asked,
        decision,
        number,
        result: record.result,
    }
}

#[cfg(test)]
mod tests;

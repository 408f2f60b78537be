//! In: responses that left the outbox. Out: what was asked, answered and judged, as exact bytes, and
//! a list for people. Never: an entry changed or reordered; only removing the ID deletes it.

use crate::account::Account;
use crate::core::Core;
use crate::error::Fault;
use crate::outbox::{Summary, Waiting, code};
use crate::ports::Order;
use crate::vault::Record;
use countersign_protocol::statement::{Decision, Verdict};
use countersign_protocol::{Id, Signed};
use serde::{Deserialize, Serialize};
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
    /// The newest entries of every ID, the newest first, up to `limit`.
    pub(crate) fn history(&self, limit: usize) -> Result<Vec<HistoryEntry>, Fault> {
        let mut entries = Vec::new();
        for account in self.vault.all::<Account>("")? {
            let prefix = format!("{}/", account.owner);
            for (_, record) in self
                .vault
                .scan::<HistoryRecord>(&prefix, Order::Falling, limit)?
            {
                entries.push(entry(account.owner, record));
            }
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.asked));
        entries.truncate(limit);
        Ok(entries)
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

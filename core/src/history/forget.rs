//! Deleting the beginning of a history. The chain begins later then, and says so itself: nobody else can take an entry away.

use super::HistoryRecord;
use crate::account::Chain;
use crate::core::Core;
use crate::error::Fault;
use crate::outbox::Waiting;
use crate::vault::{self, Place};
use countersign_protocol::Id;

/// Entries that are deleted by one commit.
const AT_ONCE: u64 = 64;

impl Core {
    /// Deletes the entries of an ID that were asked before this time, seconds, up to the first that was not, or that still waits for
    /// its verdict; how many.
    pub(crate) fn forget_history(&self, owner: &Id, before: u64) -> Result<u64, Fault> {
        self.account(owner)?;
        let mut all = 0;
        loop {
            let gone = self.forget_some(owner, before)?;
            all += gone;
            if gone < AT_ONCE {
                return Ok(all);
            }
        }
    }

    fn forget_some(&self, owner: &Id, before: u64) -> Result<u64, Fault> {
        self.vault.change(|change| {
            let of = Place::of(owner);
            let mut chain = change.read::<Chain>(&of)?.unwrap_or_default();
            let first = chain.forgotten;
            while chain.forgotten < chain.ctr && chain.forgotten - first < AT_ONCE {
                let place = Place::numbered(owner, chain.forgotten + 1);
                let Some(record) = change.read::<HistoryRecord>(&place)? else {
                    if change.read::<Waiting>(&place)?.is_none() {
                        return Err(vault::Fault::Damaged.into());
                    }
                    break;
                };
                if record.summary.asked >= before {
                    break;
                }
                change.delete::<HistoryRecord>(&place)?;
                chain.forgotten += 1;
            }
            if chain.forgotten > first {
                change.put(&of, &chain)?;
            }
            Ok(chain.forgotten - first)
        })
    }
}

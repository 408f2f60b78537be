//! Notices: what happened to an ID, kept for the person to look at.

use crate::account::Account;
use crate::core::Core;
use crate::error::Fault;
use crate::ports::Order;
use crate::time::ServerTime;
use crate::vault::{Change, Place, Record};
use countersign_protocol::statement::{Event, Notice};
use countersign_protocol::{Digest, Id, Signed};
use serde::{Deserialize, Serialize};
use std::fmt;

/// As long as a server may tell a notice again, milliseconds: 90 days. Then what was told may be forgotten.
const LIFE: u64 = 90 * 86_400_000;

/// The most notices of an ID that are kept.
const MOST: usize = 200;

/// A notice that was taken; named `owner/jti`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoticeRecord {
    /// Seconds.
    at: u64,
    /// How many of the same second came before it.
    #[serde(default, skip_serializing_if = "is_first")]
    nth: u64,
    event: Event,
    device: Option<String>,
    phones: u64,
}

fn is_first(nth: &u64) -> bool {
    *nth == 0
}

impl Record for NoticeRecord {
    const TREE: &'static str = "notice";
}

/// The newest notice of an ID: a request with its `set` needs no explanation.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Newest {
    /// Seconds.
    pub(crate) at: u64,
    /// How many of the same second came before it.
    #[serde(default, skip_serializing_if = "is_first")]
    pub(crate) nth: u64,
    pub(crate) set: Digest,
}

/// Something that happened to an ID, as its server told it.
#[derive(Clone, PartialEq, Eq)]
pub struct NoticeInfo {
    /// The ID.
    pub account: Id,
    /// When, seconds on the server's clock.
    pub at: u64,
    /// What.
    pub event: Event,
    /// The phone that it happened to, or that did it.
    pub device: Option<String>,
    /// How many phones the ID had then.
    pub phones: u64,
}

/// It is about a person.
impl fmt::Debug for NoticeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoticeInfo({:?})", self.event)
    }
}

impl NoticeRecord {
    /// The newest has the greatest; what was told in one second, in the order in which it was told.
    fn age(&self) -> (u64, u64) {
        (self.at, self.nth)
    }

    fn info(self, account: Id) -> NoticeInfo {
        NoticeInfo {
            account,
            at: self.at,
            event: self.event,
            device: self.device,
            phones: self.phones,
        }
    }
}

impl Core {
    /// Takes a verified notice into a change, once.
    pub(super) fn take_notice(
        &self,
        change: &mut Change<'_>,
        account: &mut Account,
        notice: &Signed<Notice>,
        time: &ServerTime,
    ) -> Result<Option<NoticeInfo>, Fault> {
        let place = Place::named(&account.owner, notice.jti.as_bytes());
        if change.read::<NoticeRecord>(&place)?.is_some() {
            return Ok(None);
        }
        let device = notice.device.as_ref().map(|name| name.as_str().to_owned());
        let now = self.clock.now();
        let at = time.not_to_come(notice.iat, now);
        let known = account.known_mut()?;
        let before = known.notice.filter(|newest| newest.at == at);
        let record = NoticeRecord {
            at,
            nth: before.map_or(0, |newest| newest.nth + 1),
            event: notice.event,
            device,
            phones: notice.phones,
        };
        change.put(&place, &record)?;
        // One that is told late says how it was, not how it is; and none is of a time to come.
        let is_newer = |newest: Newest| newest.at <= record.at || time.is_to_come(newest.at, now);
        if known.notice.is_none_or(is_newer) {
            known.notice = Some(Newest {
                at: record.at,
                nth: record.nth,
                set: notice.set,
            });
        }
        Ok(Some(record.info(account.owner)))
    }

    /// The newest notices of every ID, the newest first.
    pub(crate) fn notices(&self, limit: usize) -> Result<Vec<NoticeInfo>, Fault> {
        let mut notices = Vec::new();
        for account in self.accounts()? {
            let records = self.vault.all::<NoticeRecord>(Some(&account.owner))?;
            notices.extend(records.into_iter().map(|one| (account.owner, one)));
        }
        notices.sort_by_key(|(_, notice)| std::cmp::Reverse(notice.age()));
        notices.truncate(limit);
        let infos = notices.into_iter().map(|(owner, one)| one.info(owner));
        Ok(infos.collect())
    }

    /// Forgets notices that are too old to be told again, and the oldest of too many. `lower` is the lower
    /// bound of server time, milliseconds.
    pub(crate) fn forget_old_notices(&self, owner: &Id, lower: u64) -> Result<(), Fault> {
        let mut found = self
            .vault
            .scan::<NoticeRecord>(Some(owner), Order::Rising, usize::MAX)?;
        found.sort_by_key(|(_, notice)| std::cmp::Reverse(notice.age()));
        let old = |at: u64| at.saturating_mul(1000).saturating_add(LIFE) < lower;
        let keep = found.iter().take(MOST).filter(|(_, one)| !old(one.at));
        let gone: Vec<_> = found[keep.count()..]
            .iter()
            .map(|(place, _)| place)
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.vault.change(|change| {
            gone.iter().for_each(|place| change.delete_found(place));
            Ok(())
        })
    }
}

//! What became of requests and answers, and what happened to IDs.

use crate::error::AuthError;
use crate::words::{Text, lang};
use crate::{count, seconds};
use countersign_core::{self as core, words};

/// What was decided.
pub type Decision = core::Decision;

/// What was decided.
#[uniffi::remote(Enum)]
pub enum Decision {
    /// It is me.
    Approve,
    /// No.
    Deny,
    /// It wasn't me.
    Report,
}

/// Why a request is over.
pub type CancelReason = core::CancelReason;

/// Why a request is over.
#[uniffi::remote(Enum)]
pub enum CancelReason {
    /// Another phone, or another factor, decided.
    DecidedElsewhere,
    /// The time was over.
    Expired,
    /// A newer one is in its place.
    Replaced,
    /// Whoever asked doesn't ask any more.
    Withdrawn,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VerdictInfo {
    /// The request that was answered.
    pub id: String,
    /// Whether the answer counts.
    pub accepted: bool,
    /// `ok`, `number_wrong`, `expired`, …, as the server says it.
    pub code: String,
    /// Whether the request is over for this phone; if not, it can be answered again.
    pub is_final: bool,
    /// Tries left, when it is not final.
    pub attempts: Option<u32>,
    /// Where the phone's browser goes on, for a request that was opened on this phone: to be opened in it at once.
    pub return_url: Option<String>,
}

/// Where an answer is.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Sent {
    /// The server answered.
    Verdict {
        /// What.
        verdict: VerdictInfo,
    },
    /// It is signed and safe, and goes out by itself.
    Queued {
        /// Why it didn't yet.
        error: AuthError,
    },
}

/// An answer that waits to be sent.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Delivery {
    /// The request.
    pub id: String,
    /// Who asked.
    pub service: String,
    /// What was decided.
    pub decision: Decision,
    /// Until when the answer counts, seconds since 1970 on the server's clock, as all times here.
    pub expires: i64,
    /// Seconds until the next try.
    pub next_try: i64,
    /// The HTTP status that only a person or an update gets over.
    pub stuck: Option<u32>,
}

/// What was asked and answered.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Receipt {
    /// The ID.
    pub id: String,
    /// What was asked.
    pub kind: String,
    /// Who asked.
    pub service: String,
    /// Whose ID.
    pub account: String,
    /// When it was asked.
    pub asked: i64,
    /// What was decided.
    pub decision: Decision,
    /// Whether a number was typed.
    pub number: bool,
    /// The verdict's code; none where no answer came.
    pub result: Option<String>,
}

/// A history as lines that anybody can check. It is in clear and about a person, who decides where it goes.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct ExportedHistory {
    /// The file.
    pub lines: Vec<u8>,
    /// The root that the ID was added by: whoever checks has to know it from elsewhere.
    pub root: String,
    /// This phone's key, by which its part can be checked without believing the server.
    pub key: String,
    /// The number of the first answer.
    pub from: i64,
    /// The number of the last; one less than `from` where there is none.
    pub to: i64,
    /// The hash of the last.
    pub last: Option<String>,
}

/// A request that is over without this phone: its prompt goes.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Cancelled {
    /// Which.
    pub id: String,
    /// Who asked, if that is known still.
    pub service: Option<String>,
    /// Why it is over.
    pub reason: CancelReason,
    /// The phone that decided, by its name, if another one did.
    pub device: Option<String>,
}

/// Something that happened to an ID, as its server told it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Notice {
    /// The ID.
    pub account: String,
    /// When.
    pub at: i64,
    /// What, such as `phone_added`.
    pub what: String,
    /// The same in words.
    pub title: Option<Text>,
    /// The phone that it happened to, or that did it.
    pub device: Option<String>,
    /// How many phones the ID had then.
    pub phones: u32,
}

crate::quiet!(Delivery, Receipt, ExportedHistory, Cancelled, Notice);

impl From<core::VerdictInfo> for VerdictInfo {
    fn from(verdict: core::VerdictInfo) -> Self {
        Self {
            id: verdict.id.to_string(),
            accepted: verdict.accepted,
            code: verdict.code.to_owned(),
            is_final: verdict.is_final,
            attempts: verdict.attempts.map(count),
            return_url: verdict.return_url,
        }
    }
}

impl From<core::Sent> for Sent {
    fn from(sent: core::Sent) -> Self {
        match sent {
            core::Sent::Verdict(verdict) => Self::Verdict {
                verdict: verdict.into(),
            },
            core::Sent::Queued(error) => Self::Queued {
                error: error.into(),
            },
        }
    }
}

impl From<core::Delivery> for Delivery {
    fn from(delivery: core::Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            service: delivery.service,
            decision: delivery.decision,
            expires: seconds(delivery.expires),
            next_try: seconds(delivery.next_try),
            stuck: delivery.stuck.map(u32::from),
        }
    }
}

impl From<core::HistoryEntry> for Receipt {
    fn from(entry: core::HistoryEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            kind: entry.kind.to_string(),
            service: entry.service,
            account: entry.account,
            asked: seconds(entry.asked),
            decision: entry.decision,
            number: entry.number,
            result: entry.result,
        }
    }
}

impl ExportedHistory {
    pub(crate) fn new(exported: core::Exported, lines: Vec<u8>) -> Self {
        Self {
            lines,
            root: exported.root.to_string(),
            key: exported.dev.to_string(),
            from: seconds(exported.from),
            to: seconds(exported.to),
            last: exported.last.map(|hash| hash.to_string()),
        }
    }
}

impl From<core::Cancelled> for Cancelled {
    fn from(cancelled: core::Cancelled) -> Self {
        Self {
            id: cancelled.id.to_string(),
            service: cancelled.service,
            reason: cancelled.reason,
            device: cancelled.device,
        }
    }
}

impl Notice {
    pub(crate) fn new(notice: core::NoticeInfo, locale: &str) -> Self {
        let what = notice.event.as_str();
        let title = words::notice_title(what).map(|id| words::text(lang(locale), id).into());
        Self {
            account: notice.account.to_string(),
            at: seconds(notice.at),
            what: what.to_owned(),
            title,
            device: notice.device,
            phones: count(notice.phones),
        }
    }
}

//! What a shell shows: the rows of the view, word for word, and what stands around them.

use super::seen::Seen;
use super::verify::Verified;
use crate::account::Account;
use crate::ports::Moment;
use crate::time::ServerTime;
use countersign_protocol::Id;
use countersign_protocol::policy::{Alternative, Factor, covers};
use countersign_protocol::statement::{Kind, Mode};
use std::fmt;
use std::str::FromStr;

/// Which request: an ID of this phone, and the request's own id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromptId {
    /// The ID.
    pub account: Id,
    /// The request.
    pub challenge: Id,
}

impl fmt::Display for PromptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.account, self.challenge)
    }
}

/// Not the form of a [`PromptId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a request")]
pub struct NotAPromptId;

impl FromStr for PromptId {
    type Err = NotAPromptId;

    fn from_str(text: &str) -> Result<Self, NotAPromptId> {
        let (account, challenge) = text.split_once('.').ok_or(NotAPromptId)?;
        let id = |text| Id::parse(text).ok_or(NotAPromptId);
        Ok(Self {
            account: id(account)?,
            challenge: id(challenge)?,
        })
    }
}

/// A row: its id is the app's to caption, its value is shown word for word.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Such as `account`, `browser`, `label.1`.
    pub id: String,
    /// Of the request, unchanged.
    pub value: String,
}

/// What stands above a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// `time.unsure`: how old it is can't be said.
    TimeUnsure,
    /// The phones of the ID are not those of the last request.
    PhonesChanged,
    /// This phone can't give what is asked: only deny and report.
    CannotApprove,
    /// A change of PIN or gesture must reach the server first; until then only deny and report.
    ChangeUnsent,
}

/// A request that may be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Prompt {
    /// For the decision.
    pub id: PromptId,
    /// The same request as this one, with more time.
    pub goes_on: Option<PromptId>,
    /// The id of its title in the catalogue of texts: `ask.` and the kind.
    pub title: String,
    /// What is asked: `login`, `transaction`, …
    pub kind: &'static str,
    /// All that is shown, in order; what is signed is exactly this.
    pub rows: Vec<Row>,
    /// The host of the ID's server.
    pub host: String,
    /// The name of the ID's server.
    pub server: String,
    /// Whose ID.
    pub account: String,
    /// Who asks.
    pub service: String,
    /// The server's id for them: the same for all that they ask.
    pub service_id: String,
    /// The language of the rows of a transaction, BCP 47.
    pub lang: Option<String>,
    /// How many digits are typed: 0, 2 or 6.
    pub number: u64,
    /// Whether the PIN is typed, unless the person takes another of [`ways`](Self::ways). Only the server can say whether it was the right one.
    pub pin: bool,
    /// The factors that suffice and that this phone can give, in alternatives, the one that an approval
    /// takes first: `dev`, `uv`, `dev+pin`, `pin+uv`; one with `pin` is taken when a PIN is given. None: it can only be denied or reported.
    pub ways: Vec<&'static str>,
    /// Seconds left, at most.
    pub seconds_left: u64,
    /// Seconds since it was asked, when that can be said.
    pub asked_ago: Option<u64>,
    /// What stands above it.
    pub notes: Vec<Note>,
}

/// It is about a person.
impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prompt({})", self.id)
    }
}

impl Prompt {
    pub(super) fn new(
        account: &Account,
        verified: &Verified,
        seen: &Seen,
        time: &ServerTime,
        now: Moment,
    ) -> Self {
        let challenge = verified.challenge();
        let kind = challenge.kind.as_str();
        let rows = verified.view().rows().iter();
        let ways = ways(verified, account);
        Self {
            id: PromptId {
                account: account.owner,
                challenge: challenge.jti,
            },
            goes_on: seen.older().map(|challenge| PromptId {
                account: account.owner,
                challenge,
            }),
            title: format!("ask.{kind}"),
            kind,
            rows: rows
                .map(|row| Row {
                    id: row.id.clone().into_owned(),
                    value: row.value.clone(),
                })
                .collect(),
            host: account.trust.iss.host().to_owned(),
            server: account.name.as_str().to_owned(),
            account: challenge.account.as_str().to_owned(),
            service: challenge.service.name.as_str().to_owned(),
            service_id: challenge.service.id.clone(),
            lang: challenge.lang.clone(),
            number: challenge.r#match,
            pin: ways.first().is_some_and(|way| way.has(Factor::Pin)),
            ways: ways.iter().map(|way| way.as_str()).collect(),
            seconds_left: time.left(challenge.exp, now),
            asked_ago: time.ago(challenge.iat, now),
            notes: notes(verified, account, seen, time, now, ways.is_empty()),
        }
    }
}

fn notes(
    verified: &Verified,
    account: &Account,
    seen: &Seen,
    time: &ServerTime,
    now: Moment,
    no_way: bool,
) -> Vec<Note> {
    let waits = no_way && waits_for_change(verified, account);
    let offline = verified.challenge().mode == Mode::Offline;
    // A notice may have come after the request.
    let set = &verified.challenge().set;
    let explained = account.known().is_ok_and(|known| known.is_explained(set));
    let candidates = [
        (Note::TimeUnsure, offline && time.upper(now).is_none()),
        (
            Note::PhonesChanged,
            seen.phones_changed && !explained && !offline,
        ),
        (Note::CannotApprove, no_way && !waits),
        (Note::ChangeUnsent, waits),
    ];
    candidates
        .into_iter()
        .filter(|(_, holds)| *holds)
        .map(|(note, _)| note)
        .collect()
}

/// The alternatives of a request that this phone can satisfy now, those that ask the person for less first.
pub(super) fn ways(verified: &Verified, account: &Account) -> Vec<Alternative> {
    let done = match verified.challenge().kind {
        // One change at a time.
        Kind::PinSet => account.next_pin.is_none(),
        Kind::ReplaceUv => account.next_uv.is_none(),
        // They are agreed on with the server's half.
        Kind::RecoveryCodes => account.dh.is_some(),
        _ => true,
    };
    if done {
        ways_by(verified, &account.factors())
    } else {
        Vec::new()
    }
}

/// Whether it can be satisfied once the server has answered a change of PIN or gesture.
pub(super) fn waits_for_change(verified: &Verified, account: &Account) -> bool {
    account.is_changing() && !ways_by(verified, &account.factors_after_change()).is_empty()
}

fn ways_by(verified: &Verified, factors: &[Factor]) -> Vec<Alternative> {
    let all = verified.challenge().factors.as_slice().iter().copied();
    let mut ways: Vec<Alternative> = all.filter(|way| covers(factors, *way)).collect();
    ways.sort_by_key(|way| (way.has(Factor::Pin), way.has(Factor::Uv)));
    ways
}

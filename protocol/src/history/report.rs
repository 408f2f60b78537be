//! What a check came to.

use super::finding::Found;
use crate::encoding::Id;
use crate::origin::Origin;

/// Entries in a row, by their `ctr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// What was found, and what is vouched for.
#[derive(Debug, Clone)]
pub struct Report {
    /// The server.
    pub origin: Origin,
    /// The credential.
    pub credential: Id,
    /// How many answers there are.
    pub answers: u64,
    /// How many of them have no verdict.
    pub unjudged: u64,
    /// How many of those have one in the other file.
    pub judged_elsewhere: u64,
    /// How many codes were shown: nothing is proved of them.
    pub codes: u64,
    /// The entries from the first one on before which nothing is wrong. Given only the root this is as good as S was never stolen.
    pub vouched: Option<Span>,
    /// Those of them of which it also holds if S was stolen that the phone signed them, and in this order: by K_dev or a deposited
    /// hash that was given.
    pub by_phone: Option<Span>,
    /// What is wrong, in the order of the file, up to [`Report::MOST`].
    pub findings: Vec<Found>,
    /// How many more there are.
    pub more: u64,
}

impl Report {
    /// Findings that are kept.
    pub const MOST: usize = 100;

    /// Whether nothing is wrong with the file. Nothing need be vouched for either: an export may be empty.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty() && self.more == 0
    }

    /// Takes an entry in at the end of what is vouched for; one behind a gap isn't.
    pub(super) fn vouch(span: &mut Option<Span>, from: u64, ctr: u64) {
        match span {
            None if ctr == from => *span = Some(Span { from, to: ctr }),
            Some(span) if span.to.checked_add(1) == Some(ctr) => span.to = ctr,
            _ => {}
        }
    }

    /// Nothing from this entry on is vouched for.
    pub(super) fn end_before(&mut self, ctr: u64) {
        for span in [&mut self.vouched, &mut self.by_phone] {
            *span = span
                .map(|Span { from, to }| Span {
                    from,
                    to: to.min(ctr.saturating_sub(1)),
                })
                .filter(|span| span.from <= span.to);
        }
    }
}

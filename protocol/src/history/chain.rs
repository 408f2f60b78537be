//! The chain of a phone's answers: `ctr` rises by one, `prev` names the one before.

use super::finding::Finding;
use crate::encoding::Digest;
use crate::jose::Signed;
use crate::statement::{Response, Verdict, VerdictCode};
use std::collections::BTreeMap;

/// What a server made of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Judged {
    code: VerdictCode,
    attempts: Option<u64>,
}

impl Judged {
    pub(super) fn of(verdict: &Verdict) -> Self {
        Self {
            code: verdict.code,
            attempts: verdict.attempts,
        }
    }
}

/// What is remembered of an answer.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    /// H of the response.
    pub(super) hash: Digest,
    /// H of the one before it.
    pub(super) prev: Option<Digest>,
    pub(super) judged: Option<Judged>,
}

/// Behind which answer the next one comes.
enum Tip {
    /// None was read yet.
    Begin,
    After {
        ctr: u64,
        hash: Digest,
    },
    /// One that could not be read; none with this `ctr` or less.
    Unknown(u64),
}

pub(super) struct Chain {
    /// The `ctr` that it should begin with.
    from: u64,
    /// Whether answers may be missing.
    may_have_gaps: bool,
    tip: Tip,
    answers: BTreeMap<u64, Answer>,
    /// The lowest `ctr` by `prev`.
    behind: BTreeMap<Option<Digest>, u64>,
    /// Where two answers of this file first contradict each other.
    forked: Option<u64>,
}

impl Chain {
    pub(super) fn new(from: u64) -> Self {
        Self {
            from,
            may_have_gaps: false,
            tip: Tip::Begin,
            answers: BTreeMap::new(),
            behind: BTreeMap::new(),
            forked: None,
        }
    }

    pub(super) fn allow_gaps(&mut self) {
        self.may_have_gaps = true;
    }

    /// An answer that can't be read may have stood here.
    pub(super) fn lose(&mut self) {
        self.tip = Tip::Unknown(match self.tip {
            Tip::Begin => 0,
            Tip::After { ctr, .. } | Tip::Unknown(ctr) => ctr,
        });
    }

    /// What is wrong with an answer as the next one.
    pub(super) fn place(&self, response: &Signed<Response>) -> Option<Finding> {
        if let Some(known) = self.answers.get(&response.ctr) {
            let same = known.hash == response.hash();
            return Some(if same {
                Finding::Repeated
            } else {
                Finding::Forked
            });
        }
        if self.behind.contains_key(&response.prev.0) {
            return Some(Finding::Forked);
        }
        let next = response.ctr;
        match self.tip {
            Tip::Begin => (next != self.from).then_some(Finding::Header("header.from")),
            Tip::Unknown(ctr) | Tip::After { ctr, .. } if next <= ctr => Some(Finding::Moved),
            Tip::Unknown(_) => None,
            // The number jumped, the chain didn't.
            Tip::After { ctr, hash } if next > ctr + 1 && response.prev.0 == Some(hash) => {
                Some(Finding::Unlinked)
            }
            Tip::After { ctr, .. } if next > ctr + 1 => {
                let (from, to) = (ctr + 1, next - 1);
                (!self.may_have_gaps).then_some(Finding::Removed { from, to })
            }
            Tip::After { hash, .. } if response.prev.0 == Some(hash) => None,
            Tip::After { .. } => Some(Finding::Unlinked),
        }
    }

    /// Where an answer that was found to be a fork makes it with another one of this file: at the later of the two.
    pub(super) fn fork_off(&mut self, response: &Signed<Response>) -> u64 {
        let ctr = response.ctr;
        let at = match self.has(ctr) {
            true => ctr,
            false => self.fork(ctr, response.prev.0).unwrap_or(ctr),
        };
        self.forked = Some(self.forked.map_or(at, |first| first.min(at)));
        at
    }

    pub(super) fn forked(&self) -> Option<u64> {
        self.forked
    }

    /// Takes an answer in, wherever it belongs; the chain goes on behind it if it is the furthest.
    pub(super) fn take(&mut self, response: &Signed<Response>, judged: Option<Judged>) {
        let (ctr, hash, prev) = (response.ctr, response.hash(), response.prev.0);
        self.answers.insert(ctr, Answer { hash, prev, judged });
        let lowest = self.behind.entry(prev).or_insert(ctr);
        *lowest = ctr.min(*lowest);
        match self.tip {
            Tip::After { ctr: last, .. } | Tip::Unknown(last) if ctr <= last => {}
            _ => self.tip = Tip::After { ctr, hash },
        }
    }

    pub(super) fn answers(&self) -> &BTreeMap<u64, Answer> {
        &self.answers
    }

    /// Where another answer and one of these follow the same one: at the later of the two.
    pub(super) fn fork(&self, ctr: u64, prev: Option<Digest>) -> Option<u64> {
        let ours = *self.behind.get(&prev)?;
        (ours != ctr).then(|| ours.max(ctr))
    }

    /// Whether one of these follows another answer than the other chain has before it.
    pub(super) fn breaks(&self, other: &Self, ctr: u64) -> bool {
        let before = ctr.saturating_sub(1);
        let both = self.answers.get(&ctr).zip(other.answers.get(&before));
        both.is_some_and(|(answer, theirs)| answer.prev != Some(theirs.hash))
    }

    pub(super) fn has(&self, ctr: u64) -> bool {
        self.answers.contains_key(&ctr)
    }

    pub(super) fn has_all(&self, from: u64, to: u64) -> bool {
        self.answers.range(from..=to).count() as u64 == to - from + 1
    }

    pub(super) fn has_hash(&self, hash: &Digest) -> bool {
        self.answers.values().any(|answer| answer.hash == *hash)
    }

    /// The highest `ctr`; one less than the first answer should have, where there is none.
    pub(super) fn last(&self) -> u64 {
        let last = self.answers.last_key_value().map(|(ctr, _)| *ctr);
        last.unwrap_or(self.from.saturating_sub(1))
    }
}

//! The end of a check, and what only another file tells: the server's export, or a later excerpt.

use super::check::Check;
use super::finding::Finding;
use super::report::Report;
use std::collections::BTreeSet;

impl Check {
    /// What the check came to; compared with the other file where there is one, and that file's own report.
    pub fn finish(mut self, other: Option<Self>) -> (Report, Option<Report>) {
        self.end();
        let Some(mut other) = other else {
            return (self.report, None);
        };
        other.end();
        self.compare(&other);
        (self.report, Some(other.report))
    }

    fn compare(&mut self, other: &Self) {
        if self.header.origin != other.header.origin {
            return self.note_at(Finding::Differs("server"), None, None);
        }
        if self.header.credential != other.header.credential {
            return self.note_at(Finding::Differs("credential"), None, None);
        }
        let mut forks: BTreeSet<u64> = other.chain.forked().into_iter().collect();
        let mut furthest = None;
        for (ctr, theirs) in other.chain.answers() {
            let ours = self.chain.answers().get(ctr);
            let twin = ours.filter(|ours| ours.hash != theirs.hash);
            let breaks = twin.is_some() || other.chain.breaks(&self.chain, *ctr);
            let sibling = self.chain.fork(*ctr, theirs.prev);
            if let Some(at) = breaks.then_some(*ctr).or(sibling) {
                forks.insert(at);
                continue;
            }
            furthest = Some(*ctr);
            let Some(ours) = ours else { continue };
            match (ours.judged, theirs.judged) {
                (None, Some(_)) => self.report.judged_elsewhere += 1,
                (Some(one), Some(two)) if one != two => {
                    self.note_at(Finding::Differs("verdict"), None, Some(*ctr));
                    self.report.end_before(*ctr);
                }
                _ => {}
            }
        }
        // An answer that this file by itself says doesn't follow is told already.
        let (vouched, chain) = (self.report.vouched, &self.chain);
        let is_told = |ctr: u64| {
            let is_vouched = vouched.is_some_and(|span| (span.from..=span.to).contains(&ctr));
            !is_vouched && chain.has(ctr.saturating_sub(1))
        };
        let own = chain.answers().keys().copied();
        forks.extend(own.filter(|&ctr| chain.breaks(&other.chain, ctr) && !is_told(ctr)));
        for ctr in forks {
            self.note_at(Finding::Forked, None, Some(ctr));
            self.report.end_before(ctr);
        }
        let last = self.chain.last();
        if let Some(to) = furthest.filter(|to| *to > last) {
            let from = last + 1;
            self.note_at(Finding::Cut { from, to }, None, None);
        }
    }
}

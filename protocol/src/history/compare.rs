//! The end of a check, and what only another file tells: the server's export, or a later excerpt.

use super::check::Check;
use super::finding::Finding;
use super::report::Report;

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
        let mut furthest = None;
        for (ctr, theirs) in other.chain.answers() {
            let breaks = || other.chain.breaks(&self.chain, *ctr).then_some(*ctr);
            if let Some(at) = self.chain.fork(*ctr, theirs.prev).or_else(breaks) {
                self.forked(at);
                continue;
            }
            furthest = Some(*ctr);
            let Some(ours) = self.chain.answers().get(ctr) else {
                continue;
            };
            let finding = match (ours.judged, theirs.judged) {
                _ if ours.hash != theirs.hash => Finding::Forked,
                (None, Some(_)) => {
                    self.report.judged_elsewhere += 1;
                    continue;
                }
                (Some(one), Some(two)) if one != two => Finding::Differs("verdict"),
                _ => continue,
            };
            self.note_at(finding, None, Some(*ctr));
            self.report.end_before(*ctr);
        }
        let own: Vec<u64> = self.chain.answers().keys().copied().collect();
        for ctr in own {
            if self.chain.breaks(&other.chain, ctr) {
                self.forked(ctr);
            }
        }
        let last = self.chain.last();
        if let Some(to) = furthest.filter(|to| *to > last) {
            let from = last + 1;
            self.note_at(Finding::Cut { from, to }, None, None);
        }
    }

    fn forked(&mut self, ctr: u64) {
        self.note_at(Finding::Forked, None, Some(ctr));
        self.report.end_before(ctr);
    }
}

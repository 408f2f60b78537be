//! What a test program printed → how many passed, failed and were skipped, and why.

use std::ops::AddAssign;

/// The count of one suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    /// Why something was skipped, or failed without a count.
    pub(crate) why: Vec<String>,
}

impl Tally {
    /// A check that has no count of its own.
    pub(crate) fn of_check(passed: bool) -> Self {
        Self {
            passed: u64::from(passed),
            failed: u64::from(!passed),
            ..Self::default()
        }
    }

    /// A suite that did not run.
    pub(crate) fn skipped(why: impl Into<String>) -> Self {
        Self {
            skipped: 1,
            why: vec![why.into()],
            ..Self::default()
        }
    }

    /// A suite that broke before it could count.
    pub(crate) fn broken(why: impl Into<String>) -> Self {
        Self {
            failed: 1,
            why: vec![why.into()],
            ..Self::default()
        }
    }

    /// Counts the "test result:" lines of a run. A run that ended badly without saying which test failed, or that says
    /// nothing at all, counts as one failure: silence is not success.
    pub(crate) fn of_run(output: &str, success: bool) -> Self {
        let mut tally = Self::default();
        let mut results = 0;
        for line in output.lines() {
            if let Some(result) = line.trim_start().strip_prefix("test result: ") {
                results += 1;
                tally.passed += number_before(result, " passed");
                tally.failed += number_before(result, " failed");
                tally.skipped += number_before(result, " ignored");
            } else if let Some((_, reason)) = line.split_once(" ... ignored")
                && line.starts_with("test ")
            {
                tally
                    .why
                    .push(reason.trim_start_matches([',', ' ']).to_owned());
            }
        }
        if tally.failed == 0 && (!success || results == 0) {
            tally += Self::broken("ended before it could say how");
        }
        tally
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        for reason in other.why {
            if !reason.is_empty() && !self.why.contains(&reason) {
                self.why.push(reason);
            }
        }
    }
}

fn number_before(result: &str, word: &str) -> u64 {
    let Some((before, _)) = result.split_once(word) else {
        return 0;
    };
    before
        .rsplit([' ', ';'])
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(tally: &Tally) -> (u64, u64, u64) {
        (tally.passed, tally.failed, tally.skipped)
    }

    #[test]
    fn results_are_added_up() {
        let output = "test a ... ok\ntest result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; \
                      finished in 0.1s\n\ntest result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 7 filtered out";
        assert_eq!(counts(&Tally::of_run(output, false)), (15, 2, 1));
    }

    #[test]
    fn the_reason_of_a_skip_is_kept() {
        let output = "test slow ... ignored, needs a phone\ntest result: ok. 0 passed; 0 failed; 1 ignored; 0 measured";
        let tally = Tally::of_run(output, true);
        assert_eq!(
            (counts(&tally), tally.why.as_slice()),
            ((0, 0, 1), ["needs a phone".to_owned()].as_slice())
        );
    }

    #[test]
    fn a_crash_and_a_silence_are_failures() {
        assert_eq!(counts(&Tally::of_run("test a ... ok\n", false)), (0, 1, 0));
        assert_eq!(counts(&Tally::of_run("", true)), (0, 1, 0));
        let aborted = "test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured\nsignal: 6";
        assert_eq!(counts(&Tally::of_run(aborted, false)), (4, 1, 0));
    }
}

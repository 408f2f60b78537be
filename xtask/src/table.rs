//! The one table at the end, and what it means for the exit code.

use crate::optional::Optional;
use crate::tally::Tally;
use std::time::Duration;

/// A suite and how it went.
pub(crate) struct Row {
    pub(crate) suite: String,
    pub(crate) tally: Tally,
    pub(crate) took: Duration,
}

/// Where a skip is a failure, turns it into one, except for the suites on the short list.
pub(crate) fn forbid_skips(rows: &mut [Row], optional: &Optional) {
    for row in rows
        .iter_mut()
        .filter(|row| row.tally.skipped > 0 && !optional.contains_key(&row.suite))
    {
        row.tally.failed += row.tally.skipped;
        row.tally.skipped = 0;
        row.tally
            .why
            .push("CI=true: a skip is a failure".to_owned());
    }
}

/// The whole of it; the last line is `N passed, N failed, N skipped`.
pub(crate) fn render(rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|row| row.suite.len())
        .max()
        .unwrap_or(0)
        .max("suite".len());
    let mut text = format!("{:width$}  passed  failed  skipped    time  why\n", "suite");
    for Row { suite, tally, took } in rows {
        let line = format!(
            "{suite:width$}  {:>6}  {:>6}  {:>7}  {:>4} s  {}",
            tally.passed,
            tally.failed,
            tally.skipped,
            took.as_secs(),
            tally.why.join("; ")
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let all = sum(rows);
    text.push_str(&format!(
        "\n{} passed, {} failed, {} skipped",
        all.passed, all.failed, all.skipped
    ));
    text
}

/// Whether nothing failed, and something passed.
pub(crate) fn good(rows: &[Row]) -> bool {
    let all = sum(rows);
    all.failed == 0 && all.passed > 0
}

fn sum(rows: &[Row]) -> Tally {
    let mut all = Tally::default();
    for row in rows {
        all += row.tally.clone();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(suite: &str, tally: Tally) -> Row {
        Row {
            suite: suite.to_owned(),
            tally,
            took: Duration::from_secs(3),
        }
    }

    #[test]
    fn the_last_line_stands_alone() {
        let rows = [
            row("rust", Tally::of_check(true)),
            row("deny", Tally::skipped("not installed")),
        ];
        let text = render(&rows);
        assert_eq!(text.lines().last(), Some("1 passed, 0 failed, 1 skipped"));
        assert!(text.contains("not installed"));
        assert!(good(&rows));
    }

    #[test]
    fn where_a_skip_is_a_failure_only_the_short_list_is_spared() {
        let optional = Optional::from([("deny".to_owned(), "slow".to_owned())]);
        let mut rows = [
            row("deny", Tally::skipped("not installed")),
            row("crash", Tally::skipped("no python")),
        ];
        forbid_skips(&mut rows, &optional);
        assert_eq!(
            (
                rows[0].tally.failed,
                rows[1].tally.failed,
                rows[1].tally.skipped
            ),
            (0, 1, 0)
        );
        assert!(!good(&rows));
    }

    #[test]
    fn nothing_at_all_is_not_good() {
        assert!(!good(&[]));
        assert!(!good(&[row("crash", Tally::skipped("no python"))]));
    }
}

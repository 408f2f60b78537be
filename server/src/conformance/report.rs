//! What was checked and what came, for people or as JSON.

use serde_json::{Value, json};

/// One check. Its name never changes its meaning.
pub struct Check<'a> {
    /// Its name, `part.what`.
    pub id: &'a str,
    /// Where `docs/protocol.md` says it; empty where it is not about one section.
    pub section: &'a str,
    /// What must be so, in a sentence.
    pub what: &'a str,
}

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The run ended before, or the step that it needs failed.
    NotReached,
    /// It is as it must be; what came.
    Passed(String),
    /// It is not; what came.
    Failed(String),
    /// It does not apply to this peer; why.
    LeftOut(String),
}

impl Outcome {
    fn name(&self) -> &'static str {
        match self {
            Self::NotReached => "not reached",
            Self::Passed(_) => "passed",
            Self::Failed(_) => "failed",
            Self::LeftOut(_) => "left out",
        }
    }

    fn came(&self) -> &str {
        match self {
            Self::NotReached => "",
            Self::Passed(came) | Self::Failed(came) | Self::LeftOut(came) => came,
        }
    }
}

/// A check, and what became of it.
struct Row {
    id: String,
    section: String,
    what: String,
    outcome: Outcome,
}

/// Every check of a kit, each with its outcome.
pub struct Report {
    rows: Vec<Row>,
    stopped: Option<String>,
}

impl Report {
    /// Of these checks, none of which was reached.
    #[must_use]
    pub fn of(table: &[Check<'_>]) -> Self {
        let row = |check: &Check<'_>| Row {
            id: check.id.to_owned(),
            section: check.section.to_owned(),
            what: check.what.to_owned(),
            outcome: Outcome::NotReached,
        };
        Self {
            rows: table.iter().map(row).collect(),
            stopped: None,
        }
    }

    /// Notes an outcome; of one that was tried in several ways, a failure stays. A name that is none of the table's stops the
    /// run: nothing may be judged that the table does not say.
    pub fn note(&mut self, id: &str, outcome: Outcome) {
        match self.rows.iter_mut().find(|row| row.id == id) {
            Some(row) if matches!(row.outcome, Outcome::Failed(_)) => {}
            Some(row) => row.outcome = outcome,
            None => self.stop(format!("`{id}` is no check of this kit")),
        }
    }

    /// Notes what came: as it must be, or not.
    pub fn judge(&mut self, id: &str, came: Result<String, String>) {
        let outcome = match came {
            Ok(came) => Outcome::Passed(came),
            Err(came) => Outcome::Failed(came),
        };
        self.note(id, outcome);
    }

    /// Why the run ended early; the first reason stays.
    pub fn stop(&mut self, why: String) {
        self.stopped.get_or_insert(why);
    }

    /// The outcome of a check, by its name.
    #[must_use]
    pub fn outcome(&self, id: &str) -> Option<&Outcome> {
        let row = self.rows.iter().find(|row| row.id == id);
        row.map(|row| &row.outcome)
    }

    /// Whether nothing failed and everything that applies was reached.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let good = |row: &Row| matches!(row.outcome, Outcome::Passed(_) | Outcome::LeftOut(_));
        self.stopped.is_none() && self.rows.iter().all(good)
    }

    fn count(&self, name: &str) -> usize {
        let rows = self.rows.iter();
        rows.filter(|row| row.outcome.name() == name).count()
    }

    /// For people: a line a check, and the sum.
    #[must_use]
    pub fn text(&self) -> String {
        let wide = self.rows.iter().map(|row| row.id.len()).max();
        let wide = wide.unwrap_or_default();
        let mut text = String::new();
        for Row {
            id,
            section,
            what,
            outcome,
        } in &self.rows
        {
            let name = outcome.name();
            text.push_str(&format!("{name:<11}  {id:<wide$}  "));
            if !section.is_empty() {
                text.push_str(&format!("§{section:<3} "));
            }
            text.push_str(what);
            if !outcome.came().is_empty() {
                text.push_str(&format!("  [{}]", outcome.came()));
            }
            text.push('\n');
        }
        if let Some(why) = &self.stopped {
            text.push_str(&format!("stopped: {why}\n"));
        }
        let (passed, failed) = (self.count("passed"), self.count("failed"));
        let (missed, left) = (self.count("not reached"), self.count("left out"));
        text.push_str(&format!(
            "{passed} passed, {failed} failed, {missed} not reached, {left} left out\n"
        ));
        text
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "id": row.id, "section": row.section, "what": row.what,
                "outcome": row.outcome.name(), "came": row.outcome.came(),
            })
        };
        let checks: Vec<Value> = self.rows.iter().map(row).collect();
        json!({ "event": "report", "good": self.is_good(), "stopped": self.stopped, "checks": checks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TABLE: [Check<'static>; 2] = [
        Check {
            id: "a.one",
            section: "1",
            what: "One.",
        },
        Check {
            id: "a.two",
            section: "2",
            what: "Two.",
        },
    ];

    #[test]
    fn only_a_run_that_reached_everything_is_good() {
        let mut report = Report::of(&TABLE);
        report.judge("a.one", Ok("200".into()));
        assert!(!report.is_good());
        report.note("a.two", Outcome::LeftOut("no PIN here".into()));
        assert!(report.is_good());
        report.stop("the peer went away".into());
        assert!(!report.is_good());
    }

    #[test]
    fn a_failure_stays_and_is_named() {
        let mut report = Report::of(&TABLE);
        report.judge("a.one", Err("200 instead of 404".into()));
        report.judge("a.one", Ok("404".into()));
        report.judge("a.two", Ok("404".into()));
        assert!(!report.is_good());
        let text = report.text();
        assert!(
            text.contains("failed       a.one  §1   One.  [200 instead of 404]"),
            "{text}"
        );
        assert!(
            text.ends_with("1 passed, 1 failed, 0 not reached, 0 left out\n"),
            "{text}"
        );
        assert_eq!(report.json()["checks"][0]["outcome"], "failed");
    }

    #[test]
    fn what_is_not_in_the_table_cannot_be_judged() {
        let mut report = Report::of(&TABLE);
        for id in ["a.one", "a.two", "a.three"] {
            report.judge(id, Ok(String::new()));
        }
        assert!(!report.is_good() && report.text().contains("`a.three`"));
    }
}

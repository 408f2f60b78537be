//! The published vectors, judged by an implementation that others wrote.
//!
//! In: a program that answers. Out: a report, a line an operation. Never: what a vector expects, in the program's sight.

use crate::harness::{During, Result};
use crate::vectors::{FILES, outputs, spelt_out};
use countersign_server::conformance::{Check, Hook, Outcome, Report};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Section 7 refuses it in step 1, before this operation begins.
const ELSEWHERE: &str = "response/for-another-server";

/// What the vectors of one operation came to.
#[derive(Default)]
struct Tally {
    right: usize,
    wrong: Vec<String>,
    cannot: Option<String>,
}

/// Hands each vector to the program that `hook`, a command line for `sh`, starts. Of `only`, where it is given, the one operation.
///
/// # Errors
/// It can't be started.
pub fn of_program(hook: &str, only: Option<&str>) -> Result<Report> {
    let mut hook = Hook::start(hook).during("starting the hook")?;
    judged(only, |errand| {
        hook.ask(errand).map_err(|error| error.to_string())
    })
}

fn judged(
    only: Option<&str>,
    mut ask: impl FnMut(&Value) -> std::result::Result<String, String>,
) -> Result<Report> {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut gone = None;
    for (name, text) in FILES {
        let file: Value = serde_json::from_str(text).during(name)?;
        for vector in file["vectors"].as_array().into_iter().flatten() {
            let op = vector["op"].as_str().unwrap_or_default();
            if only.is_some_and(|only| only != op) || vector["id"] == ELSEWHERE {
                continue;
            }
            let tally = tallies.entry(op.to_owned()).or_default();
            if gone.is_some() || tally.cannot.is_some() {
                continue;
            }
            match ask(&errand(&file["keys"], vector)) {
                Ok(line) => tally.take(vector, &line),
                Err(why) => gone = Some(why),
            }
        }
    }
    let whats: Vec<(String, String)> = tallies
        .keys()
        .map(|op| {
            let what = format!("Every vector of `{op}` is answered as it is published.");
            (op.clone(), what)
        })
        .collect();
    let checks: Vec<Check<'_>> = whats
        .iter()
        .map(|(id, what)| Check {
            id,
            section: "",
            what,
        })
        .collect();
    let mut report = Report::of(&checks);
    for (op, tally) in tallies {
        if let Some(outcome) = tally.outcome() {
            report.note(&op, outcome);
        }
    }
    if checks.is_empty() {
        report.stop("there is no vector of this operation".to_owned());
    }
    if let Some(why) = gone {
        report.stop(why);
    }
    Ok(report)
}

impl Tally {
    fn take(&mut self, vector: &Value, line: &str) {
        let id = vector["id"].as_str().unwrap_or_default();
        let Ok(said) = serde_json::from_str::<Value>(line) else {
            return self.wrong.push(format!("{id}: answered with no JSON"));
        };
        if let Some(why) = said["cannot"].as_str() {
            self.cannot = Some(why.to_owned());
            return;
        }
        match complaint(vector, &said) {
            Some(complaint) => self.wrong.push(format!("{id}: {complaint}")),
            None => self.right += 1,
        }
    }

    /// Nothing where it was not reached.
    fn outcome(self) -> Option<Outcome> {
        let Self {
            right,
            wrong,
            cannot,
        } = self;
        if !wrong.is_empty() {
            let all = right + wrong.len();
            let said = format!("{} of {all}: {}", wrong.len(), wrong.join("; "));
            return Some(Outcome::Failed(said));
        }
        match cannot {
            Some(why) => Some(Outcome::LeftOut(why)),
            None if right == 0 => None,
            None => Some(Outcome::Passed(right.to_string())),
        }
    }
}

/// A vector without its name and what it expects.
fn errand(keys: &Value, vector: &Value) -> Value {
    let withheld = outputs(vector["op"].as_str().unwrap_or_default());
    let members = vector.as_object().into_iter().flatten();
    let inputs = members.filter(|(name, _)| {
        !matches!(name.as_str(), "id" | "expect") && !withheld.contains(&name.as_str())
    });
    let inputs: Map<String, Value> = inputs
        .map(|(name, value)| (name.clone(), spelt_out(name, value)))
        .collect();
    json!({"event": "do", "do": "judge", "keys": keys, "vector": inputs})
}

/// What differs from what the vector expects.
fn complaint(vector: &Value, said: &Value) -> Option<String> {
    let short = |value: &Value| value.to_string().chars().take(80).collect::<String>();
    if said["answer"] != vector["expect"] {
        return Some(format!(
            "{} instead of {}",
            short(&said["answer"]),
            vector["expect"]
        ));
    }
    let op = vector["op"].as_str().unwrap_or_default();
    let mut told = outputs(op).iter().filter(|name| {
        // In which words a checker says what it found is its own affair.
        vector.get(**name).is_some() && **name != "findings"
    });
    let wrong = told.find(|name| said["values"][**name] != spelt_out(name, &vector[**name]))?;
    Some(format!("{wrong} is {}", short(&said["values"][*wrong])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_vectors::answer;

    fn ours(errand: &Value) -> std::result::Result<String, String> {
        match answer(&errand["keys"], &errand["vector"]) {
            Ok(answer) => Ok(json!({"answer": answer.answer, "values": answer.values}).to_string()),
            Err(error) => Ok(json!({"cannot": error.to_string()}).to_string()),
        }
    }

    fn outcomes(report: &Report, ops: &[&str]) -> Vec<Outcome> {
        let found = ops.iter().map(|op| report.outcome(op).unwrap().clone());
        found.collect()
    }

    #[test]
    fn what_is_right_passes_and_what_it_has_not_is_left_out() {
        let report = judged(None, ours).unwrap();
        for op in ["statement", "push_text", "receipt", "b64u"] {
            let outcome = report.outcome(op).unwrap();
            assert!(matches!(outcome, Outcome::Passed(_)), "{op}: {outcome:?}");
        }
        let left = Outcome::LeftOut("`server_judge` is not judged here".to_owned());
        assert_eq!(outcomes(&report, &["server_judge"]), [left]);
    }

    #[test]
    fn what_is_expected_is_never_in_sight() {
        let mut seen = 0;
        judged(None, |errand| {
            let vector = errand["vector"].as_object().unwrap();
            let op = vector["op"].as_str().unwrap();
            for name in ["id", "expect"].iter().chain(outputs(op)) {
                assert!(!vector.contains_key(*name), "{op}: {name}");
            }
            seen += 1;
            ours(errand)
        })
        .unwrap();
        assert!(seen > 800, "{seen}");
    }

    #[test]
    fn a_wrong_answer_a_wrong_value_and_no_answer_are_told_apart() {
        let number = |said: &'static str| {
            let report = judged(Some("number"), move |_| Ok(said.to_owned())).unwrap();
            assert!(!report.is_good(), "{said}");
            report.outcome("number").unwrap().clone()
        };
        for said in [
            r#"{"answer":"refused"}"#,
            r#"{"answer":"ok","values":{"txn":"AAAA","digits":"00"}}"#,
            r#"{"answer":"ok"}"#,
            "hello",
            "{}",
            "[]",
        ] {
            assert!(matches!(number(said), Outcome::Failed(_)), "{said}");
        }
        let report = judged(Some("number"), |_| Err("gone".to_owned())).unwrap();
        assert!(!report.is_good());
        assert_eq!(outcomes(&report, &["number"]), [Outcome::NotReached]);
        assert!(!judged(Some("nothing"), ours).unwrap().is_good());
    }
}

//! The suite `cross`: the phone's library for Android and iOS, as far as Linux can make it.
//!
//! In: the sources, a compiler for C, the targets of rustup. Out: a table of what was built, its size, and what is wrong with it; one
//! check a library. Never: something to be shipped. Nothing here has been on a device, and what the platforms bring is stubs (ADR 13).

mod archive;
mod fault;
mod library;
mod size;
mod stubs;
mod target;
mod tools;
mod wanted;

use crate::error::{Error, Result};
use crate::home::Home;
use crate::tally::Tally;
use fault::Fault;
use size::Size;
use std::collections::BTreeSet;
use target::{System, TARGETS, Target, YARDSTICK};
use tools::Tools;

/// Builds and looks. Run by name it adds what rustup lacks; otherwise it is skipped where something is missing.
pub(crate) fn suite(home: &Home, by_name: bool) -> Result<Tally> {
    match Tools::ready(home, by_name) {
        Err(Error::Missing(what)) => Ok(Tally::skipped(what)),
        Err(fault @ Error::Ended(_)) => Ok(Tally::broken(fault.to_string())),
        tools => match judge(home, &tools?) {
            Err(fault @ (Error::Ended(_) | Error::Unbuilt(_))) => {
                Ok(Tally::broken(fault.to_string()))
            }
            judged => judged,
        },
    }
}

fn judge(home: &Home, tools: &Tools) -> Result<Tally> {
    // The host's own comes first: from it the code is generated that says which names are called.
    let yardstick = tools.build(home, &YARDSTICK)?;
    let wanted = wanted::names(home, &yardstick.whole)?;
    let mut rows = Vec::new();
    for target in TARGETS {
        let built = match tools.build(home, target) {
            Err(Error::Ended(_)) => {
                rows.push(Row::unbuilt(target));
                continue;
            }
            built => built?,
        };
        rows.push(Row::of(target, &built.read()?, &wanted));
    }
    println!("\n{}", table(&rows));
    let mut tally = Tally::default();
    for row in rows {
        tally += row.tally();
    }
    Ok(tally)
}

/// A library, and what is wrong with it.
struct Row {
    target: &'static Target,
    size: Option<Size>,
    faults: Vec<Fault>,
}

impl Row {
    fn of(target: &'static Target, bytes: &[u8], wanted: &BTreeSet<String>) -> Self {
        let faults = match target.system {
            System::Ios => archive::faults(bytes, wanted),
            _ => library::faults(bytes, target, wanted),
        };
        Self {
            target,
            size: Some(Size(bytes.len())),
            faults,
        }
    }

    fn unbuilt(target: &'static Target) -> Self {
        Self {
            target,
            size: None,
            faults: vec![Fault::Unbuilt],
        }
    }

    fn tally(&self) -> Tally {
        if self.faults.is_empty() {
            return Tally::of_check(true);
        }
        let faults: Vec<String> = self.faults.iter().map(Fault::to_string).collect();
        Tally::broken(format!("{}: {}", self.target.triple, faults.join(", ")))
    }
}

/// Sizes beside that of the same library for this machine.
fn table(rows: &[Row]) -> String {
    let size = |row: &Row| row.size;
    let yardstick = rows
        .iter()
        .find(|row| row.target.triple == YARDSTICK.triple)
        .and_then(size);
    let mut text = format!(
        "{:26} {:>9}  {:>8}  {}\n",
        "library", "size", "ratio", "what is wrong"
    );
    for row in rows {
        let size = row.size.map(|size| size.to_string()).unwrap_or_default();
        let ratio = match (row.size, yardstick) {
            (Some(size), Some(yardstick)) => format!("{:.2} ×", size.beside(yardstick)),
            _ => String::new(),
        };
        let faults: Vec<String> = row.faults.iter().map(Fault::to_string).collect();
        let wrong = match (
            faults.is_empty(),
            row.size.and_then(|size| row.target.aim(size)),
        ) {
            (true, Some(aim)) => aim,
            (true, None) => "nothing".to_owned(),
            (false, _) => faults.join(", "),
        };
        text += &format!("{:26} {size:>9}  {ratio:>8}  {wrong}\n", row.target.triple);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_with_a_fault_is_a_failure_that_says_which() {
        let row = |faults| Row {
            target: &YARDSTICK,
            size: Some(Size(2_000_000)),
            faults,
        };
        assert_eq!(row(vec![]).tally(), Tally::of_check(true));
        let bad = row(vec![Fault::Symbols, Fault::Pages(0x1000)]);
        let tally = bad.tally();
        assert_eq!((tally.passed, tally.failed), (0, 1));
        assert!(tally.why[0].contains("4 KiB"), "{:?}", tally.why);
        let text = table(&[row(vec![]), bad, Row::unbuilt(&TARGETS[0])]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].ends_with("2.00 MB    1.00 ×  nothing"), "{text}");
        assert!(lines[2].contains("4 KiB") && lines[3].contains("not built"));
    }
}

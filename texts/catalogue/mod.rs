//! Comes in: the two catalogue files as text. Goes out: Rust source with every id, or every fault found, each with its line.
//! Must never happen: reading a line in a way that its author did not mean. What is not understood is a fault.
//!
//! This folder is compiled twice: into the build script, and into the unit tests of the crate.

mod generate;
mod lint;
mod reader;
mod words;

use std::collections::BTreeMap;
use std::fmt;

/// A fault in a catalogue file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The language of the file, such as `en`.
    pub(crate) lang: &'static str,
    /// The line, from 1; 0 when no single line is at fault.
    pub(crate) line: usize,
    /// What is wrong, for the person who edits the file.
    pub(crate) what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "texts/{}.toml:{}: {}", self.lang, self.line, self.what)
    }
}

/// One text with its special forms. `one` is for the count `{n}` = 1; `speech` is what a screen reader says instead.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Forms {
    /// The line of the text itself.
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) one: Option<String>,
    pub(crate) speech: Option<String>,
    pub(crate) one_speech: Option<String>,
}

/// One language: id → forms, ordered by id.
pub(crate) type Catalogue = BTreeMap<String, Forms>;

/// Reads, checks and translates both files.
///
/// # Errors
/// All findings of the first stage that has any: reading, then the rules.
pub(crate) fn compile(english: &str, german: &str) -> Result<String, Vec<Finding>> {
    let (english, german) = match (reader::read("en", english), reader::read("de", german)) {
        (Ok(english), Ok(german)) => (english, german),
        (english, german) => {
            let faults = [english.err(), german.err()];
            return Err(faults.into_iter().flatten().flatten().collect());
        }
    };
    let findings = lint::check(&english, &german);
    if findings.is_empty() {
        Ok(generate::rust(&english, &german))
    } else {
        Err(findings)
    }
}

/// The parameters of a text, in the order in which they stand there: `{host}` gives `host`.
///
/// # Errors
/// Says which brace is wrong.
pub(crate) fn parameters(text: &str) -> Result<Vec<&str>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (_, from_brace) = rest.split_at(at);
        let inside = from_brace
            .strip_prefix('{')
            .ok_or("a closing brace without an opening one")?;
        let (name, after) = inside.split_once('}').ok_or("a brace that is not closed")?;
        let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        if !starts_well || !name.chars().all(plain) {
            return Err(format!("{{{name}}} is not a parameter: a-z and _ only"));
        }
        if !found.contains(&name) {
            found.push(name);
        }
        rest = after;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalogue_of_two_lines_becomes_a_name() {
        let code = compile("\"a.b\" = \"Hello {host}\"", "\"a.b\" = \"Hallo {host}\"").unwrap();
        assert!(code.contains("AB { host: &'a str }"), "{code}");
    }

    #[test]
    fn faults_of_both_files_are_told_at_once() {
        let faults = compile("nonsense", "\"a.b\" = 7").unwrap_err();
        let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(said[0].starts_with("texts/en.toml:1: "), "{said:?}");
        assert!(said[1].starts_with("texts/de.toml:1: "), "{said:?}");
    }

    #[test]
    fn parameters_are_found_in_order_and_once() {
        assert_eq!(parameters("{a} and {b} and {a}"), Ok(vec!["a", "b"]));
        assert_eq!(parameters("none"), Ok(vec![]));
    }

    #[test]
    fn crooked_braces_are_refused() {
        for text in [
            "{", "}", "{a", "a}", "{}", "{A}", "{1}", "{a b}", "{{a}}", "{_a}", "{a}}",
        ] {
            assert!(parameters(text).is_err(), "{text}");
        }
    }
}

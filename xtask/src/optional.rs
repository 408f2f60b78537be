//! `xtask/optional.toml`: which suites may be skipped where a skip is a failure otherwise, each with its reason.

use crate::error::{Error, Result};
use crate::home::Home;
use std::collections::BTreeMap;

/// The reasons by suite.
pub(crate) type Optional = BTreeMap<String, String>;

pub(crate) fn read(home: &Home) -> Result<Optional> {
    let path = home.root.join("xtask/optional.toml");
    let text = std::fs::read_to_string(&path).map_err(|source| Error::File { path, source })?;
    parse(&text)
}

fn parse(text: &str) -> Result<Optional> {
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| Error::Optional(error.to_string()))?;
    table
        .into_iter()
        .map(|(suite, entry)| {
            let reason = entry
                .get("reason")
                .and_then(toml::Value::as_str)
                .unwrap_or_default()
                .trim()
                .to_owned();
            if reason.is_empty() {
                return Err(Error::Optional(format!("`{suite}` has no reason")));
            }
            Ok((suite, reason))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_optional_suite_has_a_reason() {
        assert_eq!(parse("[deny]\nreason = \"slow\"").unwrap()["deny"], "slow");
        for without in ["[deny]", "[deny]\nreason = \" \"", "deny = 1", "[deny"] {
            assert!(parse(without).is_err(), "{without}");
        }
    }

    #[test]
    fn the_list_in_the_tree_is_readable() {
        assert!(!parse(include_str!("../optional.toml")).unwrap().is_empty());
    }
}

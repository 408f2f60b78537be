//! The source files of the house, and what they say of themselves.

use crate::lexer::identifiers;
use crate::rules::{DOCUMENTED, LINTS, LONGEST_FILE, NAMES};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Folders at the root that hold no Rust of ours.
const SKIPPED: &[&str] = &["target", "node_modules"];

/// Rust files by their path from the root.
pub(crate) struct Tree(BTreeMap<String, String>);

impl Tree {
    pub(crate) fn read(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        collect(root, "", &mut files);
        assert!(
            files.len() > 20,
            "only {} files found: is this the root?",
            files.len()
        );
        Self(files)
    }

    pub(crate) fn fabricated(files: &[(&str, &str)]) -> Self {
        Self(
            files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
                .collect(),
        )
    }

    pub(crate) fn misplaced_names(&self) -> Vec<String> {
        let mut misplaced = BTreeSet::new();
        for (path, text) in &self.0 {
            let used: BTreeSet<&str> = identifiers(text).into_iter().collect();
            for (name, places) in NAMES {
                if used.contains(name) && !places.iter().any(|place| is_in(path, place)) {
                    misplaced.insert(format!("{name} in {path}"));
                }
            }
        }
        misplaced.into_iter().collect()
    }

    /// The `mod.rs` and `lib.rs` that lack their opening, or are not there.
    pub(crate) fn silent_folders(&self) -> Vec<String> {
        let mut heads = BTreeSet::new();
        for path in self.0.keys() {
            let Some((_crate, inner)) = path.split_once("/src/") else {
                continue;
            };
            let Some((folder, _)) = inner.rsplit_once('/') else {
                continue;
            };
            // Each file in `bin` is a program of its own, and so is each folder there that has a `main.rs`.
            let whole = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let main = format!("{whole}/main.rs");
            if folder.starts_with("bin/") && self.0.contains_key(&main) {
                heads.insert(main);
            } else if folder != "bin" {
                heads.insert(format!("{whole}/mod.rs"));
            }
        }
        heads.extend(
            self.0
                .keys()
                .filter(|path| path.ends_with("/src/lib.rs"))
                .cloned(),
        );
        heads
            .into_iter()
            .filter(|path| !self.0.get(path).is_some_and(|text| opens_as_agreed(text)))
            .collect()
    }

    pub(crate) fn long_files(&self) -> Vec<String> {
        self.0
            .iter()
            .filter(|(_, text)| text.lines().count() > LONGEST_FILE)
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// The crates that do not warn about missing documentation.
    pub(crate) fn undocumented(&self) -> Vec<String> {
        let roots = DOCUMENTED.iter().map(|name| format!("{name}/src/lib.rs"));
        roots
            .filter(|path| {
                self.0
                    .get(path)
                    .is_none_or(|text| !text.contains("#![warn(missing_docs)]"))
            })
            .collect()
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
            collect(&entry.path(), &format!("{prefix}{name}/"), files);
        } else if kind.is_file() && name.ends_with(".rs") {
            files.insert(
                format!("{prefix}{name}"),
                std::fs::read_to_string(entry.path()).unwrap(),
            );
        }
    }
}

fn is_in(path: &str, place: &str) -> bool {
    if place.ends_with('/') {
        path.starts_with(place)
    } else {
        path == place
    }
}

/// Whether the opening says all three: what comes in, what goes out, what must never happen here.
fn opens_as_agreed(text: &str) -> bool {
    let lines = text.lines().take_while(|line| line.starts_with("//!"));
    let opening = lines.collect::<Vec<_>>().join(" ").to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| opening.contains(word));
    says(&[" in:", "comes in"]) && says(&[" out:", "goes out"]) && says(&["never"])
}

pub(crate) fn lints_are_on(manifest: &str) -> bool {
    let manifest: toml::Table = manifest.parse().unwrap();
    manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"))
        .and_then(toml::Value::as_bool)
        == Some(true)
}

/// The agreed lints that the workspace's table does not have at their level.
pub(crate) fn missing_lints(workspace: &str) -> Vec<String> {
    let workspace: toml::Table = workspace.parse().unwrap();
    let level = |tool: &str, lint: &str| {
        let found = workspace
            .get("workspace")?
            .get("lints")?
            .get(tool)?
            .get(lint)?;
        Some(found.get("level").unwrap_or(found).as_str()?.to_owned())
    };
    LINTS
        .iter()
        .filter(|(tool, lint, wanted)| level(tool, lint).as_deref() != Some(wanted))
        .map(|(tool, lint, _)| format!("{tool}.{lint}"))
        .collect()
}

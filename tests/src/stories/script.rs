//! A story as its file tells it (`tests/stories/README.md`).

use crate::harness::{During, Result, Trouble};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// One story.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// What it shows.
    pub story: String,
    #[serde(default)]
    pub(super) server: Settings,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    /// The least number of digits.
    pub(super) pin: Option<u64>,
    pub(super) gesture: bool,
    pub(super) life: Option<u64>,
}

/// One step: who does it, and what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    #[serde(flatten)]
    pub(super) who: Who,
    #[serde(rename = "do")]
    pub(super) what: String,
    /// Further words for a phone.
    #[serde(default)]
    pub(super) with: Vec<String>,
    /// The browser or application whose number is typed, or `wrong`.
    pub(super) number: Option<String>,
    /// Which of the open requests.
    pub(super) kind: Option<String>,
    /// What an application asks to be confirmed: labels and values.
    #[serde(default)]
    pub(super) rows: Vec<[String; 2]>,
    pub(super) button: Option<String>,
    /// The other phone.
    pub(super) other: Option<String>,
    /// Killed at this step of the phone's work.
    pub(super) die: Option<u64>,
    /// What it must give.
    pub(super) gives: Option<String>,
}

impl Step {
    pub(super) fn button(&self) -> Result<&str> {
        let button = self.button.as_deref();
        button.ok_or_else(|| Trouble::new("which button"))
    }

    pub(super) fn other(&self) -> Result<&str> {
        let other = self.other.as_deref();
        other.ok_or_else(|| Trouble::new("which other phone"))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Who {
    Phone(String),
    Browser(String),
    Server(String),
    Admin(String),
    Service(String),
}

impl Who {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Phone(name)
            | Self::Browser(name)
            | Self::Server(name)
            | Self::Admin(name)
            | Self::Service(name) => name,
        }
    }
}

/// Every story, with the name of its file.
///
/// # Errors
/// A file that can't be read, or is no story: it names the file.
pub fn all() -> Result<Vec<(String, Story)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .during(folder.display())?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<(String, Story)> {
    let text = fs::read_to_string(path).during(path.display())?;
    let story = serde_json::from_str(&text)
        .map_err(|error| Trouble::new(format!("{}: {error}", path.display())))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok((name.into_owned(), story))
}

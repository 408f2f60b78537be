//! Builds once what all suites run: libraries, programs and tests in one go, with the same features and profile, so
//! that nothing is compiled a second time in another shape.

use crate::error::{Error, Result};
use crate::home::Home;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A test program that was built.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TestProgram {
    /// The program.
    pub(crate) path: PathBuf,
    /// The folder of its package: where cargo runs it.
    pub(crate) package: PathBuf,
    /// The name of its target.
    pub(crate) name: String,
    /// Whether it is a file of `tests/tests/`, and so a suite of its own.
    pub(crate) story: bool,
}

/// Builds the whole workspace with its tests.
pub(crate) fn everything(home: &Home) -> Result<Vec<TestProgram>> {
    let args = [
        "build",
        "--workspace",
        "--all-targets",
        "--message-format=json-render-diagnostics",
    ];
    let messages = messages(home.cargo(&args))?;
    Ok(test_programs(&messages, &home.root))
}

/// Runs a build that tells what it made as JSON, and gives its programs.
pub(crate) fn programs(command: Command) -> Result<Vec<PathBuf>> {
    let messages = messages(command)?;
    let made = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let made = made.filter_map(|message| Some(message["executable"].as_str()?.into()));
    Ok(made.collect())
}

fn messages(mut command: Command) -> Result<String> {
    command.stderr(Stdio::inherit());
    let output = command.output().map_err(|source| Error::Start {
        program: "cargo".into(),
        source,
    })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::Build)
    }
}

/// Builds what the demo runs.
pub(crate) fn for_demo(home: &Home) -> Result<()> {
    let args = [
        "build",
        "--package",
        "countersign-server",
        "--package",
        "countersign-tests",
        "--bins",
    ];
    let mut command = home.cargo(&args);
    let status = command.status().map_err(|source| Error::Start {
        program: "cargo".into(),
        source,
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Build)
    }
}

fn test_programs(messages: &str, root: &Path) -> Vec<TestProgram> {
    let stories = root.join("tests");
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages
        .filter(|message| {
            message["reason"] == "compiler-artifact" && message["profile"]["test"] == true
        })
        .filter_map(|message| {
            let package = Path::new(message["manifest_path"].as_str()?)
                .parent()?
                .to_path_buf();
            Some(TestProgram {
                path: message["executable"].as_str()?.into(),
                story: package == stories && message["target"]["kind"][0] == "test",
                name: message["target"]["name"].as_str()?.to_owned(),
                package,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_programs_are_told_from_other_artefacts_and_stories_from_unit_tests() {
        let messages = r#"
{"reason":"compiler-artifact","manifest_path":"/w/core/Cargo.toml","target":{"kind":["lib"],"name":"core"},"profile":{"test":false},"executable":null}
{"reason":"compiler-artifact","manifest_path":"/w/core/Cargo.toml","target":{"kind":["lib"],"name":"core"},"profile":{"test":true},"executable":"/t/core-1"}
{"reason":"compiler-artifact","manifest_path":"/w/tests/Cargo.toml","target":{"kind":["test"],"name":"crash"},"profile":{"test":true},"executable":"/t/crash-1"}
{"reason":"compiler-artifact","manifest_path":"/w/tests/Cargo.toml","target":{"kind":["bin"],"name":"demo"},"profile":{"test":false},"executable":"/t/demo"}
{"reason":"build-finished","success":true}"#;
        let programs = test_programs(messages, Path::new("/w"));
        let seen: Vec<_> = programs
            .iter()
            .map(|program| (program.name.as_str(), program.story))
            .collect();
        assert_eq!(seen, [("core", false), ("crash", true)]);
        assert_eq!(programs[0].package, Path::new("/w/core"));
    }
}

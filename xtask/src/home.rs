//! Where the project lies and where it builds.

use crate::error::{Error, Result};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folders every command needs.
pub(crate) struct Home {
    /// The root of the workspace.
    pub(crate) root: PathBuf,
    /// The target folder, wherever `CARGO_TARGET_DIR` or a configuration put it.
    pub(crate) target: PathBuf,
}

impl Home {
    pub(crate) fn find() -> Result<Self> {
        let metadata = metadata()?;
        let folder = |member: &str| {
            let path = metadata[member].as_str().map(PathBuf::from);
            path.ok_or_else(|| Error::Cargo(format!("no {member}")))
        };
        Ok(Self {
            root: folder("workspace_root")?,
            target: folder("target_directory")?,
        })
    }

    /// The names of the integration tests in `tests/`, each a suite of its own.
    pub(crate) fn story_suites(&self) -> Result<Vec<String>> {
        let metadata = metadata()?;
        let packages = metadata["packages"]
            .as_array()
            .ok_or_else(|| Error::Cargo("no packages".into()))?;
        let targets = packages
            .iter()
            .filter(|package| package["name"] == "countersign-tests")
            .filter_map(|package| package["targets"].as_array())
            .flatten();
        let mut names: Vec<String> = targets
            .filter(|target| target["kind"][0] == "test")
            .filter_map(|target| target["name"].as_str())
            .map(str::to_owned)
            .collect();
        names.sort();
        Ok(names)
    }

    /// What cargo resolved of the whole workspace.
    pub(crate) fn metadata(&self, args: &[&str]) -> Result<Value> {
        let mut command = self.cargo(&["metadata", "--format-version", "1"]);
        command.args(args);
        read(command)
    }

    /// `cargo`, in the root of the workspace, on the same target folder.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = cargo();
        command
            .args(args)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }
}

/// Runs a command to its good end.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|source| Error::Start {
        program: program.clone(),
        source,
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Ended(program))
    }
}

/// Runs it, and shows what it said only when it failed.
pub(crate) fn quietly(command: &mut Command, what: &str) -> Result<()> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|source| Error::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Err(Error::Unbuilt(what.to_owned()))
}

/// The phone's library, which ships.
pub(crate) const PHONE: &str = "countersign_bindings";

/// The library that judges the vectors, of the tests alone.
pub(crate) const VECTORS: &str = "countersign_vectors";

/// Generates the bindings of a language from a library of the tests' build into a folder of their own.
pub(crate) fn generate(home: &Home, language: &str, library: &str, folder: &Path) -> Result<()> {
    let library = home.target.join(format!("debug/lib{library}.so"));
    generate_from(home, &library, language, folder)
}

/// The same from another build, which must not be stripped.
pub(crate) fn generate_from(
    home: &Home,
    library: &Path,
    language: &str,
    folder: &Path,
) -> Result<()> {
    // What the library doesn't have any more must go.
    if let Err(source) = fs::remove_dir_all(folder)
        && folder.exists()
    {
        return Err(Error::File {
            path: folder.to_path_buf(),
            source,
        });
    }
    let mut command = Command::new(home.target.join("debug/countersign-bindgen"));
    command
        .arg(language)
        .arg(library)
        .arg(home.root.join("uniffi.toml"))
        .arg(folder)
        .current_dir(&home.root);
    quietly(&mut command, &format!("the {language} cannot be generated"))
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn metadata() -> Result<Value> {
    let mut command = cargo();
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    read(command)
}

fn read(mut command: Command) -> Result<Value> {
    let output = command.output().map_err(|source| Error::Start {
        program: "cargo".into(),
        source,
    })?;
    if !output.status.success() {
        return Err(Error::Cargo(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| Error::Cargo(error.to_string()))
}

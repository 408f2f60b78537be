//! The virtual phone: `countersign-phone` with a home of its own.

use super::{During, Result, Running, Trouble, binaries};
use serde_json::Value;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// A phone that trusts the run's CA alone. Each command is a process of its own, as after a restart.
#[derive(Clone, Debug)]
pub struct Phone {
    home: PathBuf,
    ca: Option<PathBuf>,
    engine: String,
    device: String,
    /// Words that start another one than `countersign-phone`.
    program: Option<Vec<OsString>>,
}

/// What one command said, and how it ended.
#[derive(Debug)]
pub struct Outcome {
    /// Every line it said.
    pub events: Vec<Value>,
    /// How the process ended.
    pub status: ExitStatus,
    /// The last of its standard error.
    pub complaints: String,
}

impl Phone {
    pub(super) fn new(home: &Path, ca: &Path) -> Self {
        Self::at(home, Some(ca))
    }

    /// A phone that lives in this folder and believes this authority alone, or the public ones.
    pub fn at(home: &Path, ca: Option<&Path>) -> Self {
        Self {
            home: home.to_path_buf(),
            ca: ca.map(Path::to_path_buf),
            engine: "sled".to_owned(),
            device: "Virtual phone".to_owned(),
            program: None,
        }
    }

    /// The same phone by another program that takes the same commands, always with `--json`.
    pub fn run_by(self, program: Vec<OsString>) -> Self {
        Self {
            program: Some(program),
            ..self
        }
    }

    /// The same phone on another engine; to be said before it keeps anything.
    pub fn kept_by(self, engine: &str) -> Self {
        Self {
            engine: engine.to_owned(),
            ..self
        }
    }

    /// The same phone by another name; to be said before it adds an ID.
    pub fn named(self, device: &str) -> Self {
        Self {
            device: device.to_owned(),
            ..self
        }
    }

    /// Where it keeps its store.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Runs a command to its end, whatever that is.
    pub fn run(&self, args: &[&str]) -> Result<Outcome> {
        let mut running = self.start(args)?;
        let events = running.events(|_| Ok(()))?;
        Outcome::of(running, events)
    }

    /// Runs a command that has to end well, and gives what it said.
    pub fn ask(&self, args: &[&str]) -> Result<Vec<Value>> {
        let outcome = self.run(args)?;
        if outcome.status.success() {
            return Ok(outcome.events);
        }
        Err(outcome.trouble(args))
    }

    /// Starts a command and leaves it running.
    pub fn start(&self, args: &[&str]) -> Result<Running> {
        let mut command = self.command()?;
        command.arg("--json").args(args);
        Running::start("countersign-phone", &mut command)
    }

    /// What a command says to a person.
    pub fn in_words(&self, args: &[&str]) -> Result<String> {
        let mut command = self.command()?;
        let output = command
            .args(args)
            .output()
            .during("starting countersign-phone")?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let complaints = String::from_utf8_lossy(&output.stderr);
        Err(Trouble::new(format!(
            "countersign-phone: {}; {complaints}",
            output.status
        )))
    }

    /// The line a person would type for the same.
    pub fn command_line(&self, args: &str) -> Result<String> {
        let program = binaries::program("countersign-phone")?;
        let ca = self.ca.iter();
        let ca: String = ca.map(|ca| format!("--ca {} ", ca.display())).collect();
        Ok(format!(
            "{} --home {} {ca}{args}",
            program.display(),
            self.home.display()
        ))
    }

    fn command(&self) -> Result<Command> {
        let own = || Ok(vec![binaries::program("countersign-phone")?.into()]);
        let words = self.program.clone().map_or_else(own, Ok)?;
        let (program, words) = words.split_first().during("no program")?;
        let mut command = Command::new(program);
        command
            .args(words)
            .arg("--home")
            .arg(&self.home)
            .args(["--engine", &self.engine])
            .args(["--device", &self.device]);
        if let Some(ca) = &self.ca {
            command.arg("--ca").arg(ca);
        }
        Ok(command)
    }
}

impl Outcome {
    /// Waits for the end of a command whose events were read already.
    pub fn of(mut running: Running, events: Vec<Value>) -> Result<Self> {
        let status = running.wait()?;
        Ok(Self {
            events,
            status,
            complaints: running.complaints(),
        })
    }

    /// Whether SIGKILL ended it.
    pub fn killed(&self) -> bool {
        self.status.signal() == Some(9)
    }

    /// The code of the error it ended with.
    pub fn error_code(&self) -> Option<&str> {
        self.events
            .iter()
            .find_map(|event| event["error"]["code"].as_str())
    }

    /// The first event of a kind.
    pub fn event(&self, kind: &str) -> Option<&Value> {
        self.events.iter().find(|event| event["event"] == kind)
    }

    /// A command that should have ended well, and did not.
    pub fn trouble(&self, args: &[&str]) -> Trouble {
        let command = args.first().copied().unwrap_or_default();
        let last = self.events.last().map(Value::to_string).unwrap_or_default();
        Trouble::new(format!(
            "countersign-phone {command}: {}; {last}\n{}",
            self.status, self.complaints
        ))
    }
}

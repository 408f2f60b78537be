//! A mail server on loopback, and the letters that the ID server hands to it.

use super::{During, Result, Running, Trouble, binaries};
use serde_json::Value;
use std::process::Command;

/// aiosmtpd, in `tests/mail`, until it is dropped.
pub struct Mail {
    /// Where it listens.
    pub port: u16,
    serving: Running,
}

/// A letter as it came.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Whom it is for.
    pub to: String,
    /// What it says.
    pub text: String,
}

impl Mail {
    /// Starts it.
    pub fn start() -> Result<Self> {
        let (python, program) = binaries::mail_server()?;
        let mut command = Command::new(python);
        // -B: no compiled files in the source tree.
        command.arg("-B").arg(program);
        let mut serving = Running::start("the mail server", &mut command)?;
        let said = serving.await_event("listening")?;
        let port = said["port"].as_u64().and_then(|port| port.try_into().ok());
        Ok(Self {
            port: port.during("the mail server listens nowhere")?,
            serving,
        })
    }

    /// The next letter, once it has come.
    pub fn letter(&mut self) -> Result<Letter> {
        let said = self.serving.await_event("letter")?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Ok(Letter {
            to: text(&said["to"][0]).during("a letter to nobody")?,
            text: text(&said["text"]).during("a letter without text")?,
        })
    }
}

impl Letter {
    /// The page that it leads to.
    pub fn page(&self) -> Result<&str> {
        let mut words = self.text.split_whitespace();
        let page = words.find(|word| word.starts_with("https://") && word.contains("/i/"));
        page.ok_or_else(|| Trouble::new("the letter leads to no page"))
    }
}

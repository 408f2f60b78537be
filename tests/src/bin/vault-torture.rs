//! A phone that is given damaged files.
//!
//! In: an engine, a phone's folder, the certificate authority, an open request. Out: one JSON object a line: the records as the
//! engine has them, or what a phone with a damaged store makes of it. Never: a way to the phone other than the core's door;
//! damage to its keys, which are a device's hardware.

use clap::{Parser, Subcommand, ValueEnum};
use countersign_core::adapters::{self, open_store};
use countersign_core::ports::Order;
use countersign_core::{
    AccountInfo, Answer, Authenticator, Code, Delivery, Engine, Error, HistoryEntry, PromptId, Sent,
};
use countersign_protocol::encoding::encode;
use countersign_tests::{damage, settings};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Parser)]
struct Args {
    engine: Kind,
    home: PathBuf,
    ca: PathBuf,
    #[command(subcommand)]
    work: Work,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Sled,
    Redb,
}

#[derive(Subcommand)]
enum Work {
    /// Every key and value that stands in the store.
    Records,
    /// Judge the phone with one of its files damaged as the lines of standard input say; the folder itself stays as it is.
    Damage {
        scratch: PathBuf,
        /// An open request, to be answered where all seems well.
        prompt: Option<PromptId>,
    },
}

/// All that a person can see without a server.
#[derive(PartialEq, Eq)]
struct Sight {
    accounts: Vec<AccountInfo>,
    waiting: Vec<PromptId>,
    history: Vec<HistoryEntry>,
}

fn main() -> ExitCode {
    // What an engine panics with is the store's business, and it catches it.
    std::panic::set_hook(Box::new(|_| {}));
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println_event(&json!({"event": "broken", "why": error.to_string()}));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    match &args.work {
        Work::Records => {
            let store = open_store(&args.home.join("store"), args.engine())?;
            let all = store.scan(b"", Order::Rising, usize::MAX)?;
            let bytes = all
                .iter()
                .flat_map(|(key, value)| [encode(key), encode(value)]);
            println_event(&json!({"event": "records", "bytes": bytes.collect::<Vec<_>>()}));
        }
        Work::Damage { scratch, prompt } => {
            damage::copy(&args.home, scratch)?;
            let before = args.look(scratch)?.1;
            damage::serve(&args.home, scratch, |home| {
                match args.judge(home, *prompt, &before) {
                    Ok(word) => (word, String::new()),
                    Err(error) => judged(error),
                }
            })?;
        }
    }
    Ok(())
}

/// An error that says that the store is damaged or old, or another one.
fn judged(error: Error) -> (&'static str, String) {
    let code = error.code();
    let is_typed = matches!(code, Some(Code::StoreCorrupt | Code::StoreRollback));
    let word = if is_typed { "typed" } else { "other error" };
    (word, code.map_or("cancelled", Code::as_str).to_owned())
}

impl Args {
    fn engine(&self) -> Engine {
        match self.engine {
            Kind::Sled => Engine::Sled,
            Kind::Redb => Engine::Redb,
        }
    }

    fn look(&self, home: &Path) -> Result<(Authenticator, Sight), Error> {
        let config = settings::config(&self.ca, self.engine()).map_err(|_| Error::Cancelled)?;
        let ports = adapters::on_disk(home, &config)?;
        let phone = Authenticator::open(config, ports)?;
        let sight = Sight {
            accounts: phone.accounts()?,
            waiting: ids(&phone.outbox()?),
            history: phone.history(usize::MAX)?,
        };
        Ok((phone, sight))
    }

    /// Looks, answers if all is as it was, and looks again after a restart.
    fn judge(
        &self,
        home: &Path,
        prompt: Option<PromptId>,
        before: &Sight,
    ) -> Result<&'static str, Error> {
        let (phone, seen) = self.look(home)?;
        if seen != *before {
            return Ok("altered");
        }
        let Some(prompt) = prompt else {
            return Ok("whole");
        };
        // Nobody is there to take it.
        let Sent::Queued(_) = phone.decide(&prompt, &Answer::Report { reason: None })? else {
            return Ok("sent");
        };
        drop(phone);
        let seen = self.look(home)?.1;
        let after = Sight {
            accounts: before.accounts.clone(),
            waiting: [&before.waiting[..], &[prompt]].concat(),
            history: before.history.clone(),
        };
        Ok(if seen == after {
            "whole"
        } else {
            "altered later"
        })
    }
}

fn ids(waiting: &[Delivery]) -> Vec<PromptId> {
    waiting.iter().map(|waiting| waiting.id).collect()
}

#[allow(clippy::print_stdout, reason = "it is what this program is for")]
fn println_event(event: &serde_json::Value) {
    println!("{event}");
}

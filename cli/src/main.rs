//! What outsiders run. It needs no server, no settings and no network.
//!
//! In: files that others made, and what the caller trusts. Out: what they prove and what not, in plain words or as JSON. Never:
//! a file that is half checked and called good.

mod file;
mod history;
mod receipt;
mod words;

use clap::{Parser, Subcommand};
use countersign_protocol::{Digest, Thumbprint};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;

/// Checks what phones and servers of Countersign signed.
///
/// Ends with 0: it is vouched for, a receipt for an approval; 1: something is wrong with it; 2: there was nothing to check; 3: the
/// receipt is genuine, and the person did not approve.
#[derive(Parser)]
#[command(name = "countersign", version)]
struct Arguments {
    /// Print one JSON object.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the exported history of a phone: what was asked and answered.
    VerifyHistory(history::Arguments),
    /// Check the receipt of one answer, as an application keeps it.
    VerifyReceipt(receipt::Arguments),
}

/// What a check came to.
struct Outcome {
    ending: Ending,
    text: String,
    json: Value,
}

/// What the process ends with. Nobody who looks at this alone takes a denial for an approval, or an empty history for a good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It is vouched for; a receipt is of an approval.
    Good = 0,
    /// Something is wrong with it.
    Wrong = 1,
    /// There was nothing to check.
    Nothing = 2,
    /// A genuine receipt of an answer that is no approval.
    Declined = 3,
}

/// Why nothing was checked.
#[derive(Debug)]
struct Unusable(String);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Command::VerifyHistory(arguments) => history::verify(arguments),
        Command::VerifyReceipt(arguments) => receipt::verify(arguments),
    };
    // A reader that went away is no fault of ours.
    match done {
        Ok(outcome) => {
            let text = match arguments.json {
                true => outcome.json.to_string(),
                false => outcome.text,
            };
            let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
            ExitCode::from(outcome.ending as u8)
        }
        Err(Unusable(why)) => {
            let _ = match arguments.json {
                true => writeln!(std::io::stdout(), "{}", json!({ "error": why })),
                false => writeln!(std::io::stderr(), "countersign: {why}"),
            };
            ExitCode::from(Ending::Nothing as u8)
        }
    }
}

/// An argument that is a hash.
fn digest(text: &str) -> Result<Digest, String> {
    Digest::parse(text).ok_or_else(|| "not 43 characters of base64url".to_owned())
}

/// An argument that is a key's thumbprint.
fn thumbprint(text: &str) -> Result<Thumbprint, String> {
    digest(text).map(Thumbprint)
}

#[cfg(test)]
mod tests;

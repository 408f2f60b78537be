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
/// Ends with 0: it is vouched for; 1: something is wrong with it; 2: there was nothing to check.
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
    /// Whether nothing is wrong.
    good: bool,
    text: String,
    json: Value,
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
            ExitCode::from(u8::from(!outcome.good))
        }
        Err(Unusable(why)) => {
            let _ = match arguments.json {
                true => writeln!(std::io::stdout(), "{}", json!({ "error": why })),
                false => writeln!(std::io::stderr(), "countersign: {why}"),
            };
            ExitCode::from(2)
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

//! The log of what was done: looked at, and checked against what was noted of it elsewhere.

use super::{Said, when};
use crate::app::App;
use crate::signer::StartError;
use crate::store::audit::{self, Chain, Stored};
use clap::Subcommand;
use countersign_protocol::Digest;
use serde_json::json;

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Show the newest entries, the newest last.
    List {
        /// How many.
        #[arg(long, default_value_t = 50, value_name = "N")]
        last: u32,
        /// Only those about this id: of a phone, an application, a login, …
        #[arg(long, value_name = "ID", allow_hyphen_values = true)]
        subject: Option<String>,
    },
    /// Check that no entry is missing or altered. What it ends with is worth noting elsewhere: nothing in the log itself can show that
    /// its end was cut off, or made anew.
    Check {
        /// The number that an earlier check ended with: that entry has to be the same still.
        #[arg(long, value_name = "N", requires = "digest")]
        noted: Option<i64>,
        /// The digest that it ended with.
        #[arg(long, requires = "noted", value_parser = digest, allow_hyphen_values = true)]
        digest: Option<Digest>,
    },
}

fn digest(text: &str) -> Result<Digest, String> {
    Digest::parse(text).ok_or_else(|| "not 43 characters of base64url".to_owned())
}

pub(super) async fn audit(app: &App, command: AuditCommand) -> Result<Vec<Said>, StartError> {
    let mut db = app.store.read().await?;
    match command {
        AuditCommand::List { last, subject } => {
            let entries = audit::newest(&mut db, last, subject.as_deref()).await?;
            Ok(entries.iter().map(line).collect())
        }
        AuditCommand::Check { noted, digest } => {
            let noted = noted.zip(digest);
            let noted = noted.map(|(n, digest)| (n, digest.to_string()));
            match audit::check(&mut db, noted).await? {
                Chain::Whole { n, digest } => Ok(vec![Said::new(
                    format!("Complete to {n}. Ends with: {n} {digest}"),
                    json!({ "complete": n, "digest": digest }),
                )]),
                Chain::Broken(n) => Err(said(format!("the log is broken at entry {n}"))),
                Chain::Cut(n) => Err(said(format!(
                    "the log has no entry {n}: its end was cut off, or the database put back"
                ))),
                Chain::Another(n) => Err(said(format!(
                    "entry {n} is another than was noted: the log was made anew"
                ))),
            }
        }
    }
}

fn said(text: String) -> StartError {
    StartError::Said(text)
}

fn line(entry: &Stored) -> Said {
    let Stored {
        n,
        at,
        event,
        subject,
        result,
        ..
    } = entry;
    Said::new(
        format!("{n}  {}  {event}  {subject}  {result}", when(*at)),
        json!({ "n": n, "at": at, "event": event, "subject": subject, "result": result }),
    )
}

//! Asking a person from the command line, as an application does by the service API.

use super::Said;
use super::apps::find;
use crate::app::App;
use crate::error::Fault;
use crate::service::{Asked, Asker, Call, CallRow, Problem, Shown, Wish, ask, look, show};
use crate::signer::{StartError, write_secret};
use clap::{Args, ValueEnum};
use countersign_protocol::receipt::Receipt;
use countersign_protocol::{Id, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks whether there is an answer: it comes to another process.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What `ask --wait` ends with when nobody approved, as `countersign verify-receipt` does: a script that looks at nothing else takes no
/// denial for an approval.
const DECLINED: u8 = 3;

#[derive(Args)]
pub(super) struct AskArgs {
    /// In whose name, as `app list` shows it.
    #[arg(long)]
    app: String,
    /// Whom: e-mail address or user name.
    #[arg(long)]
    account: String,
    /// A row to be confirmed, "Amount=12 €"; up to 16 of them.
    #[arg(long = "row", value_name = "LABEL=VALUE")]
    rows: Vec<String>,
    /// A transaction with rows, a step-up without, if left out.
    #[arg(long)]
    kind: Option<AskedKind>,
    /// The language of the rows.
    #[arg(long, default_value = "en")]
    lang: String,
    /// How long it waits for its answer, seconds.
    #[arg(long)]
    life: Option<u64>,
    /// Your own name for it; the same again goes on with the same request.
    #[arg(long)]
    request_id: Option<String>,
    /// Wait for the answer, and put its receipt into a file. Ends with 0 for an approval alone, with 3 for any other answer or none.
    #[arg(long)]
    wait: bool,
    /// Where the receipt goes, with --wait.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum AskedKind {
    Stepup,
    Transaction,
}

fn said(text: impl Into<String>) -> StartError {
    StartError::Said(text.into())
}

fn refused(problem: Problem) -> StartError {
    said(problem.sentence())
}

impl AskArgs {
    fn call(&self) -> Result<Call, StartError> {
        let kind = match (self.kind, self.rows.is_empty()) {
            (Some(AskedKind::Stepup), _) | (None, true) => Asked::Stepup,
            (Some(AskedKind::Transaction), _) | (None, false) => Asked::Transaction,
        };
        let row = |text: &String| {
            let (label, value) = text
                .split_once('=')
                .ok_or_else(|| said("--row LABEL=VALUE"))?;
            Ok(CallRow {
                label: label.to_owned(),
                value: value.to_owned(),
            })
        };
        let rows = self
            .rows
            .iter()
            .map(row)
            .collect::<Result<Vec<_>, StartError>>()?;
        let request_id = match &self.request_id {
            Some(id) => id.clone(),
            None => Id::make().map_err(Fault::from)?.to_string(),
        };
        Ok(Call {
            request_id,
            account: self.account.clone(),
            kind,
            lang: (kind == Asked::Transaction).then(|| self.lang.clone()),
            rows: (kind == Asked::Transaction || !rows.is_empty()).then_some(rows),
            context: None,
            life: self.life,
        })
    }
}

/// No receipt is written over.
fn is_free(path: &Path) -> Result<(), StartError> {
    if path.exists() {
        let path = path.display();
        return Err(said(format!(
            "{path} is there already: --out names another"
        )));
    }
    Ok(())
}

/// `tell` is told at once: the number has to be read out before there is an answer.
pub(super) async fn begin(
    app: &App,
    args: &AskArgs,
    tell: &mut (dyn FnMut(&Said) + Send),
) -> Result<Vec<Said>, StartError> {
    let row = find(app, &args.app).await?;
    if !row.enabled {
        return Err(said("this application is disabled"));
    }
    let asker = Asker {
        app: &row,
        key: None,
    };
    let named = args.out.as_deref().filter(|_| args.wait);
    named.map_or(Ok(()), is_free)?;
    let wish = Wish::of(&args.call()?).map_err(refused)?;
    let (asked, _) = ask(app, &asker, &wish).await.map_err(refused)?;
    let id = asked.id.clone();
    let shown = show(app, asked).await.map_err(refused)?;
    if !args.wait {
        return Ok(vec![in_words(&shown)?]);
    }
    let path = args.out.clone();
    let path = path.unwrap_or_else(|| PathBuf::from(format!("{id}.receipt.json")));
    is_free(&path)?;
    tell(&in_words(&shown)?);
    let ended = loop {
        let found = look(app, &row, &id).await.map_err(refused)?;
        if found.stage != "waiting" {
            break show(app, found).await.map_err(refused)?;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    let mut said = in_words(&ended)?;
    if ended.state != "approved" {
        said.ends = DECLINED;
    }
    if let Some(receipt) = &ended.receipt {
        keep(&path, receipt)?;
        said.text
            .push_str(&format!("\nReceipt: {}", path.display()));
        said.json["file"] = path.display().to_string().into();
    }
    Ok(vec![said])
}

/// A new file for its owner only: it is about a person.
fn keep(path: &Path, receipt: &Receipt) -> Result<(), StartError> {
    let text = json::write(receipt).map_err(Fault::from)?;
    write_secret(path, text.as_bytes())?;
    Ok(())
}

fn in_words(shown: &Shown) -> Result<Said, StartError> {
    let json = serde_json::to_value(shown).map_err(|_| said("an answer that is no JSON"))?;
    let (id, state) = (&shown.id, shown.state);
    let mut text = format!("{id}: {state}");
    if let Some(number) = &shown.number {
        text.push_str(&format!(
            "\nThe person types the number {number} on the phone."
        ));
    }
    Ok(Said::new(text, json))
}

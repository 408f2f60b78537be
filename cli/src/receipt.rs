//! `verify-receipt` (`docs/service-api.md`).

use crate::{Ending, Outcome, Unusable, file, thumbprint};
use countersign_protocol::Thumbprint;
use countersign_protocol::receipt::{CAP, Checked, Flaw, Receipt};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The receipt, as the service API or `countersign-server ask --wait` gave it.
    file: PathBuf,
    /// The thumbprint of the server's root key, as `countersign-server app key add` shows it.
    #[arg(long, value_name = "THUMBPRINT", value_parser = thumbprint, allow_hyphen_values = true)]
    root: Thumbprint,
}

pub(crate) fn verify(arguments: &Arguments) -> Result<Outcome, Unusable> {
    let bytes = file::read(&arguments.file, CAP)?;
    let checked = Receipt::parse(&bytes).and_then(|receipt| receipt.check(&arguments.root));
    match checked {
        Ok(checked) => Ok(proved(&checked)),
        Err(Flaw::Malformed(flaw)) => {
            let path = arguments.file.display();
            Err(Unusable(format!("{path}: not a receipt: {flaw}")))
        }
        Err(flaw) => Ok(Outcome {
            ending: Ending::Wrong,
            text: format!("This proves nothing: {flaw}"),
            json: json!({ "good": false, "flaw": flaw.to_string() }),
        }),
    }
}

fn proved(checked: &Checked) -> Outcome {
    let (response, verdict) = (&checked.response, &checked.verdict);
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let (decision, result) = (word(json!(response.decision)), word(json!(verdict.code)));
    let approved = checked.is_approval();
    let when = Timestamp::from_second(verdict.iat as i64)
        .map_or_else(|_| verdict.iat.to_string(), |when| when.to_string());
    let (challenge, said) = (
        &checked.challenge,
        if approved { "Approved" } else { "Not approved" },
    );
    let mut text = format!(
        "{said}: {decision}, {result}, {when}\nThe request {} of {} at {}. Shown on the phone:\n",
        challenge.txn, challenge.service.id, challenge.iss,
    );
    let rows = checked.view.rows();
    for row in rows {
        text.push_str(&format!("  {}: {}\n", row.id, row.value));
    }
    let rows = rows.iter();
    let rows: Vec<Value> = rows
        .map(|row| json!({ "id": row.id, "value": row.value }))
        .collect();
    let json = json!({
        "good": true, "approved": approved, "decision": decision, "verdict": result, "at": verdict.iat,
        "id": checked.challenge.txn, "app": checked.challenge.service.id, "server": checked.challenge.iss,
        "key": response.kid(), "shown": rows,
    });
    Outcome {
        ending: match approved {
            true => Ending::Good,
            false => Ending::Declined,
        },
        text,
        json,
    }
}

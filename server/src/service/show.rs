//! A request as an application sees it, with the receipt of its answer.

use super::problem::Problem;
use crate::app::App;
use crate::error::Fault;
use crate::keyring;
use crate::store::asks::Ask;
use crate::store::challenges;
use crate::txn::challenge_of;
use countersign_protocol::receipt::Receipt;
use countersign_protocol::statement::{Challenge, Keys, Kind, Row, Verdict};
use countersign_protocol::text::Account;
use countersign_protocol::{Signed, Thumbprint, json};
use serde::Serialize;

/// The answer of every call.
#[derive(Serialize)]
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) request_id: String,
    pub(crate) state: &'static str,
    pub(crate) kind: Kind,
    pub(crate) account: Account,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lang: Option<String>,
    /// As they are signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rows: Option<Vec<Row>>,
    /// While it is open, if one is typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<String>,
    pub(crate) begun: i64,
    pub(crate) expires: i64,
    pub(crate) seen: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) decided: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) receipt: Option<Receipt>,
}

/// The word of the API for a stage.
fn state(stage: &str) -> &'static str {
    match stage {
        "waiting" => "open",
        "approved" => "approved",
        "denied" => "denied",
        "number" => "number_wrong",
        "reported" => "reported",
        "cancelled" => "cancelled",
        "paused" => "paused",
        _ => "expired",
    }
}

pub(crate) async fn show(app: &App, ask: Ask) -> Result<Shown, Problem> {
    if ask.receipt.is_some() {
        // Another process may have signed the verdict by a newer key.
        app.follow_keys().await;
    }
    let mut db = app.store.read().await?;
    let statement = challenges::statement_of_txn(&mut db, &ask.id).await?;
    let statement = statement.ok_or(Fault::Stored("request of an application"))?;
    let challenge = challenge_of(app, &statement)?;
    let receipt = match &ask.receipt {
        Some(stored) => {
            let all = keyring::read_all(&mut db).await?;
            Some(complete(app, stored, &all)?)
        }
        None => None,
    };
    let open = ask.stage == "waiting";
    Ok(Shown {
        id: ask.id,
        request_id: ask.request_id,
        state: state(&ask.stage),
        kind: challenge.kind,
        account: challenge.account.clone(),
        lang: challenge.lang.clone(),
        rows: challenge.rows.clone(),
        number: Some(ask.number).filter(|number| open && !number.is_empty()),
        begun: ask.begun,
        expires: ask.until,
        seen: ask.seen.is_some(),
        decided: ask.decided,
        receipt,
    })
}

/// A stored receipt with the statements about keys that it needs.
fn complete(app: &App, stored: &str, all: &[Signed<Keys>]) -> Result<Receipt, Fault> {
    let mut receipt: Receipt = json::parse(stored.as_bytes())?;
    receipt.verdict = app.signer.renewed::<Verdict>(receipt.verdict)?;
    let signers = [
        Signed::<Challenge>::named_key(&receipt.challenge)?,
        Signed::<Verdict>::named_key(&receipt.verdict)?,
    ];
    receipt.keys = chain(all, &signers);
    Ok(receipt)
}

/// Those that name a next root, and for each signer the newest that names it.
fn chain(all: &[Signed<Keys>], signers: &[Thumbprint]) -> Vec<String> {
    let names =
        |keys: &Keys, signer: &Thumbprint| keys.sign.iter().any(|key| key.thumbprint() == *signer);
    let newest = |signer| all.iter().rposition(|keys| names(keys, signer));
    let newest: Vec<usize> = signers.iter().filter_map(newest).collect();
    let needed =
        |(at, keys): &(usize, &Signed<Keys>)| keys.root_next.is_some() || newest.contains(at);
    all.iter()
        .enumerate()
        .filter(needed)
        .map(|(_, keys)| keys.compact().to_owned())
        .collect()
}

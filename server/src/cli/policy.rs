//! What phones are asked for, and bringing it to those that have enrolled.

use super::Said;
use crate::app::App;
use crate::policy::{Brought, bring};
use crate::signer::StartError;
use crate::store::credentials::{self, is_in_use};
use clap::Subcommand;
use serde_json::json;

#[derive(Subcommand)]
pub(super) enum PolicyCommand {
    /// What the settings ask for, and its number.
    Show,
    /// Bring it to every phone that has an older one. Where it asks for less, the person is asked on the phone; run it
    /// again for those who were not there.
    Apply,
}

pub(super) async fn policy(app: &App, command: PolicyCommand) -> Result<Vec<Said>, StartError> {
    match command {
        PolicyCommand::Show => {
            let policy = &app.policy;
            let text = format!(
                "policy {}: {}, number {}, PIN {}, {} s",
                policy.n,
                policy.min.describe(),
                if policy.r#match { "asked" } else { "not asked" },
                policy.pin,
                policy.max_life
            );
            Ok(vec![Said::new(text, json!({ "policy": policy }))])
        }
        PolicyCommand::Apply => apply(app).await,
    }
}

async fn apply(app: &App) -> Result<Vec<Said>, StartError> {
    let mut lines = Vec::new();
    let phones = credentials::in_use(&mut *app.store.read().await?).await?;
    // One at a time: the server is at work meanwhile.
    for phone in phones {
        let mut tx = app.store.write().await?;
        let Some(mut row) = credentials::by_id(&mut tx, &phone.id)
            .await?
            .filter(is_in_use)
        else {
            continue;
        };
        let (brought, _) = bring(app, &mut tx, &mut row).await?;
        tx.commit().await?;
        let (word, text) = match brought {
            Brought::There => continue,
            Brought::Taken => ("taken", "it asks for more: taken"),
            Brought::Asked => ("asked", "it asks for less: the person is asked"),
            Brought::Later => (
                "later",
                "it asks for less, and the phone rests or is new: run this again later",
            ),
            Brought::AddAnew => (
                "add_anew",
                "the phone cannot give what it asks for, or agree to less, and keeps the old one: `phone revoke`, then `invite`",
            ),
        };
        let text = format!("{}  {}: {text}", row.id, row.account);
        let json = json!({ "id": row.id, "account": row.account, "result": word });
        lines.push(Said::new(text, json));
    }
    Ok(lines)
}

//! Keys of applications for the service API.

use super::apps::find;
use super::{Said, when};
use crate::app::App;
use crate::error::Fault;
use crate::service::make_key;
use crate::signer::{StartError, hidden};
use crate::store::api_keys::{self, ApiKey};
use clap::Subcommand;
use countersign_protocol::Id;
use countersign_protocol::text::Name;
use serde_json::json;

#[derive(Subcommand)]
pub(super) enum KeyCommand {
    /// Make one. It is shown once.
    Add {
        /// As `app list` shows it.
        slug: String,
        /// Your own words for it, as "production".
        #[arg(long)]
        note: Option<String>,
    },
    /// List those of an application.
    List {
        /// As `app list` shows it.
        slug: String,
    },
    /// End one at once.
    Revoke {
        /// As `app key list` shows it.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

pub(super) async fn key(app: &App, command: KeyCommand) -> Result<Vec<Said>, StartError> {
    match command {
        KeyCommand::Add { slug, note } => Ok(vec![add(app, &slug, note.as_deref()).await?]),
        KeyCommand::List { slug } => {
            let row = find(app, &slug).await?;
            let keys = api_keys::of_app(&mut *app.store.read().await?, &row.id).await?;
            Ok(keys.iter().map(line).collect())
        }
        KeyCommand::Revoke { id } => {
            let mut tx = app.store.write().await?;
            if !api_keys::revoke(&mut tx, &id, app.now()).await? {
                let message = "there is no key of that id in force; `app key list` shows them";
                return Err(StartError::Said(message.into()));
            }
            app.audit(&mut tx, "api", &id, "key revoked").await?;
            tx.commit().await?;
            Ok(vec![Said::new(
                format!("{id} is revoked."),
                json!({ "key_id": id }),
            )])
        }
    }
}

async fn add(app: &App, slug: &str, note: Option<&str>) -> Result<Said, StartError> {
    let row = find(app, slug).await?;
    let note = note.map(Name::parse).transpose();
    let note = note.map_err(|error| StartError::Said(format!("--note: {error}")))?;
    let secret = make_key().map_err(Fault::from)?;
    let key = ApiKey {
        id: Id::make_to_type().map_err(Fault::from)?.to_string(),
        app: row.id.clone(),
        key_hash: hidden(&secret),
        note: note.map_or_else(String::new, |note| note.as_str().to_owned()),
        created: app.now() as i64,
        used: None,
        revoked: None,
    };
    let mut tx = app.store.write().await?;
    api_keys::insert(&mut tx, &key).await?;
    app.audit(&mut tx, "api", &key.id, "key made").await?;
    tx.commit().await?;
    let url = format!("{}/api/v1/challenges", app.signer.origin);
    let root = app.signer.in_force().root;
    // EXPOSE: the administrator hands it to the application; it can't be shown again.
    let secret = secret.as_str();
    let text = format!(
        "The key of {} ({}), shown this once:\n{secret}\n\nAddress  {url}\nRoot     {root}\nId       {}, for `app key revoke`",
        row.name, row.id, key.id
    );
    let json = json!({ "key_id": key.id, "app": row.id, "key": secret, "url": url, "root": root });
    Ok(Said::new(text, json))
}

fn line(key: &ApiKey) -> Said {
    let standing = match (key.revoked, key.used) {
        (Some(_), _) => "revoked".to_owned(),
        (None, Some(at)) => format!("last used {}", when(at)),
        (None, None) => "never used".to_owned(),
    };
    let text = format!("{}  {standing}  {}", key.id, key.note);
    let json = json!({
        "key_id": key.id, "app": key.app, "note": key.note, "created": key.created, "used": key.used, "revoked": key.revoked,
    });
    Said::new(text.trim_end(), json)
}

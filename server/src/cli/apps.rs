//! Applications, and what they need to know of us.

use super::Said;
use super::api_keys::{KeyCommand, key};
use crate::app::App;
use crate::login::host_of;
use crate::signer::StartError;
use crate::sso::{metadata_of, metadata_url, sso_url};
use crate::store::apps::{self, App as Row};
use clap::{Args, Subcommand, ValueEnum};
use countersign_protocol::encoding::encode;
use countersign_protocol::text::Name;
use countersign_saml::{AcsUrl, SpCertificate, is_entity_id};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum AppCommand {
    /// Add one.
    Add {
        /// A short name of your own for it: letters, digits, `.`, `_`, `-`.
        slug: String,
        /// Its name, as people see it.
        #[arg(long)]
        name: String,
        /// Service Provider Issuer: its entity ID. One of our own for an application that only asks by the
        /// service API.
        #[arg(long)]
        entity_id: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Complete or change one.
    Set {
        /// As `app list` shows it.
        slug: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// List them.
    List,
    /// Its keys for the service API.
    #[command(subcommand)]
    Key(KeyCommand),
    /// What to enter at the application.
    Show {
        /// As `app list` shows it.
        slug: String,
    },
}

#[derive(Args)]
pub(super) struct Settings {
    /// SAML response URL: its Assertion Consumer Service. Without one nobody can log in yet.
    #[arg(long)]
    acs: Option<String>,
    /// The host that people are shown when it asks by the service API; that of --acs if left out.
    #[arg(long)]
    host: Option<String>,
    /// Audience Restriction; the entity ID if left out.
    #[arg(long)]
    audience: Option<String>,
    /// The certificate it signs its requests with, PEM.
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Refuse its requests unless they are signed; `=false` takes that back.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    require_signed: Option<bool>,
    /// In which ways people are asked. `same` takes only answers from the device that the browser is on.
    #[arg(long)]
    modes: Option<Modes>,
    /// Nobody may log in to it; `=false` takes that back.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    disabled: Option<bool>,
}

/// In which ways people are asked.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Modes {
    Any,
    Same,
}

impl Modes {
    fn of(row: &Row) -> &'static str {
        if row.same_only { "same" } else { "any" }
    }
}

fn said(text: impl Into<String>) -> StartError {
    StartError::Said(text.into())
}

fn is_slug(text: &str) -> bool {
    (1..=64).contains(&text.len())
        // Requests of the server about the ID itself are named so.
        && text != "server"
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// What a response couldn't carry would fail once a person had approved it.
fn check_fits(option: &str, text: &str) -> Result<(), StartError> {
    match is_entity_id(text) {
        true => Ok(()),
        false => Err(said(format!(
            "{option} has 1 to 1024 characters, no control characters, and no space at an end or beside another"
        ))),
    }
}

impl Settings {
    fn apply(&self, app: &App, row: &mut Row) -> Result<(), StartError> {
        if let Some(acs) = &self.acs {
            let url = AcsUrl::new(acs).map_err(|error| said(format!("--acs: {error}")))?;
            host_of(url.origin())
                .ok_or_else(|| said("--acs: its host is none that a phone can show"))?;
            row.acs = Some(acs.clone());
        }
        if let Some(host) = &self.host {
            let shown = host_of(&format!("https://{host}")).filter(|shown| shown == host);
            row.host = Some(shown.ok_or_else(|| {
                said("--host: a host that a phone can show, as wiki.example.com")
            })?);
        }
        if let Some(audience) = &self.audience {
            check_fits("--audience", audience)?;
            row.audience = audience.clone();
        }
        if let Some(path) = &self.cert {
            let pem = std::fs::read_to_string(path)
                .map_err(|_| said("--cert: the file cannot be read"))?;
            let certificate = SpCertificate::from_pem(&pem, app.now())
                .map_err(|error| said(format!("--cert: {error}")))?;
            row.certificate = Some(encode(certificate.der()));
        }
        // What isn't said stays: completing an application must not make it take unsigned requests.
        if let Some(required) = self.require_signed {
            row.require_signed = required;
        }
        if let Some(modes) = self.modes {
            row.same_only = modes == Modes::Same;
        }
        if let Some(disabled) = self.disabled {
            row.enabled = !disabled;
        }
        if row.require_signed && row.certificate.is_none() {
            return Err(said(
                "--require-signed needs the application's certificate (--cert)",
            ));
        }
        Ok(())
    }
}

pub(super) async fn app(app: &App, command: AppCommand) -> Result<Vec<Said>, StartError> {
    match command {
        AppCommand::Add {
            slug,
            name,
            entity_id,
            settings,
        } => {
            if !is_slug(&slug) {
                return Err(said(
                    "the short name has 1 to 64 letters, digits, '.', '_', '-' and is not 'server'",
                ));
            }
            let entity_id = entity_id.unwrap_or_else(|| format!("urn:countersign:app:{slug}"));
            let name = Name::parse(&name).map_err(|error| said(format!("--name: {error}")))?;
            check_fits("--entity-id", &entity_id)?;
            let mut row = Row {
                id: slug,
                name: name.as_str().to_owned(),
                audience: entity_id.clone(),
                entity_id,
                acs: None,
                certificate: None,
                require_signed: false,
                enabled: true,
                host: None,
                same_only: false,
            };
            settings.apply(app, &mut row)?;
            let mut tx = app.store.write().await?;
            let taken = apps::by_id(&mut tx, &row.id).await?.is_some()
                || apps::by_entity_id(&mut tx, &row.entity_id).await?.is_some();
            if taken {
                return Err(said(
                    "there is an application of that short name or entity ID already",
                ));
            }
            apps::insert(&mut tx, &row, app.now()).await?;
            app.audit(&mut tx, "app", &row.id, "added").await?;
            tx.commit().await?;
            Ok(vec![shown(app, &row)])
        }
        AppCommand::Set { slug, settings } => {
            let mut tx = app.store.write().await?;
            let mut row = apps::by_id(&mut tx, &slug).await?.ok_or_else(unknown)?;
            settings.apply(app, &mut row)?;
            apps::update(&mut tx, &row).await?;
            app.audit(&mut tx, "app", &row.id, "changed").await?;
            tx.commit().await?;
            Ok(vec![shown(app, &row)])
        }
        AppCommand::List => {
            let rows = apps::all(&mut *app.store.read().await?).await?;
            let line = |row: &Row| {
                Said::new(
                    format!("{}  {}  {}", row.id, row.name, standing(row)),
                    json_of(app, row),
                )
            };
            Ok(rows.iter().map(line).collect())
        }
        AppCommand::Key(command) => key(app, command).await,
        AppCommand::Show { slug } => {
            let row = find(app, &slug).await?;
            Ok(vec![shown(app, &row)])
        }
    }
}

pub(super) async fn find(app: &App, slug: &str) -> Result<Row, StartError> {
    let row = apps::by_id(&mut *app.store.read().await?, slug).await?;
    row.ok_or_else(unknown)
}

fn unknown() -> StartError {
    said("there is no application of that short name; `app list` shows which there are")
}

fn standing(row: &Row) -> &'static str {
    match (&row.acs, &row.host, row.enabled) {
        (_, _, false) => "disabled",
        (None, None, _) => "not ready: add the SAML response URL",
        (None, Some(_), _) => "ready for the service API; without SAML response URL nobody logs in",
        _ => "ready",
    }
}

fn shown(app: &App, row: &Row) -> Said {
    let text = format!(
        "{} ({}): {}\n\nEnter at the application:\n  Identity provider Entity ID  {}\n  Identity provider SSO URL    {}\n  Public x509 certificate      countersign-server cert show --pem\n  Or all of it as a file       {}\n\nEntered here:\n  Service Provider Issuer      {}\n  Audience Restriction         {}\n  SAML response URL            {}\n  Signed requests              {}\n  Host for the service API     {}\n  Ways to be asked             {}",
        row.name,
        row.id,
        standing(row),
        app.idp.entity_id(),
        sso_url(&app.signer.origin),
        metadata_url(&app.signer.origin, row),
        row.entity_id,
        row.audience,
        row.acs.as_deref().unwrap_or("-"),
        if row.require_signed {
            "required"
        } else {
            "not required"
        },
        row.host.as_deref().unwrap_or("-"),
        Modes::of(row),
    );
    Said::new(text, json_of(app, row))
}

fn json_of(app: &App, row: &Row) -> Value {
    json!({
        "app": row.id,
        "name": row.name,
        "entity_id": app.idp.entity_id(),
        "sso_url": sso_url(&app.signer.origin),
        "metadata_url": metadata_url(&app.signer.origin, row),
        "issuer": row.entity_id,
        "audience": row.audience,
        "acs": row.acs,
        "require_signed": row.require_signed,
        "enabled": row.enabled,
        "host": row.host,
        "modes": Modes::of(row),
    })
}

pub(super) fn certificate(app: &App, pem: bool) -> Said {
    let text = app.idp.certificate_pem();
    let fingerprint = countersign_protocol::Digest::of(&[app.idp.certificate()]);
    let hex: Vec<String> = fingerprint
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let hex = hex.join(":");
    let json = json!({ "pem": text, "sha256": hex });
    let public = format!("{}/saml/certificate", app.signer.origin);
    let short = format!(
        "SHA-256 fingerprint {hex}\nPublic address {public}\nAs PEM: countersign-server cert show --pem"
    );
    Said::new(if pem { text } else { short }, json)
}

pub(super) async fn metadata(app: &App, slug: Option<&str>) -> Result<Said, StartError> {
    let row = match slug {
        Some(slug) => Some(find(app, slug).await?),
        None => None,
    };
    let xml = metadata_of(app, row.as_ref())?;
    let json = json!({ "metadata": xml });
    Ok(Said::new(xml, json))
}

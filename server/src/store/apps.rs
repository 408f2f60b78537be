//! Applications: service providers as the administrator entered them.

use super::sqlite::{Row, Values};
use super::{Connection, Result};

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) entity_id: String,
    pub(crate) acs: Option<String>,
    pub(crate) audience: String,
    pub(crate) certificate: Option<String>,
    pub(crate) require_signed: bool,
    pub(crate) enabled: bool,
    /// What people are shown, where it asks by the service API; that of `acs` if none.
    pub(crate) host: Option<String>,
    /// It takes only answers from the device that the browser is on.
    pub(crate) same_only: bool,
}

impl Row for App {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            id: values.next()?,
            name: values.next()?,
            entity_id: values.next()?,
            acs: values.next()?,
            audience: values.next()?,
            certificate: values.next()?,
            require_signed: values.next()?,
            enabled: values.next()?,
            host: values.next()?,
            same_only: values.next()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, entity_id, acs, audience, certificate, require_signed, enabled, host, same_only FROM apps ",
            $rest
        )
    };
}

pub(crate) async fn insert(db: &mut Connection, app: &App, now: u64) -> Result<()> {
    let values = (
        &app.id,
        &app.name,
        &app.entity_id,
        &app.acs,
        &app.audience,
        &app.certificate,
        app.require_signed,
        app.enabled,
        &app.host,
        app.same_only,
        now as i64,
    );
    db.run(
        "INSERT INTO apps (id, name, entity_id, acs, audience, certificate, require_signed, enabled, host, same_only, created)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    .map(drop)
}

/// Completes or switches an application; `false` when there is none of that id.
pub(crate) async fn update(db: &mut Connection, app: &App) -> Result<bool> {
    let values = (
        &app.acs,
        &app.audience,
        &app.certificate,
        app.require_signed,
        app.enabled,
        &app.host,
        app.same_only,
        &app.id,
    );
    let touched = db.run(
        "UPDATE apps SET acs = ?, audience = ?, certificate = ?, require_signed = ?, enabled = ?, host = ?, same_only = ? WHERE id = ?",
        values,
    )?;
    Ok(touched > 0)
}

pub(crate) async fn by_id(db: &mut Connection, id: &str) -> Result<Option<App>> {
    db.one(select!("WHERE id = ?"), [id])
}

pub(crate) async fn by_entity_id(db: &mut Connection, entity_id: &str) -> Result<Option<App>> {
    db.one(select!("WHERE entity_id = ?"), [entity_id])
}

pub(crate) async fn all(db: &mut Connection) -> Result<Vec<App>> {
    db.all(select!("ORDER BY id"), [])
}

//! Applications: service providers as the administrator entered them.

use super::{Connection, Result, hit};
use sqlx::{query, query_as};

#[derive(Clone, sqlx::FromRow)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) entity_id: String,
    pub(crate) acs: Option<String>,
    pub(crate) audience: String,
    pub(crate) certificate: Option<String>,
    pub(crate) require_signed: bool,
    pub(crate) enabled: bool,
}

pub(crate) async fn insert(db: &mut Connection, app: &App, now: u64) -> Result<()> {
    query(
        "INSERT INTO apps (id, name, entity_id, acs, audience, certificate, require_signed, enabled, created)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&app.id)
    .bind(&app.name)
    .bind(&app.entity_id)
    .bind(&app.acs)
    .bind(&app.audience)
    .bind(&app.certificate)
    .bind(app.require_signed)
    .bind(app.enabled)
    .bind(now as i64)
    .execute(db)
    .await
    .map(drop)
}

/// Completes or switches an application; `false` when there is none of that id.
pub(crate) async fn update(db: &mut Connection, app: &App) -> Result<bool> {
    let done = query("UPDATE apps SET acs = ?, audience = ?, certificate = ?, require_signed = ?, enabled = ? WHERE id = ?")
        .bind(&app.acs)
        .bind(&app.audience)
        .bind(&app.certificate)
        .bind(app.require_signed)
        .bind(app.enabled)
        .bind(&app.id)
        .execute(db)
        .await?;
    Ok(hit(&done))
}

pub(crate) async fn by_id(db: &mut Connection, id: &str) -> Result<Option<App>> {
    query_as("SELECT * FROM apps WHERE id = ?")
        .bind(id)
        .fetch_optional(db)
        .await
}

pub(crate) async fn by_entity_id(db: &mut Connection, entity_id: &str) -> Result<Option<App>> {
    query_as("SELECT * FROM apps WHERE entity_id = ?")
        .bind(entity_id)
        .fetch_optional(db)
        .await
}

pub(crate) async fn all(db: &mut Connection) -> Result<Vec<App>> {
    query_as("SELECT * FROM apps ORDER BY id")
        .fetch_all(db)
        .await
}

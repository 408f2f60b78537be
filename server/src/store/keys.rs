//! The `cs1-keys` statements that phones may ask for.

use super::{Connection, Result};
use sqlx::{query, query_as};

#[derive(sqlx::FromRow)]
pub(crate) struct KeyStatement {
    pub(crate) n: i64,
    pub(crate) root: String,
    pub(crate) statement: String,
}

pub(crate) async fn insert(db: &mut Connection, row: &KeyStatement) -> Result<()> {
    query("INSERT INTO key_statements (n, root, statement) VALUES (?, ?, ?)")
        .bind(row.n)
        .bind(&row.root)
        .bind(&row.statement)
        .execute(db)
        .await
        .map(drop)
}

pub(crate) async fn newest(db: &mut Connection) -> Result<Option<KeyStatement>> {
    query_as("SELECT * FROM key_statements ORDER BY n DESC LIMIT 1")
        .fetch_optional(db)
        .await
}

//! Users.

use super::{Connection, Result};
use sqlx::{query, query_as};

#[derive(Clone, sqlx::FromRow)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) given: Option<String>,
    pub(crate) family: Option<String>,
    pub(crate) admin: bool,
}

pub(crate) async fn insert(db: &mut Connection, user: &User, now: u64) -> Result<()> {
    query("INSERT INTO users (id, account, name, given, family, admin, created) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(&user.id)
        .bind(&user.account)
        .bind(&user.name)
        .bind(&user.given)
        .bind(&user.family)
        .bind(user.admin)
        .bind(now as i64)
        .execute(db)
        .await
        .map(drop)
}

pub(crate) async fn by_account(db: &mut Connection, account: &str) -> Result<Option<User>> {
    query_as("SELECT * FROM users WHERE account = ?")
        .bind(account)
        .fetch_optional(db)
        .await
}

pub(crate) async fn by_id(db: &mut Connection, id: &str) -> Result<Option<User>> {
    query_as("SELECT * FROM users WHERE id = ?")
        .bind(id)
        .fetch_optional(db)
        .await
}

pub(crate) async fn all(db: &mut Connection) -> Result<Vec<User>> {
    query_as("SELECT * FROM users ORDER BY account")
        .fetch_all(db)
        .await
}

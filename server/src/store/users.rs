//! Users.

use super::sqlite::{Row, Values};
use super::{Connection, Result};

#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) given: Option<String>,
    pub(crate) family: Option<String>,
    pub(crate) admin: bool,
}

impl Row for User {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            id: values.next()?,
            account: values.next()?,
            name: values.next()?,
            given: values.next()?,
            family: values.next()?,
            admin: values.next()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account, name, given, family, admin FROM users ",
            $rest
        )
    };
}

pub(crate) async fn insert(db: &mut Connection, user: &User, now: u64) -> Result<()> {
    let values = (
        &user.id,
        &user.account,
        &user.name,
        &user.given,
        &user.family,
        user.admin,
        now as i64,
    );
    db.run(
        "INSERT INTO users (id, account, name, given, family, admin, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    .map(drop)
}

pub(crate) async fn by_account(db: &mut Connection, account: &str) -> Result<Option<User>> {
    db.one(select!("WHERE account = ?"), [account])
}

pub(crate) async fn by_id(db: &mut Connection, id: &str) -> Result<Option<User>> {
    db.one(select!("WHERE id = ?"), [id])
}

pub(crate) async fn all(db: &mut Connection) -> Result<Vec<User>> {
    db.all(select!("ORDER BY account"), [])
}

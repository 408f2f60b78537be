//! The `cs1-keys` statements that phones may ask for.

use super::sqlite::{Row, Values};
use super::{Connection, Result};

pub(crate) struct KeyStatement {
    pub(crate) n: i64,
    pub(crate) root: String,
    pub(crate) statement: String,
    pub(crate) names_next: bool,
}

impl Row for KeyStatement {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            n: values.next()?,
            root: values.next()?,
            statement: values.next()?,
            names_next: values.next()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT n, root, statement, names_next FROM key_statements ",
            $rest
        )
    };
}

pub(crate) async fn insert(db: &mut Connection, row: &KeyStatement) -> Result<()> {
    db.run(
        "INSERT INTO key_statements (n, root, statement, names_next) VALUES (?, ?, ?, ?)",
        (row.n, &row.root, &row.statement, row.names_next),
    )
    .map(drop)
}

pub(crate) async fn newest(db: &mut Connection) -> Result<Option<KeyStatement>> {
    db.one(select!("ORDER BY n DESC LIMIT 1"), [])
}

pub(crate) async fn newest_n(db: &mut Connection) -> Result<Option<i64>> {
    db.one("SELECT n FROM key_statements ORDER BY n DESC LIMIT 1", [])
}

/// The newest one that this root signed.
pub(crate) async fn newest_by(db: &mut Connection, root: &str) -> Result<Option<KeyStatement>> {
    db.one(select!("WHERE root = ? ORDER BY n DESC LIMIT 1"), [root])
}

/// Those with a higher number that name a next root, rising.
pub(crate) async fn links_after(
    db: &mut Connection,
    after: i64,
    limit: usize,
) -> Result<Vec<KeyStatement>> {
    db.all(
        select!("WHERE n > ? AND names_next ORDER BY n LIMIT ?"),
        (after, limit as i64),
    )
}

/// All of them, rising.
pub(crate) async fn all(db: &mut Connection) -> Result<Vec<KeyStatement>> {
    db.all(select!("ORDER BY n"), [])
}

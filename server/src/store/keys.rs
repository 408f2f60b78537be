//! The `cs1-keys` statements that phones may ask for.

use super::sqlite::{Row, Values};
use super::{Connection, Result};

pub(crate) struct KeyStatement {
    pub(crate) n: i64,
    pub(crate) root: String,
    pub(crate) statement: String,
}

impl Row for KeyStatement {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            n: values.next()?,
            root: values.next()?,
            statement: values.next()?,
        })
    }
}

pub(crate) async fn insert(db: &mut Connection, row: &KeyStatement) -> Result<()> {
    db.run(
        "INSERT INTO key_statements (n, root, statement) VALUES (?, ?, ?)",
        (row.n, &row.root, &row.statement),
    )
    .map(drop)
}

pub(crate) async fn newest(db: &mut Connection) -> Result<Option<KeyStatement>> {
    db.one(
        "SELECT n, root, statement FROM key_statements ORDER BY n DESC LIMIT 1",
        [],
    )
}

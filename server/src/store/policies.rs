//! Policies that were in the settings, by number.

use super::{Connection, Result};

/// The newest, as JSON.
pub(crate) async fn newest(db: &mut Connection) -> Result<Option<String>> {
    db.one("SELECT policy FROM policies ORDER BY n DESC LIMIT 1", [])
}

pub(crate) async fn insert(db: &mut Connection, n: u64, policy: &str) -> Result<()> {
    db.run(
        "INSERT INTO policies (n, policy) VALUES (?, ?)",
        (n as i64, policy),
    )
    .map(drop)
}

/// Those that credentials have, as JSON, each once.
pub(crate) async fn of_credentials(db: &mut Connection) -> Result<Vec<String>> {
    db.all("SELECT DISTINCT policy FROM credentials", [])
}

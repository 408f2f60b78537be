//! In: rows of ids, hashes and statements, inside transactions of the caller. Out: the same rows.
//! Each file has the queries of one table family; the callers decide. The functions are async, as those of
//! a database server will be; the embedded database answers at once (`sqlite`, docs/adr/0008).
//! Never: a secret in clear (only hashes and wrapped keys), a decision, a write outside a transaction.

pub(crate) mod api_keys;
pub(crate) mod apps;
pub(crate) mod asks;
pub(crate) mod audit;
pub(crate) mod calls;
pub(crate) mod challenges;
pub(crate) mod credentials;
pub(crate) mod floods;
pub(crate) mod invitations;
pub(crate) mod keys;
pub(crate) mod logins;
pub(crate) mod others;
pub(crate) mod phones;
pub(crate) mod pins;
pub(crate) mod policies;
pub(crate) mod posted;
pub(crate) mod recovery;
pub(crate) mod responses;
pub(crate) mod sessions;
mod sqlite;
pub(crate) mod users;

pub(crate) use sqlite::{Connection, Error, Result, Store, Write};

/// How long what is over is kept, seconds: reports are taken for a day, verdicts kept for two.
const KEPT: u64 = 3 * 86_400;

/// More challenges and others than are made between a backup and the day when it is put back.
const SKIPPED: i64 = 1_000_000;

/// After a backup: takes out what may have been used up or ended since it was made, and what is numbered from here on is newer than
/// any phone's cursor. Recovery codes wait for an administrator. How many IDs have some.
pub(crate) async fn forget_what_came_back(db: &mut Connection) -> Result<usize> {
    let last = challenges::last_seq(db).await?;
    for table in ["challenges", "others"] {
        db.run("DELETE FROM sqlite_sequence WHERE name = ?", [table])?;
        db.run(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
            (table, last + SKIPPED),
        )?;
    }
    for statement in [
        "DELETE FROM sessions",
        "DELETE FROM known_browsers",
        "DELETE FROM posted_requests",
        "DELETE FROM pages",
    ] {
        db.run(statement, [])?;
    }
    db.run(
        "UPDATE users SET wrong_codes = max(wrong_codes, ?)
         WHERE id IN (SELECT user FROM recovery_codes WHERE used IS NULL)",
        [crate::recovery::TRIES],
    )
}

/// Rows that one transaction of the sweep takes out: whoever has something to write comes between two of them.
const PORTION: usize = 500;

/// Takes out what nobody can use any more. States of ended credentials stay.
pub(crate) async fn sweep(store: &Store, now: u64) -> Result<()> {
    let before = |life: u64| now.saturating_sub(life) as i64;
    for (table, key, over, before) in [
        ("sessions", "token_hash", "expires < ?", before(0)),
        ("posted_requests", "rowid", "expires < ?", before(0)),
        ("calls", "rowid", "expires < ?", before(0)),
        ("others", "seq", "made < ?", before(others::LIFE)),
        (
            "push_addresses",
            "rowid",
            "replaced < ?",
            before(phones::OLD_ADDRESS_LIFE),
        ),
        // Anybody makes these, and nothing came of them that a report or the audit could ask for.
        (
            "logins",
            "rowid",
            "stage = 'new' AND expires < ?",
            before(0),
        ),
        ("logins", "rowid", "expires < ?", before(KEPT)),
        // Those made later are over later: nothing behind the first that is kept is looked at.
        (
            "challenges",
            "seq",
            "seq < coalesce((SELECT seq FROM challenges WHERE expires >= ? ORDER BY seq LIMIT 1), 9223372036854775807)",
            before(KEPT),
        ),
        ("pages", "rowid", "expires < ?", before(KEPT)),
        (
            "known_browsers",
            "(browser_hash, user)",
            "used < ?",
            before(sessions::BROWSER_LIFE),
        ),
    ] {
        let columns = key.trim_matches(['(', ')']);
        let statement = format!(
            "DELETE FROM {table} WHERE {key} IN (SELECT {columns} FROM {table} WHERE {over} LIMIT {PORTION})"
        );
        loop {
            let mut tx = store.write().await?;
            let gone = tx.run(&statement, [before])?;
            tx.commit().await?;
            if gone < PORTION {
                break;
            }
        }
    }
    let mut tx = store.write().await?;
    responses::sweep(&mut tx, now).await?;
    asks::sweep(&mut tx, now).await?;
    tx.commit().await
}

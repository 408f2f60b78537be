//! In: rows of ids, hashes and statements, inside transactions of the caller. Out: the same rows.
//! Each file has the queries of one table family; the callers decide.
//! Never: a secret in clear (only hashes and wrapped keys), a decision, a write outside a transaction.

pub(crate) mod apps;
pub(crate) mod audit;
pub(crate) mod challenges;
pub(crate) mod credentials;
pub(crate) mod invitations;
pub(crate) mod keys;
pub(crate) mod logins;
pub(crate) mod posted;
pub(crate) mod responses;
pub(crate) mod sessions;
pub(crate) mod users;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};
use std::path::Path;
use std::time::Duration;

pub(crate) use sqlx::Error;
pub(crate) type Connection = sqlx::SqliteConnection;
pub(crate) type Write = Transaction<'static, Sqlite>;
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// The embedded database.
#[derive(Clone)]
pub(crate) struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens it and brings its schema up to date. A commit that returned is on disk.
    pub(crate) async fn open(path: &Path, create: bool) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await?;
        sqlx::migrate!().run(&pool).await?;
        Ok(Self { pool })
    }

    /// For reading.
    pub(crate) async fn read(&self) -> Result<PoolConnection<Sqlite>> {
        self.pool.acquire().await
    }

    /// For reading and writing. The write lock is taken at once, so that what was read still holds
    /// at the commit.
    pub(crate) async fn write(&self) -> Result<Write> {
        self.pool.begin_with("BEGIN IMMEDIATE").await
    }

    /// Waits until everything is written and lets go of the file.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// A statement of the schema that affected a row.
pub(crate) fn hit(done: &sqlx::sqlite::SqliteQueryResult) -> bool {
    done.rows_affected() > 0
}

/// How long what is over is kept, seconds: reports are taken for a day, verdicts kept for two.
const KEPT: u64 = 3 * 86_400;

/// Takes out what nobody can use any more. States of ended credentials stay.
pub(crate) async fn sweep(store: &Store, now: u64) -> Result<()> {
    let mut tx = store.write().await?;
    let long_over = (now.saturating_sub(KEPT)) as i64;
    for (statement, before) in [
        ("DELETE FROM sessions WHERE expires < ?", now as i64),
        ("DELETE FROM posted_requests WHERE expires < ?", now as i64),
        ("DELETE FROM logins WHERE expires < ?", long_over),
        ("DELETE FROM challenges WHERE expires < ?", long_over),
        ("DELETE FROM pages WHERE expires < ?", long_over),
    ] {
        sqlx::query(statement)
            .bind(before)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await
}

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
pub(crate) mod pins;
pub(crate) mod posted;
pub(crate) mod responses;
pub(crate) mod sessions;
pub(crate) mod users;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, Sqlite, SqlitePool, Transaction};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

pub(crate) use sqlx::Error;
pub(crate) type Connection = sqlx::SqliteConnection;
pub(crate) type Write = Transaction<'static, Sqlite>;
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Connections that read at the same time.
const READERS: usize = 3;

/// The embedded database: one connection that writes, since SQLite takes one writer at a time and lets
/// the others sleep, and a few that read. The readers are in no pool, which would ask each before and
/// after every use whether it is still there.
pub(crate) struct Store {
    writer: SqlitePool,
    /// None once it was closed.
    readers: Vec<Mutex<Option<Connection>>>,
    turn: AtomicUsize,
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
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await?;
        sqlx::migrate!().run(&writer).await?;
        let mut readers = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            readers.push(Mutex::new(Some(options.connect().await?)));
        }
        Ok(Self {
            writer,
            readers,
            turn: AtomicUsize::new(0),
        })
    }

    /// For reading.
    pub(crate) async fn read(&self) -> Result<MappedMutexGuard<'_, Connection>> {
        let free = self
            .readers
            .iter()
            .find_map(|reader| reader.try_lock().ok());
        let reader = match free {
            Some(free) => free,
            None => {
                let turn = self.turn.fetch_add(1, Ordering::Relaxed) % READERS;
                self.readers[turn].lock().await
            }
        };
        MutexGuard::try_map(reader, Option::as_mut).map_err(|_| Error::PoolClosed)
    }

    /// For reading and writing. The write lock is taken at once, so that what was read still holds
    /// at the commit.
    pub(crate) async fn write(&self) -> Result<Write> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// Waits until everything is written and lets go of the file.
    pub(crate) async fn close(&self) {
        for reader in &self.readers {
            if let Some(reader) = reader.lock().await.take() {
                // It wrote nothing.
                let _ = reader.close().await;
            }
        }
        self.writer.close().await;
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

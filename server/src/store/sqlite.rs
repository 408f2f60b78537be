//! The embedded database: one connection that writes, since SQLite takes one writer at a time, and a few
//! that read. The one file that names its library.
//!
//! A statement runs where it is called: it takes microseconds on pages that are in memory, less than the
//! way to another thread and back. So does a commit, which waits for the disk: of all threads one commits at
//! a time, and the runtime has one more than the machine has processors ([`crate::cli`]). What waits for
//! another process (a write lock that is taken) goes to a thread that may block.

use rusqlite::config::DbConfig;
use rusqlite::types::FromSql;
use rusqlite::{Connection as Sqlite, ErrorCode, OpenFlags, Params, TransactionBehavior};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};
use tokio::task::{spawn_blocking, yield_now};

pub(super) use rusqlite::params;

/// The schema, from the oldest change to the newest. Changes are added, never altered.
const MIGRATIONS: [&str; 21] = [
    include_str!("../../migrations/0001_first_light.sql"),
    include_str!("../../migrations/0002_posted_requests.sql"),
    include_str!("../../migrations/0003_pin.sql"),
    include_str!("../../migrations/0004_keys.sql"),
    include_str!("../../migrations/0005_calls.sql"),
    include_str!("../../migrations/0006_factors.sql"),
    include_str!("../../migrations/0007_others.sql"),
    include_str!("../../migrations/0008_admin.sql"),
    include_str!("../../migrations/0009_service.sql"),
    include_str!("../../migrations/0010_fewer_pages.sql"),
    include_str!("../../migrations/0011_phones.sql"),
    include_str!("../../migrations/0012_adding.sql"),
    include_str!("../../migrations/0013_policies.sql"),
    include_str!("../../migrations/0014_bounds.sql"),
    include_str!("../../migrations/0015_same.sql"),
    include_str!("../../migrations/0016_floods.sql"),
    include_str!("../../migrations/0017_history.sql"),
    include_str!("../../migrations/0018_recovery.sql"),
    include_str!("../../migrations/0019_invitations_by_browser.sql"),
    include_str!("../../migrations/0020_silent_others.sql"),
    include_str!("../../migrations/0021_approved.sql"),
];

/// Connections that read at the same time.
const READERS: usize = 3;

/// How long another process may hold what is needed here.
const PATIENCE: Duration = Duration::from_secs(10);

/// Statements that a connection keeps prepared: more than there are.
const PREPARED: usize = 128;

/// The database refuses, or can't be reached. It tells no values.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Engine(#[from] rusqlite::Error),
    #[error("it is a newer server's: start that one")]
    Newer,
    #[error("a row that must be there is missing")]
    Missing,
    #[error("it is closed")]
    Closed,
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// A connection, as the functions of this folder use it.
pub(crate) struct Connection(Sqlite);

/// Empty once the store was closed.
type Slot = Option<Connection>;

pub(crate) struct Store {
    writer: Arc<Mutex<Slot>>,
    readers: [Mutex<Slot>; READERS],
    turn: AtomicUsize,
}

impl Store {
    /// Opens it and brings its schema up to date. A commit that returned is on disk.
    pub(crate) async fn open(path: &Path, create: bool) -> Result<Self> {
        let mut writer = Connection::open(path, create)?;
        writer.migrate(&MIGRATIONS)?;
        // Who waits for another process does so on a thread of its own.
        writer.0.busy_timeout(Duration::ZERO)?;
        let reader = || -> Result<Mutex<Slot>> {
            let reader = Connection::open(path, false)?;
            reader.0.pragma_update(None, "query_only", true)?;
            Ok(Mutex::new(Some(reader)))
        };
        Ok(Self {
            writer: Arc::new(Mutex::new(Some(writer))),
            readers: [reader()?, reader()?, reader()?],
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
        MutexGuard::try_map(reader, Option::as_mut).map_err(|_| Error::Closed)
    }

    /// For reading and writing. The write lock is taken at once, so that what was read still holds
    /// at the commit.
    pub(crate) async fn write(&self) -> Result<Write> {
        let writer = self.writer.clone().lock_owned().await;
        let writer = OwnedMutexGuard::try_map(writer, Option::as_mut).map_err(|_| Error::Closed)?;
        let mut write = Write(writer);
        match write.0.begin() {
            Err(Error::Engine(error)) if is_busy(&error) => {
                let patient = move || write.0.begin_patiently().map(|()| write);
                spawn_blocking(patient).await.map_err(|_| Error::Closed)?
            }
            begun => begun.map(|()| write),
        }
    }

    /// Whether it answers.
    pub(crate) async fn answers(&self) -> Result<()> {
        self.read().await?.one::<i64>("SELECT 1", []).map(drop)
    }

    /// Waits until everything is written and lets go of the file.
    pub(crate) async fn close(&self) {
        for reader in &self.readers {
            drop(reader.lock().await.take());
        }
        drop(self.writer.lock().await.take());
    }
}

/// A transaction. What isn't committed is undone.
pub(crate) struct Write(OwnedMappedMutexGuard<Slot, Connection>);

impl Write {
    /// Once it returns, everything is on disk; on an error, nothing. It holds its thread so long.
    pub(crate) async fn commit(mut self) -> Result<()> {
        self.0.run("COMMIT", [])?;
        drop(self);
        // Who came meanwhile, to this thread or for the next transaction, goes first.
        yield_now().await;
        Ok(())
    }
}

impl std::ops::Deref for Write {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl std::ops::DerefMut for Write {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        if !self.0.0.is_autocommit() {
            // Should it fail, the next one can't begin, and says so.
            let _ = self.0.run("ROLLBACK", []);
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

impl Connection {
    fn open(path: &Path, create: bool) -> Result<Self> {
        // Each is used by one thread at a time: the type system sees to it.
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
        let db = Sqlite::open_with_flags(path, flags)?;
        db.busy_timeout(PATIENCE)?;
        db.set_prepared_statement_cache_capacity(PREPARED);
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        // Or a statement is prepared anew for other values of a bound or limit.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(Self(db))
    }

    fn migrate(&mut self, migrations: &[&str]) -> Result<()> {
        let version = |db: &Sqlite| -> rusqlite::Result<u32> {
            db.pragma_query_value(None, "user_version", |row| row.get(0))
        };
        if version(&self.0)? as usize == migrations.len() {
            return Ok(());
        }
        let tx = self
            .0
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        // As it is now: another process may have been first.
        let done = version(&tx)? as usize;
        for migration in migrations.get(done..).ok_or(Error::Newer)? {
            tx.execute_batch(migration)?;
        }
        tx.pragma_update(None, "user_version", migrations.len() as u32)?;
        Ok(tx.commit()?)
    }

    fn begin(&mut self) -> Result<()> {
        self.run("BEGIN IMMEDIATE", []).map(drop)
    }

    fn begin_patiently(&mut self) -> Result<()> {
        self.0.busy_timeout(PATIENCE)?;
        let begun = self.begin();
        self.0.busy_timeout(Duration::ZERO)?;
        begun
    }

    /// Runs a statement; how many rows it touched.
    pub(super) fn run(&mut self, sql: &str, values: impl Params) -> Result<usize> {
        Ok(self.0.prepare_cached(sql)?.execute(values)?)
    }

    /// The first row, if there is one.
    pub(super) fn one<T: Row>(&mut self, sql: &str, values: impl Params) -> Result<Option<T>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        rows.next()?
            .map(|row| T::read(&mut Values(row, 0)))
            .transpose()
    }

    /// All rows.
    pub(super) fn all<T: Row>(&mut self, sql: &str, values: impl Params) -> Result<Vec<T>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let (mut rows, mut all) = (statement.query(values)?, Vec::new());
        while let Some(row) = rows.next()? {
            all.push(T::read(&mut Values(row, 0))?);
        }
        Ok(all)
    }

    /// How many rows a query finds, for `fuzz/`.
    #[cfg(fuzzing)]
    pub(crate) fn count(&mut self, sql: &str) -> Result<i64> {
        Ok(self.one(sql, [])?.unwrap_or_default())
    }

    /// What a test looks at.
    #[cfg(test)]
    pub(crate) fn look<T: Row>(&mut self, sql: &str) -> Vec<T> {
        self.all(sql, []).unwrap()
    }
}

/// What a query finds in one row.
pub(crate) trait Row: Sized {
    /// Takes the values in the order of the query's columns.
    fn read(values: &mut Values<'_>) -> Result<Self>;
}

/// The values of a row, one after the other.
pub(crate) struct Values<'a>(&'a rusqlite::Row<'a>, usize);

impl Values<'_> {
    pub(super) fn next<T: FromSql>(&mut self) -> Result<T> {
        let value = self.0.get(self.1)?;
        self.1 += 1;
        Ok(value)
    }
}

impl Row for i64 {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        values.next()
    }
}

impl Row for String {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        values.next()
    }
}

impl Row for Option<String> {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        values.next()
    }
}

impl<A: FromSql, B: FromSql> Row for (A, B) {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok((values.next()?, values.next()?))
    }
}

#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod tests;

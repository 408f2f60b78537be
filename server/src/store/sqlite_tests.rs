use super::*;
use crate::store::logins;
use tempfile::TempDir;

const ALL: &str = "SELECT account FROM users ORDER BY account";
const ADD: &str = "INSERT INTO users (id, account, name, admin, created) VALUES (?1, ?1, '', 0, 0)";

async fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&path(&folder), true).await.unwrap();
    (folder, store)
}

fn path(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("db")
}

async fn accounts(store: &Store) -> Vec<String> {
    store.read().await.unwrap().look(ALL)
}

#[tokio::test]
async fn what_is_not_committed_is_undone() {
    let (_folder, store) = store().await;
    let mut write = store.write().await.unwrap();
    write.run(ADD, ["anna"]).unwrap();
    assert!(accounts(&store).await.is_empty());
    write.commit().await.unwrap();
    let mut write = store.write().await.unwrap();
    write.run(ADD, ["bob"]).unwrap();
    assert_eq!(write.look::<String>(ALL), ["anna", "bob"]);
    drop(write);
    assert_eq!(accounts(&store).await, ["anna"]);
    // A refused statement leaves the transaction as it was, and the connection usable.
    let mut write = store.write().await.unwrap();
    assert!(write.run(ADD, ["anna"]).is_err());
    write.run(ADD, ["carla"]).unwrap();
    write.commit().await.unwrap();
    assert_eq!(accounts(&store).await, ["anna", "carla"]);
}

#[tokio::test]
async fn who_reads_writes_nothing() {
    let (_folder, store) = store().await;
    assert!(store.read().await.unwrap().run(ADD, ["anna"]).is_err());
}

#[tokio::test]
async fn another_process_that_writes_is_waited_for() {
    let (folder, store) = store().await;
    let mut other = Connection::open(&path(&folder), false).unwrap();
    other.begin().unwrap();
    other.run(ADD, ["anna"]).unwrap();
    let (mut write, ()) = tokio::join!(async { store.write().await.unwrap() }, async {
        // The first try met the lock by now: both run on one thread, in this order.
        other.run("COMMIT", []).unwrap();
    });
    assert_eq!(write.look::<String>(ALL), ["anna"]);
    write.run(ADD, ["bob"]).unwrap();
    write.commit().await.unwrap();
    assert_eq!(accounts(&store).await, ["anna", "bob"]);
}

#[tokio::test]
async fn a_commit_is_on_disk_and_references_are_kept() {
    let (_folder, store) = store().await;
    let mut write = store.write().await.unwrap();
    assert_eq!(write.look::<String>("PRAGMA journal_mode"), ["wal"]);
    // FULL.
    assert_eq!(write.look::<i64>("PRAGMA synchronous"), [2]);
    let orphan = "INSERT INTO pages (token_hash, user, expires, made) VALUES ('a', 'nobody', 0, 0)";
    assert!(write.run(orphan, []).is_err());
}

#[tokio::test]
async fn a_schema_is_brought_up_to_date_once_and_a_newer_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = Connection::open(&path(&folder), true).unwrap();
    db.migrate(&MIGRATIONS[..1]).unwrap();
    db.run(ADD, ["anna"]).unwrap();
    assert!(db.run("SELECT 1 FROM posted_requests", []).is_err());
    for _ in 0..2 {
        let store = Store::open(&path(&folder), false).await.unwrap();
        assert_eq!(accounts(&store).await, ["anna"]);
        store.close().await;
        assert!(matches!(store.read().await, Err(Error::Closed)));
        assert!(matches!(store.write().await, Err(Error::Closed)));
    }
    assert!(db.look::<i64>("SELECT 1 FROM posted_requests").is_empty());
    db.0.pragma_update(None, "user_version", 99).unwrap();
    let newer = Store::open(&path(&folder), false).await;
    assert!(matches!(newer, Err(Error::Newer)));
    // Nor is a file made where there should be one.
    let other = folder.path().join("other");
    assert!(Store::open(&other, false).await.is_err() && !other.exists());
}

#[tokio::test]
async fn a_login_that_waits_goes_on_under_a_newer_schema() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = Connection::open(&path(&folder), true).unwrap();
    db.migrate(&MIGRATIONS[..14]).unwrap();
    db.run(
        "INSERT INTO apps (id, name, entity_id, audience, require_signed, enabled, created)
         VALUES ('wiki', 'Wiki', 'e', 'e', 0, 1, 0)",
        [],
    )
    .unwrap();
    db.run(
        "INSERT INTO logins (id, session_hash, app, request_id, request, expires, stage, txn, begun)
         VALUES ('a', 's', 'wiki', 'r', '{}', 9, 'waiting', 't', 7)",
        [],
    )
    .unwrap();
    db.migrate(&MIGRATIONS).unwrap();
    let login = logins::by_id(&mut db, "a").await.unwrap().unwrap();
    assert_eq!(
        (login.stage.as_str(), login.txn.as_deref()),
        ("waiting", Some("t"))
    );
    assert!(!login.same && login.remote_at == Some(7) && login.return_hash.is_none());
}

#[tokio::test]
async fn a_change_of_the_schema_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = Connection::open(&path(&folder), true).unwrap();
    assert!(
        db.migrate(&[MIGRATIONS[0], "CREATE TABLE users (id TEXT)"])
            .is_err()
    );
    assert_eq!(db.look::<i64>("PRAGMA user_version"), [0]);
    db.migrate(&MIGRATIONS).unwrap();
}

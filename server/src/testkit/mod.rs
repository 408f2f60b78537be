//! What the tests of this crate share: a real server in a folder of its own, made by the command line.
//!
//! In: calls of browsers, phones and an administrator. Out: what the server answers, stores and writes
//! into its audit. Never: a network, a mocked part of the server, a phone that uses the server's code.

mod answer;
mod browser;
mod letters;
mod phone;
mod pin;
mod provider;
mod recovery;
mod same;
mod service;
mod told;
mod words;

pub(crate) use answer::Answer;
pub(crate) use browser::{Browser, Page};
pub(crate) use letters::Letters;
pub(crate) use phone::{
    Enrolment, Pending, Phone, ask_offer, call, make_key, origin, post, post_json,
    registration_call, sign,
};
pub(crate) use pin::Typed;
pub(crate) use provider::{Provider, address, provider_certificate, signed_address};
pub(crate) use service::{CHALLENGES, Shop, payment};
pub(crate) use told::Other;
pub(crate) use words::{around_heard, shown};

use crate::app::{App, Shared};
use crate::cli;
use crate::config::Config;
use crate::store::{audit, sessions, users};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use countersign_protocol::Id;
use countersign_protocol::invitation::Invitation;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tower::ServiceExt as _;

/// 2026-11-24T10:00:00Z, when every story begins.
pub(crate) const NOW: u64 = 1_795_514_400;
pub(crate) const ORIGIN: &str = "https://id.example.com";
pub(crate) const ANNA: &str = "anna@example.com";
pub(crate) const BOB: &str = "bob@example.com";

/// The server's clock, and how often it was looked at.
#[derive(Default)]
pub(crate) struct Time {
    now: AtomicU64,
    looks: AtomicU64,
}

/// What is stored, row by row, without the audit.
pub(crate) type Snapshot = BTreeMap<String, Vec<String>>;

/// A server with the administrator Anna and the application "wiki".
pub(crate) struct World {
    folder: TempDir,
    pub(crate) app: Shared,
    router: Router,
    time: Arc<Time>,
}

/// The files of a new server: RSA keys take long, so they are made once.
async fn template() -> &'static [(String, Vec<u8>)] {
    static FILES: OnceCell<Vec<(String, Vec<u8>)>> = OnceCell::const_new();
    FILES.get_or_init(make_template).await
}

async fn make_template() -> Vec<(String, Vec<u8>)> {
    let (tls, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let certified = rcgen::generate_simple_self_signed(vec!["id.example.com".to_owned()]).unwrap();
    let file = |name: &str| tls.path().join(name).display().to_string();
    std::fs::write(file("crt"), certified.cert.pem()).unwrap();
    std::fs::write(file("key"), certified.signing_key.serialize_pem()).unwrap();
    let dir = folder.path().display().to_string();
    let line = [
        "init",
        "--dir",
        &dir,
        "--origin",
        ORIGIN,
        "--name",
        "Example ID",
        "--admin",
        ANNA,
        "--admin-name",
        "Anna Meyer",
        "--tls-cert",
        &file("crt"),
        "--tls-key",
        &file("key"),
    ];
    cli::typed(None, &line).await.unwrap();
    let mut files = Vec::new();
    for (at, folder) in [("", &dir), ("signing/", &format!("{dir}/signing"))] {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_file() {
                let name = format!("{at}{}", entry.file_name().to_string_lossy());
                files.push((name, std::fs::read(entry.path()).unwrap()));
            }
        }
    }
    files
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_settings(|settings| settings).await
    }

    /// A world whose settings file was edited.
    pub(crate) async fn with_settings(edit: impl FnOnce(String) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("signing")).unwrap();
        for (name, bytes) in template().await {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let settings = folder.path().join("countersign.toml");
        let text = std::fs::read_to_string(&settings).unwrap();
        std::fs::write(&settings, edit(text)).unwrap();
        let world = Self::open(folder).await;
        world.add_app(&Provider::wiki(), &[]).await;
        world
    }

    /// Another process of the same server, with changed settings: a command.
    pub(crate) async fn beside(&self, edit: impl FnOnce(String) -> String) -> App {
        let settings = self.folder.path().join("countersign.toml");
        let text = std::fs::read_to_string(&settings).unwrap();
        std::fs::write(&settings, edit(text)).unwrap();
        Self::start(self.folder.path(), &self.time).await
    }

    async fn start(folder: &Path, time: &Arc<Time>) -> App {
        let clock = time.clone();
        let read = move || {
            clock.looks.fetch_add(1, Ordering::SeqCst);
            clock.now.load(Ordering::SeqCst)
        };
        let config = Config::load(&folder.join("countersign.toml")).unwrap();
        App::open(config, Box::new(read)).await.unwrap()
    }

    /// A server made of a copy of this one's files, under the same clock: a backup.
    pub(crate) async fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("signing")).unwrap();
        for part in ["", "signing"] {
            let from = self.folder().join(part);
            for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
                if entry.path().is_file() {
                    let to = folder.path().join(part).join(entry.file_name());
                    std::fs::copy(entry.path(), to).unwrap();
                }
            }
        }
        Self::open_at(folder, self.time.clone()).await
    }

    async fn open(folder: TempDir) -> Self {
        let time = Arc::new(Time::default());
        time.now.store(NOW, Ordering::SeqCst);
        Self::open_at(folder, time).await
    }

    async fn open_at(folder: TempDir, time: Arc<Time>) -> Self {
        let app = Arc::new(Self::start(folder.path(), &time).await);
        let router = crate::serve::router(app.clone(), crate::connections::PATIENCE);
        Self {
            folder,
            app,
            router,
            time,
        }
    }

    /// A world that asks for a PIN of six digits at least.
    pub(crate) async fn with_pin() -> Self {
        Self::with_settings(|settings| {
            let (min, pin) = (r#"min = [["dev"]]"#, "pin = 0");
            assert!(settings.contains(min) && settings.contains(pin));
            settings
                .replacen(min, r#"min = [["dev", "pin"]]"#, 1)
                .replacen(pin, "pin = 6", 1)
        })
        .await
    }

    /// A world whose policy takes PIN or gesture.
    pub(crate) async fn with_factors() -> Self {
        Self::with_settings(|settings| {
            settings
                .replacen(r#"min = [["dev"]]"#, r#"min = [["dev", "pin"], ["uv"]]"#, 1)
                .replacen("pin = 0", "pin = 6", 1)
        })
        .await
    }

    /// Anna adds a phone that has a K_uv too.
    pub(crate) async fn with_uv_phone(&self) -> Phone<'_> {
        let enrolment = Enrolment::begin(self, ANNA).await;
        enrolment.with_uv().finish().await
    }

    /// Anna adds a phone.
    pub(crate) async fn with_phone(&self) -> Phone<'_> {
        Enrolment::begin(self, ANNA).await.finish().await
    }

    /// Somebody else is there, and adds a phone.
    pub(crate) async fn with_bob(&self) -> Phone<'_> {
        self.add_user(BOB).await;
        Enrolment::begin(self, BOB).await.finish().await
    }

    /// Anna has two phones; neither has anything left to acknowledge.
    pub(crate) async fn with_two_phones(&self) -> [Phone<'_>; 2] {
        let first = self.with_phone().await;
        // Lists have the older one first.
        self.pass(1);
        let second = Enrolment::begin_by_admin(self, ANNA).await;
        let second = second.finish_by_admin(ANNA).await;
        for phone in [&first, &second] {
            phone.acknowledge_all().await;
        }
        [first, second]
    }

    pub(crate) fn now(&self) -> u64 {
        self.time.now.load(Ordering::SeqCst)
    }

    /// Time passes.
    pub(crate) fn pass(&self, seconds: u64) {
        self.time.now.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The server's clock is set back.
    pub(crate) fn set_back(&self, seconds: u64) {
        self.time.now.fetch_sub(seconds, Ordering::SeqCst);
    }

    /// How often the server has looked at its clock.
    pub(crate) fn looks(&self) -> u64 {
        self.time.looks.load(Ordering::SeqCst)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A call as it comes in from 192.0.2.1.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.send_from("192.0.2.1:50000", request).await
    }

    pub(crate) async fn send_from(&self, peer: &str, mut request: Request<Body>) -> Answer {
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        Answer::read(response).await
    }

    pub(crate) async fn try_command(&self, line: &[&str]) -> Result<Vec<Value>, String> {
        let said = cli::typed(Some(&self.app), line).await;
        said.map_err(|error| error.to_string())
    }

    pub(crate) async fn command(&self, line: &[&str]) -> Value {
        let said = self.try_command(line).await.unwrap();
        said.into_iter().next().unwrap_or_default()
    }

    pub(crate) async fn add_app(&self, provider: &Provider, more: &[&str]) {
        let slug = provider.slug;
        let mut line = vec!["app", "add", slug, "--name", "Wiki", "--entity-id"];
        line.extend([provider.entity_id.as_str(), "--acs", provider.acs.as_str()]);
        line.extend(more);
        self.command(&line).await;
    }

    pub(crate) async fn add_user(&self, account: &str) {
        self.command(&["user", "add", account, "--name", "Bob Miller"])
            .await;
    }

    /// The path of a page that adds a phone, as an administrator hands it out.
    pub(crate) async fn invite(&self, account: &str) -> String {
        let said = self.command(&["invite", account]).await;
        let address = said["page"].as_str().unwrap();
        address.strip_prefix(ORIGIN).unwrap().to_owned()
    }

    /// A page, a browser that shows its invitation, and the link in it.
    pub(crate) async fn invitation(&self, account: &str) -> (Browser<'_>, Page, Invitation) {
        let path = self.invite(account).await;
        let browser = Browser::new(self);
        let page = browser.open(&path).await;
        let page = browser.press(&page, &path).await;
        let link = page.invitation();
        (browser, page, link)
    }

    /// The same for somebody new.
    pub(crate) async fn invitation_of(&self, account: &str) -> (Browser<'_>, Page, Invitation) {
        self.add_user(account).await;
        self.invitation(account).await
    }

    /// A browser that waits for Anna's phone.
    pub(crate) async fn waiting(&self) -> (Browser<'_>, Page) {
        let browser = Browser::new(self);
        let page = browser.ask(&Provider::wiki(), ANNA).await;
        (browser, page)
    }

    /// The same of a browser that Anna signed in with long ago: it is counted apart from strangers.
    pub(crate) async fn waiting_known(&self) -> (Browser<'_>, Page) {
        let browser = self.known_browser().await;
        let page = browser.ask(&Provider::wiki(), ANNA).await;
        (browser, page)
    }

    /// A browser that Anna signed in with long ago.
    pub(crate) async fn known_browser(&self) -> Browser<'_> {
        let browser = Browser::new(self);
        let cookie = Id::make().unwrap().to_string();
        browser.plant("__Host-browser", &cookie);
        let mut tx = self.app.store.write().await.unwrap();
        let anna = users::by_account(&mut tx, ANNA).await.unwrap().unwrap();
        let hash = crate::web::hash(&cookie);
        let done = sessions::remember(&mut tx, None, &hash, &anna.id, self.now());
        done.await.unwrap();
        tx.commit().await.unwrap();
        browser
    }

    /// What is stored, without the audit.
    pub(crate) async fn snapshot(&self) -> Snapshot {
        let mut db = self.app.store.read().await.unwrap();
        let tables: Vec<String> =
            db.look("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'audit'");
        let mut found = Snapshot::new();
        for table in tables {
            let columns: Vec<String> =
                db.look(&format!("SELECT name FROM pragma_table_info('{table}')"));
            let columns: Vec<String> = columns
                .iter()
                .map(|name| format!("'{name}=' || quote({name})"))
                .collect();
            let sql = format!("SELECT {} FROM {table} ORDER BY 1", columns.join("||' '||"));
            found.insert(table, db.look(&sql));
        }
        found
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> usize {
        self.snapshot().await[table].len()
    }

    /// The one value that a query finds.
    pub(crate) async fn value(&self, sql: &'static str) -> String {
        let mut db = self.app.store.read().await.unwrap();
        let found: Vec<Option<String>> = db.look(sql);
        found.into_iter().next().flatten().unwrap_or_default()
    }

    /// The audit from entry `after` on: event and result.
    pub(crate) async fn audit(&self, after: usize) -> Vec<(String, String)> {
        let mut db = self.app.store.read().await.unwrap();
        db.look(&format!(
            "SELECT event, result FROM audit WHERE n > {after} ORDER BY n"
        ))
    }

    /// Looks on while something is tried that must be refused: nothing may be stored but these entries
    /// of the audit.
    pub(crate) async fn refuses<T>(
        &self,
        entries: &[(&str, &str)],
        attempt: impl Future<Output = T>,
    ) -> T {
        let (before, length) = (self.snapshot().await, self.audit(0).await.len());
        let answer = attempt.await;
        for (table, rows) in self.snapshot().await {
            let new: Vec<_> = rows
                .iter()
                .filter(|row| !before[&table].contains(row))
                .collect();
            assert!(
                new.is_empty() && rows.len() == before[&table].len(),
                "{table}: {new:#?}"
            );
        }
        let entries: Vec<_> = entries
            .iter()
            .map(|(event, result)| ((*event).to_owned(), (*result).to_owned()))
            .collect();
        assert_eq!(self.audit(length).await, entries);
        answer
    }

    /// The end of every story: the chain of the audit is whole.
    pub(crate) async fn end(&self) {
        let mut db = self.app.store.read().await.unwrap();
        let chain = audit::check(&mut db, None).await.unwrap();
        drop(db);
        let count = self.audit(0).await.len() as i64;
        assert!(
            matches!(&chain, audit::Chain::Whole { n, .. } if *n == count),
            "{chain:?}"
        );
    }
}

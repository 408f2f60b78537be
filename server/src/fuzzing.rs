//! In: requests, settings and lines of nobody's making, from `fuzz/`. Out: what a whole server makes of them.
//! Never: in a build that isn't libFuzzer's; a network, a clock that goes by itself.

use crate::app::{App, Shared};
use crate::cli;
use crate::config::Config;
use crate::conformance;
use crate::connections::PATIENCE;
use crate::store::audit;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use serde_json::Value;
use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

/// When everything happens, seconds since 1970.
pub const NOW: u64 = 1_795_514_400;
/// The server's only address.
pub const ORIGIN: &str = "https://id.example.com";
/// Its administrator.
pub const ANNA: &str = "anna@example.com";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the server answered.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is stored at the end of a run, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Phones that may answer.
    pub active: i64,
    /// Sessions of somebody.
    pub signed_in: i64,
    /// Logins that were handed to an application, or may be.
    pub approved: i64,
    /// Requests of applications that were approved.
    pub confirmed: i64,
}

/// A server in a folder: its router, called directly.
pub struct Desk {
    folder: PathBuf,
    runtime: Runtime,
    open: Option<(Shared, Router)>,
}

impl Desk {
    /// Makes a server in this folder: the administrator [`ANNA`], nothing else. `certificate` and `key` are files.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn make(folder: &Path, certificate: &Path, key: &Path) -> Outcome<Self> {
        // Time passes when nothing else is left to do, so that nobody waits.
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        let words = [folder, certificate, key].map(|path| path.display().to_string());
        let line = [
            "init",
            "--dir",
            &words[0],
            "--origin",
            ORIGIN,
            "--name",
            "Example ID",
            "--admin",
            ANNA,
            "--admin-name",
            "Anna Meyer",
            "--tls-cert",
            &words[1],
            "--tls-key",
            &words[2],
        ];
        runtime.block_on(cli::typed(None, &line))?;
        let mut desk = Self {
            folder: folder.to_owned(),
            runtime,
            open: None,
        };
        desk.open()?;
        Ok(desk)
    }

    fn open(&mut self) -> Outcome<()> {
        let config = Config::load(&self.folder.join("countersign.toml"))?;
        let app = self.runtime.block_on(App::open(config, Box::new(|| NOW)))?;
        let app = Arc::new(app);
        self.open = Some((app.clone(), crate::serve::router(app, PATIENCE)));
        Ok(())
    }

    fn app(&self) -> Outcome<&(Shared, Router)> {
        self.open.as_ref().ok_or_else(|| "it is closed".into())
    }

    /// Closes the server and gives its database.
    ///
    /// # Errors
    /// It can't be read.
    pub fn image(&mut self) -> Outcome<Vec<u8>> {
        if let Some((app, _)) = self.open.take() {
            self.runtime.block_on(app.store.close());
        }
        Ok(std::fs::read(self.database())?)
    }

    /// Starts it with this database.
    ///
    /// # Errors
    /// It can't be written, or is none.
    pub fn restart(&mut self, image: &[u8]) -> Outcome<()> {
        if let Some((app, _)) = self.open.take() {
            self.runtime.block_on(app.store.close());
        }
        let database = self.database();
        for beside in ["-wal", "-shm"] {
            let mut name = database.clone().into_os_string();
            name.push(beside);
            match std::fs::remove_file(name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        std::fs::write(database, image)?;
        self.open()
    }

    fn database(&self) -> PathBuf {
        self.folder.join("countersign.db")
    }

    /// A command of the administrator; the objects that `--json` prints.
    ///
    /// # Errors
    /// It was refused.
    pub fn command(&self, line: &[&str]) -> Outcome<Vec<Value>> {
        Ok(self
            .runtime
            .block_on(cli::typed(Some(&self.app()?.0), line))?)
    }

    /// A request, as HTTP had it: None where it is none that could come over a line.
    ///
    /// # Errors
    /// The server is closed, or its answer doesn't end.
    pub fn call(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &[u8])],
        body: &[u8],
    ) -> Outcome<Option<Answer>> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let Ok(mut request) = request.body(Body::from(body.to_vec())) else {
            return Ok(None);
        };
        let peer = SocketAddr::from(([192, 0, 2, 1], 50_000));
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = self.app()?.1.clone();
        self.runtime.block_on(async move {
            let (parts, body) = router.oneshot(request).await?.into_parts();
            let headers = parts.headers.iter().map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            });
            Ok(Some(Answer {
                status: parts.status.as_u16(),
                headers: headers.collect(),
                body: to_bytes(body, 1 << 20).await?.to_vec(),
            }))
        })
    }

    /// What is stored now; that the audit is whole is tested on the way.
    ///
    /// # Errors
    /// The audit is broken, or the database can't be read.
    pub fn count(&self) -> Outcome<Count> {
        let app = &self.app()?.0;
        self.runtime.block_on(async {
            let mut db = app.store.read().await?;
            let chain = audit::check(&mut db, None).await?;
            if !matches!(chain, audit::Chain::Whole { .. }) {
                return Err(format!("the audit: {chain:?}").into());
            }
            let active = "SELECT count(*) FROM credentials WHERE standing = 'active'";
            let signed_in = "SELECT count(*) FROM sessions WHERE signed_in IS NOT NULL";
            let approved = "SELECT count(*) FROM logins WHERE stage IN ('approved', 'done', 'returning', 'returned')";
            let confirmed = "SELECT count(*) FROM asks WHERE stage = 'approved'";
            Ok(Count {
                active: db.count(active)?,
                signed_in: db.count(signed_in)?,
                approved: db.count(approved)?,
                confirmed: db.count(confirmed)?,
            })
        })
    }
}

/// Settings as they are understood, written again; None where they are refused. `overrides` are what the environment says.
#[must_use]
pub fn settings(text: &str, overrides: &[(&str, &str)]) -> Option<String> {
    let read = |name: &str| {
        let mut found = overrides.iter().filter(|(other, _)| *other == name);
        found.next().map(|(_, value)| (*value).to_owned())
    };
    let config = Config::parse(text, Path::new("countersign.toml"), read).ok()?;
    toml::to_string(&config.file).ok()
}

/// A line of the conformance kit's hook.
#[must_use]
pub fn hook_answer(line: &str) -> Option<String> {
    conformance::hook_answer(line).ok()
}

//! The real server of a run, in a folder of its own that was not there before: its clock goes as the script says, and the script
//! has its signing key. Neither is possible with a server that was there before: this one makes its keys and its database itself.

use super::forge;
use super::line::{Line, through};
use crate::app::{App, Shared, system_time};
use crate::cli;
use crate::config::Config;
use crate::connections::PATIENCE;
use crate::crypto;
use crate::keyring::{key_files, read_key};
use crate::serve;
use crate::signer::StartError;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use axum_server::tls_rustls::RustlsConfig;
use countersign_protocol::Id;
use countersign_protocol::crypto::SigningKey;
use serde_json::Value;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) const ACCOUNT: &str = "anna@example.com";

/// How long a request waits for its answer, seconds; the policy allows as much.
pub(super) const LIFE: u64 = 600;

/// Where a run's server is, and what it is made of.
pub(super) struct Place<'a> {
    /// The public address, `https://host[:port]`.
    pub(super) origin: &'a str,
    /// Address and port to listen on.
    pub(super) listen: SocketAddr,
    /// TLS certificate chain, PEM.
    pub(super) certificate: &'a Path,
    /// TLS key, PEM.
    pub(super) key: &'a Path,
    /// The folder to make for it; it must not be there.
    pub(super) dir: &'a Path,
}

pub(super) struct Lab {
    pub(super) app: Shared,
    pub(super) line: Arc<Line>,
    /// S as the phone met it.
    pub(super) s: Arc<SigningKey>,
    /// A key that nobody named.
    pub(super) stranger: Arc<SigningKey>,
    root: PathBuf,
    ahead: Arc<AtomicU64>,
    apps: u32,
}

fn text(path: &Path) -> Result<&str, StartError> {
    path.to_str()
        .ok_or_else(|| StartError::said("a path that is no text"))
}

fn stranger() -> Result<SigningKey, StartError> {
    let made = SigningKey::make_ed25519().and_then(|document| SigningKey::from_pkcs8(&document));
    made.map_err(|_| StartError::said("no key can be made"))
}

impl Lab {
    /// Makes the server and serves it, with these files beside it.
    pub(super) async fn make(
        place: &Place<'_>,
        vectors: &'static [(&'static str, &'static str)],
    ) -> Result<Self, StartError> {
        if place.dir.exists() {
            let why = format!(
                "{} is there already; --dir is made anew",
                place.dir.display()
            );
            return Err(StartError::Said(why));
        }
        let listen = place.listen.to_string();
        let mut line = vec!["init", "--dir", text(place.dir)?, "--origin", place.origin];
        line.extend([
            "--listen",
            &listen,
            "--name",
            "Conformance",
            "--admin",
            ACCOUNT,
        ]);
        line.extend([
            "--admin-name",
            "Anna Meyer",
            "--tls-cert",
            text(place.certificate)?,
        ]);
        line.extend(["--tls-key", text(place.key)?]);
        cli::typed(None, &line).await?;
        let settings = place.dir.join("countersign.toml");
        ask_for_pin(&settings)?;
        let config = Config::load(&settings)?;
        let mut keys = key_files(&config)?.into_iter();
        let s = keys.next().map(|(path, _)| read_key(&path));
        let s = s.ok_or_else(|| StartError::said("no signing key"))??;
        let ahead = Arc::new(AtomicU64::new(0));
        let clock = ahead.clone();
        let clock = move || system_time() + clock.load(Ordering::SeqCst);
        let app = Arc::new(App::open(config, Box::new(clock)).await?);
        let line = Line::new(app.clone());
        listen_at(place, &app, &line, vectors)?;
        Ok(Self {
            app,
            line,
            s: Arc::new(s),
            stranger: Arc::new(stranger()?),
            root: place.dir.join("root.key"),
            ahead,
            apps: 0,
        })
    }

    /// A command of the administrator's; the object that it says.
    pub(super) async fn command(&self, line: &[&str]) -> Result<Value, StartError> {
        let said = cli::typed(Some(&self.app), line).await?;
        Ok(said.into_iter().next().unwrap_or_default())
    }

    /// Time passes at the server.
    pub(super) fn pass(&self, seconds: u64) {
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(super) fn now(&self) -> u64 {
        self.app.now()
    }

    /// An invitation.
    pub(super) async fn invite(&self) -> Result<String, StartError> {
        let said = self.command(&["phone", "add", ACCOUNT]).await?;
        Ok(said["invitation"].as_str().unwrap_or_default().to_owned())
    }

    /// An application asks for a step-up; the number to type.
    pub(super) async fn ask(&mut self) -> Result<String, StartError> {
        // Each time another one, so that none is busy.
        self.apps += 1;
        let (slug, host) = (
            format!("shop{}", self.apps),
            format!("shop{}.example.com", self.apps),
        );
        let line = ["app", "add", &slug, "--name", "Shop", "--host", &host];
        self.command(&line).await?;
        let life = LIFE.to_string();
        let line = ["ask", "--app", &slug, "--account", ACCOUNT, "--life", &life];
        let said = self.command(&line).await?;
        Ok(said["number"].as_str().unwrap_or_default().to_owned())
    }

    /// Another S signs from now on; with `only_new` no other is good.
    pub(super) async fn rotate(&self, only_new: bool) -> Result<(), StartError> {
        let mut line = vec!["keys", "rotate", "--root-key", text(&self.root)?];
        line.extend(only_new.then_some("--only-new"));
        self.command(&line).await?;
        // As it is with the next call of a phone; the script asks before.
        self.app.follow_keys().await;
        Ok(())
    }

    /// R, which a run may need to sign what it never should.
    pub(super) fn root(&self) -> Result<SigningKey, StartError> {
        read_key(&self.root)
    }

    /// A statement by S as the phone met it.
    pub(super) fn sign(&self, typ: &str, members: &Value) -> String {
        forge::make(&self.s, typ, members).unwrap_or_default()
    }

    /// A new random id.
    pub(super) fn id(&self) -> String {
        Id::make().map(|id| id.to_string()).unwrap_or_default()
    }
}

/// The settings of the run: a PIN with every answer, and the number.
fn ask_for_pin(settings: &Path) -> Result<(), StartError> {
    let unread = |_| StartError::said("settings of our own that cannot be read");
    let mut table: toml::Table = std::fs::read_to_string(settings)?.parse().map_err(unread)?;
    if let Some(policy) = table.get_mut("policy").and_then(toml::Value::as_table_mut) {
        let alternative = toml::Value::Array(vec!["dev".into(), "pin".into()]);
        policy.insert("min".into(), toml::Value::Array(vec![alternative]));
        policy.insert("pin".into(), 6.into());
        policy.insert("match".into(), true.into());
    }
    if let Some(challenge) = table
        .get_mut("challenge")
        .and_then(toml::Value::as_table_mut)
    {
        challenge.insert("life".into(), (LIFE as i64).into());
    }
    Ok(std::fs::write(settings, table.to_string())?)
}

/// Opens the port and answers from then on.
fn listen_at(
    place: &Place<'_>,
    app: &Shared,
    line: &Arc<Line>,
    vectors: &'static [(&'static str, &'static str)],
) -> Result<(), StartError> {
    let tls = crypto::tls(place.certificate, place.key)?;
    let listener = TcpListener::bind(place.listen)?;
    listener.set_nonblocking(true)?;
    let mut files = Router::new();
    for (name, text) in vectors {
        let answer = get(async move || super::line::file(text));
        files = files.route(&format!("/vectors/{name}"), answer);
    }
    let through = from_fn_with_state(line.clone(), through);
    let router = serve::router(app.clone(), PATIENCE)
        .layer(through)
        .merge(files);
    let server = axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(tls))?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { server.serve(service).await });
    Ok(())
}

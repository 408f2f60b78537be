//! Settings: one TOML file, and environment variables that override single values of it. Nothing
//! below this file reads the environment, but for the filter of the log.

use crate::brands::{self, Brand};
use countersign_protocol::Origin;
use countersign_protocol::policy::{Alternatives, Offline, Policy};
use countersign_protocol::text::Name;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read {0}; `countersign-server init` makes one, `--config` names another")]
    Unreadable(PathBuf),
    #[error("{path}: {message}")]
    Malformed { path: PathBuf, message: String },
    #[error("{0} in the environment cannot be used")]
    Environment(&'static str),
}

/// The file, with its paths relative to its folder.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The public address: entity ID, links and redirects are made from it, never from a request.
    pub(crate) origin: Origin,
    /// Further addresses of this server, up to three, that phones may call when they can't reach it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) origins: Vec<Origin>,
    /// The server's name, as people see it.
    pub(crate) name: String,
    /// Address and port to listen on.
    pub(crate) listen: SocketAddr,
    pub(crate) database: PathBuf,
    pub(crate) tls: Tls,
    pub(crate) keys: Keys,
    #[serde(default)]
    pub(crate) connections: Connections,
    #[serde(default)]
    pub(crate) challenge: Challenge,
    #[serde(default)]
    pub(crate) invitation: Invitation,
    #[serde(default)]
    pub(crate) policy: Asked,
    #[serde(default)]
    pub(crate) history: History,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mail: Option<Mail>,
    /// The apps that may open this server's links.
    #[serde(default, rename = "brand", skip_serializing_if = "Vec::is_empty")]
    pub(crate) brands: Vec<Brand>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Files of secrets that the running server needs; the root key is not among them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    /// A folder; or one file, and then the folder is beside it ([`crate::keyring`]).
    pub(crate) signing: PathBuf,
    pub(crate) wrapping: PathBuf,
    pub(crate) saml_key: PathBuf,
    pub(crate) saml_certificate: PathBuf,
}

/// Connections at a time. The system must allow some more files than `all`: the database's, and letters on their way.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Connections {
    pub(crate) all: usize,
    /// Of one address, or of one network where that is what a customer has.
    pub(crate) source: usize,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            all: 900,
            source: 250,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Challenge {
    /// How long a request waits for its answer, seconds: 30 to 600.
    pub(crate) life: u64,
    /// Sign-ins that one address may begin in a minute with browsers that the account doesn't know.
    pub(crate) strangers: u32,
}

impl Default for Challenge {
    fn default() -> Self {
        Self {
            life: 120,
            strangers: 60,
        }
    }
}

/// Letters to people. Without it there is neither recovery by mail nor an ID begun in the app.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    /// `smtps://user:password@host:465`, or `smtp://host:587?tls=required`. Without TLS only to this machine itself.
    pub(crate) smtp: String,
    /// Whose certificate the mail server has, if it is none that everybody trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) roots: Option<PathBuf>,
    /// Who writes.
    pub(crate) from: String,
    /// Domains whose mail reaches whom it is for: the operator's word.
    pub(crate) domains: Vec<String>,
    /// Whether a person may begin an ID in the app, by an address of these domains.
    #[serde(default)]
    pub(crate) begin_in_app: bool,
}

impl Mail {
    /// The mail server's name.
    pub(crate) fn host(&self) -> Option<String> {
        let (_, rest) = self.smtp.split_once("://")?;
        let authority = rest.split(['/', '?']).next()?;
        let host = authority.rsplit('@').next()?;
        let host = match host.strip_prefix('[') {
            Some(literal) => literal.split(']').next()?,
            None => host.split(':').next()?,
        };
        Some(host.to_owned())
    }

    /// Whether nobody on the way can read it: what it carries adds a phone.
    fn is_private(&self) -> bool {
        let own = matches!(
            self.host().as_deref(),
            Some("localhost" | "127.0.0.1" | "::1")
        );
        own || self.smtp.starts_with("smtps://") || self.smtp.ends_with("?tls=required")
    }
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Invitation {
    /// Show the code to type, for apps that list this server.
    pub(crate) typed_code: bool,
}

/// What is kept for [`crate::cli`]'s `export-history`.
#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct History {
    /// How many days answers and their requests are kept longer than phones need them, up to 3,650.
    pub(crate) days: u64,
}

impl History {
    /// The same in seconds.
    pub(crate) fn life(&self) -> u64 {
        self.days * 86_400
    }
}

/// What phones that enrol from now on are asked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Asked {
    /// Factors that suffice together, in alternatives.
    pub(crate) min: Alternatives,
    /// Whether the number that the browser shows is typed on the phone.
    pub(crate) r#match: bool,
    /// The least number of digits of the PIN, 6 to 12, or 0 for none.
    pub(crate) pin: u64,
    /// Answers without a network.
    pub(crate) offline: Offline,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            min: Alternatives::dev(),
            r#match: true,
            pin: 0,
            offline: Offline::None,
        }
    }
}

/// Checked settings, paths resolved.
pub(crate) struct Config {
    pub(crate) file: File,
    pub(crate) name: Name,
    folder: PathBuf,
}

impl Config {
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|_| ConfigError::Unreadable(path.into()))?;
        Self::parse(&text, path, |name| std::env::var(name).ok())
    }

    /// The text of the file at `path`, and what overrides it.
    pub(crate) fn parse(
        text: &str,
        path: &Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let malformed = |message: String| ConfigError::Malformed {
            path: path.into(),
            message,
        };
        let mut file: File =
            toml::from_str(text).map_err(|error| malformed(error.message().to_owned()))?;
        override_from_environment(&mut file, environment)?;
        if !(30..=600).contains(&file.challenge.life) {
            return Err(malformed("challenge.life is 30 to 600 seconds".into()));
        }
        if file.connections.all == 0 || file.connections.source == 0 {
            return Err(malformed(
                "connections.all and connections.source are 1 at least".into(),
            ));
        }
        if file.history.days > 3_650 {
            return Err(malformed("history.days is up to 3650".into()));
        }
        if file.mail.as_ref().is_some_and(|mail| !mail.is_private()) {
            return Err(malformed(
                "mail.smtp is smtps://…, or ends with ?tls=required".into(),
            ));
        }
        let twice = |at: usize| file.origins[..at].contains(&file.origins[at]);
        if file.origins.len() > 3
            || file.origins.contains(&file.origin)
            || (0..file.origins.len()).any(twice)
        {
            return Err(malformed("origins: up to three others than origin".into()));
        }
        brands::check(&file.brands).map_err(malformed)?;
        let name = Name::parse(&file.name).map_err(|error| malformed(format!("name: {error}")))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let config = Self { file, name, folder };
        config
            .check_policy()
            .map_err(|what| malformed(what.to_owned()))?;
        Ok(config)
    }

    /// The name of the app in the pages' texts: that of the one brand there is.
    pub(crate) fn authenticator(&self) -> &str {
        match self.file.brands.as_slice() {
            [brand] => brand.name.as_str(),
            _ => "Countersign",
        }
    }

    pub(crate) fn path(&self, relative: &Path) -> PathBuf {
        self.folder.join(relative)
    }

    /// Every address that phones may call, the preferred one first.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &Origin> {
        std::iter::once(&self.file.origin).chain(&self.file.origins)
    }

    /// What an ID is asked whose phone enrols now.
    pub(crate) fn policy(&self) -> Policy {
        let asked = &self.file.policy;
        Policy {
            n: 1,
            min: asked.min.clone(),
            r#match: asked.r#match,
            max_life: self.file.challenge.life,
            pin: asked.pin,
            offline: asked.offline,
        }
    }

    fn check_policy(&self) -> Result<(), &'static str> {
        let policy = self.policy();
        if policy.offline != Offline::None {
            return Err("policy.offline is none in this version");
        }
        policy.check().map_err(
            |_| "policy.pin is 6 to 12 digits, or 0, and then no alternative of policy.min has pin",
        )
    }
}

fn override_from_environment(
    file: &mut File,
    read: impl Fn(&str) -> Option<String>,
) -> Result<(), ConfigError> {
    const LISTEN: &str = "COUNTERSIGN_LISTEN";
    const ORIGIN: &str = "COUNTERSIGN_ORIGIN";
    if let Some(value) = read(LISTEN) {
        file.listen = value
            .parse()
            .map_err(|_| ConfigError::Environment(LISTEN))?;
    }
    if let Some(value) = read(ORIGIN) {
        file.origin = Origin::parse(&value).map_err(|_| ConfigError::Environment(ORIGIN))?;
    }
    let paths = [
        ("COUNTERSIGN_DATABASE", &mut file.database),
        ("COUNTERSIGN_TLS_CERTIFICATE", &mut file.tls.certificate),
        ("COUNTERSIGN_TLS_KEY", &mut file.tls.key),
        ("COUNTERSIGN_KEYS_SIGNING", &mut file.keys.signing),
        ("COUNTERSIGN_KEYS_WRAPPING", &mut file.keys.wrapping),
        ("COUNTERSIGN_KEYS_SAML_KEY", &mut file.keys.saml_key),
        (
            "COUNTERSIGN_KEYS_SAML_CERTIFICATE",
            &mut file.keys.saml_certificate,
        ),
    ];
    for (name, path) in paths {
        if let Some(value) = read(name) {
            *path = value.into();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        origin = "https://id.example.com"
        name = "Example"
        listen = "127.0.0.1:8443"
        database = "countersign.db"
        [tls]
        certificate = "tls.crt"
        key = "tls.key"
        [keys]
        signing = "signing.key"
        wrapping = "wrapping.key"
        saml_key = "saml.key"
        saml_certificate = "saml.crt"
    "#;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("countersign.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(&path)
    }

    #[test]
    fn a_letter_that_adds_a_phone_travels_in_clear_to_this_machine_alone() {
        let mail = |smtp: &str| Mail {
            smtp: smtp.to_owned(),
            roots: None,
            from: "id@example.com".to_owned(),
            domains: Vec::new(),
            begin_in_app: false,
        };
        for private in [
            "smtps://user:p%40ss@mail.example.com:465",
            "smtp://mail.example.com:587?tls=required",
            "smtp://127.0.0.1:25",
            "smtp://localhost",
            "smtp://[::1]:2525",
        ] {
            assert!(mail(private).is_private(), "{private}");
        }
        for open in [
            "",
            "mail.example.com",
            "smtp://mail.example.com",
            "smtp://mail.example.com?tls=opportunistic",
            "smtp://127.0.0.1@mail.example.com",
            "smtp://mail.example.com/127.0.0.1",
            "smtp://localhost.example.com",
            "smtp://[::2]:25",
        ] {
            assert!(!mail(open).is_private(), "{open}");
        }
    }

    #[test]
    fn the_policy_is_the_agreed_one_and_paths_are_beside_the_file() {
        let config = load(GOOD).unwrap();
        assert!(config.policy().check().is_ok());
        assert!(config.path(&config.file.database).is_absolute());
    }

    #[test]
    fn a_pin_is_asked_where_the_settings_say_so() {
        let asked = "[policy]\nmin = [[\"dev\", \"pin\"]]\npin = 6\n[tls]";
        let policy = load(&GOOD.replacen("[tls]", asked, 1)).unwrap().policy();
        assert_eq!((policy.min.describe().as_str(), policy.pin), ("dev+pin", 6));
        assert!(policy.r#match && policy.offline == Offline::None);
        let default = load(GOOD).unwrap().policy();
        assert!(default.min == Alternatives::dev() && default.r#match && default.pin == 0);
    }

    #[test]
    fn mistakes_are_named() {
        for (from, to) in [
            ("https://id", "http://id"),
            ("name = \"Example\"", "name = \"Ex\\u202eample\""),
            ("name =", "nam ="),
            ("name =", "origins = [\"https://id.example.com\"]\nname ="),
            ("name =", "origins = [\"http://b.example.com\"]\nname ="),
            (
                "name =",
                "origins = [\"https://b.example\", \"https://b.example\"]\nname =",
            ),
            ("[tls]", "[challenge]\nlife = 10\n[tls]"),
            ("[tls]", "[challenge]\nlive = 60\n[tls]"),
            ("[tls]", "[connections]\nall = 0\n[tls]"),
            ("[tls]", "[connections]\nsource = 0\n[tls]"),
            ("[tls]", "[history]\ndays = 3651\n[tls]"),
            ("[tls]", "[history]\ndays = -1\n[tls]"),
            ("[tls]", "[policy]\npin = 5\n[tls]"),
            ("[tls]", "[policy]\npin = 13\n[tls]"),
            ("[tls]", "[policy]\nmin = []\n[tls]"),
            ("[tls]", "[policy]\nmin = [[\"pin\"]]\npin = 6\n[tls]"),
            ("[tls]", "[policy]\nmin = [[\"dev\", \"pin\"]]\n[tls]"),
            ("[tls]", "[policy]\nmin = [[\"pin\", \"uv\"]]\n[tls]"),
            ("[tls]", "[policy]\noffline = \"code\"\n[tls]"),
            ("[tls]", "[policy]\nlife = 60\n[tls]"),
            ("[tls]", "[[brand]]\nid = \"A\"\nname = \"A\"\n[tls]"),
            ("[tls]", "[[brand]]\nid = \"a\"\nname = \"A\\u202e\"\n[tls]"),
            (
                "[tls]",
                "[[brand]]\nid = \"a\"\nname = \"A\"\nlogo = \"x\"\n[tls]",
            ),
        ] {
            let error = load(&GOOD.replacen(from, to, 1)).err().unwrap().to_string();
            assert!(error.contains("countersign.toml: "), "{error}");
        }
    }

    #[test]
    fn the_environment_overrides_single_values() {
        let mut file: File = toml::from_str(GOOD).unwrap();
        override_from_environment(&mut file, |name| {
            (name == "COUNTERSIGN_LISTEN").then(|| "127.0.0.1:9".to_owned())
        })
        .unwrap();
        assert_eq!(file.listen.port(), 9);
        let bad = override_from_environment(&mut file, |_| Some("x".into()));
        assert!(matches!(
            bad,
            Err(ConfigError::Environment("COUNTERSIGN_LISTEN"))
        ));
    }
}

//! What an app tells about itself, once, when it opens.

use crate::error::AuthError;
use countersign_core::{
    self as core, Config, Digest, KnownServer, Name, Origin, Roots, Thumbprint,
};

/// What keeps the phone's memory; fixed for an app once it has shipped.
pub type Engine = core::Engine;

/// What keeps the phone's memory; fixed for an app once it has shipped.
#[uniffi::remote(Enum)]
pub enum Engine {
    /// sled, on disk.
    Sled,
    /// redb, on disk. Only in a library that was built with the feature `redb`; `use.settings` in others.
    Redb,
    /// None: all is forgotten when the phone is closed.
    Memory,
}

/// How the core is packaged.
pub type AppMode = core::AppMode;

/// How the core is packaged.
#[uniffi::remote(Enum)]
pub enum AppMode {
    /// The app, under some brand.
    App,
    /// Built into a vendor's app with our screens.
    Kit,
    /// Built into a vendor's app, which shows everything itself.
    Core,
}

/// A server of the brand's list.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Server {
    /// Where it is: `https://` and a host.
    pub origin: String,
    /// The thumbprint of its root key.
    pub root: String,
}

/// SHA-256 of two public keys of which every server must show one, 32 bytes each.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Pins {
    /// One.
    pub one: Vec<u8>,
    /// The other, so that the first can be renewed.
    pub other: Vec<u8>,
}

/// The settings of one app.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Settings {
    /// Where the phone keeps its memory: a private folder of the app, made if it isn't there. Not used by [`Engine::Memory`].
    pub folder: String,
    /// What keeps it.
    pub engine: Engine,
    /// The only certificates that are believed, PEM; without them the public ones.
    #[uniffi(default = None)]
    pub roots: Option<Vec<u8>>,
    /// Keys of servers, beside the roots.
    #[uniffi(default = None)]
    pub pins: Option<Pins>,
    /// The only servers that this app talks to. Empty: any, and no typed codes.
    #[uniffi(default = [])]
    pub servers: Vec<Server>,
    /// The app's own scheme, by which links to requests may come too.
    #[uniffi(default = None)]
    pub scheme: Option<String>,
    /// The brand's name.
    pub brand: String,
    /// How the core is packaged.
    pub mode: AppMode,
    /// The app's version.
    pub version: String,
    /// Operating system and version.
    pub os: String,
    /// The phone's name, as its user knows it.
    pub device: String,
    /// The person's language, BCP 47. After it changed, open anew and tell the servers (`describe`).
    pub locale: String,
}

impl Settings {
    /// `use.settings` where something is not what it should be.
    pub(crate) fn config(&self) -> Result<Config, AuthError> {
        self.try_config()
            .ok_or_else(|| AuthError::misuse("settings"))
    }

    fn try_config(&self) -> Option<Config> {
        let name = |text: &str| Name::clean(text).ok();
        let servers = self.servers.iter().map(|server| {
            Some(KnownServer {
                origin: Origin::parse(&server.origin).ok()?,
                root: Thumbprint(Digest::parse(&server.root)?),
            })
        });
        let pins = match &self.pins {
            Some(pins) => Some((digest(&pins.one)?, digest(&pins.other)?)),
            None => None,
        };
        Some(Config {
            roots: self.roots.clone().map_or(Roots::Public, Roots::Only),
            pins,
            servers: servers.collect::<Option<_>>()?,
            scheme: self.scheme.clone(),
            engine: built(self.engine)?,
            app: core::App {
                brand: name(&self.brand)?,
                mode: self.mode,
                version: name(&self.version)?,
                os: name(&self.os)?,
            },
            device: name(&self.device)?,
            locale: self.locale.clone(),
        })
    }
}

/// An engine that this library was built with: an app ships the one that it uses.
fn built(engine: Engine) -> Option<Engine> {
    (cfg!(feature = "redb") || engine != Engine::Redb).then_some(engine)
}

fn digest(bytes: &[u8]) -> Option<Digest> {
    <[u8; 32]>::try_from(bytes).ok().map(Digest::from)
}

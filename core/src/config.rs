//! What an app tells the core about itself. The only way in for settings: nothing below reads the
//! environment.

use countersign_protocol::statement::App;
use countersign_protocol::text::Name;
use countersign_protocol::{Digest, Origin, Thumbprint};

/// Which certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    /// The public ones, built in.
    Public,
    /// Only these, PEM: an organisation's own, or a test's.
    Only(Vec<u8>),
}

/// What keeps the phone's memory. Each writes a form of its own, and refuses the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// sled, on disk.
    #[default]
    Sled,
    /// redb, on disk. Where the feature `redb` is off nothing opens it: `store.engine`.
    Redb,
    /// None: all is forgotten when the core is closed.
    Memory,
}

/// A server of the brand's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownServer {
    /// Where it is.
    pub origin: Origin,
    /// Its root key, which a typed code names.
    pub root: Thumbprint,
}

/// The settings of one app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Which certificates are believed.
    pub roots: Roots,
    /// SHA-256 of the two public keys (SubjectPublicKeyInfo, DER) of which every server must show
    /// one, besides its chain to the roots; two, so that one can be renewed.
    pub pins: Option<(Digest, Digest)>,
    /// The only servers that this app talks to. Empty: any, and no typed codes, which need the
    /// list.
    pub servers: Vec<KnownServer>,
    /// The app's own scheme, by which links to requests may come too.
    pub scheme: Option<String>,
    /// What keeps the phone's memory; fixed for an app once it has shipped, since a store doesn't
    /// change its engine. Export and import move between them.
    pub engine: Engine,
    /// Which app this is.
    pub app: App,
    /// The phone's name, as its user knows it.
    pub device: Name,
    /// The person's language, BCP 47.
    pub locale: String,
}

impl Config {
    /// Whether this app may talk to an origin.
    pub(crate) fn allows(&self, origin: &Origin) -> bool {
        self.servers.is_empty() || self.servers.iter().any(|server| server.origin == *origin)
    }
}

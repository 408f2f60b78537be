//! What every handler has: settings, database, keys, and the routes.

use crate::config::Config;
use crate::credential::DeviceKeys;
use crate::error::Fault;
use crate::known::Known;
use crate::limits::WrongTokens;
use crate::metrics::Metrics;
use crate::signer::{Signer, StartError};
use crate::store::{Connection, Store};
use crate::wake::Wake;
use countersign_protocol::statement::Challenge;
use countersign_protocol::{Signed, Thumbprint};
use countersign_saml::Idp;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// Seconds since 1970.
pub(crate) type Clock = Box<dyn Fn() -> u64 + Send + Sync>;

pub(crate) struct App {
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) signer: Signer,
    /// The thumbprint of R, which invitations name.
    pub(crate) root: Thumbprint,
    pub(crate) idp: Idp,
    pub(crate) wake: Wake,
    pub(crate) wrong_tokens: WrongTokens,
    pub(crate) metrics: Metrics,
    /// The keys in registrations.
    pub(crate) registrations: Known<DeviceKeys>,
    pub(crate) challenges: Known<Arc<Signed<Challenge>>>,
}

pub(crate) type Shared = Arc<App>;

/// The machine's clock.
pub(crate) fn system_time() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

impl App {
    pub(crate) async fn open(config: Config, clock: Clock) -> Result<Self, StartError> {
        let store = Store::open(&config.path(&config.file.database), false).await?;
        let newest = crate::store::keys::newest(&mut *store.read().await?).await?;
        let newest =
            newest.ok_or_else(|| StartError::Said("the database has no keys; run init".into()))?;
        let signer = Signer::load(&config, newest.n as u64)?;
        if !crate::signer::vouched(&newest.statement, &newest.root, signer.public()) {
            return Err(StartError::Said(
                "keys.signing is not the key that the root signed for".into(),
            ));
        }
        let root = Thumbprint(crate::credential::hash_of(&newest.root)?);
        let key = Zeroizing::new(std::fs::read_to_string(
            config.path(&config.file.keys.saml_key),
        )?);
        let certificate =
            crate::crypto::certificate_der(&config.path(&config.file.keys.saml_certificate))?;
        let entity_id = crate::sso::entity_id(&config.file.origin);
        let idp = Idp::new(&entity_id, key.as_bytes(), &certificate)?;
        Ok(Self {
            clock,
            config,
            store,
            signer,
            root,
            idp,
            wake: Wake::new(),
            wrong_tokens: WrongTokens::default(),
            metrics: Metrics::new(),
            registrations: Known::new(),
            challenges: Known::new(),
        })
    }

    /// The clock of this protocol is the server's.
    pub(crate) fn now(&self) -> u64 {
        (self.clock)()
    }

    pub(crate) async fn audit(
        &self,
        db: &mut Connection,
        event: &str,
        subject: &str,
        result: &str,
    ) -> Result<(), Fault> {
        tracing::info!(event, subject, result, "audit");
        Ok(crate::store::audit::append(db, self.now(), event, subject, result).await?)
    }
}

//! What every handler has: settings, database, keys, and the routes.

use crate::config::Config;
use crate::credential::DeviceKeys;
use crate::error::Fault;
use crate::keyring::InForce;
use crate::known::Known;
use crate::limits::{ENTRIES, MINUTE, Per, PerSource, WRONG_SECRETS, newcomers};
use crate::mail::Mail;
use crate::metrics::Metrics;
use crate::signer::{NO_KEY, Signer, StartError};
use crate::store::{Connection, Store};
use crate::wake::Wake;
use crate::web::Visitor;
use countersign_protocol::Signed;
use countersign_protocol::policy::Policy;
use countersign_protocol::statement::Challenge;
use countersign_saml::Idp;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// Seconds since 1970.
pub(crate) type Clock = Box<dyn Fn() -> u64 + Send + Sync>;

pub(crate) struct App {
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    /// What is asked of phones that enrol now.
    pub(crate) policy: Policy,
    pub(crate) store: Store,
    pub(crate) signer: Signer,
    pub(crate) idp: Idp,
    pub(crate) wake: Wake,
    pub(crate) wrong_tokens: PerSource,
    /// Of applications.
    pub(crate) wrong_keys: PerSource,
    /// What browsers that an account doesn't know asked.
    pub(crate) strangers: PerSource,
    /// Sessions that were made for browsers without one.
    pub(crate) newcomers: PerSource,
    /// Requests that were posted, and belong to no browser yet.
    pub(crate) posted: PerSource,
    /// What the audit says of requests that anybody may send, and of what their browsers then do.
    pub(crate) entries: PerSource,
    /// What each key of an application began.
    pub(crate) asked: Per<String>,
    pub(crate) metrics: Metrics,
    /// None where the settings have no mail server.
    pub(crate) mail: Option<Mail>,
    /// The keys in registrations.
    pub(crate) registrations: Known<DeviceKeys>,
    pub(crate) challenges: Known<Arc<Signed<Challenge>>>,
    /// Whether newer keys were there that can't be used, and it was said.
    keys_trouble: AtomicBool,
    /// When the file of the newest key, which isn't the one that signs, was last looked for.
    keys_looked: AtomicU64,
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
        let in_force = InForce::load(&config, &mut *store.read().await?).await?;
        let policy = crate::policy::in_force(&store, &config).await?;
        let signer = Signer::load(&config, in_force)?;
        for path in crate::keyring::unreadable(&config)? {
            tracing::warn!(path = %path.display(), "no signing key can be read from this file");
        }
        let key = Zeroizing::new(std::fs::read_to_string(
            config.path(&config.file.keys.saml_key),
        )?);
        let certificate =
            crate::crypto::certificate_der(&config.path(&config.file.keys.saml_certificate))?;
        let entity_id = crate::sso::entity_id(&config.file.origin);
        let idp = Idp::new(&entity_id, key.as_bytes(), &certificate)?;
        let settings = config.file.mail.as_ref();
        let mail = settings.map(|settings| Mail::new(settings, &config));
        let mail = mail.transpose()?;
        let strangers = config.file.challenge.strangers;
        Ok(Self {
            clock,
            config,
            policy,
            store,
            signer,
            idp,
            wake: Wake::new(),
            wrong_tokens: PerSource::new(WRONG_SECRETS),
            wrong_keys: PerSource::new(WRONG_SECRETS),
            strangers: PerSource::new(strangers),
            newcomers: PerSource::new(newcomers(strangers)),
            posted: PerSource::new(newcomers(strangers)),
            entries: PerSource::new(ENTRIES),
            asked: Per::new(crate::service::PER_MINUTE, MINUTE),
            metrics: Metrics::new(),
            mail,
            registrations: Known::new(),
            challenges: Known::new(),
            keys_trouble: AtomicBool::new(false),
            keys_looked: AtomicU64::new(0),
        })
    }

    /// The clock of this protocol is the server's.
    pub(crate) fn now(&self) -> u64 {
        (self.clock)()
    }

    /// Goes on with the keys that a command stored meanwhile. Where none of them can be used nothing is signed until one can: a key
    /// that they don't name may be a thief's. That is logged once. Where only the newest of them can't be used, another signs meanwhile,
    /// and its file is looked for again, once a minute.
    pub(crate) async fn follow_keys(&self) {
        let trouble = match self.newer_keys().await {
            Ok(None) => return,
            Ok(Some(newer)) => {
                let (n, is_newest) = (newer.n, newer.is_newest);
                self.signer.take(newer);
                if self.signer.can_sign() {
                    match is_newest {
                        true => tracing::info!(n, "newer keys"),
                        false => tracing::warn!(n, "an older key signs: the newest isn't here"),
                    }
                    self.keys_trouble.store(false, Ordering::Relaxed);
                    return;
                }
                NO_KEY.to_owned()
            }
            Err(error) => error.to_string(),
        };
        if !self.keys_trouble.swap(true, Ordering::Relaxed) {
            tracing::error!(error = trouble, "newer keys cannot be used");
        }
    }

    async fn newer_keys(&self) -> Result<Option<InForce>, StartError> {
        let mut db = self.store.read().await?;
        let n = crate::store::keys::newest_n(&mut db).await?;
        let in_force = self.signer.in_force();
        let can_sign = in_force.is_newest || in_force.can_sign() && !self.is_time_to_look();
        if n == Some(in_force.n as i64) && can_sign {
            return Ok(None);
        }
        InForce::load(&self.config, &mut db).await.map(Some)
    }

    /// What a browser did with a login. Of one that the account doesn't know the audit says so only so often in a minute for its source,
    /// the log always: an entry stays for ever, and each waits for the disk.
    pub(crate) async fn audit_of(
        &self,
        db: &mut Connection,
        visitor: &Visitor,
        known: bool,
        login: &str,
        result: &str,
    ) -> Result<(), Fault> {
        if known || self.entries.is_early(visitor.address, self.now()) {
            return self.audit(db, "login", login, result).await;
        }
        tracing::info!(event = "login", subject = login, result, "not in the audit");
        Ok(())
    }

    /// What was refused, where it may be asked for again and again: of one source the audit says so only so often in a minute, the log always.
    pub(crate) async fn audit_refusal(
        &self,
        visitor: &Visitor,
        event: &str,
        subject: &str,
        reason: &str,
    ) -> Result<(), Fault> {
        if self.entries.is_early(visitor.address, self.now()) {
            let mut tx = self.store.write().await?;
            self.audit(&mut tx, event, subject, reason).await?;
            return Ok(tx.commit().await?);
        }
        tracing::info!(event, subject, result = reason, "not in the audit");
        Ok(())
    }

    /// Once a minute.
    fn is_time_to_look(&self) -> bool {
        let now = self.now();
        let last = self.keys_looked.load(Ordering::Relaxed);
        let is_time = now.abs_diff(last) >= MINUTE;
        if is_time {
            self.keys_looked.store(now, Ordering::Relaxed);
        }
        is_time
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

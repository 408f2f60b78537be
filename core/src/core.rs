//! What every part of the core works with. The parts add their verbs to it, one folder each.

use crate::account::{Account, Asked, Keyring};
use crate::authenticator::Ports;
use crate::challenge::Recent;
use crate::client::{At, Client};
use crate::config::Config;
use crate::error::Fault;
use crate::outbox::{Schedule, VerdictInfo};
use crate::ports::{Clock, KeyError};
use crate::vault::{self, Place, Vault};
use countersign_protocol::statement::Proof;
use countersign_protocol::{Id, Origin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The phone, behind its door.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) vault: Vault,
    pub(crate) client: Client,
    pub(crate) keys: Keyring,
    pub(crate) clock: Arc<dyn Clock>,
    keys_asked: Mutex<Asked>,
    schedule: Mutex<Schedule>,
    recent: Mutex<Recent>,
    /// That came and nobody was told yet; they are in the history.
    verdicts: Mutex<Vec<VerdictInfo>>,
    /// Pushes that named nothing here.
    pub(crate) ignored: AtomicU64,
    closed: AtomicBool,
}

impl Core {
    /// # Errors
    /// Those of [`Vault::open`].
    pub(crate) fn new(config: Config, ports: Ports) -> Result<Self, Fault> {
        Ok(Self {
            config,
            vault: Vault::open(ports.store, ports.keys.clone(), ports.counter)?,
            client: Client::new(ports.transport, ports.clock.clone()),
            keys: Keyring::new(ports.keys),
            clock: ports.clock,
            keys_asked: Mutex::default(),
            schedule: Mutex::default(),
            recent: Mutex::default(),
            verdicts: Mutex::default(),
            ignored: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        })
    }

    /// Ends calls under way; later ones fail.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.client.shut_down();
    }

    /// # Errors
    /// [`Fault::Closed`] after [`Self::close`].
    pub(crate) fn open(&self) -> Result<(), Fault> {
        if self.closed.load(Ordering::SeqCst) {
            Err(Fault::Closed)
        } else {
            Ok(())
        }
    }

    /// An ID of this phone.
    pub(crate) fn account(&self, owner: &Id) -> Result<Account, Fault> {
        self.vault.read(&Place::of(owner))?.ok_or(Fault::Unknown)
    }

    /// Every ID of this phone that can be read.
    pub(crate) fn accounts(&self) -> Result<Vec<Account>, Fault> {
        Ok(self.accounts_and_lost()?.0)
    }

    /// The same, and those whose records nothing opens any more, since the device lost their key.
    pub(crate) fn accounts_and_lost(&self) -> Result<(Vec<Account>, Vec<Id>), Fault> {
        let (mut accounts, mut lost) = (Vec::new(), Vec::new());
        for owner in self.vault.owners()? {
            match self.vault.read(&Place::of(&owner)) {
                Err(vault::Fault::Key(KeyError::Invalidated)) => lost.push(owner),
                account => accounts.extend(account?),
            }
        }
        Ok((accounts, lost))
    }

    /// Calls something that an ID's credential proves.
    pub(crate) fn call<T>(
        &self,
        account: &Account,
        call: impl FnOnce(At<'_>, Id, &dyn Fn(Proof) -> Result<String, Fault>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let origins = self.origins(account)?;
        let at = At {
            iss: &account.trust.iss,
            origins: &origins,
        };
        let prove = |proof: Proof| {
            let signed = self.keys.sign(&account.owner, &account.dev, proof)?;
            Ok(signed.compact().to_owned())
        };
        call(at, account.known()?.credential, &prove)
    }

    /// Where an ID's server may be called.
    ///
    /// # Errors
    /// `inv.host` when the app's list has none of its addresses any more.
    pub(crate) fn origins(&self, account: &Account) -> Result<Vec<Origin>, Fault> {
        let origins = account.trust.origins(&self.config);
        if origins.is_empty() {
            Err(crate::challenge::Refusal::Host.into())
        } else {
            Ok(origins)
        }
    }

    pub(crate) fn keys_asked(&self) -> MutexGuard<'_, Asked> {
        self.keys_asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn verdicts(&self) -> MutexGuard<'_, Vec<VerdictInfo>> {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

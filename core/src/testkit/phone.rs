//! A whole phone before a peer, whose process can be ended at any port call.

use super::gesture::{Asking, Person};
use super::{ManualClock, Peer, Script};
use crate::account::{Account, Known, Stage, Trust};
use crate::adapters::{MemoryCounter, MemoryStore, SoftwareKeys};
use crate::authenticator::{Authenticator, Ports};
use crate::config::{Config, Engine, Roots};
use crate::enrol::Progress;
use crate::error::Error;
use crate::ports::{Batch, Counter, Entry, Order, Store, StoreError, TransportError};
use crate::vault::Blob;
use crate::vault::testkit::SealedRecord;
use countersign_protocol::crypto::SigningKey;
use countersign_protocol::statement::{App, AppMode, Standing, State};
use countersign_protocol::text::Name;
use countersign_protocol::{Digest, Id};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) fn config() -> Config {
    let name = |text| Name::parse(text).unwrap();
    let app = App {
        brand: name("countersign"),
        mode: AppMode::Core,
        version: name("0"),
        os: name("Test 1"),
    };
    Config {
        roots: Roots::Public,
        pins: None,
        servers: Vec::new(),
        scheme: None,
        engine: Engine::Memory,
        app,
        device: name("Phone"),
        locale: "en".into(),
    }
}

/// Counts port calls, and from one on none of them works: the process is dead.
#[derive(Default)]
struct Fuse {
    left: AtomicU64,
}

impl Fuse {
    fn burns(&self) -> bool {
        let mut left = self.left.load(Ordering::SeqCst);
        if left > 0 {
            left -= 1;
            self.left.store(left, Ordering::SeqCst);
            return left == 0;
        }
        false
    }
}

/// What reached a port, in order.
pub(crate) type Log = Arc<Mutex<Vec<&'static str>>>;

/// What somebody else does, at the nth look into the store from now.
type Meanwhile = Arc<Mutex<Option<(u64, Box<dyn FnOnce() + Send>)>>>;

/// One look; if it is the one that was waited for, the other comes.
fn come(meanwhile: &Meanwhile) {
    let mut waiting = meanwhile.lock().unwrap();
    let act = match &mut *waiting {
        Some((0, _)) => waiting.take(),
        Some((left, _)) => {
            *left -= 1;
            None
        }
        None => None,
    };
    drop(waiting);
    if let Some((_, act)) = act {
        act();
    }
}

/// Somebody who comes at a read of the store.
pub(crate) struct Elsewhere(Arc<Mutex<Option<JoinHandle<()>>>>);

impl Elsewhere {
    /// Whether they came; they are through then.
    pub(crate) fn came(&self) -> bool {
        let thread = self.0.lock().unwrap().take();
        thread.map(|thread| thread.join().unwrap()).is_some()
    }
}

/// A store whose process may die before or after a commit.
struct Mortal {
    meanwhile: Meanwhile,
    at_read: Meanwhile,
    broken: Arc<AtomicBool>,
    log: Log,
    store: Arc<MemoryStore>,
    fuse: Arc<Fuse>,
    dead: Arc<AtomicU64>,
}

impl Mortal {
    fn alive(&self) -> Result<(), StoreError> {
        let broken = self.broken.load(Ordering::SeqCst);
        if self.dead.load(Ordering::SeqCst) == 0 && !broken {
            Ok(())
        } else {
            Err(StoreError::Io)
        }
    }

    fn step(&self) -> Result<(), StoreError> {
        self.alive()?;
        if self.fuse.burns() {
            self.dead.store(1, Ordering::SeqCst);
        }
        self.alive()
    }
}

impl Store for Mortal {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.alive()?;
        let found = self.store.read(key);
        come(&self.at_read);
        found
    }

    fn scan(&self, prefix: &[u8], order: Order, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.alive()?;
        let found = self.store.scan(prefix, order, limit);
        come(&self.meanwhile);
        found
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.step()?;
        self.store.commit(batch)?;
        self.log.lock().unwrap().push("commit");
        self.step()
    }
}

pub(crate) struct Phone {
    pub(crate) peer: Arc<Peer>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) keys: Arc<SoftwareKeys>,
    /// What happens when the device asks for the gesture.
    pub(crate) person: Arc<Person>,
    pub(crate) counter: Arc<dyn Counter>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) config: Config,
    pub(crate) log: Log,
    pub(crate) meanwhile: Meanwhile,
    at_read: Meanwhile,
    /// The store can't be read or written.
    pub(crate) broken: Arc<AtomicBool>,
}

impl Phone {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            peer: Arc::new(Peer::new()),
            store: Arc::new(MemoryStore::new()),
            clock: Arc::new(ManualClock::new()),
            keys: Arc::new(SoftwareKeys::new(folder.path())),
            person: Arc::default(),
            counter: Arc::new(MemoryCounter::default()),
            folder,
            config: config(),
            log: Log::default(),
            meanwhile: Meanwhile::default(),
            at_read: Meanwhile::default(),
            broken: Arc::default(),
        }
    }

    /// Starts the app; `die_at` ends its process at that port call (0: never).
    pub(crate) fn start(&self, die_at: u64) -> Result<Authenticator, Error> {
        Authenticator::open(self.config.clone(), self.ports(die_at))
    }

    /// What the app is started with.
    pub(crate) fn ports(&self, die_at: u64) -> Ports {
        let fuse = Arc::new(Fuse {
            left: AtomicU64::new(die_at),
        });
        let dead = Arc::new(AtomicU64::new(0));
        let store = Mortal {
            meanwhile: self.meanwhile.clone(),
            at_read: self.at_read.clone(),
            broken: self.broken.clone(),
            log: self.log.clone(),
            store: self.store.clone(),
            fuse: fuse.clone(),
            dead: dead.clone(),
        };
        let (peer, log) = (self.peer.clone(), self.log.clone());
        let transport = Script::new(move |request| {
            let step = || {
                if fuse.burns() {
                    dead.store(1, Ordering::SeqCst);
                }
                if dead.load(Ordering::SeqCst) == 0 {
                    Ok(())
                } else {
                    Err(TransportError::Broken)
                }
            };
            step()?;
            log.lock().unwrap().push("send");
            let answer = peer.reply(request);
            step()?;
            answer
        });
        Ports {
            store: Arc::new(store),
            transport: Arc::new(transport),
            keys: Arc::new(Asking {
                keys: self.keys.clone(),
                person: self.person.clone(),
            }),
            counter: self.counter.clone(),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn app(&self) -> Authenticator {
        self.start(0).unwrap()
    }

    /// Enrols up to the digits.
    pub(crate) fn enrol(&self) -> (Authenticator, Id) {
        let app = self.app();
        let review = app.review(&self.peer.link()).unwrap();
        let id = app.enrol(review).unwrap();
        (app, id)
    }

    /// An ID in use.
    pub(crate) fn enrolled(&self) -> (Authenticator, Id) {
        let (app, id) = self.enrol();
        self.activate(&app, &id);
        (app, id)
    }

    /// The digits are typed.
    pub(super) fn activate(&self, app: &Authenticator, id: &Id) {
        assert!(matches!(app.proceed(id, 0).unwrap(), Progress::Pending(_)));
        self.peer.activate();
        assert_eq!(app.proceed(id, 0).unwrap(), Progress::Active);
    }

    /// What somebody else does behind the nth read of the store from now, whole, unless it needs a lock that the reader holds.
    pub(crate) fn at_read(&self, nth: u64, act: impl FnOnce() + Send + 'static) -> Elsewhere {
        let elsewhere = Elsewhere(Arc::default());
        let thread = elsewhere.0.clone();
        let come = move || {
            let (through, wait) = mpsc::channel();
            let other = std::thread::spawn(move || {
                act();
                let _ = through.send(());
            });
            *thread.lock().unwrap() = Some(other);
            let _ = wait.recv_timeout(Duration::from_millis(500));
        };
        *self.at_read.lock().unwrap() = Some((nth, Box::new(come)));
        elsewhere
    }

    /// Time passes for both.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.pass(seconds);
        self.peer.pass(seconds);
    }

    /// What is kept about an ID.
    pub(crate) fn account(&self, id: &Id) -> Account {
        let name = format!("account/{id}/");
        let held = self
            .contents()
            .into_iter()
            .find(|(at, _)| at.starts_with(&name));
        serde_json::from_str(&held.unwrap().1).unwrap()
    }

    /// How many owners have keys, beside the phone itself.
    pub(crate) fn owners(&self) -> usize {
        let own = crate::vault::KEEPER.to_string();
        let owners = std::fs::read_dir(self.folder.path()).unwrap();
        owners
            .filter(|owner| *owner.as_ref().unwrap().file_name() != *own)
            .count()
    }

    /// The names of all records, with what they hold.
    pub(crate) fn contents(&self) -> Vec<(String, String)> {
        crate::vault::testkit::contents(self.store.clone(), self.keys.clone())
    }

    /// Every record as it is sealed.
    pub(crate) fn sealed(&self) -> Vec<SealedRecord> {
        crate::vault::testkit::sealed(self.store.clone(), self.keys.clone())
    }

    /// The names of all records.
    pub(crate) fn records(&self) -> Vec<String> {
        self.contents().into_iter().map(|(name, _)| name).collect()
    }
}

/// An account in use, and the state that says so, without a phone around it.
pub(crate) fn account_of(peer: &Peer) -> (Account, State) {
    let origin = Peer::origin();
    let (root, text) = (
        peer.root().public().thumbprint(),
        peer.inner().keys[0].clone(),
    );
    let dev = SigningKey::from_pkcs8(&SigningKey::make_p256().unwrap()).unwrap();
    let policy = peer.inner().policy.clone();
    let state = State {
        iss: origin.clone(),
        aud: Id::from([6; 16]),
        sn: 2,
        iat: peer.inner().now,
        keys: 1,
        state: Standing::Active,
        account: countersign_protocol::text::Account::parse("anna@example.com").unwrap(),
        registration: Digest::from([7; 32]),
        dev: dev.public().thumbprint(),
        uv: None,
        policy: policy.clone(),
        probation: None,
        ns: None,
        kc: None,
        exp: None,
        wake: Some(Id::from([8; 16])),
        push_id: Some(Id::from([9; 16])),
        reason: None,
    };
    let known = Known {
        credential: state.aud,
        sn: state.sn,
        state: peer.sign(state.clone()).hash(),
        standing: Standing::Active,
        reason: None,
        digits: None,
        push_id: state.push_id,
        set: None,
        notice: None,
        ended: None,
    };
    let account = Account {
        owner: Id::from([5; 16]),
        trust: Trust::begin(origin, root, &text).unwrap(),
        name: Name::parse("Example ID").unwrap(),
        account: state.account.clone(),
        dev: *dev.public(),
        registration: state.registration,
        policy,
        approvals: Vec::new(),
        dh: None,
        pin: None,
        next_pin: None,
        uv: None,
        named_uv: Vec::new(),
        next_uv: None,
        k_push: Blob(Vec::new()),
        k_off: Blob(Vec::new()),
        stage: Stage::Known(Box::new(known)),
    };
    (account, state)
}

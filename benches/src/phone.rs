//! A whole phone of the core before a peer, by its one door.

use crate::Result;
use crate::peer::{Algorithm, Peer};
use countersign_core::adapters::MemoryCounter;
use countersign_core::ports::{Clock, DeviceKeys, Moment, Store};
use countersign_core::{
    Answer, App, AppMode, Authenticator, Config, Engine, Id, Name, Ports, Progress, PromptId,
    Roots, Sent,
};
use countersign_protocol::pin::PinEntry;
use countersign_protocol::policy::Factor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The settings of a phone that believes these roots.
pub fn config(roots: Roots) -> Result<Config> {
    let name = |text| Name::parse(text);
    Ok(Config {
        roots,
        pins: None,
        servers: Vec::new(),
        scheme: None,
        engine: Engine::Sled,
        app: App {
            brand: name("countersign")?,
            mode: AppMode::Core,
            version: name("0")?,
            os: name("Bench 1")?,
        },
        device: name("Phone")?,
        locale: "en".into(),
    })
}

/// The standard library's clock: the one of the core asks the kernel in a way that valgrind stumbles over.
struct Monotonic {
    begin: Instant,
    /// It stands still while somebody enrols, so that the phone takes the least cost for a PIN on every machine.
    stopped: Arc<AtomicBool>,
}

impl Clock for Monotonic {
    fn now(&self) -> Moment {
        let passed = match self.stopped.load(Ordering::Relaxed) {
            true => 0,
            false => u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(0),
        };
        Moment {
            boot: Id::from([1; 16]),
            ms: passed,
        }
    }
}

/// What is chosen as PIN where one is asked.
fn pin() -> Result<PinEntry> {
    let mut entry = PinEntry::new();
    for digit in [2, 9, 4, 8, 1, 7] {
        entry.push(digit)?;
    }
    Ok(entry)
}

/// A phone and its server.
pub struct Phone {
    pub app: Authenticator,
    pub peer: Arc<Peer>,
    /// The ID, once it is enrolled.
    pub id: Option<Id>,
    stopped: Arc<AtomicBool>,
}

impl Phone {
    /// Nobody enrolled yet.
    pub fn new(store: Arc<dyn Store>, keys: Arc<dyn DeviceKeys>, peer: Peer) -> Result<Self> {
        let peer = Arc::new(peer);
        let stopped = Arc::new(AtomicBool::new(false));
        let ports = Ports {
            store,
            transport: peer.clone(),
            keys,
            counter: Arc::new(MemoryCounter::default()),
            clock: Arc::new(Monotonic {
                begin: Instant::now(),
                stopped: stopped.clone(),
            }),
        };
        let app = Authenticator::open(config(Roots::Public)?, ports)?;
        Ok(Self {
            app,
            peer,
            id: None,
            stopped,
        })
    }

    /// Enrols; gives the time that the phone itself took.
    pub fn enrol(&mut self) -> Result<Duration> {
        let link = self.peer.link()?;
        self.peer.take_busy();
        let begin = Instant::now();
        let mut review = self.app.review(&link)?;
        if self.peer.asks.has(Factor::Pin) {
            review.choose_pin(pin()?, &pin()?)?;
        }
        let id = self.app.enrol(review)?;
        let Progress::Pending(_) = self.app.proceed(&id, 0)? else {
            return Err("the enrolment did not ask for digits".into());
        };
        let first = begin.elapsed();
        self.peer.activate()?;
        let begin = Instant::now();
        if self.app.proceed(&id, 0)? != Progress::Active {
            return Err("the enrolment did not end".into());
        }
        let both = first + begin.elapsed();
        self.id = Some(id);
        Ok(both - self.peer.take_busy())
    }

    /// A phone in use.
    pub fn enrolled(
        store: Arc<dyn Store>,
        keys: Arc<dyn DeviceKeys>,
        algorithm: Algorithm,
    ) -> Result<Self> {
        Self::enrolled_with(store, keys, Peer::new(algorithm)?)
    }

    /// A phone in use before this peer, its PIN at the least cost.
    pub fn enrolled_with(
        store: Arc<dyn Store>,
        keys: Arc<dyn DeviceKeys>,
        peer: Peer,
    ) -> Result<Self> {
        let mut phone = Self::new(store, keys, peer)?;
        phone.stopped.store(true, Ordering::Relaxed);
        phone.enrol()?;
        phone.stopped.store(false, Ordering::Relaxed);
        Ok(phone)
    }

    /// The time that a poll of this many new requests takes, without the peer's part; then they are denied.
    pub fn poll(&self, many: usize) -> Result<Duration> {
        let id = self.id.ok_or("not enrolled")?;
        self.peer.ask_many(many)?;
        self.peer.take_busy();
        let begin = Instant::now();
        let arrived = self.app.poll(&id, 0)?;
        let took = begin.elapsed() - self.peer.take_busy();
        if arrived.prompts.len() != many || arrived.error.is_some() {
            return Err("not every request is shown".into());
        }
        for prompt in arrived.prompts {
            self.app
                .decide(&prompt.id, &Answer::Deny { reason: None })?;
        }
        Ok(took)
    }

    /// Fetches a new request; it is noted and shown.
    pub fn fetch(&self) -> Result<PromptId> {
        let id = self.id.ok_or("not enrolled")?;
        let asked = self.peer.ask()?;
        let prompt = self.app.fetch(&id, &asked)?;
        if prompt.rows.len() < 8 || prompt.number != 2 {
            return Err("the request is not shown as it should be".into());
        }
        Ok(prompt.id)
    }

    /// Approves; the verdict must be good.
    pub fn approve(&self, prompt: &PromptId) -> Result<()> {
        let number = Some("42".to_owned());
        let pin = self.peer.asks.has(Factor::Pin).then(pin).transpose()?;
        match self.app.decide(prompt, &Answer::Approve { number, pin })? {
            Sent::Verdict(verdict) if verdict.accepted => Ok(()),
            _ => Err("the approval was not accepted".into()),
        }
    }

    /// A whole login; the time from the challenge's arrival until the response went to the network.
    pub fn arrival_to_network(&self) -> Result<Duration> {
        let prompt = self.fetch()?;
        self.approve(&prompt)?;
        self.peer.between()
    }

    /// A whole login; the time from the tap until the response went to the network.
    pub fn tap_to_network(&self) -> Result<Duration> {
        let prompt = self.fetch()?;
        let tap = Instant::now();
        self.approve(&prompt)?;
        Ok(self.peer.came()? - tap)
    }
}

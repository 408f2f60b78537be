//! A whole phone of the core before a peer, by its one door.

use crate::Result;
use crate::peer::{Algorithm, Peer};
use countersign_core::adapters::MemoryCounter;
use countersign_core::ports::{Clock, DeviceKeys, Moment, Store};
use countersign_core::{
    Answer, App, AppMode, Authenticator, Config, Engine, Id, Name, Ports, Progress, PromptId,
    Roots, Sent,
};
use std::sync::Arc;
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
struct Monotonic(Instant);

impl Clock for Monotonic {
    fn now(&self) -> Moment {
        let ms = u64::try_from(self.0.elapsed().as_millis()).unwrap_or(0);
        Moment {
            boot: Id::from([1; 16]),
            ms,
        }
    }
}

/// A phone and its server.
pub struct Phone {
    pub app: Authenticator,
    pub peer: Arc<Peer>,
    /// The ID, once it is enrolled.
    pub id: Option<Id>,
}

impl Phone {
    /// Nobody enrolled yet.
    pub fn new(store: Arc<dyn Store>, keys: Arc<dyn DeviceKeys>, peer: Peer) -> Result<Self> {
        let peer = Arc::new(peer);
        let ports = Ports {
            store,
            transport: peer.clone(),
            keys,
            counter: Arc::new(MemoryCounter::default()),
            clock: Arc::new(Monotonic(Instant::now())),
        };
        let app = Authenticator::open(config(Roots::Public)?, ports)?;
        Ok(Self {
            app,
            peer,
            id: None,
        })
    }

    /// Enrols; gives the time that the phone itself took.
    pub fn enrol(&mut self) -> Result<Duration> {
        let link = self.peer.link()?;
        self.peer.take_busy();
        let begin = Instant::now();
        let review = self.app.review(&link)?;
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
        let mut phone = Self::new(store, keys, Peer::new(algorithm)?)?;
        phone.enrol()?;
        Ok(phone)
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
        match self
            .app
            .decide(prompt, &Answer::Approve { number, pin: None })?
        {
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

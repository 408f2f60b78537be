//! A phone in memory before a real server, with somebody on the line between them.

use crate::keys::MemoryKeys;
use crate::peer::{Algorithm, Peer};
use countersign_core::adapters::{MemoryCounter, MemoryStore};
use countersign_core::ports::{Answer, Clock, Moment, Request, Transport, TransportError};
use countersign_core::{
    App, AppMode, Authenticator, Config, Engine, Id, Name, Ports, Progress, Roots,
};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Hands on what the server answers, or what a script makes of it: four bytes a call. At its end everything is handed on.
pub struct Line {
    server: Peer,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    script: VecDeque<u8>,
    earlier: Vec<Answer>,
    /// The verdicts that the server gave to which response, as often as it did.
    judged: Vec<(Vec<u8>, String)>,
    /// How many of these reached the phone whole, at whichever time.
    verdicts: u64,
}

impl Line {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server at its end.
    pub fn server(&self) -> &Peer {
        &self.server
    }

    /// What happens to the next answers.
    pub fn attack(&self, script: &[u8]) {
        self.inner().script = script.iter().copied().collect();
    }

    /// How many verdicts went through whole.
    pub fn verdicts(&self) -> u64 {
        self.inner().verdicts
    }
}

impl Transport for Line {
    fn call(&self, request: &Request) -> Result<Answer, TransportError> {
        let genuine = self.server.call(request)?;
        let mut inner = self.inner();
        let mut byte = || inner.script.pop_front().unwrap_or(0);
        let (how, high, low, what) = (byte(), byte(), byte(), byte());
        let mut answer = genuine.clone();
        let at = usize::from(u16::from_be_bytes([high, low])) % genuine.body.len().max(1);
        match how % 9 {
            1 => answer
                .body
                .get_mut(at)
                .into_iter()
                .for_each(|byte| *byte ^= what),
            2 => answer.body.truncate(at),
            3 => answer.status = u16::from_be_bytes([high % 4, low]),
            4 => return Err(TransportError::Broken),
            5 => {
                let count = inner.earlier.len().max(1);
                answer = inner.earlier.get(at % count).cloned().unwrap_or(answer);
            }
            6 => answer.headers.clear(),
            7 => answer.body.insert(at, what),
            8 => drop(
                answer
                    .body
                    .drain(at..(at + usize::from(what)).min(genuine.body.len())),
            ),
            _ => {}
        }
        inner.earlier.push(genuine.clone());
        if request.url.ends_with("/responses") {
            let signed = |body: &[u8]| {
                let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
                said["verdict"].as_str().unwrap_or_default().to_owned()
            };
            inner
                .judged
                .push((request.body.clone(), signed(&genuine.body)));
            // One of an earlier try is of the same response, and as good; what is around it nobody signed.
            let heard = (request.body.clone(), signed(&answer.body));
            let whole = !heard.1.is_empty() && inner.judged.contains(&heard);
            inner.verdicts += u64::from(whole);
        }
        Ok(answer)
    }

    fn shut_down(&self) {}
}

/// A step at each look.
#[derive(Default)]
pub struct Steps(AtomicU64);

impl Clock for Steps {
    fn now(&self) -> Moment {
        Moment {
            boot: Id::from([1; 16]),
            ms: self.0.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// A phone, and all that outlives its process.
pub struct Phone {
    pub line: Arc<Line>,
    pub ports: Ports,
    pub app: Authenticator,
}

/// A phone that believes any server.
pub fn config() -> Config {
    let name = |text| Name::parse(text).expect("a name");
    Config {
        roots: Roots::Public,
        pins: None,
        servers: Vec::new(),
        scheme: None,
        engine: Engine::Memory,
        app: App {
            brand: name("countersign"),
            mode: AppMode::Core,
            version: name("0"),
            os: name("Fuzz 1"),
        },
        device: name("Phone"),
        locale: "en".into(),
    }
}

/// Opens what these ports hold.
pub fn open(ports: &Ports) -> Result<Authenticator, countersign_core::Error> {
    Authenticator::open(config(), ports.clone())
}

impl Phone {
    /// Nobody is enrolled yet.
    pub fn new() -> Self {
        let line = Arc::new(Line {
            server: Peer::new(Algorithm::Ed25519).expect("a server"),
            inner: Mutex::default(),
        });
        let ports = Ports {
            store: Arc::new(MemoryStore::new()),
            transport: line.clone(),
            keys: Arc::new(MemoryKeys::default()),
            counter: Arc::new(MemoryCounter::default()),
            clock: Arc::new(Steps::default()),
        };
        let app = open(&ports).expect("an empty store opens");
        Self { line, ports, app }
    }

    /// Enrols, as far as the line allows.
    pub fn enrol(&self) -> Result<Id, countersign_core::Error> {
        let link = self.line.server().link().expect("a link");
        let review = self.app.review(&link)?;
        let id = self.app.enrol(review)?;
        // Again where an answer was lost.
        for _ in 0..3 {
            if let Ok(Progress::Pending(_)) = self.app.proceed(&id, 0) {
                // The server may know nobody yet, whatever the line said.
                let _ = self.line.server().activate();
            }
        }
        Ok(id)
    }
}

impl Default for Phone {
    fn default() -> Self {
        Self::new()
    }
}

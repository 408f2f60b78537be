//! A phone with as many IDs and as long a history as one wants: made in memory by real logins, then laid down on an engine.

use crate::Result;
use crate::peer::{Algorithm, Peer};
use crate::phone::config;
use countersign_core::adapters::{
    MemoryCounter, MemoryStore, NoCounter, SoftwareKeys, UreqTransport, open_store,
};
use countersign_core::ports::{Answer, Clock, Moment, Request, Transport, TransportError};
use countersign_core::{
    Answer as Decision, Authenticator, Engine, Id, Ports, Progress, Roots, Sent,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// After so many seconds notes of what was shown are forgotten.
const A_DAY_AND_MORE: u64 = 25 * 3600;

/// Each call to whom it is for.
struct Routes(Vec<Arc<Peer>>);

impl Transport for Routes {
    fn call(&self, request: &Request) -> std::result::Result<Answer, TransportError> {
        let peer = self.0.iter().find(|peer| peer.is_at(&request.url));
        peer.ok_or(TransportError::Broken)?.call(request)
    }

    fn shut_down(&self) {}
}

/// The machine's clock, and how far it is set ahead.
struct Ahead {
    begin: Instant,
    ahead: Arc<AtomicU64>,
}

impl Clock for Ahead {
    fn now(&self) -> Moment {
        let passed = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(0);
        Moment {
            boot: Id::from([1; 16]),
            ms: passed + self.ahead.load(Ordering::Relaxed) * 1000,
        }
    }
}

/// The phone in memory, with its keys in files.
pub struct Filled {
    app: Authenticator,
    peers: Vec<(Id, Arc<Peer>)>,
    ahead: Arc<AtomicU64>,
    signed_in: usize,
}

impl Filled {
    /// With so many IDs, each of a server of its own, and no history; its keys are in this folder.
    pub fn new(keys: &Path, ids: usize) -> Result<Self> {
        let ahead = Arc::<AtomicU64>::default();
        let mut peers = Vec::new();
        for n in 0..ids {
            let mut peer = Peer::at(&format!("https://id{n}.example"), Algorithm::Ed25519)?;
            peer.ahead = ahead.clone();
            peers.push(Arc::new(peer));
        }
        let ports = Ports {
            store: Arc::new(MemoryStore::new()),
            transport: Arc::new(Routes(peers.clone())),
            keys: Arc::new(SoftwareKeys::new(keys)),
            counter: Arc::new(MemoryCounter::default()),
            clock: Arc::new(Ahead {
                begin: Instant::now(),
                ahead: ahead.clone(),
            }),
        };
        let app = Authenticator::open(config(Roots::Public)?, ports)?;
        let enrol = |peer: Arc<Peer>| {
            let id = app.enrol(app.review(&peer.link()?)?)?;
            app.proceed(&id, 0)?;
            peer.activate()?;
            match app.proceed(&id, 0)? {
                Progress::Active => Ok((id, peer)),
                Progress::Pending(_) => Err("the enrolment did not end".into()),
            }
        };
        let peers = peers.into_iter().map(enrol).collect::<Result<_>>()?;
        Ok(Self {
            app,
            peers,
            ahead,
            signed_in: 0,
        })
    }

    /// Signs in, with one ID after the other, until the history has so many entries, and lets a day pass. Gives a copy.
    pub fn grow(&mut self, history: usize) -> Result<Vec<u8>> {
        while self.signed_in + self.peers.len() < history {
            let (id, peer) = &self.peers[self.signed_in % self.peers.len()];
            self.sign_in(id, peer)?;
            self.signed_in += 1;
        }
        self.ahead.fetch_add(A_DAY_AND_MORE, Ordering::Relaxed);
        for (id, peer) in &self.peers {
            self.sign_in(id, peer)?;
            self.app.poll(id, 0)?;
        }
        self.signed_in += self.peers.len();
        Ok(self.app.export()?)
    }

    fn sign_in(&self, id: &Id, peer: &Peer) -> Result<()> {
        let prompt = self.app.fetch(id, &peer.ask()?)?;
        let approve = Decision::Approve {
            number: Some("42".to_owned()),
            pin: None,
        };
        match self.app.decide(&prompt.id, &approve)? {
            Sent::Verdict(verdict) if verdict.accepted => Ok(()),
            _ => Err("the approval was not accepted".into()),
        }
    }
}

/// The ports of a phone in these folders, with the network of a real one.
pub fn ports(store: &Path, keys: &Path, engine: Engine) -> Result<Ports> {
    Ok(Ports {
        store: open_store(store, engine)?,
        transport: Arc::new(UreqTransport::new(&config(Roots::Public)?)?),
        keys: Arc::new(SoftwareKeys::new(keys)),
        counter: Arc::new(NoCounter),
        clock: Arc::new(Ahead {
            begin: Instant::now(),
            ahead: Arc::default(),
        }),
    })
}

/// Lays a copy down in a folder.
pub fn lay_down(store: &Path, keys: &Path, engine: Engine, copy: &[u8]) -> Result<()> {
    Ok(Authenticator::restore(&ports(store, keys, engine)?, copy)?)
}

/// Opens the phone in these folders.
pub fn open(ports: Ports) -> Result<Authenticator> {
    Ok(Authenticator::open(config(Roots::Public)?, ports)?)
}

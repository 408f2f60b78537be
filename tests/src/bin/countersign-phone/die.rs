//! Death on demand: ports that end the process by SIGKILL at one of their calls. Before a commit,
//! after it, before a send, and after the answer arrived are four steps.

use countersign_core::Ports;
use countersign_core::ports::{
    Answer, Batch, Entry, Order, Request, Store, StoreError, Transport, TransportError,
};
use rustix::process::{Signal, getpid, kill_process};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The same ports, deadly at the N-th step.
pub(crate) fn ports(ports: Ports, die_at: u64) -> Ports {
    let steps = Arc::new(Steps {
        taken: AtomicU64::new(0),
        last: die_at,
    });
    Ports {
        store: Arc::new(Mortal {
            inner: ports.store,
            steps: steps.clone(),
        }),
        transport: Arc::new(Mortal {
            inner: ports.transport,
            steps,
        }),
        ..ports
    }
}

struct Steps {
    taken: AtomicU64,
    last: u64,
}

impl Steps {
    fn step(&self) {
        if self.taken.fetch_add(1, Ordering::SeqCst) + 1 == self.last {
            // Nothing after it runs: SIGKILL can't be caught or put off.
            let _ = kill_process(getpid(), Signal::KILL);
        }
    }
}

struct Mortal<T: ?Sized> {
    inner: Arc<T>,
    steps: Arc<Steps>,
}

impl Store for Mortal<dyn Store> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.read(key)
    }

    fn scan(&self, prefix: &[u8], order: Order, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.inner.scan(prefix, order, limit)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.steps.step();
        let done = self.inner.commit(batch);
        self.steps.step();
        done
    }
}

impl Transport for Mortal<dyn Transport> {
    fn call(&self, request: &Request) -> Result<Answer, TransportError> {
        self.steps.step();
        let answer = self.inner.call(request);
        self.steps.step();
        answer
    }

    fn shut_down(&self) {
        self.inner.shut_down();
    }
}

//! Death on demand: ports that end the process by SIGKILL at one of their calls. Before a commit,
//! after it, before a send, and after the answer arrived are four steps; before and after each use
//! of a key or of the counter are two.

use countersign_core::Ports;
use countersign_core::ports::{
    Answer, Batch, Count, Counter, DeviceKeys, Entry, Gesture, KeyError, MadeKey, Order, Pepper,
    Plain, Request, SALT_LENGTH, Slot, Store, StoreError, Transport, TransportError,
};
use countersign_core::{Digest, Id};
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
            steps: steps.clone(),
        }),
        keys: Arc::new(Mortal {
            inner: ports.keys,
            steps: steps.clone(),
        }),
        counter: Arc::new(Mortal {
            inner: ports.counter,
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

impl<T: ?Sized> Mortal<T> {
    /// Dies before it, after it, or lives.
    fn around<R>(&self, call: impl FnOnce(&T) -> R) -> R {
        self.steps.step();
        let done = call(&self.inner);
        self.steps.step();
        done
    }
}

impl Counter for Mortal<dyn Counter> {
    fn read(&self) -> Result<Option<Count>, KeyError> {
        self.inner.read()
    }

    fn write(&self, count: Count) -> Result<(), KeyError> {
        self.around(|counter| counter.write(count))
    }
}

impl Store for Mortal<dyn Store> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.read(key)
    }

    fn scan(&self, prefix: &[u8], order: Order, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.inner.scan(prefix, order, limit)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.around(|store| store.commit(batch))
    }
}

impl Transport for Mortal<dyn Transport> {
    fn call(&self, request: &Request) -> Result<Answer, TransportError> {
        self.around(|transport| transport.call(request))
    }

    fn shut_down(&self) {
        self.inner.shut_down();
    }
}

impl DeviceKeys for Mortal<dyn DeviceKeys> {
    fn level(&self) -> countersign_core::Level {
        self.inner.level()
    }

    fn make(&self, owner: &Id, slot: Slot, context: &Digest) -> Result<MadeKey, KeyError> {
        self.around(|keys| keys.make(owner, slot, context))
    }

    fn sign(&self, owner: &Id, slot: Slot, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.around(|keys| keys.sign(owner, slot, message))
    }

    fn wrap(&self, owner: &Id, gesture: Gesture, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.around(|keys| keys.wrap(owner, gesture, plain))
    }

    fn unwrap(&self, owner: &Id, gesture: Gesture, wrapped: &[u8]) -> Result<Plain, KeyError> {
        self.around(|keys| keys.unwrap(owner, gesture, wrapped))
    }

    fn pepper(&self, owner: &Id, salt: &[u8; SALT_LENGTH]) -> Result<Pepper, KeyError> {
        self.around(|keys| keys.pepper(owner, salt))
    }

    fn retire(&self, owner: &Id) -> Result<(), KeyError> {
        self.around(|keys| keys.retire(owner))
    }

    fn delete(&self, owner: &Id) -> Result<(), KeyError> {
        self.around(|keys| keys.delete(owner))
    }
}

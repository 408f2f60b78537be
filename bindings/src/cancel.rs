//! Giving up a call: the thread that made it comes back at once, whatever the network does, and what isn't signed yet is signed no more.

use crate::door::guarded;
use crate::error::AuthError;
use countersign_core::ports::{Answer, Request, Transport, TransportError};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

type Heard = Result<Answer, TransportError>;

/// Ends the calls that were given it, and those that will be, with [`AuthError::Cancelled`]. One that begins afterwards does nothing at all,
/// and one under way asks the person for nothing and signs nothing any more. What had been signed stays: such an answer is sent later, and
/// the call gives [`Sent::Queued`](crate::Sent::Queued).
#[derive(Default, uniffi::Object)]
pub struct Cancel(Mutex<State>);

#[derive(Default)]
struct State {
    cancelled: bool,
    waiting: Vec<(u64, Sender<Heard>)>,
    next: u64,
}

#[uniffi::export]
impl Cancel {
    /// For one call or several.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Ends them. Again does nothing.
    pub fn cancel(&self) -> Result<(), AuthError> {
        guarded(|| {
            let mut state = self.state();
            state.cancelled = true;
            for (_, waiting) in state.waiting.drain(..) {
                // It was answered at the same moment.
                let _ = waiting.send(Err(TransportError::Closed));
            }
            Ok(())
        })
    }
}

impl Cancel {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call begin.
    pub(crate) fn check(&self) -> Result<(), AuthError> {
        if self.state().cancelled {
            return Err(AuthError::Cancelled);
        }
        Ok(())
    }

    /// Nothing once it is cancelled.
    fn add(&self, waiting: Sender<Heard>) -> Option<u64> {
        let mut state = self.state();
        if state.cancelled {
            return None;
        }
        state.next += 1;
        let number = state.next;
        state.waiting.push((number, waiting));
        Some(number)
    }

    fn remove(&self, number: u64) {
        self.state().waiting.retain(|(other, _)| *other != number);
    }
}

thread_local! {
    /// What ends the call that this thread makes.
    static CURRENT: RefCell<Option<Arc<Cancel>>> = const { RefCell::new(None) };
}

/// Puts back what was there: a host may call in again from within a call.
struct Within(Option<Arc<Cancel>>);

impl Drop for Within {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// Makes a call that ends when it is cancelled.
pub(crate) fn within<T>(cancel: Option<Arc<Cancel>>, call: impl FnOnce() -> T) -> T {
    let _before = Within(CURRENT.replace(cancel));
    call()
}

/// Whether the call that this thread makes was given up.
pub(crate) fn is_given_up() -> bool {
    CURRENT.with_borrow(|cancel| cancel.as_ref().is_some_and(|one| one.check().is_err()))
}

/// The network, whose calls can be left one by one. One that was left goes on until its own end, and nobody hears it: as where the
/// connection broke, the server may have got it.
pub(crate) struct Leavable(pub(crate) Arc<dyn Transport>);

impl Transport for Leavable {
    fn call(&self, request: &Request) -> Heard {
        let Some(cancel) = CURRENT.with_borrow(Clone::clone) else {
            return self.0.call(request);
        };
        let (say, heard) = channel();
        let number = cancel.add(say.clone()).ok_or(TransportError::Closed)?;
        let (network, request) = (self.0.clone(), request.clone());
        let started = thread::Builder::new().spawn(move || {
            let answer = catch_unwind(AssertUnwindSafe(|| network.call(&request)));
            // Nobody waits any more.
            let _ = say.send(answer.unwrap_or(Err(TransportError::Broken)));
        });
        let answer = match started {
            Ok(_) => heard.recv().unwrap_or(Err(TransportError::Broken)),
            Err(_) => Err(TransportError::Broken),
        };
        cancel.remove(number);
        answer
    }

    fn shut_down(&self) {
        self.0.shut_down();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::ports::Method;
    use std::sync::mpsc::Receiver;
    use std::time::Duration;

    /// Says that it was called, and answers when told to.
    struct Slow {
        called: Sender<()>,
        answer: Mutex<Receiver<()>>,
    }

    impl Transport for Slow {
        fn call(&self, _: &Request) -> Heard {
            self.called.send(()).unwrap();
            self.answer.lock().unwrap().recv().unwrap();
            Err(TransportError::Tls)
        }

        fn shut_down(&self) {}
    }

    fn request() -> Request {
        Request {
            method: Method::Get,
            url: String::new(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_call_is_left_at_once_and_later_ones_do_not_begin() {
        let ((called, is_called), (go, answer)) = (channel(), channel());
        let answer = Mutex::new(answer);
        let network = Leavable(Arc::new(Slow { called, answer }));
        let cancel = Cancel::new();
        thread::scope(|scope| {
            let call = scope.spawn(|| within(Some(cancel.clone()), || network.call(&request())));
            is_called.recv().unwrap();
            cancel.cancel().unwrap();
            assert_eq!(call.join().unwrap().err(), Some(TransportError::Closed));
        });
        let again = within(Some(cancel.clone()), || network.call(&request()));
        assert_eq!(again.err(), Some(TransportError::Closed));
        assert!(is_called.try_recv().is_err() && cancel.state().waiting.is_empty());
        go.send(()).unwrap();
    }

    #[test]
    fn a_call_is_given_up_by_its_own_cancel_alone() {
        let [own, other] = [Cancel::new(), Cancel::new()];
        assert!(!is_given_up());
        within(Some(own.clone()), || {
            other.cancel().unwrap();
            assert!(!is_given_up());
            own.cancel().unwrap();
            assert!(is_given_up());
            // What a host calls from within has its own.
            within(None, || assert!(!is_given_up()));
            assert!(is_given_up());
            assert!(!thread::scope(|scope| scope
                .spawn(is_given_up)
                .join()
                .unwrap()));
        });
        assert!(!is_given_up());
        assert_eq!(own.check(), Err(AuthError::Cancelled));
    }

    #[test]
    fn a_call_that_nobody_cancels_is_answered_and_forgotten() {
        let ((called, _is_called), (go, answer)) = (channel(), channel());
        let answer = Mutex::new(answer);
        let network = Leavable(Arc::new(Slow { called, answer }));
        let cancel = Cancel::new();
        for with in [None, Some(cancel.clone())] {
            go.send(()).unwrap();
            let answer = within(with, || network.call(&request()));
            assert_eq!(answer.err(), Some(TransportError::Tls));
        }
        assert!(cancel.state().waiting.is_empty());
    }

    #[test]
    fn a_network_that_panics_is_a_broken_connection() {
        let (called, is_called) = channel();
        drop(is_called);
        let answer = Mutex::new(channel().1);
        let network = Leavable(Arc::new(Slow { called, answer }));
        let heard = within(Some(Cancel::new()), || network.call(&request()));
        assert_eq!(heard.err(), Some(TransportError::Broken));
    }
}

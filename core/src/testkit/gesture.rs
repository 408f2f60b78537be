//! A device that asks for a gesture, and the person before it.

use super::Phone;
use crate::adapters::SoftwareKeys;
use crate::authenticator::Authenticator;
use crate::ports::{DeviceKeys, Gesture, KeyError, MadeKey, Pepper, Plain, SALT_LENGTH, Slot};
use crate::testkit::typed;
use countersign_protocol::policy::{Alternative, Alternatives};
use countersign_protocol::statement::Level;
use countersign_protocol::{Digest, Id};
use std::sync::{Arc, Mutex};

/// What the person does when asked, until told otherwise.
#[derive(Default)]
pub(crate) struct Person {
    refuses: Mutex<Option<KeyError>>,
    asked: Mutex<u64>,
    meanwhile: Mutex<Option<Act>>,
    bad: Mutex<Option<Bad>>,
}

type Act = Box<dyn FnOnce() + Send>;

/// What a broken key store gives in place of what its K_uv is, or signs.
#[derive(Clone, Copy)]
pub(crate) enum Bad {
    Key(fn(&mut MadeKey)),
    /// Of a message and its signature.
    Signature(fn(&[u8], Vec<u8>) -> Vec<u8>),
}

impl Person {
    /// From now on each gesture ends like this.
    pub(crate) fn does(&self, end: Option<KeyError>) {
        *self.refuses.lock().unwrap() = end;
    }

    /// How often there was a gesture since this was asked last.
    pub(crate) fn was_asked(&self) -> u64 {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// What happens during the next gesture.
    pub(crate) fn meanwhile(&self, act: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(act));
    }

    /// From now on the device's key store is broken.
    pub(crate) fn has(&self, bad: Option<Bad>) {
        *self.bad.lock().unwrap() = bad;
    }

    fn ask(&self) -> Result<(), KeyError> {
        *self.asked.lock().unwrap() += 1;
        let act = self.meanwhile.lock().unwrap().take();
        if let Some(act) = act {
            act();
        }
        self.refuses.lock().unwrap().map_or(Ok(()), Err)
    }
}

/// Software keys whose K_uv asks.
pub(super) struct Asking {
    pub(super) keys: Arc<SoftwareKeys>,
    pub(super) person: Arc<Person>,
}

impl DeviceKeys for Asking {
    fn level(&self) -> Level {
        self.keys.level()
    }

    fn make(&self, owner: &Id, slot: Slot, context: &Digest) -> Result<MadeKey, KeyError> {
        let refuses = *self.person.refuses.lock().unwrap();
        if slot == Slot::Uv && refuses == Some(KeyError::NotSetUp) {
            return Err(KeyError::NotSetUp);
        }
        let mut made = self.keys.make(owner, slot, context)?;
        if let (Slot::Uv, Some(Bad::Key(bend))) = (slot, *self.person.bad.lock().unwrap()) {
            bend(&mut made);
        }
        Ok(made)
    }

    fn sign(&self, owner: &Id, slot: Slot, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        if slot == Slot::Uv {
            self.person.ask()?;
        }
        let der = self.keys.sign(owner, slot, message)?;
        Ok(match (slot, *self.person.bad.lock().unwrap()) {
            (Slot::Uv, Some(Bad::Signature(bend))) => bend(message, der),
            _ => der,
        })
    }

    fn wrap(&self, owner: &Id, gesture: Gesture, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.keys.wrap(owner, gesture, plain)
    }

    fn unwrap(&self, owner: &Id, gesture: Gesture, wrapped: &[u8]) -> Result<Plain, KeyError> {
        if gesture == Gesture::Asked {
            self.person.ask()?;
        }
        self.keys.unwrap(owner, gesture, wrapped)
    }

    fn pepper(&self, owner: &Id, salt: &[u8; SALT_LENGTH]) -> Result<Pepper, KeyError> {
        self.keys.pepper(owner, salt)
    }

    fn retire(&self, owner: &Id) -> Result<(), KeyError> {
        self.keys.retire(owner)
    }

    fn delete(&self, owner: &Id) -> Result<(), KeyError> {
        self.keys.delete(owner)
    }
}

impl Phone {
    /// A phone before a server that takes PIN or gesture.
    pub(crate) fn before_factors() -> Self {
        let phone = Self::before_pin();
        let min = vec![Alternative::DevPin, Alternative::Uv];
        phone.peer.inner().policy.min = Alternatives::new(min).unwrap();
        phone
    }

    /// An ID in use, with this PIN and a gesture.
    pub(crate) fn enrolled_with_gesture(&self, pin: &str) -> (Authenticator, Id) {
        let app = self.app();
        let mut review = app.review(&self.peer.link()).unwrap();
        review.choose_pin(typed(pin), &typed(pin)).unwrap();
        review.take_gesture(true);
        let id = app.enrol(review).unwrap();
        self.activate(&app, &id);
        assert_eq!(self.person.was_asked(), 1);
        (app, id)
    }
}

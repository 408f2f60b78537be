//! In: what the core needs of the device it runs on. Out: one trait a need, with no type of the
//! library that meets it. Never: a rule of the protocol; a port moves bytes and keeps keys.

mod clock;
mod counter;
mod device_keys;
mod store;
mod transport;

#[cfg(test)]
pub(crate) mod conformance;

pub use clock::{Clock, Moment};
pub use counter::{Count, Counter};
pub use device_keys::{DeviceKeys, Gesture, KeyError, MadeKey, Pepper, Plain, SALT_LENGTH, Slot};
pub use store::{Batch, Entry, Order, Store, StoreError};
pub use transport::{Answer, BODY_CAP, Method, Request, Transport, TransportError};

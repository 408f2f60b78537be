//! In: an implementation of a port. Out: a failed test where it isn't one. Never: an implementation
//! that is let off a rule.

mod clock;
mod counter;
mod device_keys;
mod store;
mod transport;

pub(crate) use clock::clock;
pub(crate) use counter::counter;
pub(crate) use device_keys::device_keys;
pub(crate) use store::store;
pub(crate) use transport::{Handler, transport};

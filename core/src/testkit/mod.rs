//! In: a test. Out: a scripted server that signs real statements, and ports that do as they are told.
//! Never: a check of the core that is left out; a peer lies with its own keys only.

mod clock;
mod gesture;
mod peer;
mod phone;
mod pin;
mod recovery;
mod said;
mod script;
mod serve;
mod thief;

pub(crate) use clock::ManualClock;
pub(crate) use gesture::Bad;
pub(crate) use peer::{Peer, Trouble};
pub(crate) use phone::{Phone, account_of, config};
pub(crate) use pin::typed;
pub(crate) use recovery::codes_on;
pub(crate) use said::{judged, refused};
pub(crate) use script::{Script, json, nothing, problem};
pub(crate) use thief::Thief;

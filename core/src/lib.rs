//! The phone: enrols IDs at servers, verifies what they ask, signs what a person decides, and
//! delivers every answer.
//!
//! In: a person's consent and decisions, servers' answers, and the device's store, keys, network
//! and clock as [`ports`]. Out: prompts to show and results to tell, by one door, [`Authenticator`].
//! Never: a secret, or anything shown or signed that didn't pass every check of the protocol.
//!
//! Synchronous and thread-safe: calls that wait for a network block their own thread only, and no
//! lock is held meanwhile.
#![warn(missing_docs)]

pub mod adapters;
pub mod ports;
pub mod words;

mod account;
mod authenticator;
mod challenge;
mod client;
mod config;
mod core;
mod enrol;
mod error;
mod history;
mod others;
mod outbox;
mod push;
mod time;
mod vault;

#[cfg(test)]
mod model;
#[cfg(test)]
mod testkit;

pub use account::{Overview, PhoneInfo, RecoveryCodes};
pub use authenticator::{AccountInfo, Authenticator, Ports};
pub use challenge::{
    Action, Answer, Arrivals, Hint, Moved, NewPin, Note, Prompt, PromptId, Requests, Row, Scanned,
};
pub use config::{Config, Engine, KnownServer, Roots};
pub use countersign_protocol::crypto::Secret;
pub use countersign_protocol::pin::{NoDigit, PinEntry};
pub use countersign_protocol::statement::{
    App, AppMode, CancelReason, Decision, Event, Level, PushAddress, PushType, Reason, Standing,
    StateReason, UvClass, Via,
};
pub use countersign_protocol::text::Name;
pub use countersign_protocol::{Digest, Id, Origin, Thumbprint};
pub use enrol::{GestureWish, Pending, Progress, Review};
pub use error::{Code, Error};
pub use history::{Exported, HistoryEntry};
pub use others::{Cancelled, NoticeInfo};
pub use outbox::{Delivery, Sent, VerdictInfo};
pub use push::{LockText, PushKey, open_text, push_handle};

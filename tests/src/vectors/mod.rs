//! The published vectors `tests/vectors/*.json`: how each is made, and how it is judged. Their form, for readers in other languages,
//! is in `tests/vectors/README.md`.
//!
//! In: the keys and statements of `protocol.json`, which another implementation made. Out: good examples and hostile siblings, each with
//! the answer that a right implementation gives, written down by hand. Never: an answer that the code under test computed; a vector that
//! is changed or taken back once it was published.

#![allow(
    clippy::panic,
    reason = "what makes and reads vectors is of the tests: one that is badly written ends it"
)]

mod book;
mod derivations;
mod forms;
mod histories;
mod phone;
mod published;
mod pushes;
mod read;
mod receipts;
mod server;
mod siblings;
mod statements;

pub use book::{Topic, merge};
pub use read::{Judged, judge};

/// All topics, as they are made now.
pub fn topics() -> Vec<Topic> {
    vec![
        statements::topic(),
        derivations::topic(),
        forms::topic(),
        histories::topic(),
        phone::topic(),
        server::topic(),
    ]
}

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
pub(crate) use read::{outputs, spelt_out};

/// The published files, by their names; what is of our core alone is not among them.
pub static FILES: [(&str, &str); 7] = [
    ("protocol.json", include_str!("../../vectors/protocol.json")),
    (
        "statements.json",
        include_str!("../../vectors/statements.json"),
    ),
    (
        "derivations.json",
        include_str!("../../vectors/derivations.json"),
    ),
    ("forms.json", include_str!("../../vectors/forms.json")),
    (
        "histories.json",
        include_str!("../../vectors/histories.json"),
    ),
    (
        "challenges.json",
        include_str!("../../vectors/challenges.json"),
    ),
    (
        "responses.json",
        include_str!("../../vectors/responses.json"),
    ),
];

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

//! The conformance kit: what its two programs share, and the half that plays the server before somebody else's phone
//! (`docs/conformance.md`; the half that plays the phone is in `tests`).
//!
//! In: a peer that others wrote, whoever acts there. Out: a report that names each check and what came.
//! Never: part of `countersign-server`, which has no way into here; a database or key that was there before.

mod answering;
mod asking;
mod enrolling;
mod forge;
mod kit;
mod lab;
mod line;
mod living;
mod person;
mod report;
mod run;
mod table;

pub use forge::forge;
#[cfg(fuzzing)]
pub(crate) use person::hook_answer;
pub use person::{Errand, Hook, Person};
pub use report::{Check, Outcome, Report};
pub use run::run;

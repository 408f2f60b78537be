//! In: signed responses, durable. Out: their verdicts, each moved to the history. Never: a response
//! signed twice or changed, dropped for an unsigned answer, or sent before it was durable.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Waiting: signed, durable
//!     Waiting --> Waiting: network, 5xx, 401, 429 (backoff)
//!     Waiting --> Stuck: any other 4xx
//!     Stuck --> Stuck: every 15 minutes, or by hand
//!     Stuck --> Waiting: something else than such a 4xx
//!     Waiting --> [*]: verdict, or a day after the request was over
//!     Stuck --> [*]: the same
//! ```

mod deliver;
mod entry;
mod schedule;
mod verdict;

pub use deliver::{Delivery, Sent};
pub(crate) use entry::{Summary, Waiting};
pub(crate) use schedule::Schedule;
pub use verdict::VerdictInfo;
pub(crate) use verdict::code;

#[cfg(test)]
mod tests;

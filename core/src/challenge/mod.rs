//! In: pushes, lists and links that say that something is asked. Out: prompts, and a person's signed
//! decision. Never: anything shown that didn't pass every check, a decision about something else
//! than what was shown, a second decision about one request.
//!
//! A type for each stage, each made only from the one before:
//!
//! ```mermaid
//! flowchart LR
//!     Hint -->|fetch| Fetched[text] -->|signature| Signed["Signed&lt;Challenge&gt;"]
//!     Signed -->|every check| Verified -->|noted, durable| Seen --> Prompt
//!     Prompt -->|a person| Decided -->|key| Response["Signed&lt;Response&gt;, in the outbox"]
//! ```

mod action;
mod change;
mod decide;
mod fetch;
mod hint;
mod link;
mod list;
mod merge;
mod more;
mod prompt;
mod recent;
mod room;
mod seen;
mod sign;
mod verify;

pub use action::{Action, Moved};
pub use decide::{Answer, NewPin};
pub use hint::Hint;
pub use link::Scanned;
pub use list::Arrivals;
pub use merge::Requests;
pub(crate) use merge::merge;
pub(crate) use more::newest_statement;
pub use prompt::{Note, Prompt, PromptId, Row};
pub(crate) use recent::Recent;
pub(crate) use seen::Seen;
pub(crate) use verify::Refusal;

#[cfg(test)]
mod codes_tests;
#[cfg(test)]
mod factor_tests;
#[cfg(test)]
mod gesture_tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod life_tests;
#[cfg(test)]
mod link_tests;
#[cfg(test)]
mod list_tests;
#[cfg(test)]
mod more_tests;
#[cfg(test)]
mod phone_tests;
#[cfg(test)]
mod pin_tests;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod thief_tests;
#[cfg(test)]
mod vector_tests;
#[cfg(test)]
mod waiting_tests;

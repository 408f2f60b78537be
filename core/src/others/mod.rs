//! What a server tells beside requests: that one is over, that something happened to an ID, what became of an
//! answer (protocol sections 10 and 11).
//!
//! In: statements of a list. Out: prompts that go, notices, verdicts; acknowledgements, once all of it is
//! durable. Never: anything believed that isn't the server's and for this credential, anything acknowledged
//! before it is durable, a notice taken twice.

mod acknowledge;
mod notice;
mod take;

pub(crate) use acknowledge::Acks;
pub use notice::NoticeInfo;
pub(crate) use notice::{Newest, NoticeRecord};
pub use take::Cancelled;
pub(crate) use take::{Taken, Told};

#[cfg(test)]
mod change_tests;
#[cfg(test)]
mod tests;

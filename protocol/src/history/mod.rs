//! An exported history (protocol section 8): its lines, as phone and server write them, and the check that anybody makes of
//! them later, with the thumbprint of a root and nothing else.
//!
//! In: one line after the other, each of bounded size. Out: what is wrong, by line, and up to which `ctr` the file is vouched
//! for and on what that rests. Never: an entry that is vouched for behind one that is wrong; a file that is held in memory,
//! beside its hashes for each answer.

mod chain;
mod check;
mod compare;
mod finding;
mod line;
mod report;

pub use check::{Check, NoHistory, Trusted};
pub use finding::{Finding, Found};
pub use line::{Entry, Header, LINE_CAP, Line};
pub use report::{Report, Span};

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod testkit;
#[cfg(test)]
mod tests;

//! In: members of a payload. Out: statement bodies, one file a `typ`. Never: a body that is believed
//! without its [`crate::Signed`], a rule of the protocol that only one side checks.

mod cancel;
mod challenge;
mod key;
mod keys;
mod notice;
mod offer;
mod proof;
mod registration;
mod response;
mod state;
mod verdict;

pub use cancel::{Cancel, CancelReason};
pub use challenge::{Challenge, Context, Input, Kind, Mode, Row, Service, Unfit, Zone, set_of};
pub use key::{Key, UvClass};
pub use keys::Keys;
pub use notice::{Event, Notice};
pub use offer::{Offer, Via};
pub use proof::{HEADER as PROOF_HEADER, Proof};
pub use registration::{App, AppMode, Level, Levels, PushAddress, PushType, Registration};
pub use response::{Decision, Prev, Reason, Response, UvInput};
pub use state::{Standing, State, StateReason};
pub use verdict::{Outcome, Verdict, VerdictCode};

use crate::json::{MAX_INT, Malformed};

/// Statements are defined here and nowhere else.
pub trait Sealed {}

/// Counters that begin at 1.
fn counts(value: u64, name: &'static str) -> Result<(), Malformed> {
    if (1..=MAX_INT).contains(&value) {
        Ok(())
    } else {
        Err(Malformed(name))
    }
}

/// `condition`, or the rule's name.
fn rule(condition: bool, name: &'static str) -> Result<(), Malformed> {
    if condition {
        Ok(())
    } else {
        Err(Malformed(name))
    }
}

/// The shape of a BCP 47 tag that begins with a language (RFC 5646): `[A-Za-z]{2,8}`, then parts `-[A-Za-z0-9]{1,8}`, up to 35.
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_first = |part: &str| {
        is_part(part) && part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    tag.len() <= 35 && parts.next().is_some_and(is_first) && parts.all(is_part)
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod table;
#[cfg(test)]
mod vectors;

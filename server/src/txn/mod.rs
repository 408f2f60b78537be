//! One question to an ID, on all of its phones (protocol section 6: what a `txn` joins).
//!
//! In: what is to be asked, for a login or for an application. Out: signed challenges, stored; who is to be told
//! once they are committed. What came of them goes to the login or the application's request that waits.
//! Never: a question to a phone that is not active, two results for one `txn`, anything told before the commit.

mod ask;
mod end;
mod more;
mod own;

pub(crate) use ask::{Phones, Question};
pub(crate) use end::{decide, pause, report, seen};
pub(crate) use more::{By, extend};
pub(crate) use own::{
    OwnQuestion, about, ask_for_new_phone, ask_for_policy, known_factors, withdraw_first,
};

use crate::app::App;
use crate::error::Fault;
use countersign_protocol::crypto::PublicKey;
use countersign_protocol::statement::{Challenge, Response};
use countersign_protocol::{Id, Signed};
use std::sync::Arc;

/// An answer that was judged, with what proves it.
pub(crate) struct Answered<'a> {
    /// The phone's key that signed.
    pub(crate) key: PublicKey,
    pub(crate) response: &'a Signed<Response>,
    pub(crate) verdict: &'a str,
    /// What the verdict gave the phone's browser to come back with.
    pub(crate) back: Option<Id>,
}

/// A stored challenge of ours: known, as long as it was this process that signed it.
pub(crate) fn challenge_of(app: &App, statement: &str) -> Result<Arc<Signed<Challenge>>, Fault> {
    match app.challenges.of(statement) {
        Some(known) => Ok(known),
        None => Ok(Arc::new(app.signer.ours(statement)?)),
    }
}

//! What came of a call, as a test expects it.

use crate::error::{Code, Error};
use crate::outbox::{Sent, VerdictInfo};

/// The verdict on an answer that was sent at once.
pub(crate) fn judged(sent: Result<Sent, Error>) -> VerdictInfo {
    match sent.unwrap() {
        Sent::Verdict(verdict) => verdict,
        Sent::Queued(error) => panic!("{error}"),
    }
}

/// What an error is compared with.
pub(crate) fn refused(code: Code) -> Option<Error> {
    Some(Error::Refused { code })
}

//! The phone's checks, in the protocol's order (section 6). Pure: what is known comes in, nothing is
//! fetched or stored.

use super::seen::Seen;
use crate::account::Account;
use crate::config::Config;
use crate::ports::Moment;
use crate::time::ServerTime;
use countersign_protocol::jose;
use countersign_protocol::statement::{Challenge, Mode, Unfit};
use countersign_protocol::view::View;
use countersign_protocol::{Id, Signed};
use std::sync::Arc;

/// A request whose signature was checked, and what would be shown of it.
pub(crate) struct Request {
    pub(super) challenge: Signed<Challenge>,
    view: View,
}

impl Request {
    pub(super) fn new(challenge: Signed<Challenge>) -> Arc<Self> {
        let view = View::of(&challenge);
        Arc::new(Self { challenge, view })
    }
}

/// A request that passed every check: it may be shown, and nothing else may.
pub(crate) struct Verified(Arc<Request>);

/// Why a request is not shown, or not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Not signed by the server, or not of the protocol.
    #[error(transparent)]
    Statement(#[from] jose::Refusal),
    /// Of another server.
    #[error("a request of another server")]
    OtherServer,
    /// For another credential.
    #[error("a request for another phone")]
    OtherPhone,
    /// For another account than the newest state has.
    #[error("a request for another account")]
    OtherAccount,
    /// Decided already, or another request with the same id.
    #[error("a request that was there already")]
    Seen,
    /// It lives longer than agreed.
    #[error("a request that lives too long")]
    Life,
    /// It is over, or another took its place.
    #[error("a request that is over")]
    Over,
    /// It got more time as often as there is.
    #[error("no more time to be had")]
    NoMoreTime,
    /// It is of the future.
    #[error("a request of the future")]
    NotYet,
    /// Its policy is not the one in force.
    #[error("a request under another policy")]
    Policy,
    /// It asks less than agreed.
    #[error("a request that asks less than was agreed")]
    Weaker,
    /// It is about the ID and names another service than the server.
    #[error("a request that names another service")]
    Service,
    /// The server is none of the app's (any more).
    #[error("a server that this app does not know")]
    Host,
    /// Another request than the one that was fetched.
    #[error("another request than the one asked for")]
    Another,
    /// Not a link to a request.
    #[error("not a link to a request")]
    NotALink,
    /// A link of a newer version.
    #[error("a link of another version")]
    NewerLink,
    /// A link to a server where this phone has no ID.
    #[error("a link to a server without an ID here")]
    NoId,
    /// What was scanned is not the number of an open request.
    #[error("not the number of an open request")]
    NoNumber,
    /// There is no such request here.
    #[error("an unknown request")]
    Unknown,
    /// The number is missing, or has other digits than asked.
    #[error("the number is missing")]
    Number,
    /// More requests than an ID may have open.
    #[error("too many requests")]
    TooMany,
    /// This phone can't give what it asks.
    #[error("this phone cannot give what is asked")]
    Factors,
    /// A change of PIN or gesture must reach the server first.
    #[error("a change of PIN or gesture has no answer yet")]
    Changing,
    /// An answer that was signed long before must reach the server first.
    #[error("an earlier answer has not arrived yet")]
    Unsent,
    /// The ID is suspended or over.
    #[error("the ID is not in use")]
    Paused,
}

/// What is known when a request comes.
pub(super) struct Known<'a> {
    pub(super) account: &'a Account,
    pub(super) config: &'a Config,
    pub(super) time: &'a ServerTime,
    pub(super) now: Moment,
    /// The note of the same `jti`, if it was there before.
    pub(super) seen: Option<&'a Seen>,
}

impl Verified {
    /// Checks a request whose signature was checked by the server's keys. Kind, mode, members and
    /// texts were checked as it was read.
    pub(super) fn check(request: Arc<Request>, known: &Known<'_>) -> Result<Self, Refusal> {
        let challenge = &request.challenge;
        is_meant(challenge, known.account)?;
        is_account(challenge, known.account)?;
        if known.seen.is_some_and(|seen| !seen.is_open(challenge)) {
            return Err(Refusal::Seen);
        }
        // Its life may be that of a policy which isn't known here yet.
        if challenge.policy > known.account.policy.n {
            return Err(Refusal::Policy);
        }
        lives_as_agreed(challenge, known.account)?;
        is_in_time(challenge, known)?;
        if challenge.policy != known.account.policy.n {
            return Err(Refusal::Policy);
        }
        challenge
            .fits(&known.account.policy)
            .map_err(|unfit| match unfit {
                Unfit::Life => Refusal::Life,
                Unfit::Weaker => Refusal::Weaker,
                Unfit::Service => Refusal::Service,
            })?;
        if !challenge.asks_what_there_is(known.account.has_pin_or_uv()) {
            return Err(Refusal::Weaker);
        }
        if !known.config.allows(&challenge.iss) {
            return Err(Refusal::Host);
        }
        Ok(Self(request))
    }

    /// One that was shown and decided, or whose time is over: only for a report, which the server
    /// takes whatever became of the request.
    pub(super) fn check_for_report(
        request: Arc<Request>,
        account: &Account,
    ) -> Result<Self, Refusal> {
        is_meant(&request.challenge, account)?;
        Ok(Self(request))
    }

    pub(super) fn challenge(&self) -> &Signed<Challenge> {
        &self.0.challenge
    }

    pub(super) fn view(&self) -> &View {
        &self.0.view
    }
}

fn is_meant(challenge: &Challenge, account: &Account) -> Result<(), Refusal> {
    let credential: Option<Id> = account.known().ok().map(|known| known.credential);
    if challenge.iss != account.trust.iss {
        Err(Refusal::OtherServer)
    } else if Some(challenge.aud) != credential {
        Err(Refusal::OtherPhone)
    } else {
        Ok(())
    }
}

fn is_account(challenge: &Challenge, account: &Account) -> Result<(), Refusal> {
    if challenge.account == account.account {
        Ok(())
    } else {
        Err(Refusal::OtherAccount)
    }
}

fn lives_as_agreed(challenge: &Challenge, account: &Account) -> Result<(), Refusal> {
    let most = if challenge.mode == Mode::App {
        600
    } else {
        account.policy.max_life
    };
    if challenge.exp - challenge.iat > most {
        Err(Refusal::Life)
    } else {
        Ok(())
    }
}

fn is_in_time(challenge: &Challenge, known: &Known<'_>) -> Result<(), Refusal> {
    if known.time.is_over(challenge.exp, known.now) {
        Err(Refusal::Over)
    } else if known.time.is_to_come(challenge.iat, known.now) {
        Err(Refusal::NotYet)
    } else {
        Ok(())
    }
}

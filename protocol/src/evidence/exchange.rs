//! One request, its answer, and what the server made of it.

use super::{Flaw, link};
use crate::jose::Signed;
use crate::policy::Factor;
use crate::statement::{Challenge, Decision, Outcome, Response, Verdict};
use crate::view::View;

/// That a response is the answer to a challenge, and that its person was shown what the challenge says.
pub(crate) fn answers(
    challenge: &Signed<Challenge>,
    response: &Response,
    view: &View,
) -> Result<(), Flaw> {
    link(response.challenge == challenge.hash(), "response.challenge")?;
    link(response.iss == challenge.aud, "response.iss")?;
    link(response.aud == challenge.iss, "response.aud")?;
    link(response.view == view.digest(), "response.view")?;
    link(response.fits(challenge).is_ok(), "response")
}

/// That a verdict is about a response, and its server's.
pub(crate) fn judges(response: &Signed<Response>, verdict: &Verdict) -> Result<(), Flaw> {
    link(verdict.iss == response.aud, "verdict.iss")?;
    link(verdict.aud == response.iss, "verdict.aud")?;
    link(verdict.challenge == response.challenge, "verdict.challenge")?;
    link(verdict.response == response.hash(), "verdict.response")
}

/// What a server accepts only if it keeps the protocol. `key` is what the key that signed counts for.
pub(crate) fn is_rightly_accepted(
    challenge: &Challenge,
    response: &Response,
    verdict: &Verdict,
    key: Factor,
) -> Result<(), Flaw> {
    if verdict.result != Outcome::Accepted {
        return Ok(());
    }
    let late = verdict.iat > challenge.exp && response.decision != Decision::Report;
    link(verdict.iat >= challenge.iat && !late, "verdict.iat")?;
    let mut proved = vec![key];
    proved.extend(response.pin.map(|_| Factor::Pin));
    let enough = challenge.factors.satisfied_by(&proved);
    link(
        enough || response.decision != Decision::Approve,
        "response.pin",
    )
}

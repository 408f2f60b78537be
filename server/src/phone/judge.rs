//! What becomes of a response: steps 3 to 7 of protocol section 7, without I/O.

use crate::store::responses::CTR_WINDOW;
use countersign_protocol::jose::Signed;
use countersign_protocol::policy::{Factor, covers};
use countersign_protocol::statement::{Challenge, Decision, Kind, Response, VerdictCode};
use countersign_protocol::view::View;

/// A report is taken this long after the challenge is over, seconds.
pub(crate) const REPORT_LIFE: u64 = 24 * 3600;

/// What the server knows when a response comes.
pub(crate) struct Facts<'a> {
    /// Of the credential: `active`, `suspended`, …
    pub(crate) standing: &'a str,
    /// Its highest `ctr`.
    pub(crate) ctr: u64,
    /// Another response had this `ctr`.
    pub(crate) ctr_used: bool,
    /// The challenge that the response names, if this credential was asked it, with where it stands
    /// (`open`, `decided`, `cancelled`) and its number.
    pub(crate) challenge: Option<(&'a Signed<Challenge>, &'a str, &'a str)>,
    /// Whether K_uv signed.
    pub(crate) by_uv: bool,
    /// Whether the credential has a PIN.
    pub(crate) has_pin: bool,
    /// Whether the new keys that an approval brings can be taken.
    pub(crate) keys_good: bool,
    /// Seconds.
    pub(crate) now: u64,
}

/// What to answer, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// The person approved: the login goes on.
    Approved,
    /// The person refused.
    Denied,
    /// The person reported: the ID pauses. `decides`: the challenge was still open.
    Reported {
        /// The challenge was still open.
        decides: bool,
    },
    /// Two copies of the phone answer: the credential is suspended.
    Clone,
    /// The number is wrong: the challenge is over.
    NumberWrong,
    /// The digits of a new phone are wrong: the challenge stays open.
    DigitsWrong {
        /// Tries that are left, at least one.
        left: u64,
    },
    /// An approval that is right if its PIN is, which is compared by [`super::pin`].
    PinAsked,
    /// The PIN is wrong: the challenge stays open.
    PinWrong {
        /// Tries that are left, at least one.
        left: u64,
    },
    /// It has no effect, or none but that its PIN counts as tried.
    Refused(VerdictCode),
}

impl Judgement {
    pub(crate) fn code(self) -> VerdictCode {
        match self {
            Self::Approved | Self::Denied | Self::Reported { .. } => VerdictCode::Ok,
            Self::Clone => VerdictCode::Suspended,
            Self::NumberWrong | Self::DigitsWrong { .. } => VerdictCode::NumberWrong,
            // Not compared is not right.
            Self::PinAsked => VerdictCode::FactorsMissing,
            Self::PinWrong { .. } => VerdictCode::PinWrong,
            Self::Refused(code) => code,
        }
    }
}

/// Decides. The signature was checked, and the response is not one that was seen before.
pub(crate) fn judge(facts: &Facts<'_>, response: &Response) -> Judgement {
    use Judgement::Refused;
    let report = response.decision == Decision::Report;
    match facts.standing {
        "active" => {}
        "suspended" if report || is_unfreeze(facts) => {}
        "suspended" => return Refused(VerdictCode::Suspended),
        _ => return Refused(VerdictCode::NotActive),
    }
    if facts.ctr_used || response.ctr + CTR_WINDOW < facts.ctr {
        return Judgement::Clone;
    }
    let Some((challenge, stage, number)) = facts.challenge else {
        return Refused(VerdictCode::Expired);
    };
    let late = facts.now > challenge.exp;
    match stage {
        _ if report && facts.now <= challenge.exp + REPORT_LIFE => {}
        _ if report => return Refused(VerdictCode::Expired),
        "decided" => return Refused(VerdictCode::DecidedElsewhere),
        "cancelled" => return Refused(VerdictCode::Cancelled),
        _ if late => return Refused(VerdictCode::Expired),
        _ => {}
    }
    if response.view != View::of(challenge).digest() {
        return Refused(VerdictCode::ViewMismatch);
    }
    if response.fits(challenge).is_err() || response.aud != challenge.iss {
        return Refused(VerdictCode::BadInput);
    }
    match response.decision {
        // Deny and report are K_dev's.
        Decision::Deny | Decision::Report if facts.by_uv => Refused(VerdictCode::BadInput),
        Decision::Deny => Judgement::Denied,
        Decision::Report => Judgement::Reported {
            decides: stage == "open" && !late,
        },
        Decision::Approve => judge_approval(facts, response, challenge, number),
    }
}

/// What a credential at rest may answer: it was asked by its own wish.
fn is_unfreeze(facts: &Facts<'_>) -> bool {
    facts
        .challenge
        .is_some_and(|(challenge, ..)| challenge.kind == Kind::Unfreeze)
}

fn judge_approval(
    facts: &Facts<'_>,
    response: &Response,
    challenge: &Challenge,
    number: &str,
) -> Judgement {
    let asked = response.pin.is_some();
    let mut proved = vec![if facts.by_uv { Factor::Uv } else { Factor::Dev }];
    // The proof of a PIN that the credential doesn't have proves nothing.
    if asked && facts.has_pin {
        proved.push(Factor::Pin);
    }
    // A PIN proof comes exactly with an alternative that asks for it.
    let mut chosen = challenge.factors.as_slice().iter();
    if !chosen.any(|chosen| chosen.has(Factor::Pin) == asked && covers(&proved, *chosen)) {
        return Judgement::Refused(VerdictCode::FactorsMissing);
    }
    if response.r#match.as_deref().unwrap_or_default() != number {
        return Judgement::NumberWrong;
    }
    if !facts.keys_good {
        return Judgement::Refused(VerdictCode::BadInput);
    }
    if asked {
        Judgement::PinAsked
    } else {
        Judgement::Approved
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "judge_vectors.rs"]
mod vectors;

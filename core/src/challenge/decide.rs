//! What a person says to a request, and whether it fits.

use super::change::Brought;
use super::prompt::{waits_for_change, ways};
use super::verify::{Refusal, Verified};
use crate::account::{Account, Chain, MadeUv};
use crate::enrol;
use crate::error::{Error, Fault};
use countersign_protocol::pin::{LEAST_DIGITS, Pin, PinEntry, TooShort};
use countersign_protocol::policy::{Alternative, Factor, Policy};
use countersign_protocol::statement::{
    Challenge, Decision, Kind, Prev, Reason, Response, Standing,
};
use countersign_protocol::{Id, Signed};
use std::fmt;

/// What a person says to a request.
pub enum Answer {
    /// It is me.
    Approve {
        /// The number that the browser shows, where one is asked.
        number: Option<String>,
        /// The PIN, where one is asked ([`Prompt::pin`](super::Prompt::pin)).
        pin: Option<PinEntry>,
    },
    /// It is me, and this is my new PIN: to a request that [`Action::SetPin`](super::Action::SetPin) began.
    SetPin {
        /// The PIN as it was, where it is asked.
        old: Option<PinEntry>,
        /// The PIN as it will be, once the server has taken it.
        new: NewPin,
    },
    /// No.
    Deny {
        /// Why, if they say so.
        reason: Option<Reason>,
    },
    /// It wasn't me: stop it and pause the ID.
    Report {
        /// Why, if they say so.
        reason: Option<Reason>,
    },
}

impl Answer {
    pub(super) fn decision(&self) -> Decision {
        match self {
            Self::Approve { .. } | Self::SetPin { .. } => Decision::Approve,
            Self::Deny { .. } => Decision::Deny,
            Self::Report { .. } => Decision::Report,
        }
    }
}

/// A PIN that the person chose and typed twice alike.
pub struct NewPin(PinEntry);

impl NewPin {
    /// # Errors
    /// `pin.differ`; the person types it twice again.
    pub fn new(pin: PinEntry, again: &PinEntry) -> Result<Self, Error> {
        if pin.is_same(again) {
            Ok(Self(pin))
        } else {
            Err(Fault::from(enrol::Refusal::PinsDiffer).into())
        }
    }
}

/// It is a secret.
impl fmt::Debug for NewPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPin")
    }
}

/// A request and a decision about it that fits.
pub(super) struct Decided<'a> {
    verified: Verified,
    answer: &'a Answer,
    /// Where the alternative that is chosen has one.
    pub(super) pin: Option<Pin<'a>>,
    /// Whether K_uv signs.
    pub(super) by_uv: bool,
    pub(super) brought: Brought<'a>,
}

impl<'a> Decided<'a> {
    pub(super) fn new(
        verified: Verified,
        account: &Account,
        answer: &'a Answer,
        made: Option<&'a MadeUv>,
    ) -> Result<Self, Fault> {
        let kind = verified.challenge().kind;
        let (number, pin, brought) = match (answer, made) {
            (Answer::Approve { number, pin }, None) if kind == Kind::RecoveryCodes => {
                (number, pin, Brought::Codes)
            }
            (Answer::Approve { number, pin }, None) => (number, pin, Brought::Nothing),
            (Answer::Approve { number, pin }, Some(made)) => (number, pin, Brought::Uv(made)),
            (Answer::SetPin { old, new }, _) => {
                let new = new.0.pin(account.policy.pin)?;
                (&None, old, Brought::Pin(new))
            }
            (Answer::Deny { .. } | Answer::Report { .. }, _) => {
                return Ok(Self {
                    verified,
                    answer,
                    pin: None,
                    by_uv: false,
                    brought: Brought::Nothing,
                });
            }
        };
        let brings_pin = matches!(brought, Brought::Pin(_));
        if brings_pin != (kind == Kind::PinSet) {
            return Err(Refusal::Factors.into());
        }
        let way = choose(&verified, account, pin.is_some())?;
        let number = number.as_deref().unwrap_or_default();
        let asked = verified.challenge().r#match;
        if number.len() as u64 != asked || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::Number.into());
        }
        let mut chosen_pin = None;
        if way.has(Factor::Pin) {
            // Any minimum of the policy was for choosing it; which length was chosen is kept nowhere.
            let least = LEAST_DIGITS;
            let pin = pin.as_ref().ok_or(TooShort { least })?;
            chosen_pin = Some(pin.pin(least as u64)?);
        }
        Ok(Self {
            verified,
            answer,
            pin: chosen_pin,
            by_uv: way.has(Factor::Uv),
            brought,
        })
    }

    pub(super) fn challenge(&self) -> &Signed<Challenge> {
        self.verified.challenge()
    }

    fn agrees(&self) -> bool {
        self.answer.decision() == Decision::Approve
    }

    /// Whether another PIN or key comes of it.
    pub(super) fn changes(&self) -> bool {
        let kind = self.verified.challenge().kind;
        self.agrees() && matches!(kind, Kind::PinSet | Kind::ReplaceUv)
    }

    /// Whether it needs a new K_uv first. Everything else fits, so the person may be asked for the gesture.
    pub(super) fn asks_uv(&self) -> bool {
        self.changes()
            && self.verified.challenge().kind == Kind::ReplaceUv
            && matches!(self.brought, Brought::Nothing)
    }

    /// The policy that the person agrees to, if that is what was asked.
    pub(super) fn agreed(&self) -> Option<&Policy> {
        let input = self.verified.challenge().input.as_ref();
        let policy = input.and_then(|input| input.policy.as_ref());
        policy.filter(|_| self.agrees())
    }

    /// What is signed, as the next one of the chain.
    pub(super) fn response(
        &self,
        credential: Id,
        chain: Chain,
        locale: &str,
    ) -> Result<Response, Fault> {
        let challenge = self.verified.challenge();
        let (number, reason) = match self.answer {
            Answer::Approve { number, .. } => {
                (number.clone().filter(|number| !number.is_empty()), None)
            }
            Answer::SetPin { .. } => (None, None),
            Answer::Deny { reason } | Answer::Report { reason } => (None, *reason),
        };
        Ok(Response {
            iss: credential,
            aud: challenge.iss.clone(),
            jti: Id::make()?,
            challenge: challenge.hash(),
            decision: self.answer.decision(),
            reason,
            rule: 1,
            view: self.verified.view().digest(),
            r#match: number,
            dh: None,
            pin: None,
            input: None,
            ctr: chain.ctr + 1,
            prev: Prev(chain.prev),
            locale: locale.to_owned(),
        })
    }
}

/// The alternative that is taken: the one that asks the person for least, or by a PIN in place of a gesture where
/// one is given.
fn choose(verified: &Verified, account: &Account, with_pin: bool) -> Result<Alternative, Refusal> {
    let ways = ways(verified, account);
    let typed = ways.iter().find(|way| way.has(Factor::Pin) && with_pin);
    let least = ways.first().filter(|way| **way == Alternative::Dev);
    match least.or(typed).or(ways.first()) {
        Some(way) => Ok(*way),
        None if waits_for_change(verified, account) => Err(Refusal::Changing),
        None => Err(Refusal::Factors),
    }
}

/// A suspended ID reports and lifts its pause, nothing else; one that is over does nothing.
pub(super) fn may_decide(
    account: &Account,
    challenge: &Challenge,
    answer: &Answer,
) -> Result<(), Refusal> {
    let standing = account.known().map(|known| known.standing);
    let at_rest = answer.decision() == Decision::Report || challenge.kind == Kind::Unfreeze;
    match standing {
        Ok(Standing::Active) => Ok(()),
        Ok(Standing::Suspended) if at_rest => Ok(()),
        _ => Err(Refusal::Paused),
    }
}

//! A person's decision becomes a signed response: its exact bytes, the mark that it was decided, and
//! the chain are durable together, by one transaction, before anything is sent.

use super::prompt::{PromptId, ways};
use super::seen::Seen;
use super::verify::{Known, Refusal, Verified};
use crate::account::{Account, Chain};
use crate::core::Core;
use crate::error::Fault;
use crate::outbox::{Summary, Waiting};
use crate::ports::StoreError;
use crate::time::ServerTime;
use crate::vault::{self, Place};
use countersign_protocol::Id;
use countersign_protocol::pin::{LEAST_DIGITS, Pin, PinEntry, TooShort};
use countersign_protocol::policy::Factor;
use countersign_protocol::statement::{
    Challenge, Decision, Kind, Prev, Reason, Response, Standing,
};

/// How often a decision is signed anew because another of the same ID was quicker.
const TRIES: usize = 8;

/// What a person says to a request.
pub enum Answer {
    /// It is me.
    Approve {
        /// The number that the browser shows, where one is asked.
        number: Option<String>,
        /// The PIN, where one is asked ([`Prompt::pin`](super::Prompt::pin)).
        pin: Option<PinEntry>,
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
    fn decision(&self) -> Decision {
        match self {
            Self::Approve { .. } => Decision::Approve,
            Self::Deny { .. } => Decision::Deny,
            Self::Report { .. } => Decision::Report,
        }
    }
}

/// A request and a decision about it that fits.
struct Decided<'a> {
    verified: Verified,
    answer: &'a Answer,
    /// Where the alternative that is chosen has one.
    pin: Option<Pin<'a>>,
}

impl<'a> Decided<'a> {
    fn new(verified: Verified, account: &Account, answer: &'a Answer) -> Result<Self, Fault> {
        let mut chosen_pin = None;
        if let Answer::Approve { number, pin } = answer {
            let ways = ways(&verified, account);
            let chosen = ways.first().ok_or(Refusal::Factors)?;
            let number = number.as_deref().unwrap_or_default();
            let asked = verified.challenge().r#match;
            if number.len() as u64 != asked || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Refusal::Number.into());
            }
            if chosen.has(Factor::Pin) {
                // Any minimum of the policy was for choosing it; which length was chosen is kept nowhere.
                let least = LEAST_DIGITS;
                let pin = pin.as_ref().ok_or(TooShort { least })?;
                chosen_pin = Some(pin.pin(least as u64)?);
            }
        }
        Ok(Self {
            verified,
            answer,
            pin: chosen_pin,
        })
    }

    /// What is signed, as the next one of the chain.
    fn response(&self, credential: Id, chain: Chain, locale: &str) -> Result<Response, Fault> {
        let challenge = self.verified.challenge();
        let (number, reason) = match self.answer {
            Answer::Approve { number, .. } => {
                (number.clone().filter(|number| !number.is_empty()), None)
            }
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

impl Core {
    /// Decides a request: when this returns, the answer is signed and durable, and waits in the
    /// outbox under the number that is given.
    pub(crate) fn decide(&self, id: &PromptId, answer: &Answer) -> Result<u64, Fault> {
        for _ in 0..TRIES {
            match self.try_to_decide(id, answer) {
                Err(Fault::Vault(fault)) if fault.is_race() => {}
                other => return other,
            }
        }
        Err(vault::Fault::Store(StoreError::Changed).into())
    }

    fn try_to_decide(&self, id: &PromptId, answer: &Answer) -> Result<u64, Fault> {
        let owner = Place::of(&id.account);
        let note = Seen::place(&id.account, &id.challenge);
        let mut change = self.vault.begin();
        let account = change.read::<Account>(&owner)?.ok_or(Fault::Unknown)?;
        let mut seen = change.read::<Seen>(&note)?.ok_or(Refusal::Unknown)?;
        let time = self.time(&account.trust)?;
        let verified = self.verified_for(&account, &seen, &time, answer)?;
        may_decide(&account, verified.challenge(), answer)?;
        let decided = Decided::new(verified, &account, answer)?;

        let chain = change.read::<Chain>(&owner)?.unwrap_or_default();
        let credential = account.known()?.credential;
        let mut response = decided.response(credential, chain, &self.config.locale)?;
        if let Some(pin) = &decided.pin {
            self.keys.prove_pin(&account, pin, &mut response)?;
        }
        let response = self.keys.sign(&account.owner, &account.dev, response)?;
        let (challenge, ctr) = (decided.verified.challenge(), response.ctr);

        seen.decide(answer.decision());
        change.put(&note, &seen)?;
        change.put(
            &owner,
            &Chain {
                ctr,
                prev: Some(response.hash()),
            },
        )?;
        let waiting = Waiting::new(challenge, &response, Summary::new(challenge, &response));
        change.put(&Place::numbered(&account.owner, ctr), &waiting)?;
        change.commit()?;
        self.schedule().add(account.owner, ctr);
        Ok(ctr)
    }

    fn verified_for(
        &self,
        account: &Account,
        seen: &Seen,
        time: &ServerTime,
        answer: &Answer,
    ) -> Result<Verified, Fault> {
        if !seen.takes(answer.decision()) {
            return Err(Refusal::Seen.into());
        }
        let challenge = self.verify_again(&account.trust, &seen.challenge)?;
        if answer.decision() == Decision::Report {
            return Ok(Verified::check_for_report(challenge, account)?);
        }
        let now = self.clock.now();
        let known = Known {
            account,
            config: &self.config,
            time,
            now,
            seen: Some(seen),
        };
        Ok(Verified::check(challenge, &known)?)
    }
}

/// A suspended ID reports and lifts its pause, nothing else; one that is over does nothing.
fn may_decide(account: &Account, challenge: &Challenge, answer: &Answer) -> Result<(), Refusal> {
    let standing = account.known().map(|known| known.standing);
    let at_rest = answer.decision() == Decision::Report || challenge.kind == Kind::Unfreeze;
    match standing {
        Ok(Standing::Active) => Ok(()),
        Ok(Standing::Suspended) if at_rest => Ok(()),
        _ => Err(Refusal::Paused),
    }
}

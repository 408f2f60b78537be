//! A person's decision becomes a signed response: its exact bytes, the mark that it was decided, and
//! the chain are durable together, by one transaction, before anything is sent.

use super::change::Brought;
use super::prompt::{PromptId, waits_for_change, ways};
use super::seen::Seen;
use super::verify::{Known, Refusal, Verified};
use crate::account::{Account, Approval, Chain, MadeUv, take_in};
use crate::core::Core;
use crate::enrol;
use crate::error::{Error, Fault};
use crate::outbox::{Summary, Waiting};
use crate::ports::StoreError;
use crate::time::ServerTime;
use crate::vault::{self, Place};
use countersign_protocol::pin::{LEAST_DIGITS, Pin, PinEntry, TooShort};
use countersign_protocol::policy::{Alternative, Factor, Policy};
use countersign_protocol::statement::{
    Challenge, Decision, Key, Kind, Prev, Reason, Response, Standing,
};
use countersign_protocol::{Id, Signed};

use std::fmt;

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
    fn decision(&self) -> Decision {
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
struct Decided<'a> {
    verified: Verified,
    answer: &'a Answer,
    /// Where the alternative that is chosen has one.
    pin: Option<Pin<'a>>,
    /// Whether K_uv signs.
    by_uv: bool,
    brought: Brought<'a>,
}

impl<'a> Decided<'a> {
    fn new(
        verified: Verified,
        account: &Account,
        answer: &'a Answer,
        made: Option<&'a MadeUv>,
    ) -> Result<Self, Fault> {
        let kind = verified.challenge().kind;
        let (number, pin, brought) = match (answer, made) {
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

    fn agrees(&self) -> bool {
        self.answer.decision() == Decision::Approve
    }

    /// Whether another PIN or key comes of it.
    fn changes(&self) -> bool {
        let kind = self.verified.challenge().kind;
        self.agrees() && matches!(kind, Kind::PinSet | Kind::ReplaceUv)
    }

    /// Whether it needs a new K_uv first. Everything else fits, so the person may be asked for the gesture.
    fn asks_uv(&self) -> bool {
        self.changes()
            && self.verified.challenge().kind == Kind::ReplaceUv
            && matches!(self.brought, Brought::Nothing)
    }

    /// The policy that the person agrees to, if that is what was asked.
    fn agreed(&self) -> Option<&Policy> {
        let input = self.verified.challenge().input.as_ref();
        let policy = input.and_then(|input| input.policy.as_ref());
        policy.filter(|_| self.agrees())
    }

    /// What is signed, as the next one of the chain.
    fn response(&self, credential: Id, chain: Chain, locale: &str) -> Result<Response, Fault> {
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

/// How far a try to decide came.
enum Tried {
    /// Signed and durable.
    Signed(Box<(Account, Waiting)>),
    /// It needs a new K_uv, which says this.
    AsksUv(Key),
}

impl Core {
    /// Decides a request: when this returns, the answer is signed and durable, and waits in the
    /// outbox as it is given. What must arrive before it is delivered then, and only then.
    pub(crate) fn decide(
        &self,
        id: &PromptId,
        answer: &Answer,
    ) -> Result<(Account, Waiting), Fault> {
        match self.decide_now(id, answer) {
            Err(Fault::Challenge(Refusal::Changing)) => {
                self.deliver_first(&id.account, |_| true)?;
                self.decide_now(id, answer)
            }
            decided => decided,
        }
    }

    fn decide_now(&self, id: &PromptId, answer: &Answer) -> Result<(Account, Waiting), Fault> {
        let mut made = None;
        for _ in 0..TRIES {
            match self.try_to_decide(id, answer, made.as_ref()) {
                Ok(Tried::Signed(signed)) => return Ok(*signed),
                Ok(Tried::AsksUv(says)) => made = Some(self.make_uv(says)?),
                Err(Fault::Vault(fault)) if fault.is_race() => {}
                // Whether it is stored is known when the store is opened anew.
                Err(fault @ Fault::Vault(_)) => return Err(fault),
                Err(fault) => {
                    self.unmake_uv(made.as_ref())?;
                    return Err(fault);
                }
            }
        }
        self.unmake_uv(made.as_ref())?;
        Err(vault::Fault::Store(StoreError::Changed).into())
    }

    fn try_to_decide(
        &self,
        id: &PromptId,
        answer: &Answer,
        made: Option<&MadeUv>,
    ) -> Result<Tried, Fault> {
        let owner = Place::of(&id.account);
        let note = Seen::place(
            &id.account,
            &self.newest_statement(&id.account, &id.challenge)?,
        );
        let mut change = self.vault.begin();
        let mut account = change.read::<Account>(&owner)?.ok_or(Fault::Unknown)?;
        let mut seen = change.read::<Seen>(&note)?.ok_or(Refusal::Unknown)?;
        let time = self.time(&account.trust)?;
        let verified = self.verified_for(&account, &seen, &time, answer)?;
        may_decide(&account, verified.challenge(), answer)?;
        let decided = Decided::new(verified, &account, answer, made)?;
        if decided.changes() && self.overtakes(&account, decided.verified.challenge(), &time)? {
            return Err(Refusal::Changing.into());
        }
        if decided.asks_uv() {
            return Ok(Tried::AsksUv(Key {
                aud: decided.verified.challenge().iss.clone(),
                ctx: decided.verified.challenge().hash(),
                dev: account.dev.thumbprint(),
            }));
        }

        let chain = change.read::<Chain>(&owner)?.unwrap_or_default();
        let credential = account.known()?.credential;
        let response = decided.response(credential, chain, &self.config.locale)?;
        let response = self.sign_decided(&mut account, &decided, response)?;
        let (challenge, ctr) = (decided.verified.challenge(), response.ctr);
        match &decided.brought {
            Brought::Nothing => {
                if let Some(policy) = decided.agreed() {
                    account.approvals.push(Approval {
                        request: challenge.hash(),
                        txn: challenge.txn,
                        policy: policy.clone(),
                    });
                    change.put(&owner, &account)?;
                } else if answer.decision() == Decision::Report {
                    account.take_back(&challenge.txn);
                    change.put(&owner, &account)?;
                }
            }
            Brought::Pin(_) => change.put(&owner, &account)?,
            Brought::Uv(made) => {
                change.put(&owner, &account)?;
                take_in(&mut change, &made.uv, account.owner)?;
            }
        }

        seen.decide(answer.decision());
        change.put(&note, &seen)?;
        change.put(
            &owner,
            &Chain {
                ctr,
                prev: Some(response.hash()),
                ..chain
            },
        )?;
        let waiting = Waiting::new(challenge, &response, Summary::new(challenge, &response));
        change.put(&Place::numbered(&account.owner, ctr), &waiting)?;
        change.commit()?;
        self.schedule().add(account.owner, ctr);
        Ok(Tried::Signed(Box::new((account, waiting))))
    }

    /// Whether a change replaces what an answer that still counts, and hasn't arrived, is proved by.
    fn overtakes(
        &self,
        account: &Account,
        challenge: &Challenge,
        time: &ServerTime,
    ) -> Result<bool, Fault> {
        let now = self.clock.now();
        let waiting = self.waiting_of(&account.owner)?.into_iter();
        let mut counts = waiting.filter(|one| !time.is_over(one.exp, now));
        Ok(counts.any(|one| one.is_overtaken_by(challenge.kind, account)))
    }

    /// By K_uv where the alternative that was chosen has a gesture, else by K_dev.
    fn sign_decided(
        &self,
        account: &mut Account,
        decided: &Decided<'_>,
        response: Response,
    ) -> Result<Signed<Response>, Fault> {
        let (pin, brought) = (decided.pin.as_ref(), &decided.brought);
        let uv = account.uv.clone().filter(|_| decided.by_uv);
        let key = uv.as_ref().map_or(account.dev, |uv| uv.key);
        let draft = self.complete(account, response, pin, brought, &key)?;
        match uv {
            Some(uv) => self.keys.finish_uv(&uv.owner, draft),
            None => self.keys.finish(&account.owner, draft),
        }
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
        let request = self.verify_again(&account.trust, &seen.challenge)?;
        if answer.decision() == Decision::Report {
            return Ok(Verified::check_for_report(request, account)?);
        }
        let now = self.clock.now();
        let known = Known {
            account,
            config: &self.config,
            time,
            now,
            seen: Some(seen),
        };
        Ok(Verified::check(request, &known)?)
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
fn may_decide(account: &Account, challenge: &Challenge, answer: &Answer) -> Result<(), Refusal> {
    let standing = account.known().map(|known| known.standing);
    let at_rest = answer.decision() == Decision::Report || challenge.kind == Kind::Unfreeze;
    match standing {
        Ok(Standing::Active) => Ok(()),
        Ok(Standing::Suspended) if at_rest => Ok(()),
        _ => Err(Refusal::Paused),
    }
}

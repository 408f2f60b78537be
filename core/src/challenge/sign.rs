//! A person's decision becomes a signed response: its exact bytes, the mark that it was decided, and
//! the chain are durable together, by one transaction, before anything is sent. A gesture is asked for once, and what it
//! was given for is what is stored.

use super::change::Brought;
use super::decide::{Answer, Decided, may_decide};
use super::more::newest_statement;
use super::prompt::PromptId;
use super::seen::Seen;
use super::verify::{Known, Refusal, Verified};
use crate::account::{Account, Approval, Chain, KeptCodes, MadeUv, take_in};
use crate::core::Core;
use crate::error::Fault;
use crate::outbox::{Summary, Waiting};
use crate::ports::StoreError;
use crate::time::ServerTime;
use crate::vault::{self, Blob, Change, Place};
use countersign_protocol::statement::{Challenge, Decision, Key, Response};
use countersign_protocol::{Id, Signed};

/// How often a decision is made anew because something else of the same ID was quicker.
const TRIES: usize = 8;

/// How many answers may be signed behind one that waits. More than 32 behind the newest a server takes it for a copied phone's
/// (protocol section 7); what is left is for reports.
const AHEAD: u64 = 30;

/// What the person gave a gesture for.
#[derive(Default)]
struct Gestures {
    /// A new K_uv.
    made: Option<MadeUv>,
    /// A response, and the PIN or codes that it brings.
    signed: Option<(Signed<Response>, Option<Blob>)>,
}

/// How far a try to decide came.
enum Tried<'a> {
    /// Signed, and in a change.
    Ready(Box<(Change<'a>, Account, Waiting)>),
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
            Err(Fault::Challenge(Refusal::Changing | Refusal::Unsent)) => {
                self.deliver_first(&id.account, |_| true)?;
                self.have_uv_named(&id.account)?;
                self.decide_now(id, answer)
            }
            decided => decided,
        }
    }

    fn decide_now(&self, id: &PromptId, answer: &Answer) -> Result<(Account, Waiting), Fault> {
        let mut gestures = Gestures::default();
        let undone = |gestures: &Gestures, fault| {
            // A key that can't be destroyed now is an orphan, until the next opening.
            let _ = self.unmake_uv(gestures.made.as_ref());
            Err(fault)
        };
        for _ in 0..TRIES {
            let ready = match self.try_to_decide(id, answer, &mut gestures) {
                Ok(Tried::Ready(ready)) => ready,
                Ok(Tried::AsksUv(says)) => {
                    gestures.made = Some(self.make_uv(says)?);
                    continue;
                }
                Err(fault) => return undone(&gestures, fault),
            };
            let (change, account, waiting) = *ready;
            match change.commit() {
                Ok(()) => {
                    self.schedule().add(account.owner, waiting.ctr);
                    return Ok((account, waiting));
                }
                Err(fault) if fault.is_race() => {}
                // Whether it is stored is known when the store is opened anew.
                Err(fault) => return Err(fault.into()),
            }
        }
        undone(&gestures, overtaken())
    }

    fn try_to_decide(
        &self,
        id: &PromptId,
        answer: &Answer,
        gestures: &mut Gestures,
    ) -> Result<Tried<'_>, Fault> {
        let owner = Place::of(&id.account);
        let mut change = self.vault.begin();
        let newest = newest_statement(&mut change, &id.account, &id.challenge)?;
        let note = Seen::place(&id.account, &newest);
        let mut account = change.read::<Account>(&owner)?.ok_or(Fault::Unknown)?;
        let mut seen = change.read::<Seen>(&note)?.ok_or(Refusal::Unknown)?;
        let time = self.time(&account.trust)?;
        let verified = self.verified_for(&account, &seen, &time, answer)?;
        may_decide(&account, verified.challenge(), answer)?;
        let Gestures { made, signed } = gestures;
        let decided = Decided::new(verified, &account, answer, made.as_ref())?;
        let challenge = decided.challenge();
        if decided.changes() && self.overtakes(&account, challenge, &time)? {
            return Err(Refusal::Changing.into());
        }
        let chain = change.read::<Chain>(&owner)?.unwrap_or_default();
        if answer.decision() != Decision::Report {
            self.is_not_far_ahead(&account.owner, chain.ctr + 1)?;
        }
        if decided.asks_uv() {
            return Ok(Tried::AsksUv(Key {
                aud: challenge.iss.clone(),
                ctx: challenge.hash(),
                dev: account.dev.thumbprint(),
            }));
        }

        let (response, kept) = self.respond(&mut account, &decided, chain, signed)?;
        let ctr = response.ctr;
        match (&decided.brought, kept) {
            (Brought::Codes, Some(codes)) => {
                KeptCodes::keep(&mut change, &account.owner, ctr, codes)?;
            }
            (Brought::Nothing | Brought::Codes, _) => {
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
                    change.delete_all::<KeptCodes>(&account.owner)?;
                }
            }
            (Brought::Pin(_), hidden) => {
                account.next_pin = hidden;
                change.put(&owner, &account)?;
            }
            (Brought::Uv(made), _) => {
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
        Ok(Tried::Ready(Box::new((change, account, waiting))))
    }

    /// Whether everything that waits is near enough to the next answer to arrive after it.
    fn is_not_far_ahead(&self, owner: &Id, ctr: u64) -> Result<(), Fault> {
        let mut behind = self.waiting_of(owner)?;
        behind.retain(|one| one.ctr.saturating_add(AHEAD) < ctr);
        if behind.iter().any(Waiting::is_change) {
            Err(Refusal::Changing.into())
        } else if behind.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Unsent.into())
        }
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

    /// The signed response, as the next one of the chain, and what it brings to be kept: by K_uv where the alternative that was
    /// chosen has a gesture, else by K_dev. The person was asked for one response, which `signed` has; another one would need another gesture.
    fn respond(
        &self,
        account: &mut Account,
        decided: &Decided<'_>,
        chain: Chain,
        signed: &mut Option<(Signed<Response>, Option<Blob>)>,
    ) -> Result<(Signed<Response>, Option<Blob>), Fault> {
        let (pin, brought) = (decided.pin.as_ref(), &decided.brought);
        let uv = account.uv.clone().filter(|_| decided.by_uv);
        let key = uv.as_ref().map_or(account.dev, |uv| uv.key);
        if let Some((response, kept)) = signed {
            let same = response.kid() == key.thumbprint()
                && response.challenge == decided.challenge().hash()
                && (response.ctr, response.prev.0) == (chain.ctr + 1, chain.prev);
            if !same {
                return Err(overtaken());
            }
            return Ok((response.clone(), kept.clone()));
        }
        let credential = account.known()?.credential;
        let response = decided.response(credential, chain, &self.config.locale)?;
        let (draft, kept) = self.complete(account, response, pin, brought, &key)?;
        let Some(uv) = uv else {
            return Ok((self.keys.finish(&account.owner, draft)?, kept));
        };
        let response = self.keys.finish_uv(&uv.owner, draft)?;
        *signed = Some((response.clone(), kept.clone()));
        Ok((response, kept))
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

/// Another answer of the same ID was quicker.
fn overtaken() -> Fault {
    vault::Fault::Store(StoreError::Changed).into()
}

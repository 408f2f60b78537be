//! From the registration to the first state, and from there until the digits were typed.

use super::Refusal;
use crate::account::{Account, Digits, KeptState, Known, Stage, Synced};
use crate::client::{At, CallFault};
use crate::core::Core;
use crate::error::Fault;
use crate::time::Word;
use crate::vault::Place;
use countersign_protocol::agreement::check_confirmation;
use countersign_protocol::call::RegistrationCall;
use countersign_protocol::problem::Code;
use countersign_protocol::statement::{Standing, State, Via};
use countersign_protocol::{Signed, sas};
use std::fmt;

/// How far an enrolment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The digits are to be typed.
    Pending(Pending),
    /// The ID is usable.
    Active,
}

/// The six digits that a person types, and where.
#[derive(Clone, PartialEq, Eq)]
pub struct Pending {
    /// Six of them, leading zeros kept.
    pub digits: String,
    /// Where they are typed.
    pub via: Via,
    /// Seconds left, at most.
    pub seconds_left: u64,
}

/// They are for one person's eyes.
impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending")
    }
}

impl Core {
    /// Posts the registration, the same bytes each time, and takes the first state.
    pub(super) fn register(&self, account: &Account, synced: &Synced) -> Result<Progress, Fault> {
        let origins = self.origins(account)?;
        let at = At {
            iss: &account.trust.iss,
            origins: &origins,
        };
        let registration = synced.registration.clone();
        let call = RegistrationCall {
            registration,
            uv_proof: synced.uv_proof.clone(),
            attestation: None,
        };
        let heard = match self.client.register(at, &call) {
            Ok(heard) => heard,
            Err(fault) => return Err(self.end_if_refused(account, synced, fault)?),
        };
        let mut account = account.clone();
        let state = self.believe::<State>(&mut account, &heard.body.state);
        let state = state.map_err(Fault::unusable)?;
        match self.first_state(&account, synced, &state)? {
            Some(digits) => {
                self.store_pending(account, &state, digits, Word::Some(heard.trip.arrived))
            }
            None => {
                self.remove(&account.owner)?;
                Err(Refusal::FirstState.into())
            }
        }
    }

    /// A no that can only be about this registration ends the enrolment; everything else, which a
    /// proxy or a fault may have said, leaves it to be posted again.
    fn end_if_refused(
        &self,
        account: &Account,
        synced: &Synced,
        fault: Fault,
    ) -> Result<Fault, Fault> {
        let Fault::Call(CallFault::Problem { code, .. }) = fault else {
            return Ok(fault);
        };
        let end = match code {
            // Nobody says which of the two it is.
            Code::Conflict if synced.rec => Refusal::Code.into(),
            Code::Conflict => Refusal::Used.into(),
            Code::Gone => Refusal::Over.into(),
            Code::LevelRefused | Code::AttestationRefused | Code::Proto => fault,
            _ => return Ok(fault),
        };
        self.remove(&account.owner)?;
        Ok(end)
    }

    /// The digits, if the state is the server's answer to what this phone sent: for the same
    /// registration and key, as agreed, by somebody who derived the same keys, with the nonce that
    /// the offer committed to.
    fn first_state(
        &self,
        account: &Account,
        synced: &Synced,
        state: &Signed<State>,
    ) -> Result<Option<Digits>, Fault> {
        let (Some(ns), Some(kc), Some(exp)) = (state.ns, state.kc, state.exp) else {
            return Ok(None);
        };
        let agreed = account.is_meant_by(state)
            && state.account == account.account
            && state.policy == account.policy;
        let k_conf = self.keys.unwrap(&account.owner, &synced.k_conf)?;
        let confirmed = check_confirmation(&k_conf, &account.registration, &kc).is_ok();
        if !agreed || !confirmed || sas::commitment(&synced.eid, &ns) != synced.sas {
            return Ok(None);
        }
        let digits = sas::digits(&synced.offer, &account.registration, &ns, &synced.np);
        Ok(Some(Digits {
            digits,
            via: synced.via,
            exp,
        }))
    }

    /// K_conf goes with the stage that held it.
    fn store_pending(
        &self,
        account: Account,
        state: &Signed<State>,
        digits: Digits,
        word: Word,
    ) -> Result<Progress, Fault> {
        let place = Place::of(&account.owner);
        let known = Known {
            credential: state.aud,
            sn: state.sn,
            state: state.hash(),
            standing: state.state,
            reason: None,
            digits: Some(digits),
            push_id: None,
            set: None,
            notice: None,
            ended: None,
        };
        self.vault.change(|change| {
            let mut stored = change.read::<Account>(&place)?.ok_or(Fault::Unknown)?;
            // Another thread posted the same bytes and was quicker: its state is this one, or newer.
            if matches!(stored.stage, Stage::Synced(_)) {
                stored.stage = Stage::Known(Box::new(known.clone()));
                stored.note_uv(state);
                change.put(&place, &stored)?;
                let kept = KeptState {
                    state: state.compact().to_owned(),
                };
                change.put(&Place::numbered(&account.owner, state.sn), &kept)?;
                self.learn(change, &stored.trust, state.iat, word)?;
            }
            Ok::<_, Fault>(())
        })?;
        self.progress_of(&self.account(&account.owner)?)
    }

    /// How far it is, by the newest state. One that was refused leaves nothing behind.
    pub(super) fn progress_of(&self, account: &Account) -> Result<Progress, Fault> {
        let known = account.known()?;
        match (known.standing, known.reason, &known.digits) {
            (Standing::Refused, Some(reason), _) => {
                self.remove(&account.owner)?;
                Err(Fault::Ended(reason))
            }
            (Standing::Revoked, Some(reason), _) => Err(Fault::Ended(reason)),
            (Standing::Pending, _, Some(digits)) => {
                let time = self.time(&account.trust)?;
                Ok(Progress::Pending(Pending {
                    digits: digits.digits.clone(),
                    via: digits.via,
                    seconds_left: time.left(digits.exp, self.clock.now()),
                }))
            }
            _ => Ok(Progress::Active),
        }
    }
}

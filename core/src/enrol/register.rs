//! Consent: keys are made, everything is derived, and one transaction makes it durable before the
//! first byte of it is sent.

use super::{Refusal, Review};
use crate::account::{Account, Index, MadeUv, Orphan, Stage, Synced, take_in};
use crate::core::Core;
use crate::error::Fault;
use crate::vault::Place;
use countersign_protocol::agreement::{Agreement, Purpose};
use countersign_protocol::crypto::{AgreementSecret, PublicKey};
use countersign_protocol::jose::Draft;
use countersign_protocol::pin::{Pin, PinEntry};
use countersign_protocol::recovery::RecoveryCode;
use countersign_protocol::statement::{Key, Levels, Registration};
use countersign_protocol::{Digest, Id};

impl Core {
    /// Takes the person's consent, with the code that they typed where the offer asks for one; gives the owner of what is
    /// durable now.
    pub(crate) fn consent(&self, review: &Review, typed: &str) -> Result<Id, Fault> {
        if self.is_overdue(review) {
            return Err(Refusal::Over.into());
        }
        let code = match review.asks_recovery_code() {
            true => Some(RecoveryCode::parse(typed).map_err(|_| Refusal::Code)?),
            false => None,
        };
        // Before anything is made: a PIN that is asked for is there, and long enough.
        let none = PinEntry::new();
        let entry = review.pin.as_ref().unwrap_or(&none);
        let pin = match review.least_pin() {
            0 => None,
            least => Some(entry.pin(least)?),
        };
        let owner = Id::make_to_type()?;
        self.mark_orphan(&owner)?;
        let mut uv = None;
        let made = self.make_account(&owner, review, pin, code, &mut uv);
        let stored = made.and_then(|account| self.store_enrolment(account, review));
        match stored {
            Ok(()) => Ok(owner),
            // Whether it is stored is known when the store is opened anew; then the orphans are
            // destroyed that are some.
            Err(fault @ Fault::Vault(_)) => Err(fault),
            Err(fault) => {
                self.unmake_uv(uv.as_ref())?;
                self.destroy(&owner)?;
                Err(fault)
            }
        }
    }

    fn mark_orphan(&self, owner: &Id) -> Result<(), Fault> {
        self.vault
            .change(|change| Ok(change.put(&Orphan::place(owner), &Orphan { owner: *owner })?))
    }

    /// Makes the keys and everything that is derived from them; the secrets of the agreement are
    /// wiped when it returns. `uv` gets a K_uv as soon as there is one.
    fn make_account(
        &self,
        owner: &Id,
        review: &Review,
        pin: Option<Pin<'_>>,
        code: Option<RecoveryCode>,
        uv: &mut Option<MadeUv>,
    ) -> Result<Account, Fault> {
        let offer = &review.offer;
        let (dev, made) = self.keys.make_dev(owner, &offer.hash())?;
        if review.makes_uv() {
            *uv = Some(self.make_uv(Key {
                aud: offer.iss.clone(),
                ctx: offer.hash(),
                dev: dev.thumbprint(),
            })?);
        }
        let uv = uv.as_ref();
        let secret = AgreementSecret::make()?;
        let np = Digest::make()?;
        let mut registration = self.registration(review, dev, &secret, np, made.level)?;
        if let Some(made) = uv {
            (registration.uv, registration.uvc) = (Some(made.uv.key), Some(made.uv.class));
            registration.level.uv = Some(made.level);
        }
        registration.rec = code.map(|code| code.proof(&offer.hash(), &dev.thumbprint()));
        let draft = Draft::new(registration, &dev)?;
        let agreement = Agreement::new(&secret, &offer.dh, &offer.hash())?;
        let wrapped = |purpose| {
            self.keys
                .wrap(owner, &agreement.derive(purpose, &draft.hash()))
        };
        let (k_push, k_conf) = (wrapped(Purpose::Push)?, wrapped(Purpose::Conf)?);
        let k_off = match uv {
            Some(made) => {
                let k_off = agreement.derive(Purpose::Off, &draft.hash());
                self.keys.wrap_asked(&made.uv, &k_off)?
            }
            None => wrapped(Purpose::Off)?,
        };
        let pin = match &pin {
            Some(pin) => {
                let k_pin = agreement.derive(Purpose::Pin, &draft.hash());
                let (j, clock) = (draft.body().jti, &*self.clock);
                Some(self.keys.hide_pin(owner, &k_pin, pin, j, clock)?)
            }
            None => None,
        };
        let registration = self.keys.finish(owner, draft)?;
        let synced = Synced {
            offer: offer.hash(),
            eid: offer.jti,
            sas: offer.sas,
            via: offer.via,
            exp: offer.exp,
            np,
            rec: review.asks_recovery_code(),
            k_conf,
            registration: registration.compact().to_owned(),
            uv_proof: uv.map(|made| made.proof.compact().to_owned()),
        };
        Ok(Account {
            owner: *owner,
            trust: review.trust.clone(),
            name: offer.name.clone(),
            account: offer.account.clone(),
            dev,
            registration: registration.hash(),
            policy: offer.policy.clone(),
            approvals: Vec::new(),
            dh: Some(offer.dh),
            pin,
            next_pin: None,
            uv: uv.map(|made| made.uv.clone()),
            named_uv: Vec::new(),
            next_uv: None,
            k_push,
            k_off,
            stage: Stage::Synced(Box::new(synced)),
        })
    }

    fn registration(
        &self,
        review: &Review,
        dev: PublicKey,
        secret: &AgreementSecret,
        np: Digest,
        level: countersign_protocol::statement::Level,
    ) -> Result<Registration, Fault> {
        Ok(Registration {
            aud: review.offer.iss.clone(),
            jti: Id::make()?,
            offer: review.offer.hash(),
            token: review.invite.token.to_string(),
            dh: secret.public(),
            np,
            dev,
            uv: None,
            uvc: None,
            level: Levels {
                dev: level,
                uv: None,
            },
            app: self.config.app.clone(),
            device: self.config.device.clone(),
            locale: self.config.locale.clone(),
            proto: vec![1],
            push: None,
            rec: None,
        })
    }

    fn store_enrolment(&self, mut account: Account, review: &Review) -> Result<(), Fault> {
        let owner = account.owner;
        let index = Index::place(&account.trust.iss, &account.account);
        let trust = account.trust.clone();
        self.vault.change(|change| {
            if let Some(other) = change.read::<Index>(&index)? {
                let other = change.read::<Account>(&Place::of(&other.owner))?;
                if other.is_some_and(|other| other.is_in_the_way()) {
                    return Err(Refusal::Mine.into());
                }
            }
            change.adopt(&owner)?;
            account.trust = trust.clone();
            account.trust.keep(change, &owner)?;
            self.learn(change, &account.trust, review.offer.iat, review.word)?;
            change.put(&index, &Index { owner })?;
            change.put(&Place::of(&owner), &account)?;
            change.delete::<Orphan>(&Orphan::place(&owner))?;
            if let Some(uv) = &account.uv {
                take_in(change, uv, owner)?;
            }
            Ok(())
        })
    }
}

//! The peer's half of a PIN, and the fingers of a person who types one.

use super::Phone;
use super::peer::Inner;
use crate::authenticator::Authenticator;
use countersign_protocol::agreement::{Agreement, Purpose};
use countersign_protocol::crypto::{AgreementSecret, Secret};
use countersign_protocol::pin::{PinEntry, check_proof};
use countersign_protocol::policy::{Alternative, Alternatives};
use countersign_protocol::statement::*;
use countersign_protocol::{Id, Signed};

/// A PIN as a person types it.
pub(crate) fn typed(digits: &str) -> PinEntry {
    let mut entry = PinEntry::new();
    for digit in digits.bytes() {
        entry.push(digit - b'0').unwrap();
    }
    entry
}

impl Inner {
    /// Whether a `pin-set` was taken.
    pub(crate) fn new_pin_is_set(&self) -> bool {
        self.new_pin.is_some()
    }

    /// The offer's secret, and K_pin.
    pub(crate) fn pin_secrets(&self) -> (AgreementSecret, Secret) {
        let registration = self.registered.as_ref().unwrap();
        let offer = (self.offers.iter()).find(|offer| offer.0.hash() == registration.offer);
        let (offer, secret, _) = offer.unwrap();
        let agreement = Agreement::new(secret, &registration.dh, &offer.hash()).unwrap();
        let first = || agreement.derive(Purpose::Pin, &registration.hash());
        let k_pin = self.new_pin.clone().unwrap_or_else(first);
        (AgreementSecret::from_bytes(&secret.to_bytes()), k_pin)
    }

    /// As protocol section 7 has it: five lock.
    pub(super) fn judge_pin(&mut self, response: &Signed<Response>, verdict: &mut Verdict) {
        if response.pin.is_none() {
            return;
        }
        let (secret, k_pin) = self.pin_secrets();
        let dh = response.dh.unwrap();
        let agreement = Agreement::new(&secret, &dh, &response.challenge).unwrap();
        let right = check_proof(&agreement, &k_pin, response).is_ok();
        if right && self.wrong_pins < 5 {
            self.wrong_pins = 0;
            return;
        }
        self.wrong_pins += 1;
        verdict.result = Outcome::Refused;
        if self.wrong_pins < 5 {
            verdict.code = VerdictCode::PinWrong;
            (verdict.r#final, verdict.attempts) = (false, Some(5 - self.wrong_pins));
        } else {
            verdict.code = VerdictCode::PinLocked;
        }
    }
}

impl Phone {
    /// A phone before a server that asks for a PIN of six digits at least.
    pub(crate) fn before_pin() -> Self {
        let phone = Self::new();
        let mut inner = phone.peer.inner();
        inner.policy.min = Alternatives::new(vec![Alternative::DevPin]).unwrap();
        inner.policy.pin = 6;
        drop(inner);
        phone
    }

    /// An ID in use, with this PIN.
    pub(crate) fn enrolled_with(&self, pin: &str) -> (Authenticator, Id) {
        let app = self.app();
        let mut review = app.review(&self.peer.link()).unwrap();
        review.choose_pin(typed(pin), &typed(pin)).unwrap();
        let id = app.enrol(review).unwrap();
        self.activate(&app, &id);
        (app, id)
    }
}

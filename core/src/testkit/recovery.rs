//! The peer's half of recovery codes: those it agreed on, and whether a registration proves one.

use super::peer::Inner;
use crate::authenticator::Authenticator;
use countersign_protocol::agreement::Agreement;
use countersign_protocol::problem::Code;
use countersign_protocol::recovery::RecoveryCode;
use countersign_protocol::statement::{Registration, Response};
use countersign_protocol::{Id, Signed};

impl Inner {
    /// New codes in place of all that there were.
    pub(super) fn make_codes(&mut self, response: &Signed<Response>) {
        let (secret, _) = self.pin_secrets();
        let dh = response.dh.unwrap();
        let agreement = Agreement::new(&secret, &dh, &response.challenge).unwrap();
        self.codes = RecoveryCode::derive_all(&agreement, &response.hash());
    }

    /// Uses a code up, where the offer asks for one.
    pub(super) fn take_code(&mut self, registration: &Registration) -> Result<(), Code> {
        let mut offers = self.offers.iter().map(|(offer, _, _)| offer);
        let offer = offers.find(|offer| offer.hash() == registration.offer);
        let offer = offer.ok_or(Code::Gone)?;
        if offer.rec.is_some() != registration.rec.is_some() {
            return Err(Code::BadStatement);
        }
        let Some(proof) = registration.rec else {
            return Ok(());
        };
        let dev = registration.dev.thumbprint();
        let fits = |code: &RecoveryCode| code.check_proof(&offer.hash(), &dev, &proof).is_ok();
        let at = self.codes.iter().position(fits).ok_or(Code::Conflict)?;
        self.codes.remove(at);
        Ok(())
    }

    /// The codes that are left, as a person writes them down.
    pub(crate) fn codes_left(&self) -> Vec<String> {
        let codes = self.codes.iter();
        codes.map(|code| code.shown().to_string()).collect()
    }
}

/// The codes that a phone shows; none when it shows none.
pub(crate) fn codes_on(app: &Authenticator, id: &Id) -> Vec<String> {
    let codes = app.recovery_codes(id).unwrap();
    let codes = codes.iter().flat_map(|codes| codes.shown());
    codes.map(|code| code.to_string()).collect()
}

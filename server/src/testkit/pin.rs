//! What a phone does with a PIN. A wrong one is another K_pin: that is all that it changes.

use super::{Page, Phone};
use countersign_protocol::Signed;
use countersign_protocol::agreement::Agreement;
use countersign_protocol::call::ChallengeAnswer;
use countersign_protocol::crypto::{AgreementSecret, Secret};
use countersign_protocol::pin;
use countersign_protocol::statement::{Challenge, Decision, Response, Verdict};

/// What the digits that a person types open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    Right,
    Wrong,
}

impl Phone<'_> {
    /// The next approval of this phone, with a PIN proof, to be bent.
    pub(crate) fn pin_response(
        &self,
        challenge: &Signed<Challenge>,
        number: Option<&str>,
        typed: Typed,
    ) -> Response {
        let e = AgreementSecret::make().unwrap();
        let mut response = self.response(challenge, Decision::Approve, number);
        response.dh = Some(e.public());
        self.put_proof(&mut response, &e, typed);
        response
    }

    /// What a person begins on the phone.
    pub(crate) async fn begin(&self, action: &str) -> Signed<Challenge> {
        let body = format!(r#"{{"kind":"{action}"}}"#);
        let answer = self.change("POST", "/cs/v1/actions", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let answer: ChallengeAnswer = answer.json();
        self.verify(&answer.challenge)
    }

    /// The agreement of a response's `dh`.
    pub(crate) fn agreement(
        &self,
        e: &AgreementSecret,
        challenge: &Signed<Challenge>,
    ) -> Agreement {
        Agreement::new(e, &self.dh, &challenge.hash()).unwrap()
    }

    /// Makes the proof of a response as it is.
    pub(crate) fn put_proof(&self, response: &mut Response, e: &AgreementSecret, typed: Typed) {
        let agreement = Agreement::new(e, &self.dh, &response.challenge).unwrap();
        let mut k_pin: Secret = self.k_pin.clone();
        if typed == Typed::Wrong {
            k_pin[0] ^= 1;
        }
        response.pin = Some(pin::prove(&agreement, &k_pin, response).unwrap());
    }

    /// Signs and posts an approval with a PIN.
    pub(crate) async fn approve_by_pin(
        &self,
        challenge: &Signed<Challenge>,
        page: &Page,
        typed: Typed,
    ) -> Signed<Verdict> {
        let number = page.number();
        let response = self.sign(self.pin_response(challenge, number.as_deref(), typed));
        self.deliver(&response).await
    }
}

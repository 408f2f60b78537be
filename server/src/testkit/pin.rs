//! What a phone does with a PIN. A wrong one is another K_pin: that is all that it changes.

use super::{Answer, Page, Phone};
use countersign_protocol::Signed;
use countersign_protocol::agreement::Agreement;
use countersign_protocol::call::ChallengeAnswer;
use countersign_protocol::crypto::{AgreementSecret, Secret};
use countersign_protocol::pin;
use countersign_protocol::statement::{Challenge, Decision, Response, Verdict, VerdictCode};

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
        self.begun(&self.act(action, None).await)
    }

    /// The same about another phone of the ID.
    pub(crate) async fn begin_about(&self, action: &str, other: &Phone<'_>) -> Signed<Challenge> {
        self.begun(&self.act(action, Some(other)).await)
    }

    /// The bare call.
    pub(crate) async fn act(&self, action: &str, other: Option<&Phone<'_>>) -> Answer {
        let dev = other.map(|other| other.dev.public().thumbprint());
        let input = dev.map(|dev| format!(r#","input":{{"dev":"{dev}"}}"#));
        let body = format!(r#"{{"kind":"{action}"{}}}"#, input.unwrap_or_default());
        self.change("POST", "/cs/v1/actions", &body).await
    }

    fn begun(&self, answer: &Answer) -> Signed<Challenge> {
        assert_eq!(answer.status, 201, "{}", answer.body);
        let answer: ChallengeAnswer = answer.json();
        self.verify(&answer.challenge)
    }

    /// Approves something that the phone began, by its PIN.
    pub(crate) async fn confirm(
        &self,
        challenge: &Signed<Challenge>,
        digits: Option<&str>,
    ) -> VerdictCode {
        let response = self.pin_response(challenge, digits, Typed::Right);
        self.deliver(&self.sign(response)).await.code
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

//! Recovery codes as a phone has them, and a phone that comes with one.

use super::{Browser, Enrolment, Page, Phone, World, sign};
use countersign_protocol::Signed;
use countersign_protocol::crypto::AgreementSecret;
use countersign_protocol::recovery::RecoveryCode;
use countersign_protocol::statement::{Challenge, Decision, Registration, Response, VerdictCode};

impl Phone<'_> {
    /// An approval of `recovery-codes`, by what the phone is, and the codes that both sides make of it.
    pub(crate) fn codes_of(
        &self,
        challenge: &Signed<Challenge>,
    ) -> (Signed<Response>, Vec<RecoveryCode>) {
        let e = AgreementSecret::make().unwrap();
        let mut response = self.response(challenge, Decision::Approve, None);
        response.dh = Some(e.public());
        let response = self.sign(response);
        let agreement = self.agreement(&e, challenge);
        let codes = RecoveryCode::derive_all(&agreement, &response.hash());
        (response, codes)
    }

    /// New codes, as the person writes them down.
    pub(crate) async fn make_codes(&self) -> Vec<RecoveryCode> {
        let challenge = self.begin("recovery-codes").await;
        let (response, codes) = self.codes_of(&challenge);
        assert_eq!(self.deliver(&response).await.code, VerdictCode::Ok);
        codes
    }
}

impl World {
    /// The page of a lost phone, filled in.
    pub(crate) async fn ask_recovery(&self, account: &str) -> Page {
        let browser = Browser::new(self);
        let page = browser.open("/recover").await;
        let fields = [("account", account)];
        browser.fill(&page, "/recover", &fields).await
    }

    /// A new phone in front of the page that a letter led to.
    pub(crate) async fn come_by(&self, path: &str) -> Enrolment<'_> {
        let browser = Browser::new(self);
        let page = browser.open(path).await;
        let page = browser.press(&page, path).await;
        let link = page.invitation();
        let enrolment = Enrolment::with(self, browser, page, link).await;
        Enrolment {
            device: "New phone",
            ..enrolment
        }
    }
}

impl Enrolment<'_> {
    /// The registration with the proof of a code.
    pub(crate) fn with_code(&self, code: &RecoveryCode) -> Signed<Registration> {
        let mut registration = self.registration();
        let dev = self.dev.public().thumbprint();
        registration.rec = Some(code.proof(&self.offer.hash(), &dev));
        sign(registration, &self.dev)
    }
}

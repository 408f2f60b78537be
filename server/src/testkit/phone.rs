//! A phone, built on the protocol alone: what the server says is checked as a phone must, and what it
//! is told is signed by keys that only this phone has.

use super::{Answer, Browser, Page, World};
use axum::body::Body;
use axum::http::Request;
use countersign_protocol::agreement::{Agreement, Purpose, check_confirmation};
use countersign_protocol::call::{
    ChallengesAnswer, NONCE_HEADER, OfferAnswer, OfferCall, RegistrationCall, ResponseCall,
    StateAnswer, VerdictAnswer,
};
use countersign_protocol::crypto::{AgreementKey, AgreementSecret, PublicKey, Secret, SigningKey};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::jose::{Draft, Statement};
use countersign_protocol::statement::{
    App, AppMode, Challenge, Decision, Key, Keys, Level, Levels, Offer, PROOF_HEADER, Prev, Proof,
    Registration, Response, Standing, State, UvClass, Verdict, VerdictCode,
};
use countersign_protocol::text::Name;
use countersign_protocol::view::View;
use countersign_protocol::{Digest, Id, Origin, Signed, json, sas};
use serde::Serialize;
use std::sync::Mutex;

pub(crate) fn origin() -> Origin {
    Origin::parse(super::ORIGIN).unwrap()
}

pub(crate) fn make_key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::make_p256().unwrap()).unwrap()
}

/// Signs as hardware does: the key sees the message and nothing else.
pub(crate) fn sign<T: Statement>(body: T, key: &SigningKey) -> Signed<T> {
    let draft = Draft::new(body, key.public()).unwrap();
    let signature = key.sign(draft.message()).unwrap();
    draft.finish(&signature).unwrap()
}

/// A POST of the phone's API without a proof.
pub(crate) fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

/// A call that changes something.
pub(crate) fn call(method: &str, path: &str, body: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("content-type", "application/json");
    request.body(body.to_owned().into()).unwrap()
}

pub(crate) fn post_json<T: Serialize>(path: &str, body: &T) -> Request<Body> {
    post(path, json::write(body).unwrap())
}

/// A phone in the middle of its enrolment.
pub(crate) struct Enrolment<'w> {
    pub(crate) world: &'w World,
    pub(crate) link: Invitation,
    /// What shows the invitation.
    pub(crate) browser: Browser<'w>,
    pub(crate) page: Page,
    pub(crate) dev: SigningKey,
    /// K_uv, where the phone makes one.
    pub(crate) uv: Option<SigningKey>,
    pub(crate) e: AgreementSecret,
    pub(crate) offer: Signed<Offer>,
    pub(crate) server: Vec<PublicKey>,
    /// What the phone calls itself.
    pub(crate) device: &'static str,
}

impl<'w> Enrolment<'w> {
    /// Up to the offer.
    pub(crate) async fn begin(world: &'w World, account: &str) -> Self {
        let (browser, page, link) = world.invitation(account).await;
        Self::with(world, browser, page, link).await
    }

    /// Up to the offer, by an administrator; the link is opened in a browser first, which changes nothing.
    pub(crate) async fn begin_by_admin(world: &'w World, account: &str) -> Self {
        let said = world.command(&["phone", "add", account]).await;
        let link = said["invitation"].as_str().unwrap();
        let browser = Browser::new(world);
        let page = browser.open("/e").await;
        let link = Invitation::parse(link).unwrap();
        Self {
            device: "Anna's tablet",
            ..Self::with(world, browser, page, link).await
        }
    }

    /// Up to the offer, by a link that another phone of the ID shows.
    pub(crate) async fn begin_by_phone(world: &'w World, link: &str) -> Self {
        let browser = Browser::new(world);
        let page = browser.open("/e").await;
        let link = Invitation::parse(link).unwrap();
        Self {
            device: "Anna's tablet",
            ..Self::with(world, browser, page, link).await
        }
    }

    /// The whole way to an active phone, by an administrator who hears the digits.
    pub(crate) async fn finish_by_admin(self, account: &str) -> Phone<'w> {
        let world = self.world;
        let pending = self.pending().await;
        let line = ["phone", "confirm", account, &pending.digits];
        world.command(&line).await;
        assert!(pending.phone.state().await.state == Standing::Active);
        pending.phone
    }

    /// A phone that comes with an invitation; the browser is the one that shows it.
    pub(crate) async fn with(
        world: &'w World,
        browser: Browser<'w>,
        page: Page,
        link: Invitation,
    ) -> Self {
        let (offer, server) = Self::take_offer(world, &link).await;
        Self {
            world,
            link,
            browser,
            page,
            dev: make_key(),
            uv: None,
            e: AgreementSecret::make().unwrap(),
            offer,
            server,
            device: "Anna's phone",
        }
    }

    async fn take_offer(world: &World, link: &Invitation) -> (Signed<Offer>, Vec<PublicKey>) {
        let answer: OfferAnswer = ask_offer(world, &link.token.to_string()).await.json();
        let keys = Signed::<Keys>::verify_root(&answer.keys, &link.root).unwrap();
        assert!(keys.iss == link.origin);
        let offer = Signed::<Offer>::verify(&answer.offer, &keys.sign).unwrap();
        assert!(offer.iss == link.origin && offer.iat <= link.expires);
        (offer, keys.sign.clone())
    }

    /// The same with a K_uv.
    pub(crate) fn with_uv(self) -> Self {
        Self {
            uv: Some(make_key()),
            ..self
        }
    }

    /// Another phone with the same invitation.
    pub(crate) async fn rival(&self) -> Self {
        let page = self.browser.open(&self.page.path).await;
        Self::with(self.world, self.browser.copy(), page, self.link.clone()).await
    }

    pub(crate) fn registration(&self) -> Registration {
        let name = |text| Name::parse(text).unwrap();
        Registration {
            aud: self.offer.iss.clone(),
            jti: Id::make().unwrap(),
            offer: self.offer.hash(),
            token: self.link.token.to_string(),
            dh: self.e.public(),
            np: Digest::make().unwrap(),
            dev: *self.dev.public(),
            uv: self.uv.as_ref().map(|uv| *uv.public()),
            uvc: self.uv.as_ref().map(|_| UvClass::Biometric),
            level: Levels {
                dev: Level::Software,
                uv: self.uv.as_ref().map(|_| Level::Software),
            },
            app: App {
                brand: name("countersign"),
                mode: AppMode::Core,
                version: name("0.1.0"),
                os: name("Test 1"),
            },
            device: name(self.device),
            locale: "en".into(),
            proto: vec![1],
            push: None,
            rec: None,
        }
    }

    pub(crate) async fn register(&self, registration: &Signed<Registration>) -> Answer {
        let mut call = registration_call(registration.compact());
        if let Some(uv) = &self.uv {
            let says = Key {
                aud: origin(),
                ctx: self.offer.hash(),
                dev: self.dev.public().thumbprint(),
            };
            call.uv_proof = Some(sign(says, uv).compact().to_owned());
        }
        self.world
            .send(post_json("/cs/v1/registrations", &call))
            .await
    }

    /// Registers; what comes back is checked before any digits are shown.
    pub(crate) async fn pending(self) -> Pending<'w> {
        let registration = sign(self.registration(), &self.dev);
        let answer = self.register(&registration).await;
        assert_eq!(answer.status, 201);
        self.accept(registration, &answer)
    }

    pub(crate) fn accept(self, registration: Signed<Registration>, answer: &Answer) -> Pending<'w> {
        let state: StateAnswer = answer.json();
        let state = Signed::<State>::verify(&state.state, &self.server).unwrap();
        assert!(state.state == Standing::Pending && state.sn == 1);
        assert!(state.registration == registration.hash());
        assert!(state.dev == self.dev.public().thumbprint());
        assert!(state.uv == self.uv.as_ref().map(|uv| uv.public().thumbprint()));
        assert!(state.account == self.offer.account && state.policy == self.offer.policy);
        let ns = state.ns.unwrap();
        assert!(sas::commitment(&self.offer.jti, &ns) == self.offer.sas);
        let agreement = Agreement::new(&self.e, &self.offer.dh, &self.offer.hash()).unwrap();
        let conf = agreement.derive(Purpose::Conf, &registration.hash());
        check_confirmation(&conf, &registration.hash(), &state.kc.unwrap()).unwrap();
        let digits = sas::digits(
            &self.offer.hash(),
            &registration.hash(),
            &ns,
            &registration.np,
        );
        let phone = Phone {
            world: self.world,
            dev: self.dev,
            uv: self.uv,
            dh: self.offer.dh,
            k_pin: agreement.derive(Purpose::Pin, &registration.hash()),
            id: state.aud,
            server: self.server,
            nonce: Mutex::new(answer.nonce()),
            last: Mutex::new((0, Prev(None))),
        };
        Pending {
            phone,
            digits,
            browser: self.browser,
            page: self.page,
            link: self.link,
        }
    }

    /// The whole way to an active phone.
    pub(crate) async fn finish(self) -> Phone<'w> {
        let pending = self.pending().await;
        let end = pending.type_digits(&pending.digits).await;
        assert_eq!(end.answer.status, 200, "{}", end.answer.body);
        let state = pending.phone.state().await;
        assert!(state.state == Standing::Active, "{:?}", state.state);
        pending.phone
    }
}

pub(crate) async fn ask_offer(world: &World, token: &str) -> Answer {
    let token = token.to_owned();
    world
        .send(post_json("/cs/v1/offers", &OfferCall { token }))
        .await
}

pub(crate) fn registration_call(registration: &str) -> RegistrationCall {
    RegistrationCall {
        registration: registration.to_owned(),
        uv_proof: None,
        attestation: None,
    }
}

/// A phone that shows its digits.
pub(crate) struct Pending<'w> {
    pub(crate) phone: Phone<'w>,
    pub(crate) digits: String,
    pub(crate) browser: Browser<'w>,
    pub(crate) page: Page,
    pub(crate) link: Invitation,
}

impl Pending<'_> {
    /// A person types digits into the page.
    pub(crate) async fn type_digits(&self, digits: &str) -> Page {
        let page = self.browser.open(&self.page.path).await;
        let action = format!("{}/digits", self.page.path);
        self.browser
            .fill(&page, &action, &[("digits", digits)])
            .await
    }

    /// Digits that are not the right ones.
    pub(crate) fn wrong_digits(&self) -> String {
        let number: u32 = self.digits.parse().unwrap();
        format!("{:06}", (number + 1) % 1_000_000)
    }
}

/// A registered phone.
pub(crate) struct Phone<'w> {
    pub(super) world: &'w World,
    pub(crate) dev: SigningKey,
    pub(crate) uv: Option<SigningKey>,
    /// The server's half of the agreement, and K_pin, as a phone has it after the right PIN.
    pub(super) dh: AgreementKey,
    pub(crate) k_pin: Secret,
    pub(crate) id: Id,
    /// The keys that it believes.
    pub(crate) server: Vec<PublicKey>,
    nonce: Mutex<Option<String>>,
    /// `ctr` and H of the newest response.
    last: Mutex<(u64, Prev)>,
}

impl<'w> Phone<'w> {
    /// The same phone before another server.
    pub(crate) fn at<'o>(self, world: &'o World) -> Phone<'o>
    where
        'w: 'o,
    {
        Phone { world, ..self }
    }
}

impl Phone<'_> {
    /// The proof of one call, to be bent.
    pub(crate) fn proof(&self, method: &str, path: &str) -> Proof {
        Proof {
            aud: origin(),
            sub: self.id,
            htm: method.to_owned(),
            htu: format!("{}{path}", super::ORIGIN),
            bh: Digest::of(&[b""]),
            nonce: self.nonce.lock().unwrap().clone(),
            jti: Id::make().unwrap(),
        }
    }

    /// A GET with this proof.
    pub(crate) async fn call(&self, path: &str, proof: Proof) -> Answer {
        let request = Request::get(path);
        self.prove(request.body(Body::empty()).unwrap(), proof)
            .await
    }

    /// A call with this proof.
    pub(crate) async fn prove(&self, mut request: Request<Body>, proof: Proof) -> Answer {
        let header = sign(proof, &self.dev).compact().parse().unwrap();
        request.headers_mut().insert(PROOF_HEADER, header);
        let answer = self.world.send(request).await;
        if let Some(nonce) = answer.nonce() {
            assert!(nonce.len() <= 128 && NONCE_HEADER == "Countersign-Nonce");
            *self.nonce.lock().unwrap() = Some(nonce);
        }
        answer
    }

    /// A GET as a phone does it: with the newest nonce, repeated once with a fresher one.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let proof = self.proof("GET", path);
        let answer = self.call(path, proof.clone()).await;
        if answer.status != 401 {
            return answer;
        }
        answer.is_problem(401, "nonce_required");
        let nonce = answer.nonce();
        self.call(path, Proof { nonce, ..proof }).await
    }

    /// The proof of a call with a body, to be bent.
    pub(crate) fn proof_over(&self, method: &str, path: &str, body: &str) -> Proof {
        Proof {
            bh: Digest::of(&[body.as_bytes()]),
            ..self.proof(method, path)
        }
    }

    /// A POST, PUT or DELETE as a phone does it.
    pub(crate) async fn change(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut proof = self.proof_over(method, path, body);
        // What it was told last may be stale; the first answer then has a fresh one.
        for _ in 0..2 {
            let answer = self.prove(call(method, path, body), proof.clone()).await;
            if answer.status != 401 {
                return answer;
            }
            answer.is_problem(401, "nonce_required");
            proof.nonce = answer.nonce();
        }
        panic!("two stale nonces");
    }

    pub(crate) fn path(&self) -> String {
        format!("/cs/v1/credentials/{}", self.id)
    }

    pub(crate) async fn state(&self) -> Signed<State> {
        let answer: StateAnswer = self.get(&self.path()).await.json();
        let state = Signed::<State>::verify(&answer.state, &self.server).unwrap();
        assert!(state.aud == self.id && state.iss == origin());
        state
    }

    pub(crate) async fn list(&self, query: &str) -> ChallengesAnswer {
        self.get(&format!("/cs/v1/challenges{query}")).await.json()
    }

    pub(crate) fn verify(&self, challenge: &str) -> Signed<Challenge> {
        let challenge = Signed::<Challenge>::verify(challenge, &self.server).unwrap();
        assert!(challenge.aud == self.id && challenge.iss == origin());
        challenge
    }

    /// The one request that is open.
    pub(crate) async fn challenge(&self) -> Signed<Challenge> {
        let list = self.list("").await;
        assert_eq!(list.challenges.len(), 1);
        self.verify(&list.challenges[0])
    }

    /// The next response of this phone, to be bent.
    pub(crate) fn response(
        &self,
        challenge: &Signed<Challenge>,
        decision: Decision,
        number: Option<&str>,
    ) -> Response {
        let (ctr, prev) = *self.last.lock().unwrap();
        Response {
            iss: self.id,
            aud: origin(),
            jti: Id::make().unwrap(),
            challenge: challenge.hash(),
            decision,
            reason: None,
            rule: 1,
            view: View::of(challenge).digest(),
            r#match: number.map(str::to_owned),
            dh: None,
            pin: None,
            input: None,
            ctr: ctr + 1,
            prev,
            locale: "en".into(),
        }
    }

    /// Signs it by K_dev; the next one follows it.
    pub(crate) fn sign(&self, response: Response) -> Signed<Response> {
        self.sign_by(response, &self.dev)
    }

    /// By K_uv.
    pub(crate) fn sign_uv(&self, response: Response) -> Signed<Response> {
        self.sign_by(response, self.uv.as_ref().unwrap())
    }

    pub(crate) fn sign_by(&self, response: Response, key: &SigningKey) -> Signed<Response> {
        let signed = sign(response, key);
        *self.last.lock().unwrap() = (signed.ctr, Prev(Some(signed.hash())));
        signed
    }

    pub(crate) async fn post(&self, response: &Signed<Response>) -> Answer {
        let response = response.compact().to_owned();
        self.world
            .send(post_json("/cs/v1/responses", &ResponseCall { response }))
            .await
    }

    /// Posts it and reads the verdict, which must be about it.
    pub(crate) async fn deliver(&self, response: &Signed<Response>) -> Signed<Verdict> {
        let answer = self.post(response).await;
        assert!(answer.nonce().is_some());
        let answer: VerdictAnswer = answer.json();
        let verdict = Signed::<Verdict>::verify(&answer.verdict, &self.server).unwrap();
        assert!(verdict.aud == self.id && verdict.response == response.hash());
        let open = verdict.attempts.is_some();
        assert!(verdict.challenge == response.challenge && verdict.r#final != open);
        verdict
    }

    pub(crate) async fn decide(
        &self,
        challenge: &Signed<Challenge>,
        decision: Decision,
        number: Option<&str>,
    ) -> VerdictCode {
        let response = self.sign(self.response(challenge, decision, number));
        self.deliver(&response).await.code
    }

    pub(crate) async fn approve(&self, challenge: &Signed<Challenge>, number: &str) -> VerdictCode {
        self.decide(challenge, Decision::Approve, Some(number))
            .await
    }

    /// Approves the one request that is open, with the number of this page.
    pub(crate) async fn approve_on(&self, page: &Page) {
        let challenge = self.challenge().await;
        let code = self.approve(&challenge, &page.number().unwrap()).await;
        assert_eq!(code, VerdictCode::Ok);
    }
}

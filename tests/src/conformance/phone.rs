//! A phone without manners: it has keys and says whatever a check wants to hear said. What the server says to it is checked as
//! a phone must.

use super::bend::sign;
use super::kit::Kit;
use crate::harness::{Came, During, Result, Trouble};
use countersign_protocol::agreement::{Agreement, Purpose, check_confirmation};
use countersign_protocol::call::{
    ChallengeAnswer, ChallengesAnswer, OfferAnswer, OfferCall, RegistrationCall, ResponseCall,
    StateAnswer, VerdictAnswer, parse,
};
use countersign_protocol::crypto::{AgreementKey, AgreementSecret, PublicKey, Secret, SigningKey};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::policy::{Alternative, Factor, Policy};
use countersign_protocol::statement::{
    App, AppMode, Challenge, Decision, Key, Keys, Level, Levels, Offer, PROOF_HEADER, Prev, Proof,
    Registration, Response, Standing, State, UvClass, Verdict,
};
use countersign_protocol::text::Name;
use countersign_protocol::view::View;
use countersign_protocol::{Digest, Id, Origin, Signed, json, pin, sas};
use serde::Serialize;

pub(super) fn make_key() -> Result<SigningKey> {
    let document = SigningKey::make_p256().during("making a key")?;
    SigningKey::from_pkcs8(&document).during("making a key")
}

pub(super) fn write<T: Serialize>(body: &T) -> Result<String> {
    json::write(body).during("writing a body")
}

/// A phone before its registration.
pub(super) struct Enrolment {
    pub(super) link: Invitation,
    pub(super) keys: Signed<Keys>,
    pub(super) offer: Signed<Offer>,
    pub(super) dev: SigningKey,
    pub(super) uv: Option<SigningKey>,
    e: AgreementSecret,
}

/// What an offer's answer must be; why not, otherwise.
pub(super) fn read_offer(
    link: &Invitation,
    came: &Came,
) -> std::result::Result<(Signed<Keys>, Signed<Offer>), String> {
    if came.status != 200 {
        return Err(came.status.to_string());
    }
    let answer: OfferAnswer = parse(came.body.as_bytes()).map_err(|error| error.to_string())?;
    let keys = Signed::<Keys>::verify_root(&answer.keys, &link.root);
    let keys = keys.map_err(|error| format!("keys: {error}"))?;
    let offer = Signed::<Offer>::verify(&answer.offer, &keys.sign);
    let offer = offer.map_err(|error| format!("offer: {error}"))?;
    if keys.iss != link.origin || offer.iss != link.origin {
        return Err("iss is not the invitation's".into());
    }
    if offer.iat > link.expires {
        return Err("offered after the invitation was over".into());
    }
    Ok((keys, offer))
}

impl Enrolment {
    /// Takes an offer.
    pub(super) fn begin(kit: &mut Kit, link: &Invitation) -> Result<Self> {
        let came = ask_offer(kit, &link.token.to_string())?;
        let (keys, offer) = read_offer(link, &came)
            .map_err(|why| Trouble::new(format!("no offer for the invitation: {why}")))?;
        let needs_uv = offer.policy.min.as_slice().iter();
        let uv = needs_uv
            .clone()
            .all(|one| one.has(Factor::Uv))
            .then(make_key)
            .transpose()?;
        Ok(Self {
            link: link.clone(),
            keys,
            offer,
            dev: make_key()?,
            uv,
            e: AgreementSecret::make().during("making a key")?,
        })
    }

    /// A good registration, to be bent.
    pub(super) fn registration(&self) -> Result<Registration> {
        let name = |text| Name::parse(text).during("a name");
        Ok(Registration {
            aud: self.offer.iss.clone(),
            jti: Id::make().during("an id")?,
            offer: self.offer.hash(),
            token: self.link.token.to_string(),
            dh: self.e.public(),
            np: Digest::make().during("a nonce")?,
            dev: *self.dev.public(),
            uv: self.uv.as_ref().map(|uv| *uv.public()),
            uvc: self.uv.as_ref().map(|_| UvClass::Biometric),
            level: Levels {
                dev: Level::Software,
                uv: self.uv.as_ref().map(|_| Level::Software),
            },
            app: App {
                brand: name("countersign")?,
                mode: AppMode::Core,
                version: name(env!("CARGO_PKG_VERSION"))?,
                os: name("Conformance")?,
            },
            device: name("Conformance kit")?,
            locale: "en".into(),
            proto: vec![1],
            push: None,
            rec: None,
        })
    }

    /// The body that carries a registration, whatever it is, to this offer.
    fn body(&self, registration: &str, offer: Digest) -> Result<String> {
        let says = |uv: &SigningKey| -> Result<String> {
            let key = Key {
                aud: self.offer.iss.clone(),
                ctx: offer,
                dev: self.dev.public().thumbprint(),
            };
            Ok(sign(key, uv)?.compact().to_owned())
        };
        write(&RegistrationCall {
            registration: registration.to_owned(),
            uv_proof: self.uv.as_ref().map(says).transpose()?,
            attestation: None,
        })
    }

    pub(super) fn register(&self, kit: &mut Kit, registration: &str) -> Result<Came> {
        self.register_to(kit, registration, self.offer.hash())
    }

    /// The same, with a proof of K_uv for another offer.
    pub(super) fn register_to(
        &self,
        kit: &mut Kit,
        registration: &str,
        offer: Digest,
    ) -> Result<Came> {
        let body = self.body(registration, offer)?;
        kit.post("/cs/v1/registrations", &body)
    }

    /// The phone that a 201 makes, and its digits; why it must not show any, otherwise.
    pub(super) fn accept(
        self,
        registration: &Signed<Registration>,
        came: &Came,
    ) -> std::result::Result<(Phone, String), String> {
        if came.status != 201 {
            return Err(Kit::said(came));
        }
        let answer: StateAnswer = parse(came.body.as_bytes()).map_err(|error| error.to_string())?;
        let state = Signed::<State>::verify(&answer.state, &self.keys.sign);
        let state = state.map_err(|error| format!("state: {error}"))?;
        let (Some(ns), Some(kc)) = (state.ns, state.kc) else {
            return Err(format!("the state is {:?}", state.state));
        };
        let uv = self.uv.as_ref().map(|uv| uv.public().thumbprint());
        let agreement = Agreement::new(&self.e, &self.offer.dh, &self.offer.hash());
        let agreement = agreement.map_err(|error| error.to_string())?;
        let conf = agreement.derive(Purpose::Conf, &registration.hash());
        for (good, member) in [
            (state.iss == self.offer.iss, "iss"),
            (state.registration == registration.hash(), "registration"),
            (state.dev == self.dev.public().thumbprint(), "dev"),
            (state.uv == uv, "uv"),
            (state.account == self.offer.account, "account"),
            (state.policy == self.offer.policy, "policy"),
            (
                sas::commitment(&self.offer.jti, &ns) == self.offer.sas,
                "ns",
            ),
            (
                check_confirmation(&conf, &registration.hash(), &kc).is_ok(),
                "kc",
            ),
        ] {
            if !good {
                return Err(format!("`{member}` of the state does not fit"));
            }
        }
        let np = &registration.np;
        let digits = sas::digits(&self.offer.hash(), &registration.hash(), &ns, np);
        let phone = Phone {
            k_pin: (self.offer.policy.pin > 0)
                .then(|| agreement.derive(Purpose::Pin, &registration.hash())),
            origin: self.offer.iss.clone(),
            account: self.offer.account.as_str().to_owned(),
            policy: self.offer.policy.clone(),
            dev: self.dev,
            uv: self.uv,
            dh: self.offer.dh,
            id: state.aud,
            server: self.keys.sign.clone(),
            last: (0, Prev(None)),
        };
        Ok((phone, digits))
    }

    /// Registers, as a phone that means it.
    pub(super) fn finish(self, kit: &mut Kit) -> Result<(Phone, String)> {
        let registration = sign(self.registration()?, &self.dev)?;
        let came = self.register(kit, registration.compact())?;
        let accepted = self.accept(&registration, &came);
        let accepted =
            accepted.map_err(|why| Trouble::new(format!("no phone was registered: {why}")));
        kit.must("registration.good", accepted)
    }
}

pub(super) fn ask_offer(kit: &mut Kit, token: &str) -> Result<Came> {
    let token = token.to_owned();
    kit.post("/cs/v1/offers", &write(&OfferCall { token })?)
}

/// A registered phone.
pub(super) struct Phone {
    pub(super) origin: Origin,
    pub(super) account: String,
    pub(super) policy: Policy,
    pub(super) dev: SigningKey,
    pub(super) uv: Option<SigningKey>,
    dh: AgreementKey,
    pub(super) k_pin: Option<Secret>,
    pub(super) id: Id,
    pub(super) server: Vec<PublicKey>,
    /// `ctr` and H of the newest response.
    pub(super) last: (u64, Prev),
}

impl Phone {
    /// The proof of one call, to be bent.
    pub(super) fn proof(&self, kit: &Kit, method: &str, path: &str, body: &str) -> Result<Proof> {
        Ok(Proof {
            aud: self.origin.clone(),
            sub: self.id,
            htm: method.to_owned(),
            htu: format!("{}{path}", kit.wire.origin()),
            bh: Digest::of(&[body.as_bytes()]),
            nonce: kit.nonce.clone(),
            jti: Id::make().during("an id")?,
        })
    }

    /// A call with these characters as its proof.
    pub(super) fn call_by(
        kit: &mut Kit,
        (method, path, body): (&str, &str, &str),
        proof: &str,
    ) -> Result<Came> {
        let json = ("content-type", "application/json");
        let headers = [(PROOF_HEADER, proof), json];
        match method {
            "GET" | "DELETE" => kit.call(method, path, &headers[..1], None),
            _ => kit.call(method, path, &headers, Some(body.as_bytes())),
        }
    }

    /// A call as a phone makes it: with the newest nonce, and once more with a fresher one.
    pub(super) fn call(&self, kit: &mut Kit, method: &str, path: &str, body: &str) -> Result<Came> {
        let mut proof = self.proof(kit, method, path, body)?;
        let signed = sign(proof.clone(), &self.dev)?;
        let came = Self::call_by(kit, (method, path, body), signed.compact())?;
        if came.status != 401 {
            return Ok(came);
        }
        proof.nonce = kit.nonce.clone();
        let signed = sign(proof, &self.dev)?;
        Self::call_by(kit, (method, path, body), signed.compact())
    }

    pub(super) fn path(&self) -> String {
        format!("/cs/v1/credentials/{}", self.id)
    }

    pub(super) fn state(&self, kit: &mut Kit) -> Result<Signed<State>> {
        let came = self.call(kit, "GET", &self.path(), "")?;
        let answer: StateAnswer = read(&came)?;
        let state = Signed::<State>::verify(&answer.state, &self.server).during("the state")?;
        if state.aud != self.id {
            return Err(Trouble::new("the state is another phone's"));
        }
        Ok(state)
    }

    /// Whether it stands so.
    pub(super) fn stands(
        &self,
        kit: &mut Kit,
        standing: Standing,
    ) -> Result<std::result::Result<String, String>> {
        let state = self.state(kit)?;
        let came = match state.reason {
            Some(reason) => format!("{:?}, {reason:?}", state.state).to_lowercase(),
            None => format!("{:?}", state.state).to_lowercase(),
        };
        Ok(if state.state == standing {
            Ok(came)
        } else {
            Err(came)
        })
    }

    pub(super) fn list(&self, kit: &mut Kit, query: &str) -> Result<ChallengesAnswer> {
        read(&self.call(kit, "GET", &format!("/cs/v1/challenges{query}"), "")?)
    }

    /// A challenge for this phone, whose every member fits what was agreed; why not, otherwise.
    pub(super) fn check(&self, text: &str) -> std::result::Result<Signed<Challenge>, String> {
        let challenge = Signed::<Challenge>::verify(text, &self.server);
        let challenge = challenge.map_err(|error| error.to_string())?;
        let fits = challenge
            .fits(&self.policy)
            .map_err(|error| error.to_string());
        fits?;
        for (good, member) in [
            (challenge.iss == self.origin, "iss"),
            (challenge.aud == self.id, "aud"),
            (challenge.account.as_str() == self.account, "account"),
            (challenge.policy == self.policy.n, "policy"),
        ] {
            if !good {
                return Err(format!("`{member}` does not fit"));
            }
        }
        Ok(challenge)
    }

    /// The newest request that is open.
    pub(super) fn newest(&self, kit: &mut Kit) -> Result<Signed<Challenge>> {
        let list = self.list(kit, "");
        let list = kit.must("list.request", list)?;
        let newest = list.challenges.last();
        let newest = newest.during("the server lists no request for the phone");
        let checked = newest.and_then(|newest| {
            let refused = |why| Trouble::new(format!("the server's request: {why}"));
            self.check(newest).map_err(refused)
        });
        kit.must("list.request", checked)
    }

    /// The answer of an action, which must be a request.
    pub(super) fn begun(&self, came: &Came) -> Result<Signed<Challenge>> {
        let answer: ChallengeAnswer = read(came)?;
        self.check(&answer.challenge)
            .map_err(|why| Trouble::new(format!("the request of an action: {why}")))
    }

    /// The next response, without what only an approval has; to be bent.
    pub(super) fn response(
        &self,
        challenge: &Signed<Challenge>,
        decision: Decision,
    ) -> Result<Response> {
        Ok(Response {
            iss: self.id,
            aud: self.origin.clone(),
            jti: Id::make().during("an id")?,
            challenge: challenge.hash(),
            decision,
            reason: None,
            rule: 1,
            view: View::of(challenge).digest(),
            r#match: None,
            dh: None,
            pin: None,
            input: None,
            ctr: self.last.0 + 1,
            prev: self.last.1,
            locale: "en".into(),
        })
    }

    /// The alternative that this phone answers with.
    fn chosen(&self, challenge: &Challenge) -> Result<Alternative> {
        let mut all = challenge.factors.as_slice().iter();
        let can = |one: &&Alternative| {
            (self.uv.is_some() || !one.has(Factor::Uv))
                && (self.k_pin.is_some() || !one.has(Factor::Pin))
        };
        all.find(can)
            .copied()
            .during("the request asks for factors that this phone was not asked to have")
    }

    /// The next approval; `right` is the PIN.
    pub(super) fn approval(
        &self,
        challenge: &Signed<Challenge>,
        number: &str,
        right: bool,
    ) -> Result<Response> {
        let mut response = self.response(challenge, Decision::Approve)?;
        response.r#match = (challenge.r#match > 0).then(|| number.to_owned());
        if let (true, Some(k_pin)) = (self.chosen(challenge)?.has(Factor::Pin), &self.k_pin) {
            let e = AgreementSecret::make().during("making a key")?;
            response.dh = Some(e.public());
            let agreement = Agreement::new(&e, &self.dh, &challenge.hash()).during("agreeing")?;
            let mut k_pin = k_pin.clone();
            // That is all that a wrong PIN is.
            k_pin[0] ^= u8::from(!right);
            response.pin = Some(pin::prove(&agreement, &k_pin, &response).during("the proof")?);
        }
        Ok(response)
    }

    /// Signs by the key that the answer needs; the next one follows it.
    pub(super) fn sign(
        &mut self,
        challenge: Option<&Challenge>,
        response: Response,
    ) -> Result<Signed<Response>> {
        let approves = response.decision == Decision::Approve;
        let by_uv = match challenge.filter(|_| approves) {
            Some(challenge) => self.chosen(challenge)?.has(Factor::Uv),
            None => false,
        };
        let key = self.uv.as_ref().filter(|_| by_uv).unwrap_or(&self.dev);
        let signed = sign(response, key)?;
        self.last = (signed.ctr, Prev(Some(signed.hash())));
        Ok(signed)
    }

    pub(super) fn post(kit: &mut Kit, response: &str) -> Result<Came> {
        let response = response.to_owned();
        kit.post("/cs/v1/responses", &write(&ResponseCall { response })?)
    }

    /// Posts it; the verdict, which must be about it. What is no verdict ends the run, and this check.
    pub(super) fn deliver(
        &self,
        kit: &mut Kit,
        check: &str,
        response: &Signed<Response>,
    ) -> Result<Signed<Verdict>> {
        let came = Self::post(kit, response.compact());
        let verdict = came.and_then(|came| self.verdict(&came, response));
        kit.must(check, verdict)
    }

    /// The verdict about a response.
    pub(super) fn verdict(
        &self,
        came: &Came,
        response: &Signed<Response>,
    ) -> Result<Signed<Verdict>> {
        let answer: VerdictAnswer = read(came)?;
        let verdict = Signed::<Verdict>::verify(&answer.verdict, &self.server);
        let verdict = verdict.during("the verdict")?;
        let about = verdict.aud == self.id
            && verdict.iss == self.origin
            && verdict.response == response.hash()
            && verdict.challenge == response.challenge;
        if about {
            Ok(verdict)
        } else {
            Err(Trouble::new("the verdict is about something else"))
        }
    }
}

/// The body of a good answer.
pub(super) fn read<T: serde::de::DeserializeOwned>(came: &Came) -> Result<T> {
    if !matches!(came.status, 200 | 201) {
        return Err(Trouble::new(format!(
            "the server answered {}",
            Kit::said(came)
        )));
    }
    parse(came.body.as_bytes()).during("the server's answer")
}

//! What the peer answers, by the protocol's own rules.

use super::peer::{HOST, Inner, Peer, Trouble};
use super::script::{json, nothing, problem};
use crate::ports::{Answer, Method, Request, TransportError};
use countersign_protocol::agreement::{Agreement, Purpose, confirmation};
use countersign_protocol::call::*;
use countersign_protocol::crypto::{AgreementSecret, PublicKey};
use countersign_protocol::policy::{Alternative, Alternatives};
use countersign_protocol::problem::Code;
use countersign_protocol::statement::*;
use countersign_protocol::text::{Account as AccountName, Name};
use countersign_protocol::{Digest, Id, Signed, json as wire, sas};

impl Peer {
    /// Answers a call.
    pub(crate) fn reply(&self, request: &Request) -> Result<Answer, TransportError> {
        let path = request
            .url
            .strip_prefix(&format!("https://{HOST}"))
            .ok_or(TransportError::Unreachable)?;
        let trouble = {
            let mut inner = self.inner();
            let body = String::from_utf8(request.body.clone()).unwrap();
            inner
                .wire
                .push(format!("{} {:?} {body}", request.url, request.headers));
            inner
                .calls
                .push((request.method.as_str(), path.to_owned(), body));
            match inner.trouble.front() {
                Some((part, _)) if path.contains(part) => inner.trouble.pop_front(),
                _ => None,
            }
        };
        match trouble {
            Some((_, Trouble::Lost(fault))) => Err(fault),
            Some((_, Trouble::Instead(answer))) => Ok(answer),
            Some((_, Trouble::AnswerLost(fault))) => {
                self.serve(request, path);
                Err(fault)
            }
            None => Ok(self.serve(request, path)),
        }
    }

    fn serve(&self, request: &Request, path: &str) -> Answer {
        let (route, query) = path.split_once('?').unwrap_or((path, ""));
        let done = match (request.method, route) {
            (Method::Get, "/cs/v1/keys") => Ok(self.serve_keys(query)),
            (Method::Post, "/cs/v1/invitations") => Ok(Answer {
                status: 202,
                headers: Vec::new(),
                body: Vec::new(),
            }),
            (Method::Post, "/cs/v1/offers") => self.serve_offer(&request.body),
            (Method::Post, "/cs/v1/registrations") => self.serve_registration(&request.body),
            (Method::Post, "/cs/v1/actions") => {
                let done = self.proved(request, None);
                done.and_then(|()| self.serve_action(&request.body))
            }
            (Method::Post, "/cs/v1/responses") => self.serve_response(&request.body),
            (Method::Put, "/cs/v1/phone" | "/cs/v1/push") | (Method::Delete, "/cs/v1/push") => {
                self.proved(request, None).map(|()| nothing())
            }
            (Method::Post, "/cs/v1/acks") => self
                .proved(request, None)
                .and_then(|()| self.serve_acks(&request.body)),
            (Method::Get, "/cs/v1/challenges") => {
                self.proved(request, None).map(|()| self.serve_list(query))
            }
            (Method::Get, route) => match route.strip_prefix("/cs/v1/challenges/") {
                Some(id) => self
                    .proved(request, Some(id))
                    .and_then(|()| self.serve_challenge(id)),
                None => self.proved(request, None).map(|()| self.serve_state()),
            },
            _ => Err(Code::NotFound),
        };
        let mut answer = done.unwrap_or_else(problem);
        let mut inner = self.inner();
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        inner.wire.push(said);
        inner.nonce += 1;
        answer
            .headers
            .push(("countersign-nonce".into(), format!("nonce-{}", inner.nonce)));
        answer
    }

    /// Checks the proof of a call as the protocol asks; the nonce must be one of the last two.
    fn proved(&self, request: &Request, id: Option<&str>) -> Result<(), Code> {
        let mut inner = self.inner();
        let registration = inner.registered.clone().ok_or(Code::BadProof)?;
        let header = request
            .headers
            .iter()
            .find(|(name, _)| *name == PROOF_HEADER);
        let (_, text) = header.ok_or(Code::BadProof)?;
        let proof =
            Signed::<Proof>::verify(text, &[registration.dev]).map_err(|_| Code::BadProof)?;
        let credential = inner.state.as_ref().map(|state| state.aud);
        let fits = proof.aud == Self::origin()
            && Some(proof.sub) == credential
            && proof.htm == request.method.as_str()
            && proof.htu == request.url
            && proof.bh == Digest::of(&[&request.body]);
        if !fits || inner.seen_proofs.contains(&proof.jti) && id.is_none() && proof.nonce.is_none()
        {
            return Err(Code::BadProof);
        }
        inner.seen_proofs.push(proof.jti);
        let recent = [inner.nonce, inner.nonce.saturating_sub(1)].map(|n| format!("nonce-{n}"));
        let nonce = proof.nonce.as_deref().ok_or(Code::NonceRequired)?;
        let good = id == Some(nonce) || recent.iter().any(|known| known == nonce);
        if good {
            Ok(())
        } else {
            Err(Code::NonceRequired)
        }
    }

    fn serve_keys(&self, query: &str) -> Answer {
        let after: u64 = query
            .strip_prefix("after=")
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        let keys = self.inner().keys.clone();
        let from = usize::try_from(after).unwrap().min(keys.len() - 1);
        let page = keys[from..].iter().take(8).cloned().collect();
        json(200, &KeysAnswer { keys: page })
    }

    fn serve_offer(&self, body: &[u8]) -> Result<Answer, Code> {
        let call: OfferCall = wire::parse(body).map_err(|_| Code::BadRequest)?;
        let mut inner = self.inner();
        if call.token != inner.token.to_string() {
            return Err(Code::NotFound);
        }
        if inner.registered.is_some() {
            return Err(Code::Conflict);
        }
        let (secret, ns, eid) = (
            AgreementSecret::make().unwrap(),
            Digest::make().unwrap(),
            Id::make().unwrap(),
        );
        let mut offer = Offer {
            iss: Self::origin(),
            jti: eid,
            iat: inner.now,
            exp: inner.now + 600,
            keys: inner.keys_n,
            via: Via::Browser,
            rec: None,
            name: Name::parse("Example ID").unwrap(),
            account: AccountName::parse(&inner.account).unwrap(),
            dh: secret.public(),
            sas: sas::commitment(&eid, &ns),
            policy: inner.policy.clone(),
        };
        if let Some(change) = inner.offer {
            change(&mut offer);
        }
        let offer = self.sign(offer);
        let keys = inner.keys[0].clone();
        let answer = json(
            200,
            &OfferAnswer {
                keys,
                offer: offer.compact().to_owned(),
            },
        );
        inner.offers.push((offer, secret, ns));
        Ok(answer)
    }

    fn serve_registration(&self, body: &[u8]) -> Result<Answer, Code> {
        let call: RegistrationCall = wire::parse(body).map_err(|_| Code::BadRequest)?;
        let registration = Signed::<Registration>::verify_dev(&call.registration)
            .map_err(|_| Code::BadStatement)?;
        let says = Key {
            aud: Self::origin(),
            ctx: registration.offer,
            dev: registration.dev.thumbprint(),
        };
        match (&registration.uv, &call.uv_proof) {
            (None, None) => {}
            (Some(uv), Some(proof)) => {
                Signed::verify_uv(proof, uv, &says).map_err(|_| Code::BadStatement)?;
            }
            _ => return Err(Code::BadStatement),
        }
        let mut inner = self.inner();
        if let Some(first) = &inner.registered {
            if first.hash() != registration.hash() {
                return Err(Code::Conflict);
            }
        } else {
            let state = inner.first_state_for(&registration)?;
            inner.take_code(&registration)?;
            (inner.state, inner.first) = (Some(state.clone()), Some(state));
            inner.uv = registration.uv;
            inner.registered = Some(registration);
        }
        let mut state = inner.first.clone().unwrap();
        if let Some(change) = inner.first_state {
            change(&mut state);
        }
        Ok(json(
            201,
            &StateAnswer {
                state: self.sign(state).compact().to_owned(),
            },
        ))
    }

    fn serve_state(&self) -> Answer {
        let state = self.inner().state.clone().unwrap();
        json(
            200,
            &StateAnswer {
                state: self.sign(state).compact().to_owned(),
            },
        )
    }

    /// A cursor counts requests and others.
    fn serve_list(&self, query: &str) -> Answer {
        let inner = self.inner();
        let after = query
            .split('&')
            .find_map(|part| part.strip_prefix("after=c"));
        let after = after.and_then(|after| after.split_once('-'));
        let at = |text: Option<&str>, len: usize| {
            let at = text.and_then(|n| n.parse().ok()).unwrap_or(0);
            Ord::min(at, len)
        };
        let from = at(after.map(|after| after.0), inner.open.len());
        let told = at(after.map(|after| after.1), inner.others.len());
        // One more is of a newer version.
        let mut page: Vec<String> = inner.open[from..].iter().take(19).cloned().collect();
        let to = from + page.len();
        page.retain(|text| !inner.withdrawn.contains(text));
        let room = 19 - page.len();
        let mut others: Vec<String> = inner.others[told..].iter().take(room).cloned().collect();
        let heard = told + others.len();
        others.push("something.of.a-newer-version".into());
        json(
            200,
            &ChallengesAnswer {
                challenges: page,
                others,
                sn: inner.state.as_ref().unwrap().sn,
                next: format!("c{to}-{heard}"),
                more: to < inner.open.len() || heard < inner.others.len(),
            },
        )
    }

    fn serve_acks(&self, body: &[u8]) -> Result<Answer, Code> {
        let call: AcksCall = wire::parse(body).map_err(|_| Code::BadRequest)?;
        self.inner().acks.extend(call.jti);
        Ok(nothing())
    }

    fn serve_challenge(&self, id: &str) -> Result<Answer, Code> {
        let inner = self.inner();
        let keys = [*self.sign.public()];
        let is = |text: &&String| {
            Signed::<Challenge>::verify(text, &keys)
                .is_ok_and(|one| one.jti.to_string() == id || one.txn.to_string() == id)
        };
        let challenge = inner.open.iter().find(is).ok_or(Code::NotFound)?.clone();
        Ok(json(200, &ChallengeAnswer { challenge }))
    }

    /// A request in mode `app`, as section 6 has them; an invitation; or nothing, for a pause.
    fn serve_action(&self, body: &[u8]) -> Result<Answer, Code> {
        let action: Action = wire::parse(body).map_err(|_| Code::BadRequest)?;
        let (kind, dev) = match action {
            Action::PinSet => (Kind::PinSet, None),
            Action::ReplaceUv => (Kind::ReplaceUv, None),
            Action::RecoveryCodes => (Kind::RecoveryCodes, None),
            Action::Unfreeze(dev) => (Kind::Unfreeze, dev),
            Action::RemovePhone(dev) => (Kind::RemovePhone, Some(dev)),
            Action::Extend(jti) => return self.serve_more(&jti),
            Action::AddPhone => {
                let invitation = self.link();
                return Ok(json(201, &InvitationAnswer { invitation }));
            }
            Action::Pause => {
                self.end(Standing::Suspended, StateReason::User);
                return Ok(nothing());
            }
        };
        self.inner().withdraw(&[*self.sign.public()], kind);
        let mut challenge = self.about_itself(Id::make().unwrap(), kind);
        let by_uv = matches!(kind, Kind::PinSet | Kind::RecoveryCodes);
        if by_uv && self.inner().pin_by_uv {
            challenge.factors = Alternatives::new(vec![Alternative::Uv]).unwrap();
        }
        challenge.input = dev.map(|dev| Input {
            dev: Some(dev),
            device: Some(Name::parse("Tablet").unwrap()),
            policy: None,
        });
        let challenge = self.sign(challenge).compact().to_owned();
        self.inner().open.push(challenge.clone());
        Ok(json(201, &ChallengeAnswer { challenge }))
    }

    /// The same request with more time, and the next `jti`.
    fn serve_more(&self, jti: &Id) -> Result<Answer, Code> {
        if self.inner().no_more {
            return Err(Code::Conflict);
        }
        let newer = self.renewed(jti).ok_or(Code::NotFound)?;
        let challenge = self.sign(newer).compact().to_owned();
        self.inner().open.push(challenge.clone());
        Ok(json(201, &ChallengeAnswer { challenge }))
    }

    /// Lists a request anew, with more time; gives its next `jti`.
    pub(crate) fn ask_again(&self, jti: &Id) -> Id {
        let newer = self.renewed(jti).unwrap();
        let jti = newer.jti;
        let challenge = self.sign(newer).compact().to_owned();
        self.inner().open.push(challenge);
        jti
    }

    fn renewed(&self, jti: &Id) -> Option<Challenge> {
        let keys = [*self.sign.public()];
        let inner = self.inner();
        let open = inner.open.iter();
        let mut open = open.map(|text| Signed::<Challenge>::verify(text, &keys).unwrap());
        let old = open.find(|open| open.jti == *jti)?;
        Some(Challenge {
            jti: Id::make().unwrap(),
            replaces: Some(*jti),
            iat: inner.now,
            exp: inner.now + (old.exp - old.iat),
            ..Challenge::clone(&old)
        })
    }

    /// A request about the ID, by PIN.
    pub(crate) fn about_itself(&self, jti: Id, kind: Kind) -> Challenge {
        let mut challenge = self.challenge(jti);
        (challenge.kind, challenge.mode) = (kind, Mode::App);
        (challenge.context, challenge.r#match) = (None, 0);
        challenge.factors = Alternatives::new(vec![Alternative::DevPin]).unwrap();
        challenge.service = Service {
            id: "server".into(),
            name: Name::parse("Example ID").unwrap(),
            host: HOST.into(),
        };
        challenge
    }

    fn serve_response(&self, body: &[u8]) -> Result<Answer, Code> {
        let call: ResponseCall = wire::parse(body).map_err(|_| Code::BadRequest)?;
        let mut inner = self.inner();
        let dev = inner.registered.as_ref().ok_or(Code::NotFound)?.dev;
        let keys: Vec<_> = std::iter::once(dev).chain(inner.uv).collect();
        let response =
            Signed::<Response>::verify(&call.response, &keys).map_err(|_| Code::BadStatement)?;
        let known = inner
            .responses
            .iter()
            .position(|other| other.jti == response.jti);
        if let Some(at) = known {
            if inner.responses[at].hash() != response.hash() {
                return Err(Code::Conflict);
            }
            let verdict = inner.verdicts[at].compact().to_owned();
            return Ok(json(200, &VerdictAnswer { verdict }));
        }
        let mut verdict = Verdict {
            iss: Self::origin(),
            aud: response.iss,
            jti: Id::make().unwrap(),
            iat: inner.now,
            keys: inner.keys_n,
            challenge: response.challenge,
            response: response.hash(),
            result: Outcome::Accepted,
            r#final: true,
            code: VerdictCode::Ok,
            attempts: None,
            r#return: None,
        };
        let keys = [*self.sign.public()];
        if inner.is_withdrawn(&keys, &response) {
            (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::Cancelled);
        } else {
            inner.judge_pin(&response, &mut verdict);
        }
        if verdict.result == Outcome::Accepted {
            verdict.r#return = inner.way_back(&keys, &response);
        }
        if let Some(change) = inner.verdict.take() {
            change(&mut verdict);
        }
        if verdict.result == Outcome::Accepted {
            inner.take_keys(&keys, &response);
        }
        let verdict = self.sign(verdict);
        let answer = json(
            200,
            &VerdictAnswer {
                verdict: verdict.compact().to_owned(),
            },
        );
        inner.responses.push(response);
        inner.verdicts.push(verdict);
        Ok(answer)
    }
}

impl Inner {
    /// A second action of one kind withdraws the open request of the first.
    fn withdraw(&mut self, keys: &[PublicKey], kind: Kind) {
        let ended = |hash: Digest| {
            let mut verdicts = self.verdicts.iter();
            verdicts.any(|verdict| verdict.challenge == hash && verdict.r#final)
        };
        let first = |text: &&String| {
            let one = Signed::<Challenge>::verify(text, keys);
            one.is_ok_and(|one| one.kind == kind && one.mode == Mode::App && !ended(one.hash()))
        };
        let first: Vec<String> = self.open.iter().filter(first).cloned().collect();
        self.withdrawn.extend(first);
    }

    fn is_withdrawn(&self, keys: &[PublicKey], response: &Signed<Response>) -> bool {
        let is_it = |text: &String| {
            let one = Signed::<Challenge>::verify(text, keys);
            one.is_ok_and(|one| one.hash() == response.challenge)
        };
        self.withdrawn.iter().any(is_it) && response.decision != Decision::Report
    }

    /// Where an approval of what was opened on the phone leads its browser.
    fn way_back(&self, keys: &[PublicKey], response: &Signed<Response>) -> Option<String> {
        let known = |text: &String| Signed::<Challenge>::verify(text, keys).ok();
        let mut open = self.open.iter().filter_map(known);
        let same = open.any(|one| one.hash() == response.challenge && one.mode == Mode::Same);
        let back = same && response.decision == Decision::Approve;
        back.then(|| format!("{}/r/{}", Peer::origin(), Id::from([12; 16])))
    }

    /// Takes the new keys that an approval brings.
    fn take_keys(&mut self, keys: &[PublicKey], response: &Signed<Response>) {
        let known = |text: &String| Signed::<Challenge>::verify(text, keys).ok();
        let mut open = self.open.iter().filter_map(known);
        let Some(challenge) = open.find(|open| open.hash() == response.challenge) else {
            return;
        };
        match challenge.kind {
            Kind::PinSet if response.decision == Decision::Approve => {
                let (secret, _) = self.pin_secrets();
                let dh = response.dh.unwrap();
                let agreement = Agreement::new(&secret, &dh, &response.challenge).unwrap();
                self.new_pin = Some(agreement.derive(Purpose::Pin, &response.hash()));
                (self.wrong_pins, self.pin_by_uv) = (0, false);
            }
            Kind::RecoveryCodes if response.decision == Decision::Approve => {
                self.make_codes(response);
            }
            Kind::ReplaceUv if response.decision == Decision::Approve => {
                let input = response.input.as_ref().unwrap();
                let dev = self.registered.as_ref().unwrap().dev.thumbprint();
                input.verify(&challenge, &dev).unwrap();
                self.uv = Some(input.uv);
                let state = self.state.as_mut().unwrap();
                state.sn += 1;
                state.uv = Some(input.uv.thumbprint());
            }
            Kind::Unfreeze if response.decision == Decision::Approve => {
                let state = self.state.as_mut().unwrap();
                state.sn += 1;
                (state.state, state.reason) = (Standing::Active, None);
            }
            _ => {}
        }
    }

    fn first_state_for(&self, registration: &Signed<Registration>) -> Result<State, Code> {
        let offer = self
            .offers
            .iter()
            .find(|offer| offer.0.hash() == registration.offer);
        let (offer, secret, ns) = offer.ok_or(Code::Gone)?;
        let agreement = Agreement::new(secret, &registration.dh, &offer.hash())
            .map_err(|_| Code::BadStatement)?;
        let k_conf = agreement.derive(Purpose::Conf, &registration.hash());
        Ok(State {
            iss: Peer::origin(),
            aud: Id::from([6; 16]),
            sn: 1,
            iat: self.now,
            keys: self.keys_n,
            state: Standing::Pending,
            account: offer.account.clone(),
            registration: registration.hash(),
            dev: registration.dev.thumbprint(),
            uv: registration.uv.map(|uv| uv.thumbprint()),
            policy: offer.policy.clone(),
            probation: None,
            ns: Some(*ns),
            kc: Some(confirmation(&k_conf, &registration.hash())),
            exp: Some(self.now + 600),
            wake: None,
            push_id: None,
            reason: None,
        })
    }
}

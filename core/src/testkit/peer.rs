//! A server of one ID: real keys, real statements, a queue of requests, and faults on demand.

use super::script::{json, problem};
use crate::ports::{Answer, Method, Request, TransportError};
use countersign_protocol::agreement::{Agreement, Purpose, confirmation};
use countersign_protocol::call::*;
use countersign_protocol::crypto::{AgreementSecret, SigningKey};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::jose::Statement;
use countersign_protocol::policy::{Alternatives, Offline, Policy};
use countersign_protocol::problem::Code;
use countersign_protocol::statement::*;
use countersign_protocol::text::{Account as AccountName, Name};
use countersign_protocol::{Digest, Id, Origin, Signed, json as wire, sas};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

pub(crate) const HOST: &str = "id.example";

/// What goes wrong with the next call whose path holds the text.
pub(crate) enum Trouble {
    /// The call never arrives.
    Lost(TransportError),
    /// It arrives and is done, and the answer is lost.
    AnswerLost(TransportError),
    /// Somebody else answers.
    Instead(Answer),
}

pub(crate) struct Peer {
    root: SigningKey,
    sign: SigningKey,
    inner: Mutex<Inner>,
}

pub(crate) struct Inner {
    /// The server's clock, seconds.
    pub(crate) now: u64,
    pub(crate) policy: Policy,
    pub(crate) account: String,
    pub(crate) token: Id,
    pub(crate) expires: u64,
    offers: Vec<(Signed<Offer>, AgreementSecret, Digest)>,
    pub(crate) registered: Option<Signed<Registration>>,
    pub(crate) first: Option<State>,
    pub(crate) state: Option<State>,
    pub(crate) open: Vec<String>,
    pub(crate) responses: Vec<Signed<Response>>,
    pub(crate) verdicts: Vec<Signed<Verdict>>,
    /// Changes the verdict that is made next.
    pub(crate) verdict: Option<fn(&mut Verdict)>,
    /// Changes the first state before it is signed.
    pub(crate) first_state: Option<fn(&mut State)>,
    /// What `GET /keys` lists.
    pub(crate) keys: Vec<String>,
    pub(crate) keys_n: u64,
    pub(crate) trouble: VecDeque<(&'static str, Trouble)>,
    /// Every call that arrived: method, path, body.
    pub(crate) calls: Vec<(&'static str, String, String)>,
    nonce: u64,
    seen_proofs: Vec<Id>,
}

impl Peer {
    pub(crate) fn new() -> Self {
        let key = |seed| SigningKey::ed25519_from_seed(&[seed; 32]).unwrap();
        let peer = Self {
            root: key(1),
            sign: key(2),
            inner: Mutex::new(Inner {
                now: 1_800_000_000,
                policy: Policy {
                    n: 1,
                    min: Alternatives::dev(),
                    r#match: true,
                    max_life: 120,
                    pin: 0,
                    offline: Offline::None,
                },
                account: "anna@example.com".into(),
                token: Id::from([4; 16]),
                expires: 1_800_000_600,
                offers: Vec::new(),
                registered: None,
                first: None,
                state: None,
                open: Vec::new(),
                responses: Vec::new(),
                verdicts: Vec::new(),
                verdict: None,
                first_state: None,
                keys: Vec::new(),
                keys_n: 1,
                trouble: VecDeque::new(),
                calls: Vec::new(),
                nonce: 0,
                seen_proofs: Vec::new(),
            }),
        };
        let first = peer.keys(1, &peer.sign, None);
        peer.inner().keys.push(first);
        peer
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }

    pub(crate) fn origin() -> Origin {
        Origin::parse(&format!("https://{HOST}")).unwrap()
    }

    pub(crate) fn link(&self) -> String {
        let inner = self.inner();
        let (token, expires) = (inner.token, inner.expires);
        let root = self.root.public().thumbprint();
        Invitation {
            origin: Self::origin(),
            root,
            token,
            expires,
            brand: None,
        }
        .to_link()
        .unwrap()
    }

    pub(crate) fn root(&self) -> &SigningKey {
        &self.root
    }

    /// A keys statement by this peer's root.
    pub(crate) fn keys(&self, n: u64, sign: &SigningKey, next: Option<&SigningKey>) -> String {
        let keys = Keys {
            iss: Self::origin(),
            n,
            iat: 1_799_000_000,
            exp: 1_799_000_000 + 400 * 86_400,
            root: *self.root.public(),
            sign: vec![*sign.public()],
            origins: vec![Self::origin()],
            root_next: next.map(|key| *key.public()),
        };
        Signed::sign(keys, &self.root).unwrap().compact().to_owned()
    }

    /// Signs by S.
    pub(crate) fn sign<T: Statement>(&self, body: T) -> Signed<T> {
        Signed::sign(body, &self.sign).unwrap()
    }

    pub(crate) fn trouble(&self, path: &'static str, trouble: Trouble) {
        self.inner().trouble.push_back((path, trouble));
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.inner().now += seconds;
    }

    pub(crate) fn calls_to(&self, path: &str) -> usize {
        self.inner()
            .calls
            .iter()
            .filter(|call| call.1.contains(path))
            .count()
    }

    /// Changes the state, as by a person or an administrator.
    pub(crate) fn become_state(&self, change: impl FnOnce(&mut State)) -> State {
        let mut inner = self.inner();
        let mut state = inner.state.clone().unwrap();
        (state.sn, state.iat) = (state.sn + 1, inner.now);
        (state.ns, state.kc, state.exp) = (None, None, None);
        change(&mut state);
        inner.state = Some(state.clone());
        state
    }

    /// The person typed the digits.
    pub(crate) fn activate(&self) -> State {
        self.become_state(|state| {
            state.state = Standing::Active;
            (state.wake, state.push_id) = (Some(Id::from([8; 16])), Some(Id::from([9; 16])));
        })
    }

    pub(crate) fn end(&self, standing: Standing, reason: StateReason) -> State {
        self.become_state(|state| {
            (state.state, state.reason) = (standing, Some(reason));
            if standing != Standing::Suspended {
                (state.wake, state.push_id) = (None, None);
            }
        })
    }

    /// The six digits as the server computes them.
    pub(crate) fn digits(&self) -> String {
        let inner = self.inner();
        let registration = inner.registered.as_ref().unwrap();
        let offer = inner
            .offers
            .iter()
            .find(|offer| offer.0.hash() == registration.offer)
            .unwrap();
        sas::digits(
            &offer.0.hash(),
            &registration.hash(),
            &offer.2,
            &registration.np,
        )
    }

    /// A login request as this server makes them.
    pub(crate) fn challenge(&self, jti: Id) -> Challenge {
        let inner = self.inner();
        let aud = inner
            .state
            .as_ref()
            .map_or(Id::from([6; 16]), |state| state.aud);
        Challenge {
            iss: Self::origin(),
            aud,
            jti,
            txn: Id::from([11; 16]),
            iat: inner.now,
            exp: inner.now + inner.policy.max_life,
            keys: inner.keys_n,
            policy: inner.policy.n,
            kind: Kind::Login,
            mode: Mode::Remote,
            service: Service {
                id: "wiki".into(),
                name: Name::parse("Wiki").unwrap(),
                host: "wiki.example".into(),
            },
            account: AccountName::parse(&inner.account).unwrap(),
            lang: None,
            rows: None,
            context: Some(Context {
                browser: Name::parse("Firefox on Windows").unwrap(),
                known: true,
                place: None,
                ip: None,
                zone: Zone::Outside,
            }),
            r#match: 2,
            factors: Alternatives::dev(),
            input: None,
            set: Digest::from([3; 32]),
            phones: 1,
            replaces: None,
        }
    }

    /// Opens a request; gives its id.
    pub(crate) fn ask(&self, number: u8, change: impl FnOnce(&mut Challenge)) -> Id {
        let jti = Id::from([number; 16]);
        let mut challenge = self.challenge(jti);
        change(&mut challenge);
        let text = self.sign(challenge).compact().to_owned();
        self.inner().open.push(text);
        jti
    }

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
            (Method::Post, "/cs/v1/offers") => self.serve_offer(&request.body),
            (Method::Post, "/cs/v1/registrations") => self.serve_registration(&request.body),
            (Method::Post, "/cs/v1/responses") => self.serve_response(&request.body),
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
        let offer = Offer {
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
        let mut inner = self.inner();
        if let Some(first) = &inner.registered {
            if first.hash() != registration.hash() {
                return Err(Code::Conflict);
            }
        } else {
            let state = inner.first_state_for(&registration)?;
            (inner.state, inner.first) = (Some(state.clone()), Some(state));
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

    fn serve_list(&self, query: &str) -> Answer {
        let inner = self.inner();
        let after = query
            .split('&')
            .find_map(|part| part.strip_prefix("after=c"));
        let from = after
            .and_then(|n| n.parse().ok())
            .unwrap_or(0)
            .min(inner.open.len());
        let page: Vec<String> = inner.open[from..].iter().take(20).cloned().collect();
        let to = from + page.len();
        json(
            200,
            &ChallengesAnswer {
                challenges: page,
                others: vec!["something.of.a-newer-version".into()],
                sn: inner.state.as_ref().unwrap().sn,
                next: format!("c{to}"),
                more: to < inner.open.len(),
            },
        )
    }

    fn serve_challenge(&self, id: &str) -> Result<Answer, Code> {
        let inner = self.inner();
        let keys = [*self.sign.public()];
        let is = |text: &&String| {
            Signed::<Challenge>::verify(text, &keys)
                .is_ok_and(|challenge| challenge.jti.to_string() == id)
        };
        let challenge = inner.open.iter().find(is).ok_or(Code::NotFound)?.clone();
        Ok(json(200, &ChallengeAnswer { challenge }))
    }

    fn serve_response(&self, body: &[u8]) -> Result<Answer, Code> {
        let call: ResponseCall = wire::parse(body).map_err(|_| Code::BadRequest)?;
        let mut inner = self.inner();
        let dev = inner.registered.as_ref().ok_or(Code::NotFound)?.dev;
        let response =
            Signed::<Response>::verify(&call.response, &[dev]).map_err(|_| Code::BadStatement)?;
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
        if let Some(change) = inner.verdict.take() {
            change(&mut verdict);
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
            uv: None,
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

//! An ID server in this process that signs real statements, as a transport: what the phone does between
//! two calls is the phone's own.

use crate::Result;
use countersign_core::ports::{Answer, Method, Request, Transport, TransportError};
use countersign_protocol::agreement::{Agreement, Purpose, confirmation};
use countersign_protocol::call::{
    ChallengeAnswer, ChallengesAnswer, OfferAnswer, RegistrationCall, ResponseCall, StateAnswer,
    VerdictAnswer,
};
use countersign_protocol::crypto::{AgreementSecret, SigningKey};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::jose::Statement;
use countersign_protocol::policy::{Alternative, Alternatives, Factor, Offline, Policy};
use countersign_protocol::statement::{
    Challenge, Context, Keys, Kind, Mode, Offer, Outcome, Registration, Response, Service,
    Standing, State, Verdict, VerdictCode, Via, Zone,
};
use countersign_protocol::text::{Account, Name};
use countersign_protocol::{Digest, Id, Origin, Signed, json, sas};
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const ORIGIN: &str = "https://id.example";

/// What the server signs with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// As `countersign-server init` makes it.
    Ed25519,
    /// The other one that the protocol has.
    P256,
}

/// The server of one ID.
pub struct Peer {
    origin: String,
    /// How far its clock, and that of its phone, is before this machine's, seconds.
    pub ahead: Arc<AtomicU64>,
    root: SigningKey,
    sign: SigningKey,
    token: Id,
    inner: Mutex<Inner>,
    /// The factors that it asks for: those of the phone alone, until this is changed before somebody enrols.
    pub asks: Alternative,
    /// Called as a response arrives.
    pub on_response: Option<fn()>,
}

#[derive(Default)]
struct Inner {
    offer: Option<(Signed<Offer>, AgreementSecret, Digest)>,
    registration: Option<Signed<Registration>>,
    state: Option<State>,
    first: String,
    challenge: String,
    /// Requests that a poll brings.
    waiting: Vec<String>,
    /// When the newest challenge was handed out, and when the newest response came.
    handed: Option<Instant>,
    came: Option<Instant>,
    busy: Duration,
}

fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| elapsed.as_secs())
}

fn only(asks: Alternative) -> Result<Alternatives> {
    Ok(Alternatives::new(vec![asks])?)
}

fn policy(asks: Alternative) -> Result<Policy> {
    Ok(Policy {
        n: 1,
        min: only(asks)?,
        r#match: true,
        max_life: 120,
        pin: if asks.has(Factor::Pin) { 6 } else { 0 },
        offline: Offline::None,
    })
}

/// A new key of this algorithm.
pub fn make_key(algorithm: Algorithm) -> Result<SigningKey> {
    let document = match algorithm {
        Algorithm::Ed25519 => SigningKey::make_ed25519()?,
        Algorithm::P256 => SigningKey::make_p256()?,
    };
    Ok(SigningKey::from_pkcs8(&document)?)
}

/// A login request of this server.
pub fn challenge(aud: Id) -> Result<Challenge> {
    request(ORIGIN, aud, now(), Alternative::Dev)
}

fn request(origin: &str, aud: Id, iat: u64, asks: Alternative) -> Result<Challenge> {
    Ok(Challenge {
        iss: Origin::parse(origin)?,
        aud,
        jti: Id::make()?,
        txn: Id::make()?,
        iat,
        exp: iat + 120,
        keys: 1,
        policy: 1,
        kind: Kind::Login,
        mode: Mode::Remote,
        service: Service {
            id: "wiki".into(),
            name: Name::parse("Wiki")?,
            host: "wiki.example".into(),
        },
        account: Account::parse("anna@example.com")?,
        lang: None,
        rows: None,
        context: Some(Context {
            browser: Name::parse("Firefox on Windows")?,
            known: true,
            place: None,
            ip: Some("192.0.2.7".into()),
            zone: Zone::Outside,
        }),
        r#match: 2,
        factors: only(asks)?,
        input: None,
        set: Digest::from([3; 32]),
        phones: 1,
        replaces: None,
    })
}

impl Peer {
    /// Before anybody enrolled.
    pub fn new(algorithm: Algorithm) -> Result<Self> {
        Self::at(ORIGIN, algorithm)
    }

    /// The same at another address.
    pub fn at(origin: &str, algorithm: Algorithm) -> Result<Self> {
        Ok(Self {
            origin: origin.to_owned(),
            ahead: Arc::default(),
            root: make_key(Algorithm::Ed25519)?,
            sign: make_key(algorithm)?,
            token: Id::make()?,
            inner: Mutex::default(),
            asks: Alternative::Dev,
            on_response: None,
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        now() + self.ahead.load(Ordering::Relaxed)
    }

    /// Whether a call is for it.
    pub fn is_at(&self, url: &str) -> bool {
        url.strip_prefix(&self.origin)
            .is_some_and(|rest| rest.starts_with('/'))
    }

    /// What it signs with.
    pub fn key(&self) -> &SigningKey {
        &self.sign
    }

    /// The invitation.
    pub fn link(&self) -> Result<String> {
        let invitation = Invitation {
            origin: Origin::parse(&self.origin)?,
            root: self.root.public().thumbprint(),
            token: self.token,
            expires: self.now() + 600,
            brand: None,
        };
        Ok(invitation.to_link()?)
    }

    /// The person typed the digits.
    pub fn activate(&self) -> Result<()> {
        let mut inner = self.inner();
        let state = inner.state.as_mut().ok_or("nobody registered")?;
        (state.sn, state.state) = (2, Standing::Active);
        (state.ns, state.kc, state.exp) = (None, None, None);
        (state.wake, state.push_id) = (Some(Id::make()?), Some(Id::make()?));
        Ok(())
    }

    /// Makes a login request; gives its id.
    pub fn ask(&self) -> Result<Id> {
        let mut inner = self.inner();
        let state = inner.state.as_ref().ok_or("nobody registered")?;
        let asked = request(&self.origin, state.aud, self.now(), self.asks)?;
        let challenge = self.signed(asked)?;
        inner.challenge = challenge.compact().to_owned();
        Ok(challenge.jti)
    }

    /// Makes this many login requests, which the next poll brings.
    pub fn ask_many(&self, many: usize) -> Result<()> {
        for _ in 0..many {
            self.ask()?;
            let mut inner = self.inner();
            let challenge = inner.challenge.clone();
            inner.waiting.push(challenge);
        }
        Ok(())
    }

    /// From the moment the newest challenge was handed to the phone until its response came.
    pub fn between(&self) -> Result<Duration> {
        let inner = self.inner();
        let (handed, came) = (inner.handed, inner.came);
        let came = came.ok_or("no response came")?;
        Ok(came - handed.ok_or("no challenge was fetched")?)
    }

    /// When the newest response came.
    pub fn came(&self) -> Result<Instant> {
        Ok(self.inner().came.ok_or("no response came")?)
    }

    /// How long it worked itself, since it was asked last.
    pub fn take_busy(&self) -> Duration {
        std::mem::take(&mut self.inner().busy)
    }

    fn signed<T: Statement>(&self, body: T) -> Result<Signed<T>> {
        Ok(Signed::sign(body, &self.sign)?)
    }

    fn serve(&self, request: &Request) -> Result<Answer> {
        let path = request
            .url
            .strip_prefix(&*self.origin)
            .ok_or("another server")?;
        match (request.method, path) {
            (Method::Post, "/cs/v1/offers") => self.offer(),
            (Method::Post, "/cs/v1/registrations") => self.register(&request.body),
            (Method::Post, "/cs/v1/responses") => self.respond(&request.body),
            (Method::Get, path) if path.starts_with("/cs/v1/challenges?") => self.waiting(),
            (Method::Get, path) if path.starts_with("/cs/v1/challenges/") => {
                let mut inner = self.inner();
                let challenge = inner.challenge.clone();
                inner.handed = None;
                answer(200, &ChallengeAnswer { challenge })
            }
            (Method::Get, path) if path.starts_with("/cs/v1/credentials/") => {
                let state = self.inner().state.clone().ok_or("nobody registered")?;
                let state = self.signed(state)?.compact().to_owned();
                answer(200, &StateAnswer { state })
            }
            _ => Err("a call that this peer does not know".into()),
        }
    }

    fn waiting(&self) -> Result<Answer> {
        let mut inner = self.inner();
        let sn = inner.state.as_ref().map_or(0, |state| state.sn);
        let page = ChallengesAnswer {
            challenges: std::mem::take(&mut inner.waiting),
            others: Vec::new(),
            sn,
            next: "1".to_owned(),
            more: false,
        };
        answer(200, &page)
    }

    fn offer(&self) -> Result<Answer> {
        let iss = Origin::parse(&self.origin)?;
        let keys = Keys {
            iss: iss.clone(),
            n: 1,
            iat: self.now() - 100,
            exp: self.now() + 30 * 86_400,
            root: *self.root.public(),
            sign: vec![*self.sign.public()],
            origins: vec![iss.clone()],
            root_next: None,
        };
        let keys = Signed::sign(keys, &self.root)?.compact().to_owned();
        let (secret, ns, jti) = (AgreementSecret::make()?, Digest::make()?, Id::make()?);
        let offer = self.signed(Offer {
            iss,
            jti,
            iat: self.now(),
            exp: self.now() + 600,
            keys: 1,
            via: Via::Browser,
            rec: None,
            name: Name::parse("Example ID")?,
            account: Account::parse("anna@example.com")?,
            dh: secret.public(),
            sas: sas::commitment(&jti, &ns),
            policy: policy(self.asks)?,
        })?;
        let text = offer.compact().to_owned();
        self.inner().offer = Some((offer, secret, ns));
        answer(200, &OfferAnswer { keys, offer: text })
    }

    fn register(&self, body: &[u8]) -> Result<Answer> {
        let call: RegistrationCall = json::parse(body)?;
        let registration = Signed::<Registration>::verify_dev(&call.registration)?;
        let mut inner = self.inner();
        let (offer, secret, ns) = inner.offer.as_ref().ok_or("no offer was made")?;
        let agreement = Agreement::new(secret, &registration.dh, &offer.hash())?;
        let k_conf = agreement.derive(Purpose::Conf, &registration.hash());
        let state = State {
            iss: offer.iss.clone(),
            aud: Id::make()?,
            sn: 1,
            iat: self.now(),
            keys: 1,
            state: Standing::Pending,
            account: offer.account.clone(),
            registration: registration.hash(),
            dev: registration.dev.thumbprint(),
            uv: registration.uv.map(|key| key.thumbprint()),
            policy: policy(self.asks)?,
            probation: None,
            ns: Some(*ns),
            kc: Some(confirmation(&k_conf, &registration.hash())),
            exp: Some(self.now() + 600),
            wake: None,
            push_id: None,
            reason: None,
        };
        let state_text = self.signed(state.clone())?.compact().to_owned();
        inner.first.clone_from(&state_text);
        (inner.state, inner.registration) = (Some(state), Some(registration));
        answer(201, &StateAnswer { state: state_text })
    }

    fn respond(&self, body: &[u8]) -> Result<Answer> {
        let call: ResponseCall = json::parse(body)?;
        let mut inner = self.inner();
        let registration = inner.registration.as_ref().ok_or("nobody registered")?;
        let keys: Vec<_> = [Some(registration.dev), registration.uv]
            .into_iter()
            .flatten()
            .collect();
        let response = Signed::<Response>::verify(&call.response, &keys)?;
        let verdict = self.signed(Verdict {
            iss: Origin::parse(&self.origin)?,
            aud: response.iss,
            jti: Id::make()?,
            iat: self.now(),
            keys: 1,
            challenge: response.challenge,
            response: response.hash(),
            result: Outcome::Accepted,
            r#final: true,
            code: VerdictCode::Ok,
            attempts: None,
            r#return: None,
        })?;
        inner.challenge.clear();
        let verdict = verdict.compact().to_owned();
        answer(200, &VerdictAnswer { verdict })
    }
}

fn answer<T: Serialize>(status: u16, body: &T) -> Result<Answer> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Ok(Answer {
        status,
        headers: vec![
            header("content-type", "application/json"),
            header("countersign-nonce", "a-nonce"),
        ],
        body: json::write(body)?.into_bytes(),
    })
}

impl Transport for Peer {
    fn call(&self, request: &Request) -> std::result::Result<Answer, TransportError> {
        let begin = Instant::now();
        if request.url.ends_with("/responses") {
            self.inner().came = Some(begin);
            if let Some(hook) = self.on_response {
                hook();
            }
        }
        let served = self.serve(request);
        let mut inner = self.inner();
        inner.busy += begin.elapsed();
        if request.url.contains("/challenges/") {
            inner.handed = Some(Instant::now());
        }
        served.map_err(|_| TransportError::Broken)
    }

    fn shut_down(&self) {}
}

//! A server of one ID: real keys, real statements, a queue of requests, and faults on demand.

use crate::ports::{Answer, TransportError};
use countersign_protocol::crypto::{AgreementSecret, PublicKey, Secret, SigningKey};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::jose::Statement;
use countersign_protocol::policy::{Alternatives, Offline, Policy};
use countersign_protocol::recovery::RecoveryCode;
use countersign_protocol::statement::*;
use countersign_protocol::text::{Account as AccountName, Name};
use countersign_protocol::{Digest, Id, Origin, Signed, sas};
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
    pub(super) sign: SigningKey,
    inner: Mutex<Inner>,
}

pub(crate) struct Inner {
    /// The server's clock, seconds.
    pub(crate) now: u64,
    pub(crate) policy: Policy,
    pub(crate) account: String,
    pub(crate) token: Id,
    pub(crate) expires: u64,
    pub(crate) offers: Vec<(Signed<Offer>, AgreementSecret, Digest)>,
    pub(crate) registered: Option<Signed<Registration>>,
    pub(crate) first: Option<State>,
    pub(crate) state: Option<State>,
    pub(crate) open: Vec<String>,
    /// Of these, those that another action of the same kind made way for.
    pub(crate) withdrawn: Vec<String>,
    /// What is told beside requests.
    pub(crate) others: Vec<String>,
    /// What was acknowledged.
    pub(crate) acks: Vec<Id>,
    pub(crate) responses: Vec<Signed<Response>>,
    pub(crate) verdicts: Vec<Signed<Verdict>>,
    /// K_uv, and what replaced the first K_pin.
    pub(crate) uv: Option<PublicKey>,
    pub(super) new_pin: Option<Secret>,
    /// A PIN is set by the gesture: the old one is locked.
    pub(crate) pin_by_uv: bool,
    /// That were made and not used.
    pub(crate) codes: Vec<RecoveryCode>,
    /// No request gets more time.
    pub(crate) no_more: bool,
    /// Wrong PINs in a row.
    pub(super) wrong_pins: u64,
    /// Changes offers before they are signed.
    pub(crate) offer: Option<fn(&mut Offer)>,
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
    /// Everything that went over the network, in both directions.
    pub(crate) wire: Vec<String>,
    pub(super) nonce: u64,
    pub(super) seen_proofs: Vec<Id>,
}

impl Peer {
    pub(crate) fn new() -> Self {
        let [root, sign] = Self::seeds().map(|seed| SigningKey::ed25519_from_seed(&seed).unwrap());
        let peer = Self {
            root,
            sign,
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
                withdrawn: Vec::new(),
                others: Vec::new(),
                acks: Vec::new(),
                responses: Vec::new(),
                verdicts: Vec::new(),
                uv: None,
                new_pin: None,
                pin_by_uv: false,
                codes: Vec::new(),
                no_more: false,
                wrong_pins: 0,
                offer: None,
                verdict: None,
                first_state: None,
                keys: Vec::new(),
                keys_n: 1,
                trouble: VecDeque::new(),
                calls: Vec::new(),
                wire: Vec::new(),
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

    /// The secrets of R and S.
    pub(crate) fn seeds() -> [[u8; 32]; 2] {
        [[1; 32], [2; 32]]
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
            factors: inner.policy.min.clone(),
            input: None,
            set: Digest::from([3; 32]),
            phones: 1,
            replaces: None,
        }
    }

    fn now_and_keys(&self) -> (u64, u64) {
        let inner = self.inner();
        (inner.now, inner.keys_n)
    }

    /// A cancel as this server makes them.
    pub(crate) fn cancel(&self, challenge: Id, reason: CancelReason) -> Cancel {
        let elsewhere = reason == CancelReason::DecidedElsewhere;
        let (now, keys) = self.now_and_keys();
        Cancel {
            iss: Self::origin(),
            aud: Id::from([6; 16]),
            jti: Id::make().unwrap(),
            iat: now,
            keys,
            challenge,
            reason,
            device: elsewhere.then(|| Name::parse("Tablet").unwrap()),
        }
    }

    /// A notice as this server makes them.
    pub(crate) fn notice(&self, event: Event, set: Digest) -> Notice {
        let (now, keys) = self.now_and_keys();
        Notice {
            iss: Self::origin(),
            aud: Id::from([6; 16]),
            jti: Id::make().unwrap(),
            iat: now,
            keys,
            event,
            device: Some(Name::parse("Tablet").unwrap()),
            set,
            phones: 2,
        }
    }

    /// Tells something beside requests.
    pub(crate) fn tell<T: Statement>(&self, body: T) -> Signed<T> {
        let signed = self.sign(body);
        self.inner().others.push(signed.compact().to_owned());
        signed
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
}

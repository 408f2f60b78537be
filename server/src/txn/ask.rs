//! The question, signed once for each phone.

use crate::app::App;
use crate::credential::{id_of, policy_of, set_of_rows};
use crate::error::Fault;
use crate::store::Connection;
use crate::store::challenges::{self, ChallengeRow};
use crate::store::credentials::{self, Credential};
use crate::store::phones::is_slow;
use crate::wake::Topic;
use countersign_protocol::crypto::make_random;
use countersign_protocol::policy::Policy;
use countersign_protocol::statement::{Challenge, Context, Kind, Mode, Row, Service};
use countersign_protocol::text::Account;
use countersign_protocol::{Digest, Id, json};
use std::sync::Arc;

/// The phones of an ID that count: those that are active, and those that rest.
pub(crate) struct Phones(Vec<Credential>);

impl Phones {
    pub(crate) async fn of(db: &mut Connection, user: &str) -> Result<Self, Fault> {
        let rows = credentials::of_user(db, user, &["active", "suspended"]).await?;
        Ok(Self(rows))
    }

    /// Of a name that nobody has.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all that there are rest.
    pub(crate) fn are_paused(&self) -> bool {
        !self.is_empty() && self.active().next().is_none()
    }

    fn active(&self) -> impl Iterator<Item = &Credential> {
        self.0.iter().filter(|row| row.standing == "active")
    }
}

/// What a person is asked, the same on every phone.
pub(crate) struct Question<'a> {
    pub(crate) kind: Kind,
    pub(crate) service: Service,
    pub(crate) account: &'a str,
    /// Of a transaction, with their language.
    pub(crate) rows: Option<(String, Vec<Row>)>,
    pub(crate) context: Option<Context>,
    /// How long it waits for its answer, seconds; a phone's policy may allow less.
    pub(crate) life: u64,
    pub(crate) mode: Mode,
    /// `jti` of what it takes the place of, by credential; of several the first.
    pub(crate) replaces: &'a [(String, String)],
    /// Whether phones are not to be woken for it.
    pub(crate) silent: bool,
}

/// A question that was stored.
pub(crate) struct Asked {
    pub(crate) txn: String,
    /// What is typed on the phone; empty where nothing is.
    pub(crate) number: String,
    /// When the last phone's time is over, seconds.
    pub(crate) until: u64,
    /// Whom to tell after the commit.
    pub(crate) told: Vec<Topic>,
}

/// What the statements have in common beside the question.
struct Common {
    txn: Id,
    account: Account,
    number: String,
    set: Digest,
    phones: u64,
}

impl Question<'_> {
    /// Signs and stores it for each active phone, or, where there is none, for nobody.
    pub(crate) async fn ask(
        &self,
        app: &App,
        db: &mut Connection,
        phones: &Phones,
    ) -> Result<Asked, Fault> {
        let mut asked = Vec::new();
        for phone in phones.active() {
            let (id, policy) = (id_of(&phone.id)?, policy_of(phone)?);
            // Its person wants the longest time that is agreed.
            let slow = is_slow(db, &phone.id).await?;
            let life = if slow { policy.max_life } else { self.life };
            asked.push((id, policy, life));
        }
        if asked.is_empty() {
            let policy = policy_of_nobody(app, db, self.account).await?;
            asked.push((Id::make()?, policy, self.life));
        }
        let (set, known) = set_of_rows(&phones.0)?;
        let common = Common {
            txn: Id::make()?,
            account: Account::parse(self.account)?,
            // If one phone needs it, all are asked.
            number: match self.asks_number(&asked) {
                true => make_number()?,
                false => String::new(),
            },
            set,
            phones: known.max(1),
        };
        let (mut until, mut told) = (app.now(), Vec::new());
        for (credential, policy, life) in &asked {
            let row = self.sign(app, &common, *credential, policy, *life)?;
            challenges::insert(db, &row).await?;
            until = until.max(row.expires as u64);
            // What only a link fetches is no news to a phone.
            if row.listed {
                told.push(Topic::Credential(row.credential));
            }
        }
        Ok(Asked {
            txn: common.txn.to_string(),
            number: common.number,
            until,
            told,
        })
    }

    fn asks_number(&self, asked: &[(Id, Policy, u64)]) -> bool {
        self.mode == Mode::Remote && asked.iter().any(|(_, policy, _)| policy.r#match)
    }

    fn replaced(&self, credential: &Id) -> Result<Option<Id>, Fault> {
        let name = credential.to_string();
        let mut before = self.replaces.iter().filter(|(of, _)| *of == name);
        before.next().map(|(_, jti)| id_of(jti)).transpose()
    }

    fn sign(
        &self,
        app: &App,
        common: &Common,
        credential: Id,
        policy: &Policy,
        life: u64,
    ) -> Result<ChallengeRow, Fault> {
        let now = app.now();
        let rows = self.rows.clone().unzip();
        let challenge = app.signer.sign(Challenge {
            iss: app.signer.origin.clone(),
            aud: credential,
            jti: Id::make()?,
            txn: common.txn,
            iat: now,
            exp: now + life.min(policy.max_life),
            keys: app.signer.keys_n(),
            policy: policy.n,
            kind: self.kind,
            mode: self.mode,
            service: self.service.clone(),
            account: common.account.clone(),
            lang: rows.0,
            rows: rows.1,
            context: self.context.clone(),
            r#match: common.number.len() as u64,
            factors: policy.min.clone(),
            input: None,
            set: common.set,
            phones: common.phones,
            replaces: self.replaced(&credential)?,
        })?;
        let mut row = ChallengeRow::new(&challenge, &common.number);
        row.silent = self.silent;
        app.challenges.keep(&row.statement, Arc::new(challenge));
        Ok(row)
    }
}

/// For a name without a phone: what some phone has agreed to, always the same one, so that such names are asked as all others are
/// while some have an older policy.
async fn policy_of_nobody(app: &App, db: &mut Connection, name: &str) -> Result<Policy, Fault> {
    let place = app.signer.decoy_place(name);
    match credentials::policy_at(db, &place).await? {
        Some(policy) => Ok(json::parse(policy.as_bytes())?),
        None => Ok(app.policy.clone()),
    }
}

/// Two digits, each number equally likely.
fn make_number() -> Result<String, Fault> {
    loop {
        let [byte] = make_random::<1>()?;
        if byte < 200 {
            return Ok(format!("{:02}", byte % 100));
        }
    }
}

//! What one phone is asked about its ID: begun on it, or by what happened to the ID.

use super::challenge_of;
use crate::app::App;
use crate::credential::{hash_of, id_of, phones_of, policy_of};
use crate::error::Fault;
use crate::others::{self, End};
use crate::store::Connection;
use crate::store::challenges::{self, ChallengeRow};
use crate::store::credentials::{self, Credential};
use crate::wake::Topic;
use countersign_protocol::policy::{Alternative, Alternatives, Policy};
use countersign_protocol::statement::{Challenge, Input, Kind, Mode, Service};
use countersign_protocol::text::{Account, Name};
use countersign_protocol::{Id, Thumbprint};
use std::sync::Arc;

/// What the policy asks, with PIN or gesture in each alternative as far as the credential has them. Where it has
/// neither, and one is `needed`, there is no way: an administrator does it.
pub(crate) fn known_factors(
    caller: &Credential,
    needed: bool,
) -> Result<Option<Alternatives>, Fault> {
    let policy = policy_of(caller)?;
    let (pin, uv) = (caller.pin_wrapped.is_some(), caller.uv.is_some());
    let mut list = Vec::new();
    for least in policy.min.as_slice() {
        let ways = [
            (Alternative::DevPin, pin),
            (Alternative::Uv, uv),
            (Alternative::PinUv, pin && uv),
        ];
        let ways = ways
            .into_iter()
            .filter(|(way, has)| *has && way.covers(*least));
        // The first that does is enough; with `dev` alone either does.
        let most = if *least == Alternative::Dev { 2 } else { 1 };
        for (way, _) in ways.take(most) {
            if !list.contains(&way) {
                list.push(way);
            }
        }
    }
    if list.is_empty() && !needed && !pin && !uv {
        return Ok(Some(policy.min));
    }
    Ok(Alternatives::new(list).ok())
}

/// The phone that it is about.
pub(crate) fn about(phone: &Credential) -> Result<Input, Fault> {
    Ok(Input {
        dev: Some(Thumbprint(hash_of(&phone.dev)?)),
        device: Some(Name::parse(&phone.device)?),
        policy: None,
    })
}

/// A second one of a kind takes the place of the first.
pub(crate) async fn withdraw_first(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    mode: Mode,
    kind: Kind,
) -> Result<(), Fault> {
    // Whoever begins a login adds to what was open once.
    others::tell_over(app, db, &caller.id).await?;
    for (txn, statement) in challenges::open_of(db, &caller.id).await? {
        let open = challenge_of(app, &statement)?;
        if open.mode == mode && open.kind == kind {
            // Nobody else has it, and its phone asks anyway.
            others::end_txn(app, db, &txn, End::Withdrawn).await?;
        }
    }
    Ok(())
}

/// What one credential is asked about its ID.
pub(crate) struct OwnQuestion {
    pub(crate) kind: Kind,
    pub(crate) mode: Mode,
    pub(crate) factors: Alternatives,
    pub(crate) input: Option<Input>,
    /// The digits to type; empty for none.
    pub(crate) number: String,
    /// Seconds.
    pub(crate) exp: u64,
}

impl OwnQuestion {
    /// Signs and stores it.
    pub(crate) async fn ask(
        self,
        app: &App,
        db: &mut Connection,
        to: &Credential,
    ) -> Result<ChallengeRow, Fault> {
        let (set, phones) = phones_of(db, &to.user).await?;
        let challenge = app.signer.sign(Challenge {
            iss: app.signer.origin.clone(),
            aud: id_of(&to.id)?,
            jti: Id::make()?,
            txn: Id::make()?,
            iat: app.now(),
            exp: self.exp,
            keys: app.signer.keys_n(),
            policy: policy_of(to)?.n,
            kind: self.kind,
            mode: self.mode,
            service: Service {
                id: "server".to_owned(),
                name: app.config.name.clone(),
                host: app.signer.origin.host().to_owned(),
            },
            account: Account::parse(&to.account)?,
            lang: None,
            rows: None,
            context: None,
            r#match: self.number.len() as u64,
            factors: self.factors,
            input: self.input,
            set,
            phones,
            replaces: None,
        })?;
        let row = ChallengeRow::new(&challenge, &self.number);
        challenges::insert(db, &row).await?;
        app.challenges.keep(&row.statement, Arc::new(challenge));
        Ok(row)
    }
}

/// A new phone came by the invitation of this one: its person types the digits here, and answers for it. Whom to
/// tell; nobody when that phone may not answer any more.
pub(crate) async fn ask_for_new_phone(
    app: &App,
    db: &mut Connection,
    begun_by: &str,
    new: &Credential,
    digits: String,
) -> Result<Option<(String, Topic)>, Fault> {
    let asked = credentials::by_id(db, begun_by).await?;
    let Some(asked) = asked.filter(|row| row.standing == "active") else {
        return Ok(None);
    };
    let Some(factors) = known_factors(&asked, true)? else {
        return Ok(None);
    };
    let question = OwnQuestion {
        kind: Kind::AddPhone,
        mode: Mode::App,
        factors,
        input: Some(about(new)?),
        number: digits,
        exp: new.pending_until as u64,
    };
    let row = question.ask(app, db, &asked).await?;
    Ok(Some((row.txn, Topic::Credential(asked.id))))
}

/// Asks the person of a phone whether it may be asked for less from now on. Whom to tell; nobody where the phone
/// has neither PIN nor gesture, or rests.
pub(crate) async fn ask_for_policy(
    app: &App,
    db: &mut Connection,
    to: &Credential,
    policy: &Policy,
) -> Result<Option<Topic>, Fault> {
    let agreed = policy_of(to)?;
    let (Some(factors), "active") = (known_factors(to, true)?, to.standing.as_str()) else {
        return Ok(None);
    };
    withdraw_first(app, db, to, Mode::Remote, Kind::Policy).await?;
    let question = OwnQuestion {
        kind: Kind::Policy,
        mode: Mode::Remote,
        factors,
        input: Some(Input {
            dev: None,
            device: None,
            policy: Some(policy.clone()),
        }),
        number: String::new(),
        exp: app.now() + agreed.max_life,
    };
    question.ask(app, db, to).await?;
    Ok(Some(Topic::Credential(to.id.clone())))
}

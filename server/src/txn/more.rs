//! More time for a question (protocol section 15): the same again for each of its phones, with a new time. The old
//! statements stay answerable until their own; whichever is answered first decides.

use super::challenge_of;
use crate::app::App;
use crate::credential::{id_of, phones_of, policy_of};
use crate::error::Fault;
use crate::store::challenges::{self, ChallengeRow};
use crate::store::{Connection, asks, credentials, logins};
use crate::wake::Topic;
use countersign_protocol::Id;
use countersign_protocol::policy::Alternatives;
use countersign_protocol::statement::{Challenge, Kind, Mode};
use std::sync::Arc;

/// So often for one question.
const MOST: i64 = 10;

/// Who wants more time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// A phone that was asked.
    Phone,
    /// A browser, which may be anybody's: phones keep each statement, so it is made no new one while there is time enough.
    Browser,
}

/// A question that goes on.
pub(crate) struct Extended {
    /// The new statements; none where there was time enough.
    pub(crate) rows: Vec<ChallengeRow>,
    /// Whom to tell after the commit.
    pub(crate) told: Vec<Topic>,
}

/// Renews a `txn` on all phones that have it open; none where there is no more time to be had.
pub(crate) async fn extend(
    app: &App,
    db: &mut Connection,
    txn: &str,
    by: By,
) -> Result<Option<Extended>, Fault> {
    if challenges::times_asked(db, txn).await? > MOST {
        return Ok(None);
    }
    let newest = challenges::newest_of_txn(db, txn, app.now()).await?;
    if by == By::Browser && have_time(app, &newest)? {
        let (rows, told) = (Vec::new(), Vec::new());
        return Ok(Some(Extended { rows, told }));
    }
    let mut rows = Vec::new();
    for old in newest {
        if let Some(row) = renew(app, db, &old).await? {
            challenges::insert(db, &row).await?;
            rows.push(row);
        }
    }
    let Some(until) = rows.iter().map(|row| row.expires).max() else {
        return Ok(None);
    };
    let listed = rows.iter().filter(|row| row.listed);
    let mut told: Vec<_> = listed
        .map(|row| Topic::Credential(row.credential.clone()))
        .collect();
    match logins::prolong(db, txn, until).await? {
        Some(login) => told.push(Topic::Login(login)),
        None if asks::prolong(db, txn, until).await? => told.push(Topic::Ask(txn.to_owned())),
        None => {}
    }
    Ok(Some(Extended { rows, told }))
}

/// Whether more than half of the time of each is left.
fn have_time(app: &App, open: &[ChallengeRow]) -> Result<bool, Fault> {
    for row in open {
        let asked = challenge_of(app, &row.statement)?;
        if asked.exp.saturating_sub(app.now()) * 2 <= asked.exp - asked.iat {
            return Ok(false);
        }
    }
    Ok(!open.is_empty())
}

/// What one phone was asked, once more; none where it can't be asked so any more.
async fn renew(
    app: &App,
    db: &mut Connection,
    old: &ChallengeRow,
) -> Result<Option<ChallengeRow>, Fault> {
    let asked = challenge_of(app, &old.statement)?;
    let (mut set, mut phones) = (asked.set, asked.phones);
    let row = credentials::by_id(db, &old.credential).await?;
    // One of nobody has no phone, and the page looks the same.
    if let Some(row) = &row {
        if policy_of(row)?.n != asked.policy {
            return Ok(None);
        }
        (set, phones) = phones_of(db, &row.user).await?;
    }
    if !may_go_on(&asked) {
        return Ok(None);
    }
    let challenge = app.signer.sign(Challenge {
        jti: Id::make()?,
        iat: app.now(),
        exp: app.now() + (asked.exp - asked.iat),
        keys: app.signer.keys_n(),
        set,
        phones,
        replaces: Some(id_of(&old.jti)?),
        ..Challenge::clone(&asked)
    })?;
    let mut row = ChallengeRow::new(&challenge, &old.number);
    // It is the same prompt: nobody is alarmed again.
    row.silent = true;
    app.challenges.keep(&row.statement, Arc::new(challenge));
    Ok(Some(row))
}

/// A new phone's digits, and what is asked without a network, are begun again instead. What removes a phone on
/// probation by the asking phone alone ends with the probation.
fn may_go_on(asked: &Challenge) -> bool {
    let alone = Alternatives::dev();
    asked.mode != Mode::Offline
        && asked.kind != Kind::AddPhone
        && !(asked.kind == Kind::RemovePhone && asked.factors == alone)
}

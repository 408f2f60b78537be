//! What an answer about the phones of an ID does: lift a pause, remove a phone, add one (protocol sections 11
//! and 12).

use super::problem::Problem;
use crate::app::App;
use crate::credential;
use crate::error::Fault;
use crate::links::{PROBATION, TRIES};
use crate::others;
use crate::store::credentials::{self, Credential};
use crate::store::{Connection, floods, invitations, logins, sessions};
use crate::txn;
use crate::wake::Topic;
use countersign_protocol::Thumbprint;
use countersign_protocol::statement::{Challenge, Event, Kind, Standing, StateReason};

/// Carries an approval out. Whom to tell after the commit.
pub(super) async fn take(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    challenge: &Challenge,
) -> Result<Vec<Topic>, Problem> {
    let input = challenge.input.as_ref();
    if let Some(policy) = input.and_then(|input| input.policy.as_ref()) {
        let mut row = caller.clone();
        return Ok(crate::policy::take(app, db, &mut row, policy).await?);
    }
    let dev = input.and_then(|input| input.dev);
    match (challenge.kind, dev) {
        (Kind::Unfreeze, None) => lift_pause(app, db, caller).await,
        (Kind::Unfreeze, Some(dev)) => lift_clone(app, db, caller, &dev).await,
        (Kind::RemovePhone, Some(dev)) => remove(app, db, caller, &dev).await,
        (Kind::AddPhone, Some(dev)) => add(app, db, caller, &dev).await,
        _ => Ok(Vec::new()),
    }
}

/// A phone of the caller's ID that stands like this.
async fn phone(
    db: &mut Connection,
    caller: &Credential,
    dev: &Thumbprint,
    standings: &[&str],
) -> Result<Option<Credential>, Problem> {
    let found = credentials::by_key(db, &dev.to_string()).await?;
    Ok(found.filter(|row| {
        row.user == caller.user
            && row.dev == dev.to_string()
            && standings.contains(&row.standing.as_str())
    }))
}

/// Whatever a person may lift, on all phones of the ID, and its quiet.
async fn lift_pause(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
) -> Result<Vec<Topic>, Problem> {
    for mut row in credentials::of_user(db, &caller.user, &["suspended"]).await? {
        if credential::may_be_suspended(&row) {
            credential::change(app, db, &mut row, Standing::Active, None).await?;
        }
    }
    if floods::lift(db, &caller.user, app.now() as i64).await? {
        app.audit(db, "user", &caller.user, "not quiet").await?;
    }
    let device = Some(caller.device.as_str());
    Ok(others::notice(app, db, &caller.user, Event::Unpaused, device).await?)
}

async fn lift_clone(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    dev: &Thumbprint,
) -> Result<Vec<Topic>, Problem> {
    let row = phone(db, caller, dev, &["suspended"]).await?;
    let Some(mut row) = row.filter(is_clone) else {
        return Ok(Vec::new());
    };
    credential::change(app, db, &mut row, Standing::Active, None).await?;
    let device = Some(row.device.as_str());
    Ok(others::notice(app, db, &caller.user, Event::Unpaused, device).await?)
}

pub(super) fn is_clone(row: &Credential) -> bool {
    row.reason.as_deref() == Some("clone")
}

/// A removed phone may be in other hands: nothing that it approved opens anything any more.
async fn remove(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    dev: &Thumbprint,
) -> Result<Vec<Topic>, Problem> {
    let Some(mut row) = phone(db, caller, dev, &["active", "suspended"]).await? else {
        return Ok(Vec::new());
    };
    let reason = Some(StateReason::Removed);
    credential::change(app, db, &mut row, Standing::Revoked, reason).await?;
    logins::withdraw_approved(db, &row.user, "cancelled").await?;
    sessions::forget_browsers(db, &row.user).await?;
    let device = Some(row.device.as_str());
    let mut told = others::notice(app, db, &row.user, Event::PhoneRemoved, device).await?;
    told.push(Topic::Credential(row.id));
    told.extend(txn::pause(app, db, &caller.user).await?);
    Ok(told)
}

/// The phone that showed the digits is in use, on probation for a day.
async fn add(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    dev: &Thumbprint,
) -> Result<Vec<Topic>, Problem> {
    let Some(mut row) = phone(db, caller, dev, &["pending"]).await? else {
        return Ok(Vec::new());
    };
    let invitation = invitations::by_credential(db, &row.id).await?;
    let invitation = invitation.ok_or(Fault::Stored("invitation"))?;
    if !invitations::step(db, &invitation.id, "registered", "done").await? {
        return Ok(Vec::new());
    }
    row.probation = Some((app.now() + PROBATION) as i64);
    credential::change(app, db, &mut row, Standing::Active, None).await?;
    app.metrics.enrolment("active");
    let device = Some(row.device.as_str());
    Ok(others::notice(app, db, &row.user, Event::PhoneAdded, device).await?)
}

/// The digits of a new phone were wrong; the tries that are left.
pub(super) async fn count_digits(
    db: &mut Connection,
    challenge: &Challenge,
) -> Result<u64, Problem> {
    let Some(row) = new_phone(db, challenge).await? else {
        return Ok(0);
    };
    let invitation = invitations::by_credential(db, &row.id).await?;
    let invitation = invitation.ok_or(Fault::Stored("invitation"))?;
    let tries = invitations::count_try(db, &invitation.id).await?;
    Ok((TRIES - tries).max(0) as u64)
}

/// Whoever was asked to add a phone said no, or the wrong digits three times: it is not added.
pub(super) async fn refuse_phone(
    app: &App,
    db: &mut Connection,
    challenge: &Challenge,
) -> Result<Vec<Topic>, Problem> {
    let Some(mut row) = new_phone(db, challenge).await? else {
        return Ok(Vec::new());
    };
    if let Some(invitation) = invitations::by_credential(db, &row.id).await? {
        invitations::step(db, &invitation.id, "registered", "sas").await?;
    }
    let reason = Some(StateReason::Sas);
    credential::change(app, db, &mut row, Standing::Refused, reason).await?;
    app.metrics.enrolment("sas");
    Ok(vec![Topic::Credential(row.id)])
}

async fn new_phone(
    db: &mut Connection,
    challenge: &Challenge,
) -> Result<Option<Credential>, Problem> {
    let dev = challenge.input.as_ref().and_then(|input| input.dev);
    let (Kind::AddPhone, Some(dev)) = (challenge.kind, dev) else {
        return Ok(None);
    };
    let found = credentials::by_key(db, &dev.to_string()).await?;
    Ok(found.filter(|row| row.standing == "pending"))
}

//! What phones are asked for (protocol section 5). A change of the settings is a new policy with a higher number;
//! a phone that has enrolled gets it by a state where it asks for more, and by its person's word where it asks for
//! less.

use crate::app::App;
use crate::config::Config;
use crate::credential::{self, policy_of};
use crate::error::Fault;
use crate::others;
use crate::store::credentials::{self, Credential};
use crate::store::{Connection, Store, pins, policies};
use crate::txn::ask_for_policy;
use crate::wake::Topic;
use countersign_protocol::json;
use countersign_protocol::policy::Policy;
use countersign_protocol::statement::{Challenge, Event, State};

/// The policy of the settings, under its number: a new one where it isn't that of the last start.
pub(crate) async fn in_force(store: &Store, config: &Config) -> Result<Policy, Fault> {
    let asked = config.policy();
    let mut tx = store.write().await?;
    let newest = match policies::newest(&mut tx).await? {
        Some(newest) => Some(json::parse::<Policy>(newest.as_bytes())?),
        None => None,
    };
    if let Some(newest) = &newest
        && is_same(newest, &asked)
    {
        return Ok(newest.clone());
    }
    // Phones of before there were numbers have all kinds of policies under the first one.
    let mut n = newest.map_or(0, |newest| newest.n);
    for policy in policies::of_credentials(&mut tx).await? {
        let policy: Policy = json::parse(policy.as_bytes())?;
        if policy != asked {
            n = n.max(policy.n);
        }
    }
    let policy = Policy { n: n + 1, ..asked };
    policies::insert(&mut tx, policy.n, &json::write(&policy)?).await?;
    tx.commit().await?;
    Ok(policy)
}

fn is_same(one: &Policy, other: &Policy) -> bool {
    let numbered = Policy {
        n: one.n,
        ..other.clone()
    };
    *one == numbered
}

/// What was done to bring a phone the policy of the settings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Brought {
    /// It has it already.
    There,
    /// It asks for more, so it has it now.
    Taken,
    /// It asks for less: the person is asked on the phone.
    Asked,
    /// It asks for less, and the phone rests or is on probation, which agrees to nothing now.
    Later,
    /// The phone can't give what it asks for, or has neither PIN nor gesture to agree to less: it keeps the old one.
    AddAnew,
}

/// Brings a phone the policy of the settings, or asks its person. Whom to tell after the commit.
pub(crate) async fn bring(
    app: &App,
    db: &mut Connection,
    row: &mut Credential,
) -> Result<(Brought, Vec<Topic>), Fault> {
    let old = policy_of(row)?;
    if old.n >= app.policy.n {
        return Ok((Brought::There, Vec::new()));
    }
    if !credential::can_meet(&app.policy, row.pin_wrapped.is_some(), row.uv.is_some()) {
        // It would lock its person out.
        return Ok((Brought::AddAnew, Vec::new()));
    }
    if !app.policy.is_weaker_than(&old) {
        let told = take(app, db, row, &app.policy).await?;
        return Ok((Brought::Taken, told));
    }
    if row.standing != "active" || credential::on_probation(app, row).is_some() {
        return Ok((Brought::Later, Vec::new()));
    }
    Ok(match ask_for_policy(app, db, row, &app.policy).await? {
        Some(topic) => (Brought::Asked, vec![topic]),
        None => (Brought::AddAnew, Vec::new()),
    })
}

/// Whether what a request of kind `policy` asks for can still be agreed to: nothing newer is in force for its phone, or
/// in the settings.
pub(crate) async fn is_still_asked(
    db: &mut Connection,
    row: &Credential,
    challenge: &Challenge,
) -> Result<bool, Fault> {
    let input = challenge.input.as_ref();
    let Some(asked) = input.and_then(|input| input.policy.as_ref()) else {
        return Ok(true);
    };
    let newest = policies::newest(db).await?.ok_or(Fault::Stored("policy"))?;
    let newest: Policy = json::parse(newest.as_bytes())?;
    Ok(*asked == newest && challenge.policy == policy_of(row)?.n)
}

/// The next state of a credential has this policy, and says for the rest what the last one said.
pub(crate) async fn take(
    app: &App,
    db: &mut Connection,
    row: &mut Credential,
    policy: &Policy,
) -> Result<Vec<Topic>, Fault> {
    // What is still open was asked under the old one.
    others::withdraw_all(app, db, row).await?;
    row.policy = json::write(policy)?;
    credentials::set_policy(db, row).await?;
    if policy.pin == 0 && row.pin_wrapped.take().is_some() {
        // Nothing asks for it from here on; the phone drops its half by this state.
        credentials::set_pin(db, &row.id, None).await?;
        pins::clear(db, &row.id).await?;
        app.audit(db, "credential", &row.id, "pin dropped").await?;
    }
    let last = app.signer.ours::<State>(&row.state)?;
    credential::change(app, db, row, last.state, last.reason).await?;
    let device = Some(row.device.as_str());
    let mut told = others::notice(app, db, &row.user, Event::PolicyChanged, device).await?;
    told.push(Topic::Credential(row.id.clone()));
    Ok(told)
}

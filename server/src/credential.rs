//! A credential's state: the one place that changes it, by signing the next `cs1-state`.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> pending: registration
//!     pending --> active: digits typed
//!     pending --> refused: wrong digits, second finisher, time over
//!     active --> suspended: report, pause, clone, an administrator
//!     suspended --> suspended: clone or an administrator after a report
//!     suspended --> active: an administrator resumes, its person lifts the pause
//!     active --> revoked: an administrator, a phone of the ID
//!     suspended --> revoked: an administrator, a phone of the ID
//! ```

use crate::app::App;
use crate::error::Fault;
use crate::links;
use crate::others;
use crate::store::Connection;
use crate::store::credentials::{self, Credential};
use crate::store::{invitations, phones};
use crate::wake::Topic;
use countersign_protocol::crypto::PublicKey;
use countersign_protocol::policy::{Factor, Policy};
use countersign_protocol::statement::{
    Levels, Registration, Standing, State, StateReason, UvClass, set_of,
};
use countersign_protocol::text::Account;
use countersign_protocol::{Digest, Id, Signed, Thumbprint, json};
use serde::{Deserialize, Serialize};

/// The standing as the database has it: the wire's word.
pub(crate) fn word<T: serde::Serialize>(value: &T) -> Result<String, Fault> {
    Ok(json::write(value)?.trim_matches('"').to_owned())
}

fn stored<T>(value: Option<T>) -> Result<T, Fault> {
    value.ok_or(Fault::Stored("credential"))
}

pub(crate) fn id_of(text: &str) -> Result<Id, Fault> {
    stored(Id::parse(text))
}

pub(crate) fn hash_of(text: &str) -> Result<Digest, Fault> {
    stored(Digest::parse(text))
}

/// The policy in force.
pub(crate) fn policy_of(row: &Credential) -> Result<Policy, Fault> {
    Ok(json::parse(row.policy.as_bytes())?)
}

/// The keys that a phone signs with.
#[derive(Clone, Copy)]
pub(crate) struct DeviceKeys {
    pub(crate) dev: PublicKey,
    pub(crate) uv: Option<Uv>,
    /// Where they are kept.
    pub(crate) level: Levels,
}

/// K_uv.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Uv {
    pub(crate) key: PublicKey,
    /// What its gesture may be.
    pub(crate) class: UvClass,
}

/// Those of its registration, whose signature is checked once a process; K_uv as it is now.
pub(crate) fn keys_of(app: &App, row: &Credential) -> Result<DeviceKeys, Fault> {
    let mut keys = match app.registrations.of(&row.registration) {
        Some(keys) => keys,
        None => {
            let registration = Signed::<Registration>::verify_dev(&row.registration)?;
            let uv = registration.uv.zip(registration.uvc);
            let keys = DeviceKeys {
                dev: registration.dev,
                uv: uv.map(|(key, class)| Uv { key, class }),
                level: registration.level,
            };
            app.registrations.keep(&row.registration, keys);
            keys
        }
    };
    if let Some(renewed) = &row.uv_renewed {
        keys.uv = Some(json::parse(renewed.as_bytes())?);
    }
    Ok(keys)
}

/// The K_dev of all phones of an ID that are in use or at rest, as challenges name them, and their number.
pub(crate) async fn phones_of(db: &mut Connection, user: &str) -> Result<(Digest, u64), Fault> {
    set_of_rows(&credentials::of_user(db, user, &["active", "suspended"]).await?)
}

/// The same of phones that were looked up already.
pub(crate) fn set_of_rows(phones: &[Credential]) -> Result<(Digest, u64), Fault> {
    let thumbprints = phones.iter().map(|row| Ok(Thumbprint(hash_of(&row.dev)?)));
    let thumbprints = thumbprints.collect::<Result<Vec<_>, Fault>>()?;
    Ok((set_of(&thumbprints), thumbprints.len() as u64))
}

/// What a first state has beside the rest.
pub(crate) struct Pending {
    pub(crate) ns: Digest,
    pub(crate) kc: Digest,
    pub(crate) exp: u64,
}

/// Signs the state that a row describes.
pub(crate) fn sign_state(
    app: &App,
    row: &Credential,
    standing: Standing,
    reason: Option<StateReason>,
    pending: Option<Pending>,
) -> Result<String, Fault> {
    let known = matches!(standing, Standing::Active | Standing::Suspended);
    let state = State {
        iss: app.signer.origin.clone(),
        aud: id_of(&row.id)?,
        sn: row.sn as u64,
        iat: app.now(),
        keys: app.signer.keys_n(),
        state: standing,
        account: Account::parse(&row.account)?,
        registration: hash_of(&row.registration_hash)?,
        dev: Thumbprint(hash_of(&row.dev)?),
        uv: row.uv.as_deref().map(hash_of).transpose()?.map(Thumbprint),
        policy: policy_of(row)?,
        probation: row.probation.map(|until| until as u64),
        ns: pending.as_ref().map(|pending| pending.ns),
        kc: pending.as_ref().map(|pending| pending.kc),
        exp: pending.map(|pending| pending.exp),
        wake: known.then(|| id_of(&row.wake)).transpose()?,
        push_id: known.then(|| id_of(&row.push_id)).transpose()?,
        reason,
    };
    Ok(app.signer.sign(state)?.compact().to_owned())
}

/// The next state of a credential. Whatever it still had open is withdrawn unless it is active.
pub(crate) async fn change(
    app: &App,
    db: &mut Connection,
    row: &mut Credential,
    standing: Standing,
    reason: Option<StateReason>,
) -> Result<(), Fault> {
    row.sn += 1;
    row.standing = word(&standing)?;
    row.reason = reason.map(|reason| word(&reason)).transpose()?;
    row.state = sign_state(app, row, standing, reason, None)?;
    credentials::update_state(db, row).await?;
    if standing != Standing::Active {
        others::withdraw_all(app, db, row).await?;
        links::end_begun(app, db, &row.id).await?;
    }
    if matches!(standing, Standing::Revoked | Standing::Refused) {
        phones::drop_addresses(db, &row.id).await?;
    }
    let result = row.reason.clone().unwrap_or_else(|| row.standing.clone());
    app.audit(db, "credential", &row.id, &result).await?;
    Ok(())
}

/// Whether a phone with PIN or K_uv, as it may be, can give what a policy asks for.
pub(crate) fn can_meet(policy: &Policy, pin: bool, uv: bool) -> bool {
    let factors = [(Factor::Dev, true), (Factor::Pin, pin), (Factor::Uv, uv)];
    let factors = factors.into_iter().filter(|(_, has)| *has);
    let factors: Vec<_> = factors.map(|(factor, _)| factor).collect();
    policy.min.satisfied_by(&factors)
}

/// Until when a phone may not change its ID, if it still may not (protocol section 11).
pub(crate) fn on_probation(app: &App, row: &Credential) -> Option<u64> {
    let until = row.probation.map(|until| until as u64);
    until.filter(|until| app.now() < *until)
}

/// Whether a credential may be suspended for `clone` or by an administrator: it is in use, or rests for a
/// reason that its person lifts. What only others lift stays.
pub(crate) fn may_be_suspended(row: &Credential) -> bool {
    match row.standing.as_str() {
        "active" => true,
        "suspended" => matches!(row.reason.as_deref(), Some("reported" | "user")),
        _ => false,
    }
}

/// The next state, which says what the last one said, by the key that signs now.
pub(crate) async fn sign_again(
    app: &App,
    db: &mut Connection,
    row: &mut Credential,
) -> Result<(), Fault> {
    let last = app.signer.ours::<State>(&row.state)?;
    row.sn += 1;
    row.state = sign_state(app, row, last.state, last.reason, None)?;
    credentials::update_state(db, row).await?;
    app.audit(db, "credential", &row.id, "signed again").await
}

/// Tells whoever waits for this credential; after the commit.
pub(crate) fn told(app: &App, row: &Credential) {
    app.wake.tell(Topic::Credential(row.id.clone()));
}

/// A pending credential whose time is over becomes refused when somebody looks at it.
pub(crate) async fn settle(
    app: &App,
    db: &mut Connection,
    row: &mut Credential,
) -> Result<bool, Fault> {
    if row.standing != "pending" || app.now() <= row.pending_until as u64 {
        return Ok(false);
    }
    change(app, db, row, Standing::Refused, Some(StateReason::Expired)).await?;
    if let Some(invitation) = invitations::by_credential(db, &row.id).await? {
        invitations::step(db, &invitation.id, "registered", "expired").await?;
        links::end_question(app, db, &invitation).await?;
    }
    Ok(true)
}

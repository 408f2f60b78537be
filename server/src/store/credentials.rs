//! Credentials and every state that was signed for them.

use super::sqlite::{Row, Values, params};
use super::{Connection, Result};

#[derive(Clone)]
pub(crate) struct Credential {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) account: String,
    /// `cs1-registration`, which carries the keys.
    pub(crate) registration: String,
    pub(crate) registration_hash: String,
    pub(crate) offer_hash: String,
    pub(crate) dev: String,
    pub(crate) uv: Option<String>,
    /// JSON of K_uv, where it was replaced.
    pub(crate) uv_renewed: Option<String>,
    pub(crate) device: String,
    pub(crate) standing: String,
    pub(crate) reason: Option<String>,
    pub(crate) sn: i64,
    /// The newest `cs1-state`.
    pub(crate) state: String,
    /// JSON of the policy in force.
    pub(crate) policy: String,
    pub(crate) pending_until: i64,
    pub(crate) wake: String,
    pub(crate) push_id: String,
    /// The highest `ctr` of its responses.
    pub(crate) ctr: i64,
    /// When its phone was last heard.
    pub(crate) heard: i64,
    pub(crate) dh_wrapped: Vec<u8>,
    pub(crate) push_wrapped: Vec<u8>,
    pub(crate) off_wrapped: Vec<u8>,
    /// None where the policy has no PIN.
    pub(crate) pin_wrapped: Option<Vec<u8>>,
    pub(crate) created: i64,
    /// The newest `n` of the server's keys that its phone was told of.
    pub(crate) keys_told: i64,
    /// Until when it may not change the ID, seconds, if it was added later.
    pub(crate) probation: Option<i64>,
}

impl Row for Credential {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            id: values.next()?,
            user: values.next()?,
            account: values.next()?,
            registration: values.next()?,
            registration_hash: values.next()?,
            offer_hash: values.next()?,
            dev: values.next()?,
            uv: values.next()?,
            uv_renewed: values.next()?,
            device: values.next()?,
            standing: values.next()?,
            reason: values.next()?,
            sn: values.next()?,
            state: values.next()?,
            policy: values.next()?,
            pending_until: values.next()?,
            wake: values.next()?,
            push_id: values.next()?,
            ctr: values.next()?,
            heard: values.next()?,
            dh_wrapped: values.next()?,
            push_wrapped: values.next()?,
            off_wrapped: values.next()?,
            pin_wrapped: values.next()?,
            created: values.next()?,
            keys_told: values.next()?,
            probation: values.next()?,
        })
    }
}

macro_rules! columns {
    () => {
        "id, user, account, registration, registration_hash, offer_hash, dev, uv, uv_renewed, device, standing, reason, sn, state,
         policy, pending_until, wake, push_id, ctr, heard, dh_wrapped, push_wrapped, off_wrapped, pin_wrapped, created,
         keys_told, probation"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM credentials ", $rest)
    };
}

pub(crate) async fn insert(db: &mut Connection, row: &Credential) -> Result<()> {
    db.run(
        concat!(
            "INSERT INTO credentials (",
            columns!(),
            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ),
        params![
            &row.id,
            &row.user,
            &row.account,
            &row.registration,
            &row.registration_hash,
            &row.offer_hash,
            &row.dev,
            &row.uv,
            &row.uv_renewed,
            &row.device,
            &row.standing,
            &row.reason,
            row.sn,
            &row.state,
            &row.policy,
            row.pending_until,
            &row.wake,
            &row.push_id,
            row.ctr,
            row.heard,
            &row.dh_wrapped,
            &row.push_wrapped,
            &row.off_wrapped,
            &row.pin_wrapped,
            row.created,
            row.keys_told,
            row.probation,
        ],
    )?;
    insert_state(db, row).await
}

async fn insert_state(db: &mut Connection, row: &Credential) -> Result<()> {
    db.run(
        "INSERT INTO states (credential, sn, statement) VALUES (?, ?, ?)",
        (&row.id, row.sn, &row.state),
    )
    .map(drop)
}

/// Stores a new state: standing, reason, probation, sn and state of the row.
pub(crate) async fn update_state(db: &mut Connection, row: &Credential) -> Result<()> {
    db.run(
        "UPDATE credentials SET standing = ?, reason = ?, probation = ?, sn = ?, state = ? WHERE id = ?",
        (
            &row.standing,
            &row.reason,
            row.probation,
            row.sn,
            &row.state,
            &row.id,
        ),
    )?;
    insert_state(db, row).await
}

pub(crate) async fn by_id(db: &mut Connection, id: &str) -> Result<Option<Credential>> {
    db.one(select!("WHERE id = ?"), [id])
}

/// By the handle that its states name.
pub(crate) async fn by_wake(db: &mut Connection, wake: &str) -> Result<Option<Credential>> {
    db.one(select!("WHERE wake = ?"), [wake])
}

/// By one of its keys, a K_uv that was replaced included.
pub(crate) async fn by_key(db: &mut Connection, thumbprint: &str) -> Result<Option<Credential>> {
    db.one(
        select!(
            "WHERE dev = ?1 OR uv = ?1 OR id = (SELECT credential FROM old_uv_keys WHERE thumbprint = ?1)"
        ),
        [thumbprint],
    )
}

/// The K_uv of this thumbprint, JSON, if it was replaced.
pub(crate) async fn old_uv_key(db: &mut Connection, thumbprint: &str) -> Result<Option<String>> {
    db.one(
        "SELECT key FROM old_uv_keys WHERE thumbprint = ?",
        [thumbprint],
    )
}

/// JSON of each K_uv that was replaced.
pub(crate) async fn old_uv_keys(db: &mut Connection, id: &str) -> Result<Vec<String>> {
    db.all(
        "SELECT key FROM old_uv_keys WHERE credential = ? ORDER BY rowid",
        [id],
    )
}

/// Another K_uv; `old` is JSON of the one that it replaces.
pub(crate) async fn replace_uv(
    db: &mut Connection,
    row: &Credential,
    old: Option<(&str, &str)>,
) -> Result<()> {
    if let Some((thumbprint, key)) = old {
        db.run(
            "INSERT INTO old_uv_keys (thumbprint, credential, key) VALUES (?, ?, ?)",
            [thumbprint, &row.id, key],
        )?;
    }
    db.run(
        "UPDATE credentials SET uv = ?, uv_renewed = ?, off_wrapped = ? WHERE id = ?",
        (&row.uv, &row.uv_renewed, &row.off_wrapped, &row.id),
    )
    .map(drop)
}

/// Another K_pin, wrapped, or none any more.
pub(crate) async fn set_pin(
    db: &mut Connection,
    id: &str,
    pin_wrapped: Option<&[u8]>,
) -> Result<()> {
    db.run(
        "UPDATE credentials SET pin_wrapped = ? WHERE id = ?",
        (pin_wrapped, id),
    )
    .map(drop)
}

pub(crate) async fn by_registration(db: &mut Connection, hash: &str) -> Result<Option<Credential>> {
    db.one(select!("WHERE registration_hash = ?"), [hash])
}

/// A user's credentials in one of these standings, oldest first.
pub(crate) async fn of_user(
    db: &mut Connection,
    user: &str,
    standings: &[&str],
) -> Result<Vec<Credential>> {
    let mut rows: Vec<Credential> =
        db.all(select!("WHERE user = ? ORDER BY created, id"), [user])?;
    rows.retain(|row| standings.contains(&row.standing.as_str()));
    Ok(rows)
}

/// Those of everybody, by account.
pub(crate) async fn all(db: &mut Connection) -> Result<Vec<Credential>> {
    db.all(select!("ORDER BY account, created, id"), [])
}

/// Those of everybody that are in use or rest, by account.
pub(crate) async fn in_use(db: &mut Connection) -> Result<Vec<Credential>> {
    let all = all(db).await?;
    Ok(all.into_iter().filter(is_in_use).collect())
}

/// The next state of each has a number that is so much higher.
pub(crate) async fn skip_states(db: &mut Connection, by: i64) -> Result<()> {
    db.run("UPDATE credentials SET sn = sn + ?", [by]).map(drop)
}

/// The policy of the active credential that stands next to this place in the order of ids, if there is any.
pub(crate) async fn policy_at(db: &mut Connection, place: &str) -> Result<Option<String>> {
    let next = db.one(
        "SELECT policy FROM credentials WHERE id >= ? AND standing = 'active' ORDER BY id LIMIT 1",
        [place],
    )?;
    match next {
        Some(policy) => Ok(Some(policy)),
        None => db.one(
            "SELECT policy FROM credentials WHERE standing = 'active' ORDER BY id LIMIT 1",
            [],
        ),
    }
}

/// Whether a phone of the ID is one that is in use or rests.
pub(crate) fn is_in_use(row: &Credential) -> bool {
    matches!(row.standing.as_str(), "active" | "suspended")
}

/// Stores the policy of the row.
pub(crate) async fn set_policy(db: &mut Connection, row: &Credential) -> Result<()> {
    db.run(
        "UPDATE credentials SET policy = ? WHERE id = ?",
        [&row.policy, &row.id],
    )
    .map(drop)
}

/// The first state that was signed for it.
pub(crate) async fn first_state(db: &mut Connection, id: &str) -> Result<Option<String>> {
    db.one(
        "SELECT statement FROM states WHERE credential = ? ORDER BY sn LIMIT 1",
        [id],
    )
}

/// The states that were signed for it up to a number, rising.
pub(crate) async fn states(db: &mut Connection, id: &str, to: i64) -> Result<Vec<String>> {
    db.all(
        "SELECT statement FROM states WHERE credential = ? AND sn <= ? ORDER BY sn",
        (id, to),
    )
}

pub(crate) async fn mark_heard(db: &mut Connection, id: &str, now: u64) -> Result<()> {
    db.run(
        "UPDATE credentials SET heard = ? WHERE id = ?",
        (now as i64, id),
    )
    .map(drop)
}

/// Its phone was told of the server's keys up to `n`.
pub(crate) async fn mark_keys_told(db: &mut Connection, id: &str, n: i64) -> Result<()> {
    db.run("UPDATE credentials SET keys_told = ? WHERE id = ?", (n, id))
        .map(drop)
}

/// Heard, by a response with this `ctr`.
pub(crate) async fn mark_answered(db: &mut Connection, id: &str, ctr: u64, now: u64) -> Result<()> {
    db.run(
        "UPDATE credentials SET ctr = max(ctr, ?1), heard = ?2, answered = ?2 WHERE id = ?3",
        (ctr as i64, now as i64, id),
    )
    .map(drop)
}

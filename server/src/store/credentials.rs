//! Credentials and every state that was signed for them.

use super::{Connection, Result};
use sqlx::{query, query_as};

#[derive(Clone, sqlx::FromRow)]
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
}

pub(crate) async fn insert(db: &mut Connection, row: &Credential) -> Result<()> {
    query(
        "INSERT INTO credentials (id, user, account, registration, registration_hash, offer_hash, dev, uv, device,
            standing, reason, sn, state, policy, pending_until, wake, push_id, ctr, heard, dh_wrapped, push_wrapped,
            off_wrapped, pin_wrapped, created)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.user)
    .bind(&row.account)
    .bind(&row.registration)
    .bind(&row.registration_hash)
    .bind(&row.offer_hash)
    .bind(&row.dev)
    .bind(&row.uv)
    .bind(&row.device)
    .bind(&row.standing)
    .bind(&row.reason)
    .bind(row.sn)
    .bind(&row.state)
    .bind(&row.policy)
    .bind(row.pending_until)
    .bind(&row.wake)
    .bind(&row.push_id)
    .bind(row.ctr)
    .bind(row.heard)
    .bind(&row.dh_wrapped)
    .bind(&row.push_wrapped)
    .bind(&row.off_wrapped)
    .bind(&row.pin_wrapped)
    .bind(row.created)
    .execute(&mut *db)
    .await?;
    insert_state(db, row).await
}

async fn insert_state(db: &mut Connection, row: &Credential) -> Result<()> {
    query("INSERT INTO states (credential, sn, statement) VALUES (?, ?, ?)")
        .bind(&row.id)
        .bind(row.sn)
        .bind(&row.state)
        .execute(db)
        .await
        .map(drop)
}

/// Stores a new state: standing, reason, sn and state of the row.
pub(crate) async fn update_state(db: &mut Connection, row: &Credential) -> Result<()> {
    query("UPDATE credentials SET standing = ?, reason = ?, sn = ?, state = ? WHERE id = ?")
        .bind(&row.standing)
        .bind(&row.reason)
        .bind(row.sn)
        .bind(&row.state)
        .bind(&row.id)
        .execute(&mut *db)
        .await?;
    insert_state(db, row).await
}

pub(crate) async fn by_id(db: &mut Connection, id: &str) -> Result<Option<Credential>> {
    query_as("SELECT * FROM credentials WHERE id = ?")
        .bind(id)
        .fetch_optional(db)
        .await
}

/// By one of its keys.
pub(crate) async fn by_key(db: &mut Connection, thumbprint: &str) -> Result<Option<Credential>> {
    query_as("SELECT * FROM credentials WHERE dev = ? OR uv = ?")
        .bind(thumbprint)
        .bind(thumbprint)
        .fetch_optional(db)
        .await
}

pub(crate) async fn by_registration(db: &mut Connection, hash: &str) -> Result<Option<Credential>> {
    query_as("SELECT * FROM credentials WHERE registration_hash = ?")
        .bind(hash)
        .fetch_optional(db)
        .await
}

/// A user's credentials in one of these standings, oldest first.
pub(crate) async fn of_user(
    db: &mut Connection,
    user: &str,
    standings: &[&str],
) -> Result<Vec<Credential>> {
    let rows: Vec<Credential> =
        query_as("SELECT * FROM credentials WHERE user = ? ORDER BY created, id")
            .bind(user)
            .fetch_all(db)
            .await?;
    Ok(rows
        .into_iter()
        .filter(|row| standings.contains(&row.standing.as_str()))
        .collect())
}

/// The first state that was signed for it.
pub(crate) async fn first_state(db: &mut Connection, id: &str) -> Result<Option<String>> {
    let row: Option<(String,)> =
        query_as("SELECT statement FROM states WHERE credential = ? ORDER BY sn LIMIT 1")
            .bind(id)
            .fetch_optional(db)
            .await?;
    Ok(row.map(|row| row.0))
}

pub(crate) async fn mark_heard(db: &mut Connection, id: &str, now: u64) -> Result<()> {
    query("UPDATE credentials SET heard = ? WHERE id = ?")
        .bind(now as i64)
        .bind(id)
        .execute(db)
        .await
        .map(drop)
}

/// Heard, by a response with this `ctr`.
pub(crate) async fn mark_answered(db: &mut Connection, id: &str, ctr: u64, now: u64) -> Result<()> {
    query("UPDATE credentials SET ctr = max(ctr, ?), heard = ? WHERE id = ?")
        .bind(ctr as i64)
        .bind(now as i64)
        .bind(id)
        .execute(db)
        .await
        .map(drop)
}

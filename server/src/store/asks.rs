//! What applications asked by the service API, on its way to an answer.

use super::sqlite::{Row, Values, params};
use super::{Connection, Result};

/// How long it can be looked at after its time, seconds: 48 h, as verdicts are kept.
pub(crate) const LIFE: u64 = 48 * 3600;

#[derive(Clone)]
pub(crate) struct Ask {
    /// Its `txn`.
    pub(crate) id: String,
    pub(crate) app: String,
    /// None where a command asked.
    pub(crate) api_key: Option<String>,
    /// The application's own name for it.
    pub(crate) request_id: String,
    /// Of what was asked.
    pub(crate) digest: String,
    pub(crate) user: String,
    /// Empty where none is typed.
    pub(crate) number: String,
    pub(crate) begun: i64,
    pub(crate) until: i64,
    pub(crate) seen: Option<i64>,
    pub(crate) stage: String,
    pub(crate) decided: Option<i64>,
    /// JSON of the protocol's receipt, without keys.
    pub(crate) receipt: Option<String>,
}

impl Row for Ask {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            id: values.next()?,
            app: values.next()?,
            api_key: values.next()?,
            request_id: values.next()?,
            digest: values.next()?,
            user: values.next()?,
            number: values.next()?,
            begun: values.next()?,
            until: values.next()?,
            seen: values.next()?,
            stage: values.next()?,
            decided: values.next()?,
            receipt: values.next()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, app, api_key, request_id, digest, user, number, begun, until, seen, stage, decided, receipt
             FROM asks ",
            $rest
        )
    };
}

/// One that waits.
pub(crate) async fn insert(db: &mut Connection, ask: &Ask) -> Result<()> {
    db.run(
        "INSERT INTO asks (id, app, api_key, request_id, digest, user, number, begun, until, stage)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            &ask.id,
            &ask.app,
            &ask.api_key,
            &ask.request_id,
            &ask.digest,
            &ask.user,
            &ask.number,
            ask.begun,
            ask.until,
            &ask.stage,
        ],
    )
    .map(drop)
}

/// One of this application.
pub(crate) async fn by_id(db: &mut Connection, app: &str, id: &str) -> Result<Option<Ask>> {
    db.one(select!("WHERE id = ? AND app = ?"), [id, app])
}

pub(crate) async fn by_request(
    db: &mut Connection,
    app: &str,
    request_id: &str,
) -> Result<Option<Ask>> {
    db.one(
        select!("WHERE app = ? AND request_id = ?"),
        [app, request_id],
    )
}

/// When the one that waits for this user is over.
pub(crate) async fn waiting_until(
    db: &mut Connection,
    app: &str,
    user: &str,
    now: u64,
) -> Result<Option<i64>> {
    db.one(
        "SELECT until FROM asks WHERE user = ? AND app = ? AND stage = 'waiting' AND until >= ? LIMIT 1",
        (user, app, now as i64),
    )
}

/// When the n-th newest was begun of those that this user refused, mistyped or never looked at, or that were taken back
/// after they were shown.
pub(crate) async fn unwelcome(
    db: &mut Connection,
    app: &str,
    user: &str,
    nth: i64,
    now: u64,
) -> Result<Option<i64>> {
    db.one(
        "SELECT begun FROM asks WHERE user = ?1 AND app = ?2
           AND (stage IN ('denied', 'number') OR (stage = 'cancelled' AND seen IS NOT NULL) OR (stage IN ('late', 'waiting') AND until < ?3 AND seen IS NULL))
         ORDER BY begun DESC LIMIT 1 OFFSET ?4 - 1",
        (user, app, now as i64, nth),
    )
}

/// Moves one from one stage to another; `false` when it wasn't there any more.
pub(crate) async fn step(db: &mut Connection, id: &str, from: &str, to: &str) -> Result<bool> {
    let touched = db.run(
        "UPDATE asks SET stage = ? WHERE id = ? AND stage = ?",
        [to, id, from],
    )?;
    Ok(touched > 0)
}

/// A phone answered one that waits, or, with a report, one that was over already; `false` when there is none.
pub(crate) async fn decide(
    db: &mut Connection,
    id: &str,
    to: &str,
    receipt: &str,
    now: u64,
) -> Result<bool> {
    let touched = db.run(
        "UPDATE asks SET stage = ?1, receipt = ?2, decided = ?3
         WHERE id = ?4 AND (stage = 'waiting' OR (?1 = 'reported' AND stage <> 'reported'))",
        (to, receipt, now as i64, id),
    )?;
    Ok(touched > 0)
}

/// One that waits does so longer; `false` when there is none.
pub(crate) async fn prolong(db: &mut Connection, id: &str, until: i64) -> Result<bool> {
    let touched = db.run(
        "UPDATE asks SET until = ? WHERE id = ? AND stage = 'waiting'",
        (until, id),
    )?;
    Ok(touched > 0)
}

/// Notes that a phone has it; `true` the first time.
pub(crate) async fn mark_seen(db: &mut Connection, id: &str, now: u64) -> Result<bool> {
    let touched = db.run(
        "UPDATE asks SET seen = ? WHERE id = ? AND stage = 'waiting' AND seen IS NULL",
        (now as i64, id),
    )?;
    Ok(touched > 0)
}

/// Ends those of one user that wait, since no phone can answer them any more; their ids.
pub(crate) async fn pause(db: &mut Connection, user: &str) -> Result<Vec<String>> {
    db.all(
        "UPDATE asks SET stage = 'paused' WHERE user = ? AND stage = 'waiting' RETURNING id",
        [user],
    )
}

/// Forgets those that nobody may look at any more.
pub(crate) async fn sweep(db: &mut Connection, now: u64) -> Result<()> {
    db.run(
        "DELETE FROM asks WHERE until < ?",
        [now.saturating_sub(LIFE) as i64],
    )
    .map(drop)
}

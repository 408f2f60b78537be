//! `GET /cs/v1/wake/{wake}`: a locked phone asks whether there is something to be unlocked for. It proves
//! nothing, so it is told nothing else.

use super::problem::{Answer, Problem, answer};
use crate::app::{App, Shared};
use crate::store::credentials::{self, Credential};
use crate::store::{challenges, others};
use crate::txn::challenge_of;
use crate::wake::Topic;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use countersign_protocol::call::{LIST_CAP, WAIT_CAP, WakeAnswer};
use countersign_protocol::problem::Code;
use countersign_protocol::statement::Mode;
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
pub(crate) struct WakeQuery {
    after: Option<String>,
    wait: Option<u64>,
}

pub(crate) async fn wake(
    State(app): State<Shared>,
    wake: Result<Path<String>, PathRejection>,
    query: Result<Query<WakeQuery>, QueryRejection>,
) -> Answer {
    let Path(wake) = wake.map_err(|_| Code::NotFound)?;
    let Query(query) = query.map_err(|_| Code::BadRequest)?;
    let id = named(&app, &wake).await?.id;
    let last = challenges::last_seq(&mut *app.store.read().await?).await?;
    let after: Option<i64> = query.after.as_deref().and_then(|after| after.parse().ok());
    let after = after.filter(|after| (0..=last).contains(after));
    let longest = match after {
        Some(_) => Duration::from_secs(query.wait.unwrap_or(0).min(WAIT_CAP)),
        None => Duration::ZERO,
    };
    // One at a time for a handle, beside the poll of the phone itself.
    let name = format!("wake {id}");
    let turn = app.wake.begin_poll(&name);
    let mut news = app.wake.listen(Topic::Credential(id.clone()), longest);
    let mut newer = app.wake.listen(Topic::Credential(name.clone()), longest);
    loop {
        let newest = app.wake.is_newest_poll(&name, turn);
        let found = match newest {
            true => newest_push(&app, &wake, after.unwrap_or(0)).await?,
            false => None,
        };
        let woken = match (found, newest) {
            (None, true) => tokio::select! {
                woken = news.wait() => woken,
                woken = newer.wait() => woken,
            },
            _ => false,
        };
        if !woken {
            let next = found.or(after).unwrap_or(0);
            let said = WakeAnswer {
                waiting: found.is_some(),
                next: next.to_string(),
            };
            return answer(StatusCode::OK, &said);
        }
    }
}

/// The phone of a handle; one that is over has none.
async fn named(app: &App, wake: &str) -> Result<Credential, Problem> {
    let row = credentials::by_wake(&mut *app.store.read().await?, wake).await?;
    let known = |row: &Credential| matches!(row.standing.as_str(), "active" | "suspended");
    Ok(row.filter(known).ok_or(Code::NotFound)?)
}

/// `seq` of the newest of what is newer than `after` and would be pushed: requests in mode `remote` and what is told beside them, unless
/// they are silent, and nothing to a phone at rest.
async fn newest_push(app: &App, wake: &str, after: i64) -> Result<Option<i64>, Problem> {
    let row = named(app, wake).await?;
    if row.standing != "active" {
        return Ok(None);
    }
    let mut db = app.store.read().await?;
    let most = LIST_CAP + 1;
    let others = others::after(&mut db, &row.id, after, most).await?;
    let loud = others.iter().filter(|other| !other.silent);
    let mut newest = loud.map(|other| other.seq).max();
    for open in challenges::open_after(&mut db, &row.id, after, most, app.now()).await? {
        if !open.silent && challenge_of(app, &open.statement)?.mode == Mode::Remote {
            newest = newest.max(Some(open.seq));
        }
    }
    Ok(newest)
}

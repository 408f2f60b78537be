//! A phone asks what waits for it.

use super::problem::{Answer, Problem, answer_with_nonce};
use super::proof;
use crate::app::{App, Shared};
use crate::store::challenges::{self, ChallengeRow};
use crate::store::credentials::{self, Credential};
use crate::txn;
use crate::wake::Topic;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use countersign_protocol::call::{BODY_CAP, ChallengeAnswer, ChallengesAnswer, LIST_CAP, WAIT_CAP};
use countersign_protocol::problem::Code;
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    after: Option<String>,
    wait: Option<u64>,
}

/// What a cursor remembers: the last challenge and the newest state that were listed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Cursor {
    seq: i64,
    sn: i64,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (seq, sn) = text.split_once('-')?;
        Some(Self {
            seq: seq.parse().ok()?,
            sn: sn.parse().ok()?,
        })
    }

    fn write(self) -> String {
        format!("{}-{}", self.seq, self.sn)
    }
}

/// `GET /cs/v1/challenges?after=&wait=`.
pub(crate) async fn challenges(
    State(app): State<Shared>,
    query: Result<Query<ListQuery>, QueryRejection>,
    request: Request,
) -> Answer {
    let caller = proof::check(&app, request, None).await?;
    let Query(query) = query.map_err(|_| Code::BadRequest)?;
    usable(&caller)?;
    // A cursor from before a restored backup is one that the server doesn't know.
    let last = challenges::last_seq(&mut *app.store.read().await?).await?;
    let after = query.after.as_deref().and_then(Cursor::parse);
    let after = after
        .filter(|after| (0..=last).contains(&after.seq) && (0..=caller.sn).contains(&after.sn));
    let longest = match after {
        Some(_) => Duration::from_secs(query.wait.unwrap_or(0).min(WAIT_CAP)),
        None => Duration::ZERO,
    };

    let turn = app.wake.begin_poll(&caller.id);
    let mut listener = app
        .wake
        .listen(Topic::Credential(caller.id.clone()), longest);
    loop {
        let newest = app.wake.is_newest_poll(&caller.id, turn);
        let list = if newest {
            list(&app, &caller.id, after).await?
        } else {
            empty(after, caller.sn)
        };
        let worth = after.is_none_or(|after| list.next != after.write());
        if worth || !newest || !listener.wait().await {
            return answer_with_nonce(&app, StatusCode::OK, &list);
        }
    }
}

fn empty(after: Option<Cursor>, sn: i64) -> ChallengesAnswer {
    let next = after.unwrap_or(Cursor { seq: 0, sn: 0 }).write();
    ChallengesAnswer {
        challenges: Vec::new(),
        others: Vec::new(),
        sn: sn as u64,
        next,
        more: false,
    }
}

/// Everything newer than the cursor, oldest first, to the caps.
async fn list(
    app: &App,
    credential: &str,
    after: Option<Cursor>,
) -> Result<ChallengesAnswer, Problem> {
    let mut tx = app.store.write().await?;
    let row = credentials::by_id(&mut tx, credential)
        .await?
        .ok_or(Code::NotFound)?;
    usable(&row)?;
    let since = after.map_or(0, |after| after.seq);
    let found = challenges::open_after(&mut tx, credential, since, LIST_CAP + 1, app.now()).await?;
    let (mut sent, mut size) = (Vec::new(), 0);
    for challenge in &found {
        size += challenge.statement.len();
        // Room for the rest of the answer is left.
        if sent.len() == LIST_CAP || size > BODY_CAP - 4096 {
            break;
        }
        sent.push(challenge);
    }
    let seq = sent.last().map_or(since, |challenge| challenge.seq);
    let mut woken = Vec::new();
    for challenge in &sent {
        woken.extend(mark_seen(app, &mut tx, challenge).await?);
    }
    credentials::mark_heard(&mut tx, credential, app.now()).await?;
    tx.commit().await?;
    woken.into_iter().for_each(|topic| app.wake.tell(topic));
    Ok(ChallengesAnswer {
        challenges: sent
            .iter()
            .map(|challenge| challenge.statement.clone())
            .collect(),
        others: Vec::new(),
        sn: row.sn as u64,
        next: Cursor { seq, sn: row.sn }.write(),
        more: found.len() > sent.len(),
    })
}

/// Whoever waits for it learns that the phone has it.
async fn mark_seen(
    app: &App,
    db: &mut crate::store::Connection,
    challenge: &ChallengeRow,
) -> Result<Option<Topic>, Problem> {
    if challenges::mark_seen(db, &challenge.jti, app.now()).await? {
        Ok(txn::seen(app, db, &challenge.txn).await?)
    } else {
        Ok(None)
    }
}

/// `GET /cs/v1/challenges/{id}`: by `jti`, or by the `txn` of a link.
pub(crate) async fn challenge(
    State(app): State<Shared>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Answer {
    let Path(id) = id.map_err(|_| Code::NotFound)?;
    let caller = proof::check(&app, request, Some(&id)).await?;
    usable(&caller)?;
    let mut tx = app.store.write().await?;
    let row = challenges::by_id(&mut tx, &id, &caller.id)
        .await?
        .ok_or(Code::NotFound)?;
    if row.stage != "open" || app.now() > row.expires as u64 {
        return Err(Code::Gone.into());
    }
    let woken = mark_seen(&app, &mut tx, &row).await?;
    credentials::mark_heard(&mut tx, &caller.id, app.now()).await?;
    tx.commit().await?;
    if let Some(topic) = woken {
        app.wake.tell(topic);
    }
    answer_with_nonce(
        &app,
        StatusCode::OK,
        &ChallengeAnswer {
            challenge: row.statement,
        },
    )
}

/// Pending and ended credentials read their state and nothing else.
fn usable(caller: &Credential) -> Result<(), Problem> {
    match caller.standing.as_str() {
        "active" | "suspended" => Ok(()),
        _ => Err(Code::NotActive.into()),
    }
}

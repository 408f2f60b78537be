//! A phone asks what waits for it.

use super::problem::{Answer, Problem, answer_with_nonce};
use super::proof::{self, usable};
use crate::app::{App, Shared};
use crate::error::Fault;
use crate::others::{tell_keys, tell_over};
use crate::store::Connection;
use crate::store::challenges::{self, ChallengeRow};
use crate::store::credentials;
use crate::store::others::{self, OtherRow};
use crate::txn;
use crate::wake::Topic;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use countersign_protocol::call::{BODY_CAP, ChallengeAnswer, ChallengesAnswer, LIST_CAP, WAIT_CAP};
use countersign_protocol::problem::Code;
use countersign_protocol::statement::{Cancel, Notice};
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    after: Option<String>,
    wait: Option<u64>,
}

/// What a cursor remembers: the last challenge or other, and the newest state, that were listed.
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

/// What a list holds.
enum Found {
    Challenge(ChallengeRow),
    Other(OtherRow),
}

impl Found {
    fn seq(&self) -> i64 {
        match self {
            Self::Challenge(row) => row.seq,
            Self::Other(row) => row.seq,
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Challenge(row) => row.statement.len(),
            Self::Other(row) => row.statement.len(),
        }
    }
}

/// Everything newer than a `seq`, oldest first, to one more than a list holds.
async fn found(
    app: &App,
    db: &mut Connection,
    credential: &str,
    since: i64,
) -> Result<Vec<Found>, Problem> {
    let most = LIST_CAP + 1;
    let challenges = challenges::open_after(db, credential, since, most, app.now()).await?;
    let others = others::after(db, credential, since, most).await?;
    let mut found: Vec<Found> = challenges.into_iter().map(Found::Challenge).collect();
    found.extend(others.into_iter().map(Found::Other));
    found.sort_by_key(Found::seq);
    found.truncate(most);
    Ok(found)
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
    tell_over(app, &mut tx, credential).await?;
    tell_keys(app, &mut tx, &row).await?;
    let since = after.map_or(0, |after| after.seq);
    let found = found(app, &mut tx, credential, since).await?;
    let mut answer = empty(after, row.sn);
    let (mut seq, mut size, mut woken) = (since, 0, Vec::new());
    for one in found {
        size += one.size();
        // Room for the rest of the answer is left.
        if answer.challenges.len() + answer.others.len() == LIST_CAP || size > BODY_CAP - 4096 {
            answer.more = true;
            break;
        }
        seq = one.seq();
        match one {
            Found::Challenge(challenge) => {
                woken.extend(mark_seen(app, &mut tx, &challenge).await?);
                answer.challenges.push(challenge.statement);
            }
            Found::Other(other) => answer.others.push(believed(app, other)?),
        }
    }
    credentials::mark_heard(&mut tx, credential, app.now()).await?;
    tx.commit().await?;
    woken.into_iter().for_each(|topic| app.wake.tell(topic));
    answer.next = Cursor { seq, sn: row.sn }.write();
    Ok(answer)
}

/// As a phone with the newest keys believes it.
fn believed(app: &App, other: OtherRow) -> Result<String, Fault> {
    match other.kind.as_str() {
        "cancel" => app.signer.renewed::<Cancel>(other.statement),
        _ => app.signer.renewed::<Notice>(other.statement),
    }
}

/// Whoever waits for it learns that the phone has it.
async fn mark_seen(
    app: &App,
    db: &mut Connection,
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

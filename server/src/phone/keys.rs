//! A phone asks which keys sign for this server (protocol section 4).

use super::problem::{Answer, Problem, answer};
use crate::app::Shared;
use crate::error::Fault;
use crate::store::{Connection, keys};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use countersign_protocol::call::{KEYS_CAP, KeysAnswer};
use countersign_protocol::problem::Code;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct KeysQuery {
    after: Option<u64>,
}

/// `GET /cs/v1/keys?after=n`.
pub(crate) async fn keys(
    State(app): State<Shared>,
    query: Result<Query<KeysQuery>, QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|_| Code::BadRequest)?;
    let keys = list(&mut *app.store.read().await?, query.after).await?;
    answer(StatusCode::OK, &KeysAnswer { keys })
}

/// What names a next root, rising, then the newest; the first eight. Without a number the newest alone.
async fn list(db: &mut Connection, after: Option<u64>) -> Result<Vec<String>, Problem> {
    let newest = keys::newest(db).await?.ok_or(Fault::Stored("keys"))?;
    let mut list = match after {
        Some(n) => keys::links_after(db, i64::try_from(n).unwrap_or(i64::MAX), KEYS_CAP).await?,
        None => Vec::new(),
    };
    if list.len() < KEYS_CAP && list.last().is_none_or(|last| last.n < newest.n) {
        list.push(newest);
    }
    Ok(list.into_iter().map(|row| row.statement).collect())
}

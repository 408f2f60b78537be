//! In: calls of applications with an API key (`docs/service-api.md`). Out: what a person is asked, and once it is
//! answered, the receipt of it.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> waiting: asked
//!     waiting --> approved
//!     waiting --> denied
//!     waiting --> number: wrong number
//!     waiting --> late: time over
//!     waiting --> cancelled: by the application
//!     waiting --> paused: all phones of the ID are suspended
//!     waiting --> reported: not me
//!     approved --> reported: not me, later
//!     denied --> reported
//!     number --> reported
//!     late --> reported
//!     cancelled --> reported
//! ```
//! Never: another application's request, a key in clear, an account or a row in the log, a text that was cut.

mod ask;
mod call;
mod caller;
mod problem;
mod show;

pub(crate) use ask::{Asker, ask, look};
pub(crate) use call::{Asked, Call, CallRow, Wish};
pub(crate) use caller::make_key;
pub(crate) use problem::{Problem, Why};
pub(crate) use show::{Shown, show};

use crate::app::Shared;
use crate::phone;
use crate::wake::Topic;
use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use caller::Caller;
use countersign_protocol::call::{self as protocol, WAIT_CAP};
use serde::Deserialize;
use std::time::Duration;

/// What a key may begin in a minute.
pub(crate) const PER_MINUTE: u32 = 60;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/challenges", post(begin))
        .route("/api/v1/challenges/{id}", get(wait).delete(cancel))
        .method_not_allowed_fallback(async || Problem::from(Why::BadRequest))
}

/// A problem answer for addresses outside these routes.
pub(crate) fn missing() -> Response {
    Problem::from(Why::NotFound).into_response()
}

/// One for now, for so many seconds.
pub(crate) fn unavailable(seconds: u64) -> Response {
    Problem::after(Why::Unavailable, seconds).into_response()
}

type Answer = Result<Response, Problem>;

fn answer(status: StatusCode, shown: &Shown) -> Answer {
    Ok(phone::answer(status, shown)?)
}

/// `POST /api/v1/challenges`.
async fn begin(State(app): State<Shared>, caller: Caller, request: Request) -> Answer {
    let body = phone::bytes(request).await?;
    let call: Call = protocol::parse(&body)
        .map_err(|malformed| Problem::with_detail(Why::BadRequest, malformed.to_string()))?;
    let wish = Wish::of(&call)?;
    let asker = Asker {
        app: &caller.app,
        key: Some(&caller.key),
    };
    let (asked, new) = ask(&app, &asker, &wish).await?;
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    answer(status, &show(&app, asked).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WaitQuery {
    #[serde(default)]
    wait: u64,
}

/// `GET /api/v1/challenges/{id}?wait=`.
async fn wait(
    State(app): State<Shared>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<WaitQuery>, QueryRejection>,
) -> Answer {
    let Path(id) = id.map_err(|_| Why::NotFound)?;
    let query = query.ok().filter(|query| query.wait <= WAIT_CAP);
    let Query(query) =
        query.ok_or_else(|| Problem::with_detail(Why::BadRequest, "wait: not 0 to 25 seconds"))?;
    let longest = Duration::from_secs(query.wait);
    let mut listener = app.wake.listen(Topic::Ask(id.clone()), longest);
    let found = loop {
        let found = look(&app, &caller.app, &id).await?;
        if found.stage != "waiting" {
            break found;
        }
        // Also when its time is over there is something to tell.
        let over = (found.until as u64 + 1).saturating_sub(app.now());
        let woken = tokio::select! {
            woken = listener.wait() => woken,
            () = tokio::time::sleep(Duration::from_secs(over)) => true,
        };
        if !woken {
            // Another process may have been told the answer.
            break look(&app, &caller.app, &id).await?;
        }
    };
    answer(StatusCode::OK, &show(&app, found).await?)
}

/// `DELETE /api/v1/challenges/{id}`.
async fn cancel(
    State(app): State<Shared>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Answer {
    let Path(id) = id.map_err(|_| Why::NotFound)?;
    let cancelled = ask::cancel(&app, &caller.app, &id).await?;
    answer(StatusCode::OK, &show(&app, cancelled).await?)
}

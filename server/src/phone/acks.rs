//! `POST /cs/v1/acks`: the phone has what it was told, durably; it isn't told again.

use super::once::{Begun, Call};
use super::problem::Answer;
use super::proof::usable;
use crate::app::Shared;
use crate::store::others;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use countersign_protocol::call::AcksCall;

pub(crate) async fn acknowledge(State(app): State<Shared>, request: Request) -> Answer {
    let call = Call::check(&app, request).await?;
    let acks: AcksCall = call.parse()?;
    let (mut tx, caller) = match call.begin(&app).await? {
        Begun::Again(answer) => return Ok(answer),
        Begun::Now(tx, caller) => (tx, caller),
    };
    usable(&caller)?;
    for jti in &acks.jti {
        others::acknowledge(&mut tx, &caller.id, &jti.to_string()).await?;
    }
    call.finish(&app, tx, StatusCode::NO_CONTENT, String::new())
        .await
}

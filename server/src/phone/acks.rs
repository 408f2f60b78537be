//! `POST /cs/v1/acks`: the phone has what it was told, durably; it isn't told again.

use super::once::Call;
use super::problem::Answer;
use super::proof::usable;
use crate::app::Shared;
use crate::store::{credentials, others};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use countersign_protocol::call::AcksCall;
use countersign_protocol::problem::Code;

pub(crate) async fn acknowledge(State(app): State<Shared>, request: Request) -> Answer {
    let call = Call::check(&app, request).await?;
    let acks: AcksCall = call.parse()?;
    let mut tx = app.store.write().await?;
    if let Some(first) = call.repeated(&app, &mut tx).await? {
        return Ok(first);
    }
    let caller = credentials::by_id(&mut tx, &call.caller.id).await?;
    let caller = caller.ok_or(Code::NotFound)?;
    usable(&caller)?;
    for jti in &acks.jti {
        others::acknowledge(&mut tx, &caller.id, &jti.to_string()).await?;
    }
    call.finish(&app, tx, StatusCode::NO_CONTENT, String::new())
        .await
}

//! What an ID looks like from one of its phones, and what a phone says of itself.

use super::once::{Begun, Call};
use super::problem::{Answer, answer_with_nonce};
use super::proof::{self, usable};
use crate::app::{App, Shared};
use crate::credential::{hash_of, keys_of, on_probation, word};
use crate::error::Fault;
use crate::login;
use crate::store::Connection;
use crate::store::credentials::{self, Credential};
use crate::store::phones::{self, Details};
use crate::store::recovery;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use countersign_protocol::call::{OverviewAnswer, PhoneCall, PhoneRow, PushCall, PushRow};
use countersign_protocol::problem::Code;
use countersign_protocol::statement::StateReason;
use countersign_protocol::text::Name;
use countersign_protocol::{Thumbprint, json};

/// `GET /cs/v1/overview`.
pub(crate) async fn overview(State(app): State<Shared>, request: Request) -> Answer {
    let caller = proof::check(&app, request, None).await?;
    if caller.standing != "active" {
        return Err(Code::NotActive.into());
    }
    let mut db = app.store.read().await?;
    let mut phones = Vec::new();
    for row in credentials::of_user(&mut db, &caller.user, &["active", "suspended"]).await? {
        phones.push(phone_row(&app, &mut db, &row, row.id == caller.id).await?);
    }
    let kind = phones::push_type(&mut db, &caller.id).await?;
    let recovery_left = recovery::left(&mut db, &caller.user).await? as u64;
    let quiet_until = login::quiet_until(&app, &mut db, &caller.user).await?;
    drop(db);
    let push = PushRow {
        r#type: kind.as_deref().map(read_word).transpose()?,
        sent: None,
        fetched: None,
        failed: None,
    };
    let overview = OverviewAnswer {
        phones,
        push,
        recovery_left,
        quiet_until,
    };
    answer_with_nonce(&app, StatusCode::OK, &overview)
}

async fn phone_row(
    app: &App,
    db: &mut Connection,
    row: &Credential,
    this: bool,
) -> Result<PhoneRow, Fault> {
    let suspended = row
        .reason
        .as_deref()
        .filter(|_| row.standing == "suspended");
    Ok(PhoneRow {
        dev: Thumbprint(hash_of(&row.dev)?),
        device: Name::parse(&row.device)?,
        level: keys_of(app, row)?.level,
        added: row.created as u64,
        used: phones::answered(db, &row.id).await?.map(|used| used as u64),
        probation: on_probation(app, row),
        suspended: suspended.map(read_word::<StateReason>).transpose()?,
        this,
    })
}

/// A word of the wire, as the database has it.
fn read_word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Fault> {
    Ok(json::parse(format!("\"{text}\"").as_bytes())?)
}

/// `PUT /cs/v1/phone`.
pub(crate) async fn describe(State(app): State<Shared>, request: Request) -> Answer {
    let call = Call::check(&app, request).await?;
    let says: PhoneCall = call.parse()?;
    let (mut tx, caller) = match call.begin(&app).await? {
        Begun::Again(answer) => return Ok(answer),
        Begun::Now(tx, caller) => (tx, caller),
    };
    usable(&caller)?;
    let details = Details {
        app: &json::write(&says.app).map_err(Fault::from)?,
        device: says.device.as_str(),
        locale: &says.locale,
        slow: says.slow,
    };
    phones::set_details(&mut tx, &caller.id, &details).await?;
    app.audit(&mut tx, "credential", &caller.id, "described")
        .await?;
    let done = StatusCode::NO_CONTENT;
    call.finish(&app, tx, done, String::new()).await
}

/// `PUT /cs/v1/push`.
pub(crate) async fn set_push(State(app): State<Shared>, request: Request) -> Answer {
    let call = Call::check(&app, request).await?;
    let PushCall(address) = call.parse()?;
    let (mut tx, caller) = match call.begin(&app).await? {
        Begun::Again(answer) => return Ok(answer),
        Begun::Now(tx, caller) => (tx, caller),
    };
    usable(&caller)?;
    let (kind, now) = (word(&address.r#type)?, app.now());
    phones::set_address(&mut tx, &caller.id, &kind, &address.token, now).await?;
    let done = StatusCode::NO_CONTENT;
    call.finish(&app, tx, done, String::new()).await
}

/// `DELETE /cs/v1/push`: not for a phone at rest, which reads and acknowledges (protocol section 12).
pub(crate) async fn drop_push(State(app): State<Shared>, request: Request) -> Answer {
    let call = Call::check(&app, request).await?;
    let (mut tx, caller) = match call.begin(&app).await? {
        Begun::Again(answer) => return Ok(answer),
        Begun::Now(tx, caller) => (tx, caller),
    };
    usable(&caller)?;
    if caller.standing != "active" {
        return Err(Code::NotActive.into());
    }
    phones::drop_addresses(&mut tx, &caller.id).await?;
    let done = StatusCode::NO_CONTENT;
    call.finish(&app, tx, done, String::new()).await
}

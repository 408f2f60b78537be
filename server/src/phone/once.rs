//! Calls that change something are carried out once (protocol section 10): a repeat with the same `jti`,
//! method, URL and body gets the answer of the first, the same `jti` with anything else a conflict.

use super::problem::{Answer, Problem, parse, written_with_nonce};
use super::proof;
use crate::app::App;
use crate::error::Fault;
use crate::signer::{Column, NONCE_LIFE};
use crate::store::calls::{self, CallRow};
use crate::store::credentials::{self, Credential};
use crate::store::{Connection, Write};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::Digest;
use countersign_protocol::problem::Code;
use serde::de::DeserializeOwned;

/// A call whose proof was checked.
pub(crate) struct Call {
    /// The credential that proved it.
    caller: String,
    body: Vec<u8>,
    jti: String,
    digest: String,
}

/// A call that is carried out, or was.
pub(crate) enum Begun {
    /// It was: its answer.
    Again(Response),
    /// The transaction that carries it out, and its caller as it is in it, which may be another than when the proof was
    /// checked.
    Now(Write, Box<Credential>),
}

impl Call {
    /// Checks the proof over the body.
    pub(crate) async fn check(app: &App, request: Request) -> Result<Self, Problem> {
        let (caller, proof, body) = proof::check_with_body(app, request).await?;
        let digest = Digest::of(&[format!("{} {} {}", proof.htm, proof.htu, proof.bh).as_bytes()])
            .to_string();
        Ok(Self {
            caller: caller.id,
            body,
            jti: proof.jti.to_string(),
            digest,
        })
    }

    /// The body as JSON.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        parse(&self.body)
    }

    /// Begins to carry it out, unless an earlier sending was.
    pub(crate) async fn begin(&self, app: &App) -> Result<Begun, Problem> {
        let mut tx = app.store.write().await?;
        if let Some(first) = self.repeated(app, &mut tx).await? {
            return Ok(Begun::Again(first));
        }
        let caller = credentials::by_id(&mut tx, &self.caller).await?;
        let caller = caller.ok_or(Code::NotFound)?;
        Ok(Begun::Now(tx, Box::new(caller)))
    }

    /// What an earlier sending of it was answered.
    async fn repeated(&self, app: &App, db: &mut Connection) -> Result<Option<Response>, Problem> {
        let Some(first) = calls::find(db, &self.caller, &self.jti).await? else {
            return Ok(None);
        };
        if first.digest != self.digest {
            return Err(Code::Conflict.into());
        }
        let status = u16::try_from(first.status).ok();
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.ok_or(Fault::Stored("call"))?;
        let answer = app
            .signer
            .unwrap_text(Column::CallAnswer, &self.jti, &first.answer)?;
        written_with_nonce(app, status, answer).map(Some)
    }

    /// Carried out: the answer is remembered by the same transaction, which is committed. An empty body is that of
    /// a 204.
    pub(crate) async fn finish(
        &self,
        app: &App,
        mut tx: Write,
        status: StatusCode,
        body: String,
    ) -> Answer {
        let row = CallRow {
            digest: self.digest.clone(),
            status: i64::from(status.as_u16()),
            answer: app
                .signer
                .wrap(Column::CallAnswer, &self.jti, body.as_bytes())?,
        };
        let expires = app.now() + NONCE_LIFE;
        calls::insert(&mut tx, &self.caller, &self.jti, &row, expires).await?;
        tx.commit().await?;
        written_with_nonce(app, status, body)
    }
}

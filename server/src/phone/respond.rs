//! `POST /cs/v1/responses`: one transaction stores the verdict and decides the whole `txn`.

use super::judge::{Facts, Judgement, REPORT_LIFE, judge};
use super::problem::{Answer, Problem, answer_with_nonce, body};
use crate::app::{App, Shared};
use crate::credential::{self, id_of, word};
use crate::error::Fault;
use crate::store::challenges::{self, ChallengeRow};
use crate::store::credentials::{self, Credential};
use crate::store::responses::{self, ResponseRow};
use crate::store::{Connection, logins};
use crate::wake::Topic;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use countersign_protocol::Id;
use countersign_protocol::call::{ResponseCall, VerdictAnswer};
use countersign_protocol::jose::Signed;
use countersign_protocol::problem::Code;
use countersign_protocol::statement::{
    Challenge, Outcome, Registration, Response, Standing, StateReason, Verdict, VerdictCode,
};

/// How long verdicts are kept, seconds: 48 h.
const VERDICT_LIFE: u64 = 48 * 3600;

pub(crate) async fn respond(State(app): State<Shared>, request: Request) -> Answer {
    let call: ResponseCall = body(request).await?;
    let kid = Signed::<Response>::named_key(&call.response)?;

    let mut tx = app.store.write().await?;
    let found = credentials::by_key(&mut tx, &kid.to_string()).await?;
    let mut caller = found.ok_or(Code::NotFound)?;
    let registration =
        Signed::<Registration>::verify_dev(&caller.registration).map_err(Fault::from)?;
    let keys: Vec<_> = [Some(registration.dev), registration.uv]
        .into_iter()
        .flatten()
        .collect();
    let response = Signed::<Response>::verify(&call.response, &keys)?;
    if response.iss != id_of(&caller.id)? || response.aud != app.signer.origin {
        return Err(Code::BadStatement.into());
    }
    if let Some((hash, verdict)) =
        responses::seen(&mut tx, &caller.id, &response.jti.to_string()).await?
    {
        if hash == response.hash().to_string() {
            return answer_with_nonce(&app, StatusCode::OK, &VerdictAnswer { verdict });
        }
        let jti = response.jti.to_string();
        app.audit(&mut tx, "response", &jti, "conflict").await?;
        tx.commit().await?;
        return Err(Code::Conflict.into());
    }

    let row = challenges::by_hash(&mut tx, &response.challenge.to_string(), &caller.id).await?;
    let challenge: Option<Signed<Challenge>> = row
        .as_ref()
        .map(|row| app.signer.ours(&row.statement))
        .transpose()?;
    let facts = Facts {
        standing: &caller.standing,
        ctr: caller.ctr as u64,
        ctr_used: responses::has_ctr(&mut tx, &caller.id, response.ctr).await?,
        challenge: match (&challenge, &row) {
            (Some(challenge), Some(row)) => {
                Some((challenge, row.stage.as_str(), row.number.as_str()))
            }
            _ => None,
        },
        by_uv: registration
            .uv
            .is_some_and(|uv| uv.thumbprint() == response.kid()),
        now: app.now(),
    };
    let judgement = judge(&facts, &response);
    let expires = challenge
        .as_ref()
        .map_or(app.now(), |challenge| challenge.exp);
    let verdict = store_verdict(&app, &mut tx, &caller, &response, judgement, expires).await?;
    let told = carry_out(&app, &mut tx, &mut caller, row.as_ref(), judgement).await?;
    tx.commit().await?;

    for topic in told {
        app.wake.tell(topic);
    }
    answer_with_nonce(&app, StatusCode::OK, &VerdictAnswer { verdict })
}

async fn store_verdict(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    response: &Signed<Response>,
    judgement: Judgement,
    challenge_expires: u64,
) -> Result<String, Problem> {
    let code = judgement.code();
    let accepted = code == VerdictCode::Ok;
    let verdict = app.signer.sign(Verdict {
        iss: app.signer.origin.clone(),
        aud: response.iss,
        jti: Id::make()?,
        iat: app.now(),
        keys: app.signer.keys_n,
        challenge: response.challenge,
        response: response.hash(),
        result: if accepted {
            Outcome::Accepted
        } else {
            Outcome::Refused
        },
        r#final: true,
        code,
        attempts: None,
        r#return: None,
    })?;
    let row = ResponseRow {
        credential: caller.id.clone(),
        jti: response.jti.to_string(),
        hash: response.hash().to_string(),
        ctr: response.ctr,
        statement: response.compact().to_owned(),
        verdict: verdict.compact().to_owned(),
        expires: challenge_expires + VERDICT_LIFE.max(REPORT_LIFE),
    };
    responses::insert(db, &row).await?;
    credentials::mark_answered(db, &caller.id, response.ctr, app.now()).await?;
    let code = word(&code)?;
    app.metrics.verdict(&code);
    app.audit(db, "response", &row.jti, &code).await?;
    Ok(row.verdict)
}

/// The effects of a judgement; whom to tell after the commit.
async fn carry_out(
    app: &App,
    db: &mut Connection,
    caller: &mut Credential,
    challenge: Option<&ChallengeRow>,
    judgement: Judgement,
) -> Result<Vec<Topic>, Problem> {
    let mut told = Vec::new();
    let ended = match judgement {
        Judgement::Approved => Some("approved"),
        Judgement::Denied => Some("denied"),
        Judgement::Reported { decides: true } => Some("reported"),
        Judgement::NumberWrong => Some("number"),
        _ => None,
    };
    if let (Some(stage), Some(challenge)) = (ended, challenge) {
        challenges::end_txn(db, &challenge.txn, "decided").await?;
        told.extend(
            logins::end_txn(db, &challenge.txn, stage, app.now())
                .await?
                .map(Topic::Login),
        );
        app.metrics.login(stage);
    }
    match judgement {
        Judgement::Reported { .. } => told.extend(suspend_all(app, db, &caller.user).await?),
        Judgement::Clone if caller.standing == "active" => {
            credential::change(
                app,
                db,
                caller,
                Standing::Suspended,
                Some(StateReason::Clone),
            )
            .await?;
            told.push(Topic::Credential(caller.id.clone()));
            told.extend(pause_logins(app, db, &caller.user).await?);
        }
        _ => {}
    }
    Ok(told)
}

/// Ends what still waits for an ID whose phones are all suspended.
async fn pause_logins(app: &App, db: &mut Connection, user: &str) -> Result<Vec<Topic>, Problem> {
    if !credentials::of_user(db, user, &["active"])
        .await?
        .is_empty()
    {
        return Ok(Vec::new());
    }
    let ended = logins::pause(db, user).await?;
    for login in &ended {
        app.audit(db, "login", login, "paused").await?;
    }
    Ok(ended.into_iter().map(Topic::Login).collect())
}

/// After a report nobody can sign in with the ID, and what it opened here is closed.
async fn suspend_all(app: &App, db: &mut Connection, user: &str) -> Result<Vec<Topic>, Problem> {
    let mut told = Vec::new();
    for mut row in credentials::of_user(db, user, &["active"]).await? {
        credential::change(
            app,
            db,
            &mut row,
            Standing::Suspended,
            Some(StateReason::Reported),
        )
        .await?;
        told.push(Topic::Credential(row.id));
    }
    logins::withdraw_approved(db, user, "reported").await?;
    told.extend(pause_logins(app, db, user).await?);
    Ok(told)
}

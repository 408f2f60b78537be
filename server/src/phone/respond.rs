//! `POST /cs/v1/responses`: one transaction stores the verdict and decides the whole `txn`. Only a PIN
//! takes one more, before: it is counted as wrong until it was found right.

use super::judge::{Facts, Judgement, REPORT_LIFE, judge};
use super::life;
use super::pin::{self, Compared};
use super::problem::{Answer, Problem, answer_with_nonce, body};
use super::renew;
use crate::app::{App, Shared};
use crate::credential::{self, id_of, word};
use crate::error::Fault;
use crate::login;
use crate::others;
use crate::policy;
use crate::signer::Column;
use crate::store::challenges::{self, ChallengeRow};
use crate::store::credentials::{self, Credential};
use crate::store::responses::{self, Before, ResponseRow};
use crate::store::{Connection, Write, logins, sessions};
use crate::txn::{self, Answered, challenge_of};
use crate::wake::Topic;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use countersign_protocol::call::{ResponseCall, VerdictAnswer};
use countersign_protocol::crypto::PublicKey;
use countersign_protocol::jose::Signed;
use countersign_protocol::problem::Code;
use countersign_protocol::statement::{
    Challenge, Event, Kind, Mode, Outcome, Response, Standing, StateReason, Verdict, VerdictCode,
};
use countersign_protocol::{Id, Thumbprint, json};
use std::sync::Arc;

/// How long verdicts are kept, seconds: 48 h.
const VERDICT_LIFE: u64 = 48 * 3600;

/// As long as the credential.
const FOR_EVER: u64 = i64::MAX as u64;

pub(crate) async fn respond(State(app): State<Shared>, request: Request) -> Answer {
    let call: ResponseCall = body(request).await?;
    let kid = Signed::<Response>::named_key(&call.response)?;

    let mut tx = app.store.write().await?;
    let found = credentials::by_key(&mut tx, &kid.to_string()).await?;
    let mut caller = found.ok_or(Code::NotFound)?;
    let by = Signer::of(&app, &caller, &kid)?;
    let old = credentials::old_uv_key(&mut tx, &kid.to_string()).await?;
    let old = old.map(|key| json::parse::<PublicKey>(key.as_bytes()));
    let old = old.transpose().map_err(Fault::from)?;
    let keys: Vec<_> = [by.map(|by| by.key), old].into_iter().flatten().collect();
    let response = Signed::<Response>::verify(&call.response, &keys)?;
    if response.iss != id_of(&caller.id)? || response.aud != app.signer.origin {
        return Err(Code::BadStatement.into());
    }
    if let Some(before) = repeated(&mut tx, &caller, &response).await? {
        return answer_repeated(&app, tx, &response, before).await;
    }
    let mut signer = by.ok_or(Code::BadStatement)?;
    let mut case = Case::look(&app, &mut tx, &caller, &response, signer.is_uv).await?;
    if case.judgement == Judgement::PinAsked {
        if pin::count_first(&mut tx, &caller, &response).await? {
            // The count is on disk before anything is compared.
            tx.commit().await?;
            tx = app.store.write().await?;
            // In between another copy of this response may have been judged, or anything have changed.
            let found = credentials::by_id(&mut tx, &caller.id).await?;
            caller = found.ok_or(Code::NotFound)?;
            if let Some(before) = repeated(&mut tx, &caller, &response).await? {
                return answer_repeated(&app, tx, &response, before).await;
            }
            signer = Signer::of(&app, &caller, &kid)?.ok_or(Code::BadStatement)?;
            case = Case::look(&app, &mut tx, &caller, &response, signer.is_uv).await?;
            case.compare_pin(&app, &mut tx, &caller, &response).await?;
        } else {
            case.judgement = Judgement::Refused(VerdictCode::PinLocked);
        }
    }
    case.count_digits(&mut tx).await?;
    if response.pin.is_some() && !case.compared {
        pin::take_back(&mut tx, &caller, &response).await?;
    }
    let back = case.way_back()?;
    let verdict = store_verdict(&app, &mut tx, &caller, &response, &case, back).await?;
    let answered = Answered {
        key: signer.key,
        response: &response,
        verdict: &verdict,
        back,
    };
    let told = carry_out(&app, &mut tx, &mut caller, &answered, &case).await?;
    tx.commit().await?;

    for topic in told {
        app.wake.tell(topic);
    }
    answer_with_nonce(&app, StatusCode::OK, &VerdictAnswer { verdict })
}

/// The key of a credential that signed.
#[derive(Clone, Copy)]
struct Signer {
    key: PublicKey,
    is_uv: bool,
}

impl Signer {
    /// None for a K_uv that was replaced: it proves nothing any more.
    fn of(app: &App, caller: &Credential, kid: &Thumbprint) -> Result<Option<Self>, Fault> {
        let own = credential::keys_of(app, caller)?;
        let uv = own.uv.map(|uv| (uv.key, true));
        let keys = [Some((own.dev, false)), uv].into_iter().flatten();
        let mut keys = keys.map(|(key, is_uv)| Self { key, is_uv });
        Ok(keys.find(|signer| signer.key.thumbprint() == *kid))
    }
}

/// A response of the same `jti` that was here before.
async fn repeated(
    db: &mut Connection,
    caller: &Credential,
    response: &Response,
) -> Result<Option<Before>, Fault> {
    Ok(responses::seen(db, &caller.id, &response.jti.to_string()).await?)
}

/// The same bytes get the same verdict, others none.
async fn answer_repeated(
    app: &App,
    mut tx: Write,
    response: &Signed<Response>,
    before: Before,
) -> Answer {
    if before.hash == response.hash().to_string() {
        let jti = response.jti.to_string();
        let verdict = match before.verdict_wrapped {
            Some(sealed) => app.signer.unwrap_text(Column::Verdict, &jti, &sealed)?,
            None => before.verdict,
        };
        let verdict = app.signer.renewed::<Verdict>(verdict)?;
        return answer_with_nonce(app, StatusCode::OK, &VerdictAnswer { verdict });
    }
    let jti = response.jti.to_string();
    app.audit(&mut tx, "response", &jti, "conflict").await?;
    tx.commit().await?;
    Err(Code::Conflict.into())
}

/// What a response is about, and what is thought of it.
struct Case {
    challenge: Option<ChallengeRow>,
    /// What it says.
    asked: Option<Arc<Signed<Challenge>>>,
    /// Until when the verdict is kept, seconds.
    expires: u64,
    /// When it was judged, seconds.
    now: u64,
    judgement: Judgement,
    /// Whether the judgement is about the PIN.
    compared: bool,
}

impl Case {
    /// Whether what it is about let a browser in, by any of its statements, or one asked that was let in before. A stranger's that nobody
    /// let in takes from the person none of the browsers by which they are told from strangers.
    async fn let_in(&self, db: &mut Connection) -> Result<bool, Fault> {
        let context = self.asked.as_ref().and_then(|asked| asked.context.as_ref());
        if context.is_some_and(|context| context.known) {
            return Ok(true);
        }
        Ok(match &self.challenge {
            Some(row) => challenges::is_approved(db, &row.txn).await?,
            None => false,
        })
    }

    async fn look(
        app: &App,
        db: &mut Connection,
        caller: &Credential,
        response: &Signed<Response>,
        by_uv: bool,
    ) -> Result<Self, Problem> {
        let row = challenges::by_hash(db, &response.challenge.to_string(), &caller.id).await?;
        let challenge = row
            .as_ref()
            .map(|row| challenge_of(app, &row.statement))
            .transpose()?;
        let keys_good = match &challenge {
            Some(challenge) => renew::is_good(app, db, caller, challenge, response).await?,
            None => true,
        };
        let still_asked = match &challenge {
            Some(challenge) => policy::is_still_asked(db, caller, challenge).await?,
            None => true,
        };
        let now = app.now();
        let facts = Facts {
            standing: &caller.standing,
            ctr: caller.ctr as u64,
            ctr_used: responses::has_ctr(db, &caller.id, response.ctr).await?,
            challenge: match (&challenge, &row) {
                (Some(challenge), Some(row)) => {
                    let open = row.stage != "open" || still_asked;
                    let stage = if open {
                        row.stage.as_str()
                    } else {
                        "cancelled"
                    };
                    Some((challenge.as_ref(), stage, row.number.as_str()))
                }
                _ => None,
            },
            by_uv,
            has_pin: caller.pin_wrapped.is_some(),
            keys_good,
            now,
        };
        let judgement = judge(&facts, response);
        let kind = challenge.as_ref().map(|challenge| challenge.kind);
        let life = VERDICT_LIFE.max(REPORT_LIFE) + app.config.file.history.life();
        let expires = match (kind, &challenge) {
            // The phone keeps two PINs or two keys until it has the verdict, however long that takes.
            (Some(Kind::PinSet | Kind::ReplaceUv), _) => FOR_EVER,
            (_, Some(challenge)) => challenge.exp + life,
            (_, None) => now + life,
        };
        Ok(Self {
            challenge: row,
            asked: challenge,
            expires,
            now,
            judgement,
            compared: false,
        })
    }

    /// The request, where its answer is kept longer than it is.
    fn kept_challenge(&self, app: &App) -> Option<String> {
        let row = self.challenge.as_ref();
        let row = row.filter(|_| app.config.file.history.days > 0);
        row.map(|row| row.statement.clone())
    }

    /// Where the browser is on the phone that approves, an approval goes on when that browser comes back with this.
    fn way_back(&self) -> Result<Option<Id>, Fault> {
        let same = |asked: &Arc<Signed<Challenge>>| asked.mode == Mode::Same;
        let back = self.judgement == Judgement::Approved && self.asked.as_ref().is_some_and(same);
        Ok(back.then(Id::make).transpose()?)
    }

    /// The digits of a new phone may be mistyped twice.
    async fn count_digits(&mut self, db: &mut Connection) -> Result<(), Problem> {
        if let (Judgement::NumberWrong, Some(asked)) = (self.judgement, &self.asked)
            && asked.kind == Kind::AddPhone
        {
            match life::count_digits(db, asked).await? {
                0 => {}
                left => self.judgement = Judgement::DigitsWrong { left },
            }
        }
        Ok(())
    }

    /// The last thing of all: whatever else may be wrong was found before.
    async fn compare_pin(
        &mut self,
        app: &App,
        db: &mut Connection,
        caller: &Credential,
        response: &Signed<Response>,
    ) -> Result<(), Problem> {
        if self.judgement == Judgement::PinAsked {
            self.compared = true;
            self.judgement = match pin::compare(app, db, caller, response).await? {
                Compared::Right => Judgement::Approved,
                Compared::Wrong { left: 0 } => Judgement::Refused(VerdictCode::PinLocked),
                Compared::Wrong { left } => Judgement::PinWrong { left },
            };
        }
        Ok(())
    }
}

async fn store_verdict(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    response: &Signed<Response>,
    case: &Case,
    back: Option<Id>,
) -> Result<String, Problem> {
    let code = case.judgement.code();
    let attempts = match case.judgement {
        Judgement::PinWrong { left } | Judgement::DigitsWrong { left } => Some(left),
        _ => None,
    };
    let accepted = code == VerdictCode::Ok;
    let verdict = app.signer.sign(Verdict {
        iss: app.signer.origin.clone(),
        aud: response.iss,
        jti: Id::make()?,
        // The moment of the judgement: a verdict is never later than what it accepts may be. Nor earlier, should the clock have been set
        // back since: its receipt would prove nothing.
        iat: case
            .asked
            .as_ref()
            .map_or(0, |asked| asked.iat)
            .max(case.now),
        keys: app.signer.keys_n(),
        challenge: response.challenge,
        response: response.hash(),
        result: if accepted {
            Outcome::Accepted
        } else {
            Outcome::Refused
        },
        r#final: attempts.is_none(),
        code,
        attempts,
        r#return: back.map(|code| login::return_url(app, &code)),
    })?;
    let jti = response.jti.to_string();
    let verdict = verdict.compact().to_owned();
    let (plain, sealed) = match back {
        Some(_) => {
            let sealed = app.signer.wrap(Column::Verdict, &jti, verdict.as_bytes())?;
            (String::new(), Some(sealed))
        }
        None => (verdict.clone(), None),
    };
    let row = ResponseRow {
        credential: caller.id.clone(),
        hash: response.hash().to_string(),
        ctr: response.ctr,
        statement: response.compact().to_owned(),
        verdict: plain,
        verdict_wrapped: sealed,
        challenge: case.kept_challenge(app),
        expires: case.expires,
        jti,
    };
    responses::insert(db, &row).await?;
    credentials::mark_answered(db, &caller.id, response.ctr, app.now()).await?;
    let code = word(&code)?;
    app.metrics.verdict(&code);
    app.audit(db, "response", &row.jti, &code).await?;
    Ok(verdict)
}

/// The effects of a judgement; whom to tell after the commit.
async fn carry_out(
    app: &App,
    db: &mut Connection,
    caller: &mut Credential,
    answered: &Answered<'_>,
    case: &Case,
) -> Result<Vec<Topic>, Problem> {
    let mut told = Vec::new();
    let ended = match case.judgement {
        Judgement::Approved => Some("approved"),
        Judgement::Denied => Some("denied"),
        Judgement::Reported { decides: true } => Some("reported"),
        Judgement::NumberWrong => Some("number"),
        _ => None,
    };
    if let (Some(stage), Some(challenge)) = (ended, &case.challenge) {
        told.extend(txn::decide(app, db, challenge, caller, stage, answered).await?);
    }
    if let (Some("denied" | "reported" | "number"), Some(asked)) = (ended, &case.asked) {
        told.extend(life::refuse_phone(app, db, asked).await?);
    }
    match case.judgement {
        Judgement::Approved => {
            let asked = case.asked.as_ref().ok_or(Fault::Stored("challenge"))?;
            let kind = asked.kind;
            renew::take(app, db, caller, kind, answered.response).await?;
            told.extend(life::take(app, db, caller, asked).await?);
            let event = match kind {
                Kind::PinSet => Some(Event::PinChanged),
                Kind::ReplaceUv => Some(Event::PhoneRenewed),
                Kind::RecoveryCodes => Some(Event::RecoveryMade),
                _ => None,
            };
            if let Some(event) = event {
                let (user, device) = (&caller.user, Some(caller.device.as_str()));
                told.extend(others::notice(app, db, user, event, device).await?);
            }
        }
        Judgement::Reported { decides } => {
            if let (false, Some(challenge)) = (decides, &case.challenge) {
                told.extend(txn::report(app, db, challenge, answered).await?);
            }
            told.extend(
                suspend_all(app, db, caller, StateReason::Reported, Event::Suspended).await?,
            );
            if case.let_in(db).await? {
                sessions::forget_browsers(db, &caller.user).await?;
            }
        }
        Judgement::Clone if credential::may_be_suspended(caller) => {
            credential::change(
                app,
                db,
                caller,
                Standing::Suspended,
                Some(StateReason::Clone),
            )
            .await?;
            let (user, device) = (&caller.user, Some(caller.device.as_str()));
            // One of the two copies is somebody else's: what either let in may be theirs, and another phone of the ID would keep it open.
            logins::withdraw_approved(db, user, "cancelled").await?;
            sessions::forget_browsers(db, user).await?;
            told.extend(others::notice(app, db, user, Event::Suspended, device).await?);
            told.extend(txn::pause(app, db, user).await?);
        }
        _ => {}
    }
    Ok(told)
}

/// After a report or a pause nobody can sign in with the ID; what it opened here is closed by a report. Who does it
/// again is told nothing new.
pub(super) async fn suspend_all(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    reason: StateReason,
    event: Event,
) -> Result<Vec<Topic>, Problem> {
    let (user, device) = (&caller.user, Some(caller.device.as_str()));
    let active = credentials::of_user(db, user, &["active"]).await?;
    let any = !active.is_empty();
    for mut row in active {
        credential::change(app, db, &mut row, Standing::Suspended, Some(reason)).await?;
    }
    let mut told = Vec::new();
    if any {
        told.extend(others::notice(app, db, user, event, device).await?);
    }
    if reason == StateReason::Reported {
        logins::withdraw_approved(db, user, "reported").await?;
    }
    told.extend(txn::pause(app, db, user).await?);
    Ok(told)
}

//! Asking, looking and cancelling: the same for the API and for the command line.

use super::call::Wish;
use super::problem::{Problem, Why};
use crate::app::App;
use crate::error::Fault;
use crate::login;
use crate::others::{self, End};
use crate::store::apps::App as AppRow;
use crate::store::asks::{self, Ask};
use crate::store::users::{self, User};
use crate::store::{Connection, Write, api_keys};
use crate::txn::{Phones, Question};
use crate::wake::Topic;
use countersign_protocol::Refusal;
use countersign_protocol::statement::{Mode, Service};
use countersign_protocol::text::Name;

/// So many requests that were refused, mistyped or not looked at …
const UNWELCOME: i64 = 3;

/// … in so many seconds are enough.
const UNWELCOME_IN: u64 = 900;

/// Who wants it to be asked.
pub(crate) struct Asker<'a> {
    pub(crate) app: &'a AppRow,
    /// The key's id; none on the command line, which nobody limits.
    pub(crate) key: Option<&'a str>,
}

/// A request that was asked now, `true`, or before.
pub(crate) async fn ask(app: &App, asker: &Asker<'_>, wish: &Wish) -> Result<(Ask, bool), Problem> {
    let mut tx = app.store.write().await?;
    asks::sweep(&mut tx, app.now()).await?;
    let before = asks::by_request(&mut tx, &asker.app.id, &wish.request_id).await?;
    if let Some(before) = before {
        if before.digest != wish.digest {
            limit(app, asker)?;
            return Err(refuse(app, tx, &before.id, Why::Conflict.into()).await?);
        }
        return Ok((settled(app, tx, before).await?, false));
    }
    limit(app, asker)?;
    let service = service_of(asker.app)?;
    if asker.app.same_only {
        return Err(refuse(app, tx, &asker.app.id, other_device()).await?);
    }
    let (user, phones) = match find(app, &mut tx, asker, wish).await {
        Ok(found) => found,
        Err(problem) => return Err(refuse(app, tx, &asker.app.id, problem).await?),
    };
    let question = Question {
        kind: wish.kind,
        service,
        account: &user.account,
        rows: wish.rows.clone(),
        context: wish.context.clone(),
        life: wish.life.unwrap_or(app.config.file.challenge.life),
        mode: Mode::Remote,
        replaces: &[],
        silent: false,
    };
    let asked = question
        .ask(app, &mut tx, &phones)
        .await
        .map_err(too_large)?;
    let ask = Ask {
        id: asked.txn,
        app: asker.app.id.clone(),
        api_key: asker.key.map(str::to_owned),
        request_id: wish.request_id.clone(),
        digest: wish.digest.clone(),
        user: user.id,
        number: asked.number,
        begun: app.now() as i64,
        until: asked.until as i64,
        seen: None,
        stage: "waiting".to_owned(),
        decided: None,
        receipt: None,
    };
    asks::insert(&mut tx, &ask).await?;
    if let Some(key) = asker.key {
        api_keys::mark_used(&mut tx, key, app.now()).await?;
    }
    app.audit(&mut tx, "ask", &ask.id, "asked").await?;
    tx.commit().await?;
    app.metrics.ask("asked");
    asked
        .told
        .into_iter()
        .for_each(|topic| app.wake.tell(topic));
    Ok((ask, true))
}

/// Notes why something is not asked.
async fn refuse(
    app: &App,
    mut tx: Write,
    subject: &str,
    problem: Problem,
) -> Result<Problem, Problem> {
    app.audit(&mut tx, "ask", subject, problem.why.code())
        .await?;
    tx.commit().await?;
    Ok(problem)
}

/// The rows are each short enough, and together too long for a statement.
fn too_large(fault: Fault) -> Problem {
    match fault {
        Fault::Statement(Refusal::TooLarge) => {
            Problem::with_detail(Why::BadValue, "rows: together too long")
        }
        fault => fault.into(),
    }
}

/// There is no browser of ours here that an answer could come back to.
fn other_device() -> Problem {
    let detail =
        "its people are asked on the device that their browser is on, which this API can't do";
    Problem::with_detail(Why::Disabled, detail)
}

fn limit(app: &App, asker: &Asker<'_>) -> Result<(), Problem> {
    let Some(key) = asker.key else {
        return Ok(());
    };
    if let Some(wait) = app.asked.blocked(&key.to_owned(), app.now()) {
        return Err(Problem::after(Why::SlowDown, wait));
    }
    app.asked.count(key.to_owned(), app.now());
    Ok(())
}

/// Who asks, as the phone shows it.
fn service_of(row: &AppRow) -> Result<Service, Problem> {
    match (&row.host, &row.acs) {
        (Some(host), _) => Ok(Service {
            id: row.id.clone(),
            name: Name::parse(&row.name).map_err(Fault::from)?,
            host: host.clone(),
        }),
        (None, Some(_)) => Ok(login::service(row)?),
        (None, None) => Err(Problem::with_detail(
            Why::Disabled,
            "it has no host to be shown",
        )),
    }
}

/// Whom to ask, if it may be done now.
async fn find(
    app: &App,
    db: &mut Connection,
    asker: &Asker<'_>,
    wish: &Wish,
) -> Result<(User, Phones), Problem> {
    let user = users::by_account(db, &wish.account).await?;
    let user = user.ok_or(Why::NoPhone)?;
    let phones = Phones::of(db, &user.id).await?;
    if phones.is_empty() {
        return Err(Why::NoPhone.into());
    }
    if phones.are_paused() {
        return Err(Why::Paused.into());
    }
    let (now, of) = (app.now(), &asker.app.id);
    if let Some(until) = asks::waiting_until(db, of, &user.id, now).await? {
        let wait = (until as u64 + 1).saturating_sub(now);
        let detail = "another request for this account is open";
        return Err(Problem {
            detail: Some(detail.to_owned()),
            ..Problem::after(Why::Busy, wait)
        });
    }
    let third = asks::unwelcome(db, of, &user.id, UNWELCOME, now).await?;
    let free = third.map_or(0, |begun| begun as u64 + UNWELCOME_IN);
    if free > now {
        let detail = "the person did not want the last ones";
        return Err(Problem {
            detail: Some(detail.to_owned()),
            ..Problem::after(Why::Busy, free - now)
        });
    }
    Ok((user, phones))
}

/// The request of this id, as long as it can be looked at.
pub(crate) async fn look(app: &App, of: &AppRow, id: &str) -> Result<Ask, Problem> {
    let found = asks::by_id(&mut *app.store.read().await?, &of.id, id).await?;
    let ask = found.filter(|ask| app.now() <= ask.until as u64 + asks::LIFE);
    let ask = ask.ok_or(Why::NotFound)?;
    if !is_late(app, &ask) {
        return Ok(ask);
    }
    let mut tx = app.store.write().await?;
    let now = asks::by_id(&mut tx, &of.id, id)
        .await?
        .ok_or(Why::NotFound)?;
    settled(app, tx, now).await
}

fn is_late(app: &App, ask: &Ask) -> bool {
    ask.stage == "waiting" && app.now() > ask.until as u64
}

/// One whose time is over becomes late when somebody looks at it.
async fn settled(app: &App, mut tx: Write, mut ask: Ask) -> Result<Ask, Problem> {
    if is_late(app, &ask) {
        end(app, &mut tx, &mut ask, "late").await?;
        tx.commit().await?;
    }
    Ok(ask)
}

async fn end(app: &App, db: &mut Connection, ask: &mut Ask, stage: &str) -> Result<(), Problem> {
    if asks::step(db, &ask.id, "waiting", stage).await? {
        stage.clone_into(&mut ask.stage);
        app.audit(db, "ask", &ask.id, stage).await?;
        app.metrics.ask(stage);
    }
    Ok(())
}

/// Takes it back from the phones if it is open still.
pub(crate) async fn cancel(app: &App, of: &AppRow, id: &str) -> Result<Ask, Problem> {
    let mut ask = look(app, of, id).await?;
    let mut tx = app.store.write().await?;
    if let Some(now) = asks::by_id(&mut tx, &of.id, id).await? {
        ask = now;
    }
    if ask.stage == "waiting" {
        let mut told = others::end_txn(app, &mut tx, &ask.id, End::Withdrawn).await?;
        end(app, &mut tx, &mut ask, "cancelled").await?;
        tx.commit().await?;
        told.push(Topic::Ask(ask.id.clone()));
        told.into_iter().for_each(|topic| app.wake.tell(topic));
    }
    Ok(ask)
}

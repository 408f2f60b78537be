//! How often browsers may have a person asked (protocol section 12): each has one request open at a time and begins
//! one in 30 s; strangers together have one open for an account, known browsers another; strangers of one address begin so many
//! in a minute. What only a link opens rings nowhere, so it keeps nobody from asking; else it counts alike. When a person refuses,
//! mistypes or never sees three in a quarter of an hour, strangers don't wake the phones for an hour.
//!
//! Never: a difference between a name that somebody has and one that nobody has; a suspended ID, whatever browsers do.

use super::{AGAIN_AFTER, again_in};
use crate::app::App;
use crate::error::Fault;
use crate::page::Hold;
use crate::store::logins::{self, Login};
use crate::store::{Connection, floods};
use crate::web::Visitor;
use countersign_protocol::statement::Mode;

/// So many unwelcome requests …
const UNWELCOME: i64 = 3;

/// … in so many seconds make an ID quiet …
const UNWELCOME_IN: i64 = 900;

/// … for so long.
const QUIET: i64 = 3600;

/// Why a browser must wait before a person is asked in this mode.
pub(super) async fn hold(
    app: &App,
    db: &mut Connection,
    visitor: &Visitor,
    login: &Login,
    mode: Mode,
    account: &str,
    known: bool,
) -> Result<Option<Hold>, Fault> {
    let (now, session) = (app.now(), &login.session_hash);
    let here = mode == Mode::Same;
    if here && login.stage == "waiting" && !login.same {
        // In place of what the phones were told, which was counted.
        return Ok(None);
    }
    let (last, own) = match here {
        true => (logins::last_same(db, session).await?, 0),
        false => (
            logins::last_remote(db, session).await?,
            again_in(login, now),
        ),
    };
    let free = last.map_or(0, |last| last as u64 + AGAIN_AFTER);
    let wait = own.max(free.saturating_sub(now));
    if wait > 0 {
        return Ok(Some(Hold::Soon(wait as u32)));
    }
    if !here
        && let Some(until) = logins::waiting_elsewhere(db, account, known, session, now).await?
    {
        let left = (until as u64 + 1).saturating_sub(now);
        return Ok(Some(Hold::Busy(left as u32)));
    }
    if !known {
        if let Some(wait) = app.strangers.blocked(visitor.address, now) {
            return Ok(Some(Hold::Soon(wait as u32)));
        }
        app.strangers.count(visitor.address, now);
    }
    Ok(None)
}

/// Those of an account whose time is over are late, also where nobody looks at their page any more.
pub(super) async fn end_late(app: &App, db: &mut Connection, account: &str) -> Result<(), Fault> {
    for late in logins::end_late(db, account, app.now()).await? {
        is_late(app, db, &late, "late").await?;
    }
    Ok(())
}

/// To be called when the time of a login was `over`, as its stage says.
pub(super) async fn is_late(
    app: &App,
    db: &mut Connection,
    login: &Login,
    over: &str,
) -> Result<(), Fault> {
    app.audit(db, "login", &login.id, over).await?;
    app.metrics.login(over);
    if !login.same && login.seen.is_none() {
        let at = login.until.unwrap_or_default();
        unwelcome(app, db, login.user.as_deref(), at).await?;
    }
    Ok(())
}

/// To be called when a browser takes back what waits: a stranger's begins and endings are as unwelcome as what is
/// refused.
pub(super) async fn is_withdrawn(
    app: &App,
    db: &mut Connection,
    login: &Login,
) -> Result<(), Fault> {
    if login.stage == "waiting" && !login.same && !login.known {
        unwelcome(app, db, login.user.as_deref(), app.now() as i64).await?;
    }
    Ok(())
}

/// The person of an ID did not want to be asked.
pub(crate) async fn unwelcome(
    app: &App,
    db: &mut Connection,
    user: Option<&str>,
    at: i64,
) -> Result<(), Fault> {
    let Some(user) = user else {
        return Ok(());
    };
    let count = floods::count(db, user, at, at - UNWELCOME_IN).await?;
    let until = floods::quiet_until(db, user).await?;
    if count < UNWELCOME && until <= at {
        return Ok(());
    }
    if until <= at {
        app.audit(db, "user", user, "quiet").await?;
    }
    floods::set_quiet(db, user, until.max(at + QUIET)).await?;
    Ok(())
}

/// Until when an ID is quiet, if it is.
pub(crate) async fn quiet_until(
    app: &App,
    db: &mut Connection,
    user: &str,
) -> Result<Option<u64>, Fault> {
    let until = floods::quiet_until(db, user).await? as u64;
    Ok((until > app.now()).then_some(until))
}

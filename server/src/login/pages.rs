//! Which page shows a login.

use super::{AGAIN_AFTER, UNREACHED_AFTER, app_of, path};
use crate::app::App;
use crate::page::{self, Action, End, Phase, SignIn, Waiting};
use crate::store::credentials;
use crate::store::logins::Login;
use crate::web::{Page, Trouble, Visitor, ok, site};
use std::time::Duration;

pub(super) async fn of(app: &App, visitor: &Visitor, login: &Login, again_in: Option<u64>) -> Page {
    match login.stage.as_str() {
        "new" => sign_in(app, visitor, login, false).await,
        "waiting" => waiting(app, visitor, login, again_in).await,
        _ => end(app, visitor, login, again_in).await,
    }
}

pub(super) async fn name_missing(app: &App, visitor: &Visitor, login: &Login) -> Page {
    sign_in(app, visitor, login, true).await
}

fn csrf(app: &App, visitor: &Visitor) -> String {
    app.signer
        .csrf(visitor.session.as_deref().unwrap_or_default())
}

async fn sign_in(app: &App, visitor: &Visitor, login: &Login, name_missing: bool) -> Page {
    let row = app_of(app, login).await?;
    let (url, csrf) = (path(&login.id), csrf(app, visitor));
    let action = Action {
        url: &url,
        csrf: &csrf,
    };
    let page = SignIn {
        service: &row.name,
        action,
        account: "",
        name_missing,
    };
    Ok(ok(page::sign_in(&site(app, visitor), &page)))
}

/// How far a waiting login is.
pub(super) fn phase(app: &App, login: &Login) -> Phase {
    match login.seen {
        Some(_) => Phase::Seen,
        None if until_unreached(app, login).is_some() => Phase::Told,
        None => Phase::Unreached,
    }
}

/// Until the page says that the phone was not reached, if it still may come to that.
pub(super) fn until_unreached(app: &App, login: &Login) -> Option<Duration> {
    if login.seen.is_some() || login.stage != "waiting" {
        return None;
    }
    let at = login.begun.unwrap_or(0) as u64 + UNREACHED_AFTER;
    let left = at.saturating_sub(app.now());
    (left > 0).then(|| Duration::from_secs(left))
}

async fn waiting(app: &App, visitor: &Visitor, login: &Login, again_in: Option<u64>) -> Page {
    let row = app_of(app, login).await?;
    let here = path(&login.id);
    let (wait, again, cancel) = (
        format!("{here}/wait"),
        format!("{here}/again"),
        format!("{here}/cancel"),
    );
    let csrf = csrf(app, visitor);
    let left = (login.until.unwrap_or(0) as u64).saturating_sub(app.now());
    let page = Waiting {
        service: &row.name,
        account: login.account.as_deref().unwrap_or_default(),
        number: login.number.as_deref(),
        seconds_left: left as u32,
        phase: phase(app, login),
        here: &here,
        wait: &wait,
        again: Action {
            url: &again,
            csrf: &csrf,
        },
        again_in: again_in.map(|seconds| seconds.min(AGAIN_AFTER) as u32),
        cancel: Action {
            url: &cancel,
            csrf: &csrf,
        },
    };
    Ok(ok(page::waiting(&site(app, visitor), &page)))
}

async fn end(app: &App, visitor: &Visitor, login: &Login, again_in: Option<u64>) -> Page {
    let heard;
    let end = match login.stage.as_str() {
        "denied" => End::Denied,
        "number" => End::NumberWrong,
        "reported" => End::Reported,
        "replaced" => End::Replaced,
        "cancelled" => End::Cancelled,
        "paused" => End::Paused,
        "late" if login.seen.is_some() => End::Late,
        "late" => {
            heard = last_heard(app, login).await?;
            End::Unreached { since: &heard }
        }
        _ => End::Elsewhere,
    };
    let (url, csrf) = (format!("{}/again", path(&login.id)), csrf(app, visitor));
    let again = Action {
        url: &url,
        csrf: &csrf,
    };
    let may_again = matches!(
        login.stage.as_str(),
        "denied" | "number" | "late" | "cancelled"
    );
    Ok(ok(page::end(
        &site(app, visitor),
        end,
        may_again.then_some(&again),
        again_in.map(|seconds| seconds as u32),
    )))
}

/// When a phone of the account was last heard. For a name without one it is made up, so that the page
/// tells nobody which names exist.
async fn last_heard(app: &App, login: &Login) -> Result<String, Trouble> {
    let phones = match &login.user {
        Some(user) => {
            credentials::of_user(&mut *app.store.read().await?, user, &["active"]).await?
        }
        None => Vec::new(),
    };
    let heard = phones.iter().map(|row| row.heard).max();
    let seconds = heard.unwrap_or_else(|| derive_heard(app, login));
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    Ok(time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// A phone that nobody has is heard once a day, each day at another time. So the answer is the same on
/// every try, and over days it moves as that of a real phone does.
fn derive_heard(app: &App, login: &Login) -> i64 {
    const DAY: i64 = 86_400;
    let begun = login.begun.unwrap_or(0);
    let account = login.account.as_deref().unwrap_or_default();
    let heard = |day: i64| day * DAY + i64::from(app.signer.decoy(account, day)) % DAY;
    let today = heard(begun / DAY);
    if today < begun {
        today
    } else {
        heard(begun / DAY - 1)
    }
}

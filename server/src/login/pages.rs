//! Which page shows a login.

use super::{UNREACHED_AFTER, again_in, app_of, is_late, path, waits};
use crate::app::App;
use crate::credential::id_of;
use crate::error::Fault;
use crate::page::{self, Action, End, Hold, Phase, SignIn, SignInTrouble, Waiting, Way};
use crate::store::credentials;
use crate::store::logins::{self, Login};
use crate::web::{Page, Trouble, Visitor, ok, site};
use countersign_protocol::links::{ChallengeLink, ScannedNumber};
use std::time::Duration;

pub(super) async fn of(app: &App, visitor: &Visitor, login: &Login, hold: Option<Hold>) -> Page {
    match login.stage.as_str() {
        "new" => sign_in(app, visitor, login, "", None).await,
        _ if waits(login) => waiting(app, visitor, login, hold).await,
        _ => end(app, visitor, login, hold).await,
    }
}

fn csrf(app: &App, visitor: &Visitor) -> String {
    app.signer
        .csrf(visitor.session.as_deref().unwrap_or_default())
}

pub(super) async fn sign_in(
    app: &App,
    visitor: &Visitor,
    login: &Login,
    account: &str,
    trouble: Option<SignInTrouble>,
) -> Page {
    let row = app_of(app, login).await?;
    let (url, csrf) = (path(&login.id), csrf(app, visitor));
    let action = Action {
        url: &url,
        csrf: &csrf,
    };
    let page = SignIn {
        service: &row.name,
        action,
        account,
        trouble,
    };
    Ok(ok(page::sign_in(&site(app, visitor), &page)))
}

/// How far a waiting login is.
pub(super) fn phase(app: &App, login: &Login) -> Phase {
    match login.seen {
        _ if login.stage == "returning" => Phase::Back,
        Some(_) => Phase::Seen,
        None if login.same => Phase::Here,
        None if until_unreached(app, login).is_some() => Phase::Told,
        None => Phase::Unreached,
    }
}

/// Until the page says that the phone was not reached, if it still may come to that.
pub(super) fn until_unreached(app: &App, login: &Login) -> Option<Duration> {
    if login.seen.is_some() || login.stage != "waiting" || login.same {
        return None;
    }
    let at = login.begun.unwrap_or(0) as u64 + UNREACHED_AFTER;
    let left = at.saturating_sub(app.now());
    (left > 0).then(|| Duration::from_secs(left))
}

/// Until the page offers the number in place of what is opened on this device; none where it never does.
pub(super) async fn until_number(app: &App, login: &Login) -> Result<Option<Duration>, Trouble> {
    if !login.same || !waits(login) || app_of(app, login).await?.same_only {
        return Ok(None);
    }
    Ok(Some(Duration::from_secs(again_in(login, app.now()))))
}

/// The link that opens the request of a login in the app of this device; none where it isn't there to be opened.
fn link(app: &App, login: &Login) -> Result<Option<ChallengeLink>, Fault> {
    let open = login.same && login.stage == "waiting" && !is_late(login, app.now());
    let txn = login.txn.as_deref().filter(|_| open);
    let link = |txn| ChallengeLink {
        origin: app.signer.origin.clone(),
        txn,
    };
    Ok(txn.map(id_of).transpose()?.map(link))
}

/// The number of a login, to be scanned.
fn scan(login: &Login) -> Result<Option<ScannedNumber>, Fault> {
    let (Some(txn), Some(digits)) = (&login.txn, &login.number) else {
        return Ok(None);
    };
    Ok(Some(ScannedNumber {
        txn: id_of(txn)?,
        digits: digits.clone(),
    }))
}

/// The request that a browser session waits for on its own device.
pub(crate) async fn request_of(app: &App, session: &str) -> Result<Option<ChallengeLink>, Fault> {
    let mut db = app.store.read().await?;
    for login in logins::waiting_of_session(&mut db, session, "").await? {
        if let Some(link) = link(app, &login)? {
            return Ok(Some(link));
        }
    }
    Ok(None)
}

async fn waiting(app: &App, visitor: &Visitor, login: &Login, hold: Option<Hold>) -> Page {
    let row = app_of(app, login).await?;
    let here = path(&login.id);
    let csrf = csrf(app, visitor);
    let urls = ["again", "same", "more", "cancel"].map(|button| format!("{here}/{button}"));
    let [again, same, more, cancel] = urls.each_ref().map(|url| Action { url, csrf: &csrf });
    let number = until_number(app, login).await? == Some(Duration::ZERO);
    let wait = match number {
        true => format!("{here}/wait?number=offered"),
        false => format!("{here}/wait"),
    };
    let link = link(app, login)?.map(|link| link.to_link());
    let link = link.transpose().map_err(Fault::from)?;
    let scan = scan(login)?.map(|scan| scan.to_text());
    let way = match login.same {
        true => Way::Same {
            link: link.as_deref(),
            number: number.then_some(again),
            only: row.same_only,
        },
        false => Way::Phone {
            number: login.number.as_deref(),
            scan: scan.as_deref(),
            again,
            same,
        },
    };
    let left = (login.until.unwrap_or(0) as u64).saturating_sub(app.now());
    let page = Waiting {
        service: &row.name,
        account: login.account.as_deref().unwrap_or_default(),
        way,
        seconds_left: left as u32,
        phase: phase(app, login),
        here: &here,
        wait: &wait,
        hold,
        more,
        cancel,
    };
    Ok(ok(page::waiting(&site(app, visitor), &page)))
}

/// Whether a new request can follow its end.
pub(super) fn may_again(login: &Login) -> bool {
    matches!(
        login.stage.as_str(),
        "denied" | "number" | "late" | "unreturned" | "cancelled"
    )
}

async fn end(app: &App, visitor: &Visitor, login: &Login, hold: Option<Hold>) -> Page {
    let heard;
    let end = match login.stage.as_str() {
        "denied" => End::Denied,
        "number" => End::NumberWrong,
        "reported" => End::Reported,
        "replaced" => End::Replaced,
        "cancelled" => End::Cancelled,
        "paused" => End::Paused,
        "unreturned" => End::Unreturned,
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
    Ok(ok(page::end(
        &site(app, visitor),
        end,
        may_again(login).then_some(&again),
        hold,
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

/// A phone that nobody has is heard once in so many days, each time at another hour; in how many is its name's, as some people open
/// theirs daily and some hardly ever. So the answer is the same on every try, and over time it moves as that of a real phone does.
fn derive_heard(app: &App, login: &Login) -> i64 {
    const DAY: i64 = 86_400;
    const PACES: [i64; 8] = [1, 1, 1, 2, 3, 7, 14, 30];
    let begun = login.begun.unwrap_or(0);
    let account = login.account.as_deref().unwrap_or_default();
    let draw = |turn: i64| i64::from(app.signer.decoy(account, turn));
    // No turn has that number.
    let pace = DAY * PACES[(draw(-1) % PACES.len() as i64) as usize];
    let heard = |turn: i64| turn * pace + draw(turn) % pace;
    let last = heard(begun / pace);
    if last < begun {
        last
    } else {
        heard(begun / pace - 1)
    }
}

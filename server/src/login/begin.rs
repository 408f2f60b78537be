//! The phone is asked. A name that is unknown, or has no phone, is treated like any other: a
//! challenge is made and signed for nobody, and the page looks the same (row 33 of the bad inputs).

use super::{app_of, flood};
use crate::app::App;
use crate::error::Fault;
use crate::others::{self, End};
use crate::page::Hold;
use crate::store::apps::App as AppRow;
use crate::store::logins::{self, Login, Waiting};
use crate::store::users::{self, User};
use crate::store::{Connection, challenges, sessions};
use crate::txn::{Phones, Question};
use crate::wake::Topic;
use crate::web::{Trouble, Visitor, browser_phrase, hash};
use countersign_protocol::Origin;
use countersign_protocol::statement::{Context, Kind, Mode, Service, Zone};
use countersign_protocol::text::{Account, Name};
use countersign_saml::AcsUrl;

/// The name as it is looked up: trimmed, lower case, fit to be shown.
pub(crate) fn typed(text: &str) -> Option<String> {
    // Lower case first: it can be longer, and compose where capitals don't.
    let account = Account::clean(&text.to_lowercase()).ok()?;
    let account = account.as_str().trim();
    (!account.is_empty()).then(|| account.to_owned())
}

/// Asks all phones of an account in this way, or in the only one that the application takes, and makes the login wait, if it
/// still stands where `login` says. Other waiting logins of this browser, and this one's former request, are over. Why nobody
/// was asked, if the browser must wait.
pub(super) async fn ask_phone(
    app: &App,
    visitor: &Visitor,
    login: &Login,
    account: &str,
    way: Mode,
) -> Result<Option<Hold>, Trouble> {
    let row = app_of(app, login).await?;
    let mode = if row.same_only { Mode::Same } else { way };
    let mut tx = app.store.write().await?;
    // Decided, cancelled or asked again since it was looked at: whoever was first wins.
    let now = logins::by_id(&mut tx, &login.id).await?;
    if !now.is_some_and(|now| now.stage == login.stage && now.txn == login.txn) {
        return Ok(None);
    }
    let user = users::by_account(&mut tx, account).await?;
    let context = context(visitor, &mut tx, user.as_ref()).await?;
    let known = context.known;
    flood::end_late(app, &mut tx, account).await?;
    let hold = flood::hold(app, &mut tx, visitor, login, mode, account, known);
    if let Some(hold) = hold.await? {
        tx.commit().await?;
        return Ok(Some(hold));
    }
    let mut told = replace_others(app, &mut tx, visitor, login).await?;
    let old = login.txn.as_deref().unwrap_or_default();
    let replaces = challenges::open_of_txn(&mut tx, old).await?;
    flood::is_withdrawn(app, &mut tx, login).await?;
    told.extend(others::end_txn(app, &mut tx, old, End::Replaced).await?);
    let phones = match &user {
        Some(user) => Phones::of(&mut tx, &user.id).await?,
        None => Phones::none(),
    };
    if phones.are_paused() {
        if logins::step(&mut tx, &login.id, &login.stage, "paused").await? {
            app.audit_of(&mut tx, visitor, known, &login.id, "paused")
                .await?;
        }
        tx.commit().await?;
        return Ok(None);
    }
    let quiet = match &user {
        Some(user) => flood::quiet_until(app, &mut tx, &user.id).await?.is_some(),
        None => false,
    };

    let question = Question {
        kind: Kind::Login,
        service: service(&row)?,
        account,
        rows: None,
        context: Some(context),
        life: app.config.file.challenge.life,
        mode,
        replaces: &replaces,
        silent: quiet && !known,
    };
    let asked = question.ask(app, &mut tx, &phones).await?;
    told.extend(asked.told);
    let waiting = Waiting {
        account,
        user: user.as_ref().map(|user| user.id.as_str()),
        txn: &asked.txn,
        number: Some(asked.number.as_str()).filter(|number| !number.is_empty()),
        same: mode == Mode::Same,
        begun: app.now(),
        until: asked.until,
        known,
    };
    logins::wait(&mut tx, &login.id, &waiting).await?;
    let said = match mode {
        Mode::Same => "asked on this device",
        _ => "phone asked",
    };
    app.audit_of(&mut tx, visitor, known, &login.id, said)
        .await?;
    tx.commit().await?;
    app.metrics.login("asked");
    told.into_iter().for_each(|topic| app.wake.tell(topic));
    Ok(None)
}

async fn replace_others(
    app: &App,
    db: &mut Connection,
    visitor: &Visitor,
    login: &Login,
) -> Result<Vec<Topic>, Trouble> {
    let mut told = Vec::new();
    for other in logins::waiting_of_session(db, &login.session_hash, &login.id).await? {
        logins::step(db, &other.id, &other.stage, "replaced").await?;
        flood::is_withdrawn(app, db, &other).await?;
        let txn = other.txn.as_deref().unwrap_or_default();
        told.extend(others::end_txn(app, db, txn, End::Replaced).await?);
        app.audit_of(db, visitor, other.known, &other.id, "replaced")
            .await?;
        told.push(Topic::Login(other.id));
    }
    Ok(told)
}

/// The browser, in our own words.
async fn context(
    visitor: &Visitor,
    db: &mut Connection,
    user: Option<&User>,
) -> Result<Context, Fault> {
    let known = match (user, &visitor.browser) {
        (Some(user), Some(browser)) => sessions::is_known(db, &hash(browser), &user.id).await?,
        _ => false,
    };
    Ok(Context {
        browser: Name::parse(&browser_phrase(&visitor.agent))?,
        known,
        place: None,
        ip: Some(visitor.address.to_string()),
        zone: Zone::Outside,
    })
}

/// Who asks, as the phone shows it: the host is that of the registered address.
pub(crate) fn service(row: &AppRow) -> Result<Service, Fault> {
    const STORED: Fault = Fault::Stored("application");
    let acs = row
        .acs
        .as_deref()
        .and_then(|acs| AcsUrl::new(acs).ok())
        .ok_or(STORED)?;
    let host = host_of(acs.origin()).ok_or(STORED)?;
    Ok(Service {
        id: row.id.clone(),
        name: Name::parse(&row.name)?,
        host,
    })
}

/// `host[:port]` of an http or https origin, in the form of an origin of the protocol.
pub(crate) fn host_of(origin: &str) -> Option<String> {
    let (_, authority) = origin.split_once("://")?;
    let plain = authority.to_ascii_lowercase();
    let plain = plain.strip_suffix(":443").unwrap_or(&plain);
    Origin::parse(&format!("https://{plain}"))
        .ok()
        .map(|origin| origin.host().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_typed() {
        assert_eq!(
            typed("  Anna@Example.COM\u{200b} ").unwrap(),
            "anna@example.com"
        );
        assert_eq!(typed("\u{feff} anna \u{200b}").unwrap(), "anna");
        assert_eq!(typed(" \n\u{202e}"), None);
    }

    #[test]
    fn a_name_is_fit_to_be_shown_in_lower_case_too() {
        for odd in ["J\u{30c}", "H\u{331}t\u{308}", &"\u{130}".repeat(254)] {
            assert!(Account::parse(&typed(odd).unwrap()).is_ok(), "{odd}");
        }
    }

    #[test]
    fn the_host_is_the_one_of_the_registered_address() {
        assert_eq!(
            host_of("https://Wiki.Example.com:443").unwrap(),
            "wiki.example.com"
        );
        assert_eq!(host_of("http://127.0.0.1:8081").unwrap(), "127.0.0.1:8081");
        assert_eq!(host_of("https://[::1]"), None);
    }
}

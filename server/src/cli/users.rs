//! People, their phones, and the pages that add one.

use super::Said;
use crate::app::App;
use crate::credential;
use crate::error::Fault;
use crate::links::{Typed, compare, end_living, make_by_admin};
use crate::login::account_of;
use crate::others;
use crate::page::DigitsError;
use crate::phone::pin;
use crate::signer::{StartError, hidden};
use crate::store::credentials::{self, Credential};
use crate::store::invitations::{self, Page};
use crate::store::users::{self, User};
use crate::store::{Connection, logins, pins, recovery, sessions};
use clap::Subcommand;
use countersign_protocol::Id;
use countersign_protocol::statement::{Event, Standing, StateReason};
use countersign_protocol::text::Name;
use serde_json::{Value, json};

/// How long the address of a page is good, seconds.
const PAGE_LIFE: u64 = 24 * 3600;

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Add somebody.
    Add {
        /// E-mail address or user name; it becomes the SAML NameID.
        account: String,
        /// The person's name.
        #[arg(long)]
        name: String,
        /// Given name, for applications that ask for it apart.
        #[arg(long)]
        given: Option<String>,
        /// Family name, likewise.
        #[arg(long)]
        family: Option<String>,
        /// Noted for the pages to come: nothing asks for it yet.
        #[arg(long)]
        admin: bool,
    },
    /// List everybody.
    List,
    /// Show how many recovery codes somebody has left, and whether they are locked.
    Recovery {
        /// E-mail address or user name.
        account: String,
        /// Let codes be tried again, after five wrong ones in a row.
        #[arg(long)]
        unlock: bool,
    },
}

#[derive(Subcommand)]
pub(super) enum PhoneCommand {
    /// List somebody's phones.
    List {
        /// E-mail address or user name.
        account: String,
    },
    /// Make an invitation for somebody who is there, or whose voice you know; also for a further phone.
    Add {
        /// E-mail address or user name.
        account: String,
    },
    /// Add the phone that came with such an invitation, by the digits that it shows.
    Confirm {
        /// E-mail address or user name.
        account: String,
        /// Six of them, as they were read out.
        digits: String,
    },
    /// A phone may not answer any more.
    Revoke {
        /// As `phone list` shows it.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// A phone may not answer until it is resumed. Its person cannot lift that.
    Suspend {
        /// As `phone list` shows it.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// A phone that was paused may answer again, whatever it was paused for.
    Resume {
        /// As `phone list` shows it.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// A PIN that was wrong five times may be tried again.
    UnlockPin {
        /// As `phone list` shows it.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

fn said(text: impl Into<String>) -> StartError {
    StartError::Said(text.into())
}

fn name(text: &str) -> Result<String, StartError> {
    let name = Name::parse(text.trim()).map_err(|error| said(format!("name: {error}")))?;
    Ok(name.as_str().to_owned())
}

pub(super) async fn find(app: &App, account: &str) -> Result<User, StartError> {
    let found = match account_of(account) {
        Some(account) => users::by_account(&mut *app.store.read().await?, &account).await?,
        None => None,
    };
    found.ok_or_else(|| said("there is nobody of that account; `user list` shows who is"))
}

pub(super) async fn user(app: &App, command: UserCommand) -> Result<Vec<Said>, StartError> {
    match command {
        UserCommand::Add {
            account,
            name: full,
            given,
            family,
            admin,
        } => {
            let account = account_of(&account)
                .ok_or_else(|| said("that is no e-mail address or user name"))?;
            let user = User {
                id: Id::make().map_err(Fault::from)?.to_string(),
                account,
                name: name(&full)?,
                given: given.as_deref().map(name).transpose()?,
                family: family.as_deref().map(name).transpose()?,
                admin,
            };
            let mut tx = app.store.write().await?;
            if users::by_account(&mut tx, &user.account).await?.is_some() {
                return Err(said("there is somebody of that account already"));
            }
            users::insert(&mut tx, &user, app.now()).await?;
            app.audit(&mut tx, "user", &user.id, "added").await?;
            tx.commit().await?;
            let text = format!("Added {}. Next: invite {}", user.name, user.account);
            Ok(vec![Said::new(text, json_of(&user))])
        }
        UserCommand::List => {
            let all = users::all(&mut *app.store.read().await?).await?;
            Ok(all
                .iter()
                .map(|user| Said::new(line_of(user), json_of(user)))
                .collect())
        }
        UserCommand::Recovery { account, unlock } => codes(app, &account, unlock).await,
    }
}

/// How somebody's recovery codes stand.
async fn codes(app: &App, account: &str, unlock: bool) -> Result<Vec<Said>, StartError> {
    let user = find(app, account).await?;
    let mut tx = app.store.write().await?;
    if unlock {
        if recovery::wrong(&mut tx, &user.id).await? == 0 {
            return Err(said("no wrong code is counted for this ID"));
        }
        recovery::set_wrong(&mut tx, &user.id, 0).await?;
        app.audit(&mut tx, "recovery", &user.id, "unlocked").await?;
    }
    let left = recovery::left(&mut tx, &user.id).await?;
    let locked = crate::recovery::is_locked(&mut tx, &user.id).await?;
    let suspended = crate::recovery::is_suspended(&mut tx, &user.id).await?;
    tx.commit().await?;
    let state = match (locked, suspended) {
        (true, _) => "locked",
        (_, true) => "suspended",
        _ => "open",
    };
    let text = format!("{}  {left} codes left  {state}", user.account);
    let json = json!({ "account": user.account, "left": left, "state": state });
    Ok(vec![Said::new(text, json)])
}

fn line_of(user: &User) -> String {
    let role = if user.admin { "  administrator" } else { "" };
    format!("{}  {}{role}", user.account, user.name)
}

fn json_of(user: &User) -> Value {
    json!({ "account": user.account, "name": user.name, "given": user.given, "family": user.family, "admin": user.admin })
}

/// The address of a page that adds the first phone of an ID.
pub(super) async fn invite(app: &App, account: &str) -> Result<Said, StartError> {
    let user = find(app, account).await?;
    let token = Id::make().map_err(Fault::from)?.to_string();
    let page = Page {
        token_hash: hidden(&token),
        user: user.id.clone(),
        expires: (app.now() + PAGE_LIFE) as i64,
        made: 0,
        recovery: false,
    };
    let mut tx = app.store.write().await?;
    if !credentials::of_user(&mut tx, &user.id, &["active", "suspended"])
        .await?
        .is_empty()
    {
        return Err(said(
            "this ID has a phone already; `phone add` adds another one, `phone list` shows it",
        ));
    }
    // With the older page goes what it had under way.
    end_living(app, &mut tx, &user.id).await?;
    invitations::drop_pages_of(&mut tx, &user.id).await?;
    invitations::insert_page(&mut tx, &page).await?;
    app.audit(&mut tx, "invitation", &user.id, "page made")
        .await?;
    tx.commit().await?;
    let address = format!("{}/i/{token}", app.signer.origin);
    let text = format!(
        "Hand this address to {}, good for 24 hours. Whoever opens it can add a phone for {}:\n{address}",
        user.name, user.account
    );
    let json = json!({ "account": user.account, "page": address, "expires": PAGE_LIFE });
    Ok(Said::new(text, json))
}

pub(super) async fn phone(app: &App, command: PhoneCommand) -> Result<Vec<Said>, StartError> {
    match command {
        PhoneCommand::List { account } => {
            let user = find(app, &account).await?;
            let all = ["pending", "active", "suspended", "revoked", "refused"];
            let mut db = app.store.read().await?;
            let mut lines = Vec::new();
            for row in credentials::of_user(&mut db, &user.id, &all).await? {
                lines.push(phone_line(&mut db, &row).await?);
            }
            Ok(lines)
        }
        PhoneCommand::Add { account } => add_phone(app, &account).await,
        PhoneCommand::Confirm { account, digits } => confirm(app, &account, &digits).await,
        PhoneCommand::Revoke { id } => change(app, &id, Change::Revoke).await,
        PhoneCommand::Suspend { id } => change(app, &id, Change::Suspend).await,
        PhoneCommand::Resume { id } => change(app, &id, Change::Resume).await,
        PhoneCommand::UnlockPin { id } => unlock_pin(app, &id).await,
    }
}

async fn add_phone(app: &App, account: &str) -> Result<Vec<Said>, StartError> {
    let user = find(app, account).await?;
    let made = make_by_admin(app, &user.id).await?;
    let minutes = made.life / 60;
    let code = made.code.as_deref();
    let or_code = code.map(|code| format!("\nor, typed:\n{code}"));
    let text = format!(
        "Hand this link to {name} and to nobody else; their phone takes it within {minutes} minutes:\n{link}{or_code}\n\
         Next, with the digits that their phone shows, once you know that it is {name} who reads them out:\n\
         phone confirm {account} DIGITS",
        name = user.name,
        account = user.account,
        link = made.link,
        or_code = or_code.unwrap_or_default(),
    );
    let json = json!({ "account": user.account, "invitation": made.link, "code": code, "expires": made.life });
    Ok(vec![Said::new(text, json)])
}

async fn confirm(app: &App, account: &str, digits: &str) -> Result<Vec<Said>, StartError> {
    const NONE: &str = "no phone of this ID waits for its digits; `phone add` makes an invitation";
    const LATE: &str = "too late: this phone is not added";
    let user = find(app, account).await?;
    let living = invitations::living_of(&mut *app.store.read().await?, &user.id).await?;
    let invitation = living
        .into_iter()
        .find(|invitation| invitation.stage == "registered" && invitation.via == "admin")
        .ok_or_else(|| said(NONE))?;
    let id = invitation.credential.clone().ok_or_else(|| said(NONE))?;
    if is_too_late(app, &id).await? {
        return Err(said(LATE));
    }
    match compare(app, &invitation, digits).await? {
        Typed::Again(DigitsError::Empty) => return Err(said("type the six digits")),
        Typed::Again(DigitsError::Wrong { tries_left }) => {
            let tries = if tries_left == 1 { "try" } else { "tries" };
            return Err(said(format!(
                "the phone shows other digits; {tries_left} {tries} left"
            )));
        }
        Typed::Settled => {}
    }
    let mut db = app.store.read().await?;
    let row = credentials::by_id(&mut db, &id).await?;
    let row = row.ok_or(Fault::Stored("credential"))?;
    if row.standing != "active" {
        return Err(said(match row.reason.as_deref() {
            Some("sas") => "wrong digits, three times: this phone is not added",
            Some("second_finisher") => "another phone used the same invitation: neither is added",
            _ => LATE,
        }));
    }
    Ok(vec![phone_line(&mut db, &row).await?])
}

/// Whether the time of a pending phone is over, which ends it.
async fn is_too_late(app: &App, id: &str) -> Result<bool, StartError> {
    let mut tx = app.store.write().await?;
    let row = credentials::by_id(&mut tx, id).await?;
    let mut row = row.ok_or(Fault::Stored("credential"))?;
    let late = credential::settle(app, &mut tx, &mut row).await?;
    tx.commit().await?;
    Ok(late)
}

async fn phone_line(db: &mut Connection, row: &Credential) -> Result<Said, StartError> {
    let why = row
        .reason
        .as_deref()
        .map(|reason| format!(" ({reason})"))
        .unwrap_or_default();
    let locked = pin::is_locked(db, &row.id).await?;
    let note = if locked { "  PIN locked" } else { "" };
    let text = format!("{}  {}  {}{why}{note}", row.id, row.device, row.standing);
    let pin = row
        .pin_wrapped
        .is_some()
        .then_some(if locked { "locked" } else { "set" });
    let json = json!({ "id": row.id, "dev": row.dev, "device": row.device, "state": row.standing, "reason": row.reason, "heard": row.heard, "pin": pin });
    Ok(Said::new(text, json))
}

async fn unlock_pin(app: &App, id: &str) -> Result<Vec<Said>, StartError> {
    let mut tx = app.store.write().await?;
    let row = credentials::by_id(&mut tx, id)
        .await?
        .filter(|row| row.pin_wrapped.is_some())
        .ok_or_else(|| said("there is no phone of that id that has a PIN"))?;
    if !pins::clear(&mut tx, &row.id).await? {
        return Err(said("nothing is counted against the PIN of this phone"));
    }
    app.audit(&mut tx, "credential", &row.id, "pin unlocked")
        .await?;
    let line = phone_line(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(vec![line])
}

/// What an administrator does to a phone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Revoke,
    Suspend,
    Resume,
}

impl Change {
    /// Whether it can be done to this one, and what to say if not.
    fn fits(self, row: Option<&Credential>) -> Result<(), &'static str> {
        let standing = row.map_or("", |row| row.standing.as_str());
        let (fits, why) = match self {
            Self::Revoke => (
                matches!(standing, "active" | "suspended"),
                "there is no active or suspended phone of that id",
            ),
            Self::Suspend if standing == "suspended" => (
                row.is_some_and(|row| row.reason.as_deref() != Some("admin")),
                "it is suspended already, by an administrator",
            ),
            Self::Suspend => (
                standing == "active",
                "there is no active or suspended phone of that id",
            ),
            Self::Resume => (
                standing == "suspended",
                "there is no suspended phone of that id",
            ),
        };
        if fits { Ok(()) } else { Err(why) }
    }

    fn state(self) -> (Standing, Option<StateReason>, Event) {
        let admin = Some(StateReason::Admin);
        match self {
            Self::Revoke => (Standing::Revoked, admin, Event::PhoneRemoved),
            Self::Suspend => (Standing::Suspended, admin, Event::Suspended),
            Self::Resume => (Standing::Active, None, Event::Unpaused),
        }
    }
}

async fn change(app: &App, id: &str, change: Change) -> Result<Vec<Said>, StartError> {
    let mut tx = app.store.write().await?;
    let found = credentials::by_id(&mut tx, id).await?;
    change.fits(found.as_ref()).map_err(said)?;
    let mut row = found.ok_or_else(|| said("there is no phone of that id"))?;
    let (to, reason, event) = change.state();
    credential::change(app, &mut tx, &mut row, to, reason).await?;
    if change != Change::Resume {
        // It may be in other hands: nothing that it approved opens anything any more.
        logins::withdraw_approved(&mut tx, &row.user, "cancelled").await?;
        sessions::forget_browsers(&mut tx, &row.user).await?;
    }
    crate::txn::pause(app, &mut tx, &row.user).await?;
    // The phones learn it when they ask next: the server that they wait at is another process.
    others::notice(app, &mut tx, &row.user, event, Some(&row.device)).await?;
    let line = phone_line(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(vec![line])
}

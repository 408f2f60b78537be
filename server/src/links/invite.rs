//! Invitations: made by a page's button, one at a time for an ID.

use super::credential_of;
use crate::app::App;
use crate::credential;
use crate::error::Fault;
use crate::others::{self, End};
use crate::page::Problem;
use crate::recovery;
use crate::signer::hidden;
use crate::store::Connection;
use crate::store::credentials::{self, Credential};
use crate::store::invitations::{self, Invitation, Page};
use crate::web::Trouble;
use countersign_protocol::invitation::Invitation as Link;
use countersign_protocol::statement::{Standing, StateReason};
use countersign_protocol::typed_code::TypedCode;
use countersign_protocol::{Id, Thumbprint};

/// How long an invitation can be used, seconds.
const LIFE: u64 = 600;

/// Makes one; what the ID still had under way is over.
pub(super) async fn make(app: &App, token: &Id, page: &Page, browser: &str) -> Result<(), Trouble> {
    let mut tx = app.store.write().await?;
    // Tested here and again when the digits come: a page adds no second phone, but by a recovery code.
    let may = match page.recovery {
        true => recovery::is_possible(&mut tx, &page.user).await?,
        false => !has_phone(&mut tx, &page.user).await?,
    };
    if !may {
        return Err(Problem::NotFound.into());
    }
    let ended = end_living(app, &mut tx, &page.user).await?;
    let number = invitations::count_made(&mut tx, &page.token_hash)
        .await?
        .ok_or(Problem::NotFound)?;
    let shown = Shown {
        token,
        page,
        number,
        browser,
        via: "browser",
        begun_by: None,
    };
    shown.store(app, &mut tx).await?;
    tx.commit().await?;
    app.metrics.enrolment("invited");
    ended.iter().for_each(|row| credential::told(app, row));
    Ok(())
}

/// What an administrator hands to somebody who is there, or whose voice they know.
pub(crate) struct ByAdmin {
    pub(crate) link: String,
    /// The same to type, where the settings have it.
    pub(crate) code: Option<String>,
    /// For so many seconds.
    pub(crate) life: u64,
}

/// Makes one whose digits an administrator types, also for an ID that has a phone. It belongs to a page that
/// nobody has the address of; what the ID still had under way is over.
pub(crate) async fn make_by_admin(app: &App, user: &str) -> Result<ByAdmin, Fault> {
    let mut tx = app.store.write().await?;
    let (token, invitation, _) = make_unshown(app, &mut tx, user, "admin", None).await?;
    tx.commit().await?;
    let typed_code = app.config.file.invitation.typed_code;
    let code = typed_code.then(|| code(app, &token, &invitation));
    Ok(ByAdmin {
        link: link(app, &token, &invitation)?,
        code: code.transpose()?.map(|code| code.as_str().to_owned()),
        life: LIFE,
    })
}

/// What a phone of the ID shows to another one.
pub(crate) struct ByPhone {
    pub(crate) link: String,
    /// Credentials that were pending, and died of it.
    pub(crate) ended: Vec<Credential>,
}

/// Makes one whose digits are typed on the phone that began it.
pub(crate) async fn make_by_phone(
    app: &App,
    db: &mut Connection,
    by: &Credential,
) -> Result<ByPhone, Fault> {
    let begun_by = Some(by.id.as_str());
    let (token, invitation, ended) = make_unshown(app, db, &by.user, "phone", begun_by).await?;
    Ok(ByPhone {
        link: link(app, &token, &invitation)?,
        ended,
    })
}

/// It belongs to a page that nobody has the address of; what the ID still had under way is over.
async fn make_unshown(
    app: &App,
    db: &mut Connection,
    user: &str,
    via: &str,
    begun_by: Option<&str>,
) -> Result<(Id, Invitation, Vec<Credential>), Fault> {
    let token = Id::make()?;
    let page = Page {
        token_hash: hidden(&token.to_string()),
        user: user.to_owned(),
        expires: (app.now() + LIFE) as i64,
        made: 1,
        recovery: false,
    };
    let ended = end_living(app, db, user).await?;
    invitations::drop_pages_of(db, user).await?;
    invitations::insert_page(db, &page).await?;
    let shown = Shown {
        token: &token,
        page: &page,
        number: page.made,
        // Of no browser.
        browser: "",
        via,
        begun_by,
    };
    let invitation = shown.store(app, db).await?;
    Ok((token, invitation, ended))
}

/// A new invitation, and what shows it.
struct Shown<'a> {
    /// Of the page.
    token: &'a Id,
    page: &'a Page,
    /// The how-manieth of the page.
    number: i64,
    browser: &'a str,
    via: &'a str,
    begun_by: Option<&'a str>,
}

impl Shown<'_> {
    async fn store(&self, app: &App, db: &mut Connection) -> Result<Invitation, Fault> {
        let secret = app.signer.invitation_token(self.token, self.number);
        let root = app.signer.in_force().root;
        let code = TypedCode::new(secret.as_bytes(), &root);
        let invitation = Invitation {
            id: Id::make()?.to_string(),
            user: self.page.user.clone(),
            page_hash: self.page.token_hash.clone(),
            browser_hash: self.browser.to_owned(),
            token_hash: hidden(&secret.to_string()),
            code_hash: hidden(code.token()),
            number: self.number,
            expires: (app.now() + LIFE) as i64,
            offers: 0,
            tries: 0,
            stage: "open".to_owned(),
            credential: None,
            root: root.to_string(),
            via: self.via.to_owned(),
            begun_by: self.begun_by.map(str::to_owned),
            txn: None,
            recovery: self.page.recovery,
        };
        invitations::insert(db, &invitation).await?;
        app.audit(db, "invitation", &invitation.id, "made").await?;
        Ok(invitation)
    }
}

/// Ends what an ID has under way; the pending credentials that died of it.
pub(crate) async fn end_living(
    app: &App,
    db: &mut Connection,
    user: &str,
) -> Result<Vec<Credential>, Fault> {
    let mut ended = Vec::new();
    for living in invitations::living_of(db, user).await? {
        ended.extend(end_one(app, db, &living).await?);
    }
    Ok(ended)
}

/// The same of what this phone began; it may not answer for another one any more.
pub(crate) async fn end_begun(
    app: &App,
    db: &mut Connection,
    credential: &str,
) -> Result<(), Fault> {
    for living in invitations::living_by(db, credential).await? {
        end_one(app, db, &living).await?;
    }
    Ok(())
}

async fn end_one(
    app: &App,
    db: &mut Connection,
    living: &Invitation,
) -> Result<Option<Credential>, Fault> {
    invitations::step(db, &living.id, &living.stage, "replaced").await?;
    end_question(app, db, living).await?;
    let Some(id) = &living.credential else {
        return Ok(None);
    };
    let row = credentials::by_id(db, id).await?;
    let mut row = row.ok_or(Fault::Stored("credential"))?;
    let reason = Some(StateReason::Expired);
    // Which itself began nothing: it was pending.
    Box::pin(credential::change(
        app,
        db,
        &mut row,
        Standing::Refused,
        reason,
    ))
    .await?;
    Ok(Some(row))
}

/// The phone that began it is asked for its digits no more.
pub(crate) async fn end_question(
    app: &App,
    db: &mut Connection,
    invitation: &Invitation,
) -> Result<(), Fault> {
    if let Some(txn) = &invitation.txn {
        others::end_txn(app, db, txn, End::Withdrawn).await?;
    }
    Ok(())
}

/// Whether the ID has a phone that is in use or rests.
pub(super) async fn has_phone(db: &mut Connection, user: &str) -> Result<bool, Fault> {
    Ok(!credentials::of_user(db, user, &["active", "suspended"])
        .await?
        .is_empty())
}

/// The link, made again from the page's address: the database doesn't hold it.
pub(super) fn link(app: &App, token: &Id, invitation: &Invitation) -> Result<String, Fault> {
    let link = Link {
        origin: app.signer.origin.clone(),
        root: root_of(app, invitation)?,
        token: app.signer.invitation_token(token, invitation.number),
        expires: invitation.expires as u64,
        brand: None,
    };
    Ok(link.to_link()?)
}

/// The same as a code to type.
pub(super) fn code(app: &App, token: &Id, invitation: &Invitation) -> Result<TypedCode, Fault> {
    let secret = app.signer.invitation_token(token, invitation.number);
    Ok(TypedCode::new(
        secret.as_bytes(),
        &root_of(app, invitation)?,
    ))
}

/// The root that an invitation names.
pub(crate) fn root_of(app: &App, invitation: &Invitation) -> Result<Thumbprint, Fault> {
    if invitation.root.is_empty() {
        return Ok(app.signer.in_force().root);
    }
    credential::hash_of(&invitation.root).map(Thumbprint)
}

/// Until when what the page shows goes on.
pub(super) async fn until(app: &App, invitation: &Invitation) -> Result<u64, Trouble> {
    match invitation.stage.as_str() {
        "registered" => Ok(credential_of(app, invitation).await?.pending_until as u64),
        _ => Ok(invitation.expires as u64),
    }
}

pub(super) async fn is_over(app: &App, invitation: &Invitation) -> Result<bool, Trouble> {
    let living = matches!(invitation.stage.as_str(), "open" | "registered");
    Ok(living && app.now() > until(app, invitation).await?)
}

/// Time ended it.
pub(super) async fn expire(
    app: &App,
    db: &mut Connection,
    invitation: &Invitation,
) -> Result<(), Trouble> {
    match &invitation.credential {
        Some(id) => {
            let mut row = credentials::by_id(db, id)
                .await?
                .ok_or(Fault::Stored("credential"))?;
            credential::settle(app, db, &mut row).await?;
        }
        None => {
            invitations::step(db, &invitation.id, "open", "expired").await?;
        }
    }
    Ok(())
}

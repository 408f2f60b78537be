//! What phones are told beside requests: cancels and notices (protocol section 11). Each is signed and
//! stored by the transaction of what it tells, and listed until its phone acknowledges it.

use crate::app::App;
use crate::credential::{id_of, phones_of, set_of_rows};
use crate::error::Fault;
use crate::store::challenges::{self, Ended};
use crate::store::credentials::{self, Credential};
use crate::store::others::NewOther;
use crate::store::{Connection, others};
use crate::wake::Topic;
use countersign_protocol::statement::{Cancel, CancelReason, Event, Notice};
use countersign_protocol::text::Name;
use countersign_protocol::{Digest, Id};

/// How a `txn` ends.
#[derive(Clone, Copy)]
pub(crate) enum End<'a> {
    /// This phone approved it.
    Approved(&'a Credential),
    /// This phone decided otherwise.
    Refused(&'a Credential),
    /// A newer one takes its place.
    Replaced,
    /// The browser, the server or an action gave it up.
    Withdrawn,
}

/// Ends a `txn`: the phones that were sent it are told. Gives whom to wake after the commit.
pub(crate) async fn end_txn(
    app: &App,
    db: &mut Connection,
    txn: &str,
    end: End<'_>,
) -> Result<Vec<Topic>, Fault> {
    let (stage, reason, by) = match end {
        End::Approved(phone) | End::Refused(phone) => {
            ("decided", CancelReason::DecidedElsewhere, Some(phone))
        }
        End::Replaced => ("cancelled", CancelReason::Replaced, None),
        End::Withdrawn => ("cancelled", CancelReason::Withdrawn, None),
    };
    let mut ended = challenges::end_txn(db, txn, stage).await?;
    if matches!(end, End::Approved(_)) {
        challenges::mark_approved(db, txn).await?;
    }
    // Who decided is told by the verdict.
    ended.retain(|ended| by.is_none_or(|phone| phone.id != ended.credential));
    cancel(app, db, &ended, reason, by).await
}

/// Withdraws everything that a credential had open. One that is over isn't told: it asks for its state only.
pub(crate) async fn withdraw_all(
    app: &App,
    db: &mut Connection,
    row: &Credential,
) -> Result<(), Fault> {
    let ended = challenges::withdraw_all(db, &row.id).await?;
    if credentials::is_in_use(row) {
        cancel(app, db, &ended, CancelReason::Withdrawn, None).await?;
    }
    Ok(())
}

/// Tells a phone what it was sent and nobody decided in time: when it asks, since its own clock told it
/// before.
pub(crate) async fn tell_over(
    app: &App,
    db: &mut Connection,
    credential: &str,
) -> Result<(), Fault> {
    let over = challenges::end_late(db, credential, app.now()).await?;
    cancel(app, db, &over, CancelReason::Expired, None).await?;
    Ok(())
}

/// One that was never sent needs no cancel, and one of nobody has no phone.
async fn cancel(
    app: &App,
    db: &mut Connection,
    ended: &[Ended],
    reason: CancelReason,
    by: Option<&Credential>,
) -> Result<Vec<Topic>, Fault> {
    let mut told = Vec::new();
    for ended in ended.iter().filter(|ended| ended.seen.is_some()) {
        let jti = Id::make()?;
        let cancel = app.signer.sign(Cancel {
            iss: app.signer.origin.clone(),
            aud: id_of(&ended.credential)?,
            jti,
            iat: app.now(),
            keys: app.signer.keys_n(),
            challenge: id_of(&ended.jti)?,
            reason,
            device: by.map(|phone| Name::parse(&phone.device)).transpose()?,
        })?;
        let other = NewOther {
            credential: &ended.credential,
            jti: &jti.to_string(),
            kind: "cancel",
            statement: cancel.compact(),
            // What rang nowhere ends as quietly.
            silent: ended.silent,
        };
        others::insert(db, &other, app.now()).await?;
        told.push(Topic::Credential(ended.credential.clone()));
    }
    Ok(told)
}

/// A notice but for whom it is for.
struct News<'a> {
    event: Event,
    device: Option<&'a str>,
    set: Digest,
    phones: u64,
}

/// Tells every phone of an ID what happened to it; `device` is the phone that it happened to, or that did
/// it. To be called after the event. Gives whom to wake after the commit.
pub(crate) async fn notice(
    app: &App,
    db: &mut Connection,
    user: &str,
    event: Event,
    device: Option<&str>,
) -> Result<Vec<Topic>, Fault> {
    let rows = credentials::of_user(db, user, &["active", "suspended"]).await?;
    let (set, phones) = set_of_rows(&rows)?;
    let news = News {
        event,
        device,
        set,
        phones,
    };
    for row in &rows {
        tell(app, db, row, &news).await?;
    }
    Ok(rows
        .into_iter()
        .map(|row| Topic::Credential(row.id))
        .collect())
}

/// Tells a phone that the server has other keys, when it asks: there may be many phones, and no hurry.
pub(crate) async fn tell_keys(
    app: &App,
    db: &mut Connection,
    row: &Credential,
) -> Result<(), Fault> {
    let newest = app.signer.keys_n() as i64;
    if row.keys_told >= newest {
        return Ok(());
    }
    let (set, phones) = phones_of(db, &row.user).await?;
    let news = News {
        event: Event::KeysChanged,
        device: None,
        set,
        phones,
    };
    tell(app, db, row, &news).await?;
    Ok(credentials::mark_keys_told(db, &row.id, newest).await?)
}

async fn tell(
    app: &App,
    db: &mut Connection,
    to: &Credential,
    news: &News<'_>,
) -> Result<(), Fault> {
    let jti = Id::make()?;
    let notice = app.signer.sign(Notice {
        iss: app.signer.origin.clone(),
        aud: id_of(&to.id)?,
        jti,
        iat: app.now(),
        keys: app.signer.keys_n(),
        event: news.event,
        device: news.device.map(Name::parse).transpose()?,
        set: news.set,
        phones: news.phones,
    })?;
    let other = NewOther {
        credential: &to.id,
        jti: &jti.to_string(),
        kind: "notice",
        statement: notice.compact(),
        silent: false,
    };
    Ok(others::insert(db, &other, app.now()).await?)
}

//! Recovery codes (protocol section 11): made by an answer of a phone, used once each by a phone that comes when no
//! other is left.
//!
//! In: an approval of `recovery-codes`; the proof in a registration. Out: sealed codes; whether the proof is of one of
//! them. Never: a code in clear in the database, a code used twice, more than five wrong ones in a row, a way round an
//! administrator's suspension.

use crate::app::App;
use crate::error::Fault;
use crate::signer::Column;
use crate::store::credentials::{self, Credential};
use crate::store::{Connection, recovery};
use countersign_protocol::agreement::Agreement;
use countersign_protocol::recovery::RecoveryCode;
use countersign_protocol::{Digest, Thumbprint};
use zeroize::Zeroizing;

/// So many wrong ones in a row, and an administrator has to look.
pub(crate) const TRIES: i64 = 5;

/// Keeps the codes that both sides agree on, in place of all that there were.
pub(crate) async fn make(
    app: &App,
    db: &mut Connection,
    user: &str,
    agreement: &Agreement,
    response: &Digest,
) -> Result<(), Fault> {
    let mut wrapped = Vec::new();
    for (number, code) in (1..).zip(RecoveryCode::derive_all(agreement, response)) {
        let name = name(user, number);
        let sealed = app
            .signer
            .wrap(Column::RecoveryCode, &name, code.shown().as_bytes())?;
        wrapped.push(sealed);
    }
    recovery::replace(db, user, &wrapped).await?;
    app.audit(db, "recovery", user, "made").await
}

/// Whether a phone may come by a code now.
pub(crate) async fn is_possible(db: &mut Connection, user: &str) -> Result<bool, Fault> {
    Ok(!is_closed(db, user).await? && recovery::left(db, user).await? > 0)
}

/// Whether no code helps, whichever there are.
pub(crate) async fn is_closed(db: &mut Connection, user: &str) -> Result<bool, Fault> {
    Ok(is_locked(db, user).await? || is_suspended(db, user).await?)
}

/// Whether an administrator suspended a phone of the ID, which its person must not get round.
pub(crate) async fn is_suspended(db: &mut Connection, user: &str) -> Result<bool, Fault> {
    let resting = credentials::of_user(db, user, &["suspended"]).await?;
    let by_admin = |row: &Credential| row.reason.as_deref() == Some("admin");
    Ok(resting.iter().any(by_admin))
}

pub(crate) async fn is_locked(db: &mut Connection, user: &str) -> Result<bool, Fault> {
    Ok(recovery::wrong(db, user).await? >= TRIES)
}

/// Uses a code up by its proof; `false`, and counted, when it is of none that is left.
pub(crate) async fn take(
    app: &App,
    db: &mut Connection,
    user: &str,
    proof: &Digest,
    offer: &Digest,
    dev: &Thumbprint,
) -> Result<bool, Fault> {
    if is_closed(db, user).await? {
        return Ok(false);
    }
    let mut found = None;
    // All are looked at, whichever fits.
    for (number, wrapped) in recovery::unused(db, user).await? {
        let name = name(user, number);
        let text = app
            .signer
            .unwrap_text(Column::RecoveryCode, &name, &wrapped)?;
        let text = Zeroizing::new(text);
        let code = RecoveryCode::parse(&text).map_err(|_| Fault::Stored("recovery code"))?;
        if code.check_proof(offer, dev, proof).is_ok() {
            found = Some(number);
        }
    }
    match found {
        Some(number) => {
            recovery::mark_used(db, user, number, app.now()).await?;
            app.audit(db, "recovery", user, "used").await?;
        }
        None => {
            let wrong = recovery::wrong(db, user).await? + 1;
            recovery::set_wrong(db, user, wrong).await?;
            let said = if wrong >= TRIES {
                "locked"
            } else {
                "wrong code"
            };
            app.audit(db, "recovery", user, said).await?;
        }
    }
    Ok(found.is_some())
}

/// What a code is sealed for.
fn name(user: &str, number: i64) -> String {
    format!("{user} {number}")
}

//! The PIN of a response. A try is counted, durably, before it is compared: whoever pulls the plug
//! between the two gains nothing. Five that were not right lock the PIN.

use super::problem::Problem;
use crate::app::App;
use crate::error::Fault;
use crate::signer::Column;
use crate::store::credentials::Credential;
use crate::store::{Connection, pins};
use countersign_protocol::agreement::Agreement;
use countersign_protocol::crypto::AgreementSecret;
use countersign_protocol::jose::Signed;
use countersign_protocol::pin::check_proof;
use countersign_protocol::statement::Response;

/// Tries that lock a PIN.
pub(crate) const TRIES: u64 = 5;

/// Whether the PIN of a credential is locked.
pub(crate) async fn is_locked(
    db: &mut Connection,
    credential: &str,
) -> Result<bool, crate::store::Error> {
    Ok(pins::count(db, credential).await? >= TRIES)
}

/// Counts the try of a response as failed, if it isn't yet; the caller commits before it compares.
/// `false` when the PIN is locked: then nothing is compared.
pub(super) async fn count_first(
    db: &mut Connection,
    caller: &Credential,
    response: &Response,
) -> Result<bool, Problem> {
    let jti = response.jti.to_string();
    if pins::is_noted(db, &caller.id, &jti).await? {
        return Ok(true);
    }
    if is_locked(db, &caller.id).await? {
        return Ok(false);
    }
    pins::note(db, &caller.id, &jti).await?;
    Ok(true)
}

/// A response that was refused for something else is no try, even if it was counted before the server
/// stopped.
pub(super) async fn take_back(
    db: &mut Connection,
    caller: &Credential,
    response: &Response,
) -> Result<(), Problem> {
    Ok(pins::take_back(db, &caller.id, &response.jti.to_string()).await?)
}

/// What a comparison says.
pub(super) enum Compared {
    /// It is the PIN; the count is cleared.
    Right,
    /// It isn't, and this many tries are left.
    Wrong {
        /// None are when it is locked now.
        left: u64,
    },
}

/// Compares, in constant time. The try was counted before.
pub(super) async fn compare(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    response: &Signed<Response>,
) -> Result<Compared, Problem> {
    if is_right(app, caller, response)? {
        pins::clear(db, &caller.id).await?;
        return Ok(Compared::Right);
    }
    // A right one that was quicker cleared this try with the others.
    pins::note(db, &caller.id, &response.jti.to_string()).await?;
    let left = TRIES.saturating_sub(pins::count(db, &caller.id).await?);
    Ok(Compared::Wrong { left })
}

fn is_right(app: &App, caller: &Credential, response: &Signed<Response>) -> Result<bool, Fault> {
    let Some(wrapped) = &caller.pin_wrapped else {
        return Ok(false);
    };
    let k_pin = app
        .signer
        .unwrap(Column::CredentialPin, &caller.id, wrapped)?;
    // A point that agrees with nobody makes no proof.
    let agreement = agreement_of(app, caller, response)?;
    Ok(agreement.is_some_and(|agreement| check_proof(&agreement, &k_pin, response).is_ok()))
}

/// The agreement of a response's `dh` with the one that is kept for the credential; none when there is no
/// `dh`, or none that agrees.
pub(super) fn agreement_of(
    app: &App,
    caller: &Credential,
    response: &Response,
) -> Result<Option<Agreement>, Fault> {
    let Some(dh) = response.dh else {
        return Ok(None);
    };
    let kept = app
        .signer
        .unwrap(Column::CredentialDh, &caller.id, &caller.dh_wrapped)?;
    let kept = AgreementSecret::from_bytes(&kept);
    Ok(Agreement::new(&kept, &dh, &response.challenge).ok())
}

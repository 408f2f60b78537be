//! What both sides make of an approval: another K_pin with `pin-set`, another K_uv and K_off with `replace-uv`
//! (protocol section 7), new recovery codes (section 11). They are looked at before a PIN is compared, and taken with the verdict.

use super::pin::agreement_of;
use super::problem::Problem;
use crate::app::App;
use crate::credential::{self, Uv, keys_of};
use crate::error::Fault;
use crate::recovery;
use crate::signer::Column;
use crate::store::credentials::{self, Credential};
use crate::store::{Connection, pins};
use countersign_protocol::agreement::{Agreement, Purpose};
use countersign_protocol::jose::Signed;
use countersign_protocol::json;
use countersign_protocol::statement::{
    Challenge, Decision, Kind, Response, Standing, StateReason, UvInput,
};

/// Whether what an approval brings can be taken; `true` when it brings nothing.
pub(super) async fn is_good(
    app: &App,
    db: &mut Connection,
    caller: &Credential,
    challenge: &Signed<Challenge>,
    response: &Signed<Response>,
) -> Result<bool, Problem> {
    if response.decision != Decision::Approve {
        return Ok(true);
    }
    match challenge.kind {
        Kind::PinSet | Kind::RecoveryCodes => Ok(agreement_of(app, caller, response)?.is_some()),
        Kind::ReplaceUv => {
            let Some(input) = &response.input else {
                return Ok(false);
            };
            let dev = keys_of(app, caller)?.dev.thumbprint();
            let known = input.uv.thumbprint().to_string();
            Ok(input.verify(challenge, &dev).is_ok()
                && agreement_of(app, caller, response)?.is_some()
                && credentials::by_key(db, &known).await?.is_none())
        }
        _ => Ok(true),
    }
}

/// Takes what an accepted approval brings.
pub(super) async fn take(
    app: &App,
    db: &mut Connection,
    caller: &mut Credential,
    kind: Kind,
    response: &Signed<Response>,
) -> Result<(), Problem> {
    match kind {
        Kind::PinSet => take_pin(app, db, caller, response).await,
        Kind::ReplaceUv => take_uv(app, db, caller, response).await,
        Kind::RecoveryCodes => {
            let agreement = agreed(app, caller, response)?;
            let (user, response) = (&caller.user, response.hash());
            Ok(recovery::make(app, db, user, &agreement, &response).await?)
        }
        _ => Ok(()),
    }
}

fn agreed(app: &App, caller: &Credential, response: &Signed<Response>) -> Result<Agreement, Fault> {
    // It was found good.
    agreement_of(app, caller, response)?.ok_or(Fault::Stored("agreement"))
}

/// Count and lock of the old PIN are gone with it.
async fn take_pin(
    app: &App,
    db: &mut Connection,
    caller: &mut Credential,
    response: &Signed<Response>,
) -> Result<(), Problem> {
    let k_pin = agreed(app, caller, response)?.derive(Purpose::Pin, &response.hash());
    let wrapped = app
        .signer
        .wrap(Column::CredentialPin, &caller.id, &k_pin[..])?;
    credentials::set_pin(db, &caller.id, Some(&wrapped)).await?;
    caller.pin_wrapped = Some(wrapped);
    pins::clear(db, &caller.id).await?;
    app.audit(db, "credential", &caller.id, "pin set").await?;
    Ok(())
}

/// The next state names the new K_uv.
async fn take_uv(
    app: &App,
    db: &mut Connection,
    caller: &mut Credential,
    response: &Signed<Response>,
) -> Result<(), Problem> {
    let UvInput { uv, uvc, .. } = response.input.as_ref().ok_or(Fault::Stored("response"))?;
    let old = match (&caller.uv, keys_of(app, caller)?.uv) {
        (Some(thumbprint), Some(old)) => Some((
            thumbprint.clone(),
            json::write(&old.key).map_err(Fault::from)?,
        )),
        _ => None,
    };
    let k_off = agreed(app, caller, response)?.derive(Purpose::Off, &response.hash());
    caller.off_wrapped = app
        .signer
        .wrap(Column::CredentialOff, &caller.id, &k_off[..])?;
    caller.uv = Some(uv.thumbprint().to_string());
    let renewed = Uv {
        key: *uv,
        class: *uvc,
    };
    caller.uv_renewed = Some(json::write(&renewed).map_err(Fault::from)?);
    let old = old
        .as_ref()
        .map(|(thumbprint, key)| (thumbprint.as_str(), key.as_str()));
    credentials::replace_uv(db, caller, old).await?;
    let reason: Option<StateReason> = None;
    credential::change(app, db, caller, Standing::Active, reason).await?;
    app.audit(db, "credential", &caller.id, "uv renewed")
        .await?;
    Ok(())
}

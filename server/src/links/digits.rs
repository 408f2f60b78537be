//! The six digits: typed by a person from the phone into the page that shows the invitation, so
//! that no other phone than this one is taken (protocol section 5).

use super::{credential_of, invite, tell};
use crate::app::App;
use crate::credential::{self, hash_of};
use crate::error::Fault;
use crate::others;
use crate::page::DigitsError;
use crate::store::invitations::{self, Invitation};
use crate::web::Trouble;
use countersign_protocol::jose::Signed;
use countersign_protocol::sas;
use countersign_protocol::statement::{Event, Registration, Standing, StateReason};

/// How often they may be wrong.
const TRIES: i64 = 3;

pub(super) enum Typed {
    /// The page asks again.
    Again(DigitsError),
    /// The enrolment is done or dead; the page says which.
    Settled,
}

pub(super) async fn compare(
    app: &App,
    invitation: &Invitation,
    typed: &str,
) -> Result<Typed, Trouble> {
    if invitation.stage != "registered" {
        return Ok(Typed::Settled);
    }
    let typed: String = typed.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if typed.len() != 6 || !typed.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Typed::Again(DigitsError::Empty));
    }
    let mut row = credential_of(app, invitation).await?;
    let mut tx = app.store.write().await?;
    let offer = invitations::offer(&mut tx, &row.offer_hash)
        .await?
        .ok_or(Fault::Stored("offer"))?;
    let registration =
        Signed::<Registration>::verify_dev(&row.registration).map_err(Fault::from)?;
    let digits = sas::digits(
        &registration.offer,
        &registration.hash(),
        &hash_of(&offer.ns)?,
        &registration.np,
    );

    let mut told = Vec::new();
    if typed != digits {
        let left = TRIES - invitations::count_try(&mut tx, &invitation.id).await?;
        if left > 0 {
            tx.commit().await?;
            return Ok(Typed::Again(DigitsError::Wrong {
                tries_left: left as u32,
            }));
        }
        if invitations::step(&mut tx, &invitation.id, "registered", "sas").await? {
            credential::change(
                app,
                &mut tx,
                &mut row,
                Standing::Refused,
                Some(StateReason::Sas),
            )
            .await?;
        }
    } else if invite::has_phone(&mut tx, &row.user).await? {
        // Another way gave the ID a phone meanwhile: this page may not add a second one.
        if invitations::step(&mut tx, &invitation.id, "registered", "replaced").await? {
            credential::change(
                app,
                &mut tx,
                &mut row,
                Standing::Refused,
                Some(StateReason::Expired),
            )
            .await?;
        }
    } else if invitations::step(&mut tx, &invitation.id, "registered", "done").await? {
        credential::change(app, &mut tx, &mut row, Standing::Active, None).await?;
        let device = Some(row.device.as_str());
        told = others::notice(app, &mut tx, &row.user, Event::PhoneAdded, device).await?;
        app.metrics.enrolment("active");
    }
    tx.commit().await?;
    told.into_iter().for_each(|topic| app.wake.tell(topic));
    tell(app, invitation, &row);
    Ok(Typed::Settled)
}

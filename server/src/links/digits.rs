//! The six digits: typed from the phone into the page that shows the invitation, or by the administrator
//! who made it, so that no other phone than this one is taken (protocol section 5).

use super::{credential_of, invite, tell};
use crate::app::App;
use crate::credential::{self, hash_of};
use crate::error::Fault;
use crate::others;
use crate::page::DigitsError;
use crate::recovery;
use crate::store::Connection;
use crate::store::credentials::{self, Credential};
use crate::store::invitations::{self, Invitation};
use countersign_protocol::jose::Signed;
use countersign_protocol::sas;
use countersign_protocol::statement::{Event, Registration, Standing, StateReason};

/// How often they may be wrong.
pub(crate) const TRIES: i64 = 3;

/// A phone that came later may not change the ID for so long, seconds: 24 h (protocol section 11).
pub(crate) const PROBATION: u64 = 86_400;

pub(crate) enum Typed {
    /// They are asked for again.
    Again(DigitsError),
    /// The enrolment is done or dead; the page says which.
    Settled,
}

pub(crate) async fn compare(
    app: &App,
    invitation: &Invitation,
    typed: &str,
) -> Result<Typed, Fault> {
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
    let registration = Signed::<Registration>::verify_dev(&row.registration)?;
    let digits = sas::digits(
        &registration.offer,
        &registration.hash(),
        &hash_of(&offer.ns)?,
        &registration.np,
    );

    let by_admin = invitation.via == "admin";
    let further = by_admin || invitation.recovery;
    // What was tested when the invitation was made may be so no longer.
    let may_come = match invitation.recovery {
        true => !recovery::is_closed(&mut tx, &row.user).await?,
        false => by_admin || !invite::has_phone(&mut tx, &row.user).await?,
    };
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
    } else if !may_come {
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
        if further && had_another(&mut tx, &row).await? {
            row.probation = Some((app.now() + PROBATION) as i64);
        }
        credential::change(app, &mut tx, &mut row, Standing::Active, None).await?;
        let event = match (by_admin, invitation.recovery) {
            (true, _) => Event::AdminEnrolled,
            (_, true) => Event::RecoveryUsed,
            _ => Event::PhoneAdded,
        };
        let device = Some(row.device.as_str());
        told = others::notice(app, &mut tx, &row.user, event, device).await?;
        app.metrics.enrolment("active");
    }
    tx.commit().await?;
    told.into_iter().for_each(|topic| app.wake.tell(topic));
    tell(app, invitation, &row);
    Ok(Typed::Settled)
}

/// Whether the ID ever had a phone before this one.
async fn had_another(db: &mut Connection, row: &Credential) -> Result<bool, Fault> {
    let standings = ["active", "suspended", "revoked"];
    let had = credentials::of_user(db, &row.user, &standings).await?;
    Ok(had.iter().any(|other| other.id != row.id))
}

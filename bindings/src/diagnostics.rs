//! Why requests may not arrive, as far as the core can see. What the system does with pushes, only a shell can look at.

use crate::account::{PushType, Standing};
use crate::error::AuthError;
use crate::{count, seconds};
use countersign_core as core;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Diagnostics {
    /// Pushes since the start that named nothing here.
    pub ignored_pushes: i64,
    /// Answers that wait to be sent.
    pub waiting: u32,
    /// Those of them that need a person or an update.
    pub stuck: u32,
    /// One for each ID.
    pub accounts: Vec<AccountCheck>,
}

/// What was found for one ID.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AccountCheck {
    /// The ID.
    pub account: String,
    /// Where it stands.
    pub standing: Standing,
    /// Why its server can't be asked, if it can't.
    pub error: Option<AuthError>,
    /// The push service that the server reaches this phone by, if it does.
    pub push: Option<PushType>,
    /// Until when browsers that the ID doesn't know don't ring.
    pub quiet_until: Option<i64>,
}

pub(crate) fn of(core: &core::Authenticator) -> Result<Diagnostics, AuthError> {
    let outbox = core.outbox()?;
    let stuck = outbox.iter().filter(|one| one.stuck.is_some()).count();
    let accounts = core.accounts()?.into_iter();
    Ok(Diagnostics {
        ignored_pushes: seconds(core.ignored_pushes()),
        waiting: count(outbox.len() as u64),
        stuck: count(stuck as u64),
        accounts: accounts.map(|account| check(core, &account)).collect(),
    })
}

fn check(core: &core::Authenticator, account: &core::AccountInfo) -> AccountCheck {
    let (overview, error) = match core.overview(&account.id) {
        Ok(overview) => (Some(overview), None),
        Err(error) => (None, Some(error.into())),
    };
    let quiet = overview.as_ref().and_then(|overview| overview.quiet_until);
    AccountCheck {
        account: account.id.to_string(),
        standing: account.standing,
        error,
        push: overview.and_then(|overview| overview.push),
        quiet_until: quiet.map(seconds),
    }
}

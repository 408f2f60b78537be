//! What an ID looks like from its server, and what the server is told of this phone. Nothing of it is signed by the
//! server, so none of it changes anything here.

use crate::core::Core;
use crate::error::Fault;
use countersign_protocol::call::{OverviewAnswer, PhoneCall, PhoneRow};
use countersign_protocol::statement::{Level, PushAddress, PushType, StateReason};
use countersign_protocol::{Id, Thumbprint};
use std::fmt;

/// A phone of an ID, as the server says it.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneInfo {
    /// K_dev: names it to [`Action::RemovePhone`](crate::Action::RemovePhone) and
    /// [`Action::UnfreezePhone`](crate::Action::UnfreezePhone).
    pub dev: Thumbprint,
    /// Its name.
    pub device: String,
    /// Where its key is kept.
    pub level: Level,
    /// Since when it is one of the ID's, seconds on the server's clock.
    pub added: u64,
    /// When it last answered, likewise.
    pub used: Option<u64>,
    /// Until when it may not change the ID, likewise.
    pub probation: Option<u64>,
    /// Why it is at rest, if it is.
    pub suspended: Option<StateReason>,
    /// Whether it is this one.
    pub this: bool,
}

/// It is about a person.
impl fmt::Debug for PhoneInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneInfo")
    }
}

/// An ID, as its server says it: for display, nothing may depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Its phones.
    pub phones: Vec<PhoneInfo>,
    /// The push service that this phone is reached by, if it is.
    pub push: Option<PushType>,
    /// Recovery codes that are unused.
    pub recovery_left: u64,
    /// Until when browsers that the ID doesn't know don't ring, seconds on the server's clock.
    pub quiet_until: Option<u64>,
}

impl From<PhoneRow> for PhoneInfo {
    fn from(row: PhoneRow) -> Self {
        Self {
            dev: row.dev,
            device: row.device.as_str().to_owned(),
            level: row.level.dev,
            added: row.added,
            used: row.used,
            probation: row.probation,
            suspended: row.suspended,
            this: row.this,
        }
    }
}

impl From<OverviewAnswer> for Overview {
    fn from(answer: OverviewAnswer) -> Self {
        Self {
            phones: answer.phones.into_iter().map(PhoneInfo::from).collect(),
            push: answer.push.r#type,
            recovery_left: answer.recovery_left,
            quiet_until: answer.quiet_until,
        }
    }
}

impl Core {
    pub(crate) fn overview(&self, owner: &Id) -> Result<Overview, Fault> {
        let account = self.account(owner)?;
        let answer = self.call(&account, |at, id, prove| {
            self.client.overview(at, id, prove)
        });
        let answer = answer.map_err(|fault| self.look_at_state(owner, fault))?;
        Ok(answer.into())
    }

    /// Tells the server the app, the phone's name and language, as the settings have them.
    pub(crate) fn describe(&self, owner: &Id, slow: bool) -> Result<(), Fault> {
        let account = self.account(owner)?;
        let phone = PhoneCall {
            app: self.config.app.clone(),
            device: self.config.device.clone(),
            locale: self.config.locale.clone(),
            slow,
        };
        let told = self.call(&account, |at, id, prove| {
            self.client.describe(at, id, prove, &phone)
        });
        told.map_err(|fault| self.look_at_state(owner, fault))
    }

    pub(crate) fn set_push(&self, owner: &Id, address: Option<&PushAddress>) -> Result<(), Fault> {
        let account = self.account(owner)?;
        let told = self.call(&account, |at, id, prove| {
            self.client.set_push(at, id, prove, address)
        });
        told.map_err(|fault| self.look_at_state(owner, fault))
    }
}

#[cfg(test)]
#[path = "overview_tests.rs"]
mod tests;

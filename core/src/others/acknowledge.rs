//! What is durable here is acknowledged there; until the server has heard it, it is to be sent.

use crate::core::Core;
use crate::error::Fault;
use crate::vault::{Change, Place, Record};
use countersign_protocol::Id;
use countersign_protocol::call::LIST_CAP;
use serde::{Deserialize, Serialize};

/// The most that wait to be sent. What is beyond that is told again, if the list is ever read without a
/// cursor, and known then.
const MOST: usize = 400;

/// The `jti` of what was taken and not yet acknowledged, the oldest first; named by its owner.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acks {
    jti: Vec<Id>,
}

impl Record for Acks {
    const TREE: &'static str = "acks";
}

impl Core {
    /// Remembers, in the change that takes them, what to acknowledge.
    pub(super) fn owe(
        &self,
        change: &mut Change<'_>,
        owner: &Id,
        taken: &[Id],
    ) -> Result<(), Fault> {
        if taken.is_empty() {
            return Ok(());
        }
        let place = Place::of(owner);
        let mut acks = change.read::<Acks>(&place)?.unwrap_or_default();
        acks.jti.retain(|jti| !taken.contains(jti));
        acks.jti.extend(taken);
        let over = acks.jti.len().saturating_sub(MOST);
        acks.jti.drain(..over);
        Ok(change.put(&place, &acks)?)
    }

    /// Sends what is owed. What can't be sent now is sent after the next list.
    pub(crate) fn acknowledge(&self, owner: &Id) -> Result<(), Fault> {
        let place = Place::of(owner);
        loop {
            let acks = self.vault.read::<Acks>(&place)?.unwrap_or_default();
            let some: Vec<Id> = acks.jti.iter().copied().take(LIST_CAP).collect();
            if some.is_empty() {
                return Ok(());
            }
            let account = self.account(owner)?;
            let sent = self.call(&account, |at, id, prove| {
                self.client.acknowledge(at, id, prove, &some)
            });
            match sent {
                Err(Fault::Call(_)) => return Ok(()),
                other => other?,
            }
            self.vault.change(|change| {
                let mut acks = change.read::<Acks>(&place)?.unwrap_or_default();
                acks.jti.retain(|jti| !some.contains(jti));
                if acks.jti.is_empty() {
                    change.delete::<Acks>(&place)?;
                } else {
                    change.put(&place, &acks)?;
                }
                Ok::<_, Fault>(())
            })?;
        }
    }
}

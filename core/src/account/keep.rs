//! Verbs about an ID: fetch its state, list it, remove it.

use super::orphans::Orphan;
use super::record::{Account, Chain, Cursor, Index, KeptKeys, KeptState, numbered};
use crate::challenge::Seen;
use crate::core::Core;
use crate::error::Fault;
use crate::history::HistoryRecord;
use crate::outbox::Waiting;
use crate::ports::Order;
use crate::time::{ServerTime, Word};
use crate::vault::{Change, Record};
use countersign_protocol::Id;
use countersign_protocol::statement::State;

/// How long the keys of a revoked ID wait for the person to confirm, milliseconds.
const GRACE: u64 = 24 * 3_600_000;

impl Core {
    /// Fetches the newest state, waiting up to `wait` seconds for one, and takes it. No unsigned
    /// answer changes anything.
    pub(crate) fn fetch_state(&self, owner: &Id, wait: u64) -> Result<Account, Fault> {
        let mut account = self.account(owner)?;
        let sn = account.known()?.sn;
        let heard = self.call(&account, |at, id, prove| {
            self.client.state(at, id, prove, sn, wait)
        })?;
        let state = self.believe::<State>(&mut account, &heard.body.state)?;
        let word = Word::Some(heard.trip.arrived);
        self.vault.change(|change| {
            let mut account = change
                .read::<Account>(&owner.to_string())?
                .ok_or(Fault::Unknown)?;
            let before = Index::name(&account.trust.iss, &account.account);
            let mut time: ServerTime = change.read(&account.trust.time_name())?.unwrap_or_default();
            let now = self.clock.now();
            time.learn(state.iat, word, now);
            if !account.take_state(&state, time.lower(now).unwrap_or_default())? {
                return Ok(account);
            }
            change.put(&account.trust.time_name(), &time)?;
            change.put(&owner.to_string(), &account)?;
            let kept = KeptState {
                state: state.compact().to_owned(),
            };
            change.put(&numbered(owner, state.sn), &kept)?;
            rename(change, &account, &before)?;
            Ok(account)
        })
    }

    /// Removes everything about an ID from this phone, its keys last.
    pub(crate) fn remove(&self, owner: &Id) -> Result<(), Fault> {
        let name = owner.to_string();
        self.vault.change(|change| {
            let Some(account) = change.read::<Account>(&name)? else {
                return Ok(());
            };
            change.put(&name, &Orphan { owner: *owner })?;
            let index = Index::name(&account.trust.iss, &account.account);
            if change
                .read::<Index>(&index)?
                .is_some_and(|index| index.owner == *owner)
            {
                change.delete::<Index>(&index);
            }
            self.delete_belongings(change, &account)?;
            change.delete::<Account>(&name);
            Ok::<_, Fault>(())
        })?;
        self.schedule().forget(owner);
        self.destroy(owner)
    }

    fn delete_belongings(&self, change: &mut Change<'_>, account: &Account) -> Result<(), Fault> {
        let name = account.owner.to_string();
        change.delete::<Chain>(&name);
        change.delete::<Cursor>(&name);
        self.delete_all::<KeptKeys>(change, &name)?;
        self.delete_all::<KeptState>(change, &name)?;
        self.delete_all::<Seen>(change, &name)?;
        self.delete_all::<Waiting>(change, &name)?;
        self.delete_all::<HistoryRecord>(change, &name)?;
        let shared = |other: &Account| {
            other.owner != account.owner && other.trust.time_name() == account.trust.time_name()
        };
        if !self.vault.all::<Account>("")?.iter().any(shared) {
            change.delete::<ServerTime>(&account.trust.time_name());
        }
        Ok(())
    }

    fn delete_all<T: Record>(&self, change: &mut Change<'_>, owner: &str) -> Result<(), Fault> {
        let records = self
            .vault
            .scan::<T>(&format!("{owner}/"), Order::Rising, usize::MAX)?;
        for (name, _) in records {
            change.delete::<T>(&name);
        }
        Ok(())
    }

    /// Destroys the keys of an ID that was revoked a day ago. What it was stays listed, and its
    /// history stays.
    pub(crate) fn destroy_after_grace(&self, account: &Account) -> Result<(), Fault> {
        let Some(ended) = account.known().ok().and_then(|known| known.ended) else {
            return Ok(());
        };
        let lower = self.time(&account.trust)?.lower(self.clock.now());
        if lower.is_some_and(|lower| lower > ended.saturating_add(GRACE)) {
            self.keys.delete(&account.owner)?;
        }
        Ok(())
    }
}

/// Keeps the index with an account that has another name now.
fn rename(change: &mut Change<'_>, account: &Account, before: &str) -> Result<(), Fault> {
    let after = Index::name(&account.trust.iss, &account.account);
    if after == before {
        return Ok(());
    }
    if change
        .read::<Index>(before)?
        .is_some_and(|index| index.owner == account.owner)
    {
        change.delete::<Index>(before);
    }
    change.put(
        &after,
        &Index {
            owner: account.owner,
        },
    )?;
    Ok(())
}

impl Record for ServerTime {
    const TREE: &'static str = "time";
}

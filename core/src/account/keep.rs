//! Verbs about an ID: fetch its state, list it, remove it.

use super::codes::KeptCodes;
use super::gesture::let_go;
use super::orphans::Orphan;
use super::record::{Account, Chain, Cursor, Index, KeptKeys, KeptState};
use crate::challenge::Seen;
use crate::core::Core;
use crate::error::Fault;
use crate::history::HistoryRecord;
use crate::others::{Acks, NoticeRecord};
use crate::outbox::Waiting;
use crate::ports::Order;
use crate::time::{ServerTime, Word};
use crate::vault::{self, Blob, Change, Place, Record};
use countersign_protocol::Id;
use countersign_protocol::statement::{Standing, State};

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
            let place = Place::of(owner);
            let mut account = change.read::<Account>(&place)?.ok_or(Fault::Unknown)?;
            // Another thread took a newer one while this was on its way.
            if account.known()?.sn > state.sn.max(sn) && account.is_meant_by(&state) {
                return Ok(account);
            }
            let before = Index::place(&account.trust.iss, &account.account);
            let time_place = account.trust.time_place();
            let mut time: ServerTime = change.read(&time_place)?.unwrap_or_default();
            let now = self.clock.now();
            time.learn(state.iat, word, now);
            if !account.take_state(&state, time.lower(now).unwrap_or_default())? {
                return Ok(account);
            }
            change.put(&time_place, &time)?;
            change.put(&place, &account)?;
            let kept = KeptState {
                state: state.compact().to_owned(),
            };
            change.put(&Place::numbered(owner, state.sn), &kept)?;
            rename(change, &account, &before)?;
            if state.state == Standing::Revoked {
                change.delete_all::<KeptCodes>(owner)?;
            }
            Ok(account)
        })
    }

    /// Fetches the state that a new K_uv waits for, where that failed when its verdict came. If it fails again it comes with the next
    /// list, which says that there is one, or the next delivery.
    pub(crate) fn have_uv_named(&self, owner: &Id) -> Result<(), Fault> {
        if self.account(owner)?.is_uv_named() {
            return Ok(());
        }
        match self.fetch_state(owner, 0) {
            Err(fault @ (Fault::Vault(_) | Fault::Closed)) => Err(fault),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Removes everything about an ID from this phone, its keys last. One whose records can't be opened any more is removed
    /// like any other.
    pub(crate) fn remove(&self, owner: &Id) -> Result<(), Fault> {
        let gestures = self.vault.change(|change| {
            if !self.vault.owners()?.contains(owner) {
                return Ok(Vec::new());
            }
            // Part of what was read: when somebody takes in another K_uv meanwhile, this is done anew. One that can't be opened
            // gets none.
            let read = change.read::<Account>(&Place::of(owner));
            if let Err(fault @ vault::Fault::Store(_)) = read {
                return Err(fault.into());
            }
            let gestures = self.gesture_keys(owner)?;
            change.put(&Orphan::place(owner), &Orphan { owner: *owner })?;
            for uv in &gestures {
                let_go(change, *uv)?;
            }
            self.delete_belongings(change, owner)?;
            change.disown(owner)?;
            Ok::<_, Fault>(gestures)
        })?;
        self.schedule().forget(owner);
        for uv in &gestures {
            self.destroy(uv)?;
        }
        self.destroy(owner)
    }

    fn delete_belongings(&self, change: &mut Change<'_>, owner: &Id) -> Result<(), Fault> {
        for (found, index) in self.vault.scan::<Index>(None, Order::Rising, usize::MAX)? {
            if index.owner == *owner {
                change.delete_found(&found);
            }
        }
        // What is known about the time of servers where nobody else is.
        let others = self
            .accounts()?
            .into_iter()
            .filter(|other| other.owner != *owner);
        let kept: Vec<Place> = others.map(|other| other.trust.time_place()).collect();
        for (found, _) in self
            .vault
            .scan::<ServerTime>(None, Order::Rising, usize::MAX)?
        {
            if !kept
                .iter()
                .any(|place| self.vault.is_at::<ServerTime>(&found, place))
            {
                change.delete_found(&found);
            }
        }
        change.delete_all::<Account>(owner)?;
        change.delete_all::<Chain>(owner)?;
        change.delete_all::<Cursor>(owner)?;
        change.delete_all::<KeptKeys>(owner)?;
        change.delete_all::<KeptState>(owner)?;
        change.delete_all::<Seen>(owner)?;
        change.delete_all::<Waiting>(owner)?;
        change.delete_all::<KeptCodes>(owner)?;
        change.delete_all::<NoticeRecord>(owner)?;
        change.delete_all::<Acks>(owner)?;
        Ok(change.delete_all::<HistoryRecord>(owner)?)
    }

    /// An ID that was revoked: a later state may say otherwise, as long as there are keys to ask with. After a day they go, also
    /// where nobody answers.
    pub(crate) fn see_out(&self, account: &Account) -> Result<(), Fault> {
        if account.k_push.0.is_empty() {
            return Ok(());
        }
        match self.fetch_state(&account.owner, 0) {
            Err(fault @ (Fault::Vault(_) | Fault::Closed)) => Err(fault),
            Ok(_) | Err(_) => self.destroy_after_grace(&account.owner),
        }
    }

    /// Whether an ID is one that was revoked a day ago.
    fn is_past_grace(&self, account: &Account) -> Result<bool, Fault> {
        let ended = account.known().ok().and_then(|known| known.ended);
        let lower = self.time(&account.trust)?.lower(self.clock.now());
        Ok(ended
            .zip(lower)
            .is_some_and(|(ended, lower)| lower > ended.saturating_add(GRACE)))
    }

    /// Destroys what an ID that was revoked a day ago signed with. What it was stays listed, and its history stays, with the
    /// key that opens them. Both looks are at the ID as it is: another thread may have taken a state that says otherwise.
    fn destroy_after_grace(&self, owner: &Id) -> Result<(), Fault> {
        if !self.is_past_grace(&self.account(owner)?)? {
            return Ok(());
        }
        self.keys.retire(owner)?;
        let place = Place::of(owner);
        let gestures = self.vault.change(|change| {
            let mut account = change.read::<Account>(&place)?.ok_or(Fault::Unknown)?;
            if account.known()?.ended.is_none() {
                return Ok(Vec::new());
            }
            let gestures = self.gesture_keys(owner)?;
            (account.k_push, account.k_off) = (Blob(Vec::new()), Blob(Vec::new()));
            (account.pin, account.next_pin) = (None, None);
            (account.uv, account.next_uv) = (None, None);
            account.approvals.clear();
            change.put(&place, &account)?;
            for uv in &gestures {
                let_go(change, *uv)?;
            }
            Ok::<_, Fault>(gestures)
        })?;
        gestures.iter().try_for_each(|uv| self.destroy(uv))
    }
}

/// Keeps the index with an account that has another name now.
fn rename(change: &mut Change<'_>, account: &Account, before: &Place) -> Result<(), Fault> {
    let after = Index::place(&account.trust.iss, &account.account);
    if after == *before {
        return Ok(());
    }
    if change
        .read::<Index>(before)?
        .is_some_and(|index| index.owner == account.owner)
    {
        change.delete::<Index>(before)?;
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
    const KNOWN_BY_BYTES: bool = true;
}

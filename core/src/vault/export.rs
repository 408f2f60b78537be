//! A copy of the whole store, as sealed as it is: to move it to another engine of the same device, or to bring it back after
//! damage. On another device it opens nothing.
//!
//! `"cs-vault" ‖ 1 ‖ entries ‖ tag(32)`, an entry being `length(4) ‖ key ‖ length(4) ‖ value`; the tag is HMAC-SHA256 under a
//! key that comes from the data key.

use super::head::Head;
use super::header::Header;
use super::keys::Keys;
use super::place::{HEAD, HEADER};
use super::{FIRST, Fault, Vault};
use crate::ports::{Batch, Count, Counter, DeviceKeys, Entry, Order, Store, StoreError};
use std::sync::Arc;

const MAGIC: &[u8] = b"cs-vault\x01";
const TAG: usize = 32;

impl Vault {
    /// The copy, as of one commit.
    pub(crate) fn export(&self) -> Result<Vec<u8>, Fault> {
        let _still = self.head();
        let mut bytes = MAGIC.to_vec();
        for (key, value) in self.store.scan(b"", Order::Rising, usize::MAX)? {
            for part in [key, value] {
                let length = u32::try_from(part.len()).map_err(|_| Fault::Damaged)?;
                bytes.extend(length.to_be_bytes());
                bytes.extend(part);
            }
        }
        let tag = self.keys.export().tag(&[&bytes]);
        bytes.extend(tag);
        Ok(bytes)
    }
}

/// Fills an empty store from a copy. The person asks for it, so the counter follows: an older copy is taken, and what it doesn't
/// know of is noticed by the server (protocol section 8). Killed or failed anywhere it can be done again, and an app that could
/// begin anew before still can.
///
/// # Errors
/// [`Fault::Damaged`] for what is no copy, [`Fault::Key`] for another device's, [`Fault::Newer`],
/// [`StoreError::Changed`] when the store isn't empty. Nothing is written then.
pub(crate) fn import(
    store: &dyn Store,
    hardware: Arc<dyn DeviceKeys>,
    counter: &dyn Counter,
    bytes: &[u8],
) -> Result<(), Fault> {
    let (body, tag) = bytes
        .len()
        .checked_sub(TAG)
        .and_then(|at| bytes.split_at_checked(at))
        .ok_or(Fault::Damaged)?;
    let entries = entries(body.strip_prefix(MAGIC).ok_or(Fault::Damaged)?)?;
    let header = entries.iter().find(|(key, _)| key == HEADER);
    let header = Header::decode(&header.ok_or(Fault::Damaged)?.1)?;
    let keys = Keys::open(hardware, header.epoch, &header.data_key)?;
    if keys.export().tag(&[body]) != *tag {
        return Err(Fault::Damaged);
    }
    if !store.scan(b"", Order::Rising, 1)?.is_empty() {
        return Err(StoreError::Changed.into());
    }
    let head = entries.iter().find(|(key, _)| key == HEAD);
    let head = Head::check(&keys, &head.ok_or(Fault::Damaged)?.1, entries.iter())?;
    let batch = Batch {
        expects: [(HEADER.to_vec(), None)].into(),
        writes: entries
            .into_iter()
            .map(|(key, value)| (key, Some(value)))
            .collect(),
    };
    let tell = |version| {
        let store = header.store;
        counter.write(Count { store, version })
    };
    // Before the commit a version that takes the copy, and says no more than the old one of what an empty store means: that it is
    // lost, or that it may begin.
    let before = counter.read()?.map_or(FIRST, |count| count.version);
    tell(before.min(head.version))?;
    store.commit(&batch)?;
    // What can't be told now is told when the vault is opened.
    let _ = tell(head.version);
    Ok(())
}

fn entries(mut rest: &[u8]) -> Result<Vec<Entry>, Fault> {
    let mut entries = Vec::new();
    let part = |rest: &mut &[u8]| {
        let (length, after) = rest.split_first_chunk::<4>().ok_or(Fault::Damaged)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (part, after) = after.split_at_checked(length).ok_or(Fault::Damaged)?;
        *rest = after;
        Ok::<_, Fault>(part.to_vec())
    };
    while !rest.is_empty() {
        let key = part(&mut rest)?;
        entries.push((key, part(&mut rest)?));
    }
    Ok(entries)
}

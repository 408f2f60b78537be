//! How many requests of an ID are noted: neither a server nor somebody before one fills the store, and neither keeps out what comes
//! after. A note is there so that its request is shown and decided once; once its time is over by the lower bound, time does that.

use super::more::TOO_MANY;
use super::seen::Seen;
use super::verify::{Refusal, Verified};
use crate::core::Core;
use crate::error::Fault;
use crate::ports::Order;
use crate::time::ServerTime;
use crate::vault::{Change, Found};
use countersign_protocol::Id;

/// Open requests of an ID at a time, and notes of what it was asked in a day: more than anybody meets whose server is in its senses.
const MOST_OPEN: usize = 64;
const MOST: usize = 4096;

/// Who asked for the requests that are to be noted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedBy {
    /// This phone's person, here, one at a time: no flood.
    Person,
    Others,
}

/// What may still be noted.
pub(super) struct Room {
    left: usize,
    /// Notes that make way.
    gone: Vec<Found>,
    /// Notes of requests that one of those that are to be noted may be of.
    pub(super) kin: Vec<Seen>,
}

impl Room {
    /// Where nothing is to be noted.
    pub(super) fn none() -> Self {
        Self {
            left: 0,
            gone: Vec::new(),
            kin: Vec::new(),
        }
    }

    pub(super) fn take_one(&mut self) -> Result<(), Refusal> {
        self.left = self.left.checked_sub(1).ok_or(Refusal::TooMany)?;
        Ok(())
    }

    /// Forgets what makes way, once everything else is noted. The same change keeps the time by which it is over (`time`, which was
    /// learned in it), so that it is over also after a restart of the device, when the lower bound stands where it was kept: what
    /// comes again is refused by its `exp`, as it was by its note.
    pub(super) fn clear(&self, change: &mut Change<'_>) {
        self.gone.iter().for_each(|note| change.delete_found(note));
    }
}

impl Core {
    /// Room for these requests. Where there are notes enough, the oldest that are over make way, not the requests: anybody before
    /// an honest server can make it ask that often in a day.
    pub(super) fn make_room(
        &self,
        owner: &Id,
        by: AskedBy,
        requests: &[Verified],
        time: &ServerTime,
    ) -> Result<Room, Fault> {
        let (wanted, now) = (requests.len(), self.clock.now());
        let notes = self
            .vault
            .scan::<Seen>(Some(owner), Order::Rising, usize::MAX)?;
        let open = notes.iter().filter(|(_, seen)| seen.is_open_at(time, now));
        let (open, all) = (open.count(), notes.len());
        let is_kin = |seen: &Seen| {
            let mut requests = requests.iter();
            requests.any(|one| seen.may_be_of(one.challenge()))
        };
        let kin = notes.iter().filter(|(_, seen)| is_kin(seen));
        let kin = kin.map(|(_, seen)| seen.clone()).collect();
        let mut gone = Vec::new();
        let too_many = all.saturating_add(wanted).saturating_sub(MOST);
        if let (true, Some(lower)) = (too_many > 0, time.lower(now)) {
            let mut over = notes;
            over.retain(|(_, seen)| seen.makes_way(lower));
            over.sort_by_key(|(_, seen)| seen.exp());
            for (note, seen) in over {
                if gone.len() == too_many {
                    break;
                }
                if self.is_over_with_newer(owner, &seen, lower)? {
                    gone.push(note);
                }
            }
        }
        let left = match by {
            AskedBy::Person => wanted,
            AskedBy::Others => {
                let notes = MOST.saturating_sub(all - gone.len());
                MOST_OPEN.saturating_sub(open).min(notes)
            }
        };
        Ok(Room { left, gone, kin })
    }

    /// Whether what a request went on as makes way too: as long as it doesn't, a shell may name it by any of its statements.
    fn is_over_with_newer(&self, owner: &Id, seen: &Seen, lower: u64) -> Result<bool, Fault> {
        let mut newer = seen.newer();
        for _ in 0..TOO_MANY {
            let Some(jti) = newer else { break };
            match self.vault.read::<Seen>(&Seen::place(owner, &jti))? {
                Some(seen) if !seen.makes_way(lower) => return Ok(false),
                Some(seen) => newer = seen.newer(),
                None => break,
            }
        }
        Ok(true)
    }
}

//! When each entry is tried next. In memory: after a restart all are due at once.

use crate::ports::Moment;
use countersign_protocol::Id;
use countersign_protocol::crypto::make_random;
use std::collections::BTreeMap;

/// The longest pause between two tries, seconds.
const LONGEST: u64 = 60;

/// The pause of a stuck one, milliseconds.
const STUCK: u64 = 15 * 60_000;

/// The tries of every entry.
#[derive(Default)]
pub(crate) struct Schedule(BTreeMap<(Id, u64), Tries>);

#[derive(Default, Clone, Copy)]
struct Tries {
    /// Failed in a row.
    failed: u32,
    /// Not before.
    due: Option<Moment>,
    /// Signed by this process and not yet sent: the verdict of its first sending gives the time.
    unsent: bool,
    under_way: bool,
}

impl Schedule {
    /// A new entry, due at once; nothing where another thread was quicker to try it.
    pub(crate) fn add(&mut self, owner: Id, ctr: u64) {
        self.0.entry((owner, ctr)).or_insert(Tries {
            unsent: true,
            ..Tries::default()
        });
    }

    /// Begins a try: whether it is the first sending. Nothing while another thread tries the same.
    pub(super) fn begin(&mut self, owner: Id, ctr: u64) -> Option<bool> {
        let tries = self.0.entry((owner, ctr)).or_default();
        if tries.under_way {
            return None;
        }
        tries.under_way = true;
        Some(std::mem::take(&mut tries.unsent))
    }

    /// The entry has its end.
    pub(super) fn end(&mut self, owner: Id, ctr: u64) {
        self.0.remove(&(owner, ctr));
    }

    /// The try failed: `wait` is what the server asked for, seconds.
    pub(super) fn fail(
        &mut self,
        owner: Id,
        ctr: u64,
        stuck: bool,
        wait: Option<u64>,
        now: Moment,
    ) {
        let tries = self.0.entry((owner, ctr)).or_default();
        let pause = match wait {
            _ if stuck => STUCK,
            Some(seconds) => seconds.saturating_mul(1000),
            None => backoff(tries.failed),
        };
        tries.failed = tries.failed.saturating_add(1);
        tries.under_way = false;
        tries.due = Some(Moment {
            ms: now.ms.saturating_add(pause),
            ..now
        });
    }

    /// Milliseconds until an entry may be tried.
    pub(super) fn due_in(&self, owner: Id, ctr: u64, now: Moment) -> u64 {
        let due = self.0.get(&(owner, ctr)).and_then(|tries| tries.due);
        match due {
            Some(due) if due.boot == now.boot => due.ms.saturating_sub(now.ms),
            _ => 0,
        }
    }

    /// An ID was removed.
    pub(crate) fn forget(&mut self, owner: &Id) {
        self.0.retain(|(other, _), _| other != owner);
    }
}

/// 1, 2, 4 … 60 s, ± 20 %, in milliseconds.
fn backoff(failed: u32) -> u64 {
    let seconds = 1u64
        .checked_shl(failed.min(6))
        .unwrap_or(LONGEST)
        .min(LONGEST);
    // Without randomness all phones come back at once, which is no reason to fail.
    let random = u64::from(u16::from_be_bytes(make_random().unwrap_or([0x80, 0])));
    seconds * (800 + random * 400 / 65_535)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment {
            boot: Id::from([1; 16]),
            ms,
        }
    }

    #[test]
    fn pauses_grow_to_a_minute_and_stay_within_a_fifth() {
        for (failed, seconds) in [
            (0, 1),
            (1, 2),
            (2, 4),
            (3, 8),
            (4, 16),
            (5, 32),
            (6, 60),
            (7, 60),
            (u32::MAX, 60),
        ] {
            for _ in 0..50 {
                let pause = backoff(failed);
                assert!(
                    (seconds * 800..=seconds * 1200).contains(&pause),
                    "{failed} {pause}"
                );
            }
        }
    }

    #[test]
    fn an_entry_is_tried_by_one_thread_and_sent_first_once() {
        let (mut schedule, owner) = (Schedule::default(), Id::from([2; 16]));
        schedule.add(owner, 1);
        assert_eq!(schedule.due_in(owner, 1, at(5)), 0);
        assert_eq!(schedule.begin(owner, 1), Some(true));
        assert_eq!(schedule.begin(owner, 1), None);
        schedule.fail(owner, 1, false, Some(7), at(0));
        assert_eq!(schedule.due_in(owner, 1, at(1000)), 6000);
        assert_eq!(schedule.begin(owner, 1), Some(false));
        schedule.fail(owner, 1, true, None, at(0));
        assert_eq!(schedule.due_in(owner, 1, at(0)), STUCK);
        // After a restart of the device nothing is remembered, and nothing is waited for.
        assert_eq!(
            schedule.due_in(
                owner,
                1,
                Moment {
                    boot: Id::from([9; 16]),
                    ms: 0
                }
            ),
            0
        );
        schedule.end(owner, 1);
        assert_eq!(schedule.begin(owner, 1), Some(false));
    }

    #[test]
    fn an_entry_that_another_thread_was_quicker_to_try_is_not_new_any_more() {
        let (mut schedule, owner) = (Schedule::default(), Id::from([2; 16]));
        assert_eq!(schedule.begin(owner, 1), Some(false));
        schedule.add(owner, 1);
        assert_eq!(schedule.begin(owner, 1), None);
    }
}

//! What a phone knows about the server's clock (protocol section 6, Time): an interval that holds
//! it, made of signed times and a clock that nobody sets. Pure; times of the server are in seconds
//! on the wire and in milliseconds here.

use crate::ports::Moment;
use serde::{Deserialize, Serialize};

/// How much later than the upper bound a statement may claim to be made, milliseconds.
const TOLERANCE: u64 = 60_000;

/// When a call left and its answer came, both by the phone's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trip {
    /// When the request left.
    pub(crate) sent: Moment,
    /// When the answer was there.
    pub(crate) arrived: Moment,
}

/// What a statement tells about the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// It was made at some time before it arrived: a lower bound.
    Some(Moment),
    /// It can only have been made after the request left: both bounds.
    Fresh(Trip),
}

/// The interval of one server's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerTime {
    lower: Option<Mark>,
    upper: Option<Upper>,
}

/// The server's clock showed `ms` at this moment, or more (lower), or less (upper).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    ms: u64,
    at: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Upper {
    mark: Mark,
    sent: Moment,
}

impl ServerTime {
    /// Takes the `iat` (seconds) of a verified statement. `now` is asked after this interval was
    /// read, so it is later than everything in it, unless the device was started anew.
    pub(crate) fn learn(&mut self, iat: u64, word: Word, now: Moment) {
        if self.upper.is_some_and(|upper| !follows(upper.mark.at, now)) {
            self.upper = None;
        }
        let arrived = match word {
            // It can't have been made at that time, and tells nothing.
            Word::Some(_) if self.is_to_come(iat, now) => return,
            Word::Some(arrived) => arrived,
            Word::Fresh(trip) => trip.arrived,
        };
        let iat = iat.saturating_mul(1000);
        let least = iat.saturating_add(slower(elapsed(arrived, now).unwrap_or(0)));
        let lower = self.lower(now).map_or(least, |known| known.max(least));
        self.lower = Some(Mark { ms: lower, at: now });
        if let Word::Fresh(trip) = word {
            self.learn_upper(iat, least, trip, now);
        }
    }

    fn learn_upper(&mut self, iat: u64, least: u64, trip: Trip, now: Moment) {
        let (Some(round_trip), Some(since)) =
            (elapsed(trip.sent, trip.arrived), elapsed(trip.sent, now))
        else {
            return;
        };
        let newer = |known: Upper| elapsed(known.sent, trip.sent).is_some_and(|later| later > 0);
        if !self.upper.is_none_or(newer) {
            return;
        }
        // `iat` counts whole seconds, so the statement may be up to 999 ms younger than it says.
        let most = iat
            .saturating_add(999)
            .saturating_add(faster(round_trip))
            .saturating_add(faster(since - round_trip));
        // Below the lower bound: the server's clock was set back.
        if self.lower(now).is_some_and(|lower| most < lower) {
            self.lower = Some(Mark { ms: least, at: now });
        }
        self.upper = Some(Upper {
            mark: Mark { ms: most, at: now },
            sent: trip.sent,
        });
    }

    /// The least that the server's clock can show, milliseconds. Nothing is known before the first
    /// statement; after a restart of the device the last one holds and stands still.
    pub(crate) fn lower(&self, now: Moment) -> Option<u64> {
        let mark = self.lower?;
        Some(
            mark.ms
                .saturating_add(slower(elapsed(mark.at, now).unwrap_or(0))),
        )
    }

    /// The most that it can show, milliseconds, if anything is known since the device started.
    pub(crate) fn upper(&self, now: Moment) -> Option<u64> {
        let mark = self.upper?.mark;
        Some(mark.ms.saturating_add(faster(elapsed(mark.at, now)?)))
    }

    /// Whether a time (seconds) is certainly over. What isn't known isn't guessed.
    pub(crate) fn is_over(&self, exp: u64, now: Moment) -> bool {
        self.lower(now)
            .is_some_and(|lower| lower > exp.saturating_mul(1000))
    }

    /// Whether a time (seconds) is certainly still to come, with a tolerance of a minute.
    pub(crate) fn is_to_come(&self, iat: u64, now: Moment) -> bool {
        let most = self.upper(now).map(|upper| upper.saturating_add(TOLERANCE));
        most.is_some_and(|most| iat.saturating_mul(1000) > most)
    }

    /// When something was that says it was at this time (seconds): not later than now.
    pub(crate) fn not_to_come(&self, iat: u64, now: Moment) -> u64 {
        let most = self.upper(now).filter(|_| self.is_to_come(iat, now));
        most.map_or(iat, |most| most / 1000)
    }

    /// At most this many seconds are left until a time (seconds).
    pub(crate) fn left(&self, exp: u64, now: Moment) -> u64 {
        let exp = exp.saturating_mul(1000);
        exp.saturating_sub(self.lower(now).unwrap_or(exp)) / 1000
    }

    /// Seconds since a time (seconds) by the lower bound; nothing while no upper bound is known:
    /// then it may be much longer ago.
    pub(crate) fn ago(&self, iat: u64, now: Moment) -> Option<u64> {
        self.upper(now)?;
        Some(self.lower(now)?.saturating_sub(iat.saturating_mul(1000)) / 1000)
    }
}

/// Whether `now` belongs to the same run of the device and is not earlier.
fn follows(earlier: Moment, now: Moment) -> bool {
    elapsed(earlier, now).is_some()
}

fn elapsed(earlier: Moment, now: Moment) -> Option<u64> {
    if earlier.boot == now.boot {
        now.ms.checked_sub(earlier.ms)
    } else {
        None
    }
}

/// What a clock that runs 0.1 % fast has certainly seen pass.
fn slower(ms: u64) -> u64 {
    ms - ms.div_ceil(1000)
}

/// What a clock that runs 0.1 % slow may have seen pass.
fn faster(ms: u64) -> u64 {
    ms.saturating_add(ms.div_ceil(1000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_protocol::Id;
    use proptest::prelude::*;

    fn at(boot: u8, ms: u64) -> Moment {
        Moment {
            boot: Id::from([boot; 16]),
            ms,
        }
    }

    fn fresh(boot: u8, sent: u64, arrived: u64) -> Word {
        Word::Fresh(Trip {
            sent: at(boot, sent),
            arrived: at(boot, arrived),
        })
    }

    #[test]
    fn before_the_first_statement_nothing_is_guessed() {
        let time = ServerTime::default();
        assert!(!time.is_over(1, at(1, 0)) && !time.is_to_come(u64::MAX, at(1, 0)));
        assert_eq!((time.left(100, at(1, 0)), time.ago(1, at(1, 0))), (0, None));
    }

    #[test]
    fn a_fresh_answer_gives_both_bounds_and_they_drift_apart() {
        let mut time = ServerTime::default();
        time.learn(1000, fresh(1, 0, 500), at(1, 500));
        assert_eq!(time.lower(at(1, 500)), Some(1_000_000));
        assert_eq!(time.upper(at(1, 500)), Some(1_001_500));
        assert_eq!(time.lower(at(1, 1_000_500)), Some(1_999_000));
        assert_eq!(time.upper(at(1, 1_000_500)), Some(2_002_500));
        assert!(!time.is_over(1_000, at(1, 500)) && time.is_over(1_000, at(1, 5_000)));
        assert!(!time.is_to_come(1_061, at(1, 500)) && time.is_to_come(1_062, at(1, 500)));
        assert_eq!(time.left(1_120, at(1, 500)), 120);
        assert_eq!(time.ago(990, at(1, 500)), Some(10));
    }

    #[test]
    fn a_statement_that_may_be_old_gives_a_lower_bound_only() {
        let mut time = ServerTime::default();
        time.learn(1000, Word::Some(at(1, 0)), at(1, 0));
        assert_eq!(time.upper(at(1, 0)), None);
        assert!(!time.is_to_come(1_000_000, at(1, 0)));
        time.learn(500, Word::Some(at(1, 0)), at(1, 0));
        assert_eq!(time.lower(at(1, 0)), Some(1_000_000));
        assert_eq!(time.ago(990, at(1, 0)), None);
    }

    #[test]
    fn row_44_after_a_restart_the_lower_bound_holds_and_the_upper_is_unknown() {
        let mut time = ServerTime::default();
        time.learn(1000, fresh(1, 0, 10), at(1, 10));
        for now in [at(2, 0), at(2, 999_999), at(1, 9)] {
            assert_eq!((time.lower(now), time.upper(now)), (Some(1_000_000), None));
            assert!(time.is_over(999, now) && !time.is_to_come(9_999, now));
        }
        // The next statement of the new run moves it on; the old upper bound never comes back.
        time.learn(1100, Word::Some(at(1, 5)), at(1, 5));
        assert_eq!(
            (time.lower(at(1, 20)), time.upper(at(1, 20))),
            (Some(1_100_014), None)
        );
    }

    #[test]
    fn a_clock_that_was_set_back_is_followed_by_a_fresh_answer_alone() {
        let mut time = ServerTime::default();
        time.learn(5000, fresh(1, 0, 10), at(1, 10));
        time.learn(4000, Word::Some(at(1, 20)), at(1, 20));
        assert!(time.lower(at(1, 20)) >= Some(5_000_000));
        time.learn(4000, fresh(1, 30, 40), at(1, 40));
        assert_eq!(time.lower(at(1, 40)), Some(4_000_000));
        assert!(!time.is_over(4_100, at(1, 40)));
    }

    #[test]
    fn row_44_what_is_certainly_to_come_tells_nothing_but_in_a_fresh_answer() {
        let mut time = ServerTime::default();
        time.learn(1000, fresh(1, 0, 10), at(1, 10));
        let known = time;
        time.learn(9000, Word::Some(at(1, 10)), at(1, 10));
        assert_eq!(time, known);
        assert_eq!(time.not_to_come(9000, at(1, 10)), 1001);
        assert_eq!(time.not_to_come(1060, at(1, 10)), 1060);
        // Within the tolerance it is believed.
        time.learn(1060, Word::Some(at(1, 10)), at(1, 10));
        assert_eq!(time.lower(at(1, 10)), Some(1_060_000));
        // The server's clock was set forward.
        time.learn(9000, fresh(1, 20, 30), at(1, 30));
        assert!(time.lower(at(1, 30)) == Some(9_000_000) && !time.is_to_come(9000, at(1, 30)));
        assert_eq!(ServerTime::default().not_to_come(9000, at(1, 0)), 9000);
    }

    #[test]
    fn an_answer_to_an_earlier_request_does_not_replace_a_later_one() {
        let mut time = ServerTime::default();
        time.learn(1000, fresh(1, 100, 200), at(1, 200));
        let known = time.upper(at(1, 90_000));
        time.learn(1000, fresh(1, 50, 60_000), at(1, 60_000));
        assert_eq!(
            time.upper(at(1, 90_000)).map(|ms| ms / 10),
            known.map(|ms| ms / 10)
        );
    }

    #[test]
    fn extreme_times_neither_wrap_nor_panic() {
        let mut time = ServerTime::default();
        time.learn(u64::MAX, fresh(1, 0, u64::MAX), at(1, u64::MAX));
        assert_eq!(time.lower(at(1, u64::MAX)), Some(u64::MAX));
        assert!(!time.is_over(u64::MAX, at(1, u64::MAX)));
        time.learn(0, Word::Some(at(1, 0)), at(2, 0));
        assert_eq!(time.left(u64::MAX, at(2, 0)), 0);
    }

    /// What happens to a phone, as the server's clock (milliseconds) sees it.
    #[derive(Debug, Clone)]
    enum Event {
        Pass(u64),
        Hear { old: u64, delay: u64 },
        Ask { out: u64, back: u64 },
        Restart,
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            (0u64..10_000_000).prop_map(Event::Pass),
            (0u64..600_000, 0u64..90_000).prop_map(|(old, delay)| Event::Hear { old, delay }),
            (0u64..30_000, 0u64..30_000).prop_map(|(out, back)| Event::Ask { out, back }),
            Just(Event::Restart),
        ]
    }

    proptest! {
        /// Whatever the delays, restarts and a drift of up to 0.09 %: the true time is in the
        /// interval, so a challenge that the server just made is never refused for its time.
        #[test]
        fn the_interval_always_holds_the_servers_time(drift in -90i64..=90, events in proptest::collection::vec(event(), 1..40)) {
            let mut time = ServerTime::default();
            let (mut server, mut boot, mut begun) = (1_800_000_000_000u64, 1u8, 1_800_000_000_000u64);
            let phone = |server: u64, boot: u8, begun: u64| {
                let passed = i128::from(server - begun);
                at(boot, (passed + passed * i128::from(drift) / 100_000) as u64)
            };
            for event in events {
                match event {
                    Event::Pass(ms) => server += ms,
                    Event::Hear { old, delay } => {
                        let iat = (server - old) / 1000;
                        server += delay;
                        let now = phone(server, boot, begun);
                        time.learn(iat, Word::Some(now), now);
                    }
                    Event::Ask { out, back } => {
                        let sent = phone(server, boot, begun);
                        server += out;
                        let iat = server / 1000;
                        server += back;
                        let now = phone(server, boot, begun);
                        time.learn(iat, Word::Fresh(Trip { sent, arrived: now }), now);
                    }
                    Event::Restart => (boot, begun) = (boot.wrapping_add(1), server),
                }
                let now = phone(server, boot, begun);
                if let Some(lower) = time.lower(now) {
                    // One millisecond for the phone's clock, which counts whole ones.
                    prop_assert!(lower <= server + 1, "{lower} {server}");
                }
                if let Some(upper) = time.upper(now) {
                    prop_assert!(upper + 2 >= server, "{upper} {server}");
                }
                let just_made = server / 1000;
                prop_assert!(!time.is_over(just_made + 1, now) && !time.is_to_come(just_made, now));
            }
        }
    }
}

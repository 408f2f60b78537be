//! What may happen so often in a minute or an hour: ten wrong secrets from a source (protocol section 5), what strangers ask
//! from it (section 12) and leave here before they ask, what a key of an application begins (`docs/service-api.md`).

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};

/// A minute, in seconds.
pub(crate) const MINUTE: u64 = 60;

/// Counts in the minute, hour or whatever it is that each is in.
pub(crate) struct Per<K> {
    most: u32,
    /// So long it is.
    seconds: u64,
    counts: Mutex<HashMap<K, (u64, u32)>>,
}

impl<K: Eq + Hash> Per<K> {
    pub(crate) fn new(most: u32, seconds: u64) -> Self {
        Self {
            most,
            seconds,
            counts: Mutex::default(),
        }
    }

    /// Seconds to wait, if the time is used up.
    pub(crate) fn blocked(&self, who: &K, now: u64) -> Option<u64> {
        match self.all().get(who) {
            Some((time, count)) if *time == now / self.seconds && *count >= self.most => {
                Some(self.seconds - now % self.seconds)
            }
            _ => None,
        }
    }

    pub(crate) fn count(&self, who: K, now: u64) {
        let mut counts = self.all();
        let time = now / self.seconds;
        counts.retain(|_, (counted, _)| *counted == time);
        counts.entry(who).or_insert((time, 0)).1 += 1;
    }

    fn all(&self) -> MutexGuard<'_, HashMap<K, (u64, u32)>> {
        self.counts
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Wrong tokens or keys of a source.
pub(crate) const WRONG_SECRETS: u32 = 10;

/// Entries of the audit that a source makes in a minute by requests that anybody may send, and by what browsers that the account doesn't
/// know then do with them.
pub(crate) const ENTRIES: u32 = 60;

/// Browsers without a session that a source may bring in a minute, and requests that it may post: each leaves rows before anybody types a
/// name. So many come from an office's one address when its day begins; where more may ask, more may come.
pub(crate) fn newcomers(strangers: u32) -> u32 {
    strangers.saturating_mul(5).max(300)
}

/// By source.
pub(crate) struct PerSource(Per<IpAddr>);

impl PerSource {
    pub(crate) fn new(most: u32) -> Self {
        Self(Per::new(most, MINUTE))
    }

    /// Seconds to wait, if the source has used up its minute.
    pub(crate) fn blocked(&self, source: IpAddr, now: u64) -> Option<u64> {
        self.0.blocked(&network(source), now)
    }

    pub(crate) fn count(&self, source: IpAddr, now: u64) {
        self.0.count(network(source), now);
    }

    /// Whether it is among the first of the minute, which it counts for.
    pub(crate) fn is_early(&self, source: IpAddr, now: u64) -> bool {
        let early = self.blocked(source, now).is_none();
        if early {
            self.count(source, now);
        }
        early
    }
}

/// An IPv6 customer has a whole /64.
pub(crate) fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (!0 << 64)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_40_the_eleventh_wrong_token_of_a_minute_waits() {
        let limits = PerSource::new(WRONG_SECRETS);
        let source: IpAddr = "2001:db8::1".parse().unwrap();
        for _ in 0..10 {
            assert_eq!(limits.blocked(source, 70), None);
            limits.count(source, 70);
        }
        assert_eq!(limits.blocked(source, 75), Some(45));
        assert_eq!(limits.blocked("2001:db8::2".parse().unwrap(), 75), Some(45));
        assert_eq!(limits.blocked("2001:db8:1::1".parse().unwrap(), 75), None);
        assert_eq!(limits.blocked("127.0.0.1".parse().unwrap(), 75), None);
        assert_eq!(limits.blocked(source, 120), None);
    }

    #[test]
    fn a_mapped_address_is_the_same_source() {
        let limits = PerSource::new(WRONG_SECRETS);
        for _ in 0..10 {
            limits.count("::ffff:127.0.0.9".parse().unwrap(), 0);
        }
        assert!(limits.blocked("127.0.0.9".parse().unwrap(), 1).is_some());
    }
}

//! Ten wrong invitation tokens per source and minute (protocol section 5).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

const WRONG_PER_MINUTE: u32 = 10;

/// Wrong tokens in the minute that a source is in.
#[derive(Default)]
pub(crate) struct WrongTokens(Mutex<HashMap<IpAddr, (u64, u32)>>);

impl WrongTokens {
    /// Seconds to wait, if the source has used up its minute.
    pub(crate) fn blocked(&self, source: IpAddr, now: u64) -> Option<u64> {
        let counts = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        match counts.get(&network(source)) {
            Some((minute, WRONG_PER_MINUTE..)) if *minute == now / 60 => Some(60 - now % 60),
            _ => None,
        }
    }

    pub(crate) fn count(&self, source: IpAddr, now: u64) {
        let mut counts = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let minute = now / 60;
        counts.retain(|_, (counted, _)| *counted == minute);
        let entry = counts.entry(network(source)).or_insert((minute, 0));
        entry.1 += 1;
    }
}

/// An IPv6 customer has a whole /64.
fn network(source: IpAddr) -> IpAddr {
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
        let limits = WrongTokens::default();
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
        let limits = WrongTokens::default();
        for _ in 0..10 {
            limits.count("::ffff:127.0.0.9".parse().unwrap(), 0);
        }
        assert!(limits.blocked("127.0.0.9".parse().unwrap(), 1).is_some());
    }
}

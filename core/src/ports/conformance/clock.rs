//! What every clock does.

use crate::ports::Clock;

/// It runs forward, in one run of the device.
pub(crate) fn clock(clock: &dyn Clock) {
    let first = clock.now();
    let mut last = first;
    for _ in 0..1000 {
        let now = clock.now();
        assert_eq!(now.boot, first.boot);
        assert!(now.ms >= last.ms);
        last = now;
    }
}

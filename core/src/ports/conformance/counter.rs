//! What every counter does.

use crate::ports::{Count, Counter};
use countersign_protocol::Id;

/// `make` opens the same counter anew, as after a restart.
pub(crate) fn counter<C: Counter>(make: &dyn Fn() -> C) {
    let first = make();
    assert_eq!(first.read(), Ok(None));
    let of = |store: u8, version| Count {
        store: Id::from([store; 16]),
        version,
    };
    for count in [of(1, 1), of(1, u64::MAX), of(2, 7)] {
        first.write(count).unwrap();
        assert_eq!(first.read(), Ok(Some(count)));
        assert_eq!(make().read(), Ok(Some(count)));
    }
}

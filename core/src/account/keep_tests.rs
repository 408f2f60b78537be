//! What another thread takes about an ID while this one still holds it as it was.

use crate::core::Core;
use crate::ports::{DeviceKeys, Slot, TransportError};
use crate::testkit::{Phone, Trouble};
use countersign_protocol::Id;
use countersign_protocol::statement::{Standing, StateReason};

#[test]
fn a_removal_that_was_taken_back_meanwhile_takes_no_keys() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    drop(app);
    let core = Core::new(phone.config.clone(), phone.ports(0)).unwrap();
    phone.peer.end(Standing::Revoked, StateReason::Removed);
    core.fetch_state(&id, 0).unwrap();
    phone.pass(24 * 3600 + 120);
    // As one thread read it, before another heard that it is in use again.
    let before = core.account(&id).unwrap();
    phone.peer.become_state(|state| {
        (state.state, state.reason) = (Standing::Active, None);
        (state.wake, state.push_id) = (Some(Id::from([8; 16])), Some(Id::from([9; 16])));
    });
    core.fetch_state(&id, 0).unwrap();
    let lost = Trouble::Lost(TransportError::Unreachable);
    phone.peer.trouble("credentials", lost);
    core.see_out(&before).unwrap();
    assert!(phone.keys.sign(&id, Slot::Dev, b"m").is_ok());
    assert!(!phone.account(&id).k_push.0.is_empty());
}

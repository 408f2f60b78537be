//! What another thread takes about an ID while this one still holds it as it was.

use super::Unfit;
use crate::core::Core;
use crate::error::Fault;
use crate::ports::{DeviceKeys, Slot, TransportError};
use crate::testkit::{Phone, Trouble, json};
use countersign_protocol::Id;
use countersign_protocol::call::StateAnswer;
use countersign_protocol::statement::{Standing, StateReason};
use std::sync::Arc;

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

/// An older state is on its way while another thread takes a newer one, at each read of the store in turn.
#[test]
fn an_older_state_that_arrives_second_is_no_fault() {
    for at in 0.. {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        drop(app);
        let core = Arc::new(Core::new(phone.config.clone(), phone.ports(0)).unwrap());
        let older = phone.peer.sign(phone.peer.become_state(|_| {}));
        let newer = phone.peer.become_state(|_| {});
        let answer = StateAnswer {
            state: older.compact().to_owned(),
        };
        let on_its_way = || Trouble::Instead(json(200, &answer));
        phone.peer.trouble("credentials", on_its_way());
        let other = core.clone();
        let elsewhere = phone.at_read(at, move || drop(other.fetch_state(&id, 0).unwrap()));
        assert!(core.fetch_state(&id, 0).is_ok(), "{at}");
        if !elsewhere.came() {
            assert!(at > 1);
            break;
        }
        assert_eq!(core.account(&id).unwrap().known().unwrap().sn, newer.sn);
        // Where nothing newer came meanwhile it goes back.
        phone.peer.trouble("credentials", on_its_way());
        let fault = core.fetch_state(&id, 0).err();
        assert_eq!(fault, Some(Fault::State(Unfit::Backwards)), "{at}");
    }
}

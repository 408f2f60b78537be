//! A key that asks for the gesture goes with its ID, whoever makes one meanwhile; and one that nobody names goes when the
//! phone opens.

use super::gesture::{UvKey, take_in};
use crate::challenge::{Action, Answer};
use crate::core::Core;
use crate::ports::{DeviceKeys, Slot};
use crate::testkit::{Phone, typed};
use countersign_protocol::crypto::PublicKey;
use countersign_protocol::statement::UvClass;
use countersign_protocol::{Digest, Id};
use std::sync::Arc;

const PIN: &str = "294817";

fn renew() -> Answer {
    Answer::Approve {
        number: None,
        pin: Some(typed(PIN)),
    }
}

/// The gesture is renewed at each look into the store, in turn, that removing its ID takes.
#[test]
fn a_gesture_that_is_renewed_while_its_id_is_removed_leaves_no_key() {
    for at in 0.. {
        let phone = Phone::before_factors();
        let (app, id) = phone.enrolled_with_gesture(PIN);
        let app = Arc::new(app);
        let prompt = app.begin(&id, Action::RenewGesture).unwrap().id;
        let other = app.clone();
        let act = move || drop(other.decide(&prompt, &renew()).unwrap());
        *phone.meanwhile.lock().unwrap() = Some((at, Box::new(act)));
        app.forget(&id).unwrap();
        let through = phone.meanwhile.lock().unwrap().take().is_some();
        assert_eq!((phone.owners(), phone.records()), (0, Vec::new()), "{at}");
        if through {
            assert!(at > 4);
            break;
        }
    }
}

#[test]
fn a_key_that_no_id_names_is_destroyed_when_the_phone_opens() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    drop(app);
    let own = phone.account(&id).uv.unwrap().owner;
    let core = Core::new(phone.config.clone(), phone.ports(0)).unwrap();
    let strays = [Id::from([7; 16]), Id::from([8; 16])];
    for (stray, of) in strays.iter().zip([id, Id::from([9; 16])]) {
        let made = phone.keys.make(stray, Slot::Uv, &Digest::from([0; 32]));
        let uv = UvKey {
            owner: *stray,
            key: PublicKey::p256_from_point(&made.unwrap().point).unwrap(),
            class: UvClass::Credential,
        };
        core.vault
            .change(|change| take_in(change, &uv, of))
            .unwrap();
    }
    drop(core);
    assert_eq!(phone.owners(), 4);
    drop(phone.app());
    assert_eq!(phone.owners(), 2);
    let records = phone.records().into_iter();
    let gestures = records.filter(|one| one.starts_with("gesture/")).count();
    assert!(phone.keys.sign(&own, Slot::Uv, b"m").is_ok() && gestures == 1);
    // Of an ID that can't be opened nobody knows what it names.
    std::fs::remove_dir_all(phone.folder.path().join(id.to_string())).unwrap();
    let app = phone.app();
    assert!(app.accounts().unwrap()[0].lost);
    assert!(phone.keys.sign(&own, Slot::Uv, b"m").is_ok());
    app.forget(&id).unwrap();
    assert_eq!((phone.owners(), phone.records()), (0, Vec::new()));
}

#[test]
fn both_keys_stay_while_the_server_has_not_said_which_it_takes() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let prompt = app.begin(&id, Action::RenewGesture).unwrap().id;
    let lost = crate::testkit::Trouble::Lost(crate::ports::TransportError::Unreachable);
    phone.peer.trouble("/responses", lost);
    app.decide(&prompt, &renew()).unwrap();
    drop(app);
    let app = phone.app();
    assert_eq!(phone.owners(), 3);
    assert!(app.deliver(true).unwrap()[0].accepted);
    assert_eq!(phone.owners(), 2);
}

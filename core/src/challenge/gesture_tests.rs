//! The person gives one gesture for one decision, whatever happens in the meantime.

use crate::authenticator::Authenticator;
use crate::challenge::{Action, Answer, NewPin, PromptId};
use crate::error::{Code, Error};
use crate::testkit::{Phone, judged, typed};
use countersign_protocol::statement::{CancelReason, Decision};
use countersign_protocol::{Digest, Id};
use std::sync::Arc;
use std::sync::atomic::Ordering;

const PIN: &str = "294817";
const NEW: &str = "604155";

fn approve(pin: Option<&str>) -> Answer {
    Answer::Approve {
        number: Some("47".into()),
        pin: pin.map(typed),
    }
}

fn asked(phone: &Phone, app: &Authenticator, id: &Id, number: u8) -> PromptId {
    phone.peer.ask(number, |_| {});
    app.poll(id, 0).unwrap().prompts.remove(0).id
}

/// A phone with a gesture, and a request.
fn before_a_gesture() -> (Phone, Arc<Authenticator>, Id, PromptId) {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let prompt = asked(&phone, &app, &id, 1);
    (phone, Arc::new(app), id, prompt)
}

#[test]
fn what_changes_about_the_id_meanwhile_asks_no_second_gesture() {
    let (phone, app, id, prompt) = before_a_gesture();
    // Another request comes, with news about the phones of the ID.
    phone
        .peer
        .ask(2, |challenge| challenge.set = Digest::from([4; 32]));
    let other = app.clone();
    phone
        .person
        .meanwhile(move || assert_eq!(other.poll(&id, 0).unwrap().prompts.len(), 1));
    assert!(judged(app.decide(&prompt, &approve(None))).accepted);
    assert_eq!(phone.person.was_asked(), 1);
    assert_eq!(phone.peer.inner().responses.len(), 1);
}

#[test]
fn a_pin_that_is_set_by_one_gesture_is_the_one_whatever_changes_meanwhile() {
    let (phone, app, id, _) = before_a_gesture();
    phone.peer.inner().pin_by_uv = true;
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    phone
        .peer
        .ask(2, |challenge| challenge.set = Digest::from([4; 32]));
    let other = app.clone();
    phone
        .person
        .meanwhile(move || drop(other.poll(&id, 0).unwrap()));
    let answer = Answer::SetPin {
        old: None,
        new: NewPin::new(typed(NEW), &typed(NEW)).unwrap(),
    };
    assert!(judged(app.decide(&prompt.id, &answer)).accepted);
    assert_eq!(phone.person.was_asked(), 1);
    let login = asked(&phone, &app, &id, 3);
    assert!(judged(app.decide(&login, &approve(Some(NEW)))).accepted);
}

#[test]
fn an_answer_that_was_quicker_leaves_the_gesture_to_be_given_anew_and_one_chain() {
    let (phone, app, id, prompt) = before_a_gesture();
    let quicker = asked(&phone, &app, &id, 2);
    let other = app.clone();
    let deny = Answer::Deny { reason: None };
    phone
        .person
        .meanwhile(move || drop(other.decide(&quicker, &deny).unwrap()));
    let overtaken = Error::Retry {
        code: Code::StoreBusy,
        wait: None,
        reference: "overtaken",
    };
    assert_eq!(app.decide(&prompt, &approve(None)).err(), Some(overtaken));
    assert_eq!(phone.person.was_asked(), 1);
    assert!(app.outbox().unwrap().is_empty() && app.show(&prompt).is_ok());
    assert!(judged(app.decide(&prompt, &approve(None))).accepted);
    assert_eq!(phone.person.was_asked(), 1);
    let peer = phone.peer.inner();
    let signed: Vec<_> = peer
        .responses
        .iter()
        .map(|one| (one.decision, one.ctr))
        .collect();
    assert_eq!(signed, [(Decision::Deny, 1), (Decision::Approve, 2)]);
    assert_eq!(peer.responses[1].prev.0, Some(peer.responses[0].hash()));
}

#[test]
fn what_is_over_by_the_time_of_the_gesture_is_not_signed() {
    let (phone, app, id, prompt) = before_a_gesture();
    let cancel = phone.peer.cancel(prompt.challenge, CancelReason::Withdrawn);
    phone.peer.tell(cancel);
    let other = app.clone();
    phone
        .person
        .meanwhile(move || drop(other.poll(&id, 0).unwrap()));
    let seen = Error::Refused {
        code: Code::ChalSeen,
    };
    assert_eq!(app.decide(&prompt, &approve(None)).err(), Some(seen));
    assert_eq!(phone.person.was_asked(), 1);
    assert!(app.outbox().unwrap().is_empty() && app.history(9).unwrap().is_empty());
}

#[test]
fn a_key_that_was_made_goes_at_once_when_the_store_can_not_be_read_after_it() {
    let (phone, app, id, _) = before_a_gesture();
    let prompt = app.begin(&id, Action::RenewGesture).unwrap();
    let broken = phone.broken.clone();
    phone
        .person
        .meanwhile(move || broken.store(true, Ordering::SeqCst));
    let answer = Answer::Approve {
        number: None,
        pin: Some(typed(PIN)),
    };
    let error = app.decide(&prompt.id, &answer).err().unwrap();
    assert_eq!(error.code(), Some(Code::StoreReopen));
    assert_eq!((phone.person.was_asked(), phone.owners()), (1, 2));
    phone.broken.store(false, Ordering::SeqCst);
    drop(app);
    let app = phone.app();
    assert!(judged(app.decide(&prompt.id, &answer)).accepted);
    assert_eq!(phone.owners(), 2);
    assert!(
        phone
            .records()
            .iter()
            .all(|name| !name.starts_with("orphan"))
    );
}

//! What a list, or the outbox, brought reaches the caller, whatever fails after it.

use crate::authenticator::Authenticator;
use crate::challenge::{Action, Answer, NewPin, PromptId};
use crate::enrol::Progress;
use crate::error::{Code, Error};
use crate::outbox::{Sent, VerdictInfo};
use crate::ports::TransportError;
use crate::testkit::{Phone, Trouble, typed};
use countersign_protocol::crypto::SigningKey;
use countersign_protocol::statement::{CancelReason, Event};
use countersign_protocol::{Digest, Id, Signed};
use std::collections::BTreeMap;

const PIN: &str = "294817";
const NEW: &str = "604155";

fn lost() -> Trouble {
    Trouble::Lost(TransportError::Unreachable)
}

fn code(error: Option<Error>) -> Option<Code> {
    error.and_then(|error| error.code())
}

fn deny(phone: &Phone, app: &Authenticator, id: &Id, trouble: Trouble) -> PromptId {
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(id, 0).unwrap().prompts.remove(0);
    phone.peer.trouble("/responses", trouble);
    let sent = app.decide(&prompt.id, &Answer::Deny { reason: None });
    assert!(matches!(sent, Ok(Sent::Queued(_))));
    prompt.id
}

#[test]
fn a_page_that_was_taken_is_given_though_the_next_one_fails() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    for number in 1..=25 {
        phone.peer.ask(number, |_| {});
    }
    phone.peer.trouble("after=c19", lost());
    let first = app.poll(&id, 0).unwrap();
    assert_eq!(
        (first.prompts.len(), code(first.error)),
        (19, Some(Code::NetOffline))
    );
    let second = app.poll(&id, 0).unwrap();
    assert_eq!((second.prompts.len(), second.error), (6, None));
    // Where nothing came the failure is all there is to say.
    phone.peer.trouble("challenges", lost());
    assert_eq!(code(app.poll(&id, 0).err()), Some(Code::NetOffline));
}

#[test]
fn a_verdict_that_was_settled_is_given_though_its_page_fails() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let denied = deny(
        &phone,
        &app,
        &id,
        Trouble::AnswerLost(TransportError::Broken),
    );
    let verdict = phone.peer.inner().verdicts[0].compact().to_owned();
    let new = SigningKey::ed25519_from_seed(&[3; 32]).unwrap();
    let keys = phone.peer.keys(2, &new, None);
    let notice = phone.peer.notice(Event::PinChanged, Digest::from([3; 32]));
    let mut foreign = phone.peer.cancel(denied.challenge, CancelReason::Expired);
    foreign.aud = Id::from([7; 16]);
    let foreign = phone.peer.sign(foreign).compact().to_owned();
    let notice = Signed::sign(notice, &new).unwrap().compact().to_owned();
    {
        let mut peer = phone.peer.inner();
        peer.keys.push(keys);
        peer.others.extend([foreign, verdict, notice]);
    }
    phone.peer.trouble("/keys", lost());
    let first = app.poll(&id, 0).unwrap();
    assert_eq!(
        first.verdicts.iter().map(|one| one.id).collect::<Vec<_>>(),
        [denied]
    );
    assert!(first.notices.is_empty() && first.refused.is_empty());
    assert_eq!(code(first.error), Some(Code::NetOffline));
    let second = app.poll(&id, 0).unwrap();
    assert_eq!((second.notices.len(), second.verdicts.len()), (1, 0));
    assert_eq!(second.refused, [Code::ChalUnverified]);
}

#[test]
fn one_id_that_fails_keeps_nothing_of_another_back() {
    let phone = Phone::new();
    let (app, anna) = phone.enrolled();
    phone.peer.inner().registered = None;
    phone.peer.inner().account = "ben@example.com".into();
    let ben = app.enrol(app.review(&phone.peer.link()).unwrap()).unwrap();
    app.proceed(&ben, 0).unwrap();
    phone.peer.activate();
    assert_eq!(app.proceed(&ben, 0).unwrap(), Progress::Active);
    let denied = deny(&phone, &app, &ben, lost());
    phone.peer.ask(2, |_| {});
    // The peer knows one phone: Anna's proofs are none.
    phone.pass(2);
    let mut synced: BTreeMap<_, _> = app.sync().unwrap().into_iter().collect();
    let [anna, ben] = [anna, ben].map(|id| synced.remove(&id).unwrap());
    assert!(synced.is_empty());
    assert_eq!(code(anna.error), Some(Code::SrvProof));
    assert!(anna.prompts.is_empty() && anna.verdicts.is_empty());
    assert_eq!((ben.prompts.len(), ben.error), (1, None));
    let verdicts: Vec<_> = ben
        .verdicts
        .iter()
        .map(|one| (one.id, one.accepted))
        .collect();
    assert_eq!(verdicts, [(denied, true)]);
}

/// A PIN that was set, whose verdict got lost; and a login that needs it.
fn changing() -> (Phone, Authenticator, Id, PromptId) {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    let answer = Answer::SetPin {
        old: Some(typed(PIN)),
        new: NewPin::new(typed(NEW), &typed(NEW)).unwrap(),
    };
    let trouble = Trouble::AnswerLost(TransportError::Broken);
    phone.peer.trouble("/responses", trouble);
    assert!(matches!(
        app.decide(&prompt.id, &answer),
        Ok(Sent::Queued(_))
    ));
    (phone, app, id, prompt.id)
}

#[test]
fn a_verdict_that_came_while_something_else_was_done_is_told_once() {
    type Told = fn(&Authenticator, &Id) -> Vec<VerdictInfo>;
    let ways: [Told; 3] = [
        |app, _| app.deliver(false).unwrap(),
        |app, id| app.poll(id, 0).unwrap().verdicts,
        |app, _| app.sync().unwrap().remove(0).1.verdicts,
    ];
    for way in ways {
        for begins in [true, false] {
            let (phone, app, id, changed) = changing();
            if begins {
                app.begin(&id, Action::SetPin).unwrap();
            } else {
                phone.peer.ask(1, |_| {});
                let login = app.poll(&id, 0).unwrap().prompts.remove(0);
                let answer = Answer::Approve {
                    number: Some("47".into()),
                    pin: Some(typed(NEW)),
                };
                let Ok(Sent::Verdict(verdict)) = app.decide(&login.id, &answer) else {
                    panic!("a verdict")
                };
                assert!(verdict.accepted && verdict.id == login.id);
            }
            let told: Vec<_> = way(&app, &id)
                .iter()
                .map(|one| (one.id, one.accepted))
                .collect();
            assert_eq!(told, [(changed, true)]);
            assert!(way(&app, &id).is_empty());
        }
    }
}

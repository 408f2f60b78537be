//! A policy gets weaker only by the person's word, and only to exactly what they were shown.

use crate::authenticator::Authenticator;
use crate::challenge::{Answer, Prompt};
use crate::error::Code;
use crate::testkit::{Phone, typed};
use countersign_protocol::Id;
use countersign_protocol::policy::{Alternative, Alternatives, Policy};
use countersign_protocol::statement::{Decision, Input, Kind, Mode, Outcome, VerdictCode};

const PIN: &str = "294817";

/// Without the PIN, and longer.
fn weaker(old: &Policy) -> Policy {
    Policy {
        n: 2,
        min: Alternatives::dev(),
        max_life: 300,
        pin: 0,
        ..old.clone()
    }
}

fn asked(phone: &Phone, app: &Authenticator, id: &Id, new: &Policy) -> Prompt {
    let mut challenge = phone.peer.about_itself(Id::from([9; 16]), Kind::Policy);
    challenge.mode = Mode::Remote;
    challenge.input = Some(Input {
        dev: None,
        device: None,
        policy: Some(new.clone()),
    });
    phone.peer.ask(1, |one| *one = challenge);
    let prompts = app.poll(id, 0).unwrap().prompts;
    prompts.into_iter().next().unwrap()
}

fn approve() -> Answer {
    Answer::Approve {
        number: None,
        pin: Some(typed(PIN)),
    }
}

/// The server's next state has this policy; what the phone asks for then.
fn brought(phone: &Phone, app: &Authenticator, id: &Id, policy: &Policy) -> (Vec<Code>, Policy) {
    phone
        .peer
        .become_state(|state| state.policy = policy.clone());
    let refused = app.poll(id, 0).unwrap().refused;
    (refused, phone.account(id).policy)
}

#[test]
fn a_weaker_policy_that_the_person_agreed_to_is_taken() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let old = phone.account(&id).policy;
    let new = weaker(&old);
    let prompt = asked(&phone, &app, &id, &new);
    let rows: Vec<_> = prompt.rows.iter().map(|row| row.id.as_str()).collect();
    assert!(rows.contains(&"policy.min") && rows.contains(&"policy.pin"));
    app.decide(&prompt.id, &approve()).unwrap();
    assert_eq!(phone.account(&id).policy, old);
    assert_eq!(brought(&phone, &app, &id, &new), (vec![], new));
    assert!(phone.account(&id).approved.is_none());
}

#[test]
fn row_44_a_weaker_policy_that_nobody_agreed_to_is_a_downgrade() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let old = phone.account(&id).policy;
    let new = weaker(&old);
    let downgrade = vec![Code::ChalDowngrade];
    assert_eq!(brought(&phone, &app, &id, &new), (downgrade, old));
}

#[test]
fn nothing_else_than_what_was_agreed_to_is_taken() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let old = phone.account(&id).policy;
    let agreed = weaker(&old);
    let prompt = asked(&phone, &app, &id, &agreed);
    app.decide(&prompt.id, &approve()).unwrap();
    let more = Policy {
        max_life: 600,
        ..agreed.clone()
    };
    let later = Policy {
        n: 3,
        ..agreed.clone()
    };
    for other in [more, later] {
        let downgrade = vec![Code::ChalDowngrade];
        let said = brought(&phone, &app, &id, &other);
        assert_eq!(said, (downgrade, old.clone()), "{}", other.n);
    }
    // A stricter one in between is taken, and what was agreed to before is over by it.
    let stricter = Policy {
        n: 3,
        max_life: 60,
        ..old.clone()
    };
    assert_eq!(brought(&phone, &app, &id, &stricter).1, stricter);
    assert!(phone.account(&id).approved.is_none());
}

#[test]
fn what_was_denied_or_not_accepted_is_not_agreed_to() {
    let deny = Answer::Deny { reason: None };
    for answer in [approve(), deny] {
        let phone = Phone::before_pin();
        let (app, id) = phone.enrolled_with(PIN);
        let old = phone.account(&id).policy;
        let new = weaker(&old);
        let prompt = asked(&phone, &app, &id, &new);
        phone.peer.inner().verdict = Some(|verdict| {
            (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::PinLocked);
        });
        app.decide(&prompt.id, &answer).unwrap();
        let downgrade = vec![Code::ChalDowngrade];
        assert_eq!(brought(&phone, &app, &id, &new), (downgrade, old));
    }
}

#[test]
fn a_policy_is_agreed_to_by_pin_or_gesture_and_never_by_the_phone_alone() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let new = weaker(&phone.account(&id).policy);
    let mut challenge = phone.peer.about_itself(Id::from([9; 16]), Kind::Policy);
    challenge.mode = Mode::Remote;
    challenge.factors = Alternatives::new(vec![Alternative::Dev]).unwrap();
    challenge.input = Some(Input {
        dev: None,
        device: None,
        policy: Some(new),
    });
    phone.peer.ask(1, |one| *one = challenge);
    let arrivals = app.poll(&id, 0).unwrap();
    assert!(arrivals.prompts.is_empty());
    assert_eq!(arrivals.refused, [Code::ChalDowngrade]);
    assert!(
        app.history(5)
            .unwrap()
            .iter()
            .all(|one| one.decision != Decision::Approve)
    );
}

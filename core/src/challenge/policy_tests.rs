//! A policy gets weaker only by the person's word, and only to exactly what they were shown.

use crate::authenticator::Authenticator;
use crate::challenge::{Action, Answer, NewPin, Prompt, PromptId};
use crate::error::{Code, Error};
use crate::ports::TransportError;
use crate::testkit::{Phone, Trouble, judged, typed};
use countersign_protocol::Id;
use countersign_protocol::policy::{Alternative, Alternatives, Policy};
use countersign_protocol::statement::{
    Challenge, Decision, Input, Kind, Mode, Outcome, Standing, StateReason, VerdictCode,
};

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
    let jti = Id::from([new.n as u8; 16]);
    let mut challenge = phone.peer.about_itself(jti, Kind::Policy);
    (challenge.mode, challenge.txn) = (Mode::Remote, jti);
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
    assert!(phone.account(&id).approvals.is_empty());
}

#[test]
fn a_policy_without_a_pin_leaves_none_on_the_phone_also_where_a_new_one_waits() {
    for waits in [false, true] {
        let phone = Phone::before_pin();
        let (app, id) = phone.enrolled_with(PIN);
        let new = weaker(&phone.account(&id).policy);
        let prompt = asked(&phone, &app, &id, &new);
        app.decide(&prompt.id, &approve()).unwrap();
        if waits {
            let prompt = app.begin(&id, Action::SetPin).unwrap();
            let lost = Trouble::Lost(TransportError::Unreachable);
            phone.peer.trouble("/responses", lost);
            let pin = NewPin::new(typed("604155"), &typed("604155")).unwrap();
            let old = Some(typed(PIN));
            app.decide(&prompt.id, &Answer::SetPin { old, new: pin })
                .unwrap();
        }
        // One that only rests the ID, under the old policy, takes nothing.
        phone.peer.end(Standing::Suspended, StateReason::User);
        app.poll(&id, 0).unwrap();
        assert!(app.accounts().unwrap()[0].pin);
        let active = phone.peer.become_state(|state| {
            (state.state, state.reason) = (Standing::Active, None);
            state.policy = new.clone();
        });
        assert_eq!(active.policy.pin, 0);
        assert!(app.poll(&id, 0).unwrap().refused.is_empty());
        let account = phone.account(&id);
        assert!(account.pin.is_none() && account.next_pin.is_none());
        let info = &app.accounts().unwrap()[0];
        assert!(!info.pin && !info.changing);
        // Nor does one come of the answer.
        app.deliver(true).unwrap();
        assert!(app.outbox().unwrap().is_empty() && phone.account(&id).pin.is_none());
    }
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
    // One that comes later may say the same, but nothing more.
    let later = Policy {
        n: 3,
        max_life: 600,
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
    assert!(phone.account(&id).approvals.is_empty());
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

/// Another one, weaker still.
fn weaker_still(old: &Policy) -> Policy {
    Policy {
        n: 3,
        max_life: 600,
        ..weaker(old)
    }
}

/// Two answers: the first one's way, and what the server makes of the second.
fn two_agreed(first: Trouble, second: bool) -> (Phone, Authenticator, Id, [Policy; 2]) {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let old = phone.account(&id).policy;
    let (a, b) = (weaker(&old), weaker_still(&old));
    let prompt = asked(&phone, &app, &id, &a);
    phone.peer.trouble("/responses", first);
    app.decide(&prompt.id, &approve()).unwrap();
    let prompt = asked(&phone, &app, &id, &b);
    phone.peer.inner().verdict = (!second).then_some(|verdict| {
        (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::Expired);
    });
    app.decide(&prompt.id, &approve()).unwrap();
    (phone, app, id, [a, b])
}

#[test]
fn a_verdict_about_one_answer_takes_nothing_of_another() {
    let lost = Trouble::Lost(TransportError::Unreachable);
    let (phone, app, id, [_, b]) = two_agreed(lost, true);
    phone.peer.inner().verdict = Some(|verdict| {
        (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::PinLocked);
    });
    assert_eq!(app.deliver(true).unwrap()[0].code, "pin_locked");
    assert_eq!(brought(&phone, &app, &id, &b), (vec![], b));
}

#[test]
fn of_two_that_were_agreed_to_the_one_is_taken_that_the_server_took() {
    let lost = || Trouble::AnswerLost(TransportError::Broken);
    // The server took the first, whose answer got lost, and not the second.
    let (phone, app, id, [a, b]) = two_agreed(lost(), false);
    let downgrade = vec![Code::ChalDowngrade];
    let old = phone.account(&id).policy;
    assert_eq!(brought(&phone, &app, &id, &b), (downgrade, old));
    assert_eq!(brought(&phone, &app, &id, &a), (vec![], a));
    // Both, one after the other, and the first answer is heard of last.
    let (phone, app, id, [a, b]) = two_agreed(lost(), true);
    assert_eq!(brought(&phone, &app, &id, &a), (vec![], a));
    assert_eq!(brought(&phone, &app, &id, &b), (vec![], b));
    assert!(app.deliver(true).unwrap()[0].accepted);
    assert!(phone.account(&id).approvals.is_empty());
}

#[test]
fn a_report_takes_back_what_was_agreed_to_by_the_same_request_alone() {
    let report = Answer::Report { reason: None };
    for same in [true, false] {
        let phone = Phone::before_pin();
        let (app, id) = phone.enrolled_with(PIN);
        let old = phone.account(&id).policy;
        let new = weaker(&old);
        let prompt = asked(&phone, &app, &id, &new);
        app.decide(&prompt.id, &approve()).unwrap();
        let other = PromptId {
            account: id,
            challenge: phone.peer.ask(99, |_| {}),
        };
        app.poll(&id, 0).unwrap();
        let reported = if same { prompt.id } else { other };
        app.decide(&reported, &report).unwrap();
        let said = brought(&phone, &app, &id, &new);
        let downgrade = vec![Code::ChalDowngrade];
        assert_eq!(
            said,
            if same {
                (downgrade, old)
            } else {
                (vec![], new)
            }
        );
    }
}

#[test]
fn a_report_takes_back_what_was_agreed_to_also_after_more_time() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let old = phone.account(&id).policy;
    let new = weaker(&old);
    let prompt = asked(&phone, &app, &id, &new);
    let lost = Trouble::Lost(TransportError::Unreachable);
    phone.peer.trouble("/responses", lost);
    app.decide(&prompt.id, &approve()).unwrap();
    phone.peer.ask_again(&prompt.id.challenge);
    app.poll(&id, 0).unwrap();
    app.decide(&prompt.id, &Answer::Report { reason: None })
        .unwrap();
    let downgrade = vec![Code::ChalDowngrade];
    assert_eq!(brought(&phone, &app, &id, &new), (downgrade, old));
}

#[test]
fn with_the_keys_of_a_removed_credential_goes_what_was_agreed_to() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let new = weaker(&phone.account(&id).policy);
    let prompt = asked(&phone, &app, &id, &new);
    app.decide(&prompt.id, &approve()).unwrap();
    phone.peer.end(Standing::Revoked, StateReason::Removed);
    app.poll(&id, 0).unwrap();
    assert_eq!(phone.account(&id).approvals.len(), 1);
    phone.pass(24 * 3600 + 120);
    app.sync().unwrap();
    assert!(phone.account(&id).approvals.is_empty());
}

#[test]
fn what_was_agreed_to_is_agreed_to_also_when_the_next_policy_came_before_it_was_heard_of() {
    for max_life in [200, 300] {
        let phone = Phone::before_pin();
        let (app, id) = phone.enrolled_with(PIN);
        let old = phone.account(&id).policy;
        let prompt = asked(&phone, &app, &id, &weaker(&old));
        app.decide(&prompt.id, &approve()).unwrap();
        // The server took it, and then an administrator set another that asks no less.
        let next = Policy {
            n: 3,
            max_life,
            ..weaker(&old)
        };
        assert_eq!(brought(&phone, &app, &id, &next), (vec![], next.clone()));
        assert!(phone.account(&id).approvals.is_empty());
        phone.peer.inner().policy = next.clone();
        phone.peer.ask(5, |_| {});
        assert_eq!(app.poll(&id, 0).unwrap().prompts.len(), 1);
        // It was agreed to once; what is in force now is the measure.
        let more = Policy {
            n: 4,
            max_life: max_life + 1,
            ..weaker(&old)
        };
        let downgrade = vec![Code::ChalDowngrade];
        assert_eq!(brought(&phone, &app, &id, &more), (downgrade, next));
    }
}

#[test]
fn row_44_what_was_agreed_to_vouches_for_no_policy_before_it() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let old = phone.account(&id).policy;
    let agreed = weaker_still(&old);
    let prompt = asked(&phone, &app, &id, &agreed);
    app.decide(&prompt.id, &approve()).unwrap();
    let downgrade = vec![Code::ChalDowngrade];
    assert_eq!(brought(&phone, &app, &id, &weaker(&old)), (downgrade, old));
    assert_eq!(brought(&phone, &app, &id, &agreed), (vec![], agreed));
}

#[test]
fn the_state_that_follows_an_agreement_is_fetched_at_once() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let old = phone.account(&id).policy;
    let new = weaker(&old);
    let prompt = asked(&phone, &app, &id, &new);
    phone.peer.become_state(|state| state.policy = new.clone());
    assert!(judged(app.decide(&prompt.id, &approve())).accepted);
    assert_eq!(phone.account(&id).policy, new);
}

/// A phone that doesn't know yet that a longer life is in force, to which its person agreed.
fn longer_life() -> (Phone, Authenticator, Id, Policy) {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let new = weaker(&phone.account(&id).policy);
    let prompt = asked(&phone, &app, &id, &new);
    app.decide(&prompt.id, &approve()).unwrap();
    phone.peer.become_state(|state| state.policy = new.clone());
    phone.peer.inner().policy = new.clone();
    (phone, app, id, new)
}

#[test]
fn a_longer_life_is_no_downgrade_before_its_policy_was_fetched() {
    let (phone, app, id, new) = longer_life();
    let pushed = phone.peer.ask(7, |_| {});
    let prompt = app.fetch(&id, &pushed).unwrap();
    assert!(prompt.seconds_left > 200);
    assert_eq!(phone.account(&id).policy, new);
}

#[test]
fn row_44_a_longer_life_under_a_policy_that_no_state_brings_is_refused() {
    type Bend = fn(&mut Challenge);
    let bends: [(Bend, Code); 2] = [
        // Of a policy that nobody knows.
        (
            |challenge| (challenge.policy, challenge.exp) = (9, challenge.iat + 600),
            Code::ChalUnverified,
        ),
        // Longer than that of the newest.
        (|challenge| challenge.exp += 1, Code::ChalDowngrade),
    ];
    for (bend, why) in bends {
        let (phone, app, id, new) = longer_life();
        let states = phone.peer.calls_to("/credentials/");
        let pushed = phone.peer.ask(7, bend);
        let refused = app.fetch(&id, &pushed).err();
        assert_eq!(refused, Some(Error::Refused { code: why }));
        assert_eq!(phone.peer.calls_to("/credentials/"), states + 1);
        assert_eq!(phone.account(&id).policy, new);
        assert!(app.pending().unwrap().is_empty());
    }
}

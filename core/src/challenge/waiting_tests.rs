//! A change of PIN or gesture whose verdict is to come: what waits for it, what it waits for, and how long.

use super::factor_tests::{NEW, PIN, approve, asked, renew, set, signs_in};
use crate::account::Account;
use crate::authenticator::Authenticator;
use crate::challenge::{Action, Answer, Note};
use crate::core::Core;
use crate::error::{Code, Error};
use crate::outbox::Sent;
use crate::ports::TransportError;
use crate::testkit::{Phone, Trouble, judged, problem, refused};
use crate::vault::Place;
use countersign_protocol::policy::{Alternative, Alternatives};
use countersign_protocol::problem::Code as Said;
use countersign_protocol::statement::{Challenge, Standing, StateReason};
use countersign_protocol::{Digest, Id, Thumbprint};

#[test]
fn while_a_change_has_no_answer_nothing_is_signed_by_what_it_changes() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let lost = || {
        let trouble = Trouble::AnswerLost(TransportError::Broken);
        phone.peer.trouble("/responses", trouble);
    };
    let other = app.begin(&id, Action::SetPin).unwrap();
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    lost();
    let sent = app.decide(&prompt.id, &set(Some(PIN), NEW)).unwrap();
    assert!(matches!(sent, Sent::Queued(_)));
    assert!(app.accounts().unwrap()[0].changing);
    // The gesture still does; the PIN is not asked for.
    phone.peer.ask(1, |_| {});
    let login = app.poll(&id, 0).unwrap().prompts.remove(0);
    assert_eq!(login.ways, ["uv"]);
    phone.peer.ask(2, |challenge| {
        challenge.factors = Alternatives::new(vec![Alternative::DevPin]).unwrap();
    });
    let by_pin = app.poll(&id, 0).unwrap().prompts.remove(0);
    assert!(by_pin.ways.is_empty() && by_pin.notes == [Note::ChangeUnsent]);
    lost();
    let error = app.decide(&by_pin.id, &approve(Some(PIN))).err();
    let unsent = Error::Retry {
        code: Code::KeyUnsent,
        wait: None,
        reference: "changing",
    };
    assert_eq!(error, Some(unsent));
    // What was begun before was withdrawn when this one was; another one waits for it.
    let error = app.decide(&other.id, &set(Some(PIN), "777000")).err();
    assert_eq!(error, refused(Code::ChalSeen));
    lost();
    assert_eq!(app.begin(&id, Action::SetPin).err(), Some(unsent));
    // It is delivered first; then the new PIN is the one.
    assert!(judged(app.decide(&by_pin.id, &approve(Some(NEW)))).accepted);
    assert!(!app.accounts().unwrap()[0].changing);
}

#[test]
fn only_what_needs_a_change_waits_for_it() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    let trouble = Trouble::AnswerLost(TransportError::Broken);
    phone.peer.trouble("/responses", trouble);
    app.decide(&prompt.id, &set(Some(PIN), NEW)).unwrap();
    let by_pin = |challenge: &mut Challenge| {
        challenge.factors = Alternatives::new(vec![Alternative::DevPin]).unwrap();
    };
    let any: fn(&mut Challenge) = |_| {};
    for (number, factors, answer, posts) in [
        (1, any, Answer::Deny { reason: None }, 1),
        (2, by_pin, Answer::Deny { reason: None }, 1),
        (3, by_pin, Answer::Report { reason: None }, 1),
        (4, any, approve(None), 1),
        // The change, and what it was delivered for.
        (5, by_pin, approve(Some(NEW)), 2),
        (6, by_pin, approve(Some(NEW)), 1),
    ] {
        phone.peer.ask(number, factors);
        let asked = app.poll(&id, 0).unwrap().prompts.remove(0);
        let before = phone.peer.calls_to("/responses");
        assert!(judged(app.decide(&asked.id, &answer)).accepted);
        let posted = phone.peer.calls_to("/responses") - before;
        assert_eq!(posted, posts, "{number}");
    }
}

#[test]
fn what_was_proved_by_the_old_pin_or_key_arrives_before_the_new_one() {
    let lost = |phone: &Phone| {
        let trouble = Trouble::Lost(TransportError::Unreachable);
        phone.peer.trouble("/responses", trouble);
    };
    let unsent = Error::Retry {
        code: Code::KeyUnsent,
        wait: None,
        reference: "changing",
    };
    let (by_pin, by_uv) = (approve(Some(PIN)), approve(None));
    let deny = Answer::Deny { reason: None };
    for (action, earlier, waits) in [
        (Action::SetPin, &by_pin, true),
        (Action::SetPin, &by_uv, false),
        (Action::SetPin, &deny, false),
        (Action::RenewGesture, &by_uv, true),
        (Action::RenewGesture, &by_pin, false),
    ] {
        let phone = Phone::before_factors();
        let (app, id) = phone.enrolled_with_gesture(PIN);
        let login = asked(&phone, &app, &id, 1);
        lost(&phone);
        let sent = app.decide(&login, earlier).unwrap();
        assert!(matches!(sent, Sent::Queued(_)));
        let prompt = app.begin(&id, action).unwrap();
        let change = match action {
            Action::SetPin => set(Some(PIN), NEW),
            _ => renew(PIN),
        };
        if waits {
            phone.person.was_asked();
            lost(&phone);
            assert_eq!(app.decide(&prompt.id, &change).err(), Some(unsent));
            assert!(!app.accounts().unwrap()[0].changing);
            // Nobody was asked for a gesture in vain, and no key is left of it.
            assert_eq!((phone.person.was_asked(), phone.owners()), (0, 2));
        }
        assert!(judged(app.decide(&prompt.id, &change)).accepted);
        app.deliver(true).unwrap();
        let results = app.history(9).unwrap().into_iter();
        let results: Vec<_> = results.map(|one| one.result.unwrap()).collect();
        assert_eq!(results, ["ok", "ok"], "{action:?}");
    }
}

#[test]
fn what_is_over_keeps_no_change_from_being_made() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with(PIN);
    let login = asked(&phone, &app, &id, 1);
    let gone = || Trouble::Instead(problem(Said::NotFound));
    phone.peer.trouble("/responses", gone());
    app.decide(&login, &approve(Some(PIN))).unwrap();
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    phone.peer.trouble("/responses", gone());
    assert!(app.decide(&prompt.id, &set(Some(PIN), NEW)).is_err());
    phone.pass(121);
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    assert!(judged(app.decide(&prompt.id, &set(Some(PIN), NEW))).accepted);
}

#[test]
fn a_change_waits_for_its_answer_however_long_that_takes() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    let trouble = Trouble::AnswerLost(TransportError::Broken);
    phone.peer.trouble("/responses", trouble);
    app.decide(&prompt.id, &set(Some(PIN), NEW)).unwrap();
    phone.pass(400 * 86_400);
    // A newer word about the time.
    app.poll(&id, 0).unwrap();
    phone.peer.ask(1, |_| {});
    app.poll(&id, 0).unwrap();
    assert_eq!(app.outbox().unwrap().len(), 1);
    let verdicts = app.deliver(true).unwrap();
    assert!(verdicts.len() == 1 && verdicts[0].accepted);
    assert!(signs_in(&phone, &app, &id, 2, Some(NEW)));
}

#[test]
fn a_change_that_waits_is_delivered_before_another_one_is_begun() {
    for action in [Action::SetPin, Action::RenewGesture] {
        let answer = || match action {
            Action::SetPin => set(Some(PIN), NEW),
            _ => renew(PIN),
        };
        let phone = Phone::before_factors();
        let (app, id) = phone.enrolled_with_gesture(PIN);
        let lost = || {
            let trouble = Trouble::Lost(TransportError::Unreachable);
            phone.peer.trouble("/responses", trouble);
        };
        let prompt = app.begin(&id, action).unwrap();
        lost();
        app.decide(&prompt.id, &answer()).unwrap();
        // The server would withdraw the request whose answer waits.
        lost();
        let actions = phone.peer.calls_to("/actions");
        let unsent = Error::Retry {
            code: Code::KeyUnsent,
            wait: None,
            reference: "changing",
        };
        assert_eq!(app.begin(&id, action).err(), Some(unsent));
        assert_eq!(phone.peer.calls_to("/actions"), actions);
        assert!(phone.peer.inner().withdrawn.is_empty());
        app.begin(&id, action).unwrap();
        assert!(!app.accounts().unwrap()[0].changing);
        let entry = &app.history(1).unwrap()[0];
        assert_eq!(
            (entry.kind.as_str(), entry.result.as_deref()),
            (prompt.kind, Some("ok"))
        );
        // One that nobody answered makes way.
        app.begin(&id, action).unwrap();
        assert_eq!(phone.peer.inner().withdrawn.len(), 1);
    }
}

#[test]
fn a_removal_that_waits_is_delivered_before_another_one_is_begun() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let removal = |number| Action::RemovePhone(Thumbprint(Digest::from([number; 32])));
    let first = app.begin(&id, removal(1)).unwrap();
    let trouble = Trouble::Lost(TransportError::Unreachable);
    phone.peer.trouble("/responses", trouble);
    app.decide(&first.id, &renew(PIN)).unwrap();
    let second = app.begin(&id, removal(2)).unwrap();
    assert!(judged(app.decide(&second.id, &renew(PIN))).accepted);
    let results = app.history(9).unwrap();
    assert!(
        results.len() == 2
            && results
                .iter()
                .all(|one| one.result.as_deref() == Some("ok"))
    );
}

#[test]
fn a_change_of_a_removed_credential_waits_no_longer_than_its_keys() {
    for action in [Action::SetPin, Action::RenewGesture] {
        let phone = Phone::before_factors();
        let (app, id) = phone.enrolled_with_gesture(PIN);
        let silent = || {
            let trouble = Trouble::Instead(problem(Said::NotFound));
            phone.peer.trouble("/responses", trouble);
        };
        let prompt = app.begin(&id, action).unwrap();
        let answer = match action {
            Action::SetPin => set(Some(PIN), NEW),
            _ => renew(PIN),
        };
        silent();
        let sent = app.decide(&prompt.id, &answer).unwrap();
        assert!(matches!(sent, Sent::Queued(_)));
        phone.peer.end(Standing::Revoked, StateReason::Removed);
        app.poll(&id, 0).unwrap();
        phone.pass(23 * 3600);
        silent();
        app.sync().unwrap();
        // The server may still say otherwise: both PINs or keys are there, and it is asked.
        assert!(app.accounts().unwrap()[0].changing);
        phone.pass(2 * 3600);
        silent();
        app.sync().unwrap();
        assert!(!app.accounts().unwrap()[0].changing);
        let posts = phone.peer.calls_to("/responses");
        assert!(app.deliver(true).unwrap().is_empty());
        assert!(app.outbox().unwrap().is_empty());
        assert_eq!(phone.peer.calls_to("/responses"), posts);
        let entry = &app.history(9).unwrap()[0];
        assert_eq!((entry.kind.as_str(), &entry.result), (prompt.kind, &None));
        assert_eq!(phone.owners(), 1);
    }
}

/// A gesture that was renewed, and accepted, and whose state couldn't be fetched.
fn renewed_without_its_state() -> (Phone, Authenticator, Id) {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let prompt = app.begin(&id, Action::RenewGesture).unwrap();
    no_state(&phone);
    assert!(judged(app.decide(&prompt.id, &renew(PIN))).accepted);
    (phone, app, id)
}

fn no_state(phone: &Phone) {
    let trouble = Trouble::Lost(TransportError::Unreachable);
    phone.peer.trouble("/credentials/", trouble);
}

#[test]
fn a_new_gesture_key_signs_nothing_before_a_state_has_named_it() {
    let (phone, app, id) = renewed_without_its_state();
    assert!(app.accounts().unwrap()[0].changing);
    let login = phone.peer.ask(1, |challenge| {
        challenge.factors = Alternatives::new(vec![Alternative::Uv]).unwrap();
    });
    let login = app.fetch(&id, &login).unwrap();
    assert!(login.ways.is_empty() && login.notes == [Note::ChangeUnsent]);
    phone.person.was_asked();
    let before = phone.peer.calls_to("/responses");
    no_state(&phone);
    let unsent = Error::Retry {
        code: Code::KeyUnsent,
        wait: None,
        reference: "changing",
    };
    assert_eq!(app.decide(&login.id, &approve(None)).err(), Some(unsent));
    assert_eq!(phone.peer.calls_to("/responses"), before);
    assert_eq!(phone.person.was_asked(), 0);
    // The PIN does meanwhile.
    let by_pin = phone.peer.ask(2, |_| {});
    let by_pin = app.fetch(&id, &by_pin).unwrap();
    assert_eq!(by_pin.ways, ["dev+pin"]);
    assert!(judged(app.decide(&by_pin.id, &approve(Some(PIN)))).accepted);
    // The state is fetched for it.
    assert!(judged(app.decide(&login.id, &approve(None))).accepted);
    let account = phone.account(&id);
    assert!(account.is_uv_named() && !app.accounts().unwrap()[0].changing);
    let response = phone.peer.inner().responses.last().unwrap().kid();
    assert!(
        account
            .named_uv
            .iter()
            .any(|key| key.thumbprint() == response)
    );
}

#[test]
fn a_state_that_could_not_be_fetched_comes_with_the_next_list_or_delivery() {
    type Next = fn(&Authenticator, &Id);
    let next: [Next; 3] = [
        |app, id| drop(app.poll(id, 0)),
        |app, _| drop(app.deliver(false).unwrap()),
        |app, _| drop(app.sync().unwrap()),
    ];
    for next in next {
        let (phone, app, id) = renewed_without_its_state();
        no_state(&phone);
        next(&app, &id);
        next(&app, &id);
        assert!(!app.accounts().unwrap()[0].changing);
        assert!(signs_in(&phone, &app, &id, 1, None));
    }
}

/// Of an earlier build, which noted no keys that states named.
#[test]
fn an_id_whose_first_gesture_key_was_never_noted_goes_on_by_it() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    drop(app);
    let core = Core::new(phone.config.clone(), phone.ports(0)).unwrap();
    let place = Place::of(&id);
    core.vault
        .change(|change| {
            let mut account = change.read::<Account>(&place)?.unwrap();
            account.named_uv.clear();
            change.put(&place, &account)
        })
        .unwrap();
    drop(core);
    let app = phone.app();
    assert!(signs_in(&phone, &app, &id, 1, None));
    let old = phone.account(&id).uv.unwrap().key;
    let prompt = app.begin(&id, Action::RenewGesture).unwrap();
    assert!(judged(app.decide(&prompt.id, &renew(PIN))).accepted);
    assert!(signs_in(&phone, &app, &id, 2, None));
    let account = phone.account(&id);
    assert_eq!(account.named_uv, [old, account.uv.unwrap().key]);
}

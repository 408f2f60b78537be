//! Recovery codes made on this phone: the person sees those that the server has too, or none.

use crate::authenticator::Authenticator;
use crate::challenge::{Action, Answer, PromptId};
use crate::error::{Code, Error};
use crate::outbox::Sent;
use crate::ports::TransportError;
use crate::testkit::{Peer, Phone, Trouble, account_of, codes_on, json, judged, refused, typed};
use countersign_protocol::call::{ChallengeAnswer, VerdictAnswer};
use countersign_protocol::crypto::SigningKey;
use countersign_protocol::encoding::encode;
use countersign_protocol::recovery::RecoveryCode;
use countersign_protocol::statement::{Kind, Outcome, Standing, StateReason, Verdict, VerdictCode};
use countersign_protocol::{Digest, Id, Signed};
use std::sync::Arc;

const PIN: &str = "294817";

fn yes(pin: &str) -> Answer {
    Answer::Approve {
        number: None,
        pin: Some(typed(pin)),
    }
}

fn begun(app: &Authenticator, id: &Id) -> PromptId {
    app.begin(id, Action::RecoveryCodes).unwrap().id
}

/// Makes codes, and the answer to them is lost.
fn unheard(phone: &Phone, app: &Authenticator, id: &Id) -> PromptId {
    let prompt = begun(app, id);
    let lost = Trouble::AnswerLost(TransportError::Timeout);
    phone.peer.trouble("responses", lost);
    let sent = app.decide(&prompt, &yes(PIN)).unwrap();
    assert!(matches!(sent, Sent::Queued(_)));
    prompt
}

/// No record of codes is left.
fn assert_wiped(phone: &Phone) {
    let mut records = phone.records().into_iter();
    assert!(!records.any(|name| name.starts_with("codes/")));
}

#[test]
fn ten_codes_are_shown_that_the_server_has_too_until_they_are_closed() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    assert!(codes_on(&app, &id).is_empty());
    let prompt = app.begin(&id, Action::RecoveryCodes).unwrap();
    assert_eq!((prompt.kind, prompt.pin), ("recovery-codes", true));
    assert!(codes_on(&app, &id).is_empty());
    assert!(judged(app.decide(&prompt.id, &yes(PIN))).accepted);
    let codes = codes_on(&app, &id);
    assert_eq!(
        (codes.len(), &codes),
        (10, &phone.peer.inner().codes_left())
    );
    // Also after a restart, until the person has them.
    drop(app);
    let app = phone.app();
    assert_eq!(codes_on(&app, &id), codes);
    let shown = format!("{:?}", app.recovery_codes(&id).unwrap());
    assert_eq!(shown, "Some(RecoveryCodes)");
    app.close_recovery_codes(&id).unwrap();
    assert!(codes_on(&app, &id).is_empty());
    assert_wiped(&phone);
    app.close_recovery_codes(&id).unwrap();
}

#[test]
fn new_codes_replace_the_old_ones_whether_those_were_closed_or_not() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let mut before = Vec::new();
    for _ in 0..3 {
        app.decide(&begun(&app, &id), &yes(PIN)).unwrap();
        let codes = codes_on(&app, &id);
        assert!(codes != before && codes == phone.peer.inner().codes_left());
        before = codes;
    }
    app.close_recovery_codes(&id).unwrap();
    assert!(codes_on(&app, &id).is_empty());
}

#[test]
fn codes_whose_verdict_is_lost_are_unseen_until_it_comes() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    unheard(&phone, &app, &id);
    assert!(codes_on(&app, &id).is_empty());
    // To close what can't be seen takes nothing away.
    app.close_recovery_codes(&id).unwrap();
    drop(app);
    let app = phone.app();
    assert!(codes_on(&app, &id).is_empty());
    app.deliver(true).unwrap();
    assert_eq!(codes_on(&app, &id), phone.peer.inner().codes_left());
    assert_eq!(codes_on(&app, &id).len(), 10);
}

#[test]
fn codes_that_were_replaced_are_not_shown_however_late_their_verdict_is() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    unheard(&phone, &app, &id);
    let down = || Trouble::Lost(TransportError::Unreachable);
    // The first answer's verdict can't be had; the second's can.
    phone.peer.trouble("responses", down());
    let second = begun(&app, &id);
    assert!(judged(app.decide(&second, &yes(PIN))).accepted);
    let codes = codes_on(&app, &id);
    assert_eq!(codes, phone.peer.inner().codes_left());
    app.close_recovery_codes(&id).unwrap();
    app.deliver(true).unwrap();
    assert!(app.outbox().unwrap().is_empty());
    assert!(codes_on(&app, &id).is_empty());
    assert_wiped(&phone);
}

#[test]
fn while_newer_ones_wait_it_is_not_known_which_codes_those_are() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    app.decide(&begun(&app, &id), &yes(PIN)).unwrap();
    let first = codes_on(&app, &id);
    // Lost before it arrived, and withdrawn by a third.
    let prompt = begun(&app, &id);
    let lost = || Trouble::Lost(TransportError::Unreachable);
    phone.peer.trouble("responses", lost());
    app.decide(&prompt, &yes(PIN)).unwrap();
    assert!(codes_on(&app, &id).is_empty());
    phone.peer.trouble("responses", lost());
    begun(&app, &id);
    app.deliver(true).unwrap();
    // The server still has the first ones.
    assert_eq!(codes_on(&app, &id), first);
    assert_eq!(first, phone.peer.inner().codes_left());
}

#[test]
fn a_refusal_wipes_and_another_try_makes_others() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = begun(&app, &id);
    let wrong = judged(app.decide(&prompt, &yes("111111")));
    assert_eq!((wrong.code, wrong.is_final), ("pin_wrong", false));
    assert_wiped(&phone);
    assert!(judged(app.decide(&prompt, &yes(PIN))).accepted);
    assert_eq!(codes_on(&app, &id), phone.peer.inner().codes_left());
    app.close_recovery_codes(&id).unwrap();
    phone.peer.inner().verdict = Some(|verdict| {
        (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::FactorsMissing);
    });
    assert!(!judged(app.decide(&begun(&app, &id), &yes(PIN))).accepted);
    assert!(codes_on(&app, &id).is_empty());
    assert_wiped(&phone);
}

#[test]
fn a_denial_makes_none() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let no = Answer::Deny { reason: None };
    assert!(judged(app.decide(&begun(&app, &id), &no)).accepted);
    assert!(codes_on(&app, &id).is_empty());
    assert!(phone.peer.inner().codes.is_empty());
    assert_wiped(&phone);
}

#[test]
fn forged_verdicts_show_none() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    unheard(&phone, &app, &id);
    let real = phone.peer.inner().verdicts.last().unwrap().clone();
    let stranger = SigningKey::ed25519_from_seed(&[77; 32]).unwrap();
    let body = || Verdict::clone(&real);
    let mut others = vec![Signed::sign(body(), &stranger).unwrap()];
    let changes: [fn(&mut Verdict); 3] = [
        |verdict| verdict.aud = Id::from([1; 16]),
        |verdict| verdict.challenge = Digest::from([1; 32]),
        |verdict| verdict.response = Digest::from([1; 32]),
    ];
    for change in changes {
        let mut verdict = body();
        change(&mut verdict);
        others.push(phone.peer.sign(verdict));
    }
    for forged in others {
        let verdict = forged.compact().to_owned();
        let answer = VerdictAnswer { verdict };
        let instead = Trouble::Instead(json(200, &answer));
        phone.peer.trouble("responses", instead);
        app.deliver(true).unwrap();
        assert_eq!(app.outbox().unwrap().len(), 1);
        assert!(codes_on(&app, &id).is_empty());
    }
    app.deliver(true).unwrap();
    assert_eq!(codes_on(&app, &id).len(), 10);
}

#[test]
fn without_a_verdict_they_are_wiped_unseen_a_day_after_the_request_was_over() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    unheard(&phone, &app, &id);
    // Other phones' answers tell the time; this answer finds no way.
    phone.pass(26 * 3600);
    phone
        .peer
        .trouble("responses", Trouble::Lost(TransportError::Unreachable));
    app.deliver(true).unwrap();
    assert!(app.outbox().unwrap().is_empty());
    assert!(codes_on(&app, &id).is_empty());
    assert_wiped(&phone);
}

#[test]
fn a_report_a_removal_and_a_revocation_wipe_them() {
    let ends: [fn(&Phone, &Authenticator, &Id); 3] = [
        |phone, app, id| {
            phone.peer.ask(1, |_| {});
            let prompt = app.poll(id, 0).unwrap().prompts.remove(0);
            let report = Answer::Report { reason: None };
            app.decide(&prompt.id, &report).unwrap();
        },
        |_, app, id| app.forget(id).unwrap(),
        |phone, app, id| {
            phone.peer.end(Standing::Revoked, StateReason::Removed);
            app.poll(id, 0).unwrap();
        },
    ];
    for end in ends {
        for heard in [true, false] {
            let phone = Phone::before_pin();
            let (app, id) = phone.enrolled_with(PIN);
            if heard {
                app.decide(&begun(&app, &id), &yes(PIN)).unwrap();
                assert_eq!(codes_on(&app, &id).len(), 10);
            } else {
                unheard(&phone, &app, &id);
            }
            end(&phone, &app, &id);
            assert_wiped(&phone);
            // A verdict that comes now finds none.
            let _ = app.deliver(true);
            assert_wiped(&phone);
        }
    }
}

#[test]
fn codes_of_an_id_that_is_not_here_are_nobodys() {
    let phone = Phone::before_pin();
    let app = phone.app();
    let gone = Some(Error::Reenrol {
        code: Code::IdRemoved,
    });
    let id = Id::from([1; 16]);
    assert_eq!(app.recovery_codes(&id).err(), gone);
    assert_eq!(app.close_recovery_codes(&id).err(), gone);
    assert_eq!(app.begin(&id, Action::RecoveryCodes).err(), gone);
}

#[test]
fn an_action_that_is_answered_by_something_else_makes_none() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let other = phone.peer.about_itself(Id::from([9; 16]), Kind::PinSet);
    let challenge = phone.peer.sign(other).compact().to_owned();
    let answer = ChallengeAnswer { challenge };
    let instead = Trouble::Instead(json(201, &answer));
    phone.peer.trouble("actions", instead);
    let error = app.begin(&id, Action::RecoveryCodes).err().unwrap();
    assert_eq!(error.code(), Some(Code::SrvError));
    assert_wiped(&phone);
}

#[test]
fn an_id_of_before_there_were_agreements_makes_none() {
    let peer = Peer::new();
    let (account, _) = account_of(&peer);
    assert!(account.dh.is_none());
    let possible = Action::RecoveryCodes.is_possible(&account);
    let error = possible.err().map(Error::from);
    assert_eq!(error, refused(Code::ResFactors));
}

#[test]
fn the_gesture_makes_them_too_and_is_asked_once_whatever_comes_between() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let app = Arc::new(app);
    let prompt = begun(&app, &id);
    let answer = Answer::Approve {
        number: None,
        pin: None,
    };
    // This peer asks for the PIN alone: nothing is made without.
    assert_eq!(app.decide(&prompt, &answer).err(), refused(Code::PinShort));
    assert_wiped(&phone);
    phone.peer.inner().pin_by_uv = true;
    let prompt = begun(&app, &id);
    // News about the phones of the ID: the codes of the one gesture are the ones that are kept.
    phone
        .peer
        .ask(2, |challenge| challenge.set = Digest::from([4; 32]));
    let other = app.clone();
    phone
        .person
        .meanwhile(move || drop(other.poll(&id, 0).unwrap()));
    assert!(judged(app.decide(&prompt, &answer)).accepted);
    assert_eq!(phone.person.was_asked(), 1);
    assert_eq!(codes_on(&app, &id), phone.peer.inner().codes_left());
    assert_eq!(codes_on(&app, &id).len(), 10);
}

#[test]
fn killed_anywhere_there_are_the_servers_codes_or_none() {
    let mut seen = 0;
    for step in 1.. {
        let phone = Phone::before_pin();
        let (app, id) = phone.enrolled_with(PIN);
        drop(app);
        let Ok(dying) = phone.start(step) else {
            continue;
        };
        let made = dying
            .begin(&id, Action::RecoveryCodes)
            .and_then(|prompt| dying.decide(&prompt.id, &yes(PIN)));
        let lived = matches!(made, Ok(Sent::Verdict(_)));
        drop(dying);
        let app = phone.app();
        let early = codes_on(&app, &id);
        assert!(early.is_empty() || early == phone.peer.inner().codes_left());
        app.deliver(true).unwrap();
        assert!(app.outbox().unwrap().is_empty(), "{step}");
        let codes = codes_on(&app, &id);
        assert_eq!(codes, phone.peer.inner().codes_left(), "{step}");
        seen += usize::from(!codes.is_empty());
        // It works.
        app.decide(&begun(&app, &id), &yes(PIN)).unwrap();
        assert_eq!(codes_on(&app, &id), phone.peer.inner().codes_left());
        if lived {
            assert!(step > 6 && seen > 2, "{step} {seen}");
            return;
        }
    }
}

#[test]
fn no_code_is_written_in_clear_anywhere() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    app.decide(&begun(&app, &id), &yes(PIN)).unwrap();
    let codes = app.recovery_codes(&id).unwrap().unwrap();
    let mut written = phone.contents().into_iter().map(|(_, held)| held);
    let mut said = phone.peer.inner().wire.join("\n");
    said.extend(written.by_ref());
    said += &format!("{:?} {:?}", app.outbox().unwrap(), app.history(9).unwrap());
    let mut out = Vec::new();
    app.export_history(&id, &mut out).unwrap();
    said += std::str::from_utf8(&out).unwrap();
    for code in codes.shown() {
        let plain = code.replace('-', "");
        let parsed = RecoveryCode::parse(&code).unwrap();
        let encoded = encode(parsed.as_bytes());
        let listed = format!("{:?}", parsed.as_bytes()).replace(' ', "");
        for form in [&*code, &plain, &encoded, &listed] {
            assert!(!said.contains(form));
        }
    }
}

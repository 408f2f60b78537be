//! What is told beside requests: taken once, from the server alone, and acknowledged when it is durable.

use crate::authenticator::Authenticator;
use crate::challenge::{Action, Answer, Arrivals, Note, PromptId};
use crate::error::{Code, Error};
use crate::outbox::Sent;
use crate::ports::TransportError;
use crate::testkit::{Phone, Trouble, json, problem, typed};
use countersign_protocol::crypto::SigningKey;
use countersign_protocol::jose::Statement;
use countersign_protocol::problem::Code as Said;
use countersign_protocol::statement::{
    Cancel, CancelReason, Event, Notice, Outcome, Standing, Verdict, VerdictCode,
};
use countersign_protocol::{Digest, Id, Origin, Signed};

const ELSEWHERE: CancelReason = CancelReason::DecidedElsewhere;

/// The `set` of the peer's requests.
fn usual() -> Digest {
    Digest::from([3; 32])
}

fn other_set() -> Digest {
    Digest::from([4; 32])
}

/// A phone that shows a request.
fn asked(phone: &Phone) -> (Authenticator, Id, PromptId) {
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    (app, id, prompt.id)
}

pub(super) fn is_empty(arrivals: &Arrivals) -> bool {
    arrivals.prompts.is_empty()
        && arrivals.cancelled.is_empty()
        && arrivals.notices.is_empty()
        && arrivals.verdicts.is_empty()
}

/// What the phone says to one other.
pub(super) fn hears(phone: &Phone, app: &Authenticator, id: &Id, text: String) -> Arrivals {
    phone.peer.inner().others.push(text);
    app.poll(id, 0).unwrap()
}

/// What wasn't believed left nothing behind, and nobody was told that it arrived.
fn refuses(phone: &Phone, app: &Authenticator, id: &Id, text: String) {
    let (pending, acks) = (app.pending().unwrap(), phone.peer.inner().acks.clone());
    let arrivals = hears(phone, app, id, text);
    // What isn't even the shape of a statement may be a newer version's, and isn't complained about.
    assert!(
        arrivals
            .refused
            .iter()
            .all(|code| *code == Code::ChalUnverified)
    );
    assert!(is_empty(&arrivals) && app.pending().unwrap() == pending);
    assert!(phone.peer.inner().acks == acks && app.notices(9).unwrap().is_empty());
}

/// Bad copies of a good statement: by another key, of another server, for another phone, cut, bent.
pub(super) fn forgeries<T: Statement + Clone>(
    phone: &Phone,
    good: &T,
    bend: impl Fn(&mut T, Origin, Id),
) -> Vec<String> {
    let stranger = SigningKey::ed25519_from_seed(&[66; 32]).unwrap();
    let text = phone.peer.sign(good.clone()).compact().to_owned();
    let by_stranger = Signed::sign(good.clone(), &stranger).unwrap();
    let mut of_another = good.clone();
    let evil = Origin::parse("https://evil.example").unwrap();
    bend(&mut of_another, evil, Id::from([6; 16]));
    let mut for_another = good.clone();
    bend(
        &mut for_another,
        Origin::parse("https://id.example").unwrap(),
        Id::from([7; 16]),
    );
    let (signed, signature) = text.rsplit_once('.').unwrap();
    vec![
        by_stranger.compact().to_owned(),
        phone.peer.sign(of_another).compact().to_owned(),
        phone.peer.sign(for_another).compact().to_owned(),
        format!("{}x.{signature}", &signed[..signed.len() - 1]),
        text[..text.len() - 4].to_owned(),
    ]
}

#[test]
fn a_cancel_ends_a_prompt_and_says_who_decided() {
    let phone = Phone::new();
    let (app, id, prompt) = asked(&phone);
    let cancel = phone.peer.cancel(prompt.challenge, ELSEWHERE);
    let cancel = phone.peer.tell(cancel);
    let arrivals = app.poll(&id, 0).unwrap();
    let [cancelled] = arrivals.cancelled.as_slice() else {
        panic!("{arrivals:?}")
    };
    assert!(cancelled.id == prompt && cancelled.reason == ELSEWHERE);
    assert_eq!(cancelled.device.as_deref(), Some("Tablet"));
    assert_eq!(cancelled.service.as_deref(), Some("Wiki"));
    assert_eq!(phone.peer.inner().acks, [cancel.jti]);

    // It is over, also after a restart, and for a list that begins anew.
    drop(app);
    let app = phone.app();
    assert!(app.pending().unwrap().is_empty());
    let over = Error::Refused {
        code: Code::ChalSeen,
    };
    assert_eq!(app.show(&prompt).err(), Some(over));
    let deny = Answer::Deny { reason: None };
    assert_eq!(app.decide(&prompt, &deny).err(), Some(over));
    assert!(phone.peer.inner().responses.is_empty());
    // Whoever decided it elsewhere may have been a thief.
    let report = Answer::Report { reason: None };
    assert!(matches!(
        app.decide(&prompt, &report).unwrap(),
        Sent::Verdict(_)
    ));
}

#[test]
fn every_reason_ends_a_prompt_and_only_a_decision_names_a_phone() {
    for reason in [
        CancelReason::Expired,
        CancelReason::Replaced,
        CancelReason::Withdrawn,
    ] {
        let phone = Phone::new();
        let (app, id, prompt) = asked(&phone);
        phone.peer.tell(phone.peer.cancel(prompt.challenge, reason));
        let arrivals = app.poll(&id, 0).unwrap();
        assert_eq!(arrivals.cancelled[0].reason, reason);
        assert_eq!(arrivals.cancelled[0].device, None);
        assert!(app.pending().unwrap().is_empty());
    }
}

#[test]
fn row_43_cancels_of_others_end_nothing() {
    let phone = Phone::new();
    let (app, id, prompt) = asked(&phone);
    let good = phone.peer.cancel(prompt.challenge, ELSEWHERE);
    let bend = |cancel: &mut Cancel, iss, aud| (cancel.iss, cancel.aud) = (iss, aud);
    for text in forgeries(&phone, &good, bend) {
        refuses(&phone, &app, &id, text);
    }
    phone.peer.tell(good);
    assert_eq!(app.poll(&id, 0).unwrap().cancelled.len(), 1);
}

#[test]
fn row_43_notices_of_others_are_not_taken() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let good = phone.peer.notice(Event::PhoneAdded, usual());
    let bend = |notice: &mut Notice, iss, aud| (notice.iss, notice.aud) = (iss, aud);
    for text in forgeries(&phone, &good, bend) {
        refuses(&phone, &app, &id, text);
    }
    phone.peer.tell(good);
    assert_eq!(app.poll(&id, 0).unwrap().notices.len(), 1);
}

#[test]
fn row_45_what_is_no_statement_or_of_a_newer_version_is_left_alone() {
    let phone = Phone::new();
    let (app, id, prompt) = asked(&phone);
    let text = phone.peer.sign(phone.peer.challenge(Id::from([9; 16])));
    for other in [
        String::new(),
        "x".repeat(1_000),
        "..".into(),
        // A request among the others.
        text.compact().to_owned(),
    ] {
        assert!(is_empty(&hears(&phone, &app, &id, other)));
    }
    assert_eq!(app.pending().unwrap().len(), 1);
    assert_eq!(app.pending().unwrap()[0].id, prompt);
    assert!(phone.peer.inner().acks.is_empty());
    assert_eq!(phone.peer.calls_to("/acks"), 0);
}

#[test]
fn a_cancel_of_an_unknown_request_is_acknowledged_and_dropped() {
    let phone = Phone::new();
    let (app, id, prompt) = asked(&phone);
    let cancel = phone
        .peer
        .tell(phone.peer.cancel(Id::from([77; 16]), ELSEWHERE));
    assert!(is_empty(&app.poll(&id, 0).unwrap()));
    assert_eq!(phone.peer.inner().acks, [cancel.jti]);
    assert!(app.show(&prompt).is_ok());
}

#[test]
fn row_24_what_this_phone_answered_first_waits_for_its_verdict_whatever_it_is_told() {
    let phone = Phone::new();
    let (app, id, prompt) = asked(&phone);
    phone
        .peer
        .trouble("responses", Trouble::Lost(TransportError::Unreachable));
    app.decide(&prompt, &Answer::Deny { reason: None }).unwrap();
    phone
        .peer
        .tell(phone.peer.cancel(prompt.challenge, ELSEWHERE));
    assert!(is_empty(&app.poll(&id, 0).unwrap()));
    assert_eq!(app.outbox().unwrap().len(), 1);
    phone.peer.inner().verdict = Some(|verdict| {
        (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::DecidedElsewhere);
    });
    assert_eq!(app.deliver(true).unwrap()[0].code, "decided_elsewhere");
}

#[test]
fn a_cancel_also_ends_what_was_answered_and_could_be_answered_again() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with("294817");
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0).id;
    phone
        .peer
        .trouble("responses", Trouble::Lost(TransportError::Unreachable));
    let wrong = Answer::Approve {
        number: Some("47".into()),
        pin: Some(typed("000000")),
    };
    app.decide(&prompt, &wrong).unwrap();
    phone
        .peer
        .tell(phone.peer.cancel(prompt.challenge, ELSEWHERE));
    assert!(is_empty(&app.poll(&id, 0).unwrap()));
    // Its verdict, made before, would have opened it again.
    let verdict = app.deliver(true).unwrap().remove(0);
    assert_eq!((verdict.code, verdict.is_final), ("pin_wrong", false));
    assert!(app.pending().unwrap().is_empty());
    let over = Some(Error::Refused {
        code: Code::ChalSeen,
    });
    assert_eq!(app.decide(&prompt, &wrong).err(), over);
}

#[test]
fn the_same_again_is_acknowledged_again_and_tells_nothing() {
    let phone = Phone::new();
    let (app, id, prompt) = asked(&phone);
    let cancel = phone
        .peer
        .tell(phone.peer.cancel(prompt.challenge, ELSEWHERE));
    let notice = phone
        .peer
        .tell(phone.peer.notice(Event::PinChanged, usual()));
    assert!(!is_empty(&app.poll(&id, 0).unwrap()));
    // The server lists both again.
    let again = [cancel.compact(), notice.compact()].map(str::to_owned);
    phone.peer.inner().others.extend(again);
    assert!(is_empty(&app.poll(&id, 0).unwrap()));
    let both = [cancel.jti, notice.jti];
    assert_eq!(phone.peer.inner().acks, [both, both].concat());
    assert_eq!(app.notices(9).unwrap().len(), 1);
}

#[test]
fn acknowledgements_that_fail_are_sent_after_the_next_list_twenty_at_a_time() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    for trouble in [
        Trouble::Lost(TransportError::Unreachable),
        Trouble::Instead(problem(Said::Fault)),
    ] {
        phone.peer.trouble("acks", trouble);
        for _ in 0..13 {
            phone
                .peer
                .tell(phone.peer.notice(Event::PinChanged, usual()));
        }
        // A list that was taken is no failure.
        assert_eq!(app.poll(&id, 0).unwrap().notices.len(), 13);
        assert!(phone.peer.inner().acks.is_empty());
    }
    drop(app);
    let app = phone.app();
    let before = phone.peer.calls_to("/acks");
    app.poll(&id, 0).unwrap();
    assert_eq!(phone.peer.calls_to("/acks"), before + 2);
    let mut acks = phone.peer.inner().acks.clone();
    acks.sort();
    acks.dedup();
    assert_eq!(acks.len(), 26);
    app.poll(&id, 0).unwrap();
    assert_eq!(phone.peer.calls_to("/acks"), before + 2);
}

#[test]
fn row_47_rubbish_for_an_acknowledgement_is_none_and_costs_no_list() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let html = |status: u16| crate::ports::Answer {
        status,
        headers: vec![("content-type".into(), "text/html".into())],
        body: b"<html>".to_vec(),
    };
    let mut sent = Vec::new();
    let troubles = [
        html(200),
        html(302),
        html(404),
        json(200, &()),
        json(201, &()),
        problem(Said::NotActive),
        problem(Said::SlowDown),
        problem(Said::Fault),
    ];
    for (at, answer) in troubles.into_iter().enumerate() {
        phone.peer.trouble("acks", Trouble::Instead(answer));
        let notice = phone.peer.notice(Event::PinChanged, usual());
        sent.push(phone.peer.tell(notice).jti);
        let arrivals = app.poll(&id, 0).unwrap();
        assert_eq!((arrivals.notices.len(), arrivals.error), (1, None), "{at}");
        assert!(phone.peer.inner().acks.is_empty(), "{at}");
    }
    assert_eq!(app.accounts().unwrap()[0].standing, Standing::Active);
    app.poll(&id, 0).unwrap();
    assert_eq!(phone.peer.inner().acks, sent);
}

const TEN_YEARS: u64 = 10 * 365 * 86_400;

#[test]
fn row_44_what_is_told_of_the_far_future_moves_no_clock_and_is_not_the_newest_for_ever() {
    let phone = Phone::new();
    let (app, id, prompt) = asked(&phone);
    let mut far = phone.peer.notice(Event::PhoneAdded, other_set());
    far.iat += TEN_YEARS;
    phone.peer.tell(far);
    let mut far = phone.peer.cancel(Id::from([9; 16]), ELSEWHERE);
    far.iat += TEN_YEARS;
    phone.peer.tell(far);
    phone.peer.become_state(|state| state.iat += TEN_YEARS);
    let notice = app.poll(&id, 0).unwrap().notices.remove(0);
    // As late as the phone knows that it can be.
    assert!(notice.at <= phone.peer.inner().now + 1);
    assert!(app.show(&prompt).unwrap().seconds_left > 100);
    phone.peer.ask(2, |challenge| challenge.set = usual());
    assert_eq!(app.poll(&id, 0).unwrap().prompts.len(), 1);
    phone.pass(60);
    phone
        .peer
        .tell(phone.peer.notice(Event::PhoneRemoved, other_set()));
    app.poll(&id, 0).unwrap();
    assert_eq!(app.notices(1).unwrap()[0].event, Event::PhoneRemoved);
    assert!(app.show(&prompt).is_ok());
}

#[test]
fn row_44_a_phone_that_knows_no_upper_bound_is_put_right_by_a_fresh_answer() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with("294817");
    phone.clock.restart();
    let mut far = phone.peer.notice(Event::PhoneAdded, other_set());
    far.iat += TEN_YEARS;
    phone.peer.tell(far);
    let notice = app.poll(&id, 0).unwrap().notices.remove(0);
    assert_eq!(notice.at, phone.peer.inner().now + TEN_YEARS);
    phone.peer.ask(1, |_| {});
    assert_eq!(app.poll(&id, 0).unwrap().refused, [Code::ChalExpired]);
    // It was made after it was asked for.
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    assert!(prompt.seconds_left > 0);
    phone.peer.ask(2, |_| {});
    assert_eq!(app.poll(&id, 0).unwrap().prompts.len(), 1);
    // The newest notice is one of now again.
    phone
        .peer
        .tell(phone.peer.notice(Event::PhoneAdded, Digest::from([5; 32])));
    app.poll(&id, 0).unwrap();
    phone
        .peer
        .ask(3, |challenge| challenge.set = Digest::from([5; 32]));
    assert_eq!(app.poll(&id, 0).unwrap().prompts[0].notes, []);
}

#[test]
fn row_48_a_process_that_dies_anywhere_takes_everything_once_and_acknowledges_it() {
    for at in 1..40 {
        let phone = Phone::new();
        let (app, id, prompt) = asked(&phone);
        drop(app);
        let cancel = phone
            .peer
            .tell(phone.peer.cancel(prompt.challenge, ELSEWHERE));
        let notice = phone
            .peer
            .tell(phone.peer.notice(Event::PhoneAdded, usual()));
        if let Ok(app) = phone.start(at) {
            let _ = app.poll(&id, 0);
        }
        let acks = phone.peer.inner().acks.clone();
        let app = phone.app();
        // What was acknowledged is here.
        if !acks.is_empty() {
            assert!(app.pending().unwrap().is_empty() && app.notices(9).unwrap().len() == 1);
        }
        app.poll(&id, 0).unwrap();
        assert!(app.pending().unwrap().is_empty() && app.notices(9).unwrap().len() == 1);
        let acks = phone.peer.inner().acks.clone();
        assert!(acks.contains(&cancel.jti) && acks.contains(&notice.jti));
    }
}

#[test]
fn a_list_over_the_cap_is_no_answer() {
    let phone = Phone::new();
    let (app, id, _) = asked(&phone);
    let text = phone.peer.sign(phone.peer.challenge(Id::from([9; 16])));
    let text = text.compact().to_owned();
    let answer = |others: usize| {
        let list = countersign_protocol::call::ChallengesAnswer {
            challenges: vec![text.clone(); 10],
            others: vec!["x".into(); others],
            sn: 2,
            next: "c9-9".into(),
            more: false,
        };
        Trouble::Instead(crate::testkit::json(200, &list))
    };
    phone.peer.trouble("challenges", answer(11));
    let refused = app.poll(&id, 0).err();
    assert_eq!(refused.unwrap().code(), Some(Code::SrvError));
    phone.peer.trouble("challenges", answer(10));
    assert!(app.poll(&id, 0).is_ok());
}

fn notes(app: &Authenticator) -> Vec<Note> {
    app.pending().unwrap().remove(0).notes
}

#[test]
fn other_phones_are_said_once_until_a_notice_explains_them() {
    let phone = Phone::new();
    let (app, id, prompt) = asked(&phone);
    let deny = Answer::Deny { reason: None };
    app.decide(&prompt, &deny).unwrap();
    phone.peer.ask(2, |challenge| challenge.set = other_set());
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    assert_eq!(prompt.notes, [Note::PhonesChanged]);
    // A notice about something else, and one that tells of other phones still, explain nothing.
    phone
        .peer
        .tell(phone.peer.notice(Event::PinChanged, usual()));
    app.poll(&id, 0).unwrap();
    assert_eq!(notes(&app), [Note::PhonesChanged]);
    phone
        .peer
        .tell(phone.peer.notice(Event::PhoneAdded, other_set()));
    app.poll(&id, 0).unwrap();
    assert_eq!(notes(&app), []);
    app.decide(&prompt.id, &deny).unwrap();
    // Once seen they are known.
    phone.peer.ask(3, |challenge| challenge.set = other_set());
    assert_eq!(app.poll(&id, 0).unwrap().prompts[0].notes, []);
}

#[test]
fn a_notice_in_the_same_list_explains_a_request() {
    let phone = Phone::new();
    let (app, id, _) = asked(&phone);
    phone.peer.ask(2, |challenge| challenge.set = other_set());
    phone
        .peer
        .tell(phone.peer.notice(Event::AdminEnrolled, other_set()));
    let arrivals = app.poll(&id, 0).unwrap();
    assert_eq!(arrivals.prompts[0].notes, []);
    let notice = &arrivals.notices[0];
    assert!(notice.account == id && notice.event == Event::AdminEnrolled);
    assert_eq!(
        (notice.device.as_deref(), notice.phones),
        (Some("Tablet"), 2)
    );
}

#[test]
fn row_44_an_older_notice_explains_no_newer_phones() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = phone.peer.notice(Event::PhoneAdded, other_set());
    phone.pass(60);
    phone
        .peer
        .tell(phone.peer.notice(Event::PhoneRemoved, usual()));
    app.poll(&id, 0).unwrap();
    // It comes late, or somebody brings it again.
    phone.peer.tell(old);
    app.poll(&id, 0).unwrap();
    phone.peer.ask(1, |challenge| challenge.set = other_set());
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    assert_eq!(prompt.notes, [Note::PhonesChanged]);
    // Both are listed, by when they were.
    let events: Vec<Event> = app
        .notices(9)
        .unwrap()
        .iter()
        .map(|notice| notice.event)
        .collect();
    assert_eq!(events, [Event::PhoneRemoved, Event::PhoneAdded]);
    assert_eq!(app.notices(1).unwrap().len(), 1);
}

#[test]
fn the_first_request_needs_an_explanation_only_where_phones_were_told_of() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone
        .peer
        .tell(phone.peer.notice(Event::PhoneAdded, usual()));
    app.poll(&id, 0).unwrap();
    phone.peer.ask(1, |challenge| challenge.set = other_set());
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    assert_eq!(prompt.notes, [Note::PhonesChanged]);
}

#[test]
fn notices_of_one_second_are_in_the_order_in_which_they_were_told() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let told = [
        Event::RecoveryMade,
        Event::RecoveryUsed,
        Event::PhoneAdded,
        Event::PinChanged,
        Event::PhoneRenewed,
        Event::PhoneRemoved,
    ];
    for event in told {
        phone.peer.tell(phone.peer.notice(event, usual()));
    }
    app.poll(&id, 0).unwrap();
    let kept = app.notices(9).unwrap();
    assert!(kept.iter().all(|notice| notice.at == kept[0].at));
    let newest_first: Vec<Event> = kept.iter().map(|notice| notice.event).collect();
    let mut oldest_first = newest_first;
    oldest_first.reverse();
    assert_eq!(oldest_first, told);
}

#[test]
fn notices_are_forgotten_when_the_server_has_forgotten_them() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone
        .peer
        .tell(phone.peer.notice(Event::PhoneAdded, usual()));
    app.poll(&id, 0).unwrap();
    phone.pass(89 * 86_400);
    phone
        .peer
        .tell(phone.peer.notice(Event::PinChanged, usual()));
    app.poll(&id, 0).unwrap();
    assert_eq!(app.notices(9).unwrap().len(), 2);
    phone.pass(2 * 86_400);
    phone
        .peer
        .tell(phone.peer.notice(Event::PinChanged, usual()));
    app.poll(&id, 0).unwrap();
    app.poll(&id, 0).unwrap();
    assert_eq!(app.notices(9).unwrap().len(), 2);
    // With the ID goes what happened to it.
    app.forget(&id).unwrap();
    let left = phone.records();
    assert!(!left.iter().any(|name| name.contains("notice")), "{left:?}");
}

/// A phone whose answer arrived, and which never heard what became of it.
fn unheard(phone: &Phone) -> (Authenticator, Id, PromptId, Signed<Verdict>) {
    let (app, id, prompt) = asked(phone);
    phone
        .peer
        .trouble("responses", Trouble::AnswerLost(TransportError::Broken));
    app.decide(&prompt, &Answer::Deny { reason: None }).unwrap();
    assert_eq!(app.outbox().unwrap().len(), 1);
    let verdict = phone.peer.inner().verdicts[0].clone();
    (app, id, prompt, verdict)
}

#[test]
fn a_verdict_beside_requests_ends_the_answer_that_waits() {
    let phone = Phone::new();
    let (app, id, prompt, verdict) = unheard(&phone);
    let arrivals = hears(&phone, &app, &id, verdict.compact().to_owned());
    assert!(arrivals.verdicts[0].id == prompt && arrivals.verdicts[0].accepted);
    assert_eq!(phone.peer.inner().acks, [verdict.jti]);
    assert!(app.outbox().unwrap().is_empty());
    assert_eq!(app.history(9).unwrap()[0].result.as_deref(), Some("ok"));
    // Again: nothing waits for it.
    let again = hears(&phone, &app, &id, verdict.compact().to_owned());
    assert!(is_empty(&again));
    assert_eq!(app.history(9).unwrap().len(), 1);
    assert!(app.deliver(true).unwrap().is_empty());
}

#[test]
fn row_43_verdicts_of_others_end_no_answer() {
    let phone = Phone::new();
    let (app, id, _, verdict) = unheard(&phone);
    let bend = |verdict: &mut Verdict, iss, aud| (verdict.iss, verdict.aud) = (iss, aud);
    for text in forgeries(&phone, verdict.body(), bend) {
        refuses(&phone, &app, &id, text);
        assert_eq!(app.outbox().unwrap().len(), 1);
    }
    // About another answer, or another request.
    let changes: [fn(&mut Verdict); 2] = [
        |verdict| verdict.response = Digest::from([0; 32]),
        |verdict| verdict.challenge = Digest::from([0; 32]),
    ];
    for change in changes {
        let mut other = verdict.body().clone();
        change(&mut other);
        let other = phone.peer.sign(other).compact().to_owned();
        assert!(is_empty(&hears(&phone, &app, &id, other)));
        assert_eq!(app.outbox().unwrap().len(), 1);
    }
}

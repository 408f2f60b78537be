//! Row 47: whatever comes in place of a verdict, the answer waits, as it is.

use crate::authenticator::{Authenticator, Ports};
use crate::challenge::{Action, Answer, NewPin, PromptId};
use crate::core::Core;
use crate::error::{Code, Error};
use crate::outbox::Sent;
use crate::ports::{Answer as Reply, TransportError};
use crate::testkit::{Phone, Script, Trouble, json, judged, problem, typed};
use countersign_protocol::call::VerdictAnswer;
use countersign_protocol::problem::Code as Said;
use countersign_protocol::statement::{Decision, Outcome, Verdict, VerdictCode};
use countersign_protocol::{Digest, Id, Origin};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

fn approve() -> Answer {
    Answer::Approve {
        number: Some("47".into()),
        pin: None,
    }
}

fn asked(phone: &Phone) -> (Authenticator, PromptId) {
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    (app, prompt.id)
}

fn reply(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Reply {
        status,
        headers: headers.collect(),
        body: body.to_vec(),
    }
}

#[test]
fn row_47_no_unsigned_answer_ends_an_entry() {
    let html = [("content-type", "text/html")];
    let ours = [("content-type", "application/json")];
    let answers = [
        reply(500, &html, b"<html>"),
        reply(503, &[("retry-after", "30")], b""),
        reply(400, &html, b""),
        reply(403, &html, b""),
        reply(404, &html, b""),
        reply(409, &html, b""),
        reply(410, &html, b""),
        reply(413, &html, b""),
        reply(415, &html, b""),
        reply(302, &[("location", "https://evil.example/")], b""),
        reply(200, &html, b"{}"),
        reply(200, &ours, b"{\"verdict\":\"a.b"),
        reply(200, &ours, b"{\"verdict\":\"a.b.c\"}"),
        reply(204, &[], b""),
        problem(Said::BadStatement),
        problem(Said::BadProof),
        problem(Said::NotFound),
        problem(Said::Conflict),
        problem(Said::Gone),
        problem(Said::SlowDown),
        problem(Said::Fault),
    ];
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    phone
        .peer
        .trouble("responses", Trouble::Lost(TransportError::Unreachable));
    assert!(matches!(
        app.decide(&id, &approve()),
        Ok(Sent::Queued(Error::Retry {
            code: Code::NetOffline,
            ..
        }))
    ));
    for answer in answers {
        phone.peer.trouble("responses", Trouble::Instead(answer));
        assert!(app.deliver(true).unwrap().is_empty());
        assert_eq!(app.outbox().unwrap().len(), 1);
    }
    for fault in [
        TransportError::Timeout,
        TransportError::Broken,
        TransportError::Tls,
        TransportError::TooLarge,
    ] {
        phone.peer.trouble("responses", Trouble::Lost(fault));
        assert!(app.deliver(true).unwrap().is_empty());
    }
    assert!(app.deliver(true).unwrap()[0].accepted);
    assert!(app.outbox().unwrap().is_empty());
    let inner = phone.peer.inner();
    let posted: std::collections::BTreeSet<&String> = inner
        .calls
        .iter()
        .filter(|call| call.1.contains("responses"))
        .map(|call| &call.2)
        .collect();
    assert_eq!((posted.len(), inner.responses.len()), (1, 1));
}

#[test]
fn row_47_a_verdict_about_something_else_ends_nothing() {
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    let changes: [fn(&mut Verdict); 5] = [
        |verdict| verdict.iss = Origin::parse("https://evil.example").unwrap(),
        |verdict| verdict.aud = Id::from([0; 16]),
        |verdict| verdict.challenge = Digest::from([0; 32]),
        |verdict| verdict.response = Digest::from([0; 32]),
        // The number of a browser is typed once (section 7).
        |verdict| {
            (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::NumberWrong);
            (verdict.r#final, verdict.attempts) = (false, Some(2));
        },
    ];
    phone
        .peer
        .trouble("responses", Trouble::AnswerLost(TransportError::Timeout));
    app.decide(&id, &approve()).unwrap();
    let good = phone.peer.inner().verdicts[0].body().clone();
    for change in changes {
        let mut verdict = good.clone();
        change(&mut verdict);
        let verdict = phone.peer.sign(verdict).compact().to_owned();
        phone.peer.trouble(
            "responses",
            Trouble::Instead(json(200, &VerdictAnswer { verdict })),
        );
        assert!(app.deliver(true).unwrap().is_empty());
        assert_eq!(app.outbox().unwrap().len(), 1);
    }
    assert!(app.deliver(true).unwrap()[0].accepted);
}

#[test]
fn what_only_a_person_gets_over_is_stuck_and_says_so_also_after_a_restart() {
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    for (said, stuck) in [
        (Said::Conflict, Some(409)),
        (Said::Gone, Some(410)),
        (Said::Fault, None),
        (Said::NotFound, Some(404)),
        (Said::NonceRequired, None),
        (Said::TooLarge, Some(413)),
        (Said::SlowDown, None),
        (Said::BadStatement, Some(400)),
    ] {
        phone
            .peer
            .trouble("responses", Trouble::Instead(problem(said)));
        if app.outbox().unwrap().is_empty() {
            app.decide(&id, &approve()).unwrap();
        } else {
            app.deliver(true).unwrap();
        }
        assert_eq!(app.outbox().unwrap()[0].stuck, stuck, "{said:?}");
    }
    assert_eq!(app.outbox().unwrap()[0].next_try, 15 * 60);
    drop(app);
    let app = phone.app();
    assert_eq!(
        (
            app.outbox().unwrap()[0].stuck,
            app.outbox().unwrap()[0].next_try
        ),
        (Some(400), 0)
    );
    assert!(app.deliver(false).unwrap()[0].accepted);
}

#[test]
fn a_request_that_came_too_slowly_is_sent_again_soon() {
    for status in [408, 425] {
        let phone = Phone::new();
        let (app, id) = asked(&phone);
        let slow = reply(status, &[], b"");
        phone.peer.trouble("responses", Trouble::Instead(slow));
        app.decide(&id, &approve()).unwrap();
        let waiting = app.outbox().unwrap().remove(0);
        assert_eq!(waiting.stuck, None);
        assert!(waiting.next_try <= 2);
        phone.pass(2);
        assert!(app.deliver(false).unwrap()[0].accepted);
    }
}

#[test]
fn a_retry_waits_as_long_as_it_was_asked_to() {
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    let busy = reply(503, &[("retry-after", "30")], b"");
    phone.peer.trouble("responses", Trouble::Instead(busy));
    app.decide(&id, &approve()).unwrap();
    assert_eq!(app.outbox().unwrap()[0].next_try, 30);
    phone.clock.pass(29);
    assert!(app.deliver(false).unwrap().is_empty());
    assert_eq!(phone.peer.calls_to("/responses"), 1);
    phone.clock.pass(1);
    assert_eq!(app.deliver(false).unwrap().len(), 1);
}

#[test]
fn a_verdict_that_is_not_final_opens_the_request_again() {
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    phone.peer.inner().verdict = Some(|verdict| {
        (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::PinWrong);
        (verdict.r#final, verdict.attempts) = (false, Some(2));
    });
    let Ok(Sent::Verdict(first)) = app.decide(&id, &approve()) else {
        panic!("a verdict")
    };
    assert_eq!(
        (first.accepted, first.is_final, first.attempts),
        (false, false, Some(2))
    );
    assert_eq!(app.pending().unwrap()[0].id, id);
    let Ok(Sent::Verdict(second)) = app.decide(&id, &approve()) else {
        panic!("a verdict")
    };
    assert!(second.accepted && app.pending().unwrap().is_empty());
    let inner = phone.peer.inner();
    assert_eq!(inner.responses[1].prev.0, Some(inner.responses[0].hash()));
    assert_ne!(inner.responses[0].jti, inner.responses[1].jti);
    drop(inner);
    assert_eq!(app.history(10).unwrap().len(), 2);
}

#[test]
fn a_day_after_the_end_a_silent_server_is_given_up() {
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    phone
        .peer
        .trouble("responses", Trouble::Lost(TransportError::Unreachable));
    app.decide(&id, &approve()).unwrap();
    phone.clock.pass(120 + 24 * 3600 - 60);
    phone
        .peer
        .trouble("responses", Trouble::Lost(TransportError::Unreachable));
    app.deliver(true).unwrap();
    assert_eq!(app.outbox().unwrap().len(), 1);
    phone.clock.pass(300);
    app.deliver(true).unwrap();
    assert!(app.outbox().unwrap().is_empty());
    let history = app.history(10).unwrap();
    assert_eq!((history.len(), history[0].result.as_deref()), (1, None));
    assert!(phone.peer.inner().responses.is_empty());
}

#[test]
fn a_verdict_that_the_id_is_paused_makes_the_phone_look_at_its_state() {
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    phone.peer.end(
        countersign_protocol::statement::Standing::Suspended,
        countersign_protocol::statement::StateReason::Clone,
    );
    phone.peer.inner().verdict = Some(|verdict| {
        (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::Suspended);
    });
    let Ok(Sent::Verdict(verdict)) = app.decide(&id, &approve()) else {
        panic!("a verdict")
    };
    assert_eq!(verdict.code, "suspended");
    let standing = app.accounts().unwrap()[0].standing;
    assert_eq!(
        standing,
        countersign_protocol::statement::Standing::Suspended
    );
}

#[test]
fn two_deliveries_at_once_have_one_effect() {
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    phone
        .peer
        .trouble("responses", Trouble::Lost(TransportError::Unreachable));
    app.decide(&id, &approve()).unwrap();
    let verdicts: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| app.deliver(true).unwrap().len()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!((verdicts, phone.peer.inner().responses.len()), (1, 1));
    assert_eq!(app.history(10).unwrap().len(), 1);
}

/// An approval that was taken back; neither it nor the report arrived.
fn taken_back(phone: &Phone) -> Authenticator {
    let (app, id) = asked(phone);
    let report = Answer::Report { reason: None };
    for answer in [approve(), report] {
        let lost = Trouble::Lost(TransportError::Unreachable);
        phone.peer.trouble("responses", lost);
        assert!(matches!(app.decide(&id, &answer), Ok(Sent::Queued(_))));
    }
    app
}

fn arrived(phone: &Phone) -> Vec<Decision> {
    let peer = phone.peer.inner();
    peer.responses.iter().map(|one| one.decision).collect()
}

const REPORT_FIRST: [Decision; 2] = [Decision::Report, Decision::Approve];

#[test]
fn a_report_goes_before_the_approval_that_it_takes_back() {
    for now in [true, false] {
        let phone = Phone::new();
        let app = taken_back(&phone);
        // They are listed as they were signed.
        let listed = app.outbox().unwrap();
        let listed: Vec<_> = listed.iter().map(|one| one.decision).collect();
        assert_eq!(listed, [Decision::Approve, Decision::Report]);
        phone.pass(3);
        app.deliver(now).unwrap();
        assert_eq!(arrived(&phone), REPORT_FIRST);
    }
}

#[test]
fn what_is_due_waits_for_a_report_that_is_not() {
    let phone = Phone::new();
    let app = taken_back(&phone);
    phone.pass(3);
    let busy = reply(503, &[("retry-after", "30")], b"");
    phone.peer.trouble("responses", Trouble::Instead(busy));
    app.deliver(false).unwrap();
    phone.pass(20);
    app.deliver(false).unwrap();
    assert_eq!(arrived(&phone), []);
    phone.pass(10);
    app.deliver(false).unwrap();
    assert_eq!(arrived(&phone), REPORT_FIRST);
}

/// A page of a proxy's is enough to make one stuck.
#[test]
fn a_report_that_is_stuck_holds_what_it_takes_back_and_nothing_else() {
    for what in [problem(Said::Conflict), reply(404, &[], b"<html>")] {
        let phone = Phone::new();
        let app = taken_back(&phone);
        phone.peer.ask(2, |_| {});
        let id = app.outbox().unwrap()[0].id.account;
        let other = app.poll(&id, 0).unwrap().prompts.remove(0).id;
        let lost = Trouble::Lost(TransportError::Unreachable);
        phone.peer.trouble("responses", lost);
        app.decide(&other, &Answer::Deny { reason: None }).unwrap();
        phone.pass(3);
        phone.peer.trouble("responses", Trouble::Instead(what));
        for _ in 0..3 {
            app.deliver(false).unwrap();
            assert_eq!(arrived(&phone), [Decision::Deny]);
        }
        // Nobody is told to come back at once for what is held.
        let waiting = app.outbox().unwrap();
        assert_eq!(waiting.len(), 2);
        assert_eq!(waiting[0].next_try, waiting[1].next_try);
        assert!(waiting[0].next_try > 600);
        app.deliver(true).unwrap();
        assert_eq!(
            arrived(&phone),
            [Decision::Deny, Decision::Report, Decision::Approve]
        );
    }
}

#[test]
fn a_report_goes_first_also_before_what_must_arrive_before_something_else() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with("294817");
    let set = app.begin(&id, Action::SetPin).unwrap().id;
    let answer = Answer::SetPin {
        old: Some(typed("294817")),
        new: NewPin::new(typed("604155"), &typed("604155")).unwrap(),
    };
    for answer in [answer, Answer::Report { reason: None }] {
        let lost = Trouble::Lost(TransportError::Unreachable);
        phone.peer.trouble("responses", lost);
        app.decide(&set, &answer).unwrap();
    }
    // The same again needs the answer to the first.
    let _ = app.begin(&id, Action::SetPin);
    assert_eq!(arrived(&phone), REPORT_FIRST);
}

#[test]
fn an_answer_that_another_thread_was_quicker_to_deliver_is_sent_and_told_once() {
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    drop(app);
    let core = Core::new(phone.config.clone(), phone.ports(0)).unwrap();
    let (account, waiting) = core.decide(&id, &approve()).unwrap();
    core.deliver_due(false).unwrap();
    let told = core.deliver_new(&account.owner, waiting.ctr).unwrap();
    assert_eq!(told, None);
    assert_eq!(phone.peer.calls_to("/responses"), 1);
    assert_eq!(core.unheard(None).len(), 1);
}

#[test]
fn an_answer_whose_sending_panicked_is_sent_again() {
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    drop(app);
    let (peer, panics) = (phone.peer.clone(), AtomicBool::new(true));
    let transport = Script::new(move |request| {
        if request.url.contains("/responses") && panics.swap(false, Ordering::SeqCst) {
            panic!("a host's bug");
        }
        peer.reply(request)
    });
    let ports = Ports {
        transport: Arc::new(transport),
        ..phone.ports(0)
    };
    let app = Authenticator::open(phone.config.clone(), ports).unwrap();
    let decide = AssertUnwindSafe(|| app.decide(&id, &approve()));
    assert!(catch_unwind(decide).is_err());
    assert_eq!(app.outbox().unwrap().len(), 1);
    assert!(app.deliver(true).unwrap()[0].accepted);
}

/// What somebody else does while the next call is under way, once the server has answered it.
type Meanwhile = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

fn started(phone: &Phone) -> (Arc<Authenticator>, Meanwhile) {
    let meanwhile = Meanwhile::default();
    let (peer, come) = (phone.peer.clone(), meanwhile.clone());
    let transport = Script::new(move |request| {
        let answer = peer.reply(request);
        let act = come.lock().unwrap().take();
        if let Some(act) = act {
            std::thread::spawn(act).join().unwrap();
        }
        answer
    });
    let ports = Ports {
        transport: Arc::new(transport),
        ..phone.ports(0)
    };
    let app = Authenticator::open(phone.config.clone(), ports).unwrap();
    (Arc::new(app), meanwhile)
}

/// The list of what waits is older than the report: another thread signs it while the first entry is under way.
#[test]
fn an_approval_does_not_go_while_a_report_waits_that_was_signed_meanwhile() {
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    phone.peer.ask(2, |_| {});
    let other = app.poll(&id.account, 0).unwrap().prompts.remove(0).id;
    for (id, answer) in [(other, Answer::Deny { reason: None }), (id, approve())] {
        let lost = Trouble::Lost(TransportError::Unreachable);
        phone.peer.trouble("responses", lost);
        app.decide(&id, &answer).unwrap();
    }
    drop(app);
    let (app, meanwhile) = started(&phone);
    let (reporting, peer) = (app.clone(), phone.peer.clone());
    let act = move || {
        let lost = Trouble::Lost(TransportError::Unreachable);
        peer.trouble("responses", lost);
        let report = Answer::Report { reason: None };
        let sent = reporting.decide(&id, &report).unwrap();
        assert!(matches!(sent, Sent::Queued(_)));
    };
    *meanwhile.lock().unwrap() = Some(Box::new(act));
    app.deliver(true).unwrap();
    assert_eq!(arrived(&phone), [Decision::Deny]);
    app.deliver(true).unwrap();
    let all = [Decision::Deny, Decision::Report, Decision::Approve];
    assert_eq!(arrived(&phone), all);
}

#[test]
fn a_verdict_that_a_list_brings_while_its_answer_is_under_way_is_told_once() {
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    let lost = Trouble::AnswerLost(TransportError::Timeout);
    phone.peer.trouble("responses", lost);
    app.decide(&id, &approve()).unwrap();
    drop(app);
    let (app, meanwhile) = started(&phone);
    let (polling, peer) = (app.clone(), phone.peer.clone());
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    *meanwhile.lock().unwrap() = Some(Box::new(move || {
        let verdict = peer.inner().verdicts[0].compact().to_owned();
        peer.inner().others.push(verdict);
        let verdicts = polling.poll(&id.account, 0).unwrap().verdicts;
        heard.lock().unwrap().extend(verdicts);
    }));
    assert!(app.deliver(true).unwrap().is_empty());
    assert_eq!(told.lock().unwrap().len(), 1);
    assert!(app.outbox().unwrap().is_empty());
    assert!(app.deliver(true).unwrap().is_empty());
}

/// Further behind, a server would take it for a copied phone's.
#[test]
fn nothing_but_a_report_is_signed_far_ahead_of_an_answer_that_waits() {
    let phone = Phone::new();
    let (app, id) = asked(&phone);
    let stuck = || Trouble::Instead(problem(Said::TooLarge));
    let deny = Answer::Deny { reason: None };
    phone.peer.trouble("responses", stuck());
    app.decide(&id, &deny).unwrap();
    let ask = |number| {
        phone.peer.ask(number, |_| {});
        app.poll(&id.account, 0).unwrap().prompts.remove(0).id
    };
    for number in 2..=31 {
        assert!(judged(app.decide(&ask(number), &deny)).accepted);
    }
    let one_more = ask(32);
    for answer in [&deny, &approve()] {
        phone.peer.trouble("responses", stuck());
        let unsent = Error::Retry {
            code: Code::SrvBusy,
            wait: None,
            reference: "unsent",
        };
        assert_eq!(app.decide(&one_more, answer).err(), Some(unsent));
        assert_eq!(app.outbox().unwrap().len(), 1);
    }
    let report = Answer::Report { reason: None };
    assert!(judged(app.decide(&one_more, &report)).accepted);
    // It is delivered first, and then there is room again.
    let next = ask(33);
    assert!(judged(app.decide(&next, &deny)).accepted);
    assert!(app.outbox().unwrap().is_empty());
    let last = phone.peer.inner().responses.last().unwrap().ctr;
    assert_eq!(last, 33);
}

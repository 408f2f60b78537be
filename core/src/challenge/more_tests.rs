//! More time for a request: one prompt, whichever of its statements is named.

use crate::challenge::{Answer, PromptId};
use crate::error::{Code, Error};
use crate::outbox::Sent;
use crate::ports::TransportError;
use crate::testkit::{Phone, Trouble, json, judged, refused};
use crate::{Authenticator, Prompt};
use countersign_protocol::call::ChallengeAnswer;
use countersign_protocol::statement::{CancelReason, Challenge, Outcome, Verdict, VerdictCode};
use countersign_protocol::text::Name;
use countersign_protocol::{Digest, Id};
use std::sync::Arc;

fn approve() -> Answer {
    Answer::Approve {
        number: Some("47".into()),
        pin: None,
    }
}

fn open(app: &Authenticator) -> Vec<PromptId> {
    app.pending().unwrap().iter().map(|open| open.id).collect()
}

fn asked(phone: &Phone, app: &Authenticator, id: &Id) -> Prompt {
    phone.peer.ask(1, |_| {});
    app.poll(id, 0).unwrap().prompts.remove(0)
}

/// The server lists the request of `asked` anew.
fn renew(phone: &Phone, old: &Prompt, change: impl FnOnce(&mut Challenge)) {
    phone.peer.ask(2, |challenge| {
        challenge.replaces = Some(old.id.challenge);
        challenge.iat += 50;
        challenge.exp += 50;
        change(challenge);
    });
}

#[test]
fn a_request_gets_more_time_and_stays_one_prompt() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = asked(&phone, &app, &id);
    let new = app.more_time(&old.id).unwrap();
    assert_eq!(new.goes_on, Some(old.id));
    assert!(new.rows == old.rows && new.number == old.number);
    assert_eq!(open(&app), [new.id]);
    // It is listed too, and is no news.
    let arrivals = app.poll(&id, 0).unwrap();
    assert!(arrivals.prompts.is_empty() && arrivals.renewed.is_empty());
    // The shell may still name the old one, also after a restart.
    drop(app);
    let app = phone.app();
    assert_eq!(app.show(&old.id).unwrap().id, new.id);
    assert!(matches!(
        app.decide(&old.id, &approve()),
        Ok(Sent::Verdict(_))
    ));
    assert!(open(&app).is_empty());
    assert_eq!(phone.peer.inner().responses.len(), 1);
    let again = app.decide(&new.id, &approve()).err();
    let code = Code::ChalSeen;
    assert_eq!(again, Some(Error::Refused { code }));
}

#[test]
fn more_time_that_somebody_else_asked_for_alarms_nobody() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = asked(&phone, &app, &id);
    renew(&phone, &old, |_| {});
    let mut arrivals = app.poll(&id, 0).unwrap();
    assert!(arrivals.prompts.is_empty());
    let new = arrivals.renewed.remove(0);
    assert_eq!(new.goes_on, Some(old.id));
    assert_eq!(open(&app), [new.id]);
}

#[test]
fn what_says_anything_else_is_another_request_that_is_shown_as_one() {
    type Bend = fn(&mut Challenge);
    let bends: [Bend; 4] = [
        |challenge| challenge.txn = Id::from([9; 16]),
        |challenge| challenge.service.name = Name::parse("Bank").unwrap(),
        |challenge| challenge.phones += 1,
        |challenge| challenge.context.as_mut().unwrap().known ^= true,
    ];
    for bend in bends {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        let old = asked(&phone, &app, &id);
        renew(&phone, &old, bend);
        let arrivals = app.poll(&id, 0).unwrap();
        assert!(arrivals.renewed.is_empty());
        assert_eq!(arrivals.prompts[0].goes_on, None);
        assert_eq!(open(&app), [arrivals.prompts[0].id]);
        // What was typed for the one doesn't answer the other.
        let code = Code::ChalSeen;
        let refused = app.decide(&old.id, &approve()).err();
        assert_eq!(refused, Some(Error::Refused { code }));
    }
}

#[test]
fn row_44_what_was_decided_is_not_asked_again_with_more_time() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = asked(&phone, &app, &id);
    app.decide(&old.id, &Answer::Deny { reason: None }).unwrap();
    renew(&phone, &old, |_| {});
    let arrivals = app.poll(&id, 0).unwrap();
    assert!(arrivals.prompts.is_empty() && arrivals.renewed.is_empty());
    assert!(open(&app).is_empty());
}

#[test]
fn the_last_time_is_told_apart_and_the_request_stays_open() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = asked(&phone, &app, &id);
    phone.peer.inner().no_more = true;
    let code = Code::ChalLast;
    assert_eq!(app.more_time(&old.id).err(), Some(Error::Refused { code }));
    assert_eq!(open(&app), [old.id]);
    app.decide(&old.id, &approve()).unwrap();
}

#[test]
fn nothing_that_is_not_open_here_gets_more_time() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = asked(&phone, &app, &id);
    app.decide(&old.id, &approve()).unwrap();
    let calls = phone.peer.calls_to("/actions");
    let unknown = PromptId {
        challenge: Id::from([77; 16]),
        ..old.id
    };
    for prompt in [old.id, unknown] {
        assert!(app.more_time(&prompt).is_err());
    }
    assert_eq!(phone.peer.calls_to("/actions"), calls);
}

fn cancel(phone: &Phone, jti: Id, reason: CancelReason) {
    phone.peer.tell(phone.peer.cancel(jti, reason));
}

#[test]
fn a_statement_whose_time_is_over_ends_none_that_goes_on() {
    // The app was away while the person asked for more time on the page; then it hears of both.
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = asked(&phone, &app, &id);
    renew(&phone, &old, |_| {});
    phone.pass(130);
    cancel(&phone, old.id.challenge, CancelReason::Expired);
    let mut arrivals = app.poll(&id, 0).unwrap();
    let new = arrivals.renewed.remove(0);
    assert_eq!(new.goes_on, Some(old.id));
    // What goes on isn't over.
    assert!(arrivals.prompts.is_empty() && arrivals.cancelled.is_empty());
    assert_eq!(open(&app), [new.id]);
    // And once more.
    let newest = phone.peer.ask_again(&new.id.challenge);
    phone.pass(60);
    cancel(&phone, new.id.challenge, CancelReason::Expired);
    let arrivals = app.poll(&id, 0).unwrap();
    assert_eq!(arrivals.renewed[0].id.challenge, newest);
    assert_eq!(open(&app), [arrivals.renewed[0].id]);
    assert!(matches!(
        app.decide(&old.id, &approve()),
        Ok(Sent::Verdict(_))
    ));
}

#[test]
fn a_statement_whose_time_is_over_ends_none_that_goes_on_also_when_one_is_heard_of_first() {
    for first_over in [true, false] {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        let old = asked(&phone, &app, &id);
        let over = || {
            phone.pass(70);
            cancel(&phone, old.id.challenge, CancelReason::Expired);
            app.poll(&id, 0).unwrap().cancelled.len()
        };
        phone.pass(60);
        if first_over {
            assert_eq!(over(), 1);
        }
        phone.peer.ask_again(&old.id.challenge);
        let new = app.poll(&id, 0).unwrap().renewed.remove(0);
        if !first_over {
            assert_eq!(over(), 0);
        }
        assert_eq!(open(&app), [new.id]);
    }
}

#[test]
fn what_is_over_otherwise_is_not_asked_again_with_more_time() {
    for reason in [
        CancelReason::DecidedElsewhere,
        CancelReason::Replaced,
        CancelReason::Withdrawn,
    ] {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        let old = asked(&phone, &app, &id);
        renew(&phone, &old, |_| {});
        cancel(&phone, old.id.challenge, reason);
        let arrivals = app.poll(&id, 0).unwrap();
        assert!(arrivals.prompts.is_empty() && arrivals.renewed.is_empty());
        assert_eq!(arrivals.cancelled.len(), 1);
        assert!(open(&app).is_empty());
    }
}

/// The request gets more time at each read of the store, in turn, that answering it takes.
#[test]
fn an_answer_that_may_be_tried_again_opens_the_request_as_it_is_whenever_it_got_more_time() {
    for at in 0.. {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        let app = Arc::new(app);
        let old = asked(&phone, &app, &id);
        let newer = phone.peer.ask_again(&old.id.challenge);
        phone.peer.inner().verdict = Some(|verdict| {
            (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::PinWrong);
            (verdict.r#final, verdict.attempts) = (false, Some(2));
        });
        let other = app.clone();
        let elsewhere = phone.at_read(at, move || drop(other.poll(&id, 0).unwrap()));
        let verdict = judged(app.decide(&old.id, &approve()));
        assert!(!verdict.is_final, "{at}");
        if !elsewhere.came() {
            assert!(at > 8);
            break;
        }
        let newer = PromptId {
            challenge: newer,
            ..old.id
        };
        assert_eq!(open(&app), [newer], "{at}");
    }
}

/// The answer to the next response.
fn says(phone: &Phone, verdict: fn(&mut Verdict)) {
    phone.peer.inner().verdict = Some(verdict);
}

fn expired(verdict: &mut Verdict) {
    (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::Expired);
}

#[test]
fn an_answer_that_was_too_late_leaves_the_request_open_where_it_has_more_time() {
    let deny = Answer::Deny { reason: None };
    for (answer, newer_first) in [(approve(), true), (approve(), false), (deny, true)] {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        let old = asked(&phone, &app, &id);
        let lost = Trouble::Lost(TransportError::Unreachable);
        phone.peer.trouble("/responses", lost);
        app.decide(&old.id, &answer).unwrap();
        says(&phone, expired);
        let more = || {
            phone.pass(50);
            let challenge = phone.peer.ask_again(&old.id.challenge);
            let arrivals = app.poll(&id, 0).unwrap();
            let newer = PromptId {
                challenge,
                ..old.id
            };
            (newer, arrivals.renewed.len() + arrivals.prompts.len())
        };
        let newer = if newer_first {
            let (newer, shown) = more();
            assert_eq!(shown, 0);
            let verdict = app.deliver(true).unwrap().remove(0);
            assert_eq!((verdict.code, verdict.is_final), ("expired", false));
            newer
        } else {
            let verdict = app.deliver(true).unwrap().remove(0);
            assert_eq!((verdict.code, verdict.is_final), ("expired", true));
            assert!(open(&app).is_empty());
            // Its own answer was given, once.
            assert_eq!(
                app.decide(&old.id, &approve()).err(),
                refused(Code::ChalSeen)
            );
            let (newer, shown) = more();
            assert_eq!(shown, 1);
            newer
        };
        assert_eq!(open(&app), [newer]);
        assert!(judged(app.decide(&old.id, &approve())).accepted);
        assert!(open(&app).is_empty());
    }
}

#[test]
fn no_other_end_of_an_older_statement_opens_the_request_again() {
    let ends: [fn(&mut Verdict); 5] = [
        |verdict| (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::PinLocked),
        |verdict| (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::FactorsMissing),
        |verdict| {
            (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::DecidedElsewhere)
        },
        |verdict| (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::Cancelled),
        |verdict| (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::ViewMismatch),
    ];
    for end in ends {
        for newer_first in [true, false] {
            let phone = Phone::new();
            let (app, id) = phone.enrolled();
            let old = asked(&phone, &app, &id);
            let lost = Trouble::Lost(TransportError::Unreachable);
            phone.peer.trouble("/responses", lost);
            app.decide(&old.id, &approve()).unwrap();
            says(&phone, end);
            if newer_first {
                phone.peer.ask_again(&old.id.challenge);
                app.poll(&id, 0).unwrap();
            }
            assert!(app.deliver(true).unwrap()[0].is_final);
            if !newer_first {
                phone.peer.ask_again(&old.id.challenge);
                app.poll(&id, 0).unwrap();
            }
            assert!(open(&app).is_empty());
        }
    }
}

#[test]
fn what_was_reported_stays_shut_when_its_answer_was_too_late() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = asked(&phone, &app, &id);
    for answer in [approve(), Answer::Report { reason: None }] {
        let lost = Trouble::Lost(TransportError::Unreachable);
        phone.peer.trouble("/responses", lost);
        app.decide(&old.id, &answer).unwrap();
    }
    phone.peer.ask_again(&old.id.challenge);
    app.poll(&id, 0).unwrap();
    // The report goes alone; its approval behind it is too late.
    let lost = Trouble::AnswerLost(TransportError::Unreachable);
    phone.peer.trouble("/responses", lost);
    app.deliver(true).unwrap();
    says(&phone, expired);
    app.deliver(true).unwrap();
    let verdicts = app.history(9).unwrap().into_iter();
    let verdicts: Vec<_> = verdicts.filter_map(|one| one.result).collect();
    assert!(verdicts.contains(&"expired".to_owned()));
    assert!(open(&app).is_empty());
}

/// A statement of the request of `asked` that has more time than any that came here, in place of one that never did.
fn further(phone: &Phone, old: &Prompt, change: impl FnOnce(&mut Challenge)) -> String {
    let mut challenge = phone.peer.challenge(Id::from([9; 16]));
    challenge.replaces = Some(Id::from([8; 16]));
    challenge.iat += 20;
    challenge.exp += 20;
    assert_ne!(old.id.challenge, challenge.jti);
    change(&mut challenge);
    phone.peer.sign(challenge).compact().to_owned()
}

fn extends(phone: &Phone, challenge: String) {
    let answer = json(201, &ChallengeAnswer { challenge });
    phone.peer.trouble("/actions", Trouble::Instead(answer));
}

#[test]
fn more_time_is_taken_also_where_the_statement_before_it_never_came() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = asked(&phone, &app, &id);
    let text = further(&phone, &old, |_| {});
    extends(&phone, text.clone());
    let new = app.more_time(&old.id).unwrap();
    assert_eq!(new.goes_on, Some(old.id));
    assert_eq!(new.id.challenge, Id::from([9; 16]));
    assert_eq!(open(&app), [new.id]);
    // The same once more changes nothing.
    extends(&phone, text);
    assert_eq!(app.more_time(&old.id).unwrap().id, new.id);
    assert!(judged(app.decide(&old.id, &approve())).accepted);
    assert!(open(&app).is_empty());
}

#[test]
fn more_time_that_a_list_brought_meanwhile_is_no_fault() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = asked(&phone, &app, &id);
    let newer = phone.peer.ask_again(&old.id.challenge);
    let text = phone.peer.inner().open.last().unwrap().clone();
    app.poll(&id, 0).unwrap();
    extends(&phone, text.clone());
    assert_eq!(app.more_time(&old.id).unwrap().id.challenge, newer);
    // And went on once more.
    let newest = phone.peer.ask_again(&newer);
    app.poll(&id, 0).unwrap();
    extends(&phone, text);
    assert_eq!(app.more_time(&old.id).unwrap().id.challenge, newest);
    assert_eq!(open(&app).len(), 1);
}

#[test]
fn more_time_that_was_made_before_it_was_asked_for_sets_no_clock_back() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = asked(&phone, &app, &id);
    let newer = phone.peer.ask_again(&old.id.challenge);
    let text = phone.peer.inner().open.pop().unwrap();
    phone.pass(40);
    phone
        .peer
        .ask(77, |challenge| challenge.exp = challenge.iat + 30);
    assert_eq!(app.poll(&id, 0).unwrap().prompts.len(), 1);
    extends(&phone, text);
    assert_eq!(app.more_time(&old.id).unwrap().id.challenge, newer);
    // The other one is over by what was known of the time before.
    phone.pass(35);
    assert_eq!(
        open(&app),
        [PromptId {
            challenge: newer,
            ..old.id
        }]
    );
}

#[test]
fn what_says_anything_else_is_no_more_time() {
    type Bend = fn(&mut Challenge);
    let bends: [Bend; 4] = [
        |challenge| challenge.txn = Id::from([9; 16]),
        |challenge| challenge.service.name = Name::parse("Bank").unwrap(),
        |challenge| challenge.context.as_mut().unwrap().known ^= true,
        |challenge| challenge.replaces = None,
    ];
    for bend in bends {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        let old = asked(&phone, &app, &id);
        extends(&phone, further(&phone, &old, bend));
        let error = app.more_time(&old.id).err().unwrap();
        assert_eq!(error.code(), Some(Code::SrvError));
        assert_eq!(open(&app), [old.id]);
    }
}

#[test]
fn two_statements_of_one_request_are_one_prompt_in_whichever_order_they_come() {
    for decided_first in [true, false] {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        let ids = [1, 2].map(|number| PromptId {
            account: id,
            challenge: Id::from([number; 16]),
        });
        // By a link, say: the newer one alone.
        phone.peer.ask(2, |challenge| {
            challenge.replaces = Some(ids[0].challenge);
            challenge.exp += 20;
            challenge.iat += 20;
        });
        assert_eq!(app.poll(&id, 0).unwrap().prompts[0].id, ids[1]);
        if decided_first {
            app.decide(&ids[1], &approve()).unwrap();
        }
        phone.peer.ask(1, |_| {});
        let arrivals = app.poll(&id, 0).unwrap();
        assert!(arrivals.prompts.is_empty() && arrivals.renewed.is_empty());
        assert!(arrivals.refused.is_empty());
        let left = if decided_first { &[][..] } else { &ids[1..] };
        assert_eq!(open(&app), left);
        let answer = app.decide(&ids[0], &approve());
        if decided_first {
            assert_eq!(answer.err(), refused(Code::ChalSeen));
        } else {
            assert!(judged(answer).accepted);
            assert!(open(&app).is_empty());
        }
        let hash = |text: &String| Digest::of(&[text.rsplit_once('.').unwrap().0.as_bytes()]);
        let peer = phone.peer.inner();
        let answered: Vec<_> = peer.responses.iter().map(|one| one.challenge).collect();
        assert_eq!(answered, [hash(&peer.open[0])]);
    }
}

#[test]
fn a_statement_in_between_that_comes_late_leaves_one_prompt() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = asked(&phone, &app, &id);
    // The answer that had the one in between was lost.
    extends(&phone, further(&phone, &old, |_| {}));
    let newest = app.more_time(&old.id).unwrap().id;
    phone.peer.ask(8, |challenge| {
        challenge.replaces = Some(old.id.challenge);
        challenge.exp += 10;
        challenge.iat += 10;
    });
    let arrivals = app.poll(&id, 0).unwrap();
    assert!(arrivals.prompts.is_empty() && arrivals.renewed.is_empty());
    assert_eq!(open(&app), [newest]);
    assert_eq!(app.show(&old.id).unwrap().id, newest);
}

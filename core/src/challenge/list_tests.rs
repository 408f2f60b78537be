//! What a list, or the outbox, brought reaches the caller, whatever fails after it.

use crate::authenticator::Authenticator;
use crate::challenge::{Action, Answer, NewPin, PromptId, Seen};
use crate::core::Core;
use crate::enrol::Progress;
use crate::error::{Code, Error};
use crate::outbox::{Sent, VerdictInfo};
use crate::ports::TransportError;
use crate::testkit::{Phone, Trouble, json, typed};
use crate::vault::Change;
use countersign_protocol::call::ChallengesAnswer;
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

fn noted(phone: &Phone) -> usize {
    let records = phone.records().into_iter();
    records.filter(|name| name.starts_with("seen/")).count()
}

#[test]
fn a_flood_of_requests_is_refused_before_it_fills_the_store() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    for _ in 0..100 {
        let challenge = phone.peer.challenge(Id::make().unwrap());
        let text = phone.peer.sign(challenge).compact().to_owned();
        phone.peer.inner().open.push(text);
    }
    let arrivals = app.poll(&id, 0).unwrap();
    assert_eq!((arrivals.prompts.len(), noted(&phone)), (64, 64));
    assert_eq!(arrivals.refused, vec![Code::SrvError; 36]);
    assert_eq!(app.pending().unwrap().len(), 64);
    // One that a push names is one more; what is noted is still shown.
    let pushed = phone.peer.ask(1, |_| {});
    let refused = app.fetch(&id, &pushed).err();
    assert_eq!((code(refused), noted(&phone)), (Some(Code::SrvError), 64));
    let first = arrivals.prompts[0].id;
    assert_eq!(app.fetch(&id, &first.challenge).unwrap().id, first);
    // A decision makes room, and so does time.
    app.decide(&first, &Answer::Deny { reason: None }).unwrap();
    assert!(app.fetch(&id, &pushed).is_ok());
    phone.pass(130);
    phone.peer.ask(2, |_| {});
    assert_eq!(app.poll(&id, 0).unwrap().prompts.len(), 1);
}

/// As many notes as there may be, each this one.
fn fill(core: &Core, id: &Id, seen: &Seen) {
    let note = |change: &mut Change<'_>| {
        (0..4096u16).try_for_each(|n| {
            let [high, low] = n.to_be_bytes();
            let jti = std::array::from_fn(|at| if at == 0 { high } else { low });
            change.put(&Seen::place(id, &Id::from(jti)), seen)
        })
    };
    core.vault.change(note).unwrap();
}

/// As many notes as there may be, of requests that were taken back at once; and a request that a stranger asked for.
fn as_many_as_may_be(phone: &Phone) -> (Core, Id, Id) {
    let (app, id) = phone.enrolled();
    drop(app);
    let core = Core::new(phone.config.clone(), phone.ports(0)).unwrap();
    let challenge = phone.peer.sign(phone.peer.challenge(Id::from([9; 16])));
    let mut over = Seen::new(&challenge, challenge.iat * 1000, false);
    over.cancel(CancelReason::Withdrawn);
    fill(&core, &id, &over);
    (core, id, phone.peer.ask(77, |_| {}))
}

#[test]
fn what_was_over_at_once_fills_no_store_and_makes_way_once_its_time_is_over() {
    let phone = Phone::new();
    let (core, id, _) = as_many_as_may_be(&phone);
    // Only its note keeps it from being shown again as yet.
    let arrivals = core.poll(&id, 0).unwrap();
    assert_eq!((arrivals.prompts.len(), noted(&phone)), (0, 4096));
    assert_eq!(arrivals.refused, [Code::SrvError]);
    phone.pass(200);
    let login = phone.peer.ask(78, |_| {});
    let arrivals = core.poll(&id, 0).unwrap();
    assert!(arrivals.refused.is_empty());
    assert_eq!(arrivals.prompts[0].id.challenge, login);
    core.begin(&id, Action::Unfreeze).unwrap();
    assert_eq!(noted(&phone), 4096);
    // A day later the others are forgotten.
    phone.pass(25 * 3600);
    core.poll(&id, 0).unwrap();
    phone.peer.ask(79, |_| {});
    assert_eq!(core.poll(&id, 0).unwrap().prompts.len(), 1);
    assert_eq!(noted(&phone), 1);
}

#[test]
fn what_the_person_asks_for_on_the_phone_is_never_one_too_many() {
    let phone = Phone::new();
    let (core, id, _) = as_many_as_may_be(&phone);
    let own = core.begin(&id, Action::Unfreeze).unwrap();
    let more = core.more_time(&own.id).unwrap();
    assert_eq!(more.goes_on, Some(own.id));
    // Nor where as many are open as may be.
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    for _ in 0..64 {
        let challenge = phone.peer.challenge(Id::make().unwrap());
        let text = phone.peer.sign(challenge).compact().to_owned();
        phone.peer.inner().open.push(text);
    }
    let open = app.poll(&id, 0).unwrap().prompts;
    app.more_time(&open[63].id).unwrap();
    app.begin(&id, Action::Unfreeze).unwrap();
    phone.peer.ask(77, |_| {});
    assert_eq!(app.poll(&id, 0).unwrap().refused, [Code::SrvError]);
}

#[test]
fn what_may_still_be_reported_makes_no_way() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let challenge = phone.peer.ask(76, |challenge| challenge.exp -= 60);
    let first = app.poll(&id, 0).unwrap().prompts.remove(0).id;
    assert_eq!(first.challenge, challenge);
    let approve = Answer::Approve {
        number: Some("47".into()),
        pin: None,
    };
    app.decide(&first, &approve).unwrap();
    drop(app);
    let core = Core::new(phone.config.clone(), phone.ports(0)).unwrap();
    let challenge = phone.peer.sign(phone.peer.challenge(Id::from([9; 16])));
    let over = Seen::new(&challenge, challenge.iat * 1000, false);
    fill(&core, &id, &over);
    phone.pass(200);
    for number in [77, 78] {
        phone.peer.ask(number, |_| {});
        assert_eq!(core.poll(&id, 0).unwrap().prompts.len(), 1);
    }
    assert_eq!(noted(&phone), 4096);
    core.decide(&first, &Answer::Report { reason: None })
        .unwrap();
}

/// Then the lower bound of the server's time stands where it was kept.
#[test]
fn row_44_what_was_forgotten_is_over_also_after_a_restart_of_the_device() {
    let again = |phone: &Phone, core: &Core, id: &Id| {
        phone.clock.restart();
        let refused = core.fetch(id, Id::from([77; 16])).err().unwrap();
        assert_eq!(code(Some(refused.into())), Some(Code::ChalExpired));
    };
    // Because there were too many.
    let phone = Phone::new();
    let (core, id, _) = as_many_as_may_be(&phone);
    phone.pass(200);
    // It tells of a time when the others were not over.
    phone.peer.ask(78, |challenge| {
        challenge.iat -= 100;
        challenge.exp -= 100;
    });
    assert_eq!(core.poll(&id, 0).unwrap().prompts.len(), 1);
    assert_eq!(noted(&phone), 4096);
    again(&phone, &core, &id);
    // Because it was a day ago.
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(77, |_| {});
    assert_eq!(app.poll(&id, 0).unwrap().prompts.len(), 1);
    drop(app);
    let core = Core::new(phone.config.clone(), phone.ports(0)).unwrap();
    phone.clock.pass(25 * 3600);
    phone.peer.trouble("challenges", lost());
    assert!(core.poll(&id, 0).is_err());
    assert_eq!(noted(&phone), 0);
    again(&phone, &core, &id);
}

#[test]
fn what_is_over_for_long_is_forgotten_also_when_the_list_fails() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    app.poll(&id, 0).unwrap();
    phone.pass(25 * 3600);
    phone.peer.trouble("challenges", lost());
    assert_eq!(code(app.poll(&id, 0).err()), Some(Code::NetOffline));
    assert_eq!(noted(&phone), 0);
}

/// Pages that tell of states.
fn pages_of_states(phone: &Phone, sn: impl Fn(u64) -> u64) {
    for page in 1..=5 {
        let answer = ChallengesAnswer {
            challenges: Vec::new(),
            others: Vec::new(),
            sn: sn(page),
            next: format!("c{page}-0"),
            more: true,
        };
        let page = Trouble::Instead(json(200, &answer));
        phone.peer.trouble("challenges", page);
    }
}

#[test]
fn one_state_is_fetched_for_a_list_however_many_it_tells_of() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let before = phone.peer.calls_to("/credentials/");
    pages_of_states(&phone, |page| 100 + page);
    app.poll(&id, 0).unwrap();
    assert_eq!(phone.peer.calls_to("/credentials/"), before + 1);
    // The next list goes on where this one stopped.
    app.poll(&id, 0).unwrap();
    assert_eq!(phone.peer.calls_to("/credentials/"), before + 2);
    assert!(
        phone
            .peer
            .inner()
            .calls
            .iter()
            .any(|call| call.1.contains("after=c1-0"))
    );
}

#[test]
fn a_state_that_is_not_taken_keeps_no_page_from_the_person() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let before = phone.peer.calls_to("/challenges?");
    pages_of_states(&phone, |_| 100);
    app.poll(&id, 0).unwrap();
    // The five, and the one behind them.
    assert_eq!(phone.peer.calls_to("/challenges?"), before + 6);
}

#[test]
fn one_state_is_fetched_for_a_list_however_many_requests_speak_of_another() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let before = phone.peer.calls_to("/credentials/");
    for number in 1..=5 {
        phone.peer.ask(number, |challenge| challenge.policy = 7);
    }
    let refused = app.poll(&id, 0).unwrap().refused;
    assert_eq!(refused, vec![Code::ChalUnverified; 5]);
    assert_eq!(phone.peer.calls_to("/credentials/"), before + 1);
}

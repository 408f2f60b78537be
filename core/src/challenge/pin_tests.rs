//! Row 49 at the phone: what is no PIN is refused before anything is computed, and a PIN that may be the
//! right one is nobody's to judge but the server's.

use crate::account::Account;
use crate::authenticator::Authenticator;
use crate::challenge::{Answer, Note, PromptId};
use crate::error::Code;
use crate::outbox::Sent;
use crate::ports::TransportError;
use crate::testkit::{Phone, Trouble, judged, refused, typed};
use countersign_protocol::Id;
use countersign_protocol::policy::{Alternative, Alternatives};
use countersign_protocol::statement::{Decision, Standing, StateReason};

const PIN: &str = "294817";

fn approve(pin: Option<&str>) -> Answer {
    Answer::Approve {
        number: Some("47".into()),
        pin: pin.map(typed),
    }
}

/// One request that waits.
fn asked(phone: &Phone, app: &Authenticator, id: &Id, number: u8) -> PromptId {
    phone.peer.ask(number, |_| {});
    let prompts = app.poll(id, 0).unwrap().prompts;
    let prompt = prompts.into_iter().next().unwrap();
    assert!(prompt.pin && prompt.ways == ["dev+pin"] && prompt.notes.is_empty());
    prompt.id
}

#[test]
fn a_pin_is_chosen_twice_before_an_id_is_added() {
    let phone = Phone::before_pin();
    let app = phone.app();
    let review = || app.review(&phone.peer.link()).unwrap();
    assert_eq!(review().least_pin(), 6);
    // None chosen, or none that was taken: nothing is made.
    assert_eq!(app.enrol(review()).err(), refused(Code::PinShort));
    let mut bad = review();
    assert!(bad.choose_pin(typed(PIN), &typed(PIN)).is_ok());
    let differs = bad.choose_pin(typed(PIN), &typed("294818"));
    assert_eq!(differs.err(), refused(Code::PinDiffer));
    assert_eq!(app.enrol(bad).err(), refused(Code::PinShort));
    let mut short = review();
    for pin in ["", "2", "29481"] {
        let said = short.choose_pin(typed(pin), &typed(pin));
        assert_eq!(said.err(), refused(Code::PinShort), "{pin}");
    }
    assert_eq!((phone.records(), phone.owners()), (Vec::new(), 0));

    // The policy may ask for more digits.
    phone.peer.inner().policy.pin = 8;
    let mut review = review();
    let said = review.choose_pin(typed("2948172"), &typed("2948172"));
    assert_eq!(said.err(), refused(Code::PinShort));
    review
        .choose_pin(typed("29481729"), &typed("29481729"))
        .unwrap();
    assert!(app.enrol(review).is_ok());
}

#[test]
fn where_no_pin_is_asked_none_is_kept() {
    let phone = Phone::new();
    let app = phone.app();
    let mut review = app.review(&phone.peer.link()).unwrap();
    assert_eq!(review.least_pin(), 0);
    review.choose_pin(typed(PIN), &typed(PIN)).unwrap();
    let id = app.enrol(review).unwrap();
    let account: Account = phone.account(&id);
    assert!(account.pin.is_none());
}

#[test]
fn row_49_too_few_digits_are_refused_before_anything_is_computed() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = asked(&phone, &app, &id, 1);
    // Without its pepper the phone can compute nothing from a PIN.
    let pepper = phone.folder.path().join(id.to_string()).join("pepper");
    let kept = std::fs::read(&pepper).unwrap();
    std::fs::remove_file(&pepper).unwrap();
    for pin in [None, Some(""), Some("2"), Some("29481")] {
        let said = app.decide(&prompt, &approve(pin)).err();
        assert_eq!(said, refused(Code::PinShort), "{pin:?}");
    }
    let lost = app.decide(&prompt, &approve(Some(PIN))).err();
    assert_eq!(lost.and_then(|error| error.code()), Some(Code::KeyLost));
    assert!(app.outbox().unwrap().is_empty());
    assert_eq!(phone.peer.calls_to("/responses"), 0);

    std::fs::write(&pepper, kept).unwrap();
    let verdict = judged(app.decide(&prompt, &approve(Some(PIN))));
    assert!(verdict.accepted);
}

#[test]
fn row_49_a_wrong_pin_opens_the_request_again_and_the_fifth_ends_it() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = asked(&phone, &app, &id, 1);
    for left in [4, 3, 2, 1] {
        let verdict = judged(app.decide(&prompt, &approve(Some("294818"))));
        let said = (verdict.code, verdict.is_final, verdict.attempts);
        assert_eq!(said, ("pin_wrong", false, Some(left)));
        let open = app.pending().unwrap();
        assert!(open.len() == 1 && open[0].id == prompt && open[0].pin);
    }
    let verdict = judged(app.decide(&prompt, &approve(Some("294818"))));
    let said = (verdict.code, verdict.is_final, verdict.attempts);
    assert_eq!(said, ("pin_locked", true, None));
    assert!(app.pending().unwrap().is_empty());
    let again = app.decide(&prompt, &approve(Some(PIN))).err();
    assert_eq!(again, refused(Code::ChalSeen));
    // What was typed is nowhere in the history.
    let results: Vec<_> = app.history(9).unwrap();
    assert_eq!(results.len(), 5);
    assert!(
        results
            .iter()
            .all(|entry| entry.decision == Decision::Approve)
    );
}

#[test]
fn a_right_pin_after_a_wrong_one_is_a_new_link_of_the_chain_with_a_fresh_agreement() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = asked(&phone, &app, &id, 1);
    let verdict = judged(app.decide(&prompt, &approve(Some("000000"))));
    assert_eq!(verdict.code, "pin_wrong");
    assert!(judged(app.decide(&prompt, &approve(Some(PIN)))).accepted);
    let inner = phone.peer.inner();
    let [first, second] = &inner.responses[..] else {
        panic!("two responses")
    };
    assert!(first.jti != second.jti && first.dh != second.dh && first.pin != second.pin);
    assert_eq!((first.ctr, second.ctr), (1, 2));
    assert_eq!(second.prev.0, Some(first.hash()));
    assert_eq!(first.challenge, second.challenge);
}

#[test]
fn a_wrong_pin_opens_the_request_again_also_when_it_got_more_time_meanwhile() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = asked(&phone, &app, &id, 1);
    let lost = Trouble::Lost(TransportError::Unreachable);
    phone.peer.trouble("responses", lost);
    app.decide(&prompt, &approve(Some("000000"))).unwrap();
    let newer = phone.peer.ask_again(&prompt.challenge);
    assert!(app.poll(&id, 0).unwrap().renewed.is_empty());
    assert_eq!(app.deliver(true).unwrap()[0].code, "pin_wrong");
    let open = app.pending().unwrap();
    assert!(open.len() == 1 && open[0].id.challenge == newer);
    assert!(judged(app.decide(&prompt, &approve(Some(PIN)))).accepted);
}

#[test]
fn after_a_wrong_pin_the_person_may_deny() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = asked(&phone, &app, &id, 1);
    judged(app.decide(&prompt, &approve(Some("000000"))));
    let verdict = judged(app.decide(&prompt, &Answer::Deny { reason: None }));
    assert!(verdict.accepted);
    let inner = phone.peer.inner();
    let deny = inner.responses.last().unwrap();
    assert!(deny.pin.is_none() && deny.dh.is_none());
}

#[test]
fn with_the_keys_of_a_removed_credential_goes_what_hid_its_pin() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let kept = |app: Authenticator| {
        drop(app);
        let held = phone.contents();
        let account = held
            .into_iter()
            .find(|(name, _)| name.starts_with("account/"));
        let account: serde_json::Value = serde_json::from_str(&account.unwrap().1).unwrap();
        account["pin"].clone()
    };
    assert!(kept(phone.app()).is_string());
    phone.peer.end(Standing::Revoked, StateReason::Removed);
    app.poll(&id, 0).unwrap();
    phone.pass(24 * 3600 + 120);
    app.sync().unwrap();
    assert!(kept(app).is_null());
}

#[test]
fn offline_nobody_says_whether_it_was_the_right_one() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = asked(&phone, &app, &id, 1);
    phone
        .peer
        .trouble("responses", Trouble::Lost(TransportError::Unreachable));
    let sent = app.decide(&prompt, &approve(Some("000000"))).unwrap();
    assert!(matches!(sent, Sent::Queued(_)));
    assert!(app.pending().unwrap().is_empty());
    // Once the server has said no, the request is open again.
    let verdicts = app.deliver(true).unwrap();
    assert_eq!(verdicts[0].attempts, Some(4));
    assert_eq!(app.pending().unwrap().len(), 1);
    assert!(judged(app.decide(&prompt, &approve(Some(PIN)))).accepted);
}

#[test]
fn a_restart_forgets_neither_pin_nor_request() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = asked(&phone, &app, &id, 1);
    judged(app.decide(&prompt, &approve(Some("000000"))));
    drop(app);
    let app = phone.app();
    assert!(app.show(&prompt).unwrap().pin);
    assert!(judged(app.decide(&prompt, &approve(Some(PIN)))).accepted);
}

/// The process ends at each port call in turn, between a wrong PIN and the right one.
#[test]
fn killed_anywhere_the_phone_answers_once_and_the_server_counts_once() {
    for die_at in 1.. {
        let phone = Phone::before_pin();
        let (app, id) = phone.enrolled_with(PIN);
        let prompt = asked(&phone, &app, &id, 1);
        drop(app);
        let wrong = phone.start(die_at).map(|app| {
            let sent = app.decide(&prompt, &approve(Some("000000")));
            matches!(sent, Ok(Sent::Verdict(_)))
        });
        let survived = wrong == Ok(true);
        let app = phone.app();
        app.deliver(true).unwrap();
        let signed = app.history(9).unwrap().len();
        assert_eq!(phone.peer.inner().responses.len(), signed);
        let verdict = judged(app.decide(&prompt, &approve(Some(PIN))));
        assert!(verdict.accepted, "{die_at}");
        if survived {
            assert!(die_at > 4);
            break;
        }
    }
}

#[test]
fn the_alternative_that_asks_least_is_taken() {
    use Alternative::{Dev, DevPin, PinUv, Uv};
    let phone = Phone::before_pin();
    phone.peer.inner().policy.min = Alternatives::new(vec![Dev, DevPin]).unwrap();
    let (app, id) = phone.enrolled_with(PIN);
    let cases: [(&[Alternative], &[&str], bool); 5] = [
        (&[DevPin, Dev], &["dev", "dev+pin"], false),
        (&[DevPin, Uv], &["dev+pin"], true),
        (&[DevPin], &["dev+pin"], true),
        (&[Dev], &["dev"], false),
        (&[Uv, PinUv], &[], false),
    ];
    for (at, (factors, ways, pin)) in (1..).zip(cases) {
        phone.peer.ask(at, |challenge| {
            challenge.factors = Alternatives::new(factors.to_vec()).unwrap();
        });
        let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
        assert_eq!((&prompt.ways[..], prompt.pin), (ways, pin), "{factors:?}");
        assert_eq!(prompt.notes.contains(&Note::CannotApprove), ways.is_empty());
        let sent = app.decide(&prompt.id, &approve(Some(PIN)));
        if ways.is_empty() {
            assert_eq!(sent.err(), refused(Code::ResFactors));
            continue;
        }
        assert!(judged(sent).accepted);
        // A PIN that isn't asked for isn't used.
        let inner = phone.peer.inner();
        let response = inner.responses.last().unwrap();
        assert_eq!((response.pin.is_some(), response.dh.is_some()), (pin, pin));
    }
}

#[test]
fn an_id_without_a_pin_cannot_approve_what_asks_for_one() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |challenge| {
        challenge.factors = Alternatives::new(vec![Alternative::DevPin]).unwrap();
    });
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    assert_eq!(prompt.notes, [Note::CannotApprove]);
    assert!(!prompt.pin && prompt.ways.is_empty());
    let sent = app.decide(&prompt.id, &approve(Some(PIN)));
    assert_eq!(sent.err(), refused(Code::ResFactors));
}

#[test]
fn a_number_that_is_missing_is_said_before_the_pin() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = asked(&phone, &app, &id, 1);
    let answer = Answer::Approve {
        number: None,
        pin: Some(typed(PIN)),
    };
    let said = app.decide(&prompt, &answer).err();
    assert_eq!(said, refused(Code::NumberEmpty));
}

/// The statement on the wire is the one that is kept: nothing else of a PIN is.
#[test]
fn what_waits_in_the_outbox_is_what_goes_out() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = asked(&phone, &app, &id, 1);
    phone
        .peer
        .trouble("responses", Trouble::AnswerLost(TransportError::Timeout));
    app.decide(&prompt, &approve(Some(PIN))).unwrap();
    let first = phone.peer.inner().responses[0].hash();
    assert!(app.deliver(true).unwrap()[0].accepted);
    let inner = phone.peer.inner();
    assert_eq!(
        (inner.responses.len(), inner.responses[0].hash()),
        (1, first)
    );
    let posts: Vec<_> = inner
        .calls
        .iter()
        .filter(|call| call.1.contains("responses"))
        .collect();
    assert!(posts.len() == 2 && posts[0].2 == posts[1].2);
}

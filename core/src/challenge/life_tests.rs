//! The life of a request that passed: shown, replaced, answered, reported.

use crate::challenge::tests::{request, verdict_on};
use crate::challenge::{Answer, Note, PromptId};
use crate::error::{Code, Error};
use crate::outbox::Sent;
use crate::ports::{DeviceKeys, Slot, TransportError};
use crate::testkit::{Phone, Trouble, json, problem};
use countersign_protocol::call::StateAnswer;
use countersign_protocol::policy::{Alternative, Alternatives, Offline};
use countersign_protocol::problem::Code as Said;
use countersign_protocol::statement::{Decision, Kind, Mode, Row, Standing, StateReason};
use countersign_protocol::text::{Name, Value};
use countersign_protocol::{Digest, Id, Origin};

fn approve() -> Answer {
    Answer::Approve {
        number: Some("47".into()),
        pin: None,
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

#[test]
fn a_number_is_typed_exactly_as_asked() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    for bad in [
        None,
        Some(""),
        Some("4"),
        Some("447"),
        Some("4a"),
        Some("４７"),
    ] {
        let answer = Answer::Approve {
            number: bad.map(str::to_owned),
            pin: None,
        };
        assert_eq!(
            app.decide(&prompt.id, &answer).err(),
            Some(Error::Refused {
                code: Code::NumberEmpty
            })
        );
    }
    assert_eq!(phone.peer.calls_to("/responses"), 0);
    app.decide(&prompt.id, &approve()).unwrap();
}

#[test]
fn what_this_phone_cannot_give_is_not_approved_but_denied() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |challenge| {
        challenge.factors = Alternatives::new(vec![Alternative::Uv]).unwrap()
    });
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    assert_eq!(prompt.notes, [Note::CannotApprove]);
    assert_eq!(
        app.decide(&prompt.id, &approve()).err(),
        Some(Error::Refused {
            code: Code::ResFactors
        })
    );
    app.decide(&prompt.id, &Answer::Deny { reason: None })
        .unwrap();
    assert_eq!(phone.peer.inner().responses[0].decision, Decision::Deny);
}

#[test]
fn a_report_is_made_once_also_after_an_answer_and_after_the_end() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    app.decide(&prompt.id, &approve()).unwrap();
    phone.pass(3600);
    let report = Answer::Report { reason: None };
    assert!(matches!(
        app.decide(&prompt.id, &report),
        Ok(Sent::Verdict(_))
    ));
    assert_eq!(
        app.decide(&prompt.id, &report).err(),
        Some(Error::Refused {
            code: Code::ChalSeen
        })
    );
    let decisions: Vec<Decision> = phone
        .peer
        .inner()
        .responses
        .iter()
        .map(|one| one.decision)
        .collect();
    assert_eq!(decisions, [Decision::Approve, Decision::Report]);
}

#[test]
fn a_transaction_shows_its_rows_word_for_word() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |challenge| {
        challenge.kind = Kind::Transaction;
        challenge.lang = Some("de".into());
        let row = |label, value| Row {
            label: name(label),
            value: Value::parse(value).unwrap(),
        };
        challenge.rows = Some(vec![row("Betrag", "1.000,00 €"), row("An", "Ben")]);
    });
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    let rows: Vec<_> = prompt
        .rows
        .iter()
        .map(|row| (row.id.as_str(), row.value.as_str()))
        .collect();
    assert_eq!(
        rows[5..9],
        [
            ("label.1", "Betrag"),
            ("value.1", "1.000,00 €"),
            ("label.2", "An"),
            ("value.2", "Ben")
        ]
    );
    assert_eq!(
        (prompt.title.as_str(), prompt.lang.as_deref()),
        ("ask.transaction", Some("de"))
    );
}

#[test]
fn a_newer_request_of_the_same_browser_takes_the_place_of_the_old_one() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = phone.peer.ask(1, |_| {});
    app.poll(&id, 0).unwrap();
    // By the same `txn` it would be the old one with more time.
    let new = phone.peer.ask(2, |challenge| {
        challenge.txn = Id::from([22; 16]);
        challenge.replaces = Some(old);
    });
    app.poll(&id, 0).unwrap();
    let pending = app.pending().unwrap();
    assert_eq!(
        pending
            .iter()
            .map(|prompt| prompt.id.challenge)
            .collect::<Vec<_>>(),
        [new]
    );
    let old = PromptId {
        account: id,
        challenge: old,
    };
    assert_eq!(
        app.decide(&old, &approve()).err(),
        Some(Error::Refused {
            code: Code::ChalSeen
        })
    );
}

#[test]
fn other_phones_than_last_time_are_pointed_out() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    assert!(app.poll(&id, 0).unwrap().prompts[0].notes.is_empty());
    phone
        .peer
        .ask(2, |challenge| challenge.set = Digest::from([4; 32]));
    assert_eq!(
        app.poll(&id, 0).unwrap().prompts[0].notes,
        [Note::PhonesChanged]
    );
    phone
        .peer
        .ask(3, |challenge| challenge.set = Digest::from([4; 32]));
    assert!(app.poll(&id, 0).unwrap().prompts[0].notes.is_empty());
    assert_eq!(
        app.pending()
            .unwrap()
            .iter()
            .filter(|prompt| !prompt.notes.is_empty())
            .count(),
        1
    );
}

#[test]
fn a_paused_id_answers_nothing_but_a_report() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    phone.peer.end(Standing::Suspended, StateReason::Admin);
    app.poll(&id, 0).unwrap();
    assert_eq!(app.accounts().unwrap()[0].standing, Standing::Suspended);
    assert_eq!(
        app.decide(&prompt.id, &approve()).err(),
        Some(Error::Refused {
            code: Code::IdPaused
        })
    );
    app.decide(&prompt.id, &Answer::Report { reason: None })
        .unwrap();
}

#[test]
fn a_removed_credential_stops_at_once_and_its_keys_go_after_a_day() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.end(Standing::Revoked, StateReason::Removed);
    app.poll(&id, 0).unwrap();
    let info = &app.accounts().unwrap()[0];
    assert_eq!(
        (info.standing, info.reason),
        (Standing::Revoked, Some(StateReason::Removed))
    );
    assert!(app.pending().unwrap().is_empty());
    app.sync().unwrap();
    assert_eq!(phone.owners(), 1);
    let owner = app.accounts().unwrap()[0].id;
    assert!(phone.keys.sign(&owner, Slot::Dev, b"m").is_ok());
    phone.pass(24 * 3600 + 120);
    app.sync().unwrap();
    // What signed is gone; what opens the history stays as long as the ID is listed.
    assert!(phone.keys.sign(&owner, Slot::Dev, b"m").is_err());
    drop(app);
    let app = phone.app();
    assert_eq!(app.accounts().unwrap().len(), 1);
    app.forget(&id).unwrap();
    assert_eq!((phone.records(), phone.owners()), (Vec::new(), 0));
}

#[test]
fn a_removal_that_a_later_state_takes_back_takes_no_keys() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.end(Standing::Revoked, StateReason::Removed);
    app.poll(&id, 0).unwrap();
    phone.pass(24 * 3600 + 120);
    phone.peer.become_state(|state| {
        (state.state, state.reason) = (Standing::Active, None);
        (state.wake, state.push_id) = (Some(Id::from([8; 16])), Some(Id::from([9; 16])));
    });
    app.sync().unwrap();
    assert_eq!(app.accounts().unwrap()[0].standing, Standing::Active);
    assert!(phone.keys.sign(&id, Slot::Dev, b"m").is_ok());
}

#[test]
fn the_keys_of_a_removed_credential_go_also_where_nobody_answers() {
    for trouble in [
        Trouble::Lost(TransportError::Unreachable),
        Trouble::Instead(problem(Said::NotFound)),
        Trouble::Instead(json(200, &StateAnswer { state: "x".into() })),
    ] {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        phone.peer.end(Standing::Revoked, StateReason::Removed);
        app.poll(&id, 0).unwrap();
        phone.pass(24 * 3600 + 120);
        phone.peer.trouble("credentials", trouble);
        app.sync().unwrap();
        assert!(phone.keys.sign(&id, Slot::Dev, b"m").is_err());
        // What has no key asks nothing more.
        let calls = phone.peer.calls_to("credentials");
        app.sync().unwrap();
        assert_eq!(phone.peer.calls_to("credentials"), calls);
    }
}

#[test]
fn row_44_what_was_in_use_is_not_refused_away() {
    for standing in [Standing::Active, Standing::Suspended, Standing::Revoked] {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        if standing != Standing::Active {
            phone.peer.end(standing, StateReason::Admin);
            app.poll(&id, 0).unwrap();
        }
        // As whoever has S may say it.
        phone.peer.end(Standing::Refused, StateReason::Expired);
        app.sync().unwrap();
        let accounts = app.accounts().unwrap();
        assert_eq!((accounts.len(), accounts[0].standing), (1, standing));
        assert!(phone.keys.sign(&id, Slot::Dev, b"m").is_ok());
    }
}

#[test]
fn a_long_list_is_read_page_by_page() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    for number in 1..=45 {
        phone.peer.ask(number, |_| {});
    }
    assert_eq!(app.poll(&id, 0).unwrap().prompts.len(), 45);
    assert!(app.poll(&id, 0).unwrap().prompts.is_empty());
    assert_eq!(app.pending().unwrap().len(), 45);
}

#[test]
fn an_offline_request_in_a_list_asks_less_than_was_agreed() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let text = request(&phone, |challenge| {
        (challenge.mode, challenge.r#match) = (Mode::Offline, 0)
    });
    assert_eq!(
        verdict_on(&phone, &app, &id, text),
        Some(Code::ChalDowngrade)
    );
}

#[test]
fn the_one_phone_of_an_offline_request_is_compared_with_nothing() {
    let phone = Phone::new();
    phone.peer.inner().policy.offline = Offline::Both;
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    assert_eq!(app.poll(&id, 0).unwrap().prompts[0].notes, []);
    phone.peer.ask(2, |challenge| {
        (challenge.mode, challenge.r#match) = (Mode::Offline, 0);
        challenge.set = Digest::from([4; 32]);
    });
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    assert!(!prompt.notes.contains(&Note::PhonesChanged));
    // The phones of the ID are those of the first one still.
    phone.peer.ask(3, |_| {});
    assert_eq!(app.poll(&id, 0).unwrap().prompts[0].notes, []);
}

#[test]
fn a_withdrawn_host_stops() {
    let mut phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    drop(app);
    phone.config.servers = vec![crate::config::KnownServer {
        origin: Origin::parse("https://other.example").unwrap(),
        root: phone.peer.root().public().thumbprint(),
    }];
    let app = phone.app();
    assert!(app.pending().unwrap().is_empty());
    assert_eq!(
        app.decide(&prompt.id, &approve()).err(),
        Some(Error::Refused {
            code: Code::InvHost
        })
    );
    assert_eq!(
        app.poll(&id, 0).err(),
        Some(Error::Refused {
            code: Code::InvHost
        })
    );
}

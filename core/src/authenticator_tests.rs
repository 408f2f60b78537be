//! The story of a phone by its one door, and what kills, threads and restarts do to it.

use super::*;
use crate::challenge::Answer;
use crate::error::Code;
use crate::ports::TransportError;
use crate::testkit::{Phone, Trouble};
use countersign_protocol::Signed;
use countersign_protocol::crypto::PublicKey;
use countersign_protocol::statement::{Decision, Response};

fn approve(number: &str) -> Answer {
    Answer::Approve {
        number: Some(number.to_owned()),
        pin: None,
    }
}

#[test]
fn an_id_is_added_asked_and_answers() {
    let phone = Phone::new();
    let app = phone.app();
    let review = app.review(&phone.peer.link()).unwrap();
    assert_eq!((review.host(), review.name()), ("id.example", "Example ID"));
    assert_eq!(review.account(), "anna@example.com");
    assert!(phone.records().is_empty() && phone.owners() == 0);

    let id = app.enrol(review).unwrap();
    let Progress::Pending(pending) = app.proceed(&id, 0).unwrap() else {
        panic!("digits first")
    };
    assert_eq!(pending.digits, phone.peer.digits());
    assert_eq!(pending.seconds_left, 600);
    assert_eq!(app.accounts().unwrap()[0].standing, Standing::Pending);
    phone.peer.activate();
    assert_eq!(app.proceed(&id, 0).unwrap(), Progress::Active);
    let account = &app.accounts().unwrap()[0];
    assert_eq!(
        (account.standing, account.host.as_str()),
        (Standing::Active, "id.example")
    );

    let jti = phone.peer.ask(1, |_| {});
    let arrivals = app.poll(&id, 0).unwrap();
    let prompt = &arrivals.prompts[0];
    assert_eq!(
        (prompt.id.challenge, prompt.number, prompt.title.as_str()),
        (jti, 2, "ask.login")
    );
    assert_eq!((prompt.seconds_left, prompt.asked_ago), (120, Some(0)));
    let rows: Vec<_> = prompt
        .rows
        .iter()
        .map(|row| (row.id.as_str(), row.value.as_str()))
        .collect();
    assert_eq!(
        rows[2..5],
        [
            ("service", "Wiki"),
            ("host", "wiki.example"),
            ("account", "anna@example.com")
        ]
    );
    assert_eq!(app.pending().unwrap(), arrivals.prompts);

    let Sent::Verdict(verdict) = app.decide(&prompt.id, &approve("47")).unwrap() else {
        panic!("an answer")
    };
    assert!(verdict.accepted && verdict.code == "ok" && verdict.is_final);
    assert!(app.pending().unwrap().is_empty() && app.outbox().unwrap().is_empty());
    let history = app.history(10).unwrap();
    assert_eq!(
        (history[0].service.as_str(), history[0].result.as_deref()),
        ("Wiki", Some("ok"))
    );

    let inner = phone.peer.inner();
    let response = &inner.responses[0];
    assert_eq!(
        (response.decision, response.ctr, response.r#match.as_deref()),
        (Decision::Approve, 1, Some("47"))
    );
}

#[test]
fn everything_is_there_after_a_restart() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    drop(app);
    let app = phone.app();
    assert_eq!(app.pending().unwrap()[0].id, prompt.id);
    app.decide(&prompt.id, &approve("47")).unwrap();
    drop(app);
    let app = phone.app();
    assert!(app.pending().unwrap().is_empty());
    assert_eq!(app.history(10).unwrap().len(), 1);
    assert_eq!(
        app.decide(&prompt.id, &approve("48")),
        Err(Error::Refused {
            code: Code::ChalSeen
        })
    );
}

/// What a person does, again and again, until it is done: nothing is assumed about where it was left.
fn enrol_somehow(phone: &Phone, app: &Authenticator) -> Result<(), Error> {
    if app.accounts()?.is_empty() {
        let review = app.review(&phone.peer.link())?;
        app.enrol(review)?;
    }
    let id = app.accounts()?[0].id;
    if let Progress::Pending(pending) = app.proceed(&id, 0)? {
        assert_eq!(pending.digits, phone.peer.digits());
        let standing = phone.peer.inner().state.as_ref().map(|state| state.state);
        if standing == Some(Standing::Pending) {
            phone.peer.activate();
        }
        app.proceed(&id, 0)?;
    }
    Ok(())
}

#[test]
fn a_kill_at_any_step_of_enrolment_leaves_one_id_or_none() {
    for die_at in 1.. {
        let phone = Phone::new();
        let died = match phone.start(die_at) {
            Ok(app) => enrol_somehow(&phone, &app).is_err(),
            Err(_) => true,
        };
        let app = phone.app();
        // Before the registration was durable nothing is stored, and no key is left.
        if app.accounts().unwrap().is_empty() {
            assert_eq!(
                (phone.records(), phone.owners()),
                (Vec::new(), 0),
                "{die_at}"
            );
        }
        enrol_somehow(&phone, &app).unwrap();
        assert_eq!(
            app.accounts().unwrap()[0].standing,
            Standing::Active,
            "{die_at}"
        );
        assert_eq!(phone.owners(), 1, "{die_at}");
        // One registration, however often it was posted.
        let registrations: std::collections::BTreeSet<String> = {
            let inner = phone.peer.inner();
            let posts = inner
                .calls
                .iter()
                .filter(|call| call.1.contains("registrations"));
            posts.map(|call| call.2.clone()).collect()
        };
        assert_eq!(registrations.len(), 1, "{die_at}");
        if !died {
            assert!(die_at > 12, "{die_at}");
            return;
        }
    }
}

fn answer_somehow(app: &Authenticator, id: &Id) -> Result<(), Error> {
    app.poll(id, 0)?;
    if let Some(prompt) = app.pending()?.first() {
        app.decide(&prompt.id, &approve("47"))?;
    }
    app.deliver(true)?;
    if app.outbox()?.is_empty() {
        Ok(())
    } else {
        Err(Error::Cancelled)
    }
}

#[test]
fn a_kill_at_any_step_of_an_answer_has_exactly_one_effect() {
    for die_at in 1.. {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        drop(app);
        phone.peer.ask(1, |_| {});
        let app = phone.start(die_at);
        let died = app.and_then(|app| answer_somehow(&app, &id)).is_err();
        let app = phone.app();
        answer_somehow(&app, &id).unwrap();
        let inner = phone.peer.inner();
        assert_eq!(inner.responses.len(), 1, "{die_at}");
        let posted: std::collections::BTreeSet<&String> = inner
            .calls
            .iter()
            .filter(|call| call.1.contains("responses"))
            .map(|call| &call.2)
            .collect();
        assert_eq!(posted.len(), 1, "the same bytes each time, {die_at}");
        drop(inner);
        let history = app.history(10).unwrap();
        assert_eq!(
            (history.len(), history[0].result.as_deref()),
            (1, Some("ok")),
            "{die_at}"
        );
        if !died {
            assert!(die_at > 6, "{die_at}");
            return;
        }
    }
}

#[test]
fn after_a_commit_that_failed_the_phone_is_opened_anew_and_says_whether_the_answer_is_there() {
    // The first dies before the commit, the second behind it.
    for (die_at, signed) in [(1, 0), (2, 1)] {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        phone.peer.ask(1, |_| {});
        let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
        drop(app);
        let app = phone.start(die_at).unwrap();
        let reopen = Some(Error::Expired {
            code: Code::StoreReopen,
        });
        assert_eq!(app.decide(&prompt.id, &approve("47")).err(), reopen);
        // It doesn't get better by itself.
        assert_eq!(app.decide(&prompt.id, &approve("47")).err(), reopen);
        assert_eq!(app.pending().err(), reopen);
        drop(app);
        let app = phone.app();
        assert_eq!(app.outbox().unwrap().len(), signed);
        assert_eq!(app.pending().unwrap().len(), 1 - signed);
    }
}

#[test]
fn a_lost_answer_is_asked_for_again_with_the_same_bytes() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    for fault in [TransportError::Timeout, TransportError::Broken] {
        phone.peer.trouble("responses", Trouble::AnswerLost(fault));
    }
    let sent = app.decide(&prompt.id, &approve("47")).unwrap();
    assert!(matches!(
        sent,
        Sent::Queued(Error::Retry {
            code: Code::NetSlow,
            ..
        })
    ));
    assert_eq!(app.outbox().unwrap()[0].id, prompt.id);
    assert!(app.deliver(true).unwrap().is_empty());
    let verdicts = app.deliver(true).unwrap();
    assert!(verdicts[0].accepted && app.outbox().unwrap().is_empty());
    assert_eq!(phone.peer.inner().responses.len(), 1);
}

#[test]
fn one_commit_stands_between_the_tap_and_the_network() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    phone.log.lock().unwrap().clear();
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    app.poll(&id, 0).unwrap();
    let polled = std::mem::take(&mut *phone.log.lock().unwrap());
    // Noted before it is shown; a poll that brings nothing new writes nothing.
    assert_eq!(polled, ["send", "commit", "send"]);
    app.decide(&prompt.id, &approve("47")).unwrap();
    assert_eq!(*phone.log.lock().unwrap(), ["commit", "send", "commit"]);
}

#[test]
fn responses_form_a_chain() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    for number in 1..=3 {
        phone.peer.ask(number, |_| {});
        let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
        let answer = if number == 2 {
            Answer::Deny { reason: None }
        } else {
            approve("47")
        };
        app.decide(&prompt.id, &answer).unwrap();
    }
    let inner = phone.peer.inner();
    let mut prev = None;
    for (at, response) in inner.responses.iter().enumerate() {
        assert_eq!((response.ctr, response.prev.0), (at as u64 + 1, prev));
        prev = Some(response.hash());
    }
}

#[test]
fn many_threads_decide_once_and_keep_one_chain() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    for number in 1..=4 {
        phone.peer.ask(number, |_| {});
    }
    let prompts = app.poll(&id, 0).unwrap().prompts;
    let decided: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|at: usize| {
                let (app, prompt) = (&app, &prompts[at % 4].id);
                scope.spawn(move || {
                    loop {
                        match app.decide(prompt, &approve("47")) {
                            Ok(_) => return 1,
                            Err(Error::Retry {
                                code: Code::StoreBusy,
                                ..
                            }) => {}
                            Err(fault) => {
                                assert_eq!(fault.code(), Some(Code::ChalSeen));
                                return 0;
                            }
                        }
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(decided, 4);
    app.deliver(true).unwrap();
    let inner = phone.peer.inner();
    let mut ctrs: Vec<u64> = inner
        .responses
        .iter()
        .map(|response| response.ctr)
        .collect();
    ctrs.sort_unstable();
    assert_eq!(ctrs, [1, 2, 3, 4]);
}

/// `tests/vectors/store-form-1.json`: a store in clear and its key files, as the version before the vault wrote them: an ID in use, an
/// answer that was settled, one that waits, and a request that is open.
#[test]
fn a_store_of_the_version_before_the_vault_is_brought_up_to_date() {
    use crate::ports::{Batch, Store};
    use countersign_protocol::encoding::decode;
    let text = include_str!("../../tests/vectors/store-form-1.json");
    let golden: serde_json::Value = serde_json::from_str(text).unwrap();
    let phone = Phone::new();
    let folder = phone
        .folder
        .path()
        .join(golden["account"].as_str().unwrap());
    std::fs::create_dir(&folder).unwrap();
    for (name, bytes) in golden["keys"].as_object().unwrap() {
        std::fs::write(folder.join(name), decode(bytes.as_str().unwrap()).unwrap()).unwrap();
    }
    let record = |value: &serde_json::Value| [&[1], value.to_string().as_bytes()].concat();
    let records = golden["records"].as_object().unwrap();
    let writes = records
        .iter()
        .map(|(name, value)| (name.clone().into_bytes(), Some(record(value))));
    let batch = Batch {
        writes: writes.collect(),
        ..Batch::default()
    };
    phone.store.commit(&batch).unwrap();
    let app = phone.app();
    let accounts = app.accounts().unwrap();
    let (id, account) = (accounts[0].id, accounts[0].account.as_str());
    assert_eq!((accounts.len(), account), (1, "anna@example.com"));
    assert_eq!(app.history(10).unwrap().len(), 1);
    assert_eq!(app.outbox().unwrap().len(), 1);
    assert_eq!(app.pending().unwrap()[0].id.challenge, Id::from([3; 16]));
    // Beside the account key, the same records as before, and none of them in clear.
    assert_eq!(phone.records().len(), records.len() + 1);
    drop(app);
    let app = phone.app();
    assert_eq!(app.accounts().unwrap()[0].id, id);
}

#[test]
fn an_id_whose_key_is_lost_is_listed_as_that_and_can_be_removed() {
    use crate::ports::DeviceKeys;
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    drop(app);
    phone.keys.delete(&id).unwrap();
    let app = phone.app();
    let accounts = app.accounts().unwrap();
    assert_eq!(
        (accounts.len(), accounts[0].id, accounts[0].lost),
        (1, id, true)
    );
    assert!(app.pending().unwrap().is_empty() && app.history(9).unwrap().is_empty());
    app.sync().unwrap();
    let error = app.poll(&id, 0).err();
    assert_eq!(
        error,
        Some(Error::Reenrol {
            code: Code::KeyLost
        })
    );
    app.forget(&id).unwrap();
    assert_eq!((phone.records(), phone.owners()), (Vec::new(), 0));
}

#[test]
fn row_48_an_older_copy_of_the_store_is_refused_and_left_as_it_is() {
    use crate::ports::{Batch, Order, Store};
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = phone.store.scan(b"", Order::Rising, usize::MAX).unwrap();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    app.decide(&prompt.id, &approve("47")).unwrap();
    drop(app);
    let new = phone.store.scan(b"", Order::Rising, usize::MAX).unwrap();
    let mut writes: std::collections::BTreeMap<_, _> =
        new.iter().map(|(key, _)| (key.clone(), None)).collect();
    writes.extend(
        old.iter()
            .map(|(key, value)| (key.clone(), Some(value.clone()))),
    );
    let expects = Default::default();
    phone.store.commit(&Batch { expects, writes }).unwrap();
    let refused = phone.start(0).err();
    let code = Code::StoreRollback;
    assert_eq!(refused, Some(Error::Reenrol { code }));
    assert_eq!(
        phone.store.scan(b"", Order::Rising, usize::MAX).unwrap(),
        old
    );
}

#[test]
fn row_48_an_answer_that_is_missing_from_the_history_is_damage() {
    use crate::ports::{Batch, Order, Store};
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    for number in 1..=5 {
        phone.peer.ask(number, |_| {});
        let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
        app.decide(&prompt.id, &approve("47")).unwrap();
    }
    assert_eq!(app.history(2).unwrap().len(), 2);
    let entries = phone.store.scan(&[2], Order::Rising, usize::MAX).unwrap();
    assert_eq!(entries.len(), 5);
    for (key, value) in entries {
        let set = |value: Option<&Vec<u8>>| {
            let writes = [(key.clone(), value.cloned())].into();
            let expects = Default::default();
            phone.store.commit(&Batch { expects, writes }).unwrap();
        };
        set(None);
        let code = Code::StoreCorrupt;
        assert_eq!(app.history(9).err(), Some(Error::Reenrol { code }));
        set(Some(&value));
        assert_eq!(app.history(9).unwrap().len(), 5);
    }
}

#[test]
fn a_sealed_copy_brings_everything_back_to_an_empty_store() {
    let mut phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    let copy = app.export().unwrap();
    drop(app);
    phone.store = std::sync::Arc::default();
    let restore = |copy: &[u8]| Authenticator::restore(&phone.ports(0), copy);
    let code = Code::StoreCorrupt;
    assert_eq!(
        restore(b"something else").err(),
        Some(Error::Reenrol { code })
    );
    restore(&copy).unwrap();
    let app = phone.app();
    assert_eq!(app.pending().unwrap()[0].id, prompt.id);
    app.decide(&prompt.id, &approve("47")).unwrap();
    assert!(matches!(
        restore(&copy).err(),
        Some(Error::Retry {
            code: Code::StoreBusy,
            ..
        })
    ));
}

#[test]
fn a_removed_id_leaves_nothing() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    phone
        .peer
        .trouble("responses", Trouble::Lost(TransportError::Unreachable));
    app.decide(&prompt.id, &approve("47")).unwrap();
    app.forget(&id).unwrap();
    assert_eq!((phone.records(), phone.owners()), (Vec::new(), 0));
    assert!(app.accounts().unwrap().is_empty() && app.outbox().unwrap().is_empty());
    for error in [
        app.poll(&id, 0).err(),
        app.decide(&prompt.id, &approve("47")).err(),
        app.proceed(&id, 0).err(),
    ] {
        assert_eq!(
            error,
            Some(Error::Reenrol {
                code: Code::IdRemoved
            })
        );
    }
    app.forget(&id).unwrap();
}

#[test]
fn after_close_every_call_is_cancelled() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    app.close();
    app.close();
    assert_eq!(app.accounts().err(), Some(Error::Cancelled));
    assert_eq!(app.poll(&id, 25).err(), Some(Error::Cancelled));
    assert_eq!(app.review(&phone.peer.link()).err(), Some(Error::Cancelled));
    assert_eq!(app.sync().err(), Some(Error::Cancelled));
}

#[test]
fn two_ids_do_not_mix() {
    let phone = Phone::new();
    let (app, anna) = phone.enrolled();
    // The same peer as another server's user: a second account under the same identity.
    let first = phone.peer.inner().registered.take();
    phone.peer.inner().account = "ben@example.com".into();
    let review = app.review(&phone.peer.link()).unwrap();
    let ben = app.enrol(review).unwrap();
    app.proceed(&ben, 0).unwrap();
    assert_ne!(anna, ben);
    let second = phone.peer.inner().registered.clone();
    let dev = |one: &Option<Signed<countersign_protocol::statement::Registration>>| -> PublicKey {
        one.as_ref().unwrap().dev
    };
    assert_ne!(dev(&first), dev(&second));
    assert_eq!((app.accounts().unwrap().len(), phone.owners()), (2, 2));
    app.forget(&ben).unwrap();
    assert_eq!((app.accounts().unwrap()[0].id, phone.owners()), (anna, 1));
}

#[test]
fn the_response_signs_exactly_the_rows_that_were_shown() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    app.decide(&prompt.id, &approve("47")).unwrap();
    let mut lines = String::from("cs1-view\t1\n");
    for row in &prompt.rows {
        lines.extend([&row.id, "\t", &row.value, "\n"]);
    }
    let inner = phone.peer.inner();
    let response: &Signed<Response> = &inner.responses[0];
    assert_eq!(
        response.view,
        countersign_protocol::Digest::of(&[lines.as_bytes()])
    );
}

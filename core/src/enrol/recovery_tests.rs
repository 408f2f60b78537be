//! An ID that comes by a recovery code, and one that is begun in the app.

use crate::authenticator::Authenticator;
use crate::config::KnownServer;
use crate::enrol::{Progress, Review};
use crate::error::{Code, Error};
use crate::ports::TransportError;
use crate::testkit::{Peer, Phone, Trouble, problem, refused, typed};
use countersign_protocol::problem::Code as Said;
use countersign_protocol::recovery::RecoveryCode;
use countersign_protocol::statement::Registration;
use countersign_protocol::{Signed, Thumbprint};

/// A phone before a server that asks for one of these codes.
fn asked() -> (Phone, Vec<String>) {
    let phone = Phone::new();
    {
        let mut inner = phone.peer.inner();
        inner.offer = Some(|offer| offer.rec = Some(true));
        let make = |_| RecoveryCode::make().unwrap();
        inner.codes = (0..10).map(make).collect();
    }
    let codes = phone.peer.inner().codes_left();
    (phone, codes)
}

fn review(phone: &Phone, app: &Authenticator) -> Review {
    app.review(&phone.peer.link()).unwrap()
}

/// Nothing is on the phone: no record, no key.
fn assert_empty(phone: &Phone) {
    assert_eq!((phone.records(), phone.owners()), (Vec::new(), 0));
}

fn wrong() -> String {
    RecoveryCode::make().unwrap().shown().to_string()
}

/// Every registration that was posted, in order.
fn posted(phone: &Phone) -> Vec<Signed<Registration>> {
    let inner = phone.peer.inner();
    let calls = inner.calls.iter();
    let calls = calls.filter(|call| call.1.contains("registrations"));
    let bodies = calls.map(|call| serde_json::from_str::<serde_json::Value>(&call.2).unwrap());
    bodies
        .map(|body| {
            let text = body["registration"].as_str().unwrap();
            Signed::<Registration>::verify_dev(text).unwrap()
        })
        .collect()
}

#[test]
fn a_phone_comes_by_a_code_that_is_sent_by_nobody() {
    let (phone, codes) = asked();
    let app = phone.app();
    let review = review(&phone, &app);
    assert!(review.asks_recovery_code());
    let typed = codes[2].to_lowercase().replace('-', " ");
    let id = app.enrol_with_code(&review, &typed).unwrap();
    assert!(matches!(app.proceed(&id, 0), Ok(Progress::Pending(_))));
    assert_eq!(phone.peer.inner().codes_left().len(), 9);
    let registration = posted(&phone).pop().unwrap();
    let code = RecoveryCode::parse(&codes[2]).unwrap();
    let (dev, rec) = (registration.dev.thumbprint(), registration.rec.unwrap());
    assert!(code.check_proof(&registration.offer, &dev, &rec).is_ok());
    let mut said = phone.peer.inner().wire.join("\n");
    said.extend(phone.contents().into_iter().map(|(_, held)| held));
    said += &format!("{review:?}");
    let encoded = countersign_protocol::encoding::encode(code.as_bytes());
    for form in [&codes[2], &codes[2].replace('-', ""), &encoded] {
        assert!(!said.contains(form.as_str()));
    }
}

#[test]
fn row_40_what_is_no_code_is_refused_before_anything_is_sent_or_made() {
    let (phone, codes) = asked();
    let app = phone.app();
    let review = review(&phone, &app);
    let megabyte = "A".repeat(1 << 20);
    let long = format!("{}0", codes[0]);
    for garbage in [
        "",
        " ",
        "294817",
        "UUUU-UUUU-UUUU-UUUU",
        &codes[0][1..],
        &long,
        "\u{202e}ZPG1-65KK-BFWP-6AMK",
        "https://id.example/recover",
        &megabyte,
    ] {
        let said = app.enrol_with_code(&review, garbage).err();
        assert_eq!(said, refused(Code::RecBad));
    }
    let none = app.enrol(self::review(&phone, &app)).err();
    assert_eq!(none, refused(Code::RecBad));
    assert_eq!(phone.peer.calls_to("registrations"), 0);
    assert_empty(&phone);
    // The right one does, by the same offer.
    let id = app.enrol_with_code(&review, &codes[0]).unwrap();
    assert!(app.proceed(&id, 0).is_ok());
}

#[test]
fn row_40_after_a_wrong_code_another_one_is_typed_for_the_same_offer() {
    let phone = Phone::before_pin();
    phone.peer.inner().offer = Some(|offer| offer.rec = Some(true));
    phone.peer.inner().codes = vec![RecoveryCode::make().unwrap()];
    let codes = phone.peer.inner().codes_left();
    let app = phone.app();
    let mut review = review(&phone, &app);
    let pin = "294817";
    review.choose_pin(typed(pin), &typed(pin)).unwrap();
    for _ in 0..3 {
        let id = app.enrol_with_code(&review, &wrong()).unwrap();
        assert_eq!(app.proceed(&id, 0).err(), refused(Code::RecBad));
        assert_empty(&phone);
    }
    let id = app.enrol_with_code(&review, &codes[0]).unwrap();
    assert!(matches!(app.proceed(&id, 0), Ok(Progress::Pending(_))));
    assert_eq!(phone.peer.calls_to("offers"), 1);
    let all = posted(&phone);
    let keys: std::collections::BTreeSet<_> = all
        .iter()
        .map(|one| one.dev.thumbprint().to_string())
        .collect();
    assert_eq!((all.len(), keys.len()), (4, 4));
}

#[test]
fn another_offer_may_ask_for_no_code_and_gets_none() {
    let (phone, codes) = asked();
    let app = phone.app();
    let with = review(&phone, &app);
    phone.peer.inner().offer = None;
    let without = review(&phone, &app);
    assert!(with.asks_recovery_code() && !without.asks_recovery_code());
    // Whoever was asked before types it once more; it goes nowhere.
    let id = app.enrol_with_code(&without, &codes[0]).unwrap();
    assert!(app.proceed(&id, 0).is_ok());
    assert!(posted(&phone)[0].rec.is_none());
    assert_eq!(phone.peer.inner().codes_left().len(), 10);
}

#[test]
fn a_server_that_refuses_every_code_learns_none_and_leaves_nothing() {
    let (phone, codes) = asked();
    let app = phone.app();
    let review = review(&phone, &app);
    for code in &codes {
        let conflict = Trouble::Instead(problem(Said::Conflict));
        phone.peer.trouble("registrations", conflict);
        let id = app.enrol_with_code(&review, code).unwrap();
        assert_eq!(app.proceed(&id, 0).err(), refused(Code::RecBad));
        assert_empty(&phone);
    }
    let wire = phone.peer.inner().wire.join("\n");
    assert!(
        codes
            .iter()
            .all(|code| !wire.contains(&code.replace('-', "")))
    );
    // Until the offer is over.
    phone.clock.pass(620);
    let over = Some(Error::Expired {
        code: Code::InvExpired,
    });
    assert_eq!(app.enrol_with_code(&review, &codes[0]).err(), over);
}

#[test]
fn other_ends_are_what_they_are_without_a_code() {
    let ends = [
        (
            Said::Gone,
            Error::Expired {
                code: Code::InvExpired,
            },
        ),
        (
            Said::LevelRefused,
            Error::Refused {
                code: Code::EnrLevel,
            },
        ),
        (Said::Proto, Error::Refused { code: Code::AppOld }),
    ];
    for (said, error) in ends {
        let (phone, codes) = asked();
        let app = phone.app();
        let id = app
            .enrol_with_code(&review(&phone, &app), &codes[0])
            .unwrap();
        phone
            .peer
            .trouble("registrations", Trouble::Instead(problem(said)));
        assert_eq!(app.proceed(&id, 0).err(), Some(error));
        assert_empty(&phone);
    }
}

#[test]
fn killed_anywhere_it_goes_on_with_the_same_bytes_and_uses_one_code() {
    for step in 1.. {
        let (phone, codes) = asked();
        let dies = |app: Authenticator| {
            let review = app.review(&phone.peer.link())?;
            let id = app.enrol_with_code(&review, &codes[0])?;
            app.proceed(&id, 0)
        };
        let lived = phone.start(step).and_then(dies).is_ok();
        let app = phone.app();
        let begun = app.accounts().unwrap();
        let id = match begun.first() {
            Some(account) => account.id,
            None => {
                assert_eq!(phone.peer.inner().codes_left().len(), 10, "{step}");
                app.enrol_with_code(&review(&phone, &app), &codes[0])
                    .unwrap()
            }
        };
        assert!(matches!(app.proceed(&id, 0), Ok(Progress::Pending(_))));
        let hashes = posted(&phone).into_iter().map(|one| one.hash().to_string());
        let all: std::collections::BTreeSet<_> = hashes.collect();
        assert_eq!((all.len(), phone.owners()), (1, 1), "{step}");
        assert_eq!(phone.peer.inner().codes_left().len(), 9, "{step}");
        if lived {
            assert!(step > 6, "{step}");
            return;
        }
    }
}

#[test]
fn a_lost_answer_and_a_restart_post_the_same_code_once() {
    let (phone, codes) = asked();
    let app = phone.app();
    let id = app
        .enrol_with_code(&review(&phone, &app), &codes[0])
        .unwrap();
    let lost = Trouble::AnswerLost(TransportError::Timeout);
    phone.peer.trouble("registrations", lost);
    assert!(app.proceed(&id, 0).is_err());
    drop(app);
    let app = phone.app();
    assert!(matches!(app.proceed(&id, 0), Ok(Progress::Pending(_))));
    let all = posted(&phone);
    assert!(all.len() == 2 && all[0].hash() == all[1].hash());
    assert_eq!(phone.peer.inner().codes_left().len(), 9);
}

#[test]
fn an_id_is_begun_in_the_app_at_a_server_of_its_list() {
    let server = |origin: &str| KnownServer {
        origin: countersign_protocol::Origin::parse(origin).unwrap(),
        root: Thumbprint(countersign_protocol::Digest::from([7; 32])),
    };
    let origin = Peer::origin();
    for (list, code) in [
        (vec![], None),
        (vec![server(origin.as_str())], None),
        (vec![server("https://other.example")], Some(Code::InvHost)),
    ] {
        let mut phone = Phone::new();
        phone.config.servers = list;
        let app = phone.app();
        let begun = app.begin_id(origin.as_str(), " anna@example.com\n");
        assert_eq!(begun.err().and_then(|error| error.code()), code);
        let calls = phone.peer.inner().calls.clone();
        match code {
            Some(_) => assert!(calls.is_empty()),
            None => assert_eq!(calls[0].2, r#"{"account":"anna@example.com"}"#),
        }
        assert_empty(&phone);
    }
}

#[test]
fn what_is_no_address_is_refused_before_anything_is_sent() {
    let phone = Phone::new();
    let app = phone.app();
    let origin = Peer::origin();
    let long = format!("{}@example.com", "a".repeat(254));
    for account in ["", " ", "anna", &long, "a\u{202e}@example.com"] {
        let said = app.begin_id(origin.as_str(), account).err();
        assert_eq!(said, refused(Code::InvAccount), "{account}");
    }
    for server in ["", "id.example", "http://id.example", "https://id.example/"] {
        let said = app.begin_id(server, "anna@example.com").err();
        assert_eq!(said, refused(Code::InvMalformed), "{server}");
    }
    assert!(phone.peer.inner().calls.is_empty());
}

#[test]
fn a_server_that_answers_otherwise_has_not_begun_it() {
    let phone = Phone::new();
    let app = phone.app();
    let begin = || app.begin_id(Peer::origin().as_str(), "anna@example.com");
    for trouble in [
        Trouble::Lost(TransportError::Unreachable),
        Trouble::Instead(problem(Said::SlowDown)),
        Trouble::Instead(problem(Said::NotFound)),
        Trouble::Instead(crate::testkit::nothing()),
    ] {
        phone.peer.trouble("invitations", trouble);
        assert!(matches!(begin(), Err(Error::Retry { .. })));
    }
    assert_eq!(begin(), Ok(()));
    assert_empty(&phone);
}

#[test]
fn all_ids_move_each_with_a_result_of_its_own() {
    let phone = Phone::new();
    assert!(phone.app().add_phone_to_all().unwrap().is_empty());
    let (app, first) = phone.enrolled();
    let moved = |app: &Authenticator| {
        let mut moved = app.add_phone_to_all().unwrap();
        assert!(moved.len() == 1 && moved[0].id == first);
        assert_eq!(format!("{:?}", moved[0]), format!("Moved({first})"));
        moved.remove(0).link
    };
    assert_eq!(moved(&app), Ok(phone.peer.link()));
    phone
        .peer
        .trouble("actions", Trouble::Instead(problem(Said::Probation)));
    assert_eq!(moved(&app).err(), refused(Code::IdProbation));
}

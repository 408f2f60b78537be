//! Enrolments that go wrong: before consent nothing is stored, after it nothing is lost but what the
//! server's signed word ends.

use crate::enrol::Progress;
use crate::error::{Code, Error};
use crate::ports::{Answer, TransportError};
use crate::testkit::{Phone, Trouble, problem, refused};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::problem::Code as Said;
use countersign_protocol::statement::{Standing, State, StateReason};
use countersign_protocol::{Digest, Id};

fn html(status: u16) -> Answer {
    let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
    Answer {
        status,
        headers,
        body: b"<html>".to_vec(),
    }
}

/// Nothing is on the phone: no record, no key.
fn assert_empty(phone: &Phone) {
    assert_eq!((phone.records(), phone.owners()), (Vec::new(), 0));
}

#[test]
fn row_41_an_id_that_is_on_this_phone_is_refused_until_it_is_over() {
    let phone = Phone::new();
    let (app, id) = phone.enrol();
    let again = || {
        phone.peer.inner().registered = None;
        app.review(&phone.peer.link()).err()
    };
    assert_eq!(again(), refused(Code::InvMine));
    app.proceed(&id, 0).unwrap();
    assert_eq!(again(), refused(Code::InvMine));
    assert_eq!(phone.owners(), 1);
    app.forget(&id).unwrap();
    assert_eq!(again(), None);
}

#[test]
fn row_41_two_consents_at_once_make_one_id() {
    let phone = Phone::new();
    let app = phone.app();
    let (first, second) = (
        app.review(&phone.peer.link()).unwrap(),
        app.review(&phone.peer.link()).unwrap(),
    );
    app.enrol(first).unwrap();
    assert_eq!(app.enrol(second).err(), refused(Code::InvMine));
    assert_eq!((app.accounts().unwrap().len(), phone.owners()), (1, 1));
}

#[test]
fn row_41_an_invitation_that_is_over_by_the_servers_word_is_refused() {
    let phone = Phone::new();
    let now = phone.peer.inner().now;
    phone.peer.inner().expires = now - 1;
    let app = phone.app();
    assert_eq!(
        app.review(&phone.peer.link()).err(),
        Some(Error::Expired {
            code: Code::InvExpired
        })
    );
    assert_empty(&phone);
}

#[test]
fn a_person_who_takes_too_long_is_told_before_anything_is_made() {
    let phone = Phone::new();
    let app = phone.app();
    let review = app.review(&phone.peer.link()).unwrap();
    phone.clock.pass(620);
    assert_eq!(
        app.enrol(review).err(),
        Some(Error::Expired {
            code: Code::InvExpired
        })
    );
    assert_empty(&phone);
}

#[test]
fn row_40_the_servers_no_at_an_offer_has_its_own_words() {
    for (said, error) in [
        (
            Said::NotFound,
            Error::Refused {
                code: Code::InvMalformed,
            },
        ),
        (
            Said::Conflict,
            Error::Refused {
                code: Code::InvUsed,
            },
        ),
        (
            Said::Gone,
            Error::Expired {
                code: Code::InvExpired,
            },
        ),
    ] {
        let phone = Phone::new();
        phone
            .peer
            .trouble("offers", Trouble::Instead(problem(said)));
        assert_eq!(phone.app().review(&phone.peer.link()).err(), Some(error));
        assert_empty(&phone);
    }
}

#[test]
fn another_server_than_the_invitation_names_gets_nothing() {
    // Another root than the invitation's.
    let phone = Phone::new();
    let mut invitation = Invitation::parse(&phone.peer.link()).unwrap();
    invitation.root.0 = Digest::from([9; 32]);
    let link = invitation.to_link().unwrap();
    assert_eq!(phone.app().review(&link).err(), refused(Code::InvKey));
    // The right root, which names another key than the one that signed the offer.
    let stranger = countersign_protocol::crypto::SigningKey::ed25519_from_seed(&[9; 32]).unwrap();
    let keys = phone.peer.keys(1, &stranger, None);
    phone.peer.inner().keys[0] = keys;
    assert_eq!(
        phone.app().review(&phone.peer.link()).err(),
        refused(Code::InvKey)
    );
    assert_empty(&phone);
}

#[test]
fn a_first_state_that_does_not_fit_shows_no_digits_and_leaves_nothing() {
    let changes: [fn(&mut State); 8] = [
        |state| state.ns = Some(Digest::from([0; 32])),
        |state| state.kc = Some(Digest::from([0; 32])),
        |state| state.registration = Digest::from([0; 32]),
        |state| state.dev.0 = Digest::from([0; 32]),
        |state| state.uv = Some(state.dev),
        |state| {
            state.account = countersign_protocol::text::Account::parse("ben@example.com").unwrap()
        },
        |state| state.policy.max_life = 30,
        |state| {
            (state.state, state.ns, state.kc, state.exp) = (Standing::Active, None, None, None);
            (state.wake, state.push_id) = (Some(Id::from([1; 16])), Some(Id::from([2; 16])));
        },
    ];
    for change in changes {
        let phone = Phone::new();
        phone.peer.inner().first_state = Some(change);
        let (app, id) = phone.enrol();
        assert_eq!(app.proceed(&id, 0).err(), refused(Code::EnrSas));
        assert_empty(&phone);
    }
}

#[test]
fn row_47_whatever_stands_in_the_way_of_a_registration_loses_nothing() {
    let phone = Phone::new();
    let (app, id) = phone.enrol();
    for trouble in [
        Trouble::Lost(TransportError::Unreachable),
        Trouble::Lost(TransportError::Tls),
        Trouble::AnswerLost(TransportError::Timeout),
        Trouble::AnswerLost(TransportError::TooLarge),
        Trouble::Instead(problem(Said::Fault)),
        Trouble::Instead(problem(Said::Unavailable)),
        Trouble::Instead(problem(Said::SlowDown)),
        Trouble::Instead(problem(Said::BadRequest)),
        Trouble::Instead(problem(Said::NotFound)),
        Trouble::Instead(html(200)),
        Trouble::Instead(html(302)),
        Trouble::Instead(html(400)),
        Trouble::Instead(html(403)),
        Trouble::Instead(html(409)),
        Trouble::Instead(html(410)),
        Trouble::Instead(html(413)),
        Trouble::Instead(html(415)),
        Trouble::Instead(html(502)),
    ] {
        phone.peer.trouble("registrations", trouble);
        assert!(app.proceed(&id, 0).is_err());
        assert_eq!(app.accounts().unwrap().len(), 1);
    }
    assert!(matches!(app.proceed(&id, 0), Ok(Progress::Pending(_))));
    let inner = phone.peer.inner();
    let posts: std::collections::BTreeSet<&String> = inner
        .calls
        .iter()
        .filter(|call| call.1.contains("registrations"))
        .map(|call| &call.2)
        .collect();
    assert_eq!(posts.len(), 1);
}

#[test]
fn row_47_a_state_by_another_key_changes_nothing() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let other = countersign_protocol::crypto::SigningKey::ed25519_from_seed(&[77; 32]).unwrap();
    let state = phone
        .peer
        .become_state(|state| state.state = Standing::Active);
    let forged = countersign_protocol::Signed::sign(state, &other).unwrap();
    let answer = countersign_protocol::call::StateAnswer {
        state: forged.compact().to_owned(),
    };
    phone.peer.ask(1, |_| {});
    phone.peer.trouble(
        "credentials",
        Trouble::Instead(crate::testkit::json(200, &answer)),
    );
    let before = phone.records();
    assert!(app.poll(&id, 0).is_err());
    assert_eq!(phone.records(), before);
}

#[test]
fn the_servers_signed_no_ends_an_enrolment() {
    for (reason, error) in [
        (StateReason::Sas, Error::Refused { code: Code::EnrSas }),
        (
            StateReason::SecondFinisher,
            Error::Refused {
                code: Code::InvUsed,
            },
        ),
        (
            StateReason::Expired,
            Error::Expired {
                code: Code::InvExpired,
            },
        ),
    ] {
        let phone = Phone::new();
        let (app, id) = phone.enrol();
        app.proceed(&id, 0).unwrap();
        phone.peer.end(Standing::Refused, reason);
        assert_eq!(app.proceed(&id, 0).err(), Some(error));
        assert_empty(&phone);
    }
}

#[test]
fn a_no_that_can_only_be_about_this_registration_ends_it_too() {
    for (said, error) in [
        (
            Said::Conflict,
            Error::Refused {
                code: Code::InvUsed,
            },
        ),
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
        (
            Said::AttestationRefused,
            Error::Refused {
                code: Code::EnrAttest,
            },
        ),
        (Said::Proto, Error::Refused { code: Code::AppOld }),
    ] {
        let phone = Phone::new();
        let (app, id) = phone.enrol();
        phone
            .peer
            .trouble("registrations", Trouble::Instead(problem(said)));
        assert_eq!(app.proceed(&id, 0).err(), Some(error));
        assert_empty(&phone);
    }
}

#[test]
fn digits_are_the_same_after_a_restart() {
    let phone = Phone::new();
    let (app, id) = phone.enrol();
    let Progress::Pending(first) = app.proceed(&id, 0).unwrap() else {
        panic!("digits first")
    };
    drop(app);
    phone.pass(60);
    let app = phone.app();
    let Progress::Pending(second) = app.proceed(&id, 0).unwrap() else {
        panic!("digits still")
    };
    assert_eq!(first.digits, second.digits);
    assert!((539..=541).contains(&second.seconds_left));
}

#[test]
fn what_is_secret_is_not_in_the_records() {
    let phone = Phone::new();
    phone.enrolled();
    let token = phone.peer.inner().token.to_string();
    let contents = phone.contents();
    assert!(contents.len() > 5);
    let text: String = contents.into_iter().map(|(_, held)| held).collect();
    // The token is used up and its registration is no longer kept; K_conf went with it.
    assert!(!text.contains(&token) && !text.contains("k_conf"));
}

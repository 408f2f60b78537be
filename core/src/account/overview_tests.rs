//! What the server is told of this phone, and what it says of the ID.

use crate::error::{Code, Error};
use crate::ports::{Answer, TransportError};
use crate::testkit::{Phone, Trouble, json, problem};
use countersign_protocol::call::{OverviewAnswer, PhoneRow, PushRow};
use countersign_protocol::problem::Code as Said;
use countersign_protocol::statement::{
    Level, Levels, PushAddress, PushType, Standing, StateReason,
};
use countersign_protocol::text::Name;
use countersign_protocol::{Digest, Thumbprint};

fn address() -> PushAddress {
    PushAddress {
        r#type: PushType::Unifiedpush,
        token: "https://push.example/x".into(),
    }
}

#[test]
fn the_server_is_told_by_proved_calls_what_this_phone_is() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    app.describe(&id, true).unwrap();
    app.set_push(&id, Some(&address())).unwrap();
    app.set_push(&id, None).unwrap();
    let peer = phone.peer.inner();
    let calls = &peer.calls[peer.calls.len() - 3..];
    assert_eq!(
        calls.iter().map(|call| call.0).collect::<Vec<_>>(),
        ["PUT", "PUT", "DELETE"]
    );
    assert!(calls[0].2.contains("\"slow\":true") && calls[0].2.contains("\"device\":\"Phone\""));
    assert!(calls[1].2.contains("unifiedpush") && calls[2].2.is_empty());
}

#[test]
fn row_47_a_call_that_fails_changes_nothing_and_may_be_repeated() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let before = phone.records();
    for (trouble, code) in [
        (Trouble::Lost(TransportError::Unreachable), Code::NetOffline),
        (Trouble::Instead(problem(Said::Fault)), Code::SrvError),
        (Trouble::Instead(problem(Said::NotActive)), Code::IdPaused),
        (Trouble::Instead(json(200, &())), Code::SrvError),
    ] {
        phone.peer.trouble("phone", trouble);
        assert_eq!(
            app.describe(&id, false)
                .err()
                .and_then(|error| error.code()),
            Some(code)
        );
    }
    assert_eq!(phone.records(), before);
    app.describe(&id, false).unwrap();
    let unknown = countersign_protocol::Id::from([9; 16]);
    let removed = Error::Reenrol {
        code: Code::IdRemoved,
    };
    assert_eq!(app.overview(&unknown).err(), Some(removed));
}

fn answer(status: u16, kind: &str, body: &[u8]) -> Answer {
    Answer {
        status,
        headers: vec![("content-type".into(), kind.into())],
        body: body.to_vec(),
    }
}

#[test]
fn row_47_rubbish_in_place_of_an_overview_is_a_typed_error_and_changes_nothing() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let before = phone.contents();
    let ours = "application/json";
    let good = String::from_utf8(json(200, &overview()).body).unwrap();
    let bent = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        answer(200, ours, good.replacen(from, to, 1).as_bytes())
    };
    for bad in [
        answer(200, ours, b""),
        answer(200, ours, b"{}"),
        answer(200, ours, b"[]"),
        answer(200, ours, &[0xff; 64]),
        answer(200, ours, "[".repeat(5_000).as_bytes()),
        answer(200, ours, &good.as_bytes()[..good.len() - 1]),
        answer(200, "text/html", good.as_bytes()),
        answer(201, ours, good.as_bytes()),
        answer(204, ours, b""),
        answer(302, "text/html", b""),
        answer(404, "text/html", b"<html>"),
        answer(500, "text/html", b"<html>"),
        bent("{", "{\"more\":1,"),
        bent("\"recovery_left\":3", "\"recovery_left\":-3"),
        bent(
            "\"recovery_left\":3",
            "\"recovery_left\":3,\"recovery_left\":4",
        ),
        bent(
            "\"recovery_left\":3",
            "\"recovery_left\":99999999999999999999",
        ),
        bent("Tablet", "Tab\u{202e}let"),
        bent("Tablet", &"x".repeat(65)),
        bent("\"software\"", "\"vault\""),
        bent("\"dev\":\"", "\"dev\":\"A"),
    ] {
        let (status, body) = (bad.status, String::from_utf8_lossy(&bad.body).into_owned());
        phone.peer.trouble("overview", Trouble::Instead(bad));
        let code = app.overview(&id).err().and_then(|error| error.code());
        assert_eq!(code, Some(Code::SrvError), "{status} {body:.100}");
    }
    assert!(phone.contents() == before);
}

#[test]
fn row_47_rubbish_for_a_push_address_is_a_typed_error() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let before = phone.contents();
    for address in [Some(address()), None] {
        for bad in [
            answer(200, "text/html", b"<html>"),
            answer(200, "application/json", b"{}"),
            answer(302, "text/html", b""),
            answer(413, "text/html", b""),
            answer(500, "text/html", b""),
        ] {
            let status = bad.status;
            phone.peer.trouble("push", Trouble::Instead(bad));
            let error = app.set_push(&id, address.as_ref()).err();
            let code = error.and_then(|error| error.code());
            assert_eq!(code, Some(Code::SrvError), "{status}");
        }
        app.set_push(&id, address.as_ref()).unwrap();
    }
    assert!(phone.contents() == before);
}

fn overview() -> OverviewAnswer {
    OverviewAnswer {
        phones: vec![PhoneRow {
            dev: Thumbprint(Digest::from([1; 32])),
            device: Name::parse("Tablet").unwrap(),
            level: Levels {
                dev: Level::Software,
                uv: None,
            },
            added: 1,
            used: None,
            probation: Some(5),
            suspended: Some(StateReason::Clone),
            this: true,
        }],
        push: PushRow {
            r#type: Some(PushType::Fcm),
            sent: None,
            fetched: None,
            failed: None,
        },
        recovery_left: 3,
        quiet_until: Some(9),
    }
}

#[test]
fn an_overview_is_shown_and_believed_in_nothing() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let answer = overview();
    phone
        .peer
        .trouble("overview", Trouble::Instead(json(200, &answer)));
    let before = phone.contents();
    let seen = app.overview(&id).unwrap();
    assert_eq!(seen.phones[0].device, "Tablet");
    assert_eq!(seen.phones[0].dev, answer.phones[0].dev);
    assert!(seen.phones[0].this && seen.phones[0].suspended == Some(StateReason::Clone));
    assert_eq!(
        (seen.recovery_left, seen.quiet_until, seen.push),
        (3, Some(9), Some(PushType::Fcm))
    );
    // Whatever an unsigned answer says, the ID is what its signed state says.
    assert!(phone.contents() == before);
    assert!(app.accounts().unwrap()[0].reason.is_none());
}

#[test]
fn a_call_that_is_refused_as_not_in_use_looks_at_the_signed_state() {
    for said in [Said::NotActive, Said::NotFound] {
        for call in ["overview", "phone", "push"] {
            let phone = Phone::new();
            let (app, id) = phone.enrolled();
            phone.peer.end(Standing::Revoked, StateReason::Removed);
            phone.peer.trouble(call, Trouble::Instead(problem(said)));
            let error = match call {
                "overview" => app.overview(&id).err(),
                "phone" => app.describe(&id, false).err(),
                _ => app.set_push(&id, None).err(),
            };
            assert_eq!(error.unwrap().code(), Some(Code::IdRemoved), "{call}");
            assert_eq!(app.accounts().unwrap()[0].standing, Standing::Revoked);
        }
    }
}

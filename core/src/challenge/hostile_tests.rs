//! Servers that answer an action with something else, states that name keys too early or of others, key stores and
//! stores that give rubbish: each is a typed error, and nothing changes by it.

use crate::account::Account;
use crate::authenticator::Authenticator;
use crate::challenge::{Action, Answer, Prompt};
use crate::core::Core;
use crate::error::{Code, Error};
use crate::ports::{DeviceKeys, Gesture, TransportError};
use crate::testkit::{Bad, Peer, Phone, Trouble, json, judged, typed};
use crate::vault::{Blob, Place};
use countersign_protocol::call::ChallengeAnswer;
use countersign_protocol::crypto::{SigningKey, raw_to_der};
use countersign_protocol::policy::Alternatives;
use countersign_protocol::statement::{Challenge, Input, Kind, Outcome, VerdictCode};
use countersign_protocol::text::Name;
use countersign_protocol::{Digest, Id, Origin, Signed, Thumbprint};

const PIN: &str = "294817";

fn approve(pin: Option<&str>) -> Answer {
    Answer::Approve {
        number: Some("47".into()),
        pin: pin.map(typed),
    }
}

fn renew() -> Answer {
    Answer::Approve {
        number: None,
        pin: Some(typed(PIN)),
    }
}

fn asked(phone: &Phone, app: &Authenticator, id: &Id, number: u8) -> Prompt {
    phone.peer.ask(number, |_| {});
    app.poll(id, 0).unwrap().prompts.remove(0)
}

/// What the phone says when an action is answered by this.
fn begun(phone: &Phone, app: &Authenticator, id: &Id, action: Action, text: &str) -> Option<Code> {
    let before = phone.contents();
    let challenge = text.to_owned();
    let answer = json(201, &ChallengeAnswer { challenge });
    phone.peer.trouble("/actions", Trouble::Instead(answer));
    let error = app.begin(id, action).err().unwrap();
    assert!(app.pending().unwrap().is_empty());
    assert!(phone.contents() == before, "something was kept");
    error.code()
}

fn signed(peer: &Peer, challenge: Challenge) -> String {
    peer.sign(challenge).compact().to_owned()
}

#[test]
fn row_42_to_44_an_action_is_answered_by_a_request_that_passes_every_check_or_by_none() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with(PIN);
    let peer = &phone.peer;
    let good = || peer.about_itself(Id::make().unwrap(), Kind::PinSet);
    let stranger = SigningKey::ed25519_from_seed(&[66; 32]).unwrap();
    let by_stranger = Signed::sign(good(), &stranger).unwrap();
    let text = signed(peer, good());
    let bent = |bend: fn(&mut Challenge)| {
        let mut challenge = good();
        bend(&mut challenge);
        signed(peer, challenge)
    };
    let state = peer.inner().state.clone().unwrap();
    let (unverified, downgrade) = (Code::ChalUnverified, Code::ChalDowngrade);
    for (text, code) in [
        (by_stranger.compact().to_owned(), unverified),
        (
            bent(|challenge| challenge.aud = Id::from([7; 16])),
            unverified,
        ),
        (
            bent(|challenge| challenge.iss = Origin::parse("https://evil.example").unwrap()),
            unverified,
        ),
        (
            bent(|challenge| {
                (challenge.iat, challenge.exp) = (challenge.iat - 300, challenge.iat - 200)
            }),
            Code::ChalExpired,
        ),
        (
            bent(|challenge| {
                (challenge.iat, challenge.exp) = (challenge.iat + 300, challenge.iat + 400)
            }),
            unverified,
        ),
        (
            bent(|challenge| challenge.factors = Alternatives::dev()),
            downgrade,
        ),
        (
            bent(|challenge| challenge.service.host = "evil.example".into()),
            unverified,
        ),
        (bent(|challenge| challenge.policy += 1), unverified),
        (String::new(), unverified),
        ("x".repeat(5_000), unverified),
        ("..".into(), unverified),
        (text[..text.len() - 4].to_owned(), unverified),
        // A statement, but no request.
        (peer.sign(state).compact().to_owned(), unverified),
    ] {
        let said = begun(&phone, &app, &id, Action::SetPin, &text);
        assert_eq!(said, Some(code), "{text:.200}");
    }
    app.begin(&id, Action::SetPin).unwrap();
}

#[test]
fn to_unfreeze_the_id_is_not_to_unfreeze_another_phone() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let dev = |number| Thumbprint(Digest::from([number; 32]));
    let about = |dev: Option<Thumbprint>| {
        let mut challenge = phone.peer.about_itself(Id::make().unwrap(), Kind::Unfreeze);
        challenge.input = dev.map(|dev| Input {
            dev: Some(dev),
            device: Some(Name::parse("Tablet").unwrap()),
            policy: None,
        });
        signed(&phone.peer, challenge)
    };
    for (action, text) in [
        (Action::Unfreeze, about(Some(dev(8)))),
        (Action::UnfreezePhone(dev(8)), about(None)),
        (Action::UnfreezePhone(dev(8)), about(Some(dev(7)))),
    ] {
        let said = begun(&phone, &app, &id, action, &text);
        assert_eq!(said, Some(Code::SrvError));
    }
    let prompt = app.begin(&id, Action::UnfreezePhone(dev(8))).unwrap();
    assert!(prompt.rows.iter().any(|row| row.id == "device"));
}

#[test]
fn row_43_a_state_that_names_a_gesture_key_of_others_or_none_is_refused() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let own = phone.peer.inner().uv.unwrap().thumbprint();
    let foreign = Thumbprint(Digest::from([7; 32]));
    let dev = phone.peer.inner().registered.as_ref().unwrap().dev;
    for uv in [Some(foreign), Some(dev.thumbprint()), None] {
        phone.peer.become_state(|state| state.uv = uv);
        assert_eq!(app.poll(&id, 0).unwrap().refused, [Code::ChalUnverified]);
        assert!(app.accounts().unwrap()[0].gesture);
    }
    phone.peer.become_state(|state| state.uv = Some(own));
    assert!(app.poll(&id, 0).unwrap().refused.is_empty());
    let login = asked(&phone, &app, &id, 1);
    assert!(judged(app.decide(&login.id, &approve(None))).accepted);
}

#[test]
fn a_state_that_names_the_new_gesture_key_before_the_verdict_decides_nothing() {
    for taken in [true, false] {
        let phone = Phone::before_factors();
        let (app, id) = phone.enrolled_with_gesture(PIN);
        let old = phone.account(&id).uv.unwrap().key.thumbprint();
        let prompt = app.begin(&id, Action::RenewGesture).unwrap();
        let lost = Trouble::Lost(TransportError::Unreachable);
        phone.peer.trouble("/responses", lost);
        app.decide(&prompt.id, &renew()).unwrap();
        let next = phone.account(&id).next_uv.unwrap().uv.key.thumbprint();
        phone.peer.become_state(|state| state.uv = Some(next));
        assert!(app.poll(&id, 0).unwrap().refused.is_empty());
        // Both are kept, and none of them signs.
        let account = phone.account(&id);
        assert_eq!(account.uv.unwrap().key.thumbprint(), old);
        assert!(account.next_uv.is_some() && app.accounts().unwrap()[0].changing);
        assert_eq!(phone.owners(), 3);
        let login = asked(&phone, &app, &id, 1);
        assert_eq!(login.ways, ["dev+pin"]);
        // The verdict does.
        if !taken {
            phone.peer.inner().verdict = Some(|verdict| {
                (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::BadInput);
            });
        }
        assert_eq!(app.deliver(true).unwrap()[0].accepted, taken);
        let uv = phone.account(&id).uv.unwrap().key.thumbprint();
        assert_eq!(uv, if taken { next } else { old });
        assert_eq!(phone.owners(), 2);
        assert!(judged(app.decide(&login.id, &approve(None))).accepted);
        // The one that went is nobody's now.
        let gone = if taken { old } else { next };
        phone.peer.become_state(|state| state.uv = Some(gone));
        assert_eq!(app.poll(&id, 0).unwrap().refused, [Code::ChalUnverified]);
    }
}

/// Signatures that are none.
fn bad_signatures() -> Vec<Bad> {
    fn by_another(message: &[u8]) -> Vec<u8> {
        let key = SigningKey::make_p256().unwrap();
        let key = SigningKey::from_pkcs8(&key).unwrap();
        raw_to_der(&key.sign(message).unwrap())
    }
    [
        (|_, _| Vec::new()) as fn(&[u8], Vec<u8>) -> Vec<u8>,
        |_, _| vec![0x30],
        |_, _| vec![0x30, 6, 2, 1, 0, 2, 1, 0],
        |_, der| der[..der.len() - 1].to_vec(),
        |_, der| [&der[..], &[0]].concat(),
        // A length in two bytes.
        |_, der| [&[0x30, 0x81], &der[1..]].concat(),
        // Raw, as JWS has it.
        |_, _| vec![7; 64],
        |_, _| vec![0xff; 4_096],
        |message, _| by_another(message),
        |_, _| by_another(b"something else"),
    ]
    .map(Bad::Signature)
    .into()
}

/// Keys that are none.
fn bad_keys() -> Vec<Bad> {
    [
        (|made| made.point.clear()) as fn(&mut crate::ports::MadeKey),
        |made| made.point = vec![0; 65],
        |made| made.point[0] = 2,
        |made| made.point[64] ^= 1,
        |made| made.point.truncate(33),
        // It doesn't ask for anything.
        |made| made.uvc = None,
    ]
    .map(Bad::Key)
    .into()
}

#[test]
fn row_50_rubbish_in_place_of_a_gestures_signature_signs_nothing() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let login = asked(&phone, &app, &id, 1);
    for bad in bad_signatures() {
        phone.person.has(Some(bad));
        let error = app.decide(&login.id, &approve(None)).err();
        assert_eq!(error.and_then(|error| error.code()), Some(Code::KeyBusy));
        assert!(app.outbox().unwrap().is_empty() && app.show(&login.id).is_ok());
    }
    assert_eq!(phone.peer.calls_to("/responses"), 0);
    phone.person.has(None);
    assert!(judged(app.decide(&login.id, &approve(None))).accepted);
}

#[test]
fn row_50_a_gesture_key_that_is_none_is_not_taken() {
    for bad in bad_keys().into_iter().chain(bad_signatures()) {
        let phone = Phone::before_factors();
        phone.person.has(Some(bad));
        let app = phone.app();
        let mut review = app.review(&phone.peer.link()).unwrap();
        review.choose_pin(typed(PIN), &typed(PIN)).unwrap();
        review.take_gesture(true);
        let code = |error: Error| error.code();
        assert_eq!(app.enrol(review).err().and_then(code), Some(Code::KeyBusy));
        assert_eq!((phone.owners(), phone.records()), (0, Vec::new()));
        phone.person.has(None);
        phone.person.was_asked();
        drop(app);

        let (app, id) = phone.enrolled_with_gesture(PIN);
        let prompt = app.begin(&id, Action::RenewGesture).unwrap();
        phone.person.has(Some(bad));
        let error = app.decide(&prompt.id, &renew()).err();
        assert_eq!(error.and_then(code), Some(Code::KeyBusy));
        assert!(app.outbox().unwrap().is_empty() && !app.accounts().unwrap()[0].changing);
        assert_eq!(phone.owners(), 2);
        phone.person.has(None);
        let login = asked(&phone, &app, &id, 1);
        assert!(judged(app.decide(&login.id, &approve(None))).accepted);
    }
}

#[test]
fn row_49_rubbish_in_place_of_the_hidden_pin_key_is_a_typed_error_and_signs_nothing() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let login = asked(&phone, &app, &id, 1);
    drop(app);
    let good = phone.account(&id).pin.unwrap();
    let text = phone.keys.unwrap(&id, Gesture::Free, &good.0).unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    let wrapped = |text: &str| {
        let wrapped = phone.keys.wrap(&id, Gesture::Free, text.as_bytes());
        Blob(wrapped.unwrap())
    };
    let bent = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} {text}");
        wrapped(&text.replacen(from, to, 1))
    };
    let (lost, damaged) = (Code::KeyLost, Code::StoreCorrupt);
    let mut cases = vec![
        // What the hardware didn't wrap.
        (Blob(Vec::new()), lost),
        (Blob(vec![7; 200]), lost),
        (Blob(good.0[..good.0.len() - 1].to_vec()), lost),
        // What it did, and which is no hidden key.
        (wrapped(""), damaged),
        (wrapped("{}"), damaged),
        (wrapped("null"), damaged),
        (wrapped(&text[..text.len() - 1]), damaged),
        (wrapped(&format!("{text}x")), damaged),
        (wrapped(&"[".repeat(10_000)), damaged),
        (bent("\"salt\"", "\"sand\""), damaged),
        (bent("\"blob\":\"", "\"blob\":\"A"), damaged),
        (bent("{", "{\"more\":1,"), damaged),
    ];
    for cost in ["\"m\":0", "\"m\":8", "\"m\":4294967295"] {
        let at = text.find("\"m\":").unwrap();
        let end = at + text[at..].find([',', '}']).unwrap();
        let text = format!("{}{cost}{}", &text[..at], &text[end..]);
        cases.push((wrapped(&text), damaged));
    }
    for (pin, code) in cases {
        let core = Core::new(phone.config.clone(), phone.ports(0)).unwrap();
        let place = Place::of(&id);
        let set = |pin: Blob| {
            core.vault.change(|change| {
                let mut account = change.read::<Account>(&place)?.unwrap();
                account.pin = Some(pin.clone());
                change.put(&place, &account)
            })
        };
        set(pin).unwrap();
        drop(core);
        let app = phone.app();
        let error = app.decide(&login.id, &approve(Some(PIN))).err().unwrap();
        assert_eq!(error.code(), Some(code));
        assert!(app.outbox().unwrap().is_empty() && app.show(&login.id).is_ok());
        assert_eq!(phone.peer.calls_to("/responses"), 0);
    }
    // What needs no PIN goes on.
    let app = phone.app();
    let deny = Answer::Deny { reason: None };
    assert!(judged(app.decide(&login.id, &deny)).accepted);
}

//! Requests that must not be shown, answered or answered twice: rows 42 to 46.

use crate::authenticator::Authenticator;
use crate::challenge::{Answer, Hint};
use crate::core::Core;
use crate::error::{Code, Error};
use crate::ports::TransportError;
use crate::testkit::{Phone, Trouble};
use countersign_protocol::crypto::SigningKey;
use countersign_protocol::encoding::{decode, encode};
use countersign_protocol::statement::Challenge;
use countersign_protocol::{Id, Origin, Signed};

fn approve() -> Answer {
    Answer::Approve {
        number: Some("47".into()),
        pin: None,
    }
}

/// What the phone says to one request, by the list; and that it keeps nothing of one it refuses.
pub(super) fn verdict_on(
    phone: &Phone,
    app: &Authenticator,
    id: &Id,
    text: String,
) -> Option<Code> {
    let before: Vec<String> = phone
        .records()
        .into_iter()
        .filter(|name| name.starts_with("seen"))
        .collect();
    phone.peer.inner().open.push(text);
    let arrivals = app.poll(id, 0).unwrap();
    if arrivals.prompts.is_empty() {
        let after: Vec<String> = phone
            .records()
            .into_iter()
            .filter(|name| name.starts_with("seen"))
            .collect();
        assert_eq!(before, after);
    }
    arrivals.refused.first().copied()
}

pub(super) fn request(phone: &Phone, change: impl FnOnce(&mut Challenge)) -> String {
    let mut challenge = phone.peer.challenge(Id::make().unwrap());
    change(&mut challenge);
    phone.peer.sign(challenge).compact().to_owned()
}

/// A payload under a header of the forger's choice, signed by their key.
fn forge(header: &str, key: &SigningKey, payload: &str) -> String {
    let message = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(payload.as_bytes())
    );
    format!(
        "{message}.{}",
        encode(&key.sign(message.as_bytes()).unwrap())
    )
}

fn payload(statement: &str) -> String {
    String::from_utf8(decode(statement.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[test]
fn row_42_only_the_servers_signature_counts() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let good = request(&phone, |_| {});
    let stranger = SigningKey::ed25519_from_seed(&[66; 32]).unwrap();
    let s = SigningKey::ed25519_from_seed(&[2; 32]).unwrap();
    let (kid, alien) = (s.public().thumbprint(), stranger.public().thumbprint());
    let header = |alg: &str, kid, typ: &str, more: &str| {
        format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"{more}}}"#)
    };
    let typ = "cs1-challenge+jwt";
    let body = payload(&good);
    let bad = [
        forge(&header("Ed25519", alien, typ, ""), &stranger, &body),
        forge(&header("Ed25519", kid, typ, ""), &stranger, &body),
        forge(&header("none", kid, typ, ""), &s, &body),
        forge(&header("HS256", kid, typ, ""), &s, &body),
        forge(&header("EdDSA", kid, typ, ""), &s, &body),
        forge(&header("Ed25519", kid, "cs1-state+jwt", ""), &s, &body),
        forge(&header("Ed25519", kid, "cs2-challenge+jwt", ""), &s, &body),
        forge(
            &header("Ed25519", kid, typ, r#","crit":["x"],"x":1"#),
            &s,
            &body,
        ),
        good[..good.len() - 4].to_owned(),
        good.rsplit_once('.').unwrap().0.to_owned() + ".",
        String::new(),
    ];
    for text in bad {
        assert_eq!(
            verdict_on(&phone, &app, &id, text),
            Some(Code::ChalUnverified)
        );
    }
    assert_eq!(verdict_on(&phone, &app, &id, good), None);
    assert_eq!(app.pending().unwrap().len(), 1);
}

#[test]
fn row_42_an_unknown_key_makes_the_phone_ask_for_keys_once_a_minute() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let new = SigningKey::ed25519_from_seed(&[3; 32]).unwrap();
    let by = |key: &SigningKey| {
        let challenge = phone.peer.challenge(Id::make().unwrap());
        Signed::sign(challenge, key).unwrap().compact().to_owned()
    };
    // Not published: refused, and not asked for again at once.
    assert_eq!(
        verdict_on(&phone, &app, &id, by(&new)),
        Some(Code::ChalUnverified)
    );
    assert_eq!(
        verdict_on(&phone, &app, &id, by(&new)),
        Some(Code::ChalUnverified)
    );
    assert_eq!(phone.peer.calls_to("/keys"), 1);
    // Published: taken, and the old key is out.
    let second = phone.peer.keys(2, &new, None);
    phone.peer.inner().keys.push(second);
    phone.pass(61);
    assert_eq!(verdict_on(&phone, &app, &id, by(&new)), None);
    assert_eq!(phone.peer.calls_to("/keys"), 2);
    assert_eq!(
        verdict_on(&phone, &app, &id, request(&phone, |_| {})),
        Some(Code::ChalUnverified)
    );
}

/// A second ID at the same server, whose phone the peer knows from now on.
fn second_id(phone: &Phone, app: &Authenticator) -> Id {
    phone.peer.inner().registered = None;
    phone.peer.inner().account = "ben@example.com".into();
    let ben = app.enrol(app.review(&phone.peer.link()).unwrap()).unwrap();
    app.proceed(&ben, 0).unwrap();
    phone.peer.activate();
    app.proceed(&ben, 0).unwrap();
    ben
}

#[test]
fn keys_that_one_id_asked_for_keep_no_other_id_from_them() {
    let phone = Phone::new();
    let (app, anna) = phone.enrolled();
    let of_anna = {
        let peer = phone.peer.inner();
        (peer.registered.clone(), peer.state.clone())
    };
    let ben = second_id(&phone, &app);
    let new = SigningKey::ed25519_from_seed(&[3; 32]).unwrap();
    let second = phone.peer.keys(2, &new, None);
    phone.peer.inner().keys.push(second);
    let asks = |id: &Id, key: &SigningKey| {
        let challenge = phone.peer.challenge(Id::make().unwrap());
        let text = Signed::sign(challenge, key).unwrap().compact().to_owned();
        phone.peer.inner().open.push(text);
        let arrivals = app.poll(id, 0).unwrap();
        (arrivals.prompts.len(), arrivals.refused)
    };
    assert_eq!(asks(&ben, &new), (1, vec![]));
    {
        let mut peer = phone.peer.inner();
        (peer.registered, peer.state) = of_anna;
        peer.account = "anna@example.com".into();
        peer.open.clear();
    }
    assert_eq!(asks(&anna, &new), (1, vec![]));
    assert_eq!(phone.peer.calls_to("/keys"), 2);
    // Each has the newest now, and nobody asks for what isn't there.
    let other = SigningKey::ed25519_from_seed(&[4; 32]).unwrap();
    let unverified = vec![Code::ChalUnverified];
    for _ in 0..2 {
        assert_eq!(asks(&anna, &other), (0, unverified.clone()));
    }
    assert_eq!(phone.peer.calls_to("/keys"), 2);
}

#[test]
fn keys_that_another_thread_has_got_and_not_kept_yet_are_asked_for_once_more() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    drop(app);
    let new = SigningKey::ed25519_from_seed(&[3; 32]).unwrap();
    let second = phone.peer.keys(2, &new, None);
    phone.peer.inner().keys.push(second);
    let challenge = phone.peer.challenge(Id::make().unwrap());
    let text = Signed::sign(challenge, &new).unwrap();
    let core = Core::new(phone.config.clone(), phone.ports(0)).unwrap();
    // Each as a thread of its own read it.
    let mut accounts = [core.account(&id).unwrap(), core.account(&id).unwrap()];
    for account in &mut accounts {
        let believed = core.believe::<Challenge>(account, text.compact());
        assert!(believed.is_ok());
    }
    assert_eq!(phone.peer.calls_to("/keys"), 2);
}

#[test]
fn a_network_that_fails_while_keys_are_asked_loses_no_request() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let new = SigningKey::ed25519_from_seed(&[3; 32]).unwrap();
    let second = phone.peer.keys(2, &new, None);
    phone.peer.inner().keys.push(second);
    let challenge = phone.peer.challenge(Id::make().unwrap());
    phone
        .peer
        .inner()
        .open
        .push(Signed::sign(challenge, &new).unwrap().compact().to_owned());
    phone
        .peer
        .trouble("/keys", Trouble::Lost(TransportError::Timeout));
    assert!(matches!(app.poll(&id, 0), Err(Error::Retry { .. })));
    assert_eq!(app.poll(&id, 0).unwrap().prompts.len(), 1);
}

#[test]
fn newer_keys_that_a_statement_tells_of_are_fetched() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let s = SigningKey::ed25519_from_seed(&[2; 32]).unwrap();
    let second = phone.peer.keys(2, &s, None);
    phone.peer.inner().keys.push(second);
    phone.peer.inner().keys_n = 2;
    assert_eq!(verdict_on(&phone, &app, &id, request(&phone, |_| {})), None);
    assert_eq!(phone.peer.calls_to("/keys"), 1);
    assert!(
        phone
            .records()
            .iter()
            .any(|name| name.starts_with("keys/") && name.ends_with("/2"))
    );
    assert_eq!(verdict_on(&phone, &app, &id, request(&phone, |_| {})), None);
    assert_eq!(phone.peer.calls_to("/keys"), 1);
}

#[test]
fn row_43_requests_for_others_are_refused() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let changes: [fn(&mut Challenge); 3] = [
        |challenge| challenge.iss = Origin::parse("https://evil.example").unwrap(),
        |challenge| challenge.aud = Id::from([0; 16]),
        |challenge| {
            challenge.account =
                countersign_protocol::text::Account::parse("ben@example.com").unwrap()
        },
    ];
    for change in changes {
        let text = request(&phone, change);
        assert_eq!(
            verdict_on(&phone, &app, &id, text),
            Some(Code::ChalUnverified)
        );
    }
    // Another account was a reason to look at the state first.
    assert!(phone.peer.calls_to("/credentials/") >= 2);
}

#[test]
fn row_43_an_account_that_was_renamed_is_known_by_its_signed_state() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.inner().account = "anna.new@example.com".into();
    let renamed = countersign_protocol::text::Account::parse("anna.new@example.com").unwrap();
    phone.peer.become_state(|state| state.account = renamed);
    assert_eq!(verdict_on(&phone, &app, &id, request(&phone, |_| {})), None);
    assert_eq!(app.accounts().unwrap()[0].account, "anna.new@example.com");
    assert_eq!(app.pending().unwrap()[0].account, "anna.new@example.com");
}

#[test]
fn row_44_time_policy_and_life_are_kept() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let said = |change: fn(&mut Challenge)| verdict_on(&phone, &app, &id, request(&phone, change));
    let expired = said(|challenge| {
        (challenge.iat, challenge.exp) = (challenge.iat - 200, challenge.iat - 90)
    });
    assert_eq!(expired, Some(Code::ChalExpired));
    let future = said(|challenge| {
        (challenge.iat, challenge.exp) = (challenge.iat + 90, challenge.iat + 200)
    });
    assert_eq!(future, Some(Code::ChalUnverified));
    assert_eq!(
        said(|challenge| challenge.exp += 1),
        Some(Code::ChalDowngrade)
    );
    assert_eq!(
        said(|challenge| challenge.policy = 2),
        Some(Code::ChalUnverified)
    );
    assert_eq!(
        said(|challenge| challenge.r#match = 0),
        Some(Code::ChalDowngrade)
    );
    assert_eq!(said(|_| {}), None);
}

#[test]
fn row_44_a_policy_that_rises_is_taken_and_never_goes_back() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = request(&phone, |_| {});
    phone.peer.inner().policy.n = 2;
    phone.peer.inner().policy.max_life = 60;
    let policy = phone.peer.inner().policy.clone();
    phone.peer.become_state(|state| state.policy = policy);
    assert_eq!(verdict_on(&phone, &app, &id, request(&phone, |_| {})), None);
    assert_eq!(
        verdict_on(&phone, &app, &id, old),
        Some(Code::ChalDowngrade)
    );
}

#[test]
fn row_44_a_weaker_policy_is_said_and_what_was_agreed_goes_on() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone
        .peer
        .become_state(|state| (state.policy.n, state.policy.max_life) = (2, 600));
    phone.peer.ask(1, |_| {});
    let arrivals = app.poll(&id, 0).unwrap();
    assert_eq!(arrivals.refused, [Code::ChalDowngrade]);
    assert_eq!(arrivals.prompts.len(), 1);
    let long = request(&phone, |challenge| challenge.exp += 400);
    assert_eq!(
        verdict_on(&phone, &app, &id, long),
        Some(Code::ChalDowngrade)
    );
}

#[test]
fn row_44_a_request_is_shown_once_and_decided_once_also_after_a_restart() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let jti = phone.peer.ask(1, |_| {});
    let first = app.poll(&id, 0).unwrap();
    assert_eq!(first.prompts.len(), 1);
    // It comes again by push, and by a list without a cursor: the same prompt, not a second one.
    assert_eq!(app.fetch(&id, &jti).unwrap().id, first.prompts[0].id);
    drop(app);
    let app = phone.app();
    assert_eq!(app.fetch(&id, &jti).unwrap().id, first.prompts[0].id);
    assert_eq!(app.pending().unwrap().len(), 1);

    app.decide(&first.prompts[0].id, &approve()).unwrap();
    assert_eq!(
        app.fetch(&id, &jti).err(),
        Some(Error::Refused {
            code: Code::ChalSeen
        })
    );
    drop(app);
    let app = phone.app();
    assert_eq!(
        app.fetch(&id, &jti).err(),
        Some(Error::Refused {
            code: Code::ChalSeen
        })
    );
    // Another request under the same id, too.
    let text = request(&phone, |challenge| challenge.jti = jti);
    phone.peer.inner().open = vec![text];
    assert_eq!(
        app.fetch(&id, &jti).err(),
        Some(Error::Refused {
            code: Code::ChalSeen
        })
    );
}

#[test]
fn row_44_a_request_that_ran_out_is_neither_listed_nor_answered() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    phone.pass(122);
    assert!(app.pending().unwrap().is_empty());
    assert_eq!(
        app.decide(&prompt.id, &approve()).err(),
        Some(Error::Expired {
            code: Code::ChalExpired
        })
    );
    assert_eq!(
        app.show(&prompt.id).err(),
        Some(Error::Expired {
            code: Code::ChalExpired
        })
    );
}

#[test]
fn row_44_after_a_restart_of_the_device_a_fresh_request_is_shown_and_its_age_not_guessed() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.clock.restart();
    phone.peer.pass(100_000);
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    assert_eq!((prompt.asked_ago, prompt.seconds_left), (None, 120));
    app.decide(&prompt.id, &approve()).unwrap();
    // The verdict of its first sending tells the time again.
    phone.peer.ask(2, |_| {});
    assert_eq!(app.poll(&id, 0).unwrap().prompts[0].asked_ago, Some(0));
}

#[test]
fn row_45_content_that_breaks_the_protocol_is_refused() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let s = SigningKey::ed25519_from_seed(&[2; 32]).unwrap();
    let kid = s.public().thumbprint();
    let header = format!(r#"{{"alg":"Ed25519","kid":"{kid}","typ":"cs1-challenge+jwt"}}"#);
    let good = payload(&request(&phone, |_| {}));
    for (from, to) in [
        (r#""keys":1"#, r#""keys":1,"keys":1"#),
        (r#""keys":1"#, r#""keys":1,"new":1"#),
        (r#""keys":1"#, r#""keys":1e3"#),
        (r#""keys":1"#, r#""keys":99999999999999999999"#),
        (r#""kind":"login""#, r#""kind":"unlock""#),
        (r#"[["dev"]]"#, "[[[[[[[[]]]]]]]]"),
    ] {
        assert!(good.contains(from), "{from}");
        let text = forge(&header, &s, &good.replacen(from, to, 1));
        assert_eq!(
            verdict_on(&phone, &app, &id, text),
            Some(Code::ChalUnverified),
            "{to}"
        );
    }
    let trailing = forge(&header, &s, &format!("{good}x"));
    assert_eq!(
        verdict_on(&phone, &app, &id, trailing),
        Some(Code::ChalUnverified)
    );
    for bidi in ["Wi\u{202e}ki", "Wi\u{200b}ki", "Wi\nki"] {
        let text = forge(
            &header,
            &s,
            &good.replacen("Wiki", &bidi.replace('\n', "\\n"), 1),
        );
        assert_eq!(verdict_on(&phone, &app, &id, text), Some(Code::ChalText));
    }
}

#[test]
fn row_45_a_megabyte_is_no_answer() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.inner().open.push("a".repeat(1 << 20));
    assert!(matches!(
        app.poll(&id, 0),
        Err(Error::Retry {
            code: Code::SrvError,
            ..
        })
    ));
    assert!(app.pending().unwrap().is_empty());
}

#[test]
fn row_46_pushes_that_name_nothing_here_are_ignored_and_counted() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let (handle, challenge) = (Id::from([9; 16]), Id::from([1; 16]));
    let push = |json: String| app.receive(json.as_bytes()).unwrap();
    let fetch = push(format!(
        r#"{{"v":1,"h":"{handle}","c":"{challenge}","t":"x.y.z"}}"#
    ));
    assert_eq!(
        fetch,
        Some(Hint::Fetch {
            account: id,
            challenge
        })
    );
    assert_eq!(
        push(format!(r#"{{"v":1,"h":"{handle}"}}"#)),
        Some(Hint::Poll { account: id })
    );
    let test = Id::from([0; 16]);
    assert_eq!(
        push(format!(r#"{{"v":1,"h":"{handle}","c":"{test}"}}"#)),
        Some(Hint::Test { account: id })
    );
    let bad = [
        String::new(),
        "garbage".into(),
        "{}".into(),
        format!(r#"{{"v":2,"h":"{handle}"}}"#),
        format!(r#"{{"v":1,"h":"{handle}","x":1}}"#),
        format!(r#"{{"v":1,"h":"{handle}","h":"{handle}"}}"#),
        format!(r#"{{"v":1,"h":"{}"}}"#, Id::from([8; 16])),
        r#"{"v":1,"h":"short"}"#.into(),
        format!(r#"{{"v":1,"h":"{handle}","t":"{}"}}"#, "x".repeat(2048)),
    ];
    let count = bad.len() as u64;
    for json in bad {
        assert_eq!(push(json), None);
    }
    assert_eq!(app.receive(&[0xff; 100]).unwrap(), None);
    assert_eq!(app.ignored_pushes(), count + 1);
    // Replayed, it finds nothing new; for an ID that was removed, nothing at all.
    app.forget(&id).unwrap();
    assert_eq!(push(format!(r#"{{"v":1,"h":"{handle}"}}"#)), None);
    assert!(app.pending().unwrap().is_empty());
}

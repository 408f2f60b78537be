//! Links that open a request on this phone, numbers that are scanned, and where a verdict leads: rows 41 to 44 again.

use crate::authenticator::Authenticator;
use crate::challenge::{Answer, PromptId};
use crate::config::KnownServer;
use crate::error::{Code, Error};
use crate::outbox::{Sent, VerdictInfo};
use crate::ports::TransportError;
use crate::testkit::{Peer, Phone, Trouble, json, problem, refused};
use countersign_protocol::call::VerdictAnswer;
use countersign_protocol::encoding::encode;
use countersign_protocol::links::{ChallengeLink, ScannedNumber};
use countersign_protocol::problem::Code as Said;
use countersign_protocol::statement::{
    Challenge, Keys, Mode, Outcome, Standing, StateReason, Verdict, VerdictCode,
};
use countersign_protocol::{Digest, Id, Origin, Signed, Thumbprint};

const TXN: [u8; 16] = [11; 16];

/// Makes a request that is not the one that was meant.
type Bend = fn(&mut Challenge);

fn same(challenge: &mut Challenge) {
    (challenge.mode, challenge.r#match) = (Mode::Same, 0);
}

fn link_of(origin: &str) -> ChallengeLink {
    ChallengeLink {
        origin: Origin::parse(origin).unwrap(),
        txn: Id::from(TXN),
    }
}

fn link() -> String {
    link_of(Peer::origin().as_str()).to_link().unwrap()
}

fn approve() -> Answer {
    Answer::Approve {
        number: None,
        pin: None,
    }
}

/// The verdict on an approval that was sent.
fn approved(app: &Authenticator, id: &PromptId) -> VerdictInfo {
    match app.decide(id, &approve()).unwrap() {
        Sent::Verdict(verdict) => verdict,
        Sent::Queued(error) => panic!("{error}"),
    }
}

#[test]
fn a_link_opens_a_request_that_no_list_has_and_the_way_back_is_the_servers() {
    let phone = Phone::new();
    let (app, _) = phone.enrolled();
    phone.peer.ask(1, same);
    let prompt = app.open_link(&link()).unwrap();
    assert_eq!((prompt.number, prompt.ways.as_slice()), (0, &["dev"][..]));
    let mode = prompt.rows.iter().find(|row| row.id == "mode").unwrap();
    assert_eq!(mode.value, "same");
    // Opened again, also after a restart, it is the same one.
    drop(app);
    let app = phone.app();
    assert_eq!(app.open_link(&link()).unwrap().id, prompt.id);
    assert_eq!(app.pending().unwrap().len(), 1);
    let verdict = approved(&app, &prompt.id);
    let back = format!("https://id.example/r/{}", Id::from([12; 16]));
    assert_eq!(verdict.return_url, Some(back));
    assert_eq!(app.open_link(&link()).err(), refused(Code::ChalSeen));
}

#[test]
fn a_request_with_a_number_is_opened_too_and_asks_for_it() {
    let phone = Phone::new();
    let (app, _) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.open_link(&link()).unwrap();
    assert_eq!(prompt.number, 2);
    assert_eq!(
        app.decide(&prompt.id, &approve()).err(),
        refused(Code::NumberEmpty)
    );
}

#[test]
fn what_takes_the_place_of_a_listed_request_makes_its_prompt_go() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let old = phone
        .peer
        .ask(1, |challenge| challenge.txn = Id::from([1; 16]));
    app.poll(&id, 0).unwrap();
    phone.peer.ask(2, |challenge| {
        same(challenge);
        challenge.replaces = Some(old);
    });
    let prompt = app.open_link(&link()).unwrap();
    let open: Vec<_> = app.pending().unwrap().iter().map(|one| one.id).collect();
    assert_eq!(open, [prompt.id]);
}

#[test]
fn a_link_may_come_by_the_apps_own_scheme_and_by_no_other() {
    let mut phone = Phone::new();
    phone.config.scheme = Some("nordwall-id".into());
    let (app, _) = phone.enrolled();
    phone.peer.ask(1, same);
    let by = |scheme: &str| {
        link_of("https://id.example")
            .to_scheme_link(scheme)
            .unwrap()
    };
    assert_eq!(
        app.open_link(&by("kupfer-id")).err(),
        refused(Code::LinkMalformed)
    );
    app.open_link(&by("nordwall-id")).unwrap();
}

#[test]
fn row_41_what_is_no_link_to_a_request_is_refused_before_anything_is_sent() {
    let phone = Phone::new();
    let (app, _) = phone.enrolled();
    phone.peer.ask(1, same);
    let before = (phone.peer.inner().calls.len(), phone.records());
    let body = |s: &str, v: u64| format!(r#"{{"v":{v},"s":"{s}","c":"{}"}}"#, Id::from(TXN));
    let at = |origin: &str, json: &str| format!("{origin}/c#{}", encode(json.as_bytes()));
    let here = "https://id.example";
    for (text, code) in [
        (String::new(), Code::LinkMalformed),
        ("hello".into(), Code::LinkMalformed),
        (phone.peer.link(), Code::LinkMalformed),
        (link().replace("https://", "http://"), Code::LinkMalformed),
        (
            link().replace("https://", "https://anna@"),
            Code::LinkMalformed,
        ),
        (
            link().replace("https://", "countersign://"),
            Code::LinkMalformed,
        ),
        (format!("javascript:{}", link()), Code::LinkMalformed),
        (format!(" {}", link()), Code::LinkMalformed),
        (
            format!("{}{}", link(), "A".repeat(600)),
            Code::LinkMalformed,
        ),
        ("c".repeat(1 << 20), Code::LinkMalformed),
        (at(here, "{"), Code::LinkMalformed),
        (
            at(here, &body("https://other.example", 1)),
            Code::LinkMalformed,
        ),
        (
            at(here, &body(here, 1).replace('}', r#","t":"x"}"#)),
            Code::LinkMalformed,
        ),
        (
            at("https://іd.example", &body("https://іd.example", 1)),
            Code::LinkMalformed,
        ),
        (at(here, &body(here, 2)), Code::AppOld),
        // Servers that this phone doesn't know: a stranger, and one that looks alike.
        (
            at("https://evil.example", &body("https://evil.example", 1)),
            Code::LinkForeign,
        ),
        (
            at(
                "https://xn--d-6eb.example",
                &body("https://xn--d-6eb.example", 1),
            ),
            Code::LinkForeign,
        ),
        (
            at(
                "https://id.example:8443",
                &body("https://id.example:8443", 1),
            ),
            Code::LinkForeign,
        ),
    ] {
        assert_eq!(app.open_link(&text).err(), refused(code), "{text:.80}");
    }
    assert_eq!((phone.peer.inner().calls.len(), phone.records()), before);
    app.open_link(&link()).unwrap();
}

#[test]
fn a_server_goes_by_each_of_its_addresses() {
    let phone = Phone::new();
    let second = Origin::parse("https://b.example").unwrap();
    let keys = Signed::<Keys>::verify_root(
        &phone.peer.inner().keys[0],
        &phone.peer.root().public().thumbprint(),
    );
    let mut keys = keys.unwrap().body().clone();
    keys.origins.push(second.clone());
    let keys = Signed::sign(keys, phone.peer.root()).unwrap();
    phone.peer.inner().keys[0] = keys.compact().to_owned();
    let (app, _) = phone.enrolled();
    phone.peer.ask(1, same);
    app.open_link(&link_of(second.as_str()).to_link().unwrap())
        .unwrap();
    // An app with a list keeps to it.
    drop(app);
    let mut listed = phone;
    listed.config.servers = vec![KnownServer {
        origin: Peer::origin(),
        root: Thumbprint(Digest::from([0; 32])),
    }];
    let app = listed.app();
    let link = link_of(second.as_str()).to_link().unwrap();
    assert_eq!(app.open_link(&link).err(), refused(Code::LinkForeign));
}

#[test]
fn a_link_is_opened_by_ids_that_are_in_use() {
    let phone = Phone::new();
    let app = phone.app();
    assert_eq!(app.open_link(&link()).err(), refused(Code::LinkForeign));
    let (app, id) = phone.enrolled();
    phone.peer.end(Standing::Suspended, StateReason::User);
    app.poll(&id, 0).unwrap();
    let calls = phone.peer.inner().calls.len();
    assert_eq!(app.open_link(&link()).err(), refused(Code::IdPaused));
    assert_eq!(phone.peer.inner().calls.len(), calls);
}

#[test]
fn what_nobody_asked_of_this_phone_is_over_and_trouble_on_the_way_is_said() {
    let phone = Phone::new();
    let (app, _) = phone.enrolled();
    let over = Some(Error::Expired {
        code: Code::ChalExpired,
    });
    assert_eq!(app.open_link(&link()).err(), over);
    let gone = Trouble::Instead(problem(Said::Gone));
    phone.peer.trouble("/challenges/", gone);
    assert_eq!(app.open_link(&link()).err(), over);
    let offline = Trouble::Lost(TransportError::Unreachable);
    phone.peer.trouble("/challenges/", offline);
    assert_eq!(
        app.open_link(&link()).err().unwrap().code(),
        Some(Code::NetOffline)
    );
    // Nobody looks at the state for an ID that the request may not be for.
    assert_eq!(phone.peer.calls_to("/credentials/"), 1);
    assert!(app.pending().unwrap().is_empty());
}

#[test]
fn row_42_another_request_than_the_links_is_not_shown() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let jti = phone.peer.ask(1, same);
    let mut other = phone.peer.challenge(Id::from([2; 16]));
    same(&mut other);
    other.txn = Id::from([9; 16]);
    let challenge = phone.peer.sign(other).compact().to_owned();
    let answer = countersign_protocol::call::ChallengeAnswer { challenge };
    for _ in 0..2 {
        let instead = Trouble::Instead(json(200, &answer));
        phone.peer.trouble("/challenges/", instead);
    }
    assert_eq!(app.open_link(&link()).err(), refused(Code::ChalUnverified));
    assert_eq!(app.fetch(&id, &jti).err(), refused(Code::ChalUnverified));
    assert!(app.pending().unwrap().is_empty());
    app.fetch(&id, &jti).unwrap();
}

#[test]
fn row_44_a_request_of_a_link_passes_every_check_of_any_other() {
    let phone = Phone::new();
    let (app, _) = phone.enrolled();
    let changes: [(Bend, Code); 6] = [
        (|one| one.exp = one.iat + 121, Code::ChalDowngrade),
        (|one| one.aud = Id::from([7; 16]), Code::ChalUnverified),
        (|one| one.policy += 1, Code::ChalUnverified),
        (|one| one.iat += 100, Code::ChalUnverified),
        (
            |one| one.iss = Origin::parse("https://evil.example").unwrap(),
            Code::ChalUnverified,
        ),
        // The other way of being asked still asks for the number that was agreed.
        (|one| one.mode = Mode::Remote, Code::ChalDowngrade),
    ];
    for (n, (change, code)) in changes.into_iter().enumerate() {
        phone.peer.inner().open.clear();
        phone.peer.ask(n as u8, |challenge| {
            same(challenge);
            change(challenge);
            challenge.exp = challenge.exp.max(challenge.iat + 1);
        });
        assert_eq!(app.open_link(&link()).err(), refused(code), "{n}");
    }
    assert!(app.pending().unwrap().is_empty());
}

#[test]
fn a_verdict_leads_a_browser_to_the_server_or_nowhere() {
    let changes: [fn(&mut Verdict); 5] = [
        |verdict| verdict.r#return = None,
        |verdict| lead(verdict, "https://evil.example"),
        |verdict| lead(verdict, "https://id.example:8443"),
        |verdict| lead(verdict, "https://xn--d-6eb.example"),
        |verdict| lead(verdict, "https://id.example.evil.example"),
    ];
    for change in changes {
        let phone = Phone::new();
        let (app, _) = phone.enrolled();
        phone.peer.ask(1, same);
        let prompt = app.open_link(&link()).unwrap();
        phone.peer.inner().verdict = Some(change);
        let sent = app.decide(&prompt.id, &approve()).unwrap();
        assert!(matches!(
            sent,
            Sent::Queued(Error::Retry {
                code: Code::SrvError,
                ..
            })
        ));
        is_kept_until_right(&phone, &app);
    }
}

fn lead(verdict: &mut Verdict, origin: &str) {
    verdict.r#return = Some(format!("{origin}/r/{}", Id::from([12; 16])));
}

/// The answer waits; the same bytes get a verdict that can be taken once the server makes one.
fn is_kept_until_right(phone: &Phone, app: &Authenticator) {
    assert_eq!(app.outbox().unwrap().len(), 1);
    assert!(app.history(10).unwrap().is_empty());
    let mut good = phone.peer.inner().verdicts[0].body().clone();
    lead(&mut good, "https://id.example");
    let verdict = phone.peer.sign(good).compact().to_owned();
    let answer = Trouble::Instead(json(200, &VerdictAnswer { verdict }));
    phone.peer.trouble("/responses", answer);
    let taken = app.deliver(true).unwrap();
    assert!(taken[0].accepted && taken[0].return_url.is_some());
    assert!(app.outbox().unwrap().is_empty());
}

#[test]
fn a_verdict_about_anything_else_leads_nowhere() {
    // With a number, and refused on this phone: neither has a browser here to be led.
    for (mode, answer) in [
        (Mode::Remote, number("47")),
        (Mode::Same, Answer::Deny { reason: None }),
        (Mode::Same, Answer::Report { reason: None }),
    ] {
        let phone = Phone::new();
        let (app, _) = phone.enrolled();
        phone.peer.ask(1, |challenge| {
            if mode == Mode::Same {
                same(challenge);
            }
        });
        let prompt = app.open_link(&link()).unwrap();
        phone.peer.inner().verdict = Some(|verdict| lead(verdict, "https://id.example"));
        let sent = app.decide(&prompt.id, &answer).unwrap();
        assert!(matches!(
            sent,
            Sent::Queued(Error::Retry {
                code: Code::SrvError,
                ..
            })
        ));
        assert_eq!(app.outbox().unwrap().len(), 1);
        let mut good = phone.peer.inner().verdicts[0].body().clone();
        good.r#return = None;
        let verdict = phone.peer.sign(good).compact().to_owned();
        phone.peer.trouble(
            "/responses",
            Trouble::Instead(json(200, &VerdictAnswer { verdict })),
        );
        assert_eq!(app.deliver(true).unwrap()[0].return_url, None);
    }
}

fn number(digits: &str) -> Answer {
    Answer::Approve {
        number: Some(digits.into()),
        pin: None,
    }
}

#[test]
fn a_refused_approval_leads_nowhere_and_is_taken_without() {
    let phone = Phone::new();
    let (app, _) = phone.enrolled();
    phone.peer.ask(1, same);
    let prompt = app.open_link(&link()).unwrap();
    phone.peer.inner().verdict = Some(|verdict| {
        (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::Cancelled);
        verdict.r#return = None;
    });
    let verdict = approved(&app, &prompt.id);
    assert!(!verdict.accepted && verdict.return_url.is_none());
}

#[test]
fn a_scanned_number_is_that_of_an_open_request_and_sends_nothing() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    let (calls, records) = (phone.peer.inner().calls.len(), phone.records());
    let code = |txn: [u8; 16], digits: &str| ScannedNumber {
        txn: Id::from(txn),
        digits: digits.into(),
    };
    let good = code(TXN, "47").to_text();
    let scanned = app.scan(&good).unwrap();
    assert_eq!((scanned.id, scanned.number.as_str()), (prompt.id, "47"));
    assert!(!format!("{scanned:?}").contains("47"));
    for bad in [
        String::new(),
        link(),
        code([12; 16], "47").to_text(),
        // Six digits are those of a new phone.
        code(TXN, "474747").to_text(),
        good.replace("CS1N", "CS1Q"),
        good.replace("47", "٤٧"),
        format!("{good} "),
        "C".repeat(1 << 20),
    ] {
        assert_eq!(app.scan(&bad).err(), refused(Code::NumberScan), "{bad:.40}");
    }
    assert_eq!(
        (phone.peer.inner().calls.len(), phone.records()),
        (calls, records)
    );
    assert!(app.decide(&scanned.id, &number(&scanned.number)).is_ok());
    // Decided, it is open no more.
    assert_eq!(app.scan(&good).err(), refused(Code::NumberScan));
}

#[test]
fn a_number_is_scanned_for_no_request_that_asks_none_or_is_over() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let text = ScannedNumber {
        txn: Id::from(TXN),
        digits: "47".into(),
    };
    let text = text.to_text();
    phone.peer.ask(1, same);
    app.open_link(&link()).unwrap();
    assert_eq!(app.scan(&text).err(), refused(Code::NumberScan));
    phone.peer.ask(2, |_| {});
    app.poll(&id, 0).unwrap();
    assert!(app.scan(&text).is_ok());
    phone.pass(122);
    assert_eq!(app.scan(&text).err(), refused(Code::NumberScan));
    app.forget(&id).unwrap();
    assert_eq!(app.scan(&text).err(), refused(Code::NumberScan));
}

use crate::authenticator::Authenticator;
use crate::challenge::{Action, Answer, NewPin, PromptId};
use crate::error::{Code, Error};
use crate::history::Exported;
use crate::outbox::Sent;
use crate::ports::{Store, TransportError};
use crate::testkit::{Peer, Phone, Trouble, typed};
use countersign_protocol::Id;
use countersign_protocol::crypto::SigningKey;
use countersign_protocol::history::{Check, Report, Span, Trusted};
use countersign_protocol::statement::{Outcome, Standing, StateReason, VerdictCode};
use std::ops::RangeInclusive;

const PIN: &str = "294817";

fn export(app: &Authenticator, id: &Id) -> (String, Exported) {
    let mut out = Vec::new();
    let exported = app.export_history(id, &mut out).unwrap();
    (String::from_utf8(out).unwrap(), exported)
}

fn trusted(phone: &Phone) -> Trusted {
    Trusted {
        root: phone.peer.root().public().thumbprint(),
        dev: None,
        deposited: None,
    }
}

fn check(text: &str, trusted: Trusted) -> Report {
    assert!(text.ends_with('\n'));
    let mut lines = text.lines();
    let mut check = Check::new(trusted, lines.next().unwrap().as_bytes()).unwrap();
    lines.for_each(|line| check.line(line.as_bytes()));
    check.finish(None).0
}

/// Checks what the phone exports: nothing is wrong, and it is these answers.
fn whole(phone: &Phone, app: &Authenticator, id: &Id, from: u64, to: u64) -> Report {
    let (text, exported) = export(app, id);
    assert_eq!((exported.from, exported.to), (from, to));
    let trusted = Trusted {
        dev: Some(exported.dev),
        deposited: exported.last,
        ..trusted(phone)
    };
    let report = check(&text, trusted);
    assert_eq!(report.findings, []);
    let span = (from <= to).then_some(Span { from, to });
    assert_eq!((report.vouched, report.by_phone), (span, span));
    report
}

fn asked(phone: &Phone, app: &Authenticator, id: &Id, number: u8) -> PromptId {
    let challenge = phone.peer.ask(number, |_| {});
    let prompts = app.poll(id, 0).unwrap().prompts;
    let mut ids = prompts.into_iter().map(|prompt| prompt.id);
    ids.find(|id| id.challenge == challenge).unwrap()
}

fn approve(pin: Option<&str>) -> Answer {
    Answer::Approve {
        number: Some("47".into()),
        pin: pin.map(typed),
    }
}

/// Answers these requests, each a minute after the one before.
fn answers(phone: &Phone, app: &Authenticator, id: &Id, numbers: RangeInclusive<u8>) {
    for number in numbers {
        let asked = asked(phone, app, id, number);
        assert!(matches!(
            app.decide(&asked, &approve(None)).unwrap(),
            Sent::Verdict(_)
        ));
        phone.pass(60);
    }
}

#[test]
fn the_whole_life_of_an_id_is_exported_and_anybody_can_check_it() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    whole(&phone, &app, &id, 1, 0);
    // By K_uv, by K_dev and PIN, a refusal, another PIN, another K_uv, and that one.
    let by_uv = asked(&phone, &app, &id, 1);
    app.decide(&by_uv, &approve(None)).unwrap();
    let by_pin = asked(&phone, &app, &id, 2);
    app.decide(&by_pin, &approve(Some(PIN))).unwrap();
    let denied = asked(&phone, &app, &id, 3);
    app.decide(&denied, &Answer::Deny { reason: None }).unwrap();
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    let set = Answer::SetPin {
        old: Some(typed(PIN)),
        new: NewPin::new(typed("604155"), &typed("604155")).unwrap(),
    };
    app.decide(&prompt.id, &set).unwrap();
    let prompt = app.begin(&id, Action::RenewGesture).unwrap();
    let renew = Answer::Approve {
        number: None,
        pin: Some(typed("604155")),
    };
    app.decide(&prompt.id, &renew).unwrap();
    let by_new_uv = asked(&phone, &app, &id, 4);
    app.decide(&by_new_uv, &approve(None)).unwrap();
    // Other keys of the server, by which it goes on.
    let s = SigningKey::ed25519_from_seed(&Peer::seeds()[1]).unwrap();
    let keys = phone.peer.keys(2, &s, None);
    phone.peer.inner().keys.push(keys);
    phone.peer.inner().keys_n = 2;
    phone.pass(120);
    let last = asked(&phone, &app, &id, 5);
    app.decide(&last, &approve(Some("604155"))).unwrap();

    let (text, exported) = export(&app, &id);
    let kinds = ["keys", "state", "challenge"];
    let count = |kind: &str| text.matches(&format!("{{\"{kind}\":")).count();
    // Pending, active, and with the new K_uv.
    assert_eq!(kinds.map(count), [2, 3, 7]);
    let report = whole(&phone, &app, &id, 1, 7);
    assert_eq!((report.answers, report.unjudged), (7, 0));
    assert_eq!(exported.root, trusted(&phone).root);
    // The same bytes from another start, and when its keys are destroyed after a revocation.
    drop(app);
    let app = phone.app();
    assert_eq!(export(&app, &id).0, text);
    phone.peer.end(Standing::Revoked, StateReason::Removed);
    app.sync().unwrap();
    phone.pass(25 * 3600);
    app.sync().unwrap();
    app.sync().unwrap();
    assert!(!app.accounts().unwrap()[0].gesture);
    let (revoked, _) = export(&app, &id);
    assert_eq!(revoked.lines().count(), text.lines().count() + 1);
    whole(&phone, &app, &id, 1, 7);
}

#[test]
fn what_waits_for_its_verdict_is_exported_without_one() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    answers(&phone, &app, &id, 1..=1);
    let lost = asked(&phone, &app, &id, 2);
    phone
        .peer
        .trouble("responses", Trouble::Lost(TransportError::Unreachable));
    app.decide(&lost, &approve(None)).unwrap();
    let next = asked(&phone, &app, &id, 3);
    app.decide(&next, &approve(None)).unwrap();
    assert_eq!(app.outbox().unwrap().len(), 1);
    assert_eq!(whole(&phone, &app, &id, 1, 3).unjudged, 1);
    app.deliver(true).unwrap();
    assert_eq!(whole(&phone, &app, &id, 1, 3).unjudged, 0);
}

#[test]
fn the_beginning_can_be_deleted_and_the_chain_begins_later() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let start = phone.peer.inner().now;
    answers(&phone, &app, &id, 1..=5);
    assert_eq!(app.forget_history(&id, start).unwrap(), 0);
    assert_eq!(app.forget_history(&id, start + 120).unwrap(), 2);
    assert_eq!(app.history(10).unwrap().len(), 3);
    whole(&phone, &app, &id, 3, 5);
    // Said again nothing more goes, and later answers follow the last.
    assert_eq!(app.forget_history(&id, start + 120).unwrap(), 0);
    drop(app);
    let app = phone.app();
    answers(&phone, &app, &id, 6..=6);
    whole(&phone, &app, &id, 3, 6);
    assert_eq!(app.forget_history(&id, u64::MAX).unwrap(), 4);
    assert!(app.history(10).unwrap().is_empty());
    whole(&phone, &app, &id, 7, 6);
    answers(&phone, &app, &id, 7..=7);
    whole(&phone, &app, &id, 7, 7);
    let stranger = Id::from([9; 16]);
    assert!(app.forget_history(&stranger, 0).is_err());
    assert!(app.export_history(&stranger, &mut Vec::new()).is_err());
}

#[test]
fn what_waits_for_its_verdict_stays_with_all_after_it() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    answers(&phone, &app, &id, 1..=1);
    let lost = asked(&phone, &app, &id, 2);
    phone
        .peer
        .trouble("responses", Trouble::Lost(TransportError::Unreachable));
    app.decide(&lost, &approve(None)).unwrap();
    answers(&phone, &app, &id, 3..=3);
    assert_eq!(app.forget_history(&id, u64::MAX).unwrap(), 1);
    whole(&phone, &app, &id, 2, 3);
    app.deliver(true).unwrap();
    assert_eq!(app.forget_history(&id, u64::MAX).unwrap(), 2);
}

#[test]
fn more_are_deleted_than_one_commit_takes() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let start = phone.peer.inner().now;
    answers(&phone, &app, &id, 1..=130);
    assert_eq!(app.forget_history(&id, start + 129 * 60).unwrap(), 129);
    whole(&phone, &app, &id, 130, 130);
}

#[test]
fn row_48_a_kill_at_any_moment_of_deleting_leaves_a_history_that_checks() {
    for die_at in 1.. {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        answers(&phone, &app, &id, 1..=3);
        drop(app);
        let app = phone.start(0).unwrap();
        drop(app);
        let Ok(app) = phone.start(die_at) else {
            continue;
        };
        let done = app.forget_history(&id, u64::MAX);
        drop(app);
        let app = phone.app();
        let (_, exported) = export(&app, &id);
        assert!(matches!((exported.from, exported.to), (1 | 4, 3)));
        whole(&phone, &app, &id, exported.from, 3);
        assert_eq!(app.history(10).unwrap().len() as u64, 4 - exported.from);
        if done.is_ok() {
            assert_eq!(exported.from, 4);
            return;
        }
    }
}

#[test]
fn row_48_an_entry_that_was_put_back_is_none_and_one_that_is_missing_is_damage() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    answers(&phone, &app, &id, 1..=3);
    // The history's records are those that the root doesn't cover; their keys end with the number.
    let entries = || {
        let all = phone.store.scan(&[2], crate::ports::Order::Rising, 99);
        all.unwrap()
    };
    let old = entries();
    assert_eq!(old.len(), 3);
    app.forget_history(&id, phone.peer.inner().now - 2 * 60)
        .unwrap();
    assert_eq!(entries().len(), 2);
    let set = |key: &[u8], value: Option<&[u8]>| {
        let mut batch = crate::ports::Batch::default();
        let value = value.map(<[u8]>::to_vec);
        batch.writes.insert(key.to_vec(), value);
        phone.store.commit(&batch).unwrap();
    };
    let (key, value) = &old[0];
    set(key, Some(value));
    assert_eq!(app.history(10).unwrap().len(), 2);
    whole(&phone, &app, &id, 2, 3);
    set(&old[1].0, None);
    let damaged = Some(Error::Reenrol {
        code: Code::StoreCorrupt,
    });
    assert_eq!(app.history(10).err(), damaged);
    assert_eq!(app.forget_history(&id, u64::MAX).err(), damaged);
    let exported = app.export_history(&id, &mut Vec::new());
    assert_eq!(exported.err(), damaged);
}

/// Takes so many bytes and no more.
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0 < bytes.len() {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_that_takes_no_more_is_said_so() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    answers(&phone, &app, &id, 1..=1);
    let length = export(&app, &id).0.len();
    assert!(app.export_history(&id, &mut Full(length)).is_ok());
    for room in [0, 100, length - 1] {
        let error = app.export_history(&id, &mut Full(room)).unwrap_err();
        assert_eq!(error.code(), Some(Code::StoreFull));
    }
}

#[test]
fn a_refused_answer_and_one_that_was_given_up_are_part_of_the_chain() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    let wrong = asked(&phone, &app, &id, 1);
    phone.peer.inner().verdict = Some(|verdict| {
        (verdict.result, verdict.code) = (Outcome::Refused, VerdictCode::NumberWrong);
    });
    app.decide(&wrong, &approve(None)).unwrap();
    let lost = asked(&phone, &app, &id, 2);
    phone
        .peer
        .trouble("responses", Trouble::Lost(TransportError::Unreachable));
    app.decide(&lost, &approve(None)).unwrap();
    phone.pass(2 * 24 * 3600);
    app.sync().unwrap();
    app.deliver(true).unwrap();
    assert!(app.outbox().unwrap().is_empty());
    assert_eq!(whole(&phone, &app, &id, 1, 2).unjudged, 1);
}

#[test]
fn an_export_before_the_first_state_is_none() {
    let phone = Phone::new();
    let (app, id) = phone.enrol();
    let mut out = Vec::new();
    let error = app.export_history(&id, &mut out).unwrap_err();
    assert_eq!(error.code(), Some(Code::IdRemoved));
    assert!(out.is_empty());
}

#[test]
fn what_an_earlier_version_kept_is_exported_too() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let by_uv = asked(&phone, &app, &id, 1);
    app.decide(&by_uv, &approve(None)).unwrap();
    let account = phone.account(&id);
    assert_eq!(account.named_uv.len(), 1);
    // As it was kept before a K_uv was noted, and before anything could be forgotten.
    let mut old = serde_json::to_value(&account).unwrap();
    old.as_object_mut().unwrap().remove("named_uv").unwrap();
    let old: crate::account::Account = serde_json::from_value(old).unwrap();
    assert_eq!(old.public_keys(), account.public_keys());
    let chain: crate::account::Chain = serde_json::from_str(r#"{"ctr":3,"prev":null}"#).unwrap();
    assert_eq!((chain.ctr, chain.forgotten), (3, 0));
}

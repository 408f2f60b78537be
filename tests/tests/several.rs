//! One ID on two phones: the first decision counts, and the other phone hears who decided.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::story::{self, Ending, Waiting, silently};
use countersign_tests::harness::{ADMIN, Outcome, Phone, Sp, World};
use serde_json::Value;

struct Two {
    world: World,
    sp: Sp,
    phone: Phone,
    tablet: Phone,
}

/// A phone that its person added, and a tablet that an administrator did; both heard everything.
fn two() -> Two {
    let (world, sp, phone) = story::ready().unwrap();
    let tablet = world.phone("tablet").unwrap().named("Anna's tablet");
    story::enrol_by_admin(&world, &tablet, ADMIN).unwrap();
    for phone in [&phone, &tablet] {
        phone.run(&["pending"]).unwrap();
    }
    Two {
        world,
        sp,
        phone,
        tablet,
    }
}

/// What a phone says when it looks.
fn look(phone: &Phone) -> Vec<Value> {
    phone.run(&["pending"]).unwrap().events
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let is = |event: &&Value| event["event"] == kind;
    events.iter().filter(is).collect()
}

/// The one request that a phone shows.
fn prompt(phone: &Phone) -> Value {
    let events = look(phone);
    let prompts = of_kind(&events, "prompt");
    assert_eq!(prompts.len(), 1, "{events:?}");
    prompts[0].clone()
}

fn approve(phone: &Phone, prompt: &Value, number: &str) -> Outcome {
    let id = prompt["id"].as_str().unwrap();
    phone.run(&["approve", id, "--number", number]).unwrap()
}

/// The phone's id at the server, by the name of the device.
fn id_of(world: &World, device: &str) -> String {
    let all = world.server.list(&["phone", "list", ADMIN]).unwrap();
    let found = all.iter().find(|line| line["device"] == device).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[test]
fn the_first_decision_signs_in_and_a_phone_that_was_away_hears_who_decided() {
    let Two {
        world,
        sp,
        phone,
        tablet,
    } = two();
    let mut browser = world.browser().unwrap();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    let (ours, theirs) = (prompt(&phone), prompt(&tablet));
    for shown in [&ours, &theirs] {
        let rows = shown["rows"].as_array().unwrap();
        let phones = rows.iter().find(|row| row["id"] == "phones").unwrap();
        // The notice of the second phone explained it.
        assert_eq!(
            (&phones["value"], &shown["notes"]),
            (&"2".into(), &Value::Array(vec![]))
        );
    }
    assert!(approve(&tablet, &theirs, &waiting.number).status.success());
    waiting.response(&mut browser).unwrap();

    // The phone was off meanwhile.
    let events = look(&phone);
    let cancelled = of_kind(&events, "cancelled");
    assert_eq!(cancelled.len(), 1, "{events:?}");
    assert_eq!(cancelled[0]["id"], ours["id"]);
    assert_eq!(cancelled[0]["reason"], "decided_elsewhere");
    assert_eq!(cancelled[0]["device"], "Anna's tablet");
    assert_eq!(cancelled[0]["service"], "Example Wiki");
    assert!(of_kind(&events, "prompt").is_empty());
    let late = approve(&phone, &ours, &waiting.number);
    assert_eq!(late.error_code(), Some("chal.seen"));
    // It is told once; nothing is left for either.
    for phone in [&phone, &tablet] {
        assert!(of_kind(&look(phone), "cancelled").is_empty());
    }
}

#[test]
fn a_phone_that_listens_drops_its_prompt_at_once_and_shows_it_in_words() {
    let Two {
        world,
        sp,
        phone,
        tablet,
    } = two();
    let mut browser = world.browser().unwrap();
    let mut listening = phone.start(&["listen"]).unwrap();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    let shown = listening.await_event("prompt").unwrap();
    let theirs = prompt(&tablet);
    assert!(approve(&tablet, &theirs, &waiting.number).status.success());
    let cancelled = listening.await_event("cancelled").unwrap();
    assert_eq!(cancelled["id"], shown["id"]);
    listening.kill().unwrap();

    // The browser gives up: nobody decided.
    let mut browser = world.browser().unwrap();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    let ours = prompt(&phone);
    waiting.cancel(&mut browser).unwrap();
    let words = phone.in_words(&["pending"]).unwrap();
    assert!(words.contains("Stopped in the browser"), "{words}");
    assert!(words.contains(ours["id"].as_str().unwrap()));
}

#[test]
fn a_request_with_more_time_is_one_request_on_both_phones_and_in_the_browser() {
    let Two {
        world,
        sp,
        phone,
        tablet,
    } = two();
    let mut browser = world.browser().unwrap();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    let (ours, theirs) = (prompt(&phone), prompt(&tablet));
    let name = |prompt: &Value| prompt["id"].as_str().unwrap().to_owned();
    let more = phone.ask(&["more", &name(&ours)]).unwrap().remove(0);
    assert_eq!(more["goes_on"], ours["id"]);
    let page = waiting.press(&mut browser, "more").unwrap();
    assert_eq!(page.text_at("p.number").unwrap().unwrap(), waiting.number);
    // There was time enough when the page asked. The tablet got it once more; it may name either of its statements.
    let renewed = prompt(&tablet);
    assert_ne!(renewed["id"], theirs["id"]);
    let args = ["approve", &name(&theirs), "--number", &waiting.number];
    tablet.ask(&args).unwrap();
    waiting.response(&mut browser).unwrap();
    // For the phone it is over, once.
    let heard = phone.ask(&["pending"]).unwrap();
    let over: Vec<_> = heard
        .iter()
        .filter(|event| event["event"] == "cancelled")
        .collect();
    assert_eq!(over.len(), 1, "{heard:?}");
}

#[test]
fn row_24_both_phones_decide_at_once_and_one_decision_counts() {
    let Two {
        world,
        sp,
        phone,
        tablet,
    } = two();
    for _ in 0..3 {
        let mut browser = world.browser().unwrap();
        let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
        let (ours, theirs) = (prompt(&phone), prompt(&tablet));
        let number = waiting.number.as_str();
        let (one, two) = std::thread::scope(|scope| {
            let one = scope.spawn(|| approve(&phone, &ours, number));
            let two = scope.spawn(|| approve(&tablet, &theirs, number));
            (one.join().unwrap(), two.join().unwrap())
        });
        let accepted = [&one, &two].map(|outcome| outcome.status.success());
        assert_eq!(accepted.iter().filter(|accepted| **accepted).count(), 1);
        let lost = if accepted[0] { &two } else { &one };
        let verdict = lost.event("verdict").unwrap();
        assert_eq!(verdict["code"], "decided_elsewhere");
        waiting.response(&mut browser).unwrap();
        for phone in [&phone, &tablet] {
            assert!(of_kind(&look(phone), "prompt").is_empty());
        }
    }
}

#[test]
fn every_phone_hears_what_happens_to_the_id() {
    let Two {
        world,
        phone,
        tablet,
        ..
    } = two();
    let id = id_of(&world, "Anna's tablet");
    world.server.command(&["phone", "suspend", &id]).unwrap();
    world.server.command(&["phone", "resume", &id]).unwrap();
    world.server.command(&["phone", "revoke", &id]).unwrap();
    let events = look(&phone);
    let heard: Vec<_> = of_kind(&events, "notice")
        .iter()
        .map(|notice| notice["what"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(heard, ["suspended", "unpaused", "phone_removed"]);
    // They stay, for the person to look at; the newest first.
    let kept = phone.ask(&["notices"]).unwrap();
    assert_eq!(kept.len(), 5, "{kept:?}");
    assert!(kept.iter().any(|notice| notice["what"] == "admin_enrolled"));
    assert!(
        kept.iter()
            .all(|notice| notice["what"] == "phone_added" || notice["device"] == "Anna's tablet")
    );
    let ended = tablet.run(&["pending"]).unwrap();
    assert!(!ended.status.success());
    let ids = tablet.ask(&["ids"]).unwrap();
    assert_eq!(ids[0]["standing"], "revoked");
}

#[test]
fn a_suspended_phone_answers_nothing_and_the_other_goes_on() {
    let Two {
        world,
        sp,
        phone,
        tablet,
    } = two();
    let mut browser = world.browser().unwrap();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    let (ours, theirs) = (prompt(&phone), prompt(&tablet));
    let id = id_of(&world, "Anna's tablet");
    world.server.command(&["phone", "suspend", &id]).unwrap();
    let events = look(&tablet);
    assert_eq!(of_kind(&events, "cancelled")[0]["reason"], "withdrawn");
    assert_eq!(tablet.ask(&["ids"]).unwrap()[0]["standing"], "suspended");
    assert!(!approve(&tablet, &theirs, &waiting.number).status.success());
    assert!(approve(&phone, &ours, &waiting.number).status.success());
    waiting.response(&mut browser).unwrap();

    // While all rest, nobody is asked.
    let own = id_of(&world, "Virtual phone");
    world.server.command(&["phone", "suspend", &own]).unwrap();
    let mut browser = world.browser().unwrap();
    assert!(Waiting::begin(&mut browser, &sp, ADMIN, "/").is_err());
    world.server.command(&["phone", "resume", &id]).unwrap();
    let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    let theirs = prompt(&tablet);
    assert!(approve(&tablet, &theirs, &waiting.number).status.success());
    let ending = waiting.end(&mut browser).unwrap();
    assert!(matches!(ending, Ending::Response(_)));
}

#[test]
fn a_report_on_one_phone_pauses_both() {
    let Two {
        world,
        sp,
        phone,
        tablet,
    } = two();
    let mut browser = world.browser().unwrap();
    Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
    let (ours, _theirs) = (prompt(&phone), prompt(&tablet));
    phone
        .ask(&["report", ours["id"].as_str().unwrap()])
        .unwrap();
    let events = look(&tablet);
    assert_eq!(of_kind(&events, "cancelled")[0]["device"], "Virtual phone");
    assert_eq!(of_kind(&events, "notice")[0]["what"], "suspended");
    for phone in [&phone, &tablet] {
        assert_eq!(phone.ask(&["ids"]).unwrap()[0]["standing"], "suspended");
    }
    // Once more, by a story of one phone, when an administrator lifted it.
    for device in ["Virtual phone", "Anna's tablet"] {
        let id = id_of(&world, device);
        world.server.command(&["phone", "resume", &id]).unwrap();
    }
    let mut browser = world.browser().unwrap();
    story::sign_in(&mut browser, &sp, &phone, ADMIN, "/", &mut silently).unwrap();
}

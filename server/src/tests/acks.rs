//! Cancels and notices: told once a cursor, until the phone that they are for acknowledges them.

use crate::store::sweep;
use crate::testkit::{ANNA, Browser, Enrolment, Other, Phone, World, payment, sign};
use countersign_protocol::Id;
use countersign_protocol::call::AcksCall;
use countersign_protocol::json;
use countersign_protocol::statement::{
    CancelReason, Decision, Event, PROOF_HEADER, Proof, StateReason, VerdictCode, set_of,
};

/// A call that is refused as no such call, and changes nothing.
async fn bad_request(world: &World, phone: &Phone<'_>, body: &str) {
    let answer = world
        .refuses(&[], phone.change("POST", "/cs/v1/acks", body))
        .await;
    answer.is_problem(400, "bad_request");
}

fn acks(jti: &[Id]) -> String {
    json::write(&AcksCall { jti: jti.to_vec() }).unwrap()
}

#[tokio::test]
async fn a_phone_is_told_that_it_was_added_until_it_acknowledges() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let first = phone.list("").await;
    let [text] = first.others.as_slice() else {
        panic!("{} others", first.others.len())
    };
    let Other::Notice(notice) = phone.read_other(text) else {
        panic!("a notice")
    };
    assert!(notice.event == Event::PhoneAdded && notice.phones == 1);
    assert!(notice.set == set_of(&[phone.dev.public().thumbprint()]));
    assert_eq!(notice.device.as_ref().unwrap().as_str(), "Anna's phone");

    // Once a cursor, and again without one.
    let next = phone.list(&format!("?after={}&wait=0", first.next)).await;
    assert!(next.others.is_empty() && next.next == first.next);
    assert_eq!(phone.list("").await.others, first.others);
    phone.acknowledge(&[notice.jti]).await;
    assert!(phone.list("").await.others.is_empty());
    // Again is as good as once.
    phone.acknowledge(&[notice.jti, notice.jti]).await;
    world.end().await;
}

#[tokio::test]
async fn what_is_never_acknowledged_goes_after_ninety_days() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    world.pass(90 * 86_400);
    sweep(&world.app.store, world.now()).await.unwrap();
    assert_eq!(phone.told().await.len(), 1);
    world.pass(1);
    sweep(&world.app.store, world.now()).await.unwrap();
    assert_eq!(phone.told().await.len(), 0);
    world.end().await;
}

#[tokio::test]
async fn nobody_acknowledges_for_another() {
    let world = World::new().await;
    let anna = world.with_phone().await;
    let bob = world.with_bob().await;
    let annas = anna.told().await[0].jti();
    bob.acknowledge(&[annas, Id::make().unwrap()]).await;
    assert_eq!((anna.told().await.len(), bob.told().await.len()), (1, 1));

    // By Bob's key for Anna's credential, for another body, another path, another method.
    let body = acks(&[annas]);
    let path = "/cs/v1/acks";
    let good = || anna.proof_over("POST", path, &body);
    let for_anna = Proof {
        sub: anna.id,
        ..bob.proof_over("POST", path, &body)
    };
    let answer = world
        .refuses(&[], bob.change_by(for_anna, path, &body))
        .await;
    answer.is_problem(401, "bad_proof");
    let bent = [
        Proof {
            bh: countersign_protocol::Digest::of(&[b""]),
            ..good()
        },
        Proof {
            htu: format!("{}/cs/v1/push", crate::testkit::ORIGIN),
            ..good()
        },
    ];
    for bent in bent {
        let answer = world.refuses(&[], anna.change_by(bent, path, &body)).await;
        answer.is_problem(401, "bad_proof");
    }
    let none = axum::http::Request::post(path)
        .header("content-type", "application/json")
        .body(body.clone().into())
        .unwrap();
    let answer = world.refuses(&[], world.send(none)).await;
    answer.is_problem(401, "bad_proof");
    assert_eq!(anna.told().await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn one_to_twenty_are_acknowledged_at_once() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let many: Vec<Id> = (0..21).map(|_| Id::make().unwrap()).collect();
    bad_request(&world, &phone, &acks(&many)).await;
    bad_request(&world, &phone, &acks(&[])).await;
    for garbage in ["", "{}", "[]", r#"{"jti":["x"]}"#, r#"{"jti":[],"more":1}"#] {
        bad_request(&world, &phone, garbage).await;
    }
    phone.acknowledge(&many[1..]).await;
    let text = axum::http::Request::post("/cs/v1/acks")
        .header("content-type", "text/plain")
        .header(PROOF_HEADER, "x");
    let answer = world.send(text.body("{}".into()).unwrap()).await;
    answer.is_problem(415, "unsupported_media");
    world.end().await;
}

#[tokio::test]
async fn a_repeated_call_is_answered_as_before_and_its_jti_is_for_nothing_else() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let path = "/cs/v1/acks";
    let body = acks(&[phone.told().await[0].jti()]);
    let proof = phone.proof_over("POST", path, &body);
    let first = phone.change_by(proof.clone(), path, &body).await;
    assert_eq!(first.status, 204);
    // As it is, and with a newer nonce.
    let newer = Proof {
        nonce: first.nonce(),
        ..proof.clone()
    };
    for repeat in [proof.clone(), newer] {
        let again = world
            .refuses(&[], phone.change_by(repeat, path, &body))
            .await;
        assert_eq!((again.status, again.body.as_str()), (204, ""));
    }
    let other = acks(&[Id::make().unwrap()]);
    let bent = Proof {
        jti: proof.jti,
        ..phone.proof_over("POST", path, &other)
    };
    let answer = world
        .refuses(&[], phone.change_by(bent, path, &other))
        .await;
    answer.is_problem(409, "conflict");
    // It is remembered as long as its nonce is good.
    world.pass(301);
    sweep(&world.app.store, world.now()).await.unwrap();
    assert_eq!(world.count("calls").await, 0);
    let answer = world
        .refuses(&[], phone.change_by(proof, path, &body))
        .await;
    answer.is_problem(401, "nonce_required");
    world.end().await;
}

#[tokio::test]
async fn what_a_browser_takes_back_is_cancelled_where_it_was_seen() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    phone.acknowledge_all().await;
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let cursor = phone.list("").await.next;
    browser.press(&page, &format!("{}/cancel", page.path)).await;
    // It is newer than what was listed.
    let list = phone.list(&format!("?after={cursor}&wait=25")).await;
    assert!(list.challenges.is_empty());
    let Other::Cancel(cancel) = phone.read_other(&list.others[0]) else {
        panic!("a cancel")
    };
    assert!(cancel.challenge == challenge.jti && cancel.reason == CancelReason::Withdrawn);
    assert!(cancel.device.is_none());
    phone.acknowledge(&[cancel.jti]).await;

    // The phone never saw this one.
    let (browser, page) = world.waiting().await;
    browser.press(&page, &format!("{}/cancel", page.path)).await;
    assert!(phone.told().await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn send_again_and_another_login_of_the_browser_replace_what_was_asked() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    phone.acknowledge_all().await;
    let (browser, page) = world.waiting().await;
    let first = phone.challenge().await;
    world.pass(31);
    browser.press(&page, &format!("{}/again", page.path)).await;
    let list = phone.list("").await;
    let (second, cancel) = (phone.verify(&list.challenges[0]), &phone.cancels().await[0]);
    assert!(cancel.challenge == first.jti && cancel.reason == CancelReason::Replaced);
    phone.acknowledge_all().await;

    world.pass(30);
    browser.ask(&crate::testkit::Provider::wiki(), ANNA).await;
    let cancels = phone.cancels().await;
    assert!(cancels.len() == 1 && cancels[0].challenge == second.jti);
    assert!(cancels[0].reason == CancelReason::Replaced);
    world.end().await;
}

#[tokio::test]
async fn what_nobody_answered_is_told_to_be_over_once_and_is_still_expired() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    phone.acknowledge_all().await;
    let (_browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    world.pass(121);
    let cancels = phone.cancels().await;
    assert!(cancels.len() == 1 && cancels[0].reason == CancelReason::Expired);
    assert!(cancels[0].challenge == challenge.jti);
    phone.acknowledge_all().await;
    assert!(phone.cancels().await.is_empty());
    let code = phone.approve(&challenge, &page.number().unwrap()).await;
    assert_eq!(code, VerdictCode::Expired);
    world.end().await;
}

#[tokio::test]
async fn who_decides_is_told_by_the_verdict_alone() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    phone.acknowledge_all().await;
    let (_browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    let (_browser, _page) = world.waiting().await;
    let challenge = phone.challenge().await;
    phone.decide(&challenge, Decision::Deny, None).await;
    assert!(phone.told().await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn suspending_tells_the_phone_and_withdraws_what_it_had() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    phone.acknowledge_all().await;
    let (_browser, _page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let id = phone.id.to_string();
    world.command(&["phone", "suspend", &id]).await;
    assert!(phone.state().await.reason == Some(StateReason::Admin));
    assert!(phone.events().await == [Event::Suspended]);
    let cancels = phone.cancels().await;
    assert!(cancels.len() == 1 && cancels[0].challenge == challenge.jti);
    assert!(cancels[0].reason == CancelReason::Withdrawn);
    // A phone at rest acknowledges too.
    phone.acknowledge_all().await;

    // Nobody but an administrator lifts it, and it stays what it is.
    let again = world
        .refuses(&[], world.try_command(&["phone", "suspend", &id]))
        .await;
    assert!(again.is_err());
    world.command(&["phone", "resume", &id]).await;
    assert!(phone.events().await == [Event::Unpaused]);
    world.end().await;
}

#[tokio::test]
async fn an_administrator_and_a_clone_outweigh_a_report() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, _page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let report = phone.response(&challenge, Decision::Report, None);
    let report = phone.sign(report);
    phone.deliver(&report).await;
    assert!(phone.state().await.reason == Some(StateReason::Reported));

    // A copy of the phone reports by the same number.
    let mut copy = phone.response(&challenge, Decision::Report, None);
    (copy.ctr, copy.prev) = (report.ctr, report.prev);
    let copy = sign(copy, &phone.dev);
    assert_eq!(phone.deliver(&copy).await.code, VerdictCode::Suspended);
    assert!(phone.state().await.reason == Some(StateReason::Clone));
    // An administrator's outweighs that too, or whoever makes a clone alarm would keep their recovery codes; it was refused before.
    let id = phone.id.to_string();
    world.command(&["phone", "suspend", &id]).await;
    assert!(phone.state().await.reason == Some(StateReason::Admin));
    let said = world
        .refuses(&[], world.try_command(&["phone", "suspend", &id]))
        .await;
    assert!(said.is_err());
    world.command(&["phone", "resume", &id]).await;

    let (_browser, _page) = world.waiting().await;
    let challenge = phone.challenge().await;
    phone.decide(&challenge, Decision::Report, None).await;
    world.command(&["phone", "suspend", &id]).await;
    assert!(phone.state().await.reason == Some(StateReason::Admin));
    // A report doesn't make it lighter.
    phone.decide(&challenge, Decision::Report, None).await;
    assert!(phone.state().await.reason == Some(StateReason::Admin));
    world.end().await;
}

#[tokio::test]
async fn a_phone_that_is_over_is_told_nothing_more() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, _page) = world.waiting().await;
    phone.challenge().await;
    let told = phone.told().await[0].jti();
    let before = world.count("others").await;
    world
        .command(&["phone", "revoke", &phone.id.to_string()])
        .await;
    assert_eq!(world.count("others").await, before);
    let body = acks(&[told]);
    let answer = world
        .refuses(&[], phone.change("POST", "/cs/v1/acks", &body))
        .await;
    answer.is_problem(403, "not_active");
    world.end().await;
}

#[tokio::test]
async fn a_pending_phone_has_nothing_to_acknowledge() {
    let world = World::new().await;
    let pending = Enrolment::begin(&world, ANNA).await.pending().await;
    let body = acks(&[Id::make().unwrap()]);
    let answer = world
        .refuses(&[], pending.phone.change("POST", "/cs/v1/acks", &body))
        .await;
    answer.is_problem(403, "not_active");
    world.end().await;
}

#[tokio::test]
async fn requests_and_what_is_told_come_in_one_order_within_the_caps() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (mut seen, mut after) = (Vec::new(), String::new());
    // Twelve requests that the phone saw, each taken back, and one more after each.
    for n in 0..12 {
        let browser = Browser::new(&world);
        let page = browser.ask(&crate::testkit::Provider::wiki(), ANNA).await;
        after = format!("?after={}&wait=0", phone.list(&after).await.next);
        browser.press(&page, &format!("{}/cancel", page.path)).await;
        let shop = world.shop(&format!("shop-{n}")).await;
        shop.ask(&payment("r")).await;
    }
    after.clear();
    loop {
        let list = phone.list(&after).await;
        assert!(list.challenges.len() + list.others.len() <= 20);
        seen.extend(list.challenges);
        seen.extend(list.others);
        after = format!("?after={}&wait=0", list.next);
        if !list.more {
            break;
        }
    }
    // The notice of its enrolment, twelve cancels, twelve requests that are open.
    assert_eq!(seen.len(), 25);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 25);
    world.end().await;
}

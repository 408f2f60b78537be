//! What an ID looks like from a phone, what a phone says of itself, and whether something waits for it.

use crate::store::sweep;
use crate::testkit::{Phone, Shop, World, payment};
use axum::body::Body;
use axum::http::Request;
use countersign_protocol::Id;
use countersign_protocol::call::{OverviewAnswer, WakeAnswer};
use countersign_protocol::statement::{Decision, StateReason};
use tokio::task::yield_now;

async fn overview(phone: &Phone<'_>) -> OverviewAnswer {
    phone.get("/cs/v1/overview").await.json()
}

fn described(device: &str, slow: bool) -> String {
    format!(
        r#"{{"app":{{"brand":"countersign","mode":"core","version":"0.2.0","os":"Test 2"}},"device":"{device}","locale":"de","slow":{slow}}}"#
    )
}

async fn done(phone: &Phone<'_>, method: &str, path: &str, body: &str) {
    let answer = phone.change(method, path, body).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
}

#[tokio::test]
async fn the_overview_shows_the_phones_of_the_id_and_which_is_this_one() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    let (_browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    world.pass(60);
    world
        .command(&["phone", "suspend", &tablet.id.to_string()])
        .await;
    let seen = overview(phone).await;
    let [first, second] = seen.phones.as_slice() else {
        panic!("{} phones", seen.phones.len())
    };
    assert!(first.this && !second.this);
    assert!(first.dev == phone.dev.public().thumbprint());
    assert_eq!(first.used, Some(world.now() - 60));
    assert!(first.probation.is_none() && first.suspended.is_none());
    assert_eq!(second.device.as_str(), "Anna's tablet");
    assert_eq!(
        (second.used, second.suspended),
        (None, Some(StateReason::Admin))
    );
    assert_eq!(second.probation, tablet.state().await.probation);
    assert!(seen.push.r#type.is_none() && seen.recovery_left == 0);
    // A day later it is on probation no more.
    world.pass(86_400);
    assert!(overview(phone).await.phones[1].probation.is_none());
    // A phone at rest reads its state and polls, nothing else.
    let answer = tablet.get("/cs/v1/overview").await;
    answer.is_problem(403, "not_active");
    world
        .command(&["phone", "revoke", &tablet.id.to_string()])
        .await;
    assert_eq!(overview(phone).await.phones.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_phone_says_its_name_and_the_others_hear_it() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    done(
        phone,
        "PUT",
        "/cs/v1/phone",
        &described("Anna's new name", false),
    )
    .await;
    let named = &overview(tablet).await.phones[0];
    assert_eq!(named.device.as_str(), "Anna's new name");
    let (_browser, page) = world.waiting().await;
    tablet.challenge().await;
    phone.approve_on(&page).await;
    let cancel = &tablet.cancels().await[0];
    assert_eq!(cancel.device.as_ref().unwrap().as_str(), "Anna's new name");

    for body in [
        "",
        "{}",
        &described("", false),
        &described("a\\u202eb", false),
        &described(&"x".repeat(65), false),
        &described("x", false).replace("\"de\"", "\"not a language\""),
        &described("x", false).replace("\"locale\"", "\"more\":1,\"locale\""),
    ] {
        let answer = world
            .refuses(&[], phone.change("PUT", "/cs/v1/phone", body))
            .await;
        answer.is_problem(400, "bad_request");
    }
    world.end().await;
}

/// How long each phone gets for a question that is to wait for a minute, seconds.
async fn lives(shop: &Shop<'_>, phones: &[Phone<'_>; 2], name: &str) -> [u64; 2] {
    let mut question = payment(name);
    question["life"] = 60.into();
    let asked = shop.ask(&question).await;
    let mut lives = [0, 0];
    for (phone, life) in phones.iter().zip(&mut lives) {
        let challenge = phone.challenge().await;
        *life = challenge.exp - challenge.iat;
    }
    let challenge = phones[0].challenge().await;
    assert_eq!(asked["state"], "open");
    phones[0].decide(&challenge, Decision::Deny, None).await;
    lives
}

#[tokio::test]
async fn a_slow_phone_gets_the_longest_time_that_is_agreed() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let shop = world.shop("shop").await;
    let phone = &phones[0];
    let most = phone.state().await.policy.max_life;
    for (slow, life) in [(false, 60), (true, most), (false, 60)] {
        done(
            phone,
            "PUT",
            "/cs/v1/phone",
            &described("Anna's phone", slow),
        )
        .await;
        let name = format!("pay-{slow}-{}", world.count("challenges").await);
        assert_eq!(lives(&shop, &phones, &name).await, [life, 60]);
    }
    assert!(most > 60);
    world.end().await;
}

const ADDRESSES: &str =
    "SELECT group_concat(type || ' ' || token || ' ' || (replaced IS NULL), ', ')
     FROM (SELECT * FROM push_addresses ORDER BY token)";

#[tokio::test]
async fn a_push_address_takes_the_place_of_the_one_before_which_is_kept_for_a_day() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let phone = &phones[0];
    let path = "/cs/v1/push";
    done(phone, "PUT", path, r#"{"type":"fcm","token":"a"}"#).await;
    done(phone, "PUT", path, r#"{"type":"fcm","token":"a"}"#).await;
    assert_eq!(world.value(ADDRESSES).await, "fcm a 1");
    done(phone, "PUT", path, r#"{"type":"unifiedpush","token":"b"}"#).await;
    assert_eq!(world.value(ADDRESSES).await, "fcm a 0, unifiedpush b 1");
    let shown = overview(phone).await.push;
    assert!(serde_json::to_string(&shown.r#type).unwrap() == "\"unifiedpush\"");
    // Back to the first one.
    world.pass(60);
    done(phone, "PUT", path, r#"{"type":"fcm","token":"a"}"#).await;
    assert_eq!(world.value(ADDRESSES).await, "fcm a 1, unifiedpush b 0");
    world.pass(86_400);
    sweep(&world.app.store, world.now()).await.unwrap();
    assert_eq!(world.value(ADDRESSES).await, "fcm a 1, unifiedpush b 0");
    world.pass(1);
    sweep(&world.app.store, world.now()).await.unwrap();
    assert_eq!(world.value(ADDRESSES).await, "fcm a 1");

    // A phone at rest keeps its address and may change it; it can't take it away.
    let id = phone.id.to_string();
    world.command(&["phone", "suspend", &id]).await;
    done(phone, "PUT", path, r#"{"type":"fcm","token":"c"}"#).await;
    let answer = world.refuses(&[], phone.change("DELETE", path, "")).await;
    answer.is_problem(403, "not_active");
    world.command(&["phone", "resume", &id]).await;
    done(phone, "DELETE", path, "").await;
    assert_eq!(world.value(ADDRESSES).await, "");
    assert!(overview(phone).await.push.r#type.is_none());
    world.end().await;
}

#[tokio::test]
async fn what_is_no_push_address_is_refused() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let long = format!(r#"{{"type":"fcm","token":"{}"}}"#, "x".repeat(4097));
    for body in [
        "",
        "{}",
        r#"{"type":"fcm"}"#,
        r#"{"type":"fcm","token":""}"#,
        r#"{"type":"sms","token":"1"}"#,
        r#"{"type":"fcm","token":"a","token":"b"}"#,
        &long,
    ] {
        let answer = world
            .refuses(&[], phone.change("PUT", "/cs/v1/push", body))
            .await;
        answer.is_problem(400, "bad_request");
    }
    world.end().await;
}

async fn ask(world: &World, wake: &str, query: &str) -> crate::testkit::Answer {
    let request = Request::get(format!("/cs/v1/wake/{wake}{query}"));
    world.send(request.body(Body::empty()).unwrap()).await
}

async fn wake(world: &World, wake: &str, query: &str) -> (bool, String) {
    let said: WakeAnswer = ask(world, wake, query).await.json();
    (said.waiting, said.next)
}

#[tokio::test]
async fn a_locked_phone_is_told_that_something_waits_and_nothing_of_it() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    let handle = phone.state().await.wake.unwrap().to_string();
    let (waiting, next) = wake(&world, &handle, "").await;
    assert!(!waiting);
    // A request ends the wait.
    let path = format!("?after={next}&wait=25");
    let turn = format!("wake {}", phone.id);
    let (said, (_browser, page)) = tokio::join!(wake(&world, &handle, &path), async {
        while !world.app.wake.is_newest_poll(&turn, 2) {
            yield_now().await;
        }
        world.waiting().await
    });
    assert!(said.0 && said.1 != next);
    // Told once a cursor, and again without one; the phone has still not been reached.
    assert_eq!(
        wake(&world, &handle, &format!("?after={}", said.1)).await,
        (false, said.1.clone())
    );
    assert_eq!(wake(&world, &handle, "").await, said);
    for after in ["99999", "x", "", "-1", "999999999999999999999"] {
        let path = format!("?after={after}&wait=25");
        assert_eq!(wake(&world, &handle, &path).await, said, "{after}");
    }
    let raw = ask(&world, &handle, "").await;
    assert!(raw.nonce().is_none() && !raw.body.contains(&page.number().unwrap()));

    // What was decided elsewhere is told too, by the cancel.
    let ours = phone.challenge().await;
    tablet.approve_on(&page).await;
    let cancelled = wake(&world, &handle, &format!("?after={}", said.1)).await;
    assert!(cancelled.0 && cancelled.1 != said.1);
    assert!(phone.cancels().await[0].challenge == ours.jti);
    phone.acknowledge_all().await;
    assert!(!wake(&world, &handle, "").await.0);
    world.end().await;
}

#[tokio::test]
async fn a_newer_question_ends_the_older_and_handles_of_nobody_are_unknown() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    phone.acknowledge_all().await;
    let handle = phone.state().await.wake.unwrap().to_string();
    let next = wake(&world, &handle, "").await.1;
    let path = format!("?after={next}&wait=25");
    let turn = format!("wake {}", phone.id);
    let (old, newer) = tokio::join!(wake(&world, &handle, &path), async {
        while !world.app.wake.is_newest_poll(&turn, 2) {
            yield_now().await;
        }
        wake(&world, &handle, &format!("?after={next}")).await
    });
    assert_eq!((&old, &newer), (&(false, next.clone()), &(false, next)));
    for unknown in [
        Id::make().unwrap().to_string(),
        "x".into(),
        phone.id.to_string(),
    ] {
        ask(&world, &unknown, "").await.is_problem(404, "not_found");
    }
    ask(&world, &handle, "?wait=x")
        .await
        .is_problem(400, "bad_request");

    // Nothing wakes a phone at rest, and one that is over has no handle.
    world.waiting().await;
    let challenge = phone.challenge().await;
    phone.decide(&challenge, Decision::Report, None).await;
    assert!(!wake(&world, &handle, "").await.0);
    world
        .command(&["phone", "revoke", &phone.id.to_string()])
        .await;
    ask(&world, &handle, "").await.is_problem(404, "not_found");
    world.end().await;
}

#[tokio::test]
async fn one_address_that_was_replaced_is_kept_and_none_of_a_phone_that_is_over() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for token in ["a", "b", "c", "d"] {
        let body = format!(r#"{{"type":"fcm","token":"{token}"}}"#);
        let answer = phone.change("PUT", "/cs/v1/push", &body).await;
        assert_eq!(answer.status, 204);
    }
    assert_eq!(world.count("push_addresses").await, 2);
    let id = phone.id.to_string();
    world.command(&["phone", "revoke", &id]).await;
    assert_eq!(world.count("push_addresses").await, 0);
    world.end().await;
}

//! The browser on the phone itself: its link opens the request, and only that browser's way back ends the login.

use crate::testkit::{ANNA, BOB, Browser, Page, Phone, Provider, Typed, World};
use axum::http::HeaderValue;
use countersign_protocol::statement::{CancelReason, Decision, Mode, StateReason, VerdictCode};
use countersign_protocol::{Id, Signed};

const SESSION: &str = "__Host-session";

/// A login that Anna approved, and the path by which her browser comes back.
async fn approved<'w>(world: &'w World, phone: &Phone<'w>) -> (Browser<'w>, Page, String) {
    let (browser, page) = world.same().await;
    let back = phone.approve_opened(&page).await;
    (browser, page, back)
}

#[tokio::test]
async fn a_request_that_is_opened_here_takes_the_place_of_the_other_on_each_phone() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    let (browser, page) = world.waiting().await;
    let old = [phone.challenge().await, tablet.challenge().await];
    let page = browser.press_same(&page).await;
    assert_eq!((page.heading().as_str(), page.number()), ("same", None));
    for (phone, old) in phones.iter().zip(&old) {
        let challenge = phone.open(&page).await;
        assert!(challenge.mode == Mode::Same && challenge.r#match == 0);
        assert!(challenge.replaces == Some(old.jti) && challenge.txn != old.txn);
        assert!(challenge.context == old.context && challenge.factors == old.factors);
        let cancels = phone.cancels().await;
        assert!(cancels.len() == 1 && cancels[0].challenge == old.jti);
        assert!(cancels[0].reason == CancelReason::Replaced);
        phone.fetch(&old.txn).await.is_problem(410, "gone");
        phone.acknowledge_all().await;
    }
    // One of them answers; the other, which has it too, is told.
    let opened = tablet.open(&page).await;
    let back = phone.approve_opened(&page).await;
    let cancels = tablet.cancels().await;
    assert!(cancels.len() == 1 && cancels[0].challenge == opened.jti);
    assert!(cancels[0].reason == CancelReason::DecidedElsewhere);
    assert_eq!(
        tablet.decide(&opened, Decision::Approve, None).await,
        VerdictCode::DecidedElsewhere
    );
    let end = browser.open(&back).await;
    assert!(end.is_answer_to(&Provider::wiki()));
    world.end().await;
}

#[tokio::test]
async fn pressed_twice_or_loaded_again_the_link_stays_the_same() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let (browser, page) = world.same().await;
    let link = page.request_link();
    let action = format!("{}/same", page.path);
    let again = browser.press_absent(&page, &action);
    assert_eq!(world.refuses(&[], again).await.request_link(), link);
    assert_eq!(browser.open(&page.path).await.request_link(), link);
    world.end().await;
}

#[tokio::test]
async fn row_43_no_other_ids_phone_gets_it_and_nobody_lists_it() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let bob = world.with_bob().await;
    let (_browser, page) = world.same().await;
    let txn = page.request_link().unwrap().txn;
    for path in [bob.fetch(&txn).await, bob.fetch(&Id::make().unwrap()).await] {
        path.is_problem(404, "not_found");
    }
    let bare = axum::http::Request::get(format!("/cs/v1/challenges/{txn}"));
    let bare = world
        .send(bare.body(axum::body::Body::empty()).unwrap())
        .await;
    bare.is_problem(401, "bad_proof");
    let seen = world.value("SELECT CAST(seen AS TEXT) FROM logins").await;
    assert_eq!(seen, "", "nobody who may have it has it");
    let challenge = phone.open(&page).await;
    // Also not after it was fetched.
    for phone in [&phone, &bob] {
        assert!(phone.list("").await.challenges.is_empty());
    }
    assert_eq!(
        phone.decide(&challenge, Decision::Deny, None).await,
        VerdictCode::Ok
    );
    world.end().await;
}

#[tokio::test]
async fn the_verdict_alone_signs_nobody_in() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page, back) = approved(&world, &phone).await;
    assert_eq!(browser.wait(&page, "here").await.body, "back");
    for _ in 0..2 {
        let waits = world.refuses(&[], browser.open(&page.path)).await;
        assert_eq!(waits.phase().as_deref(), Some("back"));
        assert!(waits.request_link().is_none() && !waits.is_answer_to(&Provider::wiki()));
    }
    let before = browser.cookie(SESSION).unwrap();
    let answer = browser.open_once(&back).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let between = browser.cookie(SESSION).unwrap();
    let end = browser.open(answer.header("location").unwrap()).await;
    assert!(end.is_answer_to(&Provider::wiki()));
    let after = browser.cookie(SESSION).unwrap();
    assert!(before != between && between != after && before != after);
    world.end().await;
}

#[tokio::test]
async fn row_22_a_return_link_without_the_cookie_is_not_used_up() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page, back) = approved(&world, &phone).await;
    let (bare, other, waiting) = (
        Browser::new(&world),
        Browser::new(&world),
        Browser::new(&world),
    );
    other.arrive(&Provider::wiki()).await;
    // Somebody else's browser that waits too, on its own device.
    let bank = world.add_same_only().await;
    waiting.ask(&bank, BOB).await;
    for thief in [&bare, &other, &waiting] {
        let seen = world.refuses(&[], thief.open(&back)).await;
        seen.answer.is_page(200);
        assert_eq!(seen.heading(), "back");
        assert!(!seen.answer.body.contains(ANNA) && seen.answer.cookies().is_empty());
        let page = world.refuses(&[], thief.open(&page.path)).await;
        assert!(!page.is_answer_to(&Provider::wiki()));
    }
    assert!(browser.open(&back).await.is_answer_to(&Provider::wiki()));
    world.end().await;
}

#[tokio::test]
async fn whoever_only_looks_uses_nothing_up() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, _, back) = approved(&world, &phone).await;
    let head = browser.request("HEAD", &back, None);
    assert_eq!(world.refuses(&[], browser.once(head)).await.status, 405);
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
        ("x-purpose", "preview"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-dest", "image"),
        ("sec-fetch-dest", "iframe"),
    ] {
        let mut ahead = browser.request("GET", &back, None);
        ahead
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
        let answer = world.refuses(&[], browser.once(ahead)).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (503, ""),
            "{name}: {value}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.cookies().is_empty());
    }
    for method in ["POST", "PUT"] {
        let other = browser.request(method, &back, Some(&[]));
        assert_eq!(world.refuses(&[], browser.once(other)).await.status, 405);
    }
    let mut opened = browser.request("GET", &back, None);
    for (name, value) in [
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ] {
        opened
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    assert_eq!(browser.once(opened).await.status, 303);
    world.end().await;
}

#[tokio::test]
async fn row_24_a_return_link_is_good_once() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page, back) = approved(&world, &phone).await;
    let first = browser.open_once(&back).await;
    for _ in 0..2 {
        let again = world.refuses(&[], browser.open(&back)).await;
        assert_eq!(again.heading(), "back");
    }
    let end = browser.open(first.header("location").unwrap()).await;
    assert!(end.is_answer_to(&Provider::wiki()));
    assert_eq!(
        world.refuses(&[], browser.open(&back)).await.heading(),
        "back"
    );
    for path in [page.path.as_str(), first.header("location").unwrap()] {
        let over = world.refuses(&[], browser.open(path)).await;
        assert_eq!(over.heading(), "end.elsewhere");
    }
    let bad = browser.open("/r/AAAA").await;
    bad.answer.is_page(404);
    world.end().await;
}

#[tokio::test]
async fn a_return_link_is_good_for_a_minute() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, _, back) = approved(&world, &phone).await;
    world.pass(60);
    assert!(browser.open(&back).await.is_answer_to(&Provider::wiki()));

    let (browser, page, back) = approved(&world, &phone).await;
    world.pass(61);
    let over = browser.open(&back).await;
    assert_eq!(
        (over.path.as_str(), over.heading()),
        (page.path.as_str(), "end.unreturned".into())
    );
    assert_eq!(browser.open(&back).await.heading(), "back");
    let again = browser.press(&over, &format!("{}/again", page.path)).await;
    assert_eq!(again.heading(), "wait");
    phone.approve_on(&again).await;
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

#[tokio::test]
async fn row_21_the_cookie_from_before_the_return_is_worth_nothing_after_it() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page, back) = approved(&world, &phone).await;
    // Whoever planted the cookie in the browser that comes back has it too.
    let thief = browser.copy();
    let onward = browser.open_once(&back).await;
    let onward = onward.header("location").unwrap();
    for path in [page.path.as_str(), onward, &back] {
        let seen = world.refuses(&[], thief.open(path)).await;
        assert!(!seen.is_answer_to(&Provider::wiki()));
        assert!(
            matches!(seen.heading().as_str(), "page.over" | "back"),
            "{}",
            seen.heading()
        );
    }
    let between = browser.copy();
    assert!(browser.open(onward).await.is_answer_to(&Provider::wiki()));
    for thief in [thief, between] {
        assert_eq!(thief.arrive(&Provider::wiki()).await.heading(), "signin");
    }
    assert!(
        browser
            .arrive(&Provider::wiki())
            .await
            .is_answer_to(&Provider::wiki())
    );
    world.end().await;
}

#[tokio::test]
async fn other_tabs_of_the_session_say_that_it_goes_on_elsewhere() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page, back) = approved(&world, &phone).await;
    let onward = browser.open_once(&back).await;
    let onward = onward.header("location").unwrap();
    let other = format!("{}?back={}", page.path, Id::make().unwrap());
    for path in [&page.path, &other, &format!("{}?back=", page.path)] {
        let tab = world.refuses(&[], browser.open(path)).await;
        assert_eq!(tab.heading(), "end.elsewhere", "{path}");
        assert!(tab.actions().is_empty());
    }
    assert_eq!(browser.wait(&page, "back").await.body, "returned");
    let head = browser.request("HEAD", onward, None);
    assert_eq!(world.refuses(&[], browser.once(head)).await.status, 405);
    assert!(browser.open(onward).await.is_answer_to(&Provider::wiki()));
    assert_eq!(browser.open(&page.path).await.heading(), "end.elsewhere");
    world.end().await;
}

#[tokio::test]
async fn the_number_is_offered_after_a_quarter_of_a_minute_and_asks_anew() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    world.pass(20);
    let page = browser.press_same(&page).await;
    let again = format!("{}/again", page.path);
    let same = phone.open(&page).await;
    world.pass(14);
    assert!(!browser.open(&page.path).await.actions().contains(&again));
    let early = browser.press_absent(&page, &again);
    assert_eq!(world.refuses(&[], early).await.heading(), "same");
    world.pass(1);
    assert_eq!(browser.wait(&page, "seen").await.body, "number");
    let offered = browser.open(&page.path).await;
    let page = browser.press(&offered, &again).await;
    assert_eq!(page.heading(), "wait");
    let remote = phone.challenge().await;
    assert!(remote.mode == Mode::Remote && remote.txn != same.txn);
    assert!(remote.replaces == Some(same.jti));
    phone.fetch(&same.txn).await.is_problem(410, "gone");
    assert_eq!(
        phone.decide(&same, Decision::Approve, None).await,
        VerdictCode::Cancelled
    );
    phone.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

#[tokio::test]
async fn what_is_opened_here_does_not_shorten_the_time_between_two_that_tell_the_phone() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let page = browser.press_same(&page).await;
    let again = format!("{}/again", page.path);
    world.pass(15);
    let early = world.refuses(&[], browser.open(&page.path)).await;
    assert!(!early.actions().contains(&again));
    for (seconds, heading) in [(14, "same"), (1, "wait")] {
        world.pass(seconds);
        let pressed = browser.press_absent(&page, &again).await;
        assert_eq!(pressed.heading(), heading);
    }
    // And again from there, back and forth.
    let page = browser.press_same(&browser.open(&page.path).await).await;
    phone
        .decide(&phone.open(&page).await, Decision::Deny, None)
        .await;
    let denied = browser.open(&page.path).await;
    assert_eq!(denied.heading(), "end.denied");
    let early = world.refuses(&[], browser.press(&denied, &again)).await;
    assert_eq!(early.heading(), "end.denied");
    world.end().await;
}

#[tokio::test]
async fn whoever_approved_and_did_not_come_back_may_use_the_number() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    world.pass(30);
    let page = browser.press_same(&page).await;
    let back = phone.approve_opened(&page).await;
    world.pass(15);
    let again = format!("{}/again", page.path);
    let offered = browser.open(&page.path).await;
    assert_eq!(offered.phase().as_deref(), Some("back"));
    let page = browser.press(&offered, &again).await;
    // The approval of before is worth nothing any more.
    assert_eq!(
        world.refuses(&[], browser.open(&back)).await.heading(),
        "back"
    );
    assert_eq!(browser.open(&page.path).await.heading(), "wait");
    phone.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

#[tokio::test]
async fn what_got_more_time_makes_way_by_its_newest_statement() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    phone.challenge().await;
    world.pass(60);
    let page = browser.press(&page, &format!("{}/more", page.path)).await;
    let list = phone.list("").await;
    let newest = phone.verify(list.challenges.last().unwrap());
    let page = browser.press_same(&page).await;
    assert!(phone.open(&page).await.replaces == Some(newest.jti));
    // More time on this device is fetched by the same link, and listed nowhere.
    world.pass(60);
    let page = browser.press(&page, &format!("{}/more", page.path)).await;
    world.pass(100);
    assert!(phone.list("").await.challenges.is_empty());
    let back = phone.approve_opened(&page).await;
    let waits = browser.open(&page.path).await;
    assert!(!waits.actions().contains(&format!("{}/more", page.path)));
    assert!(browser.open(&back).await.is_answer_to(&Provider::wiki()));
    world.end().await;
}

#[tokio::test]
async fn every_end_is_told_here_too() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.same().await;
    let response = phone.response(&phone.open(&page).await, Decision::Deny, None);
    let verdict = phone.deliver(&phone.sign(response)).await;
    assert!(verdict.code == VerdictCode::Ok && verdict.r#return.is_none());
    assert_eq!(browser.open(&page.path).await.heading(), "end.denied");

    let (browser, page, back) = approved(&world, &phone).await;
    let cancel = format!("{}/cancel", page.path);
    let cancelled = browser
        .press(&browser.open(&page.path).await, &cancel)
        .await;
    assert_eq!(cancelled.heading(), "end.cancelled");
    assert_eq!(browser.open(&back).await.heading(), "back");
    assert_eq!(browser.open(&page.path).await.heading(), "end.cancelled");

    // A newer sign-in of this browser ends one that was approved and not come back to.
    let (browser, page, back) = approved(&world, &phone).await;
    world.pass(30);
    browser.ask(&Provider::wiki(), ANNA).await;
    assert_eq!(browser.open(&back).await.heading(), "back");
    assert_eq!(browser.open(&page.path).await.heading(), "end.replaced");

    world.pass(121);
    let (browser, page) = world.same().await;
    phone.open(&page).await;
    world.pass(121);
    assert_eq!(browser.open(&page.path).await.heading(), "end.late");

    for returned in [false, true] {
        let (browser, page) = world.same().await;
        let challenge = phone.open(&page).await;
        let back = phone.approve_same(&challenge).await;
        let mut onward = page.path.clone();
        if returned {
            let answer = browser.open_once(&back).await;
            answer.header("location").unwrap().clone_into(&mut onward);
        }
        let report = phone.decide(&challenge, Decision::Report, None).await;
        assert_eq!(report, VerdictCode::Ok);
        let state = phone.state().await;
        assert!(state.reason == Some(StateReason::Reported));
        let end = browser.open(&onward).await;
        assert!(!end.is_answer_to(&Provider::wiki()));
        assert_eq!(browser.open(&back).await.heading(), "back");
        world
            .command(&["phone", "resume", &phone.id.to_string()])
            .await;
        assert!(!browser.open(&onward).await.is_answer_to(&Provider::wiki()));
    }
    world.end().await;
}

#[tokio::test]
async fn row_24_a_repeated_answer_gets_the_same_way_back_and_the_database_has_none() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.same().await;
    let response = phone.response(&phone.open(&page).await, Decision::Approve, None);
    let response = phone.sign(response);
    let first = phone.post(&response).await;
    let verdict = phone.deliver(&response).await;
    let back = verdict.r#return.clone().unwrap();
    assert!(first.body.contains(verdict.compact()));
    let stored = format!("{:?}", world.snapshot().await);
    let (_, code) = back.split_once("/r/").unwrap();
    let payload = verdict.compact().split('.').nth(1).unwrap();
    for secret in [code, payload] {
        assert!(!stored.contains(secret));
    }
    // Signed again by a newer key, it is the same.
    let root = world.folder().join("root.key").display().to_string();
    world
        .command(&["keys", "rotate", "--only-new", "--root-key", &root])
        .await;
    let renewed = phone.post(&response).await;
    assert_eq!(renewed.status, 200);
    assert!(!renewed.body.contains(verdict.compact()));
    let answer: countersign_protocol::call::VerdictAnswer = renewed.json();
    let payload = |text: &str| text.split('.').nth(1).map(str::to_owned);
    assert_eq!(payload(&answer.verdict), payload(verdict.compact()));
    let path = back.strip_prefix(crate::testkit::ORIGIN).unwrap();
    assert!(browser.open(path).await.is_answer_to(&Provider::wiki()));
    world.end().await;
}

#[tokio::test]
async fn only_a_right_pin_gets_a_way_back() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.same().await;
    let challenge = phone.open(&page).await;
    for typed in [Typed::Wrong, Typed::Right] {
        let response = phone.pin_response(&challenge, None, typed);
        let verdict = phone.deliver(&phone.sign(response)).await;
        assert_eq!(verdict.r#return.is_some(), typed == Typed::Right);
        assert_eq!(verdict.code == VerdictCode::Ok, typed == Typed::Right);
    }
    assert_eq!(
        browser.open(&page.path).await.phase().as_deref(),
        Some("back")
    );
    world.end().await;
}

#[tokio::test]
async fn an_approval_with_a_number_has_no_way_back() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let number = page.number();
    let response = phone.response(&challenge, Decision::Approve, number.as_deref());
    let verdict = phone.deliver(&phone.sign(response)).await;
    assert!(verdict.code == VerdictCode::Ok && verdict.r#return.is_none());
    world.end().await;
}

#[tokio::test]
async fn a_number_in_an_answer_to_what_asks_none_is_refused() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.same().await;
    let challenge: Signed<_> = phone.open(&page).await;
    let code = phone
        .decide(&challenge, Decision::Approve, Some("47"))
        .await;
    assert_eq!(code, VerdictCode::BadInput);
    assert_eq!(browser.open(&page.path).await.heading(), "same");
    world.end().await;
}

//! What is over is swept out, and nothing that somebody may still use.

use crate::store::sweep;
use crate::testkit::{Browser, Provider, World};
use countersign_protocol::statement::{Decision, Standing, VerdictCode};

#[tokio::test]
async fn what_is_long_over_goes_and_phones_stay() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let response = phone.response(&challenge, Decision::Approve, page.number().as_deref());
    let response = phone.sign(response);
    let verdict = phone.post(&response).await;
    assert!(browser.is_signed_in(&page).await);
    for (days, kept) in [(0, true), (2, true), (5, false)] {
        world.pass(days * 86_400);
        sweep(&world.app.store, world.now()).await.unwrap();
        for table in ["logins", "challenges", "pages", "invitations", "offers"] {
            assert_eq!(
                world.count(table).await > 0,
                kept,
                "{table} after {days} days"
            );
        }
        // A repeated response gets its verdict for two days at least.
        assert!(!kept || phone.post(&response).await.body == verdict.body);
    }
    assert_eq!(world.count("sessions").await, 0);
    assert_eq!(world.count("states").await, 2);
    assert!(phone.state().await.state == Standing::Active);
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

#[tokio::test]
async fn the_responses_that_tell_a_copy_of_a_phone_stay() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let mut first = None;
    for _ in 0..35 {
        let (_browser, _page) = world.waiting().await;
        let challenge = phone.challenge().await;
        let response = phone.sign(phone.response(&challenge, Decision::Deny, None));
        phone.deliver(&response).await;
        first.get_or_insert(response);
    }
    // Verdicts are kept for two days after the challenge is over.
    world.pass(2 * 86_400);
    sweep(&world.app.store, world.now()).await.unwrap();
    assert_eq!(world.count("responses").await, 35);
    world.pass(86_400);
    sweep(&world.app.store, world.now()).await.unwrap();
    assert_eq!(world.count("responses").await, 33);
    assert_eq!(
        world
            .value("SELECT CAST(min(ctr) AS TEXT) FROM responses")
            .await,
        "3"
    );
    // One that is not kept has a number that is not taken either.
    let verdict = phone.deliver(&first.unwrap()).await;
    assert!(verdict.code == VerdictCode::Suspended);
    world.end().await;
}

#[tokio::test]
async fn a_browser_is_known_as_long_as_it_keeps_its_cookie() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    browser.open(&page.path).await;
    for (days, known) in [(399, 1), (2, 0)] {
        world.pass(days * 86_400);
        sweep(&world.app.store, world.now()).await.unwrap();
        assert_eq!(world.count("known_browsers").await, known);
    }
}

#[tokio::test]
async fn a_sign_in_that_was_only_begun_goes_when_its_time_is_over() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    let page = browser.arrive(&Provider::wiki()).await;
    let (asked, waiting) = world.waiting().await;
    for (seconds, left) in [(1800, 2), (1, 1)] {
        world.pass(seconds);
        sweep(&world.app.store, world.now()).await.unwrap();
        assert_eq!(world.count("logins").await, left);
    }
    browser.open(&page.path).await.answer.is_page(410);
    // One that a phone was asked for is kept, as long as a report may come.
    let challenge = "SELECT stage FROM logins";
    assert_eq!(world.value(challenge).await, "waiting");
    asked.open(&waiting.path).await.answer.is_page(410);
    assert!(phone.state().await.state == Standing::Active);
    world.end().await;
}

#[tokio::test]
async fn whoever_has_something_to_write_does_not_wait_for_all_that_is_over() {
    let world = World::new().await;
    let mut tx = world.app.store.write().await.unwrap();
    tx.look::<i64>(
        "WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 10000)
         INSERT INTO sessions (token_hash, expires) SELECT 'old ' || n, 1 FROM many",
    );
    tx.commit().await.unwrap();
    let left = "SELECT count(*) FROM sessions";
    let store = &world.app.store;
    let (swept, seen) = tokio::join!(sweep(store, world.now()), async {
        let seen = store.write().await.unwrap().look::<i64>(left);
        seen[0]
    });
    swept.unwrap();
    assert!((1..10_000).contains(&seen), "{seen}");
    assert_eq!(world.count("sessions").await, 0);
    world.end().await;
}

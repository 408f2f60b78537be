//! What is over is swept out, and nothing that somebody may still use.

use crate::store::sweep;
use crate::testkit::World;
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

//! An ID that is begun in the app, by an address of the operator's domains.

use crate::testkit::{ANNA, Answer, Letters, World, post};
use countersign_protocol::statement::Standing;

async fn begin(world: &World, account: &str) -> Answer {
    let body = format!(r#"{{"account":"{account}"}}"#);
    world.send(post("/cs/v1/invitations", body)).await
}

async fn world() -> (World, Letters) {
    World::with_letters(true).await
}

#[tokio::test]
async fn a_person_begins_in_the_app_and_goes_on_by_a_letter() {
    let (world, letters) = world().await;
    let answer = begin(&world, "Anna@Example.com").await;
    assert_eq!((answer.status, answer.body.as_str()), (202, ""));
    let letter = letters.number(1).await;
    assert_eq!(letter.to, ANNA);
    let enrolment = world.come_by(&letter.page().unwrap()).await;
    assert_eq!(enrolment.offer.rec, None);
    let phone = enrolment.finish().await;
    assert_eq!(phone.state().await.probation, None);
    world.end().await;
}

#[tokio::test]
async fn an_id_that_has_a_phone_gets_a_letter_that_says_so_and_no_page() {
    let (world, letters) = world().await;
    let phone = world.with_phone().await;
    begin(&world, ANNA).await;
    assert_eq!(letters.number(1).await.page(), None);
    assert!(phone.state().await.state == Standing::Active);
    world.end().await;
}

#[tokio::test]
async fn what_somebody_begins_in_the_app_ends_no_invitation_that_is_open() {
    let (world, letters) = world().await;
    let enrolment = crate::testkit::Enrolment::begin(&world, ANNA).await;
    begin(&world, ANNA).await;
    let page = letters.number(1).await.page().unwrap();
    enrolment.finish().await;
    // And its own page adds no second phone.
    let browser = crate::testkit::Browser::new(&world);
    let closed = browser.open(&page).await;
    browser.press(&closed, &page).await.answer.is_page(404);
    world.end().await;
}

#[tokio::test]
async fn row_33_the_answer_is_the_same_for_every_address() {
    let (world, letters) = world().await;
    world.add_user("eve@elsewhere.example").await;
    for account in [
        "nobody@example.com",
        "eve@elsewhere.example",
        "anna",
        "a@b@example.com",
        ANNA,
    ] {
        let answer = begin(&world, account).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (202, ""),
            "{account}"
        );
    }
    assert_eq!(letters.number(1).await.to, ANNA);
    for bad in [r#"{"account":""}"#, "{}", "[]", r#"{"account":1}"#] {
        let answer = world.send(post("/cs/v1/invitations", bad)).await;
        answer.is_problem(400, "bad_request");
    }
    world.end().await;
    assert_eq!(letters.all().len(), 1);
}

#[tokio::test]
async fn a_server_that_does_not_allow_it_answers_alike_and_writes_nothing() {
    let (world, letters) = World::with_letters(false).await;
    assert_eq!(begin(&world, ANNA).await.status, 202);
    world.ask_recovery(ANNA).await;
    // The letter of the page came, and none before it.
    assert!(letters.number(1).await.text.contains("lost"));
    let none = World::new().await;
    assert_eq!(begin(&none, ANNA).await.status, 202);
    world.end().await;
}

#[tokio::test]
async fn row_26_one_source_begins_so_many_in_a_minute() {
    let (world, _letters) = world().await;
    for n in 0..60 {
        let answer = begin(&world, &format!("name{n}@example.com")).await;
        assert_eq!(answer.status, 202);
    }
    let answer = begin(&world, "one@example.com").await;
    answer.is_problem(429, "slow_down");
    assert_eq!(answer.header("retry-after"), Some("60"));
    world.end().await;
}

#[tokio::test]
async fn row_26_letters_that_lead_nowhere_use_up_none_that_do() {
    let (world, letters) = world().await;
    let phone = world.with_phone().await;
    let _codes = phone.make_codes().await;
    // Somebody else asks for what she has, all hour long.
    for _ in 0..5 {
        begin(&world, ANNA).await;
        world.pass(60);
    }
    assert_eq!(letters.number(1).await.page(), None);
    // She loses the phone in that hour.
    for n in 2..=4 {
        world.ask_recovery(ANNA).await;
        assert!(letters.number(n).await.page().is_some());
    }
    world.ask_recovery(ANNA).await;
    // What comes next is another person's: no more came for her.
    world.add_user(crate::testkit::BOB).await;
    world.ask_recovery(crate::testkit::BOB).await;
    assert_eq!(letters.number(5).await.to, crate::testkit::BOB);
    world.end().await;
    assert_eq!(letters.all().len(), 5);
}

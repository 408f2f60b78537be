//! The good way, on which every hostile one stands.

use crate::testkit::{Provider, World};

#[tokio::test]
async fn anna_adds_a_phone_and_signs_in() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    assert_eq!(browser.wait(&page, "seen").await.body, "approved");
    let end = browser.open(&page.path).await;
    assert!(end.is_answer_to(&Provider::wiki()), "{}", end.answer.body);
    world.end().await;
}

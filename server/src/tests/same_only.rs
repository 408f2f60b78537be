//! An application that takes only answers from the browser's own device is never served in another way.

use crate::testkit::{ANNA, Browser, Provider, World, address, payment};
use countersign_protocol::call::WakeAnswer;
use countersign_protocol::statement::{Decision, Mode, VerdictCode};

#[tokio::test]
async fn its_first_request_is_opened_here_and_no_phone_is_told() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let bank = world.add_same_only().await;
    phone.acknowledge_all().await;
    let cursor = phone.list("").await.next;
    let handle = phone.state().await.wake.unwrap();
    let browser = Browser::new(&world);
    let page = browser.ask(&bank, ANNA).await;
    assert_eq!(page.heading(), "same");
    let list = phone.list(&format!("?after={cursor}")).await;
    assert!(list.challenges.is_empty() && list.others.is_empty() && list.next == cursor);
    let wake = axum::http::Request::get(format!("/cs/v1/wake/{handle}"));
    let wake = world
        .send(wake.body(axum::body::Body::empty()).unwrap())
        .await;
    assert!(!wake.json::<WakeAnswer>().waiting);
    let challenge = phone.open(&page).await;
    assert!(challenge.mode == Mode::Same && challenge.replaces.is_none());
    let back = phone.approve_same(&challenge).await;
    assert!(browser.open(&back).await.is_answer_to(&bank));
    world.end().await;
}

#[tokio::test]
async fn a_number_is_never_to_be_had_for_it() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let bank = world.add_same_only().await;
    let browser = Browser::new(&world);
    let page = browser.ask(&bank, ANNA).await;
    let again = format!("{}/again", page.path);
    for approved in [false, true] {
        if approved {
            phone.approve_opened(&page).await;
        }
        world.pass(31);
        let shown = browser.open(&page.path).await;
        assert_eq!((shown.heading().as_str(), shown.number()), ("same", None));
        assert!(!shown.actions().contains(&again));
        let phase = shown.phase().unwrap();
        assert_ne!(browser.wait(&page, "told").await.body, "number");
        for pressed in [&again, &format!("{}/same", page.path)] {
            let seen = world
                .refuses(&[], browser.press_absent(&page, pressed))
                .await;
            assert_eq!(
                (seen.heading().as_str(), seen.phase()),
                ("same", Some(phase.clone()))
            );
        }
    }
    assert!(phone.list("").await.challenges.is_empty());

    // Nor from any of its ends.
    let page = browser.ask(&bank, ANNA).await;
    let denied = phone.open(&page).await;
    phone.decide(&denied, Decision::Deny, None).await;
    let end = browser.open(&page.path).await;
    // As a request that phones are told: one in half a minute.
    world.pass(30);
    let next = browser.press(&end, &format!("{}/again", page.path)).await;
    assert_eq!(next.heading(), "same");
    assert!(phone.list("").await.challenges.is_empty());
    let all = "SELECT DISTINCT CAST(listed AS TEXT) FROM challenges";
    assert_eq!(world.value(all).await, "0");
    let back = phone.approve_opened(&next).await;
    assert!(browser.open(&back).await.is_answer_to(&bank));
    world.end().await;
}

#[tokio::test]
async fn a_session_that_came_about_by_a_number_is_not_enough_for_it() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (wiki, bank) = (Provider::wiki(), world.add_same_only().await);
    // A relay page got this session.
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    assert!(browser.open(&page.path).await.is_answer_to(&wiki));
    assert!(browser.arrive(&wiki).await.is_answer_to(&wiki));
    let passive = bank
        .xml(&world)
        .replace(" Version=", " IsPassive=\"true\" Version=");
    let refused = browser.open(&address(&passive)).await;
    assert!(refused.is_answer_to(&bank) && is_refusal(&refused));
    assert_eq!(browser.arrive(&bank).await.heading(), "signin");

    let page = browser.ask(&bank, ANNA).await;
    let back = phone.approve_opened(&page).await;
    assert!(browser.open(&back).await.is_answer_to(&bank));
    // One that came about here is enough for both, and stays so.
    for provider in [&wiki, &bank, &wiki, &bank] {
        assert!(browser.arrive(provider).await.is_answer_to(provider));
    }
    let passive = browser
        .open(&address(&passive.replace("ID=\"_", "ID=\"_2")))
        .await;
    assert!(passive.is_answer_to(&bank) && !is_refusal(&passive));

    // Until somebody signs in by a number.
    let force = wiki
        .xml(&world)
        .replace(" Version=", " ForceAuthn=\"true\" Version=");
    let page = browser.open(&address(&force)).await;
    let page = browser.fill(&page, &page.path, &[("account", ANNA)]).await;
    phone.approve_on(&page).await;
    assert!(browser.open(&page.path).await.is_answer_to(&wiki));
    assert_eq!(browser.arrive(&bank).await.heading(), "signin");
    world.end().await;
}

fn is_refusal(page: &crate::testkit::Page) -> bool {
    use base64ct::{Base64, Encoding as _};
    let response = page.hidden("SAMLResponse").unwrap();
    let xml = String::from_utf8(Base64::decode_vec(&response).unwrap()).unwrap();
    xml.contains("NoPassive")
}

#[tokio::test]
async fn what_was_approved_by_a_number_before_it_became_so_is_not_handed_out() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    world
        .command(&["app", "set", "wiki", "--modes", "same"])
        .await;
    let why = &[("login", "not by the device of the browser")];
    let end = world.refuses(why, browser.open(&page.path)).await;
    end.answer.is_page(410);
    // Nor is one that waits sent again with a number.
    world
        .command(&["app", "set", "wiki", "--modes", "any"])
        .await;
    let (browser, page) = world.waiting().await;
    world
        .command(&["app", "set", "wiki", "--modes", "same"])
        .await;
    let challenge = phone.challenge().await;
    let code = phone.approve(&challenge, &page.number().unwrap()).await;
    assert_eq!(code, VerdictCode::Ok);
    browser.open(&page.path).await.answer.is_page(410);
    // What isn't said stays.
    let said = world
        .command(&["app", "set", "wiki", "--disabled=false"])
        .await;
    assert_eq!(said["modes"], "same");
    world.end().await;
}

#[tokio::test]
async fn the_service_api_does_not_ask_for_it() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    world
        .command(&["app", "set", "shop", "--modes", "same"])
        .await;
    let payment = payment("pay-1");
    let asked = shop.try_ask(&payment);
    let refused = world.refuses(&[("ask", "disabled")], asked).await;
    let why = refused.is_refusal(403, "disabled");
    assert!(why.contains("device"), "{why}");
    let line = [
        "ask",
        "--app",
        "shop",
        "--account",
        ANNA,
        "--row",
        "Amount=12",
    ];
    let said = world
        .refuses(&[("ask", "disabled")], world.try_command(&line))
        .await;
    assert!(said.unwrap_err().contains("device"));
    assert!(phone.list("").await.challenges.is_empty());
    world
        .command(&["app", "set", "shop", "--modes", "any"])
        .await;
    shop.ask(&payment).await;
    world.end().await;
}

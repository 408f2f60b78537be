//! The number without typing: a code on the page, for a prompt that is open on the phone.

use crate::testkit::{ANNA, Browser, Page, Provider, World, payment};
use countersign_protocol::Id;
use countersign_protocol::links::ScannedNumber;

fn code(txn: Id, digits: &str) -> String {
    ScannedNumber {
        txn,
        digits: digits.to_owned(),
    }
    .to_text()
}

/// Whether a page has any code.
fn has_code(page: &Page) -> bool {
    page.answer.body.contains("class=\"qr\"")
}

#[tokio::test]
async fn row_27_the_page_shows_the_number_as_a_code_and_the_phone_is_told_none_of_it() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let (challenge, number) = (phone.challenge().await, page.number().unwrap());
    let text = code(challenge.txn, &number);
    assert!(page.shows_code(&text) && !page.says(&text));
    let wrong = format!("{:02}", (number.parse::<u32>().unwrap() + 1) % 100);
    assert!(!page.shows_code(&code(challenge.txn, &wrong)));
    assert!(!page.shows_code(&code(Id::make().unwrap(), &number)));
    // On demand, also without script.
    let (_, details) = page.answer.body.split_once("<details>").unwrap();
    let (details, _) = details.split_once("</details>").unwrap();
    assert!(details.contains("<summary>") && details.contains("class=\"qr\""));

    let told = phone.list("").await;
    let payload = challenge.compact().split('.').nth(1).unwrap();
    let payload = countersign_protocol::encoding::decode(payload).unwrap();
    let payload = String::from_utf8(payload).unwrap();
    assert!(!payload.contains("CS1N") && !payload.contains(&format!("\"{number}\"")));
    assert_eq!(told.challenges, [challenge.compact()]);

    // What was scanned is what would have been typed.
    let scanned = ScannedNumber::parse(&text).unwrap();
    phone.approve(&challenge, &scanned.digits).await;
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

#[tokio::test]
async fn each_request_has_a_code_of_its_own_and_more_time_changes_none() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let first = code(phone.challenge().await.txn, &page.number().unwrap());
    world.pass(60);
    let more = browser.press(&page, &format!("{}/more", page.path)).await;
    assert!(more.shows_code(&first));
    world.pass(31);
    let again = browser.press(&more, &format!("{}/again", page.path)).await;
    assert!(has_code(&again) && !again.shows_code(&first));
    assert!(again.shows_code(&code(phone.challenge().await.txn, &again.number().unwrap())));
    world.end().await;
}

#[tokio::test]
async fn where_no_number_is_typed_there_is_no_code() {
    let world =
        World::with_settings(|settings| settings.replacen("match = true", "match = false", 1))
            .await;
    let _phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    assert!(page.number().is_none() && !has_code(&page));
    let same = browser.press_same(&page).await;
    assert!(!has_code(&same));
    world.end().await;
}

#[tokio::test]
async fn row_33_a_name_that_nobody_has_gets_a_code_too() {
    let world = World::new().await;
    let browser = Browser::new(&world);
    let page = browser.ask(&Provider::wiki(), "zora@example.com").await;
    let txn = world.value("SELECT txn FROM challenges").await;
    let number = page.number().unwrap();
    assert!(page.shows_code(&code(Id::parse(&txn).unwrap(), &number)));
    world.end().await;
}

#[tokio::test]
async fn an_application_can_make_the_code_of_its_own_request() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let asked = shop.ask(&payment("pay-1")).await;
    let id = Id::parse(asked["id"].as_str().unwrap()).unwrap();
    let text = code(id, asked["number"].as_str().unwrap());
    let scanned = ScannedNumber::parse(&text).unwrap();
    let challenge = phone.challenge().await;
    assert!(challenge.txn == scanned.txn);
    assert_eq!(challenge.account.as_str(), ANNA);
    phone.approve(&challenge, &scanned.digits).await;
    assert_eq!(shop.look(&asked).await["state"], "approved");
    world.end().await;
}

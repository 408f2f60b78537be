//! An application asks a person, and keeps what was signed.

use crate::testkit::{ANNA, BOB, Browser, Phone, Provider, Shop, Typed, World, payment};
use countersign_protocol::Signed;
use countersign_protocol::receipt::Receipt;
use countersign_protocol::statement::{
    CancelReason, Challenge, Decision, Kind, Mode, Outcome, Standing, VerdictCode,
};
use countersign_protocol::view::View;
use serde_json::{Value, json};

fn number(shown: &Value) -> String {
    shown["number"].as_str().unwrap().to_owned()
}

async fn approve(phone: &Phone<'_>, asked: &Value) -> Signed<Challenge> {
    let challenge = phone.challenge().await;
    let code = phone.approve(&challenge, &number(asked)).await;
    assert_eq!(code, VerdictCode::Ok);
    challenge
}

/// A world with a phone, an application, and something that it asks.
async fn asked(world: &World) -> (Phone<'_>, Shop<'_>, Value) {
    let phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let asked = shop.ask(&payment("pay-1")).await;
    (phone, shop, asked)
}

#[tokio::test]
async fn a_person_confirms_rows_and_the_application_keeps_the_proof() {
    let world = World::new().await;
    let (phone, shop, asked) = asked(&world).await;
    assert_eq!(asked["state"], "open");
    assert_eq!(
        (&asked["request_id"], &asked["kind"]),
        (&json!("pay-1"), &json!("transaction"))
    );
    assert_eq!(
        (&asked["account"], &asked["seen"]),
        (&json!(ANNA), &json!(false))
    );
    assert_eq!(asked["rows"], payment("pay-1")["rows"]);
    assert_eq!(asked["expires"].as_u64(), Some(world.now() + 120));
    assert_eq!(number(&asked).len(), 2);
    assert_eq!(shop.look(&asked).await, asked);

    // What the phone gets is signed, and has the rows and nothing of the number.
    let challenge = phone.challenge().await;
    assert!(challenge.kind == Kind::Transaction && challenge.mode == Mode::Remote);
    assert_eq!(challenge.service.id, "shop");
    assert_eq!(challenge.service.host, "shop.example.com");
    assert!(challenge.context.is_none() && challenge.r#match == 2);
    let view = View::of(&challenge);
    assert_eq!(view.value("label.1"), Some("Amount"));
    assert_eq!(view.value("value.1"), Some("12 €"));
    assert_eq!(shop.look(&asked).await["seen"], true);

    world.pass(20);
    assert_eq!(
        phone.approve(&challenge, &number(&asked)).await,
        VerdictCode::Ok
    );
    let shown = shop.look(&asked).await;
    assert_eq!(shown["state"], "approved");
    assert_eq!(shown["decided"].as_u64(), Some(world.now()));
    assert_eq!(shown.get("number"), None);
    let checked = shop.check(&shown);
    assert!(checked.is_approval() && checked.challenge.hash() == challenge.hash());
    assert!(checked.response.kid() == phone.dev.public().thumbprint());
    assert_eq!(checked.view.value("value.2"), Some("Ben"));
    assert_eq!(shop.look(&asked).await, shown);
    world.end().await;
}

#[tokio::test]
async fn a_step_up_shows_the_browser_and_no_rows() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let asked = shop
        .ask(&json!({
            "request_id": "s", "account": "  ANNA@example.com", "kind": "stepup",
            "context": {"user_agent": "Firefox/140 Windows", "ip": "192.0.2.77", "known": true},
        }))
        .await;
    assert_eq!((asked.get("rows"), asked.get("lang")), (None, None));
    let challenge = phone.challenge().await;
    let view = View::of(&challenge);
    assert_eq!(view.value("kind"), Some("stepup"));
    assert_eq!(view.value("browser"), Some("Firefox on Windows"));
    assert_eq!(
        (view.value("ip"), view.value("known")),
        (Some("192.0.2.77"), Some("yes"))
    );
    approve(&phone, &asked).await;
    assert!(shop.check(&shop.look(&asked).await).is_approval());
    world.end().await;
}

#[tokio::test]
async fn every_refusal_is_told_apart_and_proved() {
    let world = World::new().await;
    let (phone, shop, mut asked) = asked(&world).await;
    let challenge = phone.challenge().await;
    assert_eq!(
        phone.decide(&challenge, Decision::Deny, None).await,
        VerdictCode::Ok
    );
    let shown = shop.look(&asked).await;
    assert_eq!(shown["state"], "denied");
    let checked = shop.check(&shown);
    assert!(!checked.is_approval() && checked.response.decision == Decision::Deny);

    asked = shop.ask(&payment("pay-2")).await;
    let challenge = phone.challenge().await;
    let wrong = if number(&asked) == "00" { "01" } else { "00" };
    assert_eq!(
        phone.approve(&challenge, wrong).await,
        VerdictCode::NumberWrong
    );
    let shown = shop.look(&asked).await;
    assert_eq!(shown["state"], "number_wrong");
    let checked = shop.check(&shown);
    assert!(!checked.is_approval() && checked.verdict.result == Outcome::Refused);
    // It is over: the right number comes too late.
    let late = phone.approve(&challenge, &number(&asked)).await;
    assert_eq!(late, VerdictCode::DecidedElsewhere);
    assert_eq!(shop.look(&asked).await, shown);

    asked = shop.ask(&payment("pay-3")).await;
    let challenge = phone.challenge().await;
    phone.decide(&challenge, Decision::Report, None).await;
    let shown = shop.look(&asked).await;
    assert_eq!(shown["state"], "reported");
    assert!(shop.check(&shown).response.decision == Decision::Report);
    assert!(phone.state().await.state == Standing::Suspended);
    shop.try_ask(&payment("pay-4"))
        .await
        .is_refusal(422, "paused");
    world.end().await;
}

#[tokio::test]
async fn a_report_after_the_approval_is_told_too() {
    let world = World::new().await;
    let (phone, shop, asked) = asked(&world).await;
    let challenge = approve(&phone, &asked).await;
    let approved = shop.look(&asked).await;
    world.pass(3600);
    phone.decide(&challenge, Decision::Report, None).await;
    let shown = shop.look(&asked).await;
    assert_eq!(shown["state"], "reported");
    assert_eq!(shown["decided"].as_u64(), Some(world.now()));
    assert!(shop.check(&shown).response.decision == Decision::Report);
    // The receipt that was kept is what it was.
    assert!(shop.check(&approved).is_approval());
    world.end().await;
}

#[tokio::test]
async fn row_24_one_result_whatever_is_repeated() {
    let world = World::new().await;
    let (phone, shop, asked) = asked(&world).await;
    let challenge = phone.challenge().await;
    let response = phone.response(&challenge, Decision::Approve, Some(&number(&asked)));
    let response = phone.sign(response);
    let (a, b) = tokio::join!(phone.post(&response), phone.post(&response));
    assert_eq!(a.body, b.body);
    let shown = shop.look(&asked).await;
    assert_eq!(shown["state"], "approved");
    let deny = phone.decide(&challenge, Decision::Deny, None).await;
    assert_eq!(deny, VerdictCode::DecidedElsewhere);
    let again = world.refuses(&[], phone.post(&response)).await;
    assert_eq!(again.body, a.body);
    assert_eq!(shop.look(&asked).await, shown);
    assert_eq!(shop.cancel(&asked).await, shown);
    world.end().await;
}

#[tokio::test]
async fn row_24_approve_and_deny_at_once_have_one_result() {
    let world = World::new().await;
    let (phone, shop, asked) = asked(&world).await;
    let challenge = phone.challenge().await;
    let yes = phone.response(&challenge, Decision::Approve, Some(&number(&asked)));
    let yes = phone.sign(yes);
    let no = phone.sign(phone.response(&challenge, Decision::Deny, None));
    let (yes, no) = tokio::join!(phone.deliver(&yes), phone.deliver(&no));
    let shown = shop.look(&asked).await;
    match (yes.code, no.code) {
        (VerdictCode::Ok, VerdictCode::DecidedElsewhere) => assert_eq!(shown["state"], "approved"),
        (VerdictCode::DecidedElsewhere, VerdictCode::Ok) => assert_eq!(shown["state"], "denied"),
        codes => panic!("{codes:?}"),
    }
    shop.check(&shown);
    world.end().await;
}

#[tokio::test]
async fn row_24_what_nobody_answers_expires_and_an_answer_has_no_effect_then() {
    let world = World::new().await;
    let (phone, shop, asked) = asked(&world).await;
    let challenge = phone.challenge().await;
    world.pass(120);
    assert_eq!(shop.look(&asked).await["state"], "open");
    world.pass(1);
    let shown = shop.look(&asked).await;
    assert_eq!(
        (&shown["state"], shown.get("receipt")),
        (&json!("expired"), None)
    );
    let late = phone.approve(&challenge, &number(&asked)).await;
    assert_eq!(late, VerdictCode::Expired);
    assert_eq!(shop.look(&asked).await, shown);
    world.end().await;
}

#[tokio::test]
async fn what_is_cancelled_is_gone_from_the_phones() {
    let world = World::new().await;
    let (phone, shop, asked) = asked(&world).await;
    let challenge = phone.challenge().await;
    let shown = shop.cancel(&asked).await;
    assert_eq!(
        (&shown["state"], shown.get("number")),
        (&json!("cancelled"), None)
    );
    assert!(phone.list("").await.challenges.is_empty());
    let told = phone.cancels().await;
    assert!(told.len() == 1 && told[0].challenge == challenge.jti);
    assert!(told[0].reason == CancelReason::Withdrawn);
    let late = phone.approve(&challenge, &number(&asked)).await;
    assert_eq!(late, VerdictCode::Cancelled);
    assert_eq!(shop.cancel(&asked).await, shown);
    // The next one may be asked at once.
    shop.ask(&payment("pay-2")).await;
    world.end().await;
}

#[tokio::test]
async fn who_waits_is_told_at_once() {
    let world = World::new().await;
    let (phone, shop, asked) = asked(&world).await;
    let challenge = phone.challenge().await;
    let id = format!("{}?wait=25", asked["id"].as_str().unwrap());
    let (shown, code) = tokio::join!(
        shop.call("GET", &id),
        phone.approve(&challenge, asked["number"].as_str().unwrap())
    );
    assert_eq!(code, VerdictCode::Ok);
    assert_eq!(shown.json::<Value>()["state"], "approved");

    let asked = shop.ask(&payment("pay-2")).await;
    let id = format!("{}?wait=25", asked["id"].as_str().unwrap());
    let (shown, _) = tokio::join!(shop.call("GET", &id), shop.cancel(&asked));
    assert_eq!(shown.json::<Value>()["state"], "cancelled");
    world.end().await;
}

#[tokio::test]
async fn when_all_phones_rest_the_application_learns_it() {
    let world = World::new().await;
    let (phone, shop, asked) = asked(&world).await;
    // Somebody else's login is reported.
    let browser = Browser::new(&world);
    browser.ask(&Provider::wiki(), ANNA).await;
    let login = &phone.list("").await.challenges[1];
    let login = phone.verify(login);
    phone.decide(&login, Decision::Report, None).await;
    let shown = shop.look(&asked).await;
    assert_eq!(
        (&shown["state"], shown.get("receipt")),
        (&json!("paused"), None)
    );
    world.end().await;
}

#[tokio::test]
async fn a_pin_is_asked_where_the_policy_asks_for_one() {
    let world = World::with_pin().await;
    let (phone, shop, asked) = asked(&world).await;
    let challenge = phone.challenge().await;
    assert_eq!(challenge.factors.describe(), "dev+pin");
    let bare = phone.approve(&challenge, &number(&asked)).await;
    assert_eq!(bare, VerdictCode::FactorsMissing);
    let by_pin =
        |typed| phone.sign(phone.pin_response(&challenge, asked["number"].as_str(), typed));
    let wrong = phone.deliver(&by_pin(Typed::Wrong)).await;
    assert_eq!(wrong.code, VerdictCode::PinWrong);
    assert_eq!(shop.look(&asked).await["state"], "open");
    let right = phone.deliver(&by_pin(Typed::Right)).await;
    assert_eq!(right.code, VerdictCode::Ok);
    let checked = shop.check(&shop.look(&asked).await);
    assert!(checked.is_approval() && checked.response.pin.is_some());
    world.end().await;
}

#[tokio::test]
async fn a_gesture_is_proved_by_its_own_key() {
    let world = World::with_factors().await;
    let phone = world.with_uv_phone().await;
    let shop = world.shop("shop").await;
    let asked = shop.ask(&payment("pay-1")).await;
    let challenge = phone.challenge().await;
    let number = asked["number"].as_str();
    let bare = phone.response(&challenge, Decision::Approve, number);
    let bare = phone.deliver(&phone.sign(bare)).await;
    assert_eq!(bare.code, VerdictCode::FactorsMissing);
    let by_uv = phone.response(&challenge, Decision::Approve, number);
    let by_uv = phone.deliver(&phone.sign_uv(by_uv)).await;
    assert_eq!(by_uv.code, VerdictCode::Ok);
    let checked = shop.check(&shop.look(&asked).await);
    assert!(checked.is_approval());
    let uv = phone.uv.as_ref().unwrap().public().thumbprint();
    assert!(checked.response.kid() == uv);
    world.end().await;
}

#[tokio::test]
async fn a_receipt_stands_when_the_servers_keys_change() {
    let world = World::new().await;
    let (phone, shop, asked) = asked(&world).await;
    approve(&phone, &asked).await;
    let before = shop.look(&asked).await;
    let root = world.folder().join("root.key").display().to_string();
    let rotate = ["keys", "rotate", "--only-new", "--root-key", &root];
    world.command(&rotate).await;
    let shown = shop.look(&asked).await;
    assert!(shop.check(&shown).is_approval() && shop.check(&before).is_approval());
    // The verdict is one of the keys in force now; what the phone was asked stays as it was signed.
    assert_ne!(shown["receipt"]["verdict"], before["receipt"]["verdict"]);
    assert_eq!(
        shown["receipt"]["challenge"],
        before["receipt"]["challenge"]
    );
    let new = world.folder().join("new.key").display().to_string();
    let change = ["keys", "root", "--root-key", &root, "--new-root-key", &new];
    world.command(&change).await;
    assert!(shop.check(&shop.look(&asked).await).is_approval());
    world.end().await;
}

#[tokio::test]
async fn a_withdrawn_key_ends_what_it_asked() {
    let world = World::new().await;
    let (_phone, shop, asked) = asked(&world).await;
    let root = world.folder().join("root.key").display().to_string();
    let keys = world.command(&["keys", "list"]).await;
    let key = keys["sign"][0]["key"].as_str().unwrap();
    let withdraw = ["keys", "withdraw", key, "--replace", "--root-key", &root];
    world.command(&withdraw).await;
    assert_eq!(shop.look(&asked).await["state"], "expired");
    shop.ask(&payment("pay-2")).await;
    world.end().await;
}

#[tokio::test]
async fn it_can_be_looked_at_for_two_days() {
    let world = World::new().await;
    let (phone, shop, asked) = asked(&world).await;
    approve(&phone, &asked).await;
    let shown = shop.look(&asked).await;
    world.pass(120 + 48 * 3600);
    crate::store::sweep(&world.app.store, world.now())
        .await
        .unwrap();
    assert_eq!(shop.look(&asked).await, shown);
    world.pass(1);
    let id = asked["id"].as_str().unwrap();
    shop.call("GET", id).await.is_refusal(404, "not_found");
    shop.call("DELETE", id).await.is_refusal(404, "not_found");
    // Its name is free again.
    assert_ne!(shop.ask(&payment("pay-1")).await["id"], asked["id"]);
    assert_eq!(world.count("asks").await, 1);
    world.end().await;
}

#[tokio::test]
async fn the_command_line_asks_by_the_same_functions() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let line = [
        "ask",
        "--app",
        "shop",
        "--account",
        ANNA,
        "--row",
        "Amount=12 €",
        "--row",
        "To=a=b",
        "--request-id",
        "cli-1",
    ];
    let asked = world.command(&line).await;
    assert_eq!(
        (&asked["state"], &asked["kind"]),
        (&json!("open"), &json!("transaction"))
    );
    assert_eq!(asked["rows"][1], json!({"label": "To", "value": "a=b"}));
    let wrong = world
        .try_command(&[
            "ask",
            "--app",
            "shop",
            "--account",
            "zora",
            "--request-id",
            "x",
        ])
        .await;
    assert!(wrong.unwrap_err().contains("no phone"));
    // The application sees it, since it was asked in its name.
    assert_eq!(shop.look(&asked).await["request_id"], "cli-1");

    let out = world.folder().join("receipt.json").display().to_string();
    let mut wait: Vec<&str> = line.to_vec();
    wait.extend(["--wait", "--out", &out]);
    let (said, _) = tokio::join!(world.try_command(&wait), approve(&phone, &asked));
    let said = said.unwrap();
    assert_eq!(
        (said[0]["id"].as_str(), said[1]["state"].as_str()),
        (asked["id"].as_str(), Some("approved"))
    );
    assert_eq!(said[1]["file"].as_str(), Some(out.as_str()));

    let text = std::fs::read_to_string(&out).unwrap();
    let receipt = Receipt::parse(text.as_bytes()).unwrap();
    let checked = receipt.check(&shop.root).unwrap();
    assert!(checked.is_approval());
    assert_eq!(json!(checked.challenge.txn), asked["id"]);
    assert_eq!(checked.view.value("value.1"), Some("12 €"));
    let other = text.replacen("\"response\":\"e", "\"response\":\"f", 1);
    let bent = Receipt::parse(other.as_bytes()).unwrap();
    assert!(bent.check(&shop.root).is_err());
    assert!(receipt.check(&phone.dev.public().thumbprint()).is_err());
    // Never over a file that is there.
    assert!(
        world
            .try_command(&wait)
            .await
            .unwrap_err()
            .contains("already")
    );
    world.end().await;
}

#[tokio::test]
async fn the_first_of_two_phones_decides_and_the_receipt_is_of_that_one() {
    let world = World::new().await;
    let [phone, tablet] = world.with_two_phones().await;
    let shop = world.shop("shop").await;
    let asked = shop.ask(&payment("pay-1")).await;
    let (ours, theirs) = (phone.challenge().await, tablet.challenge().await);
    assert!(ours.txn == theirs.txn && ours.rows == theirs.rows);
    assert_eq!(
        tablet.approve(&theirs, &number(&asked)).await,
        VerdictCode::Ok
    );
    let late = phone.decide(&ours, Decision::Deny, None).await;
    assert_eq!(late, VerdictCode::DecidedElsewhere);
    let told = phone.cancels().await;
    assert!(told.len() == 1 && told[0].reason == CancelReason::DecidedElsewhere);
    let shown = shop.look(&asked).await;
    let checked = shop.check(&shown);
    assert!(checked.is_approval());
    assert!(checked.response.kid() == tablet.dev.public().thumbprint());
    world.end().await;
}

#[tokio::test]
async fn several_people_are_asked_apart() {
    let world = World::new().await;
    let (anna, shop, first) = asked(&world).await;
    let bob = world.with_bob().await;
    let mut call = payment("pay-2");
    call["account"] = json!(BOB);
    let second = shop.ask(&call).await;
    // Nobody answers for another, with whatever number.
    let of_anna = anna.challenge().await;
    let code = bob
        .decide(&of_anna, Decision::Approve, first["number"].as_str())
        .await;
    assert_eq!(code, VerdictCode::Expired);
    approve(&bob, &second).await;
    assert_eq!(shop.look(&first).await["state"], "open");
    assert_eq!(shop.look(&second).await["state"], "approved");
    world.end().await;
}

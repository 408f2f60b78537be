//! Rows 23 to 25: one decision for one request.

use crate::testkit::{Browser, Page, Phone, Provider, World, payment, shown};
use countersign_protocol::statement::{Challenge, Decision, Response, VerdictCode};
use countersign_protocol::view::View;
use countersign_protocol::{Digest, Signed};
use countersign_texts::Id;

fn other_number(page: &Page) -> String {
    let number: u32 = page.number().unwrap().parse().unwrap();
    format!("{:02}", (number + 1) % 100)
}

async fn heading(browser: &Browser<'_>, page: &Page) -> String {
    browser.open(&page.path).await.heading()
}

/// Two browsers wait for Anna's phone.
async fn two<'w>(
    world: &'w World,
    phone: &Phone<'w>,
) -> [(Browser<'w>, Page, Signed<Challenge>); 2] {
    let (first, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let (second, other) = world.waiting_known().await;
    let list = phone.list("").await;
    let newer = phone.verify(&list.challenges[1]);
    assert!(newer.txn != challenge.txn && newer.jti != challenge.jti);
    [(first, page, challenge), (second, other, newer)]
}

#[tokio::test]
async fn row_23_an_approval_of_one_request_opens_no_other() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let [(anna, page_a, a), (thief, page_b, b)] = two(&world, &phone).await;
    assert_eq!(
        phone.approve(&a, &page_a.number().unwrap()).await,
        VerdictCode::Ok
    );
    assert_eq!(heading(&thief, &page_b).await, "wait");
    assert!(anna.is_signed_in(&page_a).await);

    // What was shown for one request in the answer to the other.
    // A stranger's login and one of a browser that is known don't look alike.
    for view in [View::of(&a).digest(), Digest::of(&[b"another page"])] {
        let mut wrong = phone.response(&b, Decision::Approve, page_b.number().as_deref());
        wrong.view = view;
        let verdict = phone.deliver(&phone.sign(wrong)).await;
        assert_eq!(verdict.code, VerdictCode::ViewMismatch);
    }
    assert_eq!(heading(&thief, &page_b).await, "wait");
    world.end().await;
}

#[tokio::test]
async fn row_23_nobody_approves_for_another_account() {
    let world = World::new().await;
    let anna = world.with_phone().await;
    let bob = world.with_bob().await;
    let (browser, page) = world.waiting().await;
    let challenge = anna.challenge().await;
    let number = page.number();

    // Bob's phone can't see Anna's request, and its approval of it is of nothing.
    for id in [challenge.jti, challenge.txn] {
        let answer = bob.get(&format!("/cs/v1/challenges/{id}")).await;
        answer.is_problem(404, "not_found");
    }
    assert_eq!(
        bob.decide(&challenge, Decision::Approve, number.as_deref())
            .await,
        VerdictCode::Expired
    );
    // In Anna's name, by Bob's key.
    let mut forged = bob.response(&challenge, Decision::Approve, number.as_deref());
    forged.iss = anna.id;
    let forged = crate::testkit::sign(forged, &bob.dev);
    let answer = world.refuses(&[], bob.post(&forged)).await;
    answer.is_problem(400, "bad_statement");
    // By a key that nobody knows.
    let stranger = crate::testkit::make_key();
    let response = anna.response(&challenge, Decision::Approve, number.as_deref());
    let answer = world
        .refuses(&[], anna.post(&crate::testkit::sign(response, &stranger)))
        .await;
    answer.is_problem(404, "not_found");
    assert_eq!(heading(&browser, &page).await, "wait");
    anna.approve_on(&page).await;
    world.end().await;
}

#[tokio::test]
async fn row_23_an_approval_for_another_server_is_refused() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let mut response = phone.response(&challenge, Decision::Approve, page.number().as_deref());
    response.aud = countersign_protocol::Origin::parse("https://evil.example").unwrap();
    let response = crate::testkit::sign(response, &phone.dev);
    let answer = world.refuses(&[], phone.post(&response)).await;
    answer.is_problem(400, "bad_statement");
    world.end().await;
}

#[tokio::test]
async fn row_24_a_repeated_response_gets_the_verdict_that_it_had() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let response = phone.response(&challenge, Decision::Approve, page.number().as_deref());
    let response = phone.sign(response);
    // The phone posts it three times at once, its radio being bad.
    let (a, b, c) = tokio::join!(
        phone.post(&response),
        phone.post(&response),
        phone.post(&response)
    );
    assert_eq!((a.status, &a.body), (200, &b.body));
    assert_eq!(a.body, c.body);
    assert_eq!(world.count("responses").await, 1);

    assert!(browser.is_signed_in(&page).await);
    let later = world.refuses(&[], phone.post(&response)).await;
    assert_eq!(later.body, a.body);
    assert_eq!(heading(&browser, &page).await, "end.elsewhere");
    world.pass(86_400);
    let later = world.refuses(&[], phone.post(&response)).await;
    assert_eq!(later.body, a.body);
    world.end().await;
}

#[tokio::test]
async fn row_24_the_same_response_id_with_other_bytes_is_a_conflict() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let denial = phone.response(&challenge, Decision::Deny, None);
    let mut approval = phone.response(&challenge, Decision::Approve, page.number().as_deref());
    approval.jti = denial.jti;
    let (denial, approval) = (phone.sign(denial), phone.sign(approval));
    assert_eq!(phone.deliver(&denial).await.code, VerdictCode::Ok);
    let answer = world
        .refuses(&[("response", "conflict")], phone.post(&approval))
        .await;
    answer.is_problem(409, "conflict");
    assert_eq!(heading(&browser, &page).await, "end.denied");
    world.end().await;
}

#[tokio::test]
async fn row_24_a_signature_bent_into_its_twin_is_the_same_response() {
    // ECDSA: (r, s) and (r, n - s) both fit. H leaves the signature out, so nothing is decided twice.
    const N: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let response = phone.response(&challenge, Decision::Approve, page.number().as_deref());
    let response = phone.sign(response);
    let first = phone.post(&response).await;

    let (signed, signature) = response.compact().rsplit_once('.').unwrap();
    let mut bytes = countersign_protocol::encoding::decode(signature).unwrap();
    let mut borrow = 0;
    for at in (0..32).rev() {
        let n = i32::from_str_radix(&N[2 * at..2 * at + 2], 16).unwrap();
        let digit = n - i32::from(bytes[32 + at]) - borrow;
        borrow = i32::from(digit < 0);
        bytes[32 + at] = digit.rem_euclid(256) as u8;
    }
    let twin = format!(
        "{signed}.{}",
        countersign_protocol::encoding::encode(&bytes)
    );
    let key = [*phone.dev.public()];
    let twin = Signed::<Response>::verify(&twin, &key).unwrap();
    assert!(twin.compact() != response.compact() && twin.hash() == response.hash());
    let second = world.refuses(&[], phone.post(&twin)).await;
    assert_eq!(second.body, first.body);
    world.end().await;
}

#[tokio::test]
async fn row_24_after_its_time_an_approval_has_no_effect() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    world.pass(challenge.exp - challenge.iat);
    assert_eq!(heading(&browser, &page).await, "wait");
    world.pass(1);
    let number = page.number().unwrap();
    assert_eq!(
        phone.approve(&challenge, &number).await,
        VerdictCode::Expired
    );
    assert_eq!(heading(&browser, &page).await, "end.late");
    assert_eq!(
        phone.approve(&challenge, &number).await,
        VerdictCode::Expired
    );
    let answer = phone
        .get(&format!("/cs/v1/challenges/{}", challenge.jti))
        .await;
    answer.is_problem(410, "gone");
    world.end().await;
}

#[tokio::test]
async fn row_24_in_its_last_second_an_approval_counts() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    world.pass(challenge.exp - challenge.iat);
    let number = page.number().unwrap();
    assert_eq!(phone.approve(&challenge, &number).await, VerdictCode::Ok);
    world.pass(1);
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

#[tokio::test]
async fn row_24_after_a_denial_or_a_cancel_an_approval_has_no_effect() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    assert_eq!(
        phone.decide(&challenge, Decision::Deny, None).await,
        VerdictCode::Ok
    );
    let number = page.number().unwrap();
    assert_eq!(
        phone.approve(&challenge, &number).await,
        VerdictCode::DecidedElsewhere
    );
    assert_eq!(heading(&browser, &page).await, "end.denied");

    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let cancel = format!("{}/cancel", page.path);
    assert_eq!(
        browser.press(&page, &cancel).await.heading(),
        "end.cancelled"
    );
    let number = page.number().unwrap();
    assert_eq!(
        phone.approve(&challenge, &number).await,
        VerdictCode::Cancelled
    );
    assert_eq!(heading(&browser, &page).await, "end.cancelled");
    world.end().await;
}

#[tokio::test]
async fn row_24_approve_and_deny_at_once_have_one_result() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for first in [Decision::Approve, Decision::Deny] {
        let (browser, page) = world.waiting().await;
        let challenge = phone.challenge().await;
        let response = |decision| {
            let number = page.number().filter(|_| decision == Decision::Approve);
            phone.sign(phone.response(&challenge, decision, number.as_deref()))
        };
        let second = match first {
            Decision::Approve => Decision::Deny,
            _ => Decision::Approve,
        };
        let (one, two) = (response(first), response(second));
        let (one, two) = tokio::join!(phone.deliver(&one), phone.deliver(&two));
        let end = browser.open(&page.path).await;
        let approved = match (one.code, two.code) {
            (VerdictCode::Ok, VerdictCode::DecidedElsewhere) => first == Decision::Approve,
            (VerdictCode::DecidedElsewhere, VerdictCode::Ok) => second == Decision::Approve,
            codes => panic!("{codes:?}"),
        };
        assert_eq!(end.is_answer_to(&Provider::wiki()), approved);
        assert!(approved || end.heading() == "end.denied");
    }
    world.end().await;
}

#[tokio::test]
async fn row_25_a_wrong_number_ends_the_request_and_locks_nothing() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    let mut page = browser.ask(&Provider::wiki(), crate::testkit::ANNA).await;
    for _ in 0..5 {
        let challenge = phone.challenge().await;
        let verdict = phone.approve(&challenge, &other_number(&page)).await;
        assert_eq!(verdict, VerdictCode::NumberWrong);
        let number = page.number().unwrap();
        assert_eq!(
            phone.approve(&challenge, &number).await,
            VerdictCode::DecidedElsewhere
        );
        assert_eq!(phone.list("").await.challenges.len(), 0);
        let end = browser.open(&page.path).await;
        assert_eq!(end.heading(), "end.number");
        assert_eq!(end.number(), None);

        // Not at once, and then as if nothing had been.
        let again = format!("{}/again", page.path);
        world.refuses(&[], browser.press(&end, &again)).await;
        world.pass(29);
        world.refuses(&[], browser.press(&end, &again)).await;
        world.pass(1);
        page = browser.press(&end, &again).await;
        assert_eq!(page.heading(), "wait");
    }
    phone.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

#[tokio::test]
async fn row_25_no_number_or_a_number_of_another_form_is_no_try() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    for number in [None, Some("000042")] {
        let code = phone.decide(&challenge, Decision::Approve, number).await;
        assert_eq!(code, VerdictCode::BadInput);
    }
    assert_eq!(heading(&browser, &page).await, "wait");
    phone.approve_on(&page).await;
    world.end().await;
}

#[tokio::test]
async fn a_newer_login_of_the_same_browser_takes_the_place_of_the_older() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, old) = world.waiting().await;
    let challenge = phone.challenge().await;
    world.pass(30);
    let new = browser.ask(&Provider::wiki(), crate::testkit::ANNA).await;
    assert_eq!(heading(&browser, &old).await, "end.replaced");
    let number = old.number().unwrap();
    assert_eq!(
        phone.approve(&challenge, &number).await,
        VerdictCode::Cancelled
    );
    phone.approve_on(&new).await;
    assert!(browser.is_signed_in(&new).await);
    world.end().await;
}

#[tokio::test]
async fn send_again_ends_the_request_before() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let old = phone.challenge().await;
    let again = format!("{}/again", page.path);
    let soon = world.refuses(&[], browser.press(&page, &again)).await;
    assert!(soon.says(&shown(Id::WaitSoon { n: "30" })));
    world.pass(30);
    let new = browser.press(&page, &again).await;
    let number = page.number().unwrap();
    assert_eq!(phone.approve(&old, &number).await, VerdictCode::Cancelled);
    assert!(phone.challenge().await.jti != old.jti);
    phone.approve_on(&new).await;
    // The result is there; pressing the old page's button changes nothing any more.
    world.pass(30);
    let end = browser.press(&page, &again).await;
    assert!(end.is_answer_to(&Provider::wiki()), "{}", end.heading());
    let unknown = format!(
        "/cs/v1/challenges/{}",
        countersign_protocol::Id::make().unwrap()
    );
    phone.get(&unknown).await.is_problem(404, "not_found");
    world.end().await;
}

#[tokio::test]
async fn a_verdict_is_never_from_before_its_challenge_also_where_the_clock_was_set_back() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let asked = shop.ask(&payment("r-1")).await;
    let challenge = phone.challenge().await;
    world.set_back(5);
    let number = asked["number"].as_str();
    let response = phone.sign(phone.response(&challenge, Decision::Approve, number));
    let verdict = phone.deliver(&response).await;
    assert_eq!(
        (verdict.code, verdict.iat),
        (VerdictCode::Ok, challenge.iat)
    );
    // So it proves something.
    shop.check(&shop.look(&asked).await);
    world.end().await;
}

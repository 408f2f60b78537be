//! More time for a request, asked for on the phone or on the page.

use crate::testkit::{ANNA, Answer, Browser, Page, Phone, Provider, World, payment, shown};
use countersign_protocol::call::ChallengeAnswer;
use countersign_protocol::statement::{
    CancelReason, Challenge, Decision, Kind, Response, VerdictCode,
};
use countersign_protocol::{Id, Signed};
use countersign_texts::Id as Text;

pub(super) async fn try_more(phone: &Phone<'_>, jti: &Id) -> Answer {
    let body = format!(r#"{{"kind":"extend","input":{{"challenge":"{jti}"}}}}"#);
    phone.change("POST", "/cs/v1/actions", &body).await
}

async fn more(phone: &Phone<'_>, challenge: &Challenge) -> Signed<Challenge> {
    let answer = try_more(phone, &challenge.jti).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    phone.verify(&answer.json::<ChallengeAnswer>().challenge)
}

/// The last one of its list.
async fn newest_of(phone: &Phone<'_>) -> Signed<Challenge> {
    let list = phone.list("").await;
    phone.verify(list.challenges.last().unwrap())
}

async fn press_more(browser: &Browser<'_>, page: &Page) -> Page {
    browser.press(page, &format!("{}/more", page.path)).await
}

fn approval(phone: &Phone<'_>, challenge: &Signed<Challenge>, page: &Page) -> Signed<Response> {
    let number = page.number();
    phone.sign(phone.response(challenge, Decision::Approve, number.as_deref()))
}

#[tokio::test]
async fn the_same_request_goes_on_with_a_new_time() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let old = phone.challenge().await;
    world.pass(100);
    let new = more(&phone, &old).await;
    assert_eq!((new.iat, new.exp), (world.now(), world.now() + 120));
    assert!(new.replaces == Some(old.jti) && new.jti != old.jti);
    let same = Challenge {
        jti: old.jti,
        iat: old.iat,
        exp: old.exp,
        replaces: None,
        ..Challenge::clone(&new)
    };
    assert!(same == *old);

    // The page waits as long, and its number is the one to type.
    world.pass(100);
    assert_eq!(browser.open(&page.path).await.number(), page.number());
    assert_eq!(
        phone.deliver(&approval(&phone, &new, &page)).await.code,
        VerdictCode::Ok
    );
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

#[tokio::test]
async fn row_24_the_older_statement_decides_until_its_own_time_and_then_the_newer_is_over() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, page) = world.waiting().await;
    let old = phone.challenge().await;
    let new = more(&phone, &old).await;
    let code = phone.deliver(&approval(&phone, &old, &page)).await.code;
    assert_eq!(code, VerdictCode::Ok);
    let code = phone.deliver(&approval(&phone, &new, &page)).await.code;
    assert_eq!(code, VerdictCode::DecidedElsewhere);
    world.end().await;
}

#[tokio::test]
async fn the_older_statement_is_over_by_its_own_time() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, page) = world.waiting().await;
    let old = phone.challenge().await;
    world.pass(60);
    let new = more(&phone, &old).await;
    world.pass(61);
    let code = phone.deliver(&approval(&phone, &old, &page)).await.code;
    assert_eq!(code, VerdictCode::Expired);
    let code = phone.deliver(&approval(&phone, &new, &page)).await.code;
    assert_eq!(code, VerdictCode::Ok);
    world.end().await;
}

#[tokio::test]
async fn the_other_phones_get_more_time_too_and_none_is_woken_for_it() {
    let world = World::new().await;
    let [phone, tablet] = world.with_two_phones().await;
    let (_browser, page) = world.waiting().await;
    let (old, theirs) = (phone.challenge().await, tablet.challenge().await);
    let next = tablet.list("").await.next;
    let wake = tablet.ask_wake("").await;
    assert!(wake.waiting);
    more(&phone, &old).await;
    assert!(
        !tablet
            .ask_wake(&format!("?after={}", wake.next))
            .await
            .waiting
    );
    let list = tablet.list(&format!("?after={next}&wait=25")).await;
    let renewed = tablet.verify(&list.challenges[0]);
    assert!(renewed.replaces == Some(theirs.jti) && renewed.txn == old.txn);
    let code = tablet
        .deliver(&approval(&tablet, &renewed, &page))
        .await
        .code;
    assert_eq!(code, VerdictCode::Ok);
    // The phone is told that both of its statements are over.
    let cancels = phone.cancels().await;
    assert_eq!(cancels.len(), 2);
    for cancel in cancels {
        assert_eq!(cancel.reason, CancelReason::DecidedElsewhere);
    }
    world.end().await;
}

#[tokio::test]
async fn there_is_more_time_ten_times_and_then_none_from_either_side() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let mut newest = phone.challenge().await;
    for turn in 0..10 {
        world.pass(110);
        newest = match turn % 2 {
            0 => more(&phone, &newest).await,
            _ => {
                assert_eq!(press_more(&browser, &page).await.heading(), "wait");
                newest_of(&phone).await
            }
        };
        assert_eq!(newest.exp, world.now() + 120);
    }
    let answer = world.refuses(&[], try_more(&phone, &newest.jti)).await;
    answer.is_problem(409, "conflict");
    let last = world.refuses(&[], press_more(&browser, &page)).await;
    assert!(last.says(&shown(Text::WaitLast)) && last.number() == page.number());
    // It can still be answered.
    let code = phone.deliver(&approval(&phone, &newest, &page)).await.code;
    assert_eq!(code, VerdictCode::Ok);
    world.end().await;
}

#[tokio::test]
async fn who_names_an_older_statement_gets_the_newest_as_it_is_also_when_that_was_lost() {
    let world = World::new().await;
    let [phone, tablet] = world.with_two_phones().await;
    let (browser, page) = world.waiting().await;
    let (first, theirs) = (phone.challenge().await, tablet.challenge().await);
    // The answer is lost: whoever asks again gets what was in it.
    let lost = more(&phone, &first).await;
    let count = world.count("challenges").await;
    for _ in 0..20 {
        assert!(more(&phone, &first).await.hash() == lost.hash());
    }
    // The other phone, and the page, were quicker.
    assert!(more(&tablet, &theirs).await.txn == first.txn);
    assert_eq!(world.count("challenges").await, count);
    world.pass(60);
    press_more(&browser, &page).await;
    let newest = more(&phone, &first).await;
    assert!(newest.replaces == Some(lost.jti) && newest.exp == world.now() + 120);
    assert!(more(&phone, &lost).await.hash() == newest.hash());
    // Nothing of that counted, and the time of the one that is named may be over.
    world.pass(61);
    assert!(more(&phone, &first).await.hash() == newest.hash());
    let mut last = newest;
    for _ in 0..8 {
        last = more(&phone, &last).await;
    }
    let answer = world.refuses(&[], try_more(&phone, &last.jti)).await;
    answer.is_problem(409, "conflict");
    assert!(more(&phone, &first).await.hash() == last.hash());
    phone.decide(&last, Decision::Deny, None).await;
    for over in [&first, &last] {
        let answer = world.refuses(&[], try_more(&phone, &over.jti)).await;
        answer.is_problem(410, "gone");
    }
    world.end().await;
}

#[tokio::test]
async fn row_26_a_browser_makes_no_new_statement_while_more_than_half_of_the_time_is_left() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    for account in [ANNA, "nobody@example.com"] {
        let browser = Browser::new(&world);
        let page = browser.ask(&Provider::wiki(), account).await;
        for _ in 0..3 {
            world.pass(59);
            for _ in 0..3 {
                let same = world.refuses(&[], press_more(&browser, &page)).await;
                assert!(same.heading() == "wait" && same.number() == page.number());
                assert!(!same.says(&shown(Text::WaitLast)));
            }
            world.pass(1);
            let before = world.count("challenges").await;
            assert_eq!(press_more(&browser, &page).await.heading(), "wait");
            assert_eq!(world.count("challenges").await, before + 1, "{account}");
        }
    }
    world.end().await;
}

#[tokio::test]
async fn no_more_time_for_what_is_over_unknown_or_anothers() {
    let world = World::new().await;
    let [phone, tablet] = world.with_two_phones().await;
    let (_browser, _page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let theirs = tablet.challenge().await;
    // By `txn` it can't be named.
    for jti in [theirs.jti, challenge.txn, phone.id] {
        let answer = world.refuses(&[], try_more(&phone, &jti)).await;
        answer.is_problem(404, "not_found");
    }
    phone.decide(&challenge, Decision::Deny, None).await;
    let answer = world.refuses(&[], try_more(&phone, &challenge.jti)).await;
    answer.is_problem(410, "gone");

    world.pass(60);
    world.waiting().await;
    let late = phone.challenge().await;
    world.pass(121);
    let answer = world.refuses(&[], try_more(&phone, &late.jti)).await;
    answer.is_problem(410, "gone");
    world.end().await;
}

#[tokio::test]
async fn what_an_application_asked_waits_longer_too() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let asked = shop.ask(&payment("r-1")).await;
    let old = phone.challenge().await;
    world.pass(100);
    let new = more(&phone, &old).await;
    assert_eq!(new.kind, Kind::Transaction);
    assert!(new.rows == old.rows && new.lang == old.lang);
    world.pass(100);
    assert_eq!(shop.look(&asked).await["state"], "open");
    let number = asked["number"].as_str();
    let response = phone.sign(phone.response(&new, Decision::Approve, number));
    assert_eq!(phone.deliver(&response).await.code, VerdictCode::Ok);
    let seen = shop.look(&asked).await;
    assert_eq!(seen["state"], "approved");
    shop.check(&seen);
    world.end().await;
}

#[tokio::test]
async fn a_change_begun_on_the_phone_gets_more_time() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let begun = phone.begin("pin-set").await;
    let new = more(&phone, &begun).await;
    assert_eq!(new.exp - new.iat, 600);
    world.end().await;
}

#[tokio::test]
async fn the_page_of_a_name_that_nobody_has_gets_more_time_alike() {
    let world = World::new().await;
    for account in [ANNA, "nobody@example.com"] {
        let browser = Browser::new(&world);
        let page = browser.ask(&Provider::wiki(), account).await;
        world.pass(100);
        let page = press_more(&browser, &page).await;
        assert_eq!(page.heading(), "wait");
        world.pass(100);
        assert_eq!(browser.open(&page.path).await.heading(), "wait");
    }
    world.end().await;
}

#[tokio::test]
async fn row_22_another_browser_gets_no_more_time_for_it() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let (_browser, page) = world.waiting().await;
    let stranger = Browser::new(&world);
    let own = stranger.arrive(&Provider::wiki()).await;
    let path = format!("{}/more", page.path);
    let csrf = own.csrf();
    let answer = world
        .refuses(&[], stranger.post(&path, &[("csrf", &csrf)]))
        .await;
    answer.answer.is_page(410);
    let answer = world.refuses(&[], stranger.open_once(&path)).await;
    assert_eq!(answer.status, 405);
    world.end().await;
}

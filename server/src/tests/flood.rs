//! Row 26: how often a person may be asked by browsers.

use crate::testkit::{ANNA, BOB, Browser, Page, Phone, Provider, World, shown};
use countersign_protocol::statement::{Decision, VerdictCode};
use countersign_texts::Id;
use serde_json::Value;

fn is_busy(page: &Page, seconds: &str) -> bool {
    page.says(&shown(Id::WaitBusy { n: seconds }))
}

/// A stranger has Anna asked, who refuses.
async fn refused(world: &World, phone: &Phone<'_>) {
    world.waiting().await;
    let challenge = phone.challenge().await;
    let code = phone.decide(&challenge, Decision::Deny, None).await;
    assert_eq!(code, VerdictCode::Ok);
}

/// Whether a locked phone, which has acknowledged everything, is told that there is something to be unlocked for.
async fn is_woken(phone: &Phone<'_>) -> bool {
    phone.acknowledge_all().await;
    phone.ask_wake("").await.waiting
}

async fn quiet_until(phone: &Phone<'_>) -> Value {
    let overview: Value = phone.get("/cs/v1/overview").await.json();
    overview["quiet_until"].clone()
}

#[tokio::test]
async fn row_26_strangers_together_have_one_request_open_for_a_name_whether_somebody_has_it() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let mut pages = Vec::new();
    for account in [ANNA, "nobody@example.com"] {
        let first = Browser::new(&world);
        let page = first.ask(&Provider::wiki(), account).await;
        assert_eq!(page.heading(), "wait");
        world.pass(20);
        let second = Browser::new(&world).ask(&Provider::wiki(), account).await;
        assert!(is_busy(&second, "101"), "{}", second.answer.body);
        let body = second.answer.body.replace(account, "name");
        pages.push(
            body.split_once("<h1>")
                .unwrap()
                .1
                .replace(&second.csrf(), ""),
        );
        // It stays the first one's.
        assert_eq!(first.open(&page.path).await.heading(), "wait");
    }
    let without_path = |body: &str| {
        body.split("/login/")
            .map(|part| part.get(22..).unwrap_or(part).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(without_path(&pages[0]), without_path(&pages[1]));
    world.end().await;
}

#[tokio::test]
async fn row_26_a_known_browser_is_counted_apart_from_strangers() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    world.waiting().await;
    let (_, page) = world.waiting_known().await;
    assert_eq!(page.heading(), "wait");
    assert_eq!(phone.list("").await.challenges.len(), 2);
    let (_, second) = world.waiting_known().await;
    assert!(is_busy(&second, "121"));
    assert_eq!(phone.list("").await.challenges.len(), 2);
    world.end().await;
}

#[tokio::test]
async fn row_26_whoever_waited_goes_on_when_the_request_is_over() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    world.waiting().await;
    let browser = Browser::new(&world);
    let page = browser.ask(&Provider::wiki(), ANNA).await;
    assert!(is_busy(&page, "121"));
    let challenge = phone.challenge().await;
    phone.decide(&challenge, Decision::Deny, None).await;
    let page = browser.fill(&page, &page.path, &[("account", ANNA)]).await;
    assert_eq!(page.heading(), "wait");
    world.end().await;
}

#[tokio::test]
async fn row_26_a_session_begins_one_request_in_half_a_minute_also_in_another_tab() {
    let world = World::new().await;
    world.add_user(BOB).await;
    let browser = Browser::new(&world);
    let page = browser.ask(&Provider::wiki(), ANNA).await;
    browser.press(&page, &format!("{}/cancel", page.path)).await;
    world.pass(10);
    for account in [ANNA, BOB, "nobody@example.com"] {
        let tab = browser.ask(&Provider::wiki(), account).await;
        assert!(tab.says(&shown(Id::WaitSoon { n: "20" })), "{account}");
    }
    world.pass(20);
    let tab = browser.ask(&Provider::wiki(), ANNA).await;
    assert_eq!(tab.heading(), "wait");
    world.end().await;
}

#[tokio::test]
async fn row_26_three_refusals_make_the_id_quiet_for_strangers_alone() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    phone.acknowledge_all().await;
    for _ in 0..2 {
        refused(&world, &phone).await;
        assert_eq!(quiet_until(&phone).await, Value::Null);
    }
    refused(&world, &phone).await;
    assert_eq!(quiet_until(&phone).await, world.now() + 3600);

    // A stranger's request wakes nobody, and is there for who looks.
    let (browser, page) = world.waiting().await;
    assert!(!is_woken(&phone).await);
    assert_eq!(page.heading(), "wait");
    let challenge = phone.challenge().await;
    let number = page.number().unwrap();
    assert_eq!(phone.approve(&challenge, &number).await, VerdictCode::Ok);
    assert!(browser.is_signed_in(&page).await);
    assert!(!is_woken(&phone).await);
    // A known browser goes on as ever.
    world.waiting_known().await;
    assert!(is_woken(&phone).await);
    world.end().await;
}

#[tokio::test]
async fn row_26_requests_that_nobody_saw_count_also_where_the_page_was_closed() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for _ in 0..3 {
        world.waiting().await;
        world.pass(121);
    }
    // It is noticed with the next one, which is the first that wakes nobody.
    world.waiting().await;
    assert_eq!(quiet_until(&phone).await, world.now() - 1 + 3600);
    assert!(!is_woken(&phone).await);
    world.end().await;
}

#[tokio::test]
async fn row_26_what_a_stranger_takes_back_or_sends_again_counts_too() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    world.pass(30);
    browser.press(&page, &format!("{}/again", page.path)).await;
    world.pass(30);
    browser.ask(&Provider::wiki(), ANNA).await;
    assert_eq!(quiet_until(&phone).await, Value::Null);
    let (other, page) = (&browser, browser.open(&page.path).await);
    assert_eq!(page.heading(), "end.replaced");
    world.pass(30);
    let page = other.ask(&Provider::wiki(), ANNA).await;
    other.press(&page, &format!("{}/cancel", page.path)).await;
    assert_ne!(quiet_until(&phone).await, Value::Null);
    world.end().await;
}

#[tokio::test]
async fn row_26_a_known_browser_may_take_back_as_often_as_it_likes() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = world.known_browser().await;
    for _ in 0..5 {
        let page = browser.ask(&Provider::wiki(), ANNA).await;
        browser.press(&page, &format!("{}/cancel", page.path)).await;
        world.pass(30);
    }
    assert_eq!(quiet_until(&phone).await, Value::Null);
    world.end().await;
}

#[tokio::test]
async fn row_25_wrong_numbers_make_the_id_quiet_and_nothing_locks_it() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for _ in 0..4 {
        let (_, page) = world.waiting().await;
        let challenge = phone.challenge().await;
        let wrong = match page.number().as_deref() {
            Some("00") => "01",
            _ => "00",
        };
        assert_eq!(
            phone.approve(&challenge, wrong).await,
            VerdictCode::NumberWrong
        );
    }
    assert_ne!(quiet_until(&phone).await, Value::Null);
    assert_eq!(
        world.command(&["phone", "list", ANNA]).await["state"],
        "active"
    );
    world.end().await;
}

#[tokio::test]
async fn row_26_quiet_goes_on_from_the_last_unwelcome_request_and_ends_by_itself() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    phone.acknowledge_all().await;
    for _ in 0..3 {
        refused(&world, &phone).await;
    }
    world.pass(3000);
    refused(&world, &phone).await;
    assert_eq!(quiet_until(&phone).await, world.now() + 3600);
    world.pass(3600);
    assert_eq!(quiet_until(&phone).await, Value::Null);
    world.waiting().await;
    assert!(is_woken(&phone).await);
    world.end().await;
}

#[tokio::test]
async fn row_26_three_in_more_than_a_quarter_of_an_hour_are_no_flood() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for _ in 0..6 {
        refused(&world, &phone).await;
        world.pass(451);
    }
    assert_eq!(quiet_until(&phone).await, Value::Null);
    world.end().await;
}

#[tokio::test]
async fn unfreeze_ends_the_quiet_and_the_count_begins_anew() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    phone.acknowledge_all().await;
    for _ in 0..3 {
        refused(&world, &phone).await;
    }
    let challenge = phone.begin("unfreeze").await;
    let code = phone.decide(&challenge, Decision::Approve, None).await;
    assert_eq!(code, VerdictCode::Ok);
    assert_eq!(quiet_until(&phone).await, Value::Null);
    phone.acknowledge_all().await;
    for _ in 0..2 {
        refused(&world, &phone).await;
    }
    assert_eq!(quiet_until(&phone).await, Value::Null);
    world.waiting().await;
    assert!(is_woken(&phone).await);
    world.end().await;
}

#[tokio::test]
async fn row_26_one_source_asks_for_so_many_names_in_a_minute() {
    let world = World::with_settings(|settings| {
        assert!(settings.contains("strangers = 60"));
        settings.replacen("strangers = 60", "strangers = 2", 1)
    })
    .await;
    let _phone = world.with_phone().await;
    for n in 0..2 {
        let account = format!("name{n}@example.com");
        let page = Browser::new(&world).ask(&Provider::wiki(), &account).await;
        assert_eq!(page.heading(), "wait");
    }
    let page = Browser::new(&world)
        .ask(&Provider::wiki(), "x@example.com")
        .await;
    assert!(
        page.says(&shown(Id::WaitSoon { n: "60" })),
        "{}",
        page.answer.body
    );
    // Not for a browser that is known.
    let (_, page) = world.waiting_known().await;
    assert_eq!(page.heading(), "wait");
    world.pass(60);
    assert_eq!(world.waiting().await.1.heading(), "wait");
    world.end().await;
}

#[tokio::test]
async fn row_26_a_refusal_of_what_only_a_link_opened_makes_nobody_quiet() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let bank = world.add_same_only().await;
    for _ in 0..4 {
        let page = Browser::new(&world).ask(&bank, ANNA).await;
        let challenge = phone.open(&page).await;
        let code = phone.decide(&challenge, Decision::Deny, None).await;
        assert_eq!(code, VerdictCode::Ok);
        assert_eq!(quiet_until(&phone).await, Value::Null);
    }
    world.end().await;
}

#[tokio::test]
async fn row_26_what_only_a_link_opens_is_asked_for_no_oftener_than_the_rest() {
    let world = World::with_settings(|settings| {
        assert!(settings.contains("strangers = 60"));
        settings.replacen("strangers = 60", "strangers = 3", 1)
    })
    .await;
    let phone = world.with_phone().await;
    let bank = world.add_same_only().await;
    let browser = Browser::new(&world);
    let page = browser.ask(&bank, ANNA).await;
    assert_eq!(page.heading(), "same");
    // One in half a minute for a browser, from whatever page it begins.
    let end = browser.press(&page, &format!("{}/cancel", page.path)).await;
    world.pass(10);
    let again = format!("{}/again", page.path);
    let tries = [
        browser.press(&end, &again).await,
        browser.ask(&bank, ANNA).await,
        browser.ask(&bank, BOB).await,
    ];
    let soon = shown(Id::WaitSoon { n: "20" });
    assert!(tries.iter().all(|page| page.says(&soon)));
    assert_eq!(world.count("challenges").await, 1);
    // It keeps no other stranger from asking, here or there.
    for other in [&bank, &Provider::wiki()] {
        let page = Browser::new(&world).ask(other, ANNA).await;
        assert!(matches!(page.heading().as_str(), "same" | "wait"));
    }
    // And one address has so many in a minute.
    let all = world.count("challenges").await;
    let page = Browser::new(&world).ask(&bank, ANNA).await;
    assert!(
        page.says(&shown(Id::WaitSoon { n: "50" })),
        "{}",
        page.answer.body
    );
    assert_eq!(world.count("challenges").await, all);
    // Not for a browser that is known, whose half minute is its own.
    let known = world.known_browser().await;
    let page = known.ask(&bank, ANNA).await;
    let back = phone.approve_opened(&page).await;
    assert!(known.open(&back).await.is_answer_to(&bank));
    world.end().await;
}

#[tokio::test]
async fn whoever_opens_here_what_the_phone_was_told_is_not_held_up() {
    let world =
        World::with_settings(|settings| settings.replacen("strangers = 60", "strangers = 1", 1))
            .await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let page = browser.press_same(&page).await;
    assert_eq!(page.heading(), "same");
    let back = phone.approve_opened(&page).await;
    assert!(browser.open(&back).await.is_answer_to(&Provider::wiki()));
    world.end().await;
}

#[tokio::test]
async fn row_26_the_end_of_a_request_that_woke_nobody_wakes_nobody() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for _ in 0..3 {
        refused(&world, &phone).await;
    }
    phone.acknowledge_all().await;
    // The phone has seen each of them, so it is told of each end.
    for end in ["cancel", "again", "late"] {
        let (browser, page) = world.waiting().await;
        phone.challenge().await;
        world.pass(30);
        match end {
            "late" => world.pass(121),
            button => drop(
                browser
                    .press(&page, &format!("{}/{button}", page.path))
                    .await,
            ),
        }
        let told = phone.list("").await.others.len();
        assert_eq!(told, 1, "{end}");
        assert!(!phone.ask_wake("").await.waiting, "{end}");
        if end == "again" {
            world.pass(121);
        }
        phone.acknowledge_all().await;
    }
    // The end of one that rang does ring.
    let (browser, page) = world.waiting_known().await;
    phone.challenge().await;
    browser.press(&page, &format!("{}/cancel", page.path)).await;
    assert!(phone.ask_wake("").await.waiting);
    world.end().await;
}

#[tokio::test]
async fn row_26_nobody_fills_the_disk_by_requests_that_nobody_goes_on_with() {
    let world = World::new().await;
    let wiki = Provider::wiki();
    let colleague = Browser::new(&world);
    let page = colleague.arrive(&wiki).await;
    // An office whose day begins.
    for _ in 0..299 {
        let begun = Browser::new(&world).open_once(&wiki.request(&world)).await;
        assert_eq!(begun.status, 303);
    }
    let stranger = Browser::new(&world);
    for _ in 0..3 {
        let request = wiki.request(&world);
        let refused = world.refuses(&[], stranger.open_once(&request)).await;
        refused.is_page(429);
        assert_eq!(refused.header("retry-after"), Some("60"));
        assert_eq!(refused.cookies(), []);
    }
    // Who has a session goes on, and so do other sources, and what shows nobody anything.
    assert_eq!(colleague.arrive(&wiki).await.heading(), "signin");
    let page = colleague
        .fill(&page, &page.path, &[("account", ANNA)])
        .await;
    assert_eq!(page.heading(), "wait");
    let request = stranger.request("GET", &wiki.request(&world), None);
    let elsewhere = world.send_from("198.51.100.7:1", request).await;
    assert_eq!(elsewhere.status, 303);
    let passive = wiki
        .xml(&world)
        .replace(" Version=", " IsPassive=\"true\" Version=");
    let passive = crate::testkit::address(&passive);
    let silent = world.refuses(&[], stranger.open(&passive)).await;
    assert!(silent.is_answer_to(&wiki));
    // Nor by the addresses of invitations.
    let invitation = world.invite(ANNA).await;
    world
        .refuses(&[], stranger.open_once(&invitation))
        .await
        .is_page(429);
    world.pass(60);
    assert_eq!(stranger.arrive(&wiki).await.heading(), "signin");
    world.end().await;
}

#[tokio::test]
async fn row_26_where_more_may_ask_more_may_come() {
    for (strangers, newcomers) in [(0, 300), (60, 300), (61, 305), (u32::MAX, u32::MAX)] {
        assert_eq!(crate::limits::newcomers(strangers), newcomers);
    }
}

#[tokio::test]
async fn row_26_a_browser_has_twenty_sign_ins_that_it_only_began() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let wiki = Provider::wiki();
    let browser = Browser::new(&world);
    let waiting = browser.ask(&wiki, ANNA).await;
    let mut pages = Vec::new();
    for _ in 0..23 {
        pages.push(browser.arrive(&wiki).await);
    }
    // Another browser's are its own.
    Browser::new(&world).arrive(&wiki).await;
    let new = "SELECT count(*) || '' FROM logins WHERE stage = 'new'";
    assert_eq!(world.value(new).await, "21");
    for (n, page) in pages.iter().enumerate() {
        let status = if n < 3 { 410 } else { 200 };
        assert_eq!(browser.open_once(&page.path).await.status, status, "{n}");
    }
    // What a phone was asked for is none of them.
    phone.approve_on(&waiting).await;
    assert!(browser.is_signed_in(&waiting).await);
    world.end().await;
}

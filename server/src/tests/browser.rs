//! Rows 21 and 22: whose login it is.

use crate::signer::hidden;
use crate::testkit::{ANNA, Browser, Provider, World};
use countersign_protocol::Id;

const SESSION: &str = "__Host-session";
const BROWSER: &str = "__Host-browser";

#[tokio::test]
async fn row_21_the_cookie_from_before_the_login_is_worth_nothing_after_it() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let thief = browser.copy();
    let before = browser.cookie(SESSION).unwrap();
    phone.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    assert_ne!(browser.cookie(SESSION).unwrap(), before);

    world
        .refuses(&[], thief.open(&page.path))
        .await
        .answer
        .is_page(410);
    world
        .refuses(&[], thief.wait(&page, "seen"))
        .await
        .is_page(410);
    // The thief's browser is asked who it is; Anna's is not.
    let stolen = thief.arrive(&Provider::wiki()).await;
    assert_eq!(stolen.heading(), "signin");
    assert!(
        browser
            .arrive(&Provider::wiki())
            .await
            .is_answer_to(&Provider::wiki())
    );
    world.end().await;
}

#[tokio::test]
async fn row_21_each_sign_in_has_a_new_cookie_also_where_somebody_is_signed_in() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let wiki = Provider::wiki();
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    browser.open(&page.path).await;
    // In the same second, too.
    for seconds in [0, 60] {
        world.pass(seconds);
        let before = browser.copy();
        let force = wiki
            .xml(&world)
            .replace(" Version=", " ForceAuthn=\"true\" Version=");
        let page = browser.open(&crate::testkit::address(&force)).await;
        let page = browser.fill(&page, &page.path, &[("account", ANNA)]).await;
        phone.approve_on(&page).await;
        assert!(browser.is_signed_in(&page).await);
        assert_eq!(before.arrive(&wiki).await.heading(), "signin");
        assert!(browser.arrive(&wiki).await.is_answer_to(&wiki));
    }
    world.end().await;
}

#[tokio::test]
async fn a_session_that_answers_by_itself_leaves_other_tabs_their_cookie() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (wiki, other) = (Provider::wiki(), Provider::named("other"));
    world.add_app(&other, &[]).await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    browser.open(&page.path).await;
    // The browser restores two tabs, and sends what it has before either is answered: all orders of the four requests.
    for order in [[0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0]] {
        let tabs = [browser.copy(), browser.copy()];
        let mut next = [&wiki, &other].map(|provider| provider.request(&world));
        let mut ends = Vec::new();
        for tab in order {
            let answer = tabs[tab].open_once(&next[tab]).await;
            match answer.header("location") {
                Some(login) => next[tab] = login.to_owned(),
                None => ends.push(answer.body.contains("SAMLResponse")),
            }
            assert_eq!(answer.cookies(), []);
        }
        assert_eq!(ends, [true, true], "{order:?}");
        // Whichever the browser keeps, it stays signed in.
        for tab in tabs {
            assert!(tab.arrive(&wiki).await.is_answer_to(&wiki), "{order:?}");
        }
    }
    world.end().await;
}

#[tokio::test]
async fn what_a_session_answers_leaves_the_one_who_signed_in_meanwhile() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let bob = world.with_bob().await;
    let wiki = Provider::wiki();
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    browser.open(&page.path).await;
    let begun = browser.open_once(&wiki.request(&world)).await;
    let left = begun.header("location").unwrap();
    let force = wiki
        .xml(&world)
        .replace(" Version=", " ForceAuthn=\"true\" Version=");
    let page = browser.open(&crate::testkit::address(&force)).await;
    let page = browser
        .fill(&page, &page.path, &[("account", crate::testkit::BOB)])
        .await;
    bob.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    browser.open(left).await;
    let who = "SELECT account FROM users JOIN sessions ON sessions.user = users.id";
    assert_eq!(world.value(who).await, crate::testkit::BOB);
    world.end().await;
}

#[tokio::test]
async fn row_21_a_planted_cookie_is_not_adopted() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    let (session, known) = (
        Id::make().unwrap().to_string(),
        Id::make().unwrap().to_string(),
    );
    browser.plant(SESSION, &session);
    browser.plant(BROWSER, &known);
    let page = browser.ask(&Provider::wiki(), ANNA).await;
    assert_ne!(browser.cookie(SESSION).unwrap(), session);
    phone.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    assert_ne!(browser.cookie(BROWSER).unwrap(), known);
    let stored = format!("{:?}", world.snapshot().await);
    for planted in [session, known] {
        assert!(!stored.contains(&hidden(&planted)) && !stored.contains(&planted));
    }
    world.end().await;
}

#[tokio::test]
async fn row_21_a_browser_is_known_by_the_cookie_of_its_last_login_only() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    browser.open(&page.path).await;
    let copied = browser.cookie(BROWSER).unwrap();
    let force = |xml: String| xml.replace(" Version=", " ForceAuthn=\"true\" Version=");
    let wiki = Provider::wiki();
    for (cookie, known) in [(None, true), (Some(copied.as_str()), false)] {
        let visitor = match cookie {
            None => browser.copy(),
            Some(cookie) => {
                let other = Browser::new(&world);
                other.plant(BROWSER, cookie);
                other
            }
        };
        let page = visitor
            .open(&crate::testkit::address(&force(wiki.xml(&world))))
            .await;
        let page = visitor.fill(&page, &page.path, &[("account", ANNA)]).await;
        let challenge = phone.challenge().await;
        assert_eq!(challenge.context.as_ref().unwrap().known, known);
        phone.approve(&challenge, &page.number().unwrap()).await;
        visitor.open(&page.path).await;
    }
    world.end().await;
}

#[tokio::test]
async fn row_22_the_waiting_page_in_another_browser_shows_and_gets_nothing() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let number = page.number().unwrap();
    let (bare, other) = (Browser::new(&world), Browser::new(&world));
    let own = other.arrive(&Provider::wiki()).await;
    let approve = async {
        for approved in [false, true] {
            if approved {
                phone.approve_on(&page).await;
            }
            for (thief, status) in [(&bare, 400), (&other, 410)] {
                let shown = world.refuses(&[], thief.open(&page.path)).await;
                shown.answer.is_page(status);
                assert_eq!(shown.number(), None);
                assert!(!shown.answer.body.contains(&format!(">{number}<")));
                assert!(!shown.answer.body.contains(ANNA));
                world
                    .refuses(&[], thief.wait(&page, "told"))
                    .await
                    .is_page(status);
                for button in ["", "/again", "/same", "/cancel"] {
                    let action = format!("{}{button}", page.path);
                    let fields = [("csrf", own.csrf()), ("account", ANNA.to_owned())];
                    let fields = fields
                        .each_ref()
                        .map(|(name, value)| (*name, value.as_str()));
                    let pressed = world.refuses(&[], thief.post(&action, &fields)).await;
                    pressed.answer.is_page(status);
                }
            }
        }
    };
    approve.await;
    // Nothing was used up.
    assert!(browser.is_signed_in(&page).await);
    assert_eq!(browser.open(&page.path).await.heading(), "end.elsewhere");
    world.end().await;
}

#[tokio::test]
async fn a_result_is_not_used_up_by_a_request_that_shows_nothing() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    let head = browser.request("HEAD", &page.path, None);
    assert_eq!(world.refuses(&[], browser.once(head)).await.status, 405);
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

#[tokio::test]
async fn a_result_is_not_used_up_by_what_a_browser_fetches_ahead_or_into_another_page() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let with = |path: &str, headers: &[(&'static str, &str)]| {
        let mut request = browser.request("GET", path, None);
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        request
    };
    let navigation = [
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    // As long as it waits there is nothing to be used up.
    let ahead = browser.once(with(&page.path, &[("sec-purpose", "prefetch")]));
    assert_eq!(ahead.await.status, 200);
    phone.approve_on(&page).await;
    let request = Provider::wiki().request(&world);
    for header in [
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-dest", "image"),
        ("sec-fetch-dest", "iframe"),
    ] {
        for path in [&page.path, &request] {
            let ahead = browser.once(with(path, &[header]));
            let nothing = world.refuses(&[], ahead).await;
            assert_eq!(
                (nothing.status, nothing.body.as_str()),
                (503, ""),
                "{header:?}"
            );
            assert_eq!(nothing.header("cache-control"), Some("no-store"));
            assert_eq!(nothing.cookies(), []);
        }
    }
    assert_eq!(browser.once(with(&request, &navigation)).await.status, 303);
    let end = browser.once(with(&page.path, &navigation)).await;
    assert!(end.body.contains("SAMLResponse"));
    world.end().await;
}

#[tokio::test]
async fn a_result_is_not_handed_out_long_after_the_approval() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    world.pass(1801);
    let end = world.refuses(&[], browser.open(&page.path)).await;
    end.answer.is_page(410);
    world.end().await;
}

#[tokio::test]
async fn a_session_ends_a_working_day_after_the_phone_was_asked_however_much_it_is_used() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    browser.open(&page.path).await;
    for _ in 0..7 {
        world.pass(3600);
        assert!(
            browser
                .arrive(&Provider::wiki())
                .await
                .is_answer_to(&Provider::wiki())
        );
    }
    world.pass(3601);
    assert_eq!(browser.arrive(&Provider::wiki()).await.heading(), "signin");
    world.end().await;
}

#[tokio::test]
async fn a_sign_in_that_begins_at_the_end_of_a_session_is_no_ones_loss() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    browser.arrive(&Provider::wiki()).await;
    // A minute before its end: the person takes longer.
    world.pass(8 * 3600 - 60);
    let page = browser.ask(&Provider::wiki(), ANNA).await;
    world.pass(90);
    phone.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    // A session that somebody signed in by ends when it does.
    world.pass(8 * 3600 - 91);
    assert!(
        browser
            .arrive(&Provider::wiki())
            .await
            .is_answer_to(&Provider::wiki())
    );
    world.pass(91);
    assert_eq!(browser.arrive(&Provider::wiki()).await.heading(), "signin");
    world.end().await;
}

#[tokio::test]
async fn a_sign_in_that_begins_at_the_end_of_a_session_leaves_other_tabs_their_forms() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    browser.arrive(&Provider::wiki()).await;
    world.pass(8 * 3600 - 1800);
    let first = browser.arrive(&Provider::wiki()).await;
    world.pass(1740);
    browser.arrive(&Provider::wiki()).await;
    let name = [("account", ANNA)];
    let page = browser.fill(&first, &first.path, &name).await;
    assert_eq!(page.heading(), "wait");
    world.pass(90);
    phone.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

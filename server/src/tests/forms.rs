//! Buttons work from our own pages only, and opening an address begins nothing.

use crate::testkit::{ANNA, BOB, Browser, Provider, World, shown};
use countersign_protocol::Id;

#[tokio::test]
async fn row_36_a_form_without_the_sessions_token_is_refused() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let (invited, invitation, _) = world.invitation_of(BOB).await;
    let other = Browser::new(&world).arrive(&Provider::wiki()).await.csrf();
    let at_invitation = [
        invitation.path.clone(),
        format!("{}/digits", invitation.path),
    ];
    let at_login =
        ["", "/again", "/same", "/cancel"].map(|button| format!("{}{button}", page.path));
    world.pass(31);
    for (browser, actions) in [(&browser, &at_login[..]), (&invited, &at_invitation[..])] {
        for action in actions {
            let random = Id::make().unwrap().to_string();
            for token in [None, Some(""), Some(other.as_str()), Some(random.as_str())] {
                let mut fields = vec![("account", ANNA), ("digits", "123456")];
                fields.extend(token.map(|token| ("csrf", token)));
                let answer = world.refuses(&[], browser.post(action, &fields)).await;
                answer.answer.is_page(410);
            }
        }
    }
    assert_eq!(phone.list("").await.challenges.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_form_of_another_kind_is_refused() {
    let world = World::new().await;
    let (browser, page) = world.waiting().await;
    let csrf = page.csrf();
    let again = format!("{}/again", page.path);
    world.pass(31);
    let twice = [("csrf", csrf.as_str()), ("csrf", csrf.as_str())];
    let answer = world.refuses(&[], browser.post(&again, &twice)).await;
    assert!((400..500).contains(&answer.answer.status));
    let mut json = browser.request("POST", &again, Some(&[("csrf", &csrf)]));
    json.headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    let answer = world.refuses(&[], browser.once(json)).await;
    assert!((400..500).contains(&answer.status));
    let long = "A".repeat(70 * 1024);
    let big = [("csrf", csrf.as_str()), ("account", long.as_str())];
    let answer = world.refuses(&[], browser.post(&page.path, &big)).await;
    assert!(
        (400..500).contains(&answer.answer.status),
        "{}",
        answer.answer.status
    );
    world.end().await;
}

#[tokio::test]
async fn a_get_never_asks_a_phone() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    let page = browser.arrive(&Provider::wiki()).await;
    let csrf = page.csrf();
    let query = format!("?csrf={csrf}&account={ANNA}");
    for path in ["", "/again", "/same", "/cancel"] {
        let path = format!("{}{path}{query}", page.path);
        world.refuses(&[], browser.open_once(&path)).await;
    }
    assert_eq!(phone.list("").await.challenges.len(), 0);

    let page = browser.fill(&page, &page.path, &[("account", ANNA)]).await;
    world.pass(31);
    for path in ["", "/again", "/same", "/cancel"] {
        let path = format!("{}{path}{query}", page.path);
        world.refuses(&[], browser.open_once(&path)).await;
    }
    assert_eq!(phone.list("").await.challenges.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn an_empty_name_is_asked_for_again() {
    let world = World::new().await;
    let browser = Browser::new(&world);
    let page = browser.arrive(&Provider::wiki()).await;
    for name in ["", "  ", "\u{202e}\u{200b} "] {
        let fields = [("account", name)];
        let again = world
            .refuses(&[], browser.fill(&page, &page.path, &fields))
            .await;
        assert_eq!(again.answer.status, 200);
        assert!(again.says(&shown(countersign_texts::Id::SigninEmpty)));
    }
    world.end().await;
}

#[tokio::test]
async fn whoever_does_not_keep_cookies_is_told_so() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let csrf = page.csrf();
    let bare = Browser::new(&world);
    let again = format!("{}/again", page.path);
    let answer = world
        .refuses(&[], bare.post(&again, &[("csrf", &csrf)]))
        .await;
    answer.answer.is_page(400);
    assert_eq!(answer.heading(), "page.cookies");
    phone.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

//! Row 40, the page's side: the digits, and who may type them.

use crate::testkit::{ANNA, BOB, Browser, Enrolment, Provider, World, ask_offer, shown};
use countersign_protocol::Id;
use countersign_protocol::statement::{Standing, StateReason};
use countersign_texts::Id as Text;

#[tokio::test]
async fn row_40_wrong_digits_three_times_end_the_enrolment() {
    let world = World::new().await;
    let pending = Enrolment::begin(&world, ANNA).await.pending().await;
    for left in ["2", "1"] {
        let page = pending.type_digits(&pending.wrong_digits()).await;
        assert!(page.says(&shown(Text::InviteWrong { n: left })));
        assert!(pending.phone.state().await.state == Standing::Pending);
    }
    let end = pending.type_digits(&pending.wrong_digits()).await;
    assert_eq!(end.heading(), "invite.failed");
    let state = pending.phone.state().await;
    assert!(state.state == Standing::Refused && state.reason == Some(StateReason::Sas));

    // The right ones are too late, and the token is over.
    let typed = [("csrf", end.csrf()), ("digits", pending.digits.clone())];
    let typed = typed
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let action = format!("{}/digits", pending.page.path);
    world
        .refuses(&[], pending.browser.post(&action, &typed))
        .await;
    let token = pending.link.token.to_string();
    ask_offer(&world, &token).await.is_problem(410, "gone");
    assert!(pending.phone.state().await.state == Standing::Refused);

    // A new code, and a phone that is Anna's.
    let page = pending.browser.press(&end, &pending.page.path).await;
    let link = page.invitation();
    Enrolment::with(&world, pending.browser, page, link)
        .await
        .finish()
        .await;
    world.end().await;
}

#[tokio::test]
async fn what_is_not_six_digits_is_no_try() {
    let world = World::new().await;
    let pending = Enrolment::begin(&world, ANNA).await.pending().await;
    for typed in [
        "",
        "12345",
        "1234567",
        "abcdef",
        "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
    ] {
        let page = world.refuses(&[], pending.type_digits(typed)).await;
        assert!(page.says(&shown(Text::InviteEmpty)), "{typed}");
    }
    let spaced = format!(" {}-{} ", &pending.digits[..3], &pending.digits[3..]);
    assert_eq!(pending.type_digits(&spaced).await.heading(), "invite.done");
    world.end().await;
}

#[tokio::test]
async fn row_40_wrong_digits_typed_at_once_are_counted() {
    let world = World::new().await;
    let pending = Enrolment::begin(&world, ANNA).await.pending().await;
    let page = pending.browser.open(&pending.page.path).await;
    let action = format!("{}/digits", page.path);
    let wrong = pending.wrong_digits();
    let typed = [("digits", wrong.as_str())];
    let guess = || pending.browser.fill(&page, &action, &typed);
    tokio::join!(guess(), guess(), guess(), guess());
    assert!(pending.phone.state().await.reason == Some(StateReason::Sas));
    assert_eq!(pending.phone.state().await.sn, 2);
    world.end().await;
}

#[tokio::test]
async fn row_40_digits_are_taken_from_the_browser_that_shows_the_invitation_only() {
    let world = World::new().await;
    let pending = Enrolment::begin(&world, ANNA).await.pending().await;
    let path = &pending.page.path;
    let other = Browser::new(&world);
    let closed = other.open(path).await;
    assert!(!closed.answer.body.contains(ANNA) && !closed.answer.body.contains("digits"));
    let csrf = closed.csrf();
    let typed = [("csrf", csrf.as_str()), ("digits", pending.digits.as_str())];
    let action = format!("{path}/digits");
    let answer = world.refuses(&[], other.post(&action, &typed)).await;
    answer.answer.is_page(410);
    assert_eq!(
        pending.type_digits(&pending.digits).await.heading(),
        "invite.done"
    );
    world.end().await;
}

#[tokio::test]
async fn row_40_pending_ends_with_its_time() {
    let world = World::new().await;
    let pending = Enrolment::begin(&world, ANNA).await.pending().await;
    let page = pending.browser.open(&pending.page.path).await;
    world.pass(601);
    let typed = [("digits", pending.digits.as_str())];
    let action = format!("{}/digits", page.path);
    let end = pending.browser.fill(&page, &action, &typed).await;
    assert_eq!(end.heading(), "invite.over");
    let state = pending.phone.state().await;
    assert!(state.state == Standing::Refused && state.reason == Some(StateReason::Expired));
    assert_eq!(state.sn, 2);
    world.end().await;
}

#[tokio::test]
async fn opening_the_page_makes_nothing() {
    let world = World::new().await;
    let path = world.invite(ANNA).await;
    for _ in 0..3 {
        let page = Browser::new(&world).open(&path).await;
        assert!(!page.answer.body.contains("/e#"));
    }
    assert_eq!(world.count("invitations").await, 0);
    world.end().await;
}

#[tokio::test]
async fn row_40_a_page_that_is_over_or_unknown_makes_nothing() {
    let world = World::new().await;
    let path = world.invite(ANNA).await;
    let browser = Browser::new(&world);
    let page = browser.open(&path).await;
    for unknown in [
        format!("/i/{}", Id::make().unwrap()),
        "/i/x".into(),
        "/i/%ff".into(),
    ] {
        let answer = world.refuses(&[], browser.open(&unknown)).await;
        assert!(matches!(answer.answer.status, 400 | 404));
        let csrf = page.csrf();
        let answer = world
            .refuses(&[], browser.post(&unknown, &[("csrf", &csrf)]))
            .await;
        assert!(matches!(answer.answer.status, 400 | 404));
    }
    world.pass(86_401);
    let over = browser.open(&path).await;
    assert_eq!(over.heading(), "invite.over");
    assert_eq!(over.actions(), [""; 0]);
    world.end().await;
}

#[tokio::test]
async fn row_40_a_page_never_adds_a_second_phone() {
    let world = World::new().await;
    let pending = Enrolment::begin(&world, ANNA).await.pending().await;
    let path = pending.page.path.clone();
    pending.type_digits(&pending.digits).await;
    let said = world
        .refuses(&[], world.try_command(&["invite", ANNA]))
        .await;
    assert!(said.unwrap_err().contains("has a phone already"));
    // Nor does the button of the page that added the first.
    let other = Browser::new(&world);
    let page = other.open(&path).await;
    let csrf = page.csrf();
    let answer = world
        .refuses(&[], other.post(&path, &[("csrf", &csrf)]))
        .await;
    answer.answer.is_page(404);
    assert_eq!(pending.browser.open(&path).await.heading(), "invite.done");
    world.end().await;
}

#[tokio::test]
async fn row_40_an_older_page_is_over_once_a_newer_was_made() {
    let world = World::new().await;
    let old = world.invite(ANNA).await;
    let browser = Browser::new(&world);
    let page = browser.open(&old).await;
    let (new_browser, new_page, link) = world.invitation(ANNA).await;
    let csrf = page.csrf();
    let answer = world
        .refuses(&[], browser.post(&old, &[("csrf", &csrf)]))
        .await;
    answer.answer.is_page(404);
    Enrolment::with(&world, new_browser, new_page, link)
        .await
        .finish()
        .await;
    world.end().await;
}

#[tokio::test]
async fn row_40_a_newer_page_ends_the_phone_that_was_under_way() {
    let world = World::new().await;
    let pending = Enrolment::begin(&world, ANNA).await.pending().await;
    world.invite(ANNA).await;
    let state = pending.phone.state().await;
    assert!(state.state == Standing::Refused && state.reason == Some(StateReason::Expired));
    let page = pending.browser.open(&pending.page.path).await;
    page.answer.is_page(404);
    world.end().await;
}

#[tokio::test]
async fn nothing_that_opens_an_invitation_is_in_the_database() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let (path, token) = (
        enrolment.page.path.clone(),
        enrolment.link.token.to_string(),
    );
    let cookie = enrolment.browser.cookie("__Host-session").unwrap();
    let pending = enrolment.pending().await;
    let stored = format!("{:?}", world.snapshot().await);
    // The registration, which the phone signed, has the token in it by protocol; it is base64url.
    for secret in [
        path.trim_start_matches("/i/"),
        &token,
        &cookie,
        &pending.digits,
    ] {
        assert!(!stored.contains(secret), "{secret}");
    }
    world.end().await;
}

#[tokio::test]
async fn who_signs_in_meanwhile_in_the_same_browser_keeps_the_invitation_and_no_old_cookie_does() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page, link) = world.invitation_of(BOB).await;
    let enrolment = Enrolment::with(&world, browser.copy(), page, link).await;
    let pending = enrolment.pending().await;
    let login = browser.ask(&Provider::wiki(), ANNA).await;
    phone.approve_on(&login).await;
    assert!(browser.is_signed_in(&login).await);

    // The copy has the cookie of before.
    let old = pending.browser.open(&pending.page.path).await;
    assert_eq!(old.heading(), "invite");
    assert!(!old.actions().contains(&format!("{}/digits", old.path)));
    let page = browser.open(&pending.page.path).await;
    let digits = [("digits", pending.digits.as_str())];
    let done = browser
        .fill(&page, &format!("{}/digits", page.path), &digits)
        .await;
    assert_eq!(done.heading(), "invite.done");
    assert!(pending.phone.state().await.state == Standing::Active);
    world.end().await;
}

//! Two at once: never two effects, never a fault.

use crate::testkit::{ANNA, Browser, Enrolment, Provider, World, ask_offer};
use countersign_protocol::statement::{Decision, VerdictCode};

#[tokio::test]
async fn two_tabs_get_one_result() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for _ in 0..4 {
        let (browser, page) = world.waiting().await;
        phone.approve_on(&page).await;
        let tab = browser.copy();
        let (one, two) = tokio::join!(browser.open(&page.path), tab.open(&page.path));
        let results = [&one, &two].map(|page| page.is_answer_to(&Provider::wiki()));
        assert_eq!(results.iter().filter(|result| **result).count(), 1);
        let other = if results[0] { two } else { one };
        // It lost its cookie to the other tab, or came in time to be told.
        assert!(
            matches!(other.answer.status, 200 | 410),
            "{}",
            other.answer.body
        );
    }
    let done = "SELECT count(*) || '' FROM logins WHERE stage = 'done'";
    assert_eq!(world.value(done).await, "4");
    world.end().await;
}

#[tokio::test]
async fn a_name_sent_twice_asks_once() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for _ in 0..4 {
        let browser = Browser::new(&world);
        let page = browser.arrive(&Provider::wiki()).await;
        let fields = [("account", ANNA)];
        let (one, two) = tokio::join!(
            browser.fill(&page, &page.path, &fields),
            browser.fill(&page, &page.path, &fields)
        );
        assert_eq!(one.number(), two.number());
        phone.approve_on(&one).await;
        assert!(browser.is_signed_in(&page).await);
    }
    assert_eq!(world.count("challenges").await, 4);
    world.end().await;
}

#[tokio::test]
async fn send_again_pressed_twice_asks_once() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for _ in 0..4 {
        let (browser, page) = world.waiting().await;
        let again = format!("{}/again", page.path);
        world.pass(30);
        tokio::join!(browser.press(&page, &again), browser.press(&page, &again));
        let list = phone.list("").await;
        assert_eq!(list.challenges.len(), 1);
        let page = browser.open(&page.path).await;
        phone.approve_on(&page).await;
    }
    assert_eq!(world.count("challenges").await, 8);
    world.end().await;
}

#[tokio::test]
async fn an_approval_and_send_again_at_once_leave_one_of_both() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for _ in 0..6 {
        let (browser, page) = world.waiting().await;
        let challenge = phone.challenge().await;
        let again = format!("{}/again", page.path);
        world.pass(30);
        let number = page.number();
        let response = phone.response(&challenge, Decision::Approve, number.as_deref());
        let response = phone.sign(response);
        let pressed = browser.request("POST", &again, Some(&[("csrf", &page.csrf())]));
        let (verdict, _) = tokio::join!(phone.deliver(&response), browser.once(pressed));
        match verdict.code {
            // What the phone was told to be approved is.
            VerdictCode::Ok => {
                assert_eq!(phone.list("").await.challenges.len(), 0);
                let end = browser.open(&page.path).await;
                assert!(end.is_answer_to(&Provider::wiki()), "{}", end.heading());
            }
            VerdictCode::Cancelled => {
                let page = browser.open(&page.path).await;
                phone.approve_on(&page).await;
            }
            other => panic!("{other:?}"),
        }
    }
    world.end().await;
}

#[tokio::test]
async fn a_result_handed_out_is_not_asked_for_again() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for _ in 0..6 {
        let (browser, page) = world.waiting().await;
        world.pass(30);
        phone.approve_on(&page).await;
        let again = format!("{}/again", page.path);
        let tab = browser.copy();
        let pressed = tab.request("POST", &again, Some(&[("csrf", &page.csrf())]));
        let (end, _) = tokio::join!(browser.open(&page.path), tab.once(pressed));
        assert!(end.is_answer_to(&Provider::wiki()), "{}", end.heading());
        assert_eq!(phone.list("").await.challenges.len(), 0);
        assert_eq!(browser.open(&page.path).await.heading(), "end.elsewhere");
    }
    world.end().await;
}

#[tokio::test]
async fn an_approval_and_a_cancel_at_once_leave_one_of_both() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for _ in 0..6 {
        let (browser, page) = world.waiting().await;
        let challenge = phone.challenge().await;
        let response =
            phone.sign(phone.response(&challenge, Decision::Approve, page.number().as_deref()));
        let cancel = format!("{}/cancel", page.path);
        let pressed = browser.request("POST", &cancel, Some(&[("csrf", &page.csrf())]));
        let (verdict, _) = tokio::join!(phone.deliver(&response), browser.once(pressed));
        let end = browser.open(&page.path).await;
        let approved = verdict.code == VerdictCode::Ok;
        assert!(approved || verdict.code == VerdictCode::Cancelled);
        assert_eq!(end.is_answer_to(&Provider::wiki()), approved);
    }
    world.end().await;
}

#[tokio::test]
async fn the_button_of_an_invitation_pressed_twice_is_no_fault() {
    let world = World::new().await;
    let path = world.invite(ANNA).await;
    let browser = Browser::new(&world);
    let page = browser.open(&path).await;
    let (one, two) = tokio::join!(browser.press(&page, &path), browser.press(&page, &path));
    for page in [one, two] {
        assert_eq!(page.answer.status, 200, "{}", page.answer.body);
    }
    // The last one pressed is the one that the page shows, and it works.
    let page = browser.open(&path).await;
    let link = page.invitation();
    Enrolment::with(&world, browser, page, link)
        .await
        .finish()
        .await;
    world.end().await;
}

#[tokio::test]
async fn the_right_digits_and_a_second_finisher_at_once_leave_no_stranger() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let rival = enrolment.rival().await;
    let pending = enrolment.pending().await;
    let theirs = crate::testkit::sign(rival.registration(), &rival.dev);
    let page = pending.browser.open(&pending.page.path).await;
    let action = format!("{}/digits", page.path);
    let typed = [("digits", pending.digits.as_str())];
    let (_, answer) = tokio::join!(
        pending.browser.fill(&page, &action, &typed),
        rival.register(&theirs)
    );
    answer.is_problem(409, "conflict");
    // Either the digits were first and the ID has its phone, or nobody has anything.
    let standing = pending.phone.state().await.state;
    let heading = pending.browser.open(&pending.page.path).await.heading();
    let ends = [
        (
            countersign_protocol::statement::Standing::Active,
            "invite.done",
        ),
        (
            countersign_protocol::statement::Standing::Refused,
            "invite.used",
        ),
    ];
    assert!(ends.contains(&(standing, heading.as_str())), "{heading}");
    assert_eq!(world.count("credentials").await, 1);
    world.end().await;
}

#[tokio::test]
async fn two_phones_register_at_once_and_nobody_is_added() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let rival = enrolment.rival().await;
    let mine = crate::testkit::sign(enrolment.registration(), &enrolment.dev);
    let theirs = crate::testkit::sign(rival.registration(), &rival.dev);
    let (one, two) = tokio::join!(enrolment.register(&mine), rival.register(&theirs));
    let mut statuses = [one.status, two.status];
    statuses.sort();
    assert_eq!(statuses, [201, 409]);
    let page = enrolment.browser.open(&enrolment.page.path).await;
    assert_eq!(page.heading(), "invite.used");
    assert_eq!(
        world
            .value("SELECT group_concat(standing) FROM credentials")
            .await,
        "refused"
    );
    world.end().await;
}

#[tokio::test]
async fn offers_asked_for_at_once_are_counted() {
    let world = World::new().await;
    let (_browser, _page, link) = world.invitation(ANNA).await;
    let token = link.token.to_string();
    let ask = || ask_offer(&world, &token);
    let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
    let (e, f, g, h) = tokio::join!(ask(), ask(), ask(), ask());
    let statuses = [a, b, c, d, e, f, g, h].map(|answer| answer.status);
    let granted = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(granted, 5);
    assert!(statuses.iter().all(|status| matches!(status, 200 | 410)));
    assert_eq!(world.count("offers").await, 5);
    world.end().await;
}

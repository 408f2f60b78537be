//! Lists, cursors and long polls.

use crate::testkit::{ANNA, BOB, Browser, Enrolment, Phone, Provider, World, payment};
use countersign_protocol::statement::{Decision, Standing};
use tokio::task::yield_now;

/// Until the server has begun the n-th poll of this phone.
async fn begun(world: &World, phone: &Phone<'_>, turn: u64) {
    while !world.app.wake.is_newest_poll(&phone.id.to_string(), turn) {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_cursor_lists_what_is_newer_and_nothing_twice() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    // That it was added is told, as to every phone of the ID.
    phone.acknowledge_all().await;
    let empty = phone.list("").await;
    assert!(empty.challenges.is_empty() && empty.others.is_empty() && !empty.more);
    assert_eq!(empty.sn, 2);

    world.waiting().await;
    let first = phone.list(&format!("?after={}&wait=25", empty.next)).await;
    assert_eq!(first.challenges.len(), 1);
    let nothing = phone.list(&format!("?after={}&wait=0", first.next)).await;
    assert_eq!((nothing.challenges.len(), &nothing.next), (0, &first.next));
    world.waiting_known().await;
    let second = phone.list(&format!("?after={}&wait=25", first.next)).await;
    assert_eq!(second.challenges.len(), 1);
    assert_ne!(second.challenges, first.challenges);
    // Without a cursor, everything that is open.
    assert_eq!(phone.list("").await.challenges.len(), 2);
    world.end().await;
}

#[tokio::test]
async fn an_unknown_cursor_lists_everything_at_once() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    world.waiting().await;
    let seq = phone.list("").await.next;
    for after in [
        "x",
        "",
        "9-9",
        "99999-1",
        "1-99",
        "-1-1",
        "1--1",
        "1-",
        "AAAA",
        "1-2-3",
        "999999999999999999999-1",
    ] {
        let list = phone.list(&format!("?after={after}&wait=25")).await;
        assert_eq!(list.challenges.len(), 1, "{after}");
        assert_eq!(list.next, seq);
    }
    world.end().await;
}

#[tokio::test]
async fn what_is_over_is_not_listed() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, _page) = world.waiting().await;
    let challenge = phone.challenge().await;
    phone.decide(&challenge, Decision::Deny, None).await;
    assert_eq!(phone.list("").await.challenges.len(), 0);
    world.waiting().await;
    world.pass(121);
    assert_eq!(phone.list("").await.challenges.len(), 0);
    world.end().await;
}

#[tokio::test]
async fn more_than_fit_come_in_several_lists() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    phone.acknowledge_all().await;
    for n in 0..23 {
        let shop = world.shop(&format!("shop-{n}")).await;
        shop.ask(&payment("r")).await;
    }
    let first = phone.list("").await;
    assert_eq!((first.challenges.len(), first.more), (20, true));
    let rest = phone.list(&format!("?after={}&wait=25", first.next)).await;
    assert_eq!((rest.challenges.len(), rest.more), (3, false));
    let mut all: Vec<String> = first
        .challenges
        .into_iter()
        .chain(rest.challenges)
        .collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 23);
    world.end().await;
}

#[tokio::test]
async fn a_request_ends_the_wait_and_the_page_learns_that_it_was_seen() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    let page = browser.arrive(&Provider::wiki()).await;
    let next = phone.list("").await.next;
    let path = format!("?after={next}&wait=25");
    let (list, waiting) = tokio::join!(phone.list(&path), async {
        begun(&world, &phone, 2).await;
        let page = browser.fill(&page, &page.path, &[("account", ANNA)]).await;
        let seen = browser.wait(&page, "told").await;
        assert_eq!(seen.body, "seen");
        page
    });
    assert_eq!(list.challenges.len(), 1);
    assert_eq!(browser.open(&waiting.path).await.phase().unwrap(), "seen");
    world.end().await;
}

#[tokio::test]
async fn a_newer_poll_ends_the_older_with_an_empty_answer() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let next = phone.list("").await.next;
    let path = format!("?after={next}&wait=25");
    let (old, newer) = tokio::join!(phone.list(&path), async {
        begun(&world, &phone, 2).await;
        phone.list(&format!("?after={next}&wait=0")).await
    });
    assert!(old.challenges.is_empty() && old.next == next && !old.more);
    assert_eq!(newer.next, next);
    world.end().await;
}

#[tokio::test]
async fn polls_of_two_phones_do_not_end_each_other() {
    let world = World::new().await;
    let anna = world.with_phone().await;
    let bob = world.with_bob().await;
    let next = anna.list("").await.next;
    let path = format!("?after={next}&wait=25");
    let (list, _) = tokio::join!(anna.list(&path), async {
        begun(&world, &anna, 2).await;
        bob.list("").await;
        Browser::new(&world).ask(&Provider::wiki(), BOB).await;
        world.waiting().await;
    });
    assert_eq!(list.challenges.len(), 1);
    assert!(anna.verify(&list.challenges[0]).account.as_str() == ANNA);
    world.end().await;
}

#[tokio::test]
async fn a_new_state_ends_the_wait() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    world.waiting().await;
    let challenge = phone.challenge().await;
    let after = phone.list("").await.next;
    let path = format!("?after={after}&wait=25");
    let (list, _) = tokio::join!(phone.list(&path), async {
        begun(&world, &phone, 3).await;
        phone.decide(&challenge, Decision::Report, None).await;
    });
    assert!(list.challenges.is_empty() && list.sn == 3 && list.next != after);
    assert!(phone.state().await.state == Standing::Suspended);
    world.end().await;
}

#[tokio::test]
async fn a_pending_phone_waits_for_its_digits() {
    let world = World::new().await;
    let pending = Enrolment::begin(&world, ANNA).await.pending().await;
    let path = format!("{}?sn=1&wait=25", pending.phone.path());
    let (answer, end) = tokio::join!(
        pending.phone.get(&path),
        pending.type_digits(&pending.digits)
    );
    assert_eq!(end.heading(), "invite.done");
    assert_eq!(answer.status, 200);
    let state = pending.phone.state().await;
    assert!(state.state == Standing::Active && state.sn == 2);
    assert!(answer.body.contains(state.compact()));
    // Not what it has: at once.
    for sn in ["?sn=1&wait=25", "?sn=9&wait=25", "?wait=25", ""] {
        let path = format!("{}{sn}", pending.phone.path());
        assert!(
            pending
                .phone
                .get(&path)
                .await
                .body
                .contains(state.compact())
        );
    }
    world.end().await;
}

#[tokio::test]
async fn a_page_that_waits_does_not_turn_in_circles() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    world.pass(20);
    assert_eq!(browser.wait(&page, "told").await.body, "unreached");
    let tab = browser.copy();
    let before = world.looks();
    let (answer, looks) = tokio::join!(tab.wait(&page, "unreached"), async {
        // The database is asked by others for a while; whoever waits only waits.
        for _ in 0..100 {
            browser.open_once("/readyz").await;
        }
        let looks = world.looks() - before;
        browser.press(&page, &format!("{}/cancel", page.path)).await;
        looks
    });
    assert_eq!(answer.body, "cancelled");
    assert!(looks < 20, "{looks}");
    world.end().await;
}

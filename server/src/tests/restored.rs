//! A database that was put back from a backup: phones that were told more since believe it again.

use crate::testkit::{ANNA, BOB, Browser, Enrolment, Provider, World};
use countersign_protocol::statement::{Decision, Standing, State, StateReason};

/// The same but for what each new state has of its own.
fn says_the_same(state: &State, before: &State) -> bool {
    let as_before = State {
        sn: before.sn,
        iat: before.iat,
        keys: before.keys,
        ..state.clone()
    };
    as_before == *before
}

#[tokio::test]
async fn after_a_backup_was_put_back_the_next_states_are_newer_than_any_that_a_phone_has() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    world
        .command(&["phone", "suspend", &tablet.id.to_string()])
        .await;
    let bob = world.with_bob().await;
    world
        .command(&["phone", "revoke", &bob.id.to_string()])
        .await;
    world.add_user("eve@example.com").await;
    let eve = Enrolment::begin(&world, "eve@example.com").await;
    let eve = eve.pending().await;

    let all = [phone, tablet, &bob];
    for times in 1..=2 {
        let mut before = Vec::new();
        for one in all {
            before.push(one.state().await);
        }
        assert_eq!(world.command(&["restored"]).await["states"], 4);
        for (one, before) in all.into_iter().zip(&before) {
            let state = one.state().await;
            assert_eq!(state.sn, before.sn + 1000, "{times}");
            assert!(says_the_same(&state, before));
        }
    }
    // What was under way is not.
    let state = eve.phone.state().await;
    assert!(state.state == Standing::Refused && state.reason == Some(StateReason::Expired));
    assert_eq!(state.sn, 1 + 2 * 1000);
    // What is done next is heard.
    world
        .command(&["phone", "resume", &tablet.id.to_string()])
        .await;
    assert!(tablet.state().await.state == Standing::Active);
    world.end().await;
}

#[tokio::test]
async fn after_a_backup_was_put_back_nothing_used_up_since_is_good_and_nothing_is_kept_from_a_phone()
 {
    let world = World::new().await;
    let phone = world.with_phone().await;
    phone.make_codes().await;
    phone.acknowledge_all().await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    world.add_user(BOB).await;
    let address = world.invite(BOB).await;
    let backup = world.copy().await;

    // The phone reads on.
    let mut cursor = String::new();
    for _ in 0..3 {
        world.waiting().await;
        let challenge = phone.challenge().await;
        cursor = phone.list("").await.next;
        phone.decide(&challenge, Decision::Deny, None).await;
    }
    let said = backup.command(&["restored"]).await;
    assert_eq!((&said["states"], &said["locked"]), (&1.into(), &1.into()));
    let (phone, browser) = (phone.at(&backup), browser.at(&backup));
    // What is asked now is newer than what it read, however many are asked after it.
    backup.waiting().await;
    for n in 0..9 {
        let nobody = format!("name{n}@example.com");
        Browser::new(&backup).ask(&Provider::wiki(), &nobody).await;
    }
    let list = phone.list(&format!("?after={cursor}")).await;
    assert_eq!(list.challenges.len(), 1);

    // Neither a session, nor a browser that is known, nor an address that was handed out is good.
    assert_eq!(browser.arrive(&Provider::wiki()).await.heading(), "signin");
    assert_eq!(backup.count("known_browsers").await, 0);
    let opened = Browser::new(&backup).open(&address).await;
    opened.answer.is_page(404);
    // Nor a code that may have been used, until somebody looked.
    let line = ["user", "recovery", ANNA];
    assert_eq!(backup.command(&line).await["state"], "locked");
    let line = ["user", "recovery", ANNA, "--unlock"];
    assert_eq!(backup.command(&line).await["state"], "open");
    backup.end().await;
    world.end().await;
}

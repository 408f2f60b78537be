//! A database that was put back from a backup: phones that were told more since believe it again.

use crate::testkit::{Enrolment, World};
use countersign_protocol::statement::{Standing, State, StateReason};

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

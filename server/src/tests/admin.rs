//! A phone that an administrator adds, by digits that they hear.

use crate::testkit::{ANNA, BOB, Browser, Enrolment, World, ask_offer};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::statement::{Event, Standing, StateReason, Via, set_of};

#[tokio::test]
async fn an_administrator_adds_a_second_phone_on_probation_and_both_are_told() {
    let world = World::new().await;
    let first = world.with_phone().await;
    first.acknowledge_all().await;
    let enrolment = Enrolment::begin_by_admin(&world, ANNA).await;
    assert!(enrolment.offer.via == Via::Admin && enrolment.offer.rec.is_none());
    let second = enrolment.finish_by_admin(ANNA).await;
    let state = second.state().await;
    assert_eq!(state.probation, Some(world.now() + 86_400));

    let set = set_of(&[&first, &second].map(|phone| phone.dev.public().thumbprint()));
    for phone in [&first, &second] {
        let notices = phone.notices().await;
        let [notice] = notices.as_slice() else {
            panic!("{} notices", notices.len())
        };
        assert!(notice.event == Event::AdminEnrolled && notice.set == set);
        assert_eq!(notice.phones, 2);
        assert_eq!(notice.device.as_ref().unwrap().as_str(), "Anna's tablet");
    }
    // It is in its states as long as they are.
    let id = second.id.to_string();
    world.command(&["phone", "suspend", &id]).await;
    world.command(&["phone", "resume", &id]).await;
    assert_eq!(second.state().await.probation, state.probation);
    assert!(first.state().await.probation.is_none());
    world.end().await;
}

#[tokio::test]
async fn the_first_phone_of_an_id_is_on_no_probation_whoever_adds_it() {
    let world = World::new().await;
    let enrolment = Enrolment::begin_by_admin(&world, ANNA).await;
    let phone = enrolment.finish_by_admin(ANNA).await;
    assert!(phone.state().await.probation.is_none());
    // A later one is, also where the first is gone.
    world
        .command(&["phone", "revoke", &phone.id.to_string()])
        .await;
    let enrolment = Enrolment::begin_by_admin(&world, ANNA).await;
    let phone = enrolment.finish_by_admin(ANNA).await;
    assert!(phone.state().await.probation.is_some());
    world.end().await;
}

#[tokio::test]
async fn row_40_digits_read_out_wrongly_three_times_end_the_enrolment() {
    let world = World::new().await;
    world.with_phone().await;
    let pending = Enrolment::begin_by_admin(&world, ANNA)
        .await
        .pending()
        .await;
    let wrong = pending.wrong_digits();
    for (typed, why) in [
        ("12345", "six digits"),
        ("x", "six digits"),
        (&wrong, "2 tries left"),
        (&wrong, "1 try left"),
        (&wrong, "three times"),
    ] {
        let said = world.try_command(&["phone", "confirm", ANNA, typed]).await;
        let said = said.unwrap_err();
        assert!(said.contains(why), "{said}");
    }
    assert!(pending.phone.state().await.reason == Some(StateReason::Sas));
    let line = ["phone", "confirm", ANNA, &pending.digits];
    let said = world.refuses(&[], world.try_command(&line)).await;
    assert!(said.is_err());
    world.end().await;
}

#[tokio::test]
async fn row_40_an_invitation_by_an_administrator_is_used_once_and_in_its_time() {
    let world = World::new().await;
    world.with_phone().await;
    // Two phones with the same invitation: neither is added.
    let enrolment = Enrolment::begin_by_admin(&world, ANNA).await;
    let rival = enrolment.rival().await;
    let pending = enrolment.pending().await;
    let theirs = crate::testkit::sign(rival.registration(), &rival.dev);
    rival.register(&theirs).await.is_problem(409, "conflict");
    let line = ["phone", "confirm", ANNA, &pending.digits];
    assert!(world.try_command(&line).await.is_err());
    assert!(pending.phone.state().await.state == Standing::Refused);

    // Ten minutes to come, ten to be confirmed.
    let said = world.command(&["phone", "add", ANNA]).await;
    let link = Invitation::parse(said["invitation"].as_str().unwrap()).unwrap();
    assert_eq!(link.expires, world.now() + 600);
    world.pass(601);
    let answer = ask_offer(&world, &link.token.to_string()).await;
    answer.is_problem(410, "gone");
    let pending = Enrolment::begin_by_admin(&world, ANNA)
        .await
        .pending()
        .await;
    world.pass(601);
    let line = ["phone", "confirm", ANNA, &pending.digits];
    let said = world.try_command(&line).await.unwrap_err();
    assert!(said.contains("too late"), "{said}");
    assert!(pending.phone.state().await.reason == Some(StateReason::Expired));
    world.end().await;
}

#[tokio::test]
async fn one_invitation_at_a_time_whoever_makes_it() {
    let world = World::new().await;
    let page = Enrolment::begin(&world, ANNA).await.pending().await;
    // Digits of a page's invitation are for its page.
    let line = ["phone", "confirm", ANNA, &page.digits];
    let said = world.refuses(&[], world.try_command(&line)).await;
    assert!(said.is_err());

    let pending = Enrolment::begin_by_admin(&world, ANNA)
        .await
        .pending()
        .await;
    assert!(page.phone.state().await.state == Standing::Refused);
    // The page is gone with it.
    let answer = Browser::new(&world).open(&page.page.path).await;
    assert_eq!(answer.answer.status, 404);
    let another = world.command(&["phone", "add", ANNA]).await;
    assert!(another["invitation"].is_string());
    assert!(pending.phone.state().await.state == Standing::Refused);
    world.end().await;
}

#[tokio::test]
async fn nobody_is_added_for_somebody_else() {
    let world = World::new().await;
    world.add_user(BOB).await;
    let pending = Enrolment::begin_by_admin(&world, ANNA)
        .await
        .pending()
        .await;
    for account in [BOB, "carla@example.com"] {
        let line = ["phone", "confirm", account, &pending.digits];
        let said = world.refuses(&[], world.try_command(&line)).await;
        assert!(said.is_err());
    }
    let line = ["phone", "add", "carla@example.com"];
    let said = world.refuses(&[], world.try_command(&line)).await;
    assert!(said.is_err());
    world.end().await;
}

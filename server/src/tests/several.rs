//! Several phones of one ID: all are asked, the first final decision wins, the others are told.

use crate::testkit::{ANNA, Browser, Other, Page, Phone, Provider, World, sign};
use countersign_protocol::Signed;
use countersign_protocol::statement::{
    CancelReason, Challenge, Decision, Event, Prev, Standing, StateReason, VerdictCode, set_of,
};

/// A request that all of these phones have seen.
async fn asked<'w>(
    world: &'w World,
    phones: &[Phone<'w>; 2],
) -> (Browser<'w>, Page, [Signed<Challenge>; 2]) {
    let (browser, page) = world.waiting().await;
    let [a, b] = phones;
    let challenges = [a.challenge().await, b.challenge().await];
    (browser, page, challenges)
}

#[tokio::test]
async fn the_first_decision_wins_and_the_other_phone_is_told_who_decided() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    let set = set_of(&[phone, tablet].map(|phone| phone.dev.public().thumbprint()));
    for by_approval in [true, false] {
        let (browser, page, [ours, theirs]) = asked(&world, &phones).await;
        assert!(ours.txn == theirs.txn && ours.jti != theirs.jti);
        for challenge in [&ours, &theirs] {
            assert!(challenge.set == set && challenge.phones == 2);
        }
        let cursor = tablet.list("").await.next;
        let number = page.number().unwrap();
        let code = match by_approval {
            true => phone.approve(&ours, &number).await,
            false => phone.decide(&ours, Decision::Deny, None).await,
        };
        assert_eq!(code, VerdictCode::Ok);
        // Newer than what it was shown.
        let list = tablet.list(&format!("?after={cursor}&wait=25")).await;
        assert!(list.challenges.is_empty() && list.others.len() == 1);
        let Other::Cancel(cancel) = tablet.read_other(&list.others[0]) else {
            panic!("a cancel")
        };
        assert!(cancel.challenge == theirs.jti);
        assert!(cancel.reason == CancelReason::DecidedElsewhere);
        assert_eq!(cancel.device.as_ref().unwrap().as_str(), "Anna's phone");
        tablet.acknowledge_all().await;
        assert!(phone.told().await.is_empty());

        // Whatever it says now has no effect.
        assert_eq!(
            tablet.approve(&theirs, &number).await,
            VerdictCode::DecidedElsewhere
        );
        assert_eq!(
            tablet.decide(&theirs, Decision::Deny, None).await,
            VerdictCode::DecidedElsewhere
        );
        let end = browser.open(&page.path).await;
        assert_eq!(end.is_answer_to(&Provider::wiki()), by_approval);
        assert!(by_approval || end.heading() == "end.denied");
    }
    world.end().await;
}

#[tokio::test]
async fn row_25_a_wrong_number_on_one_phone_ends_it_on_both() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    let (browser, page, [ours, theirs]) = asked(&world, &phones).await;
    let number = page.number().unwrap();
    let wrong = format!("{:02}", (number.parse::<u32>().unwrap() + 1) % 100);
    assert_eq!(phone.approve(&ours, &wrong).await, VerdictCode::NumberWrong);
    assert_eq!(
        tablet.approve(&theirs, &number).await,
        VerdictCode::DecidedElsewhere
    );
    assert_eq!(browser.open(&page.path).await.heading(), "end.number");
    let cancels = tablet.cancels().await;
    assert!(cancels.len() == 1 && cancels[0].reason == CancelReason::DecidedElsewhere);
    world.end().await;
}

#[tokio::test]
async fn row_24_both_decide_at_once_and_one_decision_counts() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    for turn in 0..6 {
        let (browser, page, [ours, theirs]) = asked(&world, &phones).await;
        let number = page.number();
        let approval = phone.response(&ours, Decision::Approve, number.as_deref());
        let (decision, number) = match turn % 2 {
            0 => (Decision::Deny, None),
            _ => (Decision::Approve, number.as_deref()),
        };
        let other = tablet.response(&theirs, decision, number);
        let (approval, other) = (phone.sign(approval), tablet.sign(other));
        let (one, two) = tokio::join!(phone.deliver(&approval), tablet.deliver(&other));
        let mut codes = [one.code, two.code];
        codes.sort_by_key(|code| *code != VerdictCode::Ok);
        assert_eq!(codes, [VerdictCode::Ok, VerdictCode::DecidedElsewhere]);
        let approved = one.code == VerdictCode::Ok || decision == Decision::Approve;
        let end = browser.open(&page.path).await;
        assert_eq!(end.is_answer_to(&Provider::wiki()), approved);
        // Who lost is told, who won is not.
        let (told, untold) = match one.code {
            VerdictCode::Ok => (tablet, phone),
            _ => (phone, tablet),
        };
        assert_eq!(
            (told.cancels().await.len(), untold.told().await.len()),
            (1, 0)
        );
        told.acknowledge_all().await;
    }
    let done = "SELECT count(*) || '' FROM challenges WHERE stage = 'open'";
    assert_eq!(world.value(done).await, "0");
    world.end().await;
}

#[tokio::test]
async fn a_phone_that_was_away_gets_its_cancel_later_and_one_that_never_looked_needs_none() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    let (_browser, page, [ours, theirs]) = asked(&world, &phones).await;
    phone.approve(&ours, &page.number().unwrap()).await;
    // A second login, while the tablet is off.
    let (_browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    world.pass(30 * 86_400);
    let cancels = tablet.cancels().await;
    assert!(cancels.len() == 1 && cancels[0].challenge == theirs.jti);
    assert!(cancels[0].reason == CancelReason::DecidedElsewhere);
    world.end().await;
}

#[tokio::test]
async fn a_cancel_of_one_phone_is_nothing_to_another() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    let (_browser, page, [ours, _]) = asked(&world, &phones).await;
    phone.approve(&ours, &page.number().unwrap()).await;
    let cancel = tablet.cancels().await[0].jti;
    phone.acknowledge(&[cancel]).await;
    assert_eq!(tablet.cancels().await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_suspended_phone_is_counted_and_not_asked() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    let id = tablet.id.to_string();
    world.command(&["phone", "suspend", &id]).await;
    for phone in &phones {
        assert!(phone.events().await == [Event::Suspended]);
        assert_eq!(phone.notices().await[0].phones, 2);
        phone.acknowledge_all().await;
    }
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    assert_eq!(challenge.phones, 2);
    assert!(tablet.list("").await.challenges.is_empty());
    // A link would name the txn.
    let path = format!("/cs/v1/challenges/{}", challenge.txn);
    let answer = world.refuses(&[], tablet.get(&path)).await;
    answer.is_problem(404, "not_found");
    phone.approve_on(&page).await;
    let end = browser.open(&page.path).await;
    assert!(end.is_answer_to(&Provider::wiki()));
    world.end().await;
}

#[tokio::test]
async fn a_report_on_one_phone_suspends_all_and_each_keeps_what_only_others_lift() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    let id = tablet.id.to_string();
    let (_browser, _page, [ours, theirs]) = asked(&world, &phones).await;
    phone.decide(&ours, Decision::Report, None).await;
    for phone in &phones {
        let state = phone.state().await;
        assert!(state.state == Standing::Suspended);
        assert!(state.reason == Some(StateReason::Reported));
        assert!(phone.events().await == [Event::Suspended]);
    }
    let device = tablet.notices().await[0].device.clone();
    assert_eq!(device.unwrap().as_str(), "Anna's phone");
    // The tablet reports too: nothing more to tell.
    tablet.decide(&theirs, Decision::Report, None).await;
    assert_eq!(phone.notices().await.len(), 1);

    // The tablet was in an administrator's hands: a report of the other phone doesn't make that lighter.
    world
        .command(&["phone", "resume", &phone.id.to_string()])
        .await;
    world.command(&["phone", "suspend", &id]).await;
    let (_browser, _page) = world.waiting().await;
    let challenge = phone.challenge().await;
    phone.decide(&challenge, Decision::Report, None).await;
    assert!(phone.state().await.reason == Some(StateReason::Reported));
    assert!(tablet.state().await.reason == Some(StateReason::Admin));
    world.end().await;
}

#[tokio::test]
async fn a_copy_of_one_phone_stops_that_phone_alone() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    let (_browser, page) = world.waiting().await;
    tablet.approve_on(&page).await;
    let (browser, page, [ours, theirs]) = asked(&world, &phones).await;
    let mut copy = tablet.response(&theirs, Decision::Approve, page.number().as_deref());
    (copy.ctr, copy.prev) = (1, Prev(None));
    let copy = sign(copy, &tablet.dev);
    assert_eq!(tablet.deliver(&copy).await.code, VerdictCode::Suspended);
    assert!(tablet.state().await.reason == Some(StateReason::Clone));
    assert!(phone.state().await.state == Standing::Active);
    assert!(phone.events().await == [Event::Suspended]);
    let cancels = tablet.cancels().await;
    assert!(cancels.len() == 1 && cancels[0].reason == CancelReason::Withdrawn);
    // The login goes on with the other one.
    phone.approve(&ours, &page.number().unwrap()).await;
    let end = browser.open(&page.path).await;
    assert!(end.is_answer_to(&Provider::wiki()));
    world.end().await;
}

#[tokio::test]
async fn a_phone_that_is_removed_is_told_to_the_others_with_the_phones_that_are_left() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let [phone, tablet] = &phones;
    let (_browser, page, [ours, theirs]) = asked(&world, &phones).await;
    world
        .command(&["phone", "revoke", &tablet.id.to_string()])
        .await;
    let notices = phone.notices().await;
    assert!(notices.len() == 1 && notices[0].event == Event::PhoneRemoved);
    assert_eq!(notices[0].phones, 1);
    assert!(notices[0].set == set_of(&[phone.dev.public().thumbprint()]));
    let number = page.number().unwrap();
    assert_eq!(
        tablet.approve(&theirs, &number).await,
        VerdictCode::NotActive
    );
    assert_eq!(phone.approve(&ours, &number).await, VerdictCode::Ok);
    // What is asked next counts one.
    world.waiting().await;
    let next = phone.challenge().await;
    assert!(next.phones == 1 && next.set == notices[0].set);
    world.end().await;
}

#[tokio::test]
async fn row_33_a_name_without_phones_looks_like_one_with_two() {
    let world = World::new().await;
    let phones = world.with_two_phones().await;
    let (_browser, page) = world.waiting().await;
    assert!(page.number().is_some());
    assert_eq!(world.count("challenges").await, phones.len());
    let stranger = Browser::new(&world)
        .ask(&Provider::wiki(), "nobody@example.com")
        .await;
    assert!(stranger.number().is_some() && stranger.heading() == page.heading());
    // Nobody is told that it is over.
    let before = world.count("others").await;
    world.pass(200);
    phones[0].list("").await;
    assert_eq!(world.count("others").await, before);
    let again = Browser::new(&world).ask(&Provider::wiki(), ANNA).await;
    assert!(again.number().is_some());
    world.end().await;
}

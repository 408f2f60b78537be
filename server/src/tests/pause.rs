//! "This wasn't me", two copies of a phone, and what an administrator does about phones.

use crate::testkit::{ANNA, BOB, Browser, Enrolment, Provider, World};
use countersign_protocol::Id;
use countersign_protocol::statement::{Decision, Prev, Standing, StateReason, VerdictCode};

async fn heading(browser: &Browser<'_>, path: &str) -> String {
    browser.open(path).await.heading()
}

#[tokio::test]
async fn a_report_pauses_the_id_and_takes_back_what_was_not_handed_out() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    // Anna is signed in in one browser; a thief's login is approved; another one waits.
    let (anna, page) = world.waiting().await;
    phone.approve_on(&page).await;
    anna.open(&page.path).await;
    let (thief, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    phone.approve(&challenge, &page.number().unwrap()).await;
    let (waiting, open) = world.waiting().await;
    let still_open = phone.challenge().await;

    assert_eq!(
        phone.decide(&challenge, Decision::Report, None).await,
        VerdictCode::Ok
    );
    let state = phone.state().await;
    assert!(state.state == Standing::Suspended && state.reason == Some(StateReason::Reported));
    assert_eq!(heading(&thief, &page.path).await, "end.reported");
    assert_eq!(heading(&waiting, &open.path).await, "end.paused");
    assert_eq!(anna.arrive(&Provider::wiki()).await.heading(), "signin");

    // A paused phone can report, and nothing else.
    let number = open.number().unwrap();
    assert_eq!(
        phone.approve(&still_open, &number).await,
        VerdictCode::Suspended
    );
    assert_eq!(
        phone.decide(&still_open, Decision::Deny, None).await,
        VerdictCode::Suspended
    );
    assert_eq!(
        phone.decide(&still_open, Decision::Report, None).await,
        VerdictCode::Ok
    );
    assert_eq!(phone.list("").await.challenges.len(), 0);
    let path = format!("/cs/v1/challenges/{}", still_open.jti);
    phone.get(&path).await.is_problem(410, "gone");
    assert_eq!(phone.state().await.sn, state.sn);

    // Nobody is asked for a paused ID, and the page says so.
    let challenges = world.count("challenges").await;
    let (browser, page) = world.waiting().await;
    assert_eq!(page.heading(), "end.paused");
    assert_eq!(world.count("challenges").await, challenges);
    world.pass(31);
    let csrf = browser.arrive(&Provider::wiki()).await.csrf();
    let again = format!("{}/again", page.path);
    world
        .refuses(&[], browser.post(&again, &[("csrf", &csrf)]))
        .await;

    // An administrator lifts it.
    world
        .command(&["phone", "resume", &phone.id.to_string()])
        .await;
    assert!(phone.state().await.state == Standing::Active);
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

#[tokio::test]
async fn a_report_of_an_open_request_ends_it() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    phone.decide(&challenge, Decision::Report, None).await;
    let end = browser.open(&page.path).await;
    assert_eq!(end.heading(), "end.reported");
    assert_eq!(end.actions(), [""; 0]);
    world.end().await;
}

#[tokio::test]
async fn a_report_comes_a_day_late_and_not_later() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    phone.approve(&challenge, &page.number().unwrap()).await;
    world.pass(120 + 86_401);
    let code = phone.decide(&challenge, Decision::Report, None).await;
    assert_eq!(code, VerdictCode::Expired);
    assert!(phone.state().await.state == Standing::Active);
    world.end().await;
}

#[tokio::test]
async fn the_report_of_one_person_pauses_nobody_else() {
    let world = World::new().await;
    let anna = world.with_phone().await;
    let bob = world.with_bob().await;
    let (browser, page) = world.waiting().await;
    let challenge = anna.challenge().await;
    // Bob reports Anna's request: it is none of his.
    let code = bob.decide(&challenge, Decision::Report, None).await;
    assert_eq!(code, VerdictCode::Expired);
    assert!(anna.state().await.state == Standing::Active);
    assert!(bob.state().await.state == Standing::Active);
    anna.decide(&challenge, Decision::Report, None).await;
    assert!(bob.state().await.state == Standing::Active);
    assert_eq!(heading(&browser, &page.path).await, "end.reported");
    world.end().await;
}

#[tokio::test]
async fn two_copies_of_a_phone_are_noticed_and_stopped() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    phone.approve(&challenge, &page.number().unwrap()).await;
    // The copy signs with a counter that was used already.
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let mut copy = phone.response(&challenge, Decision::Approve, page.number().as_deref());
    (copy.ctr, copy.prev) = (1, Prev(None));
    let copy = crate::testkit::sign(copy, &phone.dev);
    assert_eq!(phone.deliver(&copy).await.code, VerdictCode::Suspended);
    let state = phone.state().await;
    assert!(state.state == Standing::Suspended && state.reason == Some(StateReason::Clone));
    assert_eq!(heading(&browser, &page.path).await, "end.paused");
    // Repeated, it gets what it got.
    assert_eq!(phone.deliver(&copy).await.code, VerdictCode::Suspended);
    assert_eq!(phone.state().await.sn, state.sn);
    world.end().await;
}

#[tokio::test]
async fn counters_may_come_in_another_order_but_not_from_long_ago() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, _page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let decide = |ctr: u64| {
        let mut response = phone.response(&challenge, Decision::Deny, None);
        let before = countersign_protocol::Digest::of(&[b"the one before"]);
        (response.ctr, response.prev) = (ctr, Prev((ctr > 1).then_some(before)));
        crate::testkit::sign(response, &phone.dev)
    };
    assert_eq!(phone.deliver(&decide(40)).await.code, VerdictCode::Ok);
    for ctr in [39, 41, 9] {
        let code = phone.deliver(&decide(ctr)).await.code;
        assert_eq!(code, VerdictCode::DecidedElsewhere, "{ctr}");
    }
    assert_eq!(phone.deliver(&decide(8)).await.code, VerdictCode::Suspended);
    assert!(phone.state().await.reason == Some(StateReason::Clone));
    world.end().await;
}

#[tokio::test]
async fn row_32_a_revoked_phone_answers_no_more_and_what_it_approved_is_not_handed_out() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (signed_in, page) = world.waiting().await;
    phone.approve_on(&page).await;
    signed_in.open(&page.path).await;
    let (approved, approved_page) = world.waiting().await;
    phone.approve_on(&approved_page).await;
    let (_waiting, open) = world.waiting().await;
    let challenge = phone.challenge().await;
    let id = phone.id.to_string();
    world.command(&["phone", "revoke", &id]).await;

    let state = phone.state().await;
    assert!(state.state == Standing::Revoked && state.reason == Some(StateReason::Admin));
    let number = open.number().unwrap();
    for decision in [Decision::Approve, Decision::Deny, Decision::Report] {
        let number = Some(number.as_str()).filter(|_| decision == Decision::Approve);
        assert_eq!(
            phone.decide(&challenge, decision, number).await,
            VerdictCode::NotActive
        );
    }
    phone
        .get("/cs/v1/challenges")
        .await
        .is_problem(403, "not_active");
    let end = approved.open(&approved_page.path).await;
    assert!(!end.is_answer_to(&Provider::wiki()), "{}", end.heading());
    let end = signed_in.arrive(&Provider::wiki()).await;
    assert_eq!(end.heading(), "signin");

    for command in ["revoke", "resume"] {
        let said = world
            .refuses(&[], world.try_command(&["phone", command, &id]))
            .await;
        assert!(said.is_err());
    }
    // The ID may have another phone now.
    Enrolment::begin(&world, ANNA).await.finish().await;
    assert!(phone.state().await.state == Standing::Revoked);
    world.end().await;
}

#[tokio::test]
async fn commands_about_phones_that_are_not_there_change_nothing() {
    let world = World::new().await;
    let pending = Enrolment::begin(&world, ANNA).await.pending().await;
    let unknown = Id::make().unwrap().to_string();
    for id in [&unknown, &pending.phone.id.to_string()] {
        for command in ["revoke", "resume"] {
            let said = world
                .refuses(&[], world.try_command(&["phone", command, id]))
                .await;
            assert!(said.is_err());
        }
    }
    world.end().await;
}

#[tokio::test]
async fn a_login_that_waits_ends_when_the_last_phone_is_made_to_rest() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let id = phone.id.to_string();
    world.command(&["phone", "suspend", &id]).await;
    assert_eq!(heading(&browser, &page.path).await, "end.paused");
    world.end().await;
}

#[tokio::test]
async fn a_browser_that_was_let_in_is_a_stranger_once_that_was_taken_back() {
    for way in ["report", "revoke", "remove-phone"] {
        let world = World::new().await;
        let [phone, tablet] = world.with_two_phones().await;
        // A relay page was let in.
        let (relay, page) = world.waiting().await;
        phone.approve_on(&page).await;
        assert!(relay.is_signed_in(&page).await);
        let known = relay.cookie("__Host-browser").unwrap();
        let ask = async || {
            let browser = Browser::new(&world);
            browser.plant("__Host-browser", &known);
            browser.ask(&Provider::wiki(), ANNA).await;
            phone.challenge().await
        };
        let challenge = ask().await;
        assert!(challenge.context.as_ref().unwrap().known);
        let first = match way {
            "report" => Decision::Report,
            _ => Decision::Deny,
        };
        assert_eq!(phone.decide(&challenge, first, None).await, VerdictCode::Ok);
        let command = async |command: &str, id: &Id| {
            world.command(&["phone", command, &id.to_string()]).await;
        };
        match way {
            "report" => command("resume", &phone.id).await,
            "revoke" => command("revoke", &tablet.id).await,
            _ => {
                let challenge = phone.begin_about("remove-phone", &tablet).await;
                let code = phone.decide(&challenge, Decision::Approve, None).await;
                assert_eq!(code, VerdictCode::Ok);
            }
        }
        let challenge = ask().await;
        assert!(!challenge.context.as_ref().unwrap().known, "{way}");
        world.end().await;
    }
}

#[tokio::test]
async fn what_a_copied_or_suspended_phone_let_in_is_shut_out_also_where_another_phone_goes_on() {
    for way in ["clone", "suspend"] {
        let world = World::new().await;
        let [phone, tablet] = world.with_two_phones().await;
        let bob = world.with_bob().await;
        let wiki = Provider::wiki();
        let colleague = Browser::new(&world);
        let page = colleague.ask(&wiki, BOB).await;
        bob.approve_on(&page).await;
        assert!(colleague.is_signed_in(&page).await);
        // A thief signs in by the phone, or a copy of it, and has one more approved that isn't fetched yet.
        let (thief, page) = world.waiting().await;
        phone.approve_on(&page).await;
        assert!(thief.is_signed_in(&page).await);
        let (second, approved) = world.waiting().await;
        phone.approve_on(&approved).await;

        match way {
            "clone" => {
                world.waiting().await;
                let challenge = phone.challenge().await;
                let mut copy = phone.response(&challenge, Decision::Deny, None);
                (copy.ctr, copy.prev) = (1, Prev(None));
                let copy = crate::testkit::sign(copy, &phone.dev);
                assert_eq!(phone.deliver(&copy).await.code, VerdictCode::Suspended);
            }
            _ => drop(
                world
                    .command(&["phone", "suspend", &phone.id.to_string()])
                    .await,
            ),
        }
        assert!(tablet.state().await.state == Standing::Active);
        let end = second.open(&approved.path).await;
        assert!(!end.is_answer_to(&wiki), "{way}: {}", end.heading());
        assert_eq!(thief.arrive(&wiki).await.heading(), "signin", "{way}");
        world.pass(121);
        thief.ask(&wiki, ANNA).await;
        let challenge = tablet.challenge().await;
        assert!(!challenge.context.as_ref().unwrap().known, "{way}");
        // Nobody else's.
        assert!(colleague.arrive(&wiki).await.is_answer_to(&wiki), "{way}");
        let known: &'static str = "SELECT account FROM users JOIN known_browsers ON user = id";
        assert_eq!(world.value(known).await, BOB, "{way}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_stranger_that_nobody_let_in_takes_no_browser_from_the_person() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (own, page) = world.waiting().await;
    phone.approve_on(&page).await;
    assert!(own.is_signed_in(&page).await);
    let known = own.cookie("__Host-browser").unwrap();
    let is_known = async || {
        let browser = Browser::new(&world);
        browser.plant("__Host-browser", &known);
        browser.ask(&Provider::wiki(), ANNA).await;
        let challenge = phone.challenge().await;
        phone.decide(&challenge, Decision::Deny, None).await;
        challenge.context.as_ref().unwrap().known
    };
    // It was asked, and not let in.
    Browser::new(&world).ask(&Provider::wiki(), ANNA).await;
    let challenge = phone.challenge().await;
    assert!(!challenge.context.as_ref().unwrap().known);
    let report = phone.decide(&challenge, Decision::Report, None).await;
    assert_eq!(report, VerdictCode::Ok);
    let id = phone.id.to_string();
    world.command(&["phone", "resume", &id]).await;
    assert!(is_known().await);

    // It was refused first, or its number was another.
    for first in [Decision::Deny, Decision::Approve] {
        world.pass(60);
        let (_stranger, page) = world.waiting().await;
        let challenge = phone.challenge().await;
        assert!(!challenge.context.as_ref().unwrap().known);
        let wrong = match page.number().as_deref() {
            _ if first == Decision::Deny => None,
            Some("00") => Some("01"),
            _ => Some("00"),
        };
        phone.decide(&challenge, first, wrong).await;
        let report = phone.decide(&challenge, Decision::Report, None).await;
        assert_eq!(report, VerdictCode::Ok);
        world.command(&["phone", "resume", &id]).await;
        assert!(is_known().await, "{first:?}");
    }

    // It was let in, and that is taken back.
    world.pass(60);
    let (_stranger, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    phone.approve_on(&page).await;
    let report = phone.decide(&challenge, Decision::Report, None).await;
    assert_eq!(report, VerdictCode::Ok);
    world.command(&["phone", "resume", &id]).await;
    world.pass(60);
    assert!(!is_known().await);
    world.end().await;
}

#[tokio::test]
async fn a_report_of_any_statement_of_what_was_let_in_takes_that_browser_back() {
    let world = World::new().await;
    let [phone, tablet] = world.with_two_phones().await;
    let (relay, page) = world.waiting().await;
    let (older, theirs) = (phone.challenge().await, tablet.challenge().await);
    world.pass(100);
    let answer = super::more::try_more(&phone, &older.jti).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    // For the tablet, which asks now, the time of the first one is over.
    world.pass(21);
    tablet.list("").await;
    let newer = phone.list("").await.challenges;
    let newer = phone.verify(newer.last().unwrap());
    phone.approve(&newer, &page.number().unwrap()).await;
    assert!(relay.is_signed_in(&page).await);
    let known = relay.cookie("__Host-browser").unwrap();
    let report = tablet.decide(&theirs, Decision::Report, None).await;
    assert_eq!(report, VerdictCode::Ok);
    for one in [&phone, &tablet] {
        let id = one.id.to_string();
        world.command(&["phone", "resume", &id]).await;
    }
    world.pass(60);
    let browser = Browser::new(&world);
    browser.plant("__Host-browser", &known);
    browser.ask(&Provider::wiki(), ANNA).await;
    let challenge = phone.challenge().await;
    assert!(!challenge.context.as_ref().unwrap().known);
    world.end().await;
}

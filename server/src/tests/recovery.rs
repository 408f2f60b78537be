//! Recovery codes: made on a phone, used by the next one.

use crate::testkit::{ANNA, BOB, Letters, Phone, World, shown, sign};
use countersign_protocol::Id;
use countersign_protocol::recovery::{CODES, RecoveryCode};
use countersign_protocol::statement::{Event, Kind, Mode, Standing, StateReason, VerdictCode};
use countersign_texts::Id as Text;
use serde_json::Value;

/// Anna's phone has made codes, and is lost.
async fn lost(world: &World) -> (Phone<'_>, Vec<RecoveryCode>) {
    let phone = world.with_phone().await;
    let codes = phone.make_codes().await;
    phone.acknowledge_all().await;
    (phone, codes)
}

/// The page that the n-th letter leads to.
async fn page(world: &World, letters: &Letters, n: usize) -> String {
    world.ask_recovery(ANNA).await;
    letters.number(n).await.page().unwrap()
}

async fn left(phone: &Phone<'_>) -> Value {
    let overview: Value = phone.get("/cs/v1/overview").await.json();
    overview["recovery_left"].clone()
}

#[tokio::test]
async fn a_phone_makes_ten_codes_that_no_call_carries_and_no_table_shows() {
    let world = World::new().await;
    let [phone, tablet] = world.with_two_phones().await;
    let challenge = phone.begin("recovery-codes").await;
    assert!(challenge.kind == Kind::RecoveryCodes && challenge.mode == Mode::App);
    let (response, codes) = phone.codes_of(&challenge);
    let verdict = phone.deliver(&response).await;
    assert_eq!(
        (verdict.code, left(&phone).await),
        (VerdictCode::Ok, 10.into())
    );
    assert_eq!(codes.len(), usize::from(CODES));
    let stored = format!("{:?}", world.snapshot().await);
    for code in &codes {
        let bytes = format!("{:?}", code.as_bytes());
        assert!(!stored.contains(code.shown().as_str()) && !stored.contains(&bytes));
        assert!(!response.compact().contains(code.shown().as_str()));
    }
    for phone in [&phone, &tablet] {
        let notices = phone.notices().await;
        assert_eq!(notices.last().unwrap().event, Event::RecoveryMade);
    }
    // A lost answer is had again and makes nothing new.
    assert!(phone.deliver(&response).await.hash() == verdict.hash());
    assert_eq!(world.count("recovery_codes").await, 10);
    world.end().await;
}

#[tokio::test]
async fn a_new_phone_comes_by_a_letter_and_a_code_and_the_old_one_is_told() {
    let (world, letters) = World::with_letters(false).await;
    let (old, codes) = lost(&world).await;
    let sent = world.ask_recovery(ANNA).await;
    assert_eq!(sent.heading(), "recover.sent");
    let letter = letters.number(1).await;
    assert_eq!(letter.to, ANNA);
    assert!(letter.text.contains("10") && !letter.text.contains("Meyer"));

    let enrolment = world.come_by(&letter.page().unwrap()).await;
    assert_eq!(enrolment.offer.rec, Some(true));
    let never = Text::RecoverApp { app: "Countersign" };
    assert!(enrolment.page.says(&shown(never)));
    let registration = enrolment.with_code(&codes[3]);
    let answer = enrolment.register(&registration).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let pending = enrolment.accept(registration, &answer);
    let end = pending.type_digits(&pending.digits).await;
    assert_eq!(end.heading(), "invite.done");
    let state = pending.phone.state().await;
    assert!(state.state == Standing::Active);
    assert_eq!(state.probation, Some(world.now() + 86_400));
    // The old phone is there still, and hears of it.
    assert!(old.state().await.state == Standing::Active);
    let notices = old.notices().await;
    let told = notices.last().unwrap();
    assert_eq!(told.event, Event::RecoveryUsed);
    assert_eq!(told.device.as_ref().unwrap().as_str(), "New phone");
    assert_eq!(left(&old).await, 9);
    world.end().await;
}

#[tokio::test]
async fn row_40_a_code_is_used_once() {
    let (world, letters) = World::with_letters(false).await;
    let (old, codes) = lost(&world).await;
    let first = world.come_by(&page(&world, &letters, 1).await).await;
    let registration = first.with_code(&codes[0]);
    assert_eq!(first.register(&registration).await.status, 201);
    // The same bytes get the same answer, and use up nothing.
    assert_eq!(first.register(&registration).await.status, 201);
    assert_eq!(left(&old).await, 9);

    let second = world.come_by(&page(&world, &letters, 2).await).await;
    let registration = second.with_code(&codes[0]);
    let answer = second.register(&registration).await;
    answer.is_problem(409, "conflict");
    // Another one may be typed at once.
    let registration = second.with_code(&codes[1]);
    assert_eq!(second.register(&registration).await.status, 201);
    world.end().await;
}

#[tokio::test]
async fn row_40_five_wrong_codes_in_a_row_lock_until_an_administrator_clears() {
    let (world, letters) = World::with_letters(false).await;
    let (_old, codes) = lost(&world).await;
    let enrolment = world.come_by(&page(&world, &letters, 1).await).await;
    let wrong = RecoveryCode::make().unwrap();
    for _ in 0..4 {
        let registration = enrolment.with_code(&wrong);
        enrolment
            .register(&registration)
            .await
            .is_problem(409, "conflict");
    }
    let said = world.command(&["user", "recovery", ANNA]).await;
    assert_eq!(
        (&said["left"], &said["state"]),
        (&10.into(), &"open".into())
    );
    let registration = enrolment.with_code(&wrong);
    enrolment
        .register(&registration)
        .await
        .is_problem(409, "conflict");
    // Now the right one doesn't help either, nor does another letter.
    let right = enrolment.with_code(&codes[0]);
    enrolment.register(&right).await.is_problem(409, "conflict");
    world.ask_recovery(ANNA).await;
    assert_eq!(letters.number(2).await.page(), None);
    let said = world.command(&["user", "recovery", ANNA]).await;
    assert_eq!(said["state"], "locked");

    let said = world.command(&["user", "recovery", ANNA, "--unlock"]).await;
    assert_eq!(
        (&said["left"], &said["state"]),
        (&10.into(), &"open".into())
    );
    assert_eq!(enrolment.register(&right).await.status, 201);
    world.end().await;
}

#[tokio::test]
async fn row_40_a_proof_is_good_for_its_offer_and_its_phone_alone() {
    let (world, letters) = World::with_letters(false).await;
    let (_old, codes) = lost(&world).await;
    let enrolment = world.come_by(&page(&world, &letters, 1).await).await;
    let rival = enrolment.rival().await;
    // What a page in between could collect from the one doesn't enrol the other.
    let mut registration = rival.registration();
    registration.rec = enrolment.with_code(&codes[0]).rec;
    let answer = rival.register(&sign(registration, &rival.dev)).await;
    answer.is_problem(409, "conflict");
    let mut registration = enrolment.registration();
    let other = crate::testkit::make_key();
    registration.rec = Some(codes[0].proof(&enrolment.offer.hash(), &other.public().thumbprint()));
    let answer = enrolment
        .register(&sign(registration, &enrolment.dev))
        .await;
    answer.is_problem(409, "conflict");
    let right = enrolment.with_code(&codes[0]);
    assert_eq!(enrolment.register(&right).await.status, 201);
    world.end().await;
}

#[tokio::test]
async fn a_code_comes_exactly_where_it_is_asked_for() {
    let (world, letters) = World::with_letters(false).await;
    let (_old, codes) = lost(&world).await;
    let enrolment = world.come_by(&page(&world, &letters, 1).await).await;
    let without = sign(enrolment.registration(), &enrolment.dev);
    let answer = world.refuses(&[], enrolment.register(&without)).await;
    answer.is_problem(400, "bad_statement");

    world.add_user(BOB).await;
    let bob = crate::testkit::Enrolment::begin(&world, BOB).await;
    let answer = world
        .refuses(&[], bob.register(&bob.with_code(&codes[0])))
        .await;
    answer.is_problem(400, "bad_statement");
    world.end().await;
}

#[tokio::test]
async fn new_codes_take_the_place_of_the_old_ones() {
    let (world, letters) = World::with_letters(false).await;
    let (phone, old) = lost(&world).await;
    let new = phone.make_codes().await;
    assert_eq!(left(&phone).await, 10);
    let enrolment = world.come_by(&page(&world, &letters, 1).await).await;
    let answer = enrolment.register(&enrolment.with_code(&old[0])).await;
    answer.is_problem(409, "conflict");
    let answer = enrolment.register(&enrolment.with_code(&new[0])).await;
    assert_eq!(answer.status, 201);
    world.end().await;
}

#[tokio::test]
async fn a_page_of_before_leads_nowhere_once_no_code_is_left() {
    let (world, letters) = World::with_letters(false).await;
    let (_phone, _codes) = lost(&world).await;
    let path = page(&world, &letters, 1).await;
    let mut tx = world.app.store.write().await.unwrap();
    tx.look::<i64>("UPDATE recovery_codes SET used = 1");
    tx.commit().await.unwrap();
    let browser = crate::testkit::Browser::new(&world);
    let closed = browser.open(&path).await;
    let pressed = browser.press(&closed, &path).await;
    pressed.answer.is_page(404);
    world.ask_recovery(ANNA).await;
    assert_eq!(letters.number(2).await.page(), None);
    world.end().await;
}

#[tokio::test]
async fn no_code_gets_round_an_administrators_suspension_at_any_step() {
    let (world, letters) = World::with_letters(false).await;
    let (old, codes) = lost(&world).await;
    let id = old.id.to_string();
    let suspend = async || world.command(&["phone", "suspend", &id]).await;
    let resume = async || world.command(&["phone", "resume", &id]).await;
    let standing = async || world.command(&["user", "recovery", ANNA]).await["state"].clone();

    // Before the letter is asked for.
    suspend().await;
    assert_eq!(standing().await, "suspended");
    world.ask_recovery(ANNA).await;
    assert_eq!(letters.number(1).await.page(), None);
    resume().await;
    assert_eq!(standing().await, "open");

    // After it came.
    let path = page(&world, &letters, 2).await;
    suspend().await;
    let browser = crate::testkit::Browser::new(&world);
    let closed = browser.open(&path).await;
    browser.press(&closed, &path).await.answer.is_page(404);
    resume().await;

    // After the invitation was made: the code is not used up.
    let enrolment = world.come_by(&path).await;
    let registration = enrolment.with_code(&codes[0]);
    suspend().await;
    let answer = enrolment.register(&registration).await;
    answer.is_problem(409, "conflict");
    resume().await;
    assert_eq!(left(&old).await, 10);

    // After the phone came, before its digits were typed.
    let answer = enrolment.register(&registration).await;
    let pending = enrolment.accept(registration, &answer);
    suspend().await;
    pending.type_digits(&pending.digits).await;
    let state = pending.phone.state().await;
    assert!(state.state == Standing::Refused);
    assert_eq!(state.reason, Some(StateReason::Expired));
    world.end().await;
}

#[tokio::test]
async fn row_33_the_page_of_a_lost_phone_says_the_same_for_every_name() {
    let (world, letters) = World::with_letters(false).await;
    let (_phone, _codes) = lost(&world).await;
    for user in [BOB, "eve@elsewhere.example", "carl"] {
        world.add_user(user).await;
    }
    let mut pages = Vec::new();
    for account in [
        "nobody@example.com",
        "eve@elsewhere.example",
        "carl",
        "",
        "\u{202e}",
        "a@b@example.com",
        ANNA,
        BOB,
    ] {
        let page = world.ask_recovery(account).await;
        pages.push((page.answer.status, page.answer.body.clone()));
    }
    assert!(pages.iter().all(|page| *page == pages[0]));
    let (first, second) = (letters.number(1).await, letters.number(2).await);
    let mut to = [first, second];
    to.sort_by(|a, b| a.to.cmp(&b.to));
    assert_eq!(to.each_ref().map(|letter| letter.to.as_str()), [ANNA, BOB]);
    // Bob never made a code.
    assert!(to[0].page().is_some() && to[1].page().is_none());
    world.end().await;
    assert_eq!(letters.all().len(), 2);
}

#[tokio::test]
async fn row_26_nobody_gets_more_than_three_letters_in_an_hour() {
    let (world, letters) = World::with_letters(false).await;
    let (_phone, _codes) = lost(&world).await;
    world.add_user(BOB).await;
    for n in 1..=3 {
        page(&world, &letters, n).await;
    }
    for _ in 0..3 {
        assert_eq!(world.ask_recovery(ANNA).await.heading(), "recover.sent");
    }
    world.ask_recovery(BOB).await;
    assert_eq!(letters.number(4).await.to, BOB);
    world.pass(3600);
    page(&world, &letters, 5).await;
    assert_eq!(letters.all().len(), 5);
    world.end().await;
}

#[tokio::test]
async fn without_a_mail_server_there_is_no_such_page() {
    let world = World::new().await;
    let browser = crate::testkit::Browser::new(&world);
    browser.open("/recover").await.answer.is_page(404);
    let page = browser.arrive(&crate::testkit::Provider::wiki()).await;
    let csrf = page.csrf();
    let fields = [("csrf", csrf.as_str()), ("account", ANNA)];
    browser.post("/recover", &fields).await.answer.is_page(404);
    world.end().await;
}

#[tokio::test]
async fn row_36_the_letter_is_asked_for_by_our_own_page_alone() {
    let (world, letters) = World::with_letters(false).await;
    let (_phone, _codes) = lost(&world).await;
    let browser = crate::testkit::Browser::new(&world);
    browser.open("/recover").await;
    for csrf in ["", &Id::make().unwrap().to_string()] {
        let fields = [("csrf", csrf), ("account", ANNA)];
        browser.post("/recover", &fields).await.answer.is_page(410);
    }
    page(&world, &letters, 1).await;
    assert_eq!(letters.all().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_phone_on_probation_makes_no_codes() {
    let (world, letters) = World::with_letters(false).await;
    let (_old, codes) = lost(&world).await;
    let enrolment = world.come_by(&page(&world, &letters, 1).await).await;
    let registration = enrolment.with_code(&codes[0]);
    let answer = enrolment.register(&registration).await;
    let pending = enrolment.accept(registration, &answer);
    pending.type_digits(&pending.digits).await;
    let answer = pending.phone.act("recovery-codes", None).await;
    answer.is_problem(403, "probation");
    world.end().await;
}

#[tokio::test]
async fn whoever_only_looks_at_the_page_of_a_lost_phone_leaves_nothing_behind() {
    let (world, letters) = World::with_letters(false).await;
    let browser = crate::testkit::Browser::new(&world);
    let page = world.refuses(&[], browser.open("/recover")).await;
    // Opened again, or in another tab, the first one's form is good still.
    world.refuses(&[], browser.open("/recover")).await;
    let fields = [("account", ANNA)];
    let said = browser.fill(&page, "/recover", &fields).await;
    assert_eq!(said.heading(), "recover.sent");
    letters.number(1).await;
    // Not the form of somebody else's cookie, nor one without any.
    let csrf = crate::testkit::Browser::new(&world)
        .open("/recover")
        .await
        .csrf();
    let fields = [("csrf", csrf.as_str()), ("account", ANNA)];
    let forged = world.refuses(&[], browser.post("/recover", &fields)).await;
    forged.answer.is_page(410);
    let bare = crate::testkit::Browser::new(&world);
    let forged = world.refuses(&[], bare.post("/recover", &fields)).await;
    assert_eq!(forged.heading(), "page.cookies");
    world.end().await;
    assert_eq!(letters.all().len(), 1);
}

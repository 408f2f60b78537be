//! Row 49 at the server, which alone knows whether a PIN is right: it counts first, then compares.

use crate::store::pins;
use crate::testkit::{ANNA, BOB, Page, Phone, Provider, Typed, World, sign};
use countersign_protocol::Signed;
use countersign_protocol::crypto::{AgreementKey, AgreementSecret};
use countersign_protocol::statement::{Challenge, Decision, Response, Verdict, VerdictCode};
use std::task::{Context, Waker};

/// Anna's phone, and a login that waits for it.
async fn asked<'w>(world: &'w World, phone: &Phone<'w>) -> (Page, Signed<Challenge>) {
    let (_, page) = world.waiting().await;
    let list = phone.list("").await;
    (page, phone.verify(list.challenges.last().unwrap()))
}

/// Code, whether it is final, and the tries left.
fn said(verdict: &Verdict) -> (VerdictCode, bool, Option<u64>) {
    (verdict.code, verdict.r#final, verdict.attempts)
}

const WRONG: fn(u64) -> (VerdictCode, bool, Option<u64>) =
    |left| (VerdictCode::PinWrong, false, Some(left));
const LOCKED: (VerdictCode, bool, Option<u64>) = (VerdictCode::PinLocked, true, None);
const FINE: (VerdictCode, bool, Option<u64>) = (VerdictCode::Ok, true, None);

#[tokio::test]
async fn a_wrong_pin_leaves_the_request_open_for_the_right_one() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    assert_eq!(challenge.factors.describe(), "dev+pin");
    let verdict = phone.approve_by_pin(&challenge, &page, Typed::Wrong).await;
    assert_eq!(said(&verdict), WRONG(4));
    assert_eq!(browser.open(&page.path).await.heading(), "wait");
    assert!(phone.challenge().await.jti == challenge.jti);

    let verdict = phone.approve_by_pin(&challenge, &page, Typed::Right).await;
    assert_eq!(said(&verdict), FINE);
    let end = browser.open(&page.path).await;
    assert!(end.is_answer_to(&Provider::wiki()));
    // The right one cleared the count.
    assert_eq!(world.count("pin_tries").await, 0);
    world.end().await;
}

#[tokio::test]
async fn after_a_wrong_pin_the_person_may_still_deny_or_report() {
    for decision in [Decision::Deny, Decision::Report] {
        let world = World::with_pin().await;
        let phone = world.with_phone().await;
        let (page, challenge) = asked(&world, &phone).await;
        let verdict = phone.approve_by_pin(&challenge, &page, Typed::Wrong).await;
        assert_eq!(said(&verdict), WRONG(4));
        let code = phone.decide(&challenge, decision, None).await;
        assert_eq!(code, VerdictCode::Ok);
        let verdict = phone.approve_by_pin(&challenge, &page, Typed::Right).await;
        let expected = match decision {
            Decision::Deny => VerdictCode::DecidedElsewhere,
            _ => VerdictCode::Suspended,
        };
        assert_eq!(verdict.code, expected);
        assert_eq!(world.count("pin_tries").await, 1);
        world.end().await;
    }
}

#[tokio::test]
async fn row_49_five_wrong_pins_lock_and_an_administrator_unlocks() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let id = phone.id.to_string();
    let (page, challenge) = asked(&world, &phone).await;
    for left in [4, 3, 2, 1] {
        let verdict = phone.approve_by_pin(&challenge, &page, Typed::Wrong).await;
        assert_eq!(said(&verdict), WRONG(left));
    }
    assert_eq!(world.command(&["phone", "list", ANNA]).await["pin"], "set");
    let verdict = phone.approve_by_pin(&challenge, &page, Typed::Wrong).await;
    assert_eq!(said(&verdict), LOCKED);

    // Now the right one doesn't help either, also not for another request; deny does.
    let before = world.count("pin_tries").await;
    let (_, next) = world.waiting_known().await;
    let list = phone.list("").await;
    let other = phone.verify(list.challenges.last().unwrap());
    for (challenge, page) in [(&challenge, &page), (&other, &next)] {
        let verdict = phone.approve_by_pin(challenge, page, Typed::Right).await;
        assert_eq!(said(&verdict), LOCKED);
    }
    assert_eq!((before, world.count("pin_tries").await), (5, 5));
    let line = world.command(&["phone", "list", ANNA]).await;
    assert_eq!(
        (&line["pin"], &line["state"]),
        (&"locked".into(), &"active".into())
    );
    assert_eq!(
        phone.decide(&challenge, Decision::Deny, None).await,
        VerdictCode::Ok
    );

    let heard = world.audit(0).await.len();
    let line = world.command(&["phone", "unlock-pin", &id]).await;
    assert_eq!(line["pin"], "set");
    let entry = ("credential".to_owned(), "pin unlocked".to_owned());
    assert_eq!(world.audit(heard).await, [entry]);
    let (page, challenge) = asked(&world, &phone).await;
    let verdict = phone.approve_by_pin(&challenge, &page, Typed::Wrong).await;
    assert_eq!(said(&verdict), WRONG(4));
    let verdict = phone.approve_by_pin(&challenge, &page, Typed::Right).await;
    assert_eq!(said(&verdict), FINE);
    world.end().await;
}

#[tokio::test]
async fn there_is_nothing_to_unlock_where_nothing_is_counted_or_there_is_no_pin() {
    let with_pin = World::with_pin().await;
    let phone = with_pin.with_phone().await;
    let id = phone.id.to_string();
    for id in [id.as_str(), "AAAAAAAAAAAAAAAAAAAAAA"] {
        let line = ["phone", "unlock-pin", id];
        let refused = with_pin.refuses(&[], with_pin.try_command(&line)).await;
        assert!(refused.is_err());
    }
    let without = World::new().await;
    let phone = without.with_phone().await;
    let id = phone.id.to_string();
    let line = ["phone", "unlock-pin", id.as_str()];
    assert!(without.try_command(&line).await.is_err());
    let listed = without.command(&["phone", "list", ANNA]).await;
    assert_eq!(listed["pin"], serde_json::Value::Null);
}

#[tokio::test]
async fn the_key_is_kept_wrapped_and_only_where_the_policy_has_a_pin() {
    let kept = "SELECT length(pin_wrapped) || '' FROM credentials";
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    assert_eq!(world.value(kept).await, "60");
    let hex: String = phone.k_pin.iter().map(|b| format!("{b:02X}")).collect();
    let encoded = countersign_protocol::encoding::encode(&phone.k_pin[..]);
    for row in world.snapshot().await.values().flatten() {
        assert!(!row.contains(&hex) && !row.contains(&encoded), "{row}");
    }
    let world = World::new().await;
    let _phone = world.with_phone().await;
    assert_eq!(world.value(kept).await, "");
}

#[tokio::test]
async fn the_number_is_compared_before_the_pin() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    for typed in [Typed::Right, Typed::Wrong] {
        let (page, challenge) = asked(&world, &phone).await;
        let number: u32 = page.number().unwrap().parse().unwrap();
        let other = format!("{:02}", (number + 1) % 100);
        let response = phone.sign(phone.pin_response(&challenge, Some(&other), typed));
        let verdict = phone.deliver(&response).await;
        assert_eq!(verdict.code, VerdictCode::NumberWrong);
        assert_eq!(world.count("pin_tries").await, 0);
    }
    world.end().await;
}

#[tokio::test]
async fn an_approval_proves_the_pin_exactly_where_it_is_asked() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let (page, challenge) = asked(&world, &phone).await;
    let code = phone.approve(&challenge, &page.number().unwrap()).await;
    assert_eq!(code, VerdictCode::FactorsMissing);
    assert_eq!(world.count("pin_tries").await, 0);

    // Nobody asks this phone for one, and it has none.
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (page, challenge) = asked(&world, &phone).await;
    for typed in [Typed::Right, Typed::Wrong] {
        let verdict = phone.approve_by_pin(&challenge, &page, typed).await;
        assert_eq!(verdict.code, VerdictCode::FactorsMissing);
    }
    assert_eq!(world.count("pin_tries").await, 0);
    phone.approve_on(&page).await;
    world.end().await;
}

#[tokio::test]
async fn a_repeated_response_counts_once_and_gets_its_old_verdict() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let (page, challenge) = asked(&world, &phone).await;
    let number = page.number();
    let wrong = phone.pin_response(&challenge, number.as_deref(), Typed::Wrong);
    let signed = phone.sign(wrong.clone());
    let (a, b, c) = tokio::join!(
        phone.post(&signed),
        phone.post(&signed),
        phone.post(&signed)
    );
    assert!(
        a.status == 200 && a.body == b.body && a.body == c.body,
        "{}",
        a.body
    );
    assert_eq!(phone.post(&signed).await.body, a.body);
    assert_eq!(world.count("pin_tries").await, 1);

    // Another guess under the same id is no try at all.
    let mut other = wrong;
    phone.put_proof(&mut other, &AgreementSecret::make().unwrap(), Typed::Right);
    let answer = phone.post(&sign(other, &phone.dev)).await;
    answer.is_problem(409, "conflict");
    let verdict = phone.deliver(&signed).await;
    assert_eq!(said(&verdict), WRONG(4));
    // The count is cleared; the old verdict stands, and counts no second time.
    let verdict = phone.approve_by_pin(&challenge, &page, Typed::Right).await;
    assert_eq!(said(&verdict), FINE);
    assert_eq!(said(&*phone.deliver(&signed).await), WRONG(4));
    assert_eq!(world.count("pin_tries").await, 0);
    world.end().await;
}

#[tokio::test]
async fn guesses_at_once_get_five_tries_together() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    for _ in 0..6 {
        let (page, challenge) = asked(&world, &phone).await;
        let number = page.number();
        let guess = || phone.sign(phone.pin_response(&challenge, number.as_deref(), Typed::Wrong));
        let guesses: [_; 9] = std::array::from_fn(|_| guess());
        let [a, b, c, d, e, f, g, h, i] = &guesses;
        let (a, b, c, d, e, f, g, h, i) = tokio::join!(
            phone.deliver(a),
            phone.deliver(b),
            phone.deliver(c),
            phone.deliver(d),
            phone.deliver(e),
            phone.deliver(f),
            phone.deliver(g),
            phone.deliver(h),
            phone.deliver(i)
        );
        let codes = [a, b, c, d, e, f, g, h, i].map(|verdict| verdict.code);
        let wrong = codes.iter().filter(|code| **code == VerdictCode::PinWrong);
        assert!(wrong.count() <= 4, "{codes:?}");
        assert!(!codes.contains(&VerdictCode::Ok));
        assert_eq!(world.count("pin_tries").await, 5, "{codes:?}");
        let verdict = phone.approve_by_pin(&challenge, &page, Typed::Right).await;
        assert_eq!(said(&verdict), LOCKED);
        let id = phone.id.to_string();
        world.command(&["phone", "unlock-pin", &id]).await;
        // Strangers have one request open.
        world.pass(121);
    }
    world.end().await;
}

/// The server stops at any moment of the call: the phone posts the same bytes again.
#[tokio::test]
async fn a_call_that_breaks_off_anywhere_counts_once() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let id = phone.id.to_string();
    let (page, challenge) = asked(&world, &phone).await;
    let number = page.number();
    let mut counted_early = 0;
    for polls in 0..60 {
        let response = phone.pin_response(&challenge, number.as_deref(), Typed::Wrong);
        let response = phone.sign(response);
        {
            let mut call = Box::pin(phone.post(&response));
            for _ in 0..polls {
                let mut context = Context::from_waker(Waker::noop());
                if call.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let verdicts = world.count("responses").await;
        counted_early += usize::from(world.count("pin_tries").await == 1 && verdicts == polls);
        let verdict = phone.deliver(&response).await;
        assert_eq!(said(&verdict), WRONG(4), "after {polls}");
        assert_eq!(world.count("pin_tries").await, 1);
        world.command(&["phone", "unlock-pin", &id]).await;
    }
    // At least once it was counted, and nothing else had happened yet.
    assert!(counted_early > 0);
    world.end().await;
}

#[tokio::test]
async fn a_try_that_was_counted_but_never_compared_is_compared_when_it_comes_again() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let (page, challenge) = asked(&world, &phone).await;
    for _ in 0..4 {
        phone.approve_by_pin(&challenge, &page, Typed::Wrong).await;
    }
    // What a kill between the two transactions leaves behind.
    let number = page.number();
    let fifth = phone.sign(phone.pin_response(&challenge, number.as_deref(), Typed::Right));
    let id = phone.id.to_string();
    let mut tx = world.app.store.write().await.unwrap();
    pins::note(&mut tx, &id, &fifth.jti.to_string())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    // To everybody else it is locked.
    let sixth = phone.sign(phone.pin_response(&challenge, number.as_deref(), Typed::Right));
    assert_eq!(said(&*phone.deliver(&sixth).await), LOCKED);
    assert_eq!(said(&*phone.deliver(&fifth).await), FINE);
    assert_eq!(world.count("pin_tries").await, 0);
    world.end().await;
}

#[tokio::test]
async fn a_try_that_comes_again_too_late_was_none() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let (page, challenge) = asked(&world, &phone).await;
    let response = phone.pin_response(&challenge, page.number().as_deref(), Typed::Wrong);
    let response = phone.sign(response);
    let mut tx = world.app.store.write().await.unwrap();
    let (id, jti) = (phone.id.to_string(), response.jti.to_string());
    pins::note(&mut tx, &id, &jti).await.unwrap();
    tx.commit().await.unwrap();
    world.pass(121);
    assert_eq!(phone.deliver(&response).await.code, VerdictCode::Expired);
    assert_eq!(world.count("pin_tries").await, 0);
    world.end().await;
}

#[tokio::test]
async fn a_proof_that_was_recorded_fits_no_other_response() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let (page, first) = asked(&world, &phone).await;
    let number = page.number();
    let recorded = phone.pin_response(&first, number.as_deref(), Typed::Right);
    let (_, second) = asked(&world, &phone).await;
    // Whoever has K_dev puts it beside content of their own.
    let bends: [&dyn Fn(&mut Response); 4] = [
        &|_| {},
        &|response| response.dh = Some(AgreementSecret::make().unwrap().public()),
        &|response| response.dh = Some(AgreementKey::from_bytes([0; 32])),
        &|response| response.challenge = second.hash(),
    ];
    for (at, bend) in bends.into_iter().enumerate() {
        let mut response = phone.response(&first, Decision::Approve, number.as_deref());
        response.dh = recorded.dh;
        response.pin = recorded.pin;
        bend(&mut response);
        assert!(response.jti != recorded.jti);
        let code = phone.deliver(&phone.sign(response)).await.code;
        // The other request has another number, but for one time in a hundred.
        let foreign = at == 3 && code == VerdictCode::NumberWrong;
        assert!(foreign || code == VerdictCode::PinWrong, "{at}: {code:?}");
    }
    world.end().await;
}

#[tokio::test]
async fn another_phone_has_another_pin() {
    let world = World::with_pin().await;
    let anna = world.with_phone().await;
    let bob = world.with_bob().await;
    let (page, challenge) = asked(&world, &anna).await;
    for left in [4, 3, 2, 1] {
        let verdict = anna.approve_by_pin(&challenge, &page, Typed::Wrong).await;
        assert_eq!(said(&verdict), WRONG(left));
    }
    // Bob's proof in Anna's name, by Bob's key: refused before anything is counted.
    let mut forged = bob.pin_response(&challenge, page.number().as_deref(), Typed::Right);
    forged.iss = anna.id;
    let answer = world.refuses(&[], bob.post(&sign(forged, &bob.dev))).await;
    answer.is_problem(400, "bad_statement");
    // Anna's count is not Bob's.
    let browser = crate::testkit::Browser::new(&world);
    let page = browser.ask(&Provider::wiki(), BOB).await;
    let challenge = bob.challenge().await;
    let verdict = bob.approve_by_pin(&challenge, &page, Typed::Wrong).await;
    assert_eq!(said(&verdict), WRONG(4));
    world.end().await;
}

#[tokio::test]
async fn without_match_no_number_is_shown_nor_typed() {
    let world = World::with_settings(|settings| {
        assert!(settings.contains("match = true"));
        settings.replacen("match = true", "match = false", 1)
    })
    .await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    assert_eq!(page.number(), None);
    let unknown = crate::testkit::Browser::new(&world);
    let stranger = unknown.ask(&Provider::wiki(), "nobody@example.com").await;
    assert_eq!(stranger.number(), None);
    let challenge = phone.challenge().await;
    assert_eq!(challenge.r#match, 0);
    let code = phone
        .decide(&challenge, Decision::Approve, Some("42"))
        .await;
    assert_eq!(code, VerdictCode::BadInput);
    let code = phone.decide(&challenge, Decision::Approve, None).await;
    assert_eq!(code, VerdictCode::Ok);
    let end = browser.open(&page.path).await;
    assert!(end.is_answer_to(&Provider::wiki()));
    world.end().await;
}

#[tokio::test]
async fn a_name_that_is_unknown_is_asked_for_a_pin_like_any_other() {
    let world = World::with_pin().await;
    let _phone = world.with_phone().await;
    let browser = crate::testkit::Browser::new(&world);
    browser.ask(&Provider::wiki(), ANNA).await;
    crate::testkit::Browser::new(&world)
        .ask(&Provider::wiki(), "nobody@example.com")
        .await;
    let statements = "SELECT group_concat(statement) FROM challenges";
    let statements = world.value(statements).await;
    let mut count = 0;
    for statement in statements.split(',') {
        let challenge: Signed<Challenge> = world.app.signer.ours(statement).unwrap();
        assert_eq!(challenge.factors.describe(), "dev+pin");
        count += 1;
    }
    assert_eq!(count, 2);
}

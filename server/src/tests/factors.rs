//! Gesture and PIN: what suffices, and how each is renewed.

use crate::testkit::{ANNA, Phone, Provider, Typed, World, call, make_key, sign};
use countersign_protocol::agreement::Purpose;
use countersign_protocol::call::VerdictAnswer;
use countersign_protocol::crypto::{AgreementSecret, SigningKey};
use countersign_protocol::statement::{
    Challenge, Decision, Key, Kind, Mode, Response, Standing, UvClass, UvInput, VerdictCode,
};
use countersign_protocol::{Digest, Signed};

/// The answer to `pin-set` by the old PIN, and the secret that the new one comes from.
fn new_pin(
    phone: &Phone<'_>,
    challenge: &Signed<Challenge>,
    typed: Typed,
) -> (Response, AgreementSecret) {
    let e = AgreementSecret::make().unwrap();
    let mut response = phone.response(challenge, Decision::Approve, None);
    response.dh = Some(e.public());
    phone.put_proof(&mut response, &e, typed);
    (response, e)
}

/// The answer to `replace-uv`.
pub(super) fn new_uv(
    phone: &Phone<'_>,
    challenge: &Signed<Challenge>,
    uv: &SigningKey,
) -> Response {
    let e = AgreementSecret::make().unwrap();
    let mut response = phone.response(challenge, Decision::Approve, None);
    response.dh = Some(e.public());
    response.input = Some(uv_input(phone, challenge.hash(), uv));
    phone.put_proof(&mut response, &e, Typed::Right);
    response
}

fn uv_input(phone: &Phone<'_>, ctx: Digest, uv: &SigningKey) -> UvInput {
    let says = Key {
        aud: crate::testkit::origin(),
        ctx,
        dev: phone.dev.public().thumbprint(),
    };
    UvInput {
        uv: *uv.public(),
        uvc: UvClass::Biometric,
        uv_proof: sign(says, uv).compact().to_owned(),
    }
}

#[tokio::test]
async fn a_gesture_or_a_pin_signs_in_and_the_phone_alone_does_not() {
    let world = World::with_factors().await;
    let phone = world.with_uv_phone().await;
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    assert_eq!(challenge.factors.describe(), "dev+pin|uv");
    let number = page.number();
    let bare = phone.response(&challenge, Decision::Approve, number.as_deref());
    let verdict = phone.deliver(&phone.sign(bare)).await;
    assert_eq!(verdict.code, VerdictCode::FactorsMissing);

    let by_uv = phone.response(&challenge, Decision::Approve, number.as_deref());
    let verdict = phone.deliver(&phone.sign_uv(by_uv)).await;
    assert_eq!(verdict.code, VerdictCode::Ok);
    let end = browser.open(&page.path).await;
    assert!(end.is_answer_to(&Provider::wiki()));

    let (_, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let verdict = phone.approve_by_pin(&challenge, &page, Typed::Right).await;
    assert_eq!(verdict.code, VerdictCode::Ok);
    world.end().await;
}

#[tokio::test]
async fn deny_and_report_are_never_signed_by_the_gesture_key() {
    let world = World::with_factors().await;
    let phone = world.with_uv_phone().await;
    for decision in [Decision::Deny, Decision::Report] {
        let (_, _page) = world.waiting().await;
        let challenge = phone.challenge().await;
        let response = phone.sign_uv(phone.response(&challenge, decision, None));
        assert_eq!(phone.deliver(&response).await.code, VerdictCode::BadInput);
        let code = phone.decide(&challenge, Decision::Deny, None).await;
        assert_eq!(code, VerdictCode::Ok);
    }
    assert!(phone.state().await.state == Standing::Active);
    world.end().await;
}

#[tokio::test]
async fn a_new_pin_takes_the_place_of_the_old_one() {
    let world = World::with_factors().await;
    let mut phone = world.with_phone().await;
    let challenge = phone.begin("pin-set").await;
    assert!(challenge.kind == Kind::PinSet && challenge.mode == Mode::App);
    assert_eq!(challenge.factors.describe(), "dev+pin");
    let (response, e) = new_pin(&phone, &challenge, Typed::Right);
    let response = phone.sign(response);
    let verdict = phone.deliver(&response).await;
    assert_eq!(verdict.code, VerdictCode::Ok);
    // A lost answer is had again, also long after.
    world.pass(400 * 86_400);
    crate::store::sweep(&world.app.store, world.now())
        .await
        .unwrap();
    assert!(phone.deliver(&response).await.hash() == verdict.hash());

    let (_, page) = world.waiting().await;
    let asked = phone.challenge().await;
    let old = phone.approve_by_pin(&asked, &page, Typed::Right).await;
    assert_eq!(old.code, VerdictCode::PinWrong);
    phone.k_pin = phone
        .agreement(&e, &challenge)
        .derive(Purpose::Pin, &response.hash());
    let new = phone.approve_by_pin(&asked, &page, Typed::Right).await;
    assert_eq!(new.code, VerdictCode::Ok);
    world.end().await;
}

#[tokio::test]
async fn a_wrong_old_pin_changes_nothing_and_counts() {
    let world = World::with_factors().await;
    let phone = world.with_phone().await;
    let challenge = phone.begin("pin-set").await;
    let (response, _) = new_pin(&phone, &challenge, Typed::Wrong);
    let verdict = phone.deliver(&phone.sign(response)).await;
    assert_eq!(
        (verdict.code, verdict.attempts),
        (VerdictCode::PinWrong, Some(4))
    );
    assert_eq!(world.count("pin_tries").await, 1);
    // The right one may follow, and clears the count.
    let (response, _) = new_pin(&phone, &challenge, Typed::Right);
    let verdict = phone.deliver(&phone.sign(response)).await;
    assert_eq!(verdict.code, VerdictCode::Ok);
    assert_eq!(world.count("pin_tries").await, 0);
    world.end().await;
}

#[tokio::test]
async fn a_locked_pin_is_set_anew_by_the_gesture_where_it_may_stand_alone() {
    let world = World::with_factors().await;
    let mut phone = world.with_uv_phone().await;
    let challenge = phone.begin("pin-set").await;
    for _ in 0..5 {
        let (response, _) = new_pin(&phone, &challenge, Typed::Wrong);
        phone.deliver(&phone.sign(response)).await;
    }
    let challenge = phone.begin("pin-set").await;
    assert_eq!(challenge.factors.describe(), "uv");
    // Not by K_dev.
    let e = AgreementSecret::make().unwrap();
    let set = |phone: &Phone<'_>| {
        let mut response = phone.response(&challenge, Decision::Approve, None);
        response.dh = Some(e.public());
        response
    };
    let verdict = phone.deliver(&phone.sign(set(&phone))).await;
    assert_eq!(verdict.code, VerdictCode::FactorsMissing);
    let response = phone.sign_uv(set(&phone));
    assert_eq!(phone.deliver(&response).await.code, VerdictCode::Ok);
    phone.k_pin = phone
        .agreement(&e, &challenge)
        .derive(Purpose::Pin, &response.hash());
    let (_, page) = world.waiting().await;
    let asked = phone.challenge().await;
    let verdict = phone.approve_by_pin(&asked, &page, Typed::Right).await;
    assert_eq!(verdict.code, VerdictCode::Ok);
    world.end().await;
}

#[tokio::test]
async fn a_new_gesture_key_takes_the_place_of_the_old_one() {
    let world = World::with_factors().await;
    let mut phone = world.with_uv_phone().await;
    let (_, page) = world.waiting().await;
    let asked = phone.challenge().await;
    let before = phone.response(&asked, Decision::Approve, page.number().as_deref());
    let before = phone.sign_uv(before);
    let first = phone.deliver(&before).await;

    let challenge = phone.begin("replace-uv").await;
    assert_eq!(challenge.factors.describe(), "dev+pin");
    let uv = make_key();
    let response = phone.sign(new_uv(&phone, &challenge, &uv));
    assert_eq!(phone.deliver(&response).await.code, VerdictCode::Ok);
    let state = phone.state().await;
    assert!(state.sn == 3 && state.uv == Some(uv.public().thumbprint()));

    // The old key gets the verdict that it got, and nothing else.
    assert!(phone.deliver(&before).await.hash() == first.hash());
    let (_, page) = world.waiting().await;
    let asked = phone.challenge().await;
    let late = phone.response(&asked, Decision::Approve, page.number().as_deref());
    let late = sign(late, phone.uv.as_ref().unwrap());
    let refused = world.refuses(&[], phone.post(&late)).await;
    refused.is_problem(400, "bad_statement");
    phone.uv = Some(uv);
    let response = phone.response(&asked, Decision::Approve, page.number().as_deref());
    let verdict = phone.deliver(&phone.sign_uv(response)).await;
    assert_eq!(verdict.code, VerdictCode::Ok);
    world.end().await;
}

#[tokio::test]
async fn a_new_gesture_key_that_is_not_this_phones_is_refused() {
    let world = World::with_factors().await;
    let phone = world.with_uv_phone().await;
    let challenge = phone.begin("replace-uv").await;
    let (uv, other) = (make_key(), make_key());
    let known = phone.uv.as_ref().unwrap();
    for input in [
        // Made for another request, by another key, known already.
        uv_input(&phone, Digest::make().unwrap(), &uv),
        UvInput {
            uv: *other.public(),
            ..uv_input(&phone, challenge.hash(), &uv)
        },
        uv_input(&phone, challenge.hash(), known),
    ] {
        let e = AgreementSecret::make().unwrap();
        let mut response = phone.response(&challenge, Decision::Approve, None);
        (response.dh, response.input) = (Some(e.public()), Some(input));
        phone.put_proof(&mut response, &e, Typed::Right);
        let verdict = phone.deliver(&phone.sign(response)).await;
        assert_eq!(verdict.code, VerdictCode::BadInput);
    }
    assert_eq!(world.count("pin_tries").await, 0);
    assert_eq!(phone.state().await.sn, 2);
    // A PIN proof for one key put beside another key.
    let mut response = new_uv(&phone, &challenge, &uv);
    response.input = Some(uv_input(&phone, challenge.hash(), &other));
    let verdict = phone.deliver(&phone.sign(response)).await;
    assert_eq!(verdict.code, VerdictCode::PinWrong);
    world.end().await;
}

#[tokio::test]
async fn what_the_phone_begins_is_for_it_alone_and_the_second_of_a_kind_counts() {
    let world = World::with_factors().await;
    let phone = world.with_phone().await;
    let bob = world.with_bob().await;
    let first = phone.begin("pin-set").await;
    let second = phone.begin("pin-set").await;
    assert!(phone.challenge().await.jti == second.jti);
    assert!(bob.list("").await.challenges.is_empty());
    let (response, _) = new_pin(&phone, &first, Typed::Right);
    let verdict = phone.deliver(&phone.sign(response)).await;
    assert_eq!(verdict.code, VerdictCode::Cancelled);
    // Without a K_uv a new one can be had all the same, by the PIN.
    phone.begin("replace-uv").await;
    assert_eq!(phone.list("").await.challenges.len(), 2);
    world.end().await;
}

#[tokio::test]
async fn an_action_is_carried_out_once_for_a_proof() {
    let world = World::with_factors().await;
    let phone = world.with_phone().await;
    let (path, body) = ("/cs/v1/actions", r#"{"kind":"pin-set"}"#);
    let proof = phone.proof_over("POST", path, body);
    let first = phone.prove(call("POST", path, body), proof.clone()).await;
    assert_eq!(first.status, 201);
    let again = phone.prove(call("POST", path, body), proof.clone()).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    let other = r#"{"kind":"replace-uv"}"#;
    let bent = countersign_protocol::statement::Proof {
        bh: Digest::of(&[other.as_bytes()]),
        ..proof.clone()
    };
    let answer = phone.prove(call("POST", path, other), bent).await;
    answer.is_problem(409, "conflict");
    // The proof is over the body that was sent.
    let answer = phone.prove(call("POST", path, other), proof).await;
    answer.is_problem(401, "bad_proof");
    assert_eq!(world.count("challenges").await, 1);
    world.end().await;
}

#[tokio::test]
async fn an_action_that_is_none_or_not_for_this_phone_is_refused() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for body in [
        "",
        "{}",
        r#"{"kind":"dance"}"#,
        r#"{"kind":"pin-set","input":{}}"#,
        r#"{"kind":"pin-set","kind":"pin-set"}"#,
        // The policy has no PIN, so there is none to change, nor one to renew a gesture by.
        r#"{"kind":"pin-set"}"#,
        r#"{"kind":"replace-uv"}"#,
    ] {
        let answer = phone.change("POST", "/cs/v1/actions", body).await;
        answer.is_problem(400, "bad_request");
    }
    assert_eq!(world.count("challenges").await, 0);
    let text = axum::http::Request::post("/cs/v1/actions").header("content-type", "text/plain");
    let text = text.body("x".into()).unwrap();
    let answer = phone
        .prove(text, phone.proof_over("POST", "/cs/v1/actions", "x"))
        .await;
    answer.is_problem(415, "unsupported_media");
    world.end().await;
}

#[tokio::test]
async fn a_paused_phone_begins_no_change_of_its_factors() {
    let world = World::with_factors().await;
    let phone = world.with_phone().await;
    let (_, _page) = world.waiting().await;
    let challenge = phone.challenge().await;
    phone.decide(&challenge, Decision::Report, None).await;
    for body in [r#"{"kind":"pin-set"}"#, r#"{"kind":"replace-uv"}"#] {
        let answer = phone.change("POST", "/cs/v1/actions", body).await;
        answer.is_problem(403, "not_active");
    }
    world.end().await;
}

#[tokio::test]
async fn the_repeat_of_an_answer_to_replace_uv_changes_nothing_more() {
    let world = World::with_factors().await;
    let phone = world.with_uv_phone().await;
    let challenge = phone.begin("replace-uv").await;
    let response = phone.sign(new_uv(&phone, &challenge, &make_key()));
    let (first, second) = (phone.post(&response).await, phone.post(&response).await);
    let (first, second): (VerdictAnswer, VerdictAnswer) = (first.json(), second.json());
    assert_eq!(first.verdict, second.verdict);
    assert_eq!(phone.state().await.sn, 3);
    let again = phone.sign(new_uv(&phone, &challenge, &make_key()));
    assert_eq!(
        phone.deliver(&again).await.code,
        VerdictCode::DecidedElsewhere
    );
    assert_eq!(world.command(&["phone", "list", ANNA]).await["pin"], "set");
    world.end().await;
}

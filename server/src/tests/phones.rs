//! The phones of an ID: paused and lifted, removed and added, each by one that may.

use super::more::try_more;
use crate::testkit::{ANNA, Enrolment, Pending, Phone, Typed, World, call, sign};
use countersign_protocol::Signed;
use countersign_protocol::call::InvitationAnswer;
use countersign_protocol::invitation::Invitation;
use countersign_protocol::statement::{
    CancelReason, Challenge, Decision, Event, Kind, Standing, StateReason, VerdictCode, Via,
};

/// Why a phone rests, if it does.
async fn rests(phone: &Phone<'_>) -> Option<StateReason> {
    let state = phone.state().await;
    assert_eq!(state.state == Standing::Suspended, state.reason.is_some());
    state.reason
}

async fn events(phone: &Phone<'_>) -> Vec<Event> {
    let notices = phone.notices().await;
    notices.iter().map(|notice| notice.event).collect()
}

/// Anna's phone, and one that an administrator added long ago.
async fn two<'w>(world: &'w World) -> (Phone<'w>, Phone<'w>) {
    let first = world.with_phone().await;
    let second = Enrolment::begin_by_admin(world, ANNA).await;
    let second = second.finish_by_admin(ANNA).await;
    world.pass(2 * 86_400);
    for phone in [&first, &second] {
        phone.acknowledge_all().await;
    }
    (first, second)
}

/// A tablet that came by the invitation of a phone, and what that phone is asked.
async fn tablet<'w>(world: &'w World, phone: &Phone<'w>) -> (Pending<'w>, Signed<Challenge>) {
    let enrolment = invited(world, phone).await;
    assert!(enrolment.offer.via == Via::Phone);
    let pending = enrolment.pending().await;
    let list = phone.list("").await;
    let asked = phone.verify(list.challenges.last().unwrap());
    assert!(asked.kind == Kind::AddPhone && asked.r#match == 6);
    (pending, asked)
}

async fn invited<'w>(world: &'w World, phone: &Phone<'w>) -> Enrolment<'w> {
    let answer = phone.act("add-phone", None).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let answer: InvitationAnswer = answer.json();
    Enrolment::begin_by_phone(world, &answer.invitation).await
}

#[tokio::test]
async fn a_person_pauses_the_id_and_lifts_it_from_any_of_its_phones() {
    let world = World::with_pin().await;
    let (first, second) = two(&world).await;
    let (browser, page) = world.waiting().await;
    let answer = first.act("pause", None).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(browser.open(&page.path).await.heading(), "end.paused");
    for phone in [&first, &second] {
        assert_eq!(rests(phone).await, Some(StateReason::User));
        assert_eq!(events(phone).await, [Event::Paused]);
        for action in ["pause", "pin-set", "add-phone"] {
            phone.act(action, None).await.is_problem(403, "not_active");
        }
    }
    let challenge = second.begin("unfreeze").await;
    assert_eq!(challenge.factors.describe(), "dev+pin");
    // Not without the PIN.
    let code = second.decide(&challenge, Decision::Approve, None).await;
    assert_eq!(code, VerdictCode::FactorsMissing);
    assert_eq!(second.confirm(&challenge, None).await, VerdictCode::Ok);
    for phone in [&first, &second] {
        assert_eq!(rests(phone).await, None);
        assert_eq!(events(phone).await, [Event::Paused, Event::Unpaused]);
    }
    let (_, page) = world.waiting().await;
    assert_eq!(page.heading(), "wait");
    world.end().await;
}

#[tokio::test]
async fn what_a_phone_began_is_taken_back_with_everything_that_it_had_open() {
    let world = World::with_pin().await;
    let (first, second) = two(&world).await;
    // It has it by the answer, and asks for nothing more before the other phone rests the ID.
    let begun = first.begin("pin-set").await;
    assert_eq!(second.act("pause", None).await.status, 204);
    let cancels = first.cancels().await;
    assert!(cancels.len() == 1 && cancels[0].challenge == begun.jti);
    assert!(cancels[0].reason == CancelReason::Withdrawn);
    world.end().await;
}

#[tokio::test]
async fn a_report_is_lifted_like_a_pause_and_what_only_others_lift_stays() {
    let world = World::with_pin().await;
    let (first, second) = two(&world).await;
    let id = second.id.to_string();
    world.command(&["phone", "suspend", &id]).await;
    let (_, _page) = world.waiting().await;
    let asked = first.challenge().await;
    first.decide(&asked, Decision::Report, None).await;
    assert_eq!(rests(&first).await, Some(StateReason::Reported));
    let refused = second.act("unfreeze", None).await;
    refused.is_problem(403, "not_active");
    let challenge = first.begin("unfreeze").await;
    assert_eq!(first.confirm(&challenge, None).await, VerdictCode::Ok);
    assert_eq!(rests(&first).await, None);
    assert_eq!(rests(&second).await, Some(StateReason::Admin));
    world.end().await;
}

#[tokio::test]
async fn the_clone_alarm_of_a_phone_is_lifted_by_another_one() {
    let world = World::with_pin().await;
    let (first, second) = two(&world).await;
    let (_, _page) = world.waiting().await;
    let list = second.list("").await;
    let asked = second.verify(&list.challenges[0]);
    let response = second.response(&asked, Decision::Deny, None);
    second.deliver(&second.sign(response.clone())).await;
    // The same number again, by a copy.
    let mut copy = response;
    copy.jti = countersign_protocol::Id::make().unwrap();
    let verdict = second.deliver(&sign(copy, &second.dev)).await;
    assert_eq!(verdict.code, VerdictCode::Suspended);
    assert_eq!(rests(&second).await, Some(StateReason::Clone));
    for (phone, other) in [(&second, None), (&second, Some(&first))] {
        let refused = phone.act("unfreeze", other).await;
        refused.is_problem(403, "not_active");
    }
    let nothing = first.act("unfreeze", Some(&first)).await;
    nothing.is_problem(404, "not_found");
    let challenge = first.begin_about("unfreeze", &second).await;
    assert_eq!(first.confirm(&challenge, None).await, VerdictCode::Ok);
    assert_eq!(rests(&second).await, None);
    world.end().await;
}

#[tokio::test]
async fn a_phone_removes_another_one_or_itself_by_its_pin() {
    let world = World::with_pin().await;
    let (first, second) = two(&world).await;
    let challenge = first.begin_about("remove-phone", &second).await;
    let input = challenge.input.as_ref().unwrap();
    assert_eq!(input.device.as_ref().unwrap().as_str(), "Anna's tablet");
    assert_eq!(challenge.factors.describe(), "dev+pin");
    let code = first.decide(&challenge, Decision::Approve, None).await;
    assert_eq!(code, VerdictCode::FactorsMissing);
    assert_eq!(first.confirm(&challenge, None).await, VerdictCode::Ok);
    let state = second.state().await;
    assert!(state.state == Standing::Revoked && state.reason == Some(StateReason::Removed));
    assert_eq!(events(&first).await, [Event::PhoneRemoved]);
    // It is no phone of the ID any more.
    let again = first.act("remove-phone", Some(&second)).await;
    again.is_problem(404, "not_found");

    let own = first.begin_about("remove-phone", &first).await;
    assert_eq!(first.confirm(&own, None).await, VerdictCode::Ok);
    assert!(first.state().await.state == Standing::Revoked);
    world.end().await;
}

#[tokio::test]
async fn row_43_phones_of_somebody_else_are_out_of_reach() {
    let world = World::with_pin().await;
    let anna = world.with_phone().await;
    let bob = world.with_bob().await;
    for action in ["remove-phone", "unfreeze"] {
        let answer = bob.act(action, Some(&anna)).await;
        answer.is_problem(404, "not_found");
    }
    assert_eq!(world.count("challenges").await, 0);
    assert!(anna.state().await.state == Standing::Active);
    world.end().await;
}

#[tokio::test]
async fn a_phone_adds_another_one_by_the_digits_that_it_shows() {
    let world = World::with_pin().await;
    let first = world.with_phone().await;
    first.acknowledge_all().await;
    let (pending, asked) = tablet(&world, &first).await;
    let input = asked.input.as_ref().unwrap();
    assert_eq!(input.device.as_ref().unwrap().as_str(), "Anna's tablet");
    assert!(input.dev == Some(pending.phone.dev.public().thumbprint()));
    // The digits alone don't do.
    let code = first.approve(&asked, &pending.digits).await;
    assert_eq!(code, VerdictCode::FactorsMissing);
    let code = first.confirm(&asked, Some(&pending.digits)).await;
    assert_eq!(code, VerdictCode::Ok);
    let state = pending.phone.state().await;
    assert!(state.state == Standing::Active);
    assert_eq!(state.probation, Some(world.now() + 86_400));
    for phone in [&first, &pending.phone] {
        assert_eq!(events(phone).await, [Event::PhoneAdded]);
    }
    world.end().await;
}

#[tokio::test]
async fn row_40_digits_that_are_wrong_three_times_end_the_new_phone() {
    let world = World::with_pin().await;
    let first = world.with_phone().await;
    let (pending, asked) = tablet(&world, &first).await;
    let wrong = pending.wrong_digits();
    for left in [Some(2), Some(1), None] {
        let response = first.pin_response(&asked, Some(&wrong), Typed::Right);
        let verdict = first.deliver(&first.sign(response)).await;
        assert_eq!(
            (verdict.code, verdict.attempts),
            (VerdictCode::NumberWrong, left)
        );
        assert_eq!(verdict.r#final, left.is_none());
    }
    assert!(pending.phone.state().await.reason == Some(StateReason::Sas));
    let code = first.confirm(&asked, Some(&pending.digits)).await;
    assert_eq!(code, VerdictCode::DecidedElsewhere);
    // Wrong digits are no wrong PIN.
    assert_eq!(world.count("pin_tries").await, 0);
    world.end().await;
}

#[tokio::test]
async fn a_new_phone_that_is_denied_reported_or_late_is_not_added() {
    for decision in [Some(Decision::Deny), Some(Decision::Report), None] {
        let world = World::with_pin().await;
        let first = world.with_phone().await;
        let (pending, asked) = tablet(&world, &first).await;
        match decision {
            Some(decision) => {
                let code = first.decide(&asked, decision, None).await;
                assert_eq!(code, VerdictCode::Ok);
            }
            None => world.pass(601),
        }
        let state = pending.phone.state().await;
        assert!(state.state == Standing::Refused, "{decision:?}");
        if decision != Some(Decision::Report) {
            let code = first.confirm(&asked, Some(&pending.digits)).await;
            assert_ne!(code, VerdictCode::Ok);
        }
        assert!(pending.phone.state().await.state == Standing::Refused);
        world.end().await;
    }
}

#[tokio::test]
async fn who_may_not_answer_any_more_adds_nobody() {
    let world = World::with_pin().await;
    // Suspended while the new phone waits for its digits, and before it came.
    let (first, second) = two(&world).await;
    let (pending, asked) = tablet(&world, &first).await;
    second.act("pause", None).await;
    assert!(pending.phone.state().await.state == Standing::Refused);
    let challenge = first.begin("unfreeze").await;
    first.confirm(&challenge, None).await;
    let code = first.confirm(&asked, Some(&pending.digits)).await;
    assert_eq!(code, VerdictCode::Cancelled);

    let enrolment = invited(&world, &first).await;
    let id = first.id.to_string();
    world.command(&["phone", "suspend", &id]).await;
    let registration = sign(enrolment.registration(), &enrolment.dev);
    let answer = enrolment.register(&registration).await;
    answer.is_problem(410, "gone");
    world.end().await;
}

#[tokio::test]
async fn row_40_two_phones_with_the_invitation_of_a_phone_are_both_refused() {
    let world = World::with_pin().await;
    let first = world.with_phone().await;
    let enrolment = invited(&world, &first).await;
    let rival = enrolment.rival().await;
    let pending = enrolment.pending().await;
    let asked = first.challenge().await;
    let theirs = sign(rival.registration(), &rival.dev);
    rival.register(&theirs).await.is_problem(409, "conflict");
    let state = pending.phone.state().await;
    assert!(state.reason == Some(StateReason::SecondFinisher));
    let code = first.confirm(&asked, Some(&pending.digits)).await;
    assert_eq!(code, VerdictCode::Cancelled);
    world.end().await;
}

#[tokio::test]
async fn a_phone_on_probation_answers_and_changes_nothing_but_itself() {
    let world = World::with_pin().await;
    let first = world.with_phone().await;
    let (pending, asked) = tablet(&world, &first).await;
    first.confirm(&asked, Some(&pending.digits)).await;
    let tablet = pending.phone;
    for action in ["add-phone", "pause", "unfreeze"] {
        let answer = tablet.act(action, None).await;
        answer.is_problem(403, "probation");
    }
    let answer = tablet.act("remove-phone", Some(&first)).await;
    answer.is_problem(403, "probation");
    let own = tablet.begin("pin-set").await;
    assert!(own.kind == Kind::PinSet);
    // It is removed by the bare phone meanwhile.
    let challenge = first.begin_about("remove-phone", &tablet).await;
    assert_eq!(challenge.factors.describe(), "dev");
    let code = first.decide(&challenge, Decision::Approve, None).await;
    assert_eq!(code, VerdictCode::Ok);
    assert!(tablet.state().await.state == Standing::Revoked);

    // A day later it is like the first.
    let (pending, asked) = self::tablet(&world, &first).await;
    first.confirm(&asked, Some(&pending.digits)).await;
    world.pass(86_401);
    let challenge = pending.phone.begin_about("remove-phone", &first).await;
    assert_eq!(challenge.factors.describe(), "dev+pin");
    world.end().await;
}

#[tokio::test]
async fn without_pin_or_gesture_a_phone_adds_and_removes_none() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let answer = phone.act("add-phone", None).await;
    answer.is_problem(400, "bad_request");
    let answer = phone.act("remove-phone", Some(&phone)).await;
    answer.is_problem(400, "bad_request");
    // It may lift its own pause.
    phone.act("pause", None).await;
    let challenge = phone.begin("unfreeze").await;
    assert_eq!(challenge.factors.describe(), "dev");
    let code = phone.decide(&challenge, Decision::Approve, None).await;
    assert_eq!(code, VerdictCode::Ok);
    assert_eq!(rests(&phone).await, None);
    world.end().await;
}

#[tokio::test]
async fn a_gesture_does_what_a_pin_does() {
    let world = World::with_factors().await;
    let phone = world.with_uv_phone().await;
    phone.act("pause", None).await;
    let challenge = phone.begin("unfreeze").await;
    assert_eq!(challenge.factors.describe(), "dev+pin|uv");
    let response = phone.response(&challenge, Decision::Approve, None);
    let verdict = phone.deliver(&phone.sign_uv(response)).await;
    assert_eq!(verdict.code, VerdictCode::Ok);
    world.end().await;
}

#[tokio::test]
async fn a_pause_is_not_lifted_by_who_was_stopped_meanwhile() {
    let world = World::with_pin().await;
    for (command, reason) in [
        ("suspend", Some(StateReason::Admin)),
        ("revoke", Some(StateReason::Admin)),
    ] {
        let phone = Enrolment::begin_by_admin(&world, ANNA).await;
        let phone = phone.finish_by_admin(ANNA).await;
        world.pass(86_401);
        phone.act("pause", None).await;
        let challenge = phone.begin("unfreeze").await;
        let id = phone.id.to_string();
        world.command(&["phone", command, &id]).await;
        assert_ne!(phone.confirm(&challenge, None).await, VerdictCode::Ok);
        assert_eq!(phone.state().await.reason, reason);
    }
    world.end().await;
}

#[tokio::test]
async fn only_the_clone_alarm_of_another_phone_is_lifted_and_not_from_a_pause() {
    let world = World::with_pin().await;
    let (first, second) = two(&world).await;
    // One in use; one at rest by its person; one at rest by an administrator.
    let nothing = first.act("unfreeze", Some(&second)).await;
    nothing.is_problem(404, "not_found");
    first.act("pause", None).await;
    let refused = first.act("unfreeze", Some(&second)).await;
    refused.is_problem(403, "not_active");
    let challenge = first.begin("unfreeze").await;
    first.confirm(&challenge, None).await;
    let id = second.id.to_string();
    world.command(&["phone", "suspend", &id]).await;
    let nothing = first.act("unfreeze", Some(&second)).await;
    nothing.is_problem(404, "not_found");
    assert_eq!(rests(&second).await, Some(StateReason::Admin));
    world.end().await;
}

#[tokio::test]
async fn a_phone_that_is_gone_already_is_removed_by_nobody_again() {
    let world = World::with_pin().await;
    let (first, second) = two(&world).await;
    let challenge = first.begin_about("remove-phone", &second).await;
    let id = second.id.to_string();
    world.command(&["phone", "revoke", &id]).await;
    let before = second.state().await;
    first.acknowledge_all().await;
    assert_eq!(first.confirm(&challenge, None).await, VerdictCode::Ok);
    assert!(second.state().await.hash() == before.hash());
    assert!(events(&first).await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn the_phone_alone_removes_a_new_one_while_it_is_new() {
    let world = World::with_pin().await;
    let first = world.with_phone().await;
    let (pending, asked) = tablet(&world, &first).await;
    first.confirm(&asked, Some(&pending.digits)).await;
    let end = pending.phone.state().await.probation.unwrap();
    world.pass(86_400 - 60);
    let challenge = first.begin_about("remove-phone", &pending.phone).await;
    assert_eq!(
        (challenge.factors.describe().as_str(), challenge.exp),
        ("dev", end)
    );
    world.pass(61);
    let code = first.decide(&challenge, Decision::Approve, None).await;
    assert_eq!(code, VerdictCode::Expired);
    assert!(pending.phone.state().await.state == Standing::Active);
    world.end().await;
}

#[tokio::test]
async fn a_repeat_gets_the_same_invitation_and_nobody_reads_it_in_the_database() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let (path, body) = ("/cs/v1/actions", r#"{"kind":"add-phone"}"#);
    let proof = phone.proof_over("POST", path, body);
    let first = phone.prove(call("POST", path, body), proof.clone()).await;
    let again = phone.prove(call("POST", path, body), proof).await;
    assert_eq!((first.status, &first.body), (201, &again.body));
    let answer: InvitationAnswer = first.json();
    let token = Invitation::parse(&answer.invitation).unwrap().token;
    let secret = answer.invitation.split_once('#').unwrap().1;
    let stored = format!("{:?}", world.snapshot().await);
    assert!(!stored.contains(secret) && !stored.contains(&token.to_string()));
    assert_eq!(world.count("invitations").await, 1);
    world.end().await;
}

#[tokio::test]
async fn a_new_phones_digits_get_no_more_time() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let (_tablet, asked) = tablet(&world, &phone).await;
    let answer = world.refuses(&[], try_more(&phone, &asked.jti)).await;
    answer.is_problem(409, "conflict");
    world.end().await;
}

#[tokio::test]
async fn what_is_no_action_is_refused() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let body = r#"{"kind":"policy"}"#;
    let answer = phone.change("POST", "/cs/v1/actions", body).await;
    answer.is_problem(400, "bad_request");
    world.end().await;
}

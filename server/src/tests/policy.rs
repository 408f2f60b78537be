//! The settings ask for something else than when phones enrolled.

use crate::app::App;
use crate::cli::typed;
use crate::testkit::{ANNA, Enrolment, Phone, Typed, World};
use countersign_protocol::Signed;
use countersign_protocol::statement::{
    Challenge, Decision, Event, Kind, Mode, Standing, VerdictCode,
};

/// What `policy apply` did to the one phone; nothing when it has it already.
async fn apply(app: &App) -> Option<String> {
    let lines = typed(Some(app), &["policy", "apply"]).await.unwrap();
    assert!(lines.len() < 2);
    let result = lines.first()?["result"].as_str()?;
    Some(result.to_owned())
}

/// Settings by which a request waits so long.
fn life(seconds: u64) -> impl FnOnce(String) -> String {
    move |settings| {
        let lines = settings
            .lines()
            .map(|line| match line.strip_prefix("life = ") {
                Some(_) => format!("life = {seconds}"),
                None => line.to_owned(),
            });
        lines.collect::<Vec<_>>().join("\n")
    }
}

async fn asked(phone: &Phone<'_>) -> Signed<Challenge> {
    let asked = phone.challenge().await;
    assert!(asked.kind == Kind::Policy && asked.mode == Mode::Remote);
    asked
}

fn with_pin(settings: String) -> String {
    settings
        .replacen(r#"min = [["dev"]]"#, r#"min = [["dev", "pin"]]"#, 1)
        .replacen("pin = 0", "pin = 6", 1)
}

fn without_pin(settings: String) -> String {
    settings
        .replacen(r#"min = [["dev", "pin"]]"#, r#"min = [["dev"]]"#, 1)
        .replacen("pin = 6", "pin = 0", 1)
}

#[tokio::test]
async fn a_stricter_policy_is_taken_by_a_state() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    phone.acknowledge_all().await;
    let app = world.beside(life(60)).await;
    assert_eq!(apply(&app).await.unwrap(), "taken");
    let state = phone.state().await;
    assert!(state.state == Standing::Active && state.sn == 3);
    assert_eq!((state.policy.n, state.policy.max_life), (2, 60));
    let notices = phone.notices().await;
    assert!(notices.len() == 1 && notices[0].event == Event::PolicyChanged);
    assert_eq!(apply(&app).await, None);
    // The next request is under it.
    let (_, page) = world.waiting().await;
    let list = phone.list("").await;
    let challenge = phone.verify(list.challenges.last().unwrap());
    assert_eq!(challenge.policy, 2);
    let verdict = phone.approve_by_pin(&challenge, &page, Typed::Right).await;
    assert_eq!(verdict.code, VerdictCode::Ok);
    world.end().await;
}

#[tokio::test]
async fn a_weaker_policy_is_taken_by_its_persons_word_alone() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let app = world.beside(life(600)).await;
    let before = phone.state().await;
    for decision in [None, Some(Decision::Deny), Some(Decision::Approve)] {
        assert_eq!(apply(&app).await.unwrap(), "asked");
        let challenge = asked(&phone).await;
        assert_eq!(challenge.factors.describe(), "dev+pin");
        let policy = challenge.input.as_ref().unwrap().policy.clone().unwrap();
        assert_eq!((policy.n, policy.max_life, challenge.policy), (2, 600, 1));
        match decision {
            // Not by the phone alone.
            None => {
                let code = phone.decide(&challenge, Decision::Approve, None).await;
                assert_eq!(code, VerdictCode::FactorsMissing);
            }
            Some(Decision::Approve) => {
                assert!(phone.state().await.hash() == before.hash());
                assert_eq!(phone.confirm(&challenge, None).await, VerdictCode::Ok);
                assert!(phone.state().await.policy == policy);
            }
            Some(decision) => {
                let code = phone.decide(&challenge, decision, None).await;
                assert_eq!(code, VerdictCode::Ok);
            }
        }
    }
    assert_eq!(apply(&app).await, None);
    world.end().await;
}

#[tokio::test]
async fn a_phone_that_could_not_answer_any_more_keeps_its_policy() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    // A PIN, which it has not; and less, which it has nothing to agree to with.
    let app = world.beside(with_pin).await;
    assert_eq!(apply(&app).await.unwrap(), "add_anew");
    let without =
        |settings: String| without_pin(settings).replacen("match = true", "match = false", 1);
    let app = world.beside(without).await;
    assert_eq!(app.policy.n, 3);
    assert_eq!(apply(&app).await.unwrap(), "add_anew");
    assert_eq!(phone.state().await.sn, 2);
    world.end().await;
}

#[tokio::test]
async fn a_policy_keeps_its_number_until_the_settings_change() {
    let world = World::with_pin().await;
    assert_eq!(world.app.policy.n, 1);
    let same = world.beside(|settings| settings).await;
    assert_eq!(same.policy.n, 1);
    let other = world.beside(life(60)).await;
    assert_eq!(other.policy.n, 2);
    let back = world.beside(life(120)).await;
    assert_eq!(back.policy.n, 3);
    world.end().await;
}

#[tokio::test]
async fn an_agreement_that_was_overtaken_takes_nothing_back() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let app = world.beside(life(600)).await;
    assert_eq!(apply(&app).await.unwrap(), "asked");
    let weaker = asked(&phone).await;
    // A login that waits was asked under the old policy too.
    let (_, _page) = world.waiting().await;
    let app = world.beside(life(60)).await;
    assert_eq!(apply(&app).await.unwrap(), "taken");
    assert!(phone.list("").await.challenges.is_empty());
    let code = phone.confirm(&weaker, None).await;
    assert_eq!(code, VerdictCode::Cancelled);
    assert_eq!(phone.state().await.policy.n, 3);
    world.end().await;
}

#[tokio::test]
async fn what_the_settings_ask_for_no_more_is_agreed_to_no_more() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let app = world.beside(life(600)).await;
    assert_eq!(apply(&app).await.unwrap(), "asked");
    let weaker = asked(&phone).await;
    // Nobody applied the newer ones.
    world.beside(life(120)).await;
    let code = phone.confirm(&weaker, None).await;
    assert_eq!(code, VerdictCode::Cancelled);
    assert_eq!(phone.state().await.policy.n, 1);
    // It can still be reported.
    let code = phone.decide(&weaker, Decision::Report, None).await;
    assert_eq!(code, VerdictCode::Ok);
    world.end().await;
}

#[tokio::test]
async fn a_phone_on_probation_or_at_rest_is_not_asked_for_less() {
    let world = World::with_pin().await;
    let first = world.with_phone().await;
    let tablet = Enrolment::begin_by_admin(&world, ANNA).await;
    let tablet = tablet.finish_by_admin(ANNA).await;
    let id = first.id.to_string();
    world.command(&["phone", "suspend", &id]).await;
    let app = world.beside(life(600)).await;
    let lines = typed(Some(&app), &["policy", "apply"]).await.unwrap();
    let results: Vec<_> = lines.iter().map(|line| &line["result"]).collect();
    assert_eq!(results, ["later", "later"]);
    for phone in [&first, &tablet] {
        assert!(phone.list("").await.challenges.is_empty());
    }
    world.command(&["phone", "resume", &id]).await;
    world.pass(86_401);
    let lines = typed(Some(&app), &["policy", "apply"]).await.unwrap();
    assert!(lines.len() == 2 && lines.iter().all(|line| line["result"] == "asked"));
    world.end().await;
}

#[tokio::test]
async fn a_pin_that_is_asked_for_no_more_is_kept_no_more() {
    let world = World::with_pin().await;
    let phone = world.with_phone().await;
    let app = world.beside(without_pin).await;
    assert_eq!(apply(&app).await.unwrap(), "asked");
    let (open, _page) = (asked(&phone).await, world.waiting().await);
    assert_eq!(phone.confirm(&open, None).await, VerdictCode::Ok);
    assert_eq!(phone.state().await.policy.pin, 0);
    let kept = "SELECT CAST(pin_wrapped IS NOT NULL AS TEXT) FROM credentials";
    assert_eq!(world.value(kept).await, "0");

    // What the phone begins is asked without it, and its proof proves nothing.
    let own = phone.begin("recovery-codes").await;
    assert_eq!(own.factors.describe(), "dev");
    assert_eq!(phone.confirm(&own, None).await, VerdictCode::FactorsMissing);
    for action in ["pin-set", "add-phone", "replace-uv"] {
        let answer = world.refuses(&[], phone.act(action, None)).await;
        answer.is_problem(400, "bad_request");
    }
    // It is asked for again, of a phone that has none.
    let app = world.beside(with_pin).await;
    assert_eq!(apply(&app).await.unwrap(), "add_anew");
    world.end().await;
}

//! The main job, end to end, on real input: a phone enrols, and a service provider that nobody here wrote lets its user
//! in. And what that service provider refuses, so that its yes means something.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::story::{self, Waiting};
use countersign_tests::harness::{ADMIN, Case, RELAY, SpOptions, Told};
use serde_json::json;

fn told(options: SpOptions) -> Told {
    Told::tell(options, RELAY).unwrap()
}

#[test]
fn a_real_service_provider_lets_the_user_in() {
    told(SpOptions::default()).is_anna().unwrap();
}

#[test]
fn a_service_provider_that_signs_its_requests_is_served_as_well() {
    let signing = SpOptions {
        signs_requests: true,
        ..SpOptions::default()
    };
    told(signing).is_anna().unwrap();
}

#[test]
fn what_was_tampered_with_is_refused() {
    let story = told(SpOptions::default());
    let (judge, good) = story.judge().unwrap();

    let signature = good.response.split_once("SignatureValue>").unwrap().1[..1].to_owned();
    let flipped = if signature == "A" { "B" } else { "A" };
    for (what, case) in [
        ("one byte of the name", good.with("anna@", "bnna@").unwrap()),
        (
            "one byte of the class",
            good.with("MobileTwoFactorContract", "MobileTwoFactorContracT")
                .unwrap(),
        ),
        (
            "one byte of the response's signature",
            good.with(
                &format!("SignatureValue>{signature}"),
                &format!("SignatureValue>{flipped}"),
            )
            .unwrap(),
        ),
    ] {
        judge.refuses(what, &case, "ignature").unwrap();
    }
}

#[test]
fn what_was_meant_for_somebody_else_is_refused() {
    let story = told(SpOptions::default());
    let (judge, good) = story.judge().unwrap();

    judge
        .with_other_certificate()
        .unwrap()
        .refuses("another certificate", &good, "ignature")
        .unwrap();
    judge
        .with("entity_id", "https://other.example/metadata")
        .refuses("another audience", &good, "not a valid audience")
        .unwrap();
    judge
        .with("idp_entity_id", "https://other.example/")
        .refuses("another issuer", &good, "ssuer")
        .unwrap();
    judge
        .with("acs", "https://other.example/acs")
        .refuses("another place", &good, "received at")
        .unwrap();
    let other_request = Case {
        request_id: "_another".to_owned(),
        ..good.clone()
    };
    judge
        .refuses("another request", &other_request, "InResponseTo")
        .unwrap();
    let unsolicited = Case {
        request_id: String::new(),
        ..good
    };
    judge
        .refuses("no request", &unsolicited, "unsolicited")
        .unwrap();
}

#[test]
fn a_response_is_good_for_one_time_and_one_browser() {
    let story = told(SpOptions::default());
    let (judge, good) = story.judge().unwrap();
    let said = judge.judge(&[&good, &good]).unwrap();
    assert!(said[0].accepted, "{}", said[0].reason);
    assert!(
        !said[1].accepted && said[1].reason.contains("replay"),
        "{}",
        said[1].reason
    );

    let mut stranger = story.world.browser().unwrap();
    let claims = story::hand_over(&mut stranger, &story.signed_in.form).unwrap();
    assert_eq!(claims["errors"], json!(["unsolicited"]));
}

#[test]
fn row_22_a_waiting_page_opened_in_a_second_browser_cannot_collect_the_result() {
    let (world, sp, phone) = story::ready().unwrap();
    let (mut own, mut strange) = (world.browser().unwrap(), world.browser().unwrap());
    let waiting = Waiting::begin(&mut own, &sp, ADMIN, RELAY).unwrap();
    let prompt = story::await_prompt(&phone).unwrap();
    phone
        .ask(&[
            "approve",
            prompt["id"].as_str().unwrap(),
            "--number",
            &waiting.number,
        ])
        .unwrap();

    let stolen = strange.open(waiting.address()).unwrap();
    assert!(stolen.find_form_with("SAMLResponse").unwrap().is_none());
    // The server's port and the drawings have digits of their own.
    let (_, authority) = world.server.origin.split_once("://").unwrap();
    let shown = stolen.text().unwrap().replace(authority, "");
    assert!(
        !stolen.body.contains(ADMIN) && !shown.contains(&waiting.number),
        "{}",
        stolen.body
    );
    let form = waiting.response(&mut own).unwrap();
    assert_eq!(story::hand_over(&mut own, &form).unwrap()["name_id"], ADMIN);
}

//! The main job, end to end, on real input: a phone enrols, and a service provider that nobody here wrote lets its user
//! in. And what that service provider refuses, so that its yes means something.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::story::{self, SignedIn, Waiting, silently};
use countersign_tests::harness::{ADMIN, Case, Judge, Sp, SpOptions, World};
use serde_json::json;

const PHONE_CONTEXT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// What a service provider may give along, and must get back to the byte.
const RELAY: &str = "/wiki?page=1&title=<b>\"A\" + 'B'</b>; é";

struct Story {
    world: World,
    sp: Sp,
    signed_in: SignedIn,
}

fn told(options: SpOptions) -> Story {
    let world = World::start().unwrap();
    let sp = world.application("wiki", "Example Wiki", options).unwrap();
    let phone = world.phone("anna").unwrap();
    story::enrol(&world, &phone, ADMIN, &mut silently).unwrap();
    let mut browser = world.browser().unwrap();
    let signed_in = story::sign_in(&mut browser, &sp, &phone, ADMIN, RELAY, &mut silently).unwrap();
    Story {
        world,
        sp,
        signed_in,
    }
}

fn assert_anna(signed_in: &SignedIn) {
    let claims = &signed_in.claims;
    assert_eq!(claims["name_id"], ADMIN);
    assert_eq!(claims["name_id_format"], EMAIL);
    assert_eq!(claims["authn_context"], PHONE_CONTEXT);
    assert_eq!(claims["relay_state"], RELAY);
    assert_eq!(claims["errors"], json!([]));
    assert!(
        claims["session_index"]
            .as_str()
            .is_some_and(|index| !index.is_empty()),
        "{claims}"
    );
}

#[test]
fn a_real_service_provider_lets_the_user_in() {
    assert_anna(&told(SpOptions::default()).signed_in);
}

#[test]
fn a_service_provider_that_signs_its_requests_is_served_as_well() {
    assert_anna(
        &told(SpOptions {
            signs_requests: true,
            ..SpOptions::default()
        })
        .signed_in,
    );
}

#[test]
fn what_was_tampered_with_is_refused() {
    let story = told(SpOptions::default());
    let judge = story.world.judge(&story.sp).unwrap();
    let good = Case::of_form(story.signed_in.form.value("SAMLResponse").unwrap()).unwrap();
    accepted_once(&judge, &good);

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
        refused(&judge, &case, what, "ignature");
    }
}

#[test]
fn what_was_meant_for_somebody_else_is_refused() {
    let story = told(SpOptions::default());
    let judge = story.world.judge(&story.sp).unwrap();
    let good = Case::of_form(story.signed_in.form.value("SAMLResponse").unwrap()).unwrap();
    accepted_once(&judge, &good);

    refused(
        &judge.with_other_certificate().unwrap(),
        &good,
        "another certificate",
        "ignature",
    );
    refused(
        &judge.with("entity_id", "https://other.example/metadata"),
        &good,
        "another audience",
        "not a valid audience",
    );
    refused(
        &judge.with("idp_entity_id", "https://other.example/"),
        &good,
        "another issuer",
        "ssuer",
    );
    refused(
        &judge.with("acs", "https://other.example/acs"),
        &good,
        "another place",
        "received at",
    );
    let other_request = Case {
        request_id: "_another".to_owned(),
        ..good.clone()
    };
    refused(&judge, &other_request, "another request", "InResponseTo");
    let unsolicited = Case {
        request_id: String::new(),
        ..good
    };
    refused(&judge, &unsolicited, "no request", "unsolicited");
}

#[test]
fn a_response_is_good_for_one_time_and_one_browser() {
    let story = told(SpOptions::default());
    let judge = story.world.judge(&story.sp).unwrap();
    let good = Case::of_form(story.signed_in.form.value("SAMLResponse").unwrap()).unwrap();
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

/// The control of the controls: as it came, the response is believed.
fn accepted_once(judge: &Judge, case: &Case) {
    let said = judge.judge(&[case]).unwrap().remove(0);
    assert!(
        said.accepted,
        "the untouched response is refused: {}",
        said.reason
    );
}

fn refused(judge: &Judge, case: &Case, what: &str, why: &str) {
    let said = judge.judge(&[case]).unwrap().remove(0);
    assert!(!said.accepted, "{what}: accepted");
    assert!(
        said.reason.contains(why),
        "{what}: refused for another reason: {}",
        said.reason
    );
}

//! The main job once more, for a second service provider that nobody here wrote: node-saml with its defaults, by redirect
//! and by POST. It asks for `exact PasswordProtectedTransport`, and is told truly that it was the phone.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::story;
use countersign_tests::harness::{Binding, Case, RELAY, Software, SpOptions, Told, World};
use serde_json::json;

/// For signed redirects: node-saml escapes spaces, quotes and other signs in one way when it signs, in another when it
/// sends, and what counts are the octets that were sent.
const PLAIN_RELAY: &str = "/wiki?page=1&title=A";

const NODE: SpOptions = SpOptions {
    software: Software::NodeSaml,
    binding: Binding::Redirect,
    signs_requests: false,
};

fn told(options: SpOptions) -> Told {
    let relay = if options.signs_requests {
        PLAIN_RELAY
    } else {
        RELAY
    };
    Told::tell(options, relay).unwrap()
}

#[test]
fn it_lets_the_user_in_whose_request_went_by_redirect() {
    told(NODE).is_anna().unwrap();
}

#[test]
fn it_lets_the_user_in_whose_request_was_posted() {
    let posting = SpOptions {
        binding: Binding::Post,
        ..NODE
    };
    told(posting).is_anna().unwrap();
}

#[test]
fn it_lets_the_user_in_whose_redirect_was_signed() {
    let signing = SpOptions {
        signs_requests: true,
        ..NODE
    };
    told(signing).is_anna().unwrap();
}

#[test]
fn a_signed_request_that_is_posted_is_refused_for_now() {
    let world = World::start().unwrap();
    let options = SpOptions {
        binding: Binding::Post,
        signs_requests: true,
        ..NODE
    };
    let sp = world.application("wiki", "Example Wiki", options).unwrap();
    let mut browser = world.browser().unwrap();
    let page = story::arrive(&mut browser, &sp, RELAY).unwrap();
    assert!(page.url.as_str().starts_with(&world.server.origin));
    assert_eq!(page.status, 400, "{}", page.body);
    assert!(page.find_form_with("account").unwrap().is_none());
}

#[test]
fn nobody_is_signed_in_where_nobody_may_be_asked() {
    let world = World::start().unwrap();
    for (slug, binding) in [("redirect", Binding::Redirect), ("post", Binding::Post)] {
        let options = SpOptions { binding, ..NODE };
        let sp = world.application(slug, "Example Wiki", options).unwrap();
        let mut browser = world.browser().unwrap();
        let form = story::ask_passively(&mut browser, &sp).unwrap();
        let said = story::hand_over(&mut browser, &form).unwrap();
        assert_eq!(said["errors"], json!(["not_authenticated"]));
        assert_eq!(said["reason"], "NoPassive");
    }
}

#[test]
fn what_was_tampered_with_is_refused() {
    let story = told(NODE);
    let (judge, good) = story.judge().unwrap();
    for (what, case) in [
        ("one byte of the name", good.with("anna@", "bnna@").unwrap()),
        (
            "one byte of the class",
            good.with("MobileTwoFactorContract", "MobileTwoFactorContracT")
                .unwrap(),
        ),
        (
            "one byte of the response alone",
            good.with(" Version=\"2.0\"", " Version=\"2.1\"").unwrap(),
        ),
    ] {
        judge.refuses(what, &case, "ignature").unwrap();
    }
}

#[test]
fn what_was_meant_for_somebody_else_is_refused() {
    let story = told(NODE);
    let (judge, good) = story.judge().unwrap();
    judge
        .with_other_certificate()
        .unwrap()
        .refuses("another certificate", &good, "ignature")
        .unwrap();
    judge
        .with("entity_id", "https://other.example/metadata")
        .refuses("another audience", &good, "audience mismatch")
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
    let story = told(NODE);
    let (judge, good) = story.judge().unwrap();
    let said = judge.judge(&[&good, &good]).unwrap();
    assert!(said[0].accepted, "{}", said[0].reason);
    assert!(
        !said[1].accepted && said[1].reason.contains("InResponseTo is not valid"),
        "{}",
        said[1].reason
    );

    let mut stranger = story.world.browser().unwrap();
    let claims = story::hand_over(&mut stranger, &story.signed_in.form).unwrap();
    assert_eq!(claims["errors"], json!(["unsolicited"]));
}

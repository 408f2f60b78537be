//! The main job once more, for a second service provider that nobody here wrote: node-saml with its defaults, by redirect
//! and by POST. It asks for `exact PasswordProtectedTransport`, and is told truly that it was the phone.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::story::{self, SignedIn, silently};
use countersign_tests::harness::{ADMIN, Binding, Case, Judge, Software, Sp, SpOptions, World};
use serde_json::json;

const PHONE_CONTEXT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// What a service provider may give along, and must get back to the byte.
const RELAY: &str = "/wiki?page=1&title=<b>\"A\" + 'B'</b>; é";

/// For signed redirects: node-saml escapes spaces, quotes and other signs in one way when it signs, in another when it
/// sends, and what counts are the octets that were sent.
const PLAIN_RELAY: &str = "/wiki?page=1&title=A";

const NODE: SpOptions = SpOptions {
    software: Software::NodeSaml,
    binding: Binding::Redirect,
    signs_requests: false,
};

struct Story {
    world: World,
    sp: Sp,
    signed_in: SignedIn,
}

fn told(options: SpOptions) -> Story {
    let relay = if options.signs_requests {
        PLAIN_RELAY
    } else {
        RELAY
    };
    let world = World::start().unwrap();
    let sp = world.application("wiki", "Example Wiki", options).unwrap();
    let phone = world.phone("anna").unwrap();
    story::enrol(&world, &phone, ADMIN, &mut silently).unwrap();
    let mut browser = world.browser().unwrap();
    let signed_in = story::sign_in(&mut browser, &sp, &phone, ADMIN, relay, &mut silently).unwrap();
    Story {
        world,
        sp,
        signed_in,
    }
}

impl Story {
    /// node-saml's opinions from here on, and the response as it came.
    fn judge(&self) -> (Judge, Case) {
        let judge = self.world.judge(&self.sp).unwrap();
        let good = Case::of_form(self.signed_in.form.value("SAMLResponse").unwrap()).unwrap();
        // The control of the controls: as it came, the response is believed.
        let said = judge.judge(&[&good]).unwrap().remove(0);
        assert!(said.accepted, "the untouched response: {}", said.reason);
        (judge, good)
    }
}

fn assert_anna(signed_in: &SignedIn, relay: &str) {
    let claims = &signed_in.claims;
    assert_eq!(claims["name_id"], ADMIN);
    assert_eq!(claims["name_id_format"], EMAIL);
    assert_eq!(claims["authn_context"], PHONE_CONTEXT);
    assert_eq!(claims["relay_state"], relay);
    assert_eq!(claims["errors"], json!([]));
    assert!(
        claims["session_index"]
            .as_str()
            .is_some_and(|index| !index.is_empty()),
        "{claims}"
    );
}

#[test]
fn it_lets_the_user_in_whose_request_went_by_redirect() {
    assert_anna(&told(NODE).signed_in, RELAY);
}

#[test]
fn it_lets_the_user_in_whose_request_was_posted() {
    let posting = SpOptions {
        binding: Binding::Post,
        ..NODE
    };
    assert_anna(&told(posting).signed_in, RELAY);
}

#[test]
fn it_lets_the_user_in_whose_redirect_was_signed() {
    let signing = SpOptions {
        signs_requests: true,
        ..NODE
    };
    assert_anna(&told(signing).signed_in, PLAIN_RELAY);
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
    let (judge, good) = story.judge();
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
        refused(&judge, &case, what, "ignature");
    }
}

#[test]
fn what_was_meant_for_somebody_else_is_refused() {
    let story = told(NODE);
    let (judge, good) = story.judge();
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
        "audience mismatch",
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
    let story = told(NODE);
    let (judge, good) = story.judge();
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

fn refused(judge: &Judge, case: &Case, what: &str, why: &str) {
    let said = judge.judge(&[case]).unwrap().remove(0);
    assert!(!said.accepted, "{what}: accepted");
    assert!(
        said.reason.contains(why),
        "{what}: refused for another reason: {}",
        said.reason
    );
}

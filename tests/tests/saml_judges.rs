//! What we sign and publish, judged by programs that know XML signatures and the SAML schemas, and nothing of us. And
//! what they refuse, so that their yes means something.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::story::{self, silently};
use countersign_tests::harness::xml::{self, Schema, Signed};
use countersign_tests::harness::{ADMIN, Case, Form, SpOptions, World};
use std::path::{Path, PathBuf};

struct Story {
    world: World,
    trusted: PathBuf,
    /// The response that signs Anna in.
    login: String,
    /// The response to somebody who is not signed in and must not be asked.
    passive: String,
}

fn told() -> Story {
    let world = World::start().unwrap();
    let sp = world
        .application("wiki", "Example Wiki", SpOptions::default())
        .unwrap();
    let passive = story::ask_passively(&mut world.browser().unwrap(), &sp).unwrap();
    let phone = world.phone("anna").unwrap();
    story::enrol(&world, &phone, ADMIN, &mut silently).unwrap();
    let mut browser = world.browser().unwrap();
    // What XML has to escape comes along.
    let relay = "<a>&\"'";
    let signed_in = story::sign_in(&mut browser, &sp, &phone, ADMIN, relay, &mut silently).unwrap();
    let trusted = world.dir().join("idp.pem");
    std::fs::write(&trusted, world.server.certificate().unwrap()).unwrap();
    Story {
        trusted,
        login: response(&signed_in.form),
        passive: response(&passive),
        world,
    }
}

fn response(form: &Form) -> String {
    Case::of_form(form.value("SAMLResponse").unwrap())
        .unwrap()
        .response
}

impl Story {
    fn verifies(&self, response: &str, signed: Signed) -> bool {
        self.verifies_with(response, signed, &self.trusted)
    }

    fn verifies_with(&self, response: &str, signed: Signed, trusted: &Path) -> bool {
        xml::verify(self.world.dir(), response, signed, trusted)
            .unwrap()
            .good
    }

    /// Why the schema refuses it; nothing when it does not.
    fn complaints(&self, document: &str, schema: Schema) -> Option<String> {
        let opinion = xml::validate(self.world.dir(), document, schema).unwrap();
        (!opinion.good).then_some(opinion.words)
    }
}

fn bent(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "`{old}` is not in {text}");
    text.replacen(old, new, 1)
}

#[test]
fn both_signatures_verify_and_cover_what_they_say() {
    let story = told();
    let good = &story.login;
    assert!(story.verifies(good, Signed::Response));
    assert!(story.verifies(good, Signed::Assertion));
    assert!(story.verifies(&story.passive, Signed::Response));

    // What changed → whether the response's and the assertion's signature still hold.
    let value = |xml: &str| {
        let (_, after) = xml.split_once("SignatureValue>").unwrap();
        format!("SignatureValue>{}", &after[..8])
    };
    let flip = |text: &str| match text.strip_suffix('A') {
        Some(rest) => format!("{rest}B"),
        None => format!("{}A", &text[..text.len() - 1]),
    };
    let (_, assertion) = good.split_once("<saml:Assertion").unwrap();
    let (outer, inner) = (value(good), value(assertion));
    for (what, case, response, holds) in [
        ("the name", bent(good, ">anna@", ">bnna@"), false, false),
        (
            "the class",
            bent(good, "MobileTwoFactorContract", "MobileTwoFactorContracT"),
            false,
            false,
        ),
        (
            "the time of the response",
            bent(good, " IssueInstant=\"2", " IssueInstant=\"3"),
            false,
            true,
        ),
        (
            "the status",
            bent(good, "status:Success", "status:Succesz"),
            false,
            true,
        ),
        (
            "the response's signature",
            bent(good, &outer, &flip(&outer)),
            false,
            true,
        ),
        (
            "the assertion's signature",
            bent(good, &inner, &flip(&inner)),
            false,
            false,
        ),
    ] {
        assert_eq!(story.verifies(&case, Signed::Response), response, "{what}");
        assert_eq!(story.verifies(&case, Signed::Assertion), holds, "{what}");
    }
    let bent = bent(&story.passive, "NoPassive", "NoPassivE");
    assert!(!story.verifies(&bent, Signed::Response));
}

#[test]
fn the_signatures_are_of_the_certificate_that_was_handed_out() {
    let story = told();
    let other = World::start().unwrap();
    let strange = other.dir().join("idp.pem");
    std::fs::write(&strange, other.server.certificate().unwrap()).unwrap();
    for signed in [Signed::Response, Signed::Assertion] {
        assert!(!story.verifies_with(&story.login, signed, &strange));
    }
    assert!(!story.verifies_with(&story.passive, Signed::Response, &strange));
}

#[test]
fn responses_are_what_the_schema_says() {
    let story = told();
    let protocol = |xml: &str| story.complaints(xml, Schema::Protocol);
    assert_eq!(protocol(&story.login), None);
    assert_eq!(protocol(&story.passive), None);

    for (what, case) in [
        ("no version", bent(&story.login, " Version=\"2.0\"", "")),
        (
            "an ID that begins with a digit",
            bent(&story.login, " ID=\"_", " ID=\"1"),
        ),
        (
            "an element of nobody",
            bent(
                &story.login,
                "<samlp:Status>",
                "<samlp:Stand/><samlp:Status>",
            ),
        ),
        (
            "a time that is none",
            bent(&story.login, "NotOnOrAfter=\"2", "NotOnOrAfter=\"x"),
        ),
        (
            "a status without a code",
            bent(&story.passive, "samlp:StatusCode ", "samlp:StatusMessage "),
        ),
    ] {
        assert!(protocol(&case).is_some(), "{what} is not noticed");
    }
}

#[test]
fn metadata_is_what_the_schema_says() {
    let story = told();
    let address = format!("{}/saml/metadata", story.world.server.origin);
    let mut browser = story.world.browser().unwrap();
    let good = browser.open(&address).unwrap().body;
    let metadata = |xml: &str| story.complaints(xml, Schema::Metadata);
    assert_eq!(metadata(&good), None);
    for binding in ["HTTP-Redirect", "HTTP-POST"] {
        assert!(good.contains(&format!("bindings:{binding}\"")), "{good}");
    }

    for (what, case) in [
        (
            "no protocol",
            bent(&good, " protocolSupportEnumeration=", " protocol="),
        ),
        (
            "a service without a place",
            bent(&good, " Location=", " Place="),
        ),
        ("no name", bent(&good, " entityID=", " entity=")),
        (
            "a use that is none",
            bent(&good, " use=\"signing\"", " use=\"singing\""),
        ),
    ] {
        assert!(metadata(&case).is_some(), "{what} is not noticed");
    }
    // The judge itself tells the two schemas apart.
    assert!(story.complaints(&good, Schema::Protocol).is_some());
}

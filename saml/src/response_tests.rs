use proptest::prelude::*;
use roxmltree::{Document, Node};

use super::*;
use crate::testkit::{
    ACS, Ask, IDP, NOW, SP, SSO_URL, accepted, canonical, idp, idp_named, pair_a, pair_b, provider,
    sign_query, signing_provider, verify,
};

const EMAIL: &str = "alice@customer.example";

fn subject() -> Subject {
    let claim = |name: &str, value: &str| Attribute {
        name: name.to_owned(),
        values: vec![value.to_owned()],
    };
    Subject {
        email: EMAIL.to_owned(),
        attributes: vec![
            claim(claims::EMAIL_ADDRESS, EMAIL),
            claim(claims::GIVEN_NAME, "Alice"),
            claim(claims::SURNAME, "Example"),
            claim(claims::NAME, "Alice Example"),
        ],
    }
}

fn authn() -> Authn {
    Authn {
        instant: NOW - 5,
        context: AuthnContext::Phone,
        session_index: "_session-1".to_owned(),
        session_not_on_or_after: NOW + 3600,
    }
}

fn xml_of(response: &SignedResponse) -> String {
    String::from_utf8(Base64::decode_vec(response.saml_response()).unwrap()).unwrap()
}

fn signed_xml() -> String {
    xml_of(&sign(&idp(), &provider(), &accepted(), &subject(), &authn(), NOW).unwrap())
}

fn find<'a, 'i>(document: &'a Document<'i>, name: &str) -> Node<'a, 'i> {
    document
        .descendants()
        .find(|node| node.tag_name().name() == name)
        .unwrap()
}

fn public_key() -> Vec<u8> {
    pair_a().signing_key().public_key().to_vec()
}

#[test]
fn response_and_assertion_are_both_signed() {
    let xml = signed_xml();
    assert_eq!(
        verify(&xml, &public_key()).unwrap(),
        ["Response", "Assertion"]
    );
}

#[test]
fn another_certificate_or_a_changed_byte_does_not_verify() {
    let xml = signed_xml();
    let other = pair_b().signing_key();
    assert_eq!(verify(&xml, other.public_key()), None);
    for (from, to) in [
        (EMAIL, "alicf@customer.example"),
        ("SessionIndex=\"_session-1\"", "SessionIndex=\"_session-2\""),
        ("#rsa-sha256", "#rsa-sha512"),
        ("status:Success", "status:success"),
        ("<saml:Audience>https", "<saml:Audience>Https"),
    ] {
        assert!(xml.contains(from));
        assert_eq!(
            verify(&xml.replacen(from, to, 1), &public_key()),
            None,
            "{from}"
        );
    }
}

#[test]
fn what_is_written_is_its_own_canonical_form() {
    let xml = signed_xml();
    let document = Document::parse(&xml).unwrap();
    assert_eq!(canonical(&xml, document.root_element(), false), xml);
}

#[test]
fn the_response_says_what_the_profile_asks_for() {
    let response = sign(&idp(), &provider(), &accepted(), &subject(), &authn(), NOW).unwrap();
    assert_eq!(response.acs().as_str(), ACS);
    assert_eq!(response.relay_state(), Some("<b>"));
    let xml = xml_of(&response);
    let document = Document::parse(&xml).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("ID"), Some(response.id()));
    assert_eq!(root.attribute("Destination"), Some(ACS));
    assert_eq!(root.attribute("InResponseTo"), Some("_request-1"));
    assert_eq!(root.attribute("IssueInstant"), Some("2026-11-24T10:00:00Z"));
    let attribute =
        |name: &str, attribute: &str| find(&document, name).attribute(attribute).unwrap();
    assert_eq!(attribute("StatusCode", "Value"), names::STATUS_SUCCESS);
    assert_eq!(
        attribute("SubjectConfirmation", "Method"),
        names::CONFIRMATION_BEARER
    );
    assert_eq!(attribute("SubjectConfirmationData", "Recipient"), ACS);
    assert_eq!(
        attribute("SubjectConfirmationData", "InResponseTo"),
        "_request-1"
    );
    assert_eq!(
        attribute("SubjectConfirmationData", "NotOnOrAfter"),
        "2026-11-24T10:05:00Z"
    );
    assert!(!find(&document, "SubjectConfirmationData").has_attribute("NotBefore"));
    assert_eq!(attribute("Conditions", "NotBefore"), "2026-11-24T09:59:00Z");
    assert_eq!(
        attribute("Conditions", "NotOnOrAfter"),
        "2026-11-24T10:05:00Z"
    );
    assert_eq!(
        attribute("AuthnStatement", "AuthnInstant"),
        "2026-11-24T09:59:55Z"
    );
    assert_eq!(attribute("AuthnStatement", "SessionIndex"), "_session-1");
    assert_eq!(
        attribute("AuthnStatement", "SessionNotOnOrAfter"),
        "2026-11-24T11:00:00Z"
    );
    let text = |name: &str| find(&document, name).text().unwrap();
    assert_eq!(text("Issuer"), IDP);
    assert_eq!(text("NameID"), EMAIL);
    assert_eq!(attribute("NameID", "Format"), names::NAME_ID_EMAIL);
    assert_eq!(text("Audience"), SP);
    assert_eq!(text("AuthnContextClassRef"), names::CONTEXT_PHONE);
    let ids: Vec<_> = document
        .descendants()
        .filter_map(|node| node.attribute("ID"))
        .collect();
    assert!(ids.len() == 2 && ids[0] != ids[1] && ids.iter().all(|id| id.starts_with('_')));
    let names: Vec<_> = document
        .descendants()
        .filter_map(|node| node.attribute("Name"))
        .collect();
    assert_eq!(
        names,
        [
            claims::EMAIL_ADDRESS,
            claims::GIVEN_NAME,
            claims::SURNAME,
            claims::NAME
        ]
    );
    assert!(
        !xml.contains(['\n', '\r']),
        "no stray newlines, also not in the certificate"
    );
}

#[test]
fn no_two_responses_share_an_id() {
    let id = || {
        sign(&idp(), &provider(), &accepted(), &subject(), &authn(), NOW)
            .unwrap()
            .id()
            .to_owned()
    };
    assert_ne!(id(), id());
}

#[test]
fn attributes_without_values_are_left_out() {
    let mut subject = subject();
    subject.attributes = vec![
        Attribute {
            name: "groups".to_owned(),
            values: vec!["a".to_owned(), "b".to_owned()],
        },
        Attribute {
            name: "nothing".to_owned(),
            values: vec![],
        },
    ];
    let xml = xml_of(&sign(&idp(), &provider(), &accepted(), &subject, &authn(), NOW).unwrap());
    let document = Document::parse(&xml).unwrap();
    let attribute = find(&document, "Attribute");
    assert_eq!(
        attribute.attribute("NameFormat"),
        Some(names::ATTRIBUTE_UNSPECIFIED)
    );
    assert_eq!(
        attribute
            .children()
            .filter_map(|value| value.text())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert!(!xml.contains("nothing"));
    subject.attributes.clear();
    let xml = xml_of(&sign(&idp(), &provider(), &accepted(), &subject, &authn(), NOW).unwrap());
    assert!(!xml.contains("AttributeStatement"));
}

#[test]
fn row_09_a_provider_that_became_unready_or_changed_gets_nothing() {
    let judge = |provider: &ServiceProvider| {
        let refused = refuse(&idp(), provider, &accepted(), Status::AuthnFailed, NOW).unwrap_err();
        let signed = sign(&idp(), provider, &accepted(), &subject(), &authn(), NOW).unwrap_err();
        assert_eq!(refused, signed);
        signed
    };
    let no_acs = ServiceProvider {
        acs: None,
        ..provider()
    };
    assert_eq!(judge(&no_acs), EmitError::NotReady);
    let disabled = ServiceProvider {
        enabled: false,
        ..provider()
    };
    assert_eq!(judge(&disabled), EmitError::NotReady);
    let moved = AcsUrl::new("https://sp.example/new").ok();
    let moved = ServiceProvider {
        acs: moved,
        ..provider()
    };
    assert_eq!(judge(&moved), EmitError::ProviderChanged);
    let other = ServiceProvider {
        entity_id: "https://other.example".to_owned(),
        ..provider()
    };
    assert_eq!(judge(&other), EmitError::ProviderChanged);
    // It must sign since.
    assert_eq!(judge(&signing_provider()), EmitError::ProviderChanged);
    let request = receive_signed().unwrap();
    assert!(
        sign(
            &idp(),
            &signing_provider(),
            &request,
            &subject(),
            &authn(),
            NOW
        )
        .is_ok()
    );
}

fn receive_signed() -> Result<LoginRequest, crate::Refusal> {
    let key = pair_b().signing_key();
    let query = sign_query(
        &Ask::new().query(),
        &key,
        crate::crypto::SignatureAlgorithm::RsaSha256,
    );
    crate::redirect::receive(&query)?.accept(&signing_provider(), SSO_URL, NOW)
}

#[test]
fn impossible_sign_ins_are_refused() {
    let judge = |subject: &Subject, authn: &Authn| {
        sign(&idp(), &provider(), &accepted(), subject, authn, NOW).unwrap_err()
    };
    let nobody = Subject {
        email: String::new(),
        ..subject()
    };
    assert_eq!(judge(&nobody, &authn()), EmitError::NoSubject);
    let future = Authn {
        instant: NOW + 1,
        ..authn()
    };
    assert_eq!(judge(&subject(), &future), EmitError::Time);
    let over = Authn {
        session_not_on_or_after: NOW,
        ..authn()
    };
    assert_eq!(judge(&subject(), &over), EmitError::Time);
    let never = Authn {
        session_not_on_or_after: u64::MAX,
        ..authn()
    };
    assert_eq!(judge(&subject(), &never), EmitError::Time);
}

#[test]
fn row_19_a_status_is_signed_and_holds_no_assertion() {
    for (status, second) in [
        (Status::Responder, None),
        (Status::NoPassive, Some(names::STATUS_NO_PASSIVE)),
        (Status::AuthnFailed, Some(names::STATUS_AUTHN_FAILED)),
        (Status::RequestDenied, Some(names::STATUS_REQUEST_DENIED)),
    ] {
        let response = refuse(&idp(), &provider(), &accepted(), status, NOW).unwrap();
        let xml = xml_of(&response);
        assert_eq!(verify(&xml, &public_key()).unwrap(), ["Response"]);
        let document = Document::parse(&xml).unwrap();
        assert_eq!(canonical(&xml, document.root_element(), false), xml);
        let codes: Vec<_> = document
            .descendants()
            .filter_map(|node| node.attribute("Value"))
            .collect();
        let expected: Vec<_> = [Some(names::STATUS_RESPONDER), second]
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(codes, expected);
        assert_eq!(response.relay_state(), Some("<b>"));
        assert!(!xml.contains("Assertion "));
    }
}

#[test]
fn a_name_identifier_that_cannot_be_given_is_told_and_holds_no_assertion() {
    let transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    let ask = Ask::new().children(&format!("<samlp:NameIDPolicy Format=\"{transient}\"/>"));
    let received = crate::redirect::receive(&(ask.query() + "&RelayState=%3Cb%3E")).unwrap();
    let judged = received.judge(&provider(), SSO_URL, NOW).unwrap();
    let crate::Judged::Unmet(unmet) = judged else {
        panic!("it is accepted");
    };
    let response = refuse_unmet(&idp(), &provider(), &unmet, NOW).unwrap();
    let xml = xml_of(&response);
    assert_eq!(verify(&xml, &public_key()).unwrap(), ["Response"]);
    let document = Document::parse(&xml).unwrap();
    let root = document.root_element();
    assert_eq!(canonical(&xml, root, false), xml);
    let codes: Vec<_> = document
        .descendants()
        .filter_map(|node| node.attribute("Value"))
        .collect();
    let expected = [
        names::STATUS_REQUESTER,
        names::STATUS_INVALID_NAME_ID_POLICY,
    ];
    assert_eq!(codes, expected);
    assert_eq!(root.attribute("InResponseTo"), Some("_request-1"));
    assert_eq!(root.attribute("Destination"), Some(ACS));
    assert_eq!(response.acs().as_str(), ACS);
    assert_eq!(response.relay_state(), Some("<b>"));
    assert!(!xml.contains("Assertion "));
    let disabled = ServiceProvider {
        enabled: false,
        ..provider()
    };
    let refused = refuse_unmet(&idp(), &disabled, &unmet, NOW).unwrap_err();
    assert_eq!(refused, EmitError::NotReady);
}

#[test]
fn row_16_the_id_is_echoed_as_it_was_asked() {
    let id = "名_a-b.c";
    let query = Ask::new().with("ID", id).query();
    let request = crate::redirect::receive(&query)
        .unwrap()
        .accept(&provider(), SSO_URL, NOW)
        .unwrap();
    let xml = xml_of(&sign(&idp(), &provider(), &request, &subject(), &authn(), NOW).unwrap());
    let document = Document::parse(&xml).unwrap();
    assert_eq!(document.root_element().attribute("InResponseTo"), Some(id));
    assert!(verify(&xml, &public_key()).is_some());
}

#[test]
fn row_17_names_with_markup_stay_names() {
    for name in [
        "alice@customer.example<!---->.evil.example",
        "</saml:NameID></saml:Subject><saml:Subject>",
        "]]><![CDATA[x]]>",
        "&lt;&#0;&evil;",
        "\"' onload='x",
        "a\r\n\tb",
        "\u{85}\u{2028}\u{202e}\u{7f}",
    ] {
        check_text(name).unwrap();
    }
}

#[test]
fn row_17_what_xml_cannot_carry_is_refused() {
    for name in ["a\0", "a\u{1b}[1m", "\u{FFFE}"] {
        assert_eq!(sign_with(name).unwrap_err(), EmitError::NotXml);
    }
}

/// A response with `text` wherever a text from outside can stand.
fn sign_with(text: &str) -> Result<SignedResponse, EmitError> {
    let subject = Subject {
        email: format!("m{text}"),
        attributes: vec![Attribute {
            name: format!("n{text}"),
            values: vec![text.to_owned()],
        }],
    };
    let authn = Authn {
        session_index: text.to_owned(),
        ..authn()
    };
    let provider = ServiceProvider {
        audience: text.to_owned(),
        ..provider()
    };
    sign(
        &idp_named("Example Passport IdP"),
        &provider,
        &accepted(),
        &subject,
        &authn,
        NOW,
    )
}

/// The texts read back as they were, and have made no element.
fn check_text(text: &str) -> Result<(), TestCaseError> {
    let xml = xml_of(&sign_with(text).unwrap());
    let document = Document::parse(&xml).unwrap();
    let shape = |document: &Document<'_>| -> Vec<String> {
        let elements = document.descendants().filter(Node::is_element);
        elements
            .map(|node| node.tag_name().name().to_owned())
            .collect()
    };
    let plain = xml_of(&sign_with("x").unwrap());
    prop_assert_eq!(shape(&document), shape(&Document::parse(&plain).unwrap()));
    prop_assert!(
        document
            .descendants()
            .all(|node| !node.is_comment() && !node.is_pi())
    );
    let read = |name: &str| find(&document, name).text().unwrap_or_default().to_owned();
    prop_assert_eq!(read("NameID"), format!("m{text}"));
    prop_assert_eq!(read("AttributeValue"), text);
    prop_assert_eq!(read("Audience"), text);
    let session = find(&document, "AuthnStatement").attribute("SessionIndex");
    prop_assert_eq!(session, Some(text));
    let name = find(&document, "Attribute")
        .attribute("Name")
        .unwrap()
        .to_owned();
    prop_assert_eq!(name, format!("n{text}"));
    prop_assert_eq!(
        canonical(&xml, document.root_element(), false),
        xml.as_str()
    );
    prop_assert!(verify(&xml, &public_key()).is_some());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_reads_back_or_is_refused(text in "([<>&\"'\\]\r\n\t]|<!--|-->|\\PC|.){0,40}") {
        if text.chars().all(crate::xml::is_char) {
            check_text(&text)?;
        } else {
            prop_assert_eq!(sign_with(&text).unwrap_err(), EmitError::NotXml);
        }
    }
}

use super::*;
use crate::redirect::receive;
use crate::testkit::{
    ACS, Ask, NOW, SP, SSO_URL, accepted, pair_b, provider, sign_query, signing_provider,
};

fn judge(ask: &Ask) -> Result<LoginRequest, Refusal> {
    receive(&ask.query())?.accept(&provider(), SSO_URL, NOW)
}

fn error(ask: &Ask) -> Refusal {
    judge(ask).unwrap_err()
}

#[test]
fn what_was_asked_is_what_is_read() {
    let request = judge(&Ask::new()).unwrap();
    assert_eq!(
        (request.id(), request.issuer(), request.acs()),
        ("_request-1", SP, ACS)
    );
    assert!(!request.force_authn() && !request.is_passive());
    let flags = Ask::new().with("ForceAuthn", "1").with("IsPassive", "true");
    let request = judge(&flags).unwrap();
    assert!(request.force_authn() && request.is_passive());
}

#[test]
fn the_least_that_can_be_asked_is_enough() {
    let least = Ask::new()
        .without("Destination")
        .without("AssertionConsumerServiceURL")
        .without("ProtocolBinding")
        .children("");
    assert_eq!(judge(&least).unwrap().acs(), ACS);
}

#[test]
fn an_accepted_request_outlives_a_restart() {
    let request = accepted();
    let stored = serde_json::to_string(&request).unwrap();
    assert_eq!(
        serde_json::from_str::<LoginRequest>(&stored).unwrap(),
        request
    );
    let more = stored.replacen('{', "{\"x\":1,", 1);
    assert!(serde_json::from_str::<LoginRequest>(&more).is_err());
}

#[test]
fn debug_shows_nothing_of_the_person() {
    assert_eq!(format!("{:?}", accepted()), "LoginRequest { .. }");
    assert_eq!(
        format!("{:?}", receive(&Ask::new().query()).unwrap()),
        "Received { .. }"
    );
}

#[test]
fn row_07_of_an_unknown_issuer_only_the_name_is_known() {
    let ask = Ask::new().issuer("<saml:Issuer>https://evil.example</saml:Issuer>");
    let received = receive(&ask.query()).unwrap();
    assert_eq!(received.issuer(), "https://evil.example");
    let refused = received.accept(&provider(), SSO_URL, NOW).unwrap_err();
    assert_eq!(refused, Refusal::OtherProvider);
}

#[test]
fn row_07_an_issuer_must_be_one_text() {
    let long = format!("<saml:Issuer>{}</saml:Issuer>", "a".repeat(1025));
    for xml in [
        "",
        "<saml:Issuer/>",
        "<saml:Issuer> </saml:Issuer>",
        "<saml:Issuer>https://sp.example/metadata<!-- -->.evil.example</saml:Issuer>",
        "<saml:Issuer><!-- -->https://sp.example/metadata</saml:Issuer>",
        "<saml:Issuer>https://sp.example/metadata<x/></saml:Issuer>",
        "<saml:Issuer>a</saml:Issuer><saml:Issuer>b</saml:Issuer>",
        "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">a</saml:Issuer>",
        "<samlp:Issuer>https://sp.example/metadata</samlp:Issuer>",
        "<samlp:Extensions><saml:Issuer>a</saml:Issuer></samlp:Extensions>",
        &long,
    ] {
        assert_eq!(
            error(&Ask::new().issuer(xml)),
            Refusal::Invalid("Issuer"),
            "{xml}"
        );
    }
    let padded = format!(
        "<saml:Issuer Format=\"{}\">\n {SP}\n</saml:Issuer>",
        names::NAME_ID_ENTITY
    );
    assert!(judge(&Ask::new().issuer(&padded)).is_ok());
}

#[test]
fn row_08_only_the_registered_consumer_url_may_be_asked_for() {
    for url in [
        "https://sp.example/acs",
        "https://sp.example/acs?connection=saml-1&amp;x=%2F",
        "https://sp.example/acs?connection=saml-1&amp;x=%2f&amp;y",
        "https://sp.example/acs?connection=saml-1&amp;x=%2",
        "https://SP.example/acs?connection=saml-1&amp;x=%2f",
        "https://sp.example:443/acs?connection=saml-1&amp;x=%2f",
        "https://a@sp.example/acs?connection=saml-1&amp;x=%2f",
        "http://sp.example/acs?connection=saml-1&amp;x=%2f",
        " https://sp.example/acs?connection=saml-1&amp;x=%2f",
        "https://sp.example/acs?connection=saml-1&amp;x=%2f&#10;",
        "https://evil.example/",
        "javascript:alert(1)",
        "",
    ] {
        let ask = Ask::new().with("AssertionConsumerServiceURL", url);
        assert_eq!(error(&ask), Refusal::Acs, "{url}");
    }
}

#[test]
fn row_08_an_index_chooses_the_only_one_or_nothing() {
    let ask = || Ask::new().without("AssertionConsumerServiceURL");
    assert!(judge(&ask().with("AssertionConsumerServiceIndex", "0")).is_ok());
    for index in ["1", "65535", "-0", "00", "", "x"] {
        let ask = ask().with("AssertionConsumerServiceIndex", index);
        assert_eq!(error(&ask), Refusal::Acs, "{index}");
    }
    let both = Ask::new().with("AssertionConsumerServiceIndex", "0");
    assert_eq!(error(&both), Refusal::Acs);
}

#[test]
fn only_a_post_response_may_be_asked_for() {
    for binding in [
        names::BINDING_REDIRECT,
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact",
        "",
    ] {
        assert_eq!(
            error(&Ask::new().with("ProtocolBinding", binding)),
            Refusal::Binding
        );
    }
}

#[test]
fn row_09_without_consumer_url_or_disabled_is_not_ready() {
    let no_acs = ServiceProvider {
        acs: None,
        ..provider()
    };
    let disabled = ServiceProvider {
        enabled: false,
        ..provider()
    };
    let no_key = ServiceProvider {
        require_signed: true,
        ..provider()
    };
    for provider in [no_acs, disabled, no_key] {
        let received = receive(&Ask::new().query()).unwrap();
        assert_eq!(
            received.accept(&provider, SSO_URL, NOW).unwrap_err(),
            Refusal::NotReady
        );
    }
}

#[test]
fn row_16_an_id_that_is_no_ncname_is_refused() {
    let long = format!("_{}", "a".repeat(128));
    for id in [
        "", "1", "a b", "a:b", "a&quot;b", "a&lt;b", "a&#10;b", "a\nb", "_a ", "'", "a/b", &long,
    ] {
        assert_eq!(
            error(&Ask::new().with("ID", id)),
            Refusal::Invalid("ID"),
            "{id}"
        );
    }
    assert_eq!(error(&Ask::new().without("ID")), Refusal::Invalid("ID"));
    assert!(judge(&Ask::new().with("ID", &long[..128])).is_ok());
}

#[test]
fn row_18_a_wrong_destination_is_refused() {
    for url in [
        "",
        "https://id.example/sso/app-2",
        "https://id.example/sso/app-1/",
        "https://ID.example/sso/app-1",
    ] {
        assert_eq!(
            error(&Ask::new().with("Destination", url)),
            Refusal::Destination,
            "{url}"
        );
    }
    let unaddressed = Ask::new().without("Destination");
    assert!(judge(&unaddressed).is_ok());
    let signed = sign_query(
        &unaddressed.query(),
        &pair_b().signing_key(),
        SignatureAlgorithm::RsaSha256,
    );
    let judged = receive(&signed)
        .unwrap()
        .accept(&signing_provider(), SSO_URL, NOW);
    assert_eq!(
        judged.unwrap_err(),
        Refusal::Destination,
        "signed, so it must say where to"
    );
}

#[test]
fn row_18_another_version_is_refused() {
    for version in ["1.1", "2", "2.1", "", "2.0 "] {
        assert_eq!(
            error(&Ask::new().with("Version", version)),
            Refusal::Version,
            "{version}"
        );
    }
    assert_eq!(error(&Ask::new().without("Version")), Refusal::Version);
}

#[test]
fn row_18_a_stale_or_future_instant_is_refused() {
    let at = |seconds| Ask::new().with("IssueInstant", &time::format(seconds).unwrap());
    assert!(judge(&at(NOW - CLOCK_SKEW)).is_ok());
    assert!(judge(&at(NOW + CLOCK_SKEW)).is_ok());
    assert_eq!(error(&at(NOW - CLOCK_SKEW - 1)), Refusal::Stale);
    assert_eq!(error(&at(NOW + CLOCK_SKEW + 1)), Refusal::Future);
    assert_eq!(error(&at(0)), Refusal::Stale);
    let invalid = Refusal::Invalid("IssueInstant");
    assert_eq!(error(&Ask::new().without("IssueInstant")), invalid);
    for text in [
        "",
        "now",
        "2026-11-24T10:00:00",
        "2026-11-24T10:00:00+01:00",
    ] {
        assert_eq!(
            error(&Ask::new().with("IssueInstant", text)),
            invalid,
            "{text}"
        );
    }
}

#[test]
fn flags_are_booleans_and_nothing_else() {
    for name in ["ForceAuthn", "IsPassive"] {
        for (text, value) in [("true", true), ("1", true), ("false", false), ("0", false)] {
            let request = judge(&Ask::new().with(name, text)).unwrap();
            assert_eq!(request.force_authn() || request.is_passive(), value);
        }
        for text in ["", "TRUE", "yes", " true", "2"] {
            assert_eq!(
                error(&Ask::new().with(name, text)),
                Refusal::Invalid(name),
                "{text}"
            );
        }
    }
}

#[test]
fn a_name_identifier_is_an_address_or_left_to_us() {
    let policy =
        |format: &str| Ask::new().children(&format!("<samlp:NameIDPolicy Format=\"{format}\"/>"));
    assert!(judge(&policy(names::NAME_ID_EMAIL)).is_ok());
    assert!(judge(&policy(names::NAME_ID_UNSPECIFIED)).is_ok());
    assert!(judge(&Ask::new().children("<samlp:NameIDPolicy/>")).is_ok());
    for format in ["persistent", "transient", "encrypted", "entity"] {
        let ask = policy(&format!(
            "urn:oasis:names:tc:SAML:2.0:nameid-format:{format}"
        ));
        assert_eq!(error(&ask), Refusal::NameIdPolicy);
        // Its provider can be told, if it is one in everything else.
        let judge = |ask: &Ask| {
            let received = receive(&ask.query()).unwrap();
            received.judge(&provider(), SSO_URL, NOW)
        };
        let Judged::Unmet(unmet) = judge(&ask).unwrap() else {
            panic!("{format}");
        };
        assert_eq!(unmet.refusal(), Refusal::NameIdPolicy);
        let elsewhere = ask.with("AssertionConsumerServiceURL", "https://evil.example/");
        assert_eq!(judge(&elsewhere).unwrap_err(), Refusal::Acs);
    }
    let twice = Ask::new().children("<samlp:NameIDPolicy/><samlp:NameIDPolicy/>");
    assert_eq!(error(&twice), Refusal::Invalid("NameIDPolicy"));
}

#[test]
fn a_named_subject_is_refused_and_a_wished_context_is_not() {
    let subject = "<saml:Subject><saml:NameID>a@sp.example</saml:NameID></saml:Subject>";
    assert_eq!(error(&Ask::new().children(subject)), Refusal::Subject);
    let context = "<samlp:RequestedAuthnContext Comparison=\"exact\"><saml:AuthnContextClassRef>\
        urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport\
        </saml:AuthnContextClassRef></samlp:RequestedAuthnContext>";
    assert!(judge(&Ask::new().children(context)).is_ok());
}

#[test]
fn another_element_is_no_request() {
    let xml = Ask::new().xml();
    for bent in [
        xml.replace("AuthnRequest", "LogoutRequest"),
        xml.replace("AuthnRequest", "Response"),
        xml.replace(names::PROTOCOL, "urn:oasis:names:tc:SAML:1.0:protocol"),
        xml.replace("samlp:AuthnRequest", "saml:AuthnRequest"),
        format!("<x>{xml}</x>"),
    ] {
        let query = crate::testkit::query(&bent);
        assert_eq!(receive(&query).unwrap_err(), Refusal::NotAuthnRequest);
    }
}

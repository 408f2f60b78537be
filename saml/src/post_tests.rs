use base64ct::{Base64, Encoding};
use proptest::prelude::*;

use super::*;
use crate::form::MAX_RELAY_STATE;
use crate::testkit::{
    Ask, NOW, SP, SSO_URL, body_of, deflate, pair_b, percent_encode, provider, sign_query,
    signing_provider,
};
use crate::{LoginRequest, ServiceProvider, crypto, names};

fn error(body: &str) -> Refusal {
    receive(body).unwrap_err()
}

fn judge(body: &str) -> Result<LoginRequest, Refusal> {
    receive(body)?.accept(&provider(), SSO_URL, NOW)
}

/// A signature element as it stands in a message. What it says does not matter.
fn signature() -> String {
    format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
         <ds:Reference URI=\"#_request-1\"/></ds:SignedInfo><ds:KeyInfo><ds:X509Data>\
         <ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
        Base64::encode_string(&pair_b().certificate)
    )
}

#[test]
fn a_posted_request_is_received() {
    let received = receive(&Ask::new().body()).unwrap();
    assert_eq!(received.issuer(), SP);
    let request = received.accept(&provider(), SSO_URL, NOW).unwrap();
    assert_eq!(request.id(), "_request-1");
    assert_eq!(request.relay_state(), None);
    assert!(!request.is_signed() && !request.force_authn() && !request.is_passive());
    let passive = Ask::new().with("IsPassive", "true").body();
    assert!(judge(&passive).unwrap().is_passive());
}

#[test]
fn row_01_doctype_is_refused_before_parsing() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
    assert_eq!(error(&body_of(bomb.as_bytes())), Refusal::Doctype);
    let external = format!(
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\">{}",
        Ask::new().xml()
    );
    assert_eq!(error(&body_of(external.as_bytes())), Refusal::Doctype);
    let utf16: Vec<u8> = "<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE a><a/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(error(&body_of(&utf16)), Refusal::Xml);
}

#[test]
fn row_02_nothing_is_inflated() {
    let deflated = deflate(Ask::new().xml().as_bytes());
    assert_eq!(error(&body_of(&deflated)), Refusal::Xml);
    let encoding = percent_encode(names::ENCODING_DEFLATE);
    let told = format!("{}&SAMLEncoding={encoding}", body_of(&deflated));
    assert_eq!(error(&told), Refusal::Xml);
    let bomb = deflate(&vec![b' '; 8 * 1024 * 1024]);
    assert_eq!(error(&body_of(&bomb)), Refusal::Xml);
}

#[test]
fn row_03_an_oversized_body_is_refused() {
    let pad = |size: usize| {
        let body = Ask::new().body() + "&x=";
        format!("{body}{}", "a".repeat(size - body.len()))
    };
    assert!(receive(&pad(MAX_BODY)).is_ok());
    assert_eq!(error(&pad(MAX_BODY + 1)), Refusal::TooLarge("body"));
    let relay = |size| Ask::new().body() + "&RelayState=" + &"a".repeat(size);
    assert!(receive(&relay(MAX_RELAY_STATE)).is_ok());
    assert_eq!(
        error(&relay(MAX_RELAY_STATE + 1)),
        Refusal::TooLarge("RelayState")
    );
}

#[test]
fn row_03_deep_nesting_and_many_nodes_are_refused() {
    let deep = Ask::new().children(&("<a>".repeat(17) + &"</a>".repeat(17)));
    assert_eq!(error(&deep.body()), Refusal::TooLarge("XML nesting depth"));
    let wide = Ask::new().children(&"<a/>".repeat(2000));
    assert_eq!(
        error(&wide.body()),
        Refusal::TooLarge("number of XML nodes")
    );
}

#[test]
fn row_04_base64_is_strict_and_nothing_may_trail() {
    let good = Base64::encode_string(Ask::new().xml().as_bytes());
    let of = |text: &str| format!("SAMLRequest={}", percent_encode(text));
    assert!(receive(&of(&good)).is_ok());
    let broken = Refusal::Encoding("SAMLRequest");
    for text in [
        String::new(),
        "\r\n".to_owned(),
        format!(" {good}"),
        format!("{good}===="),
        format!("{}==\r\n{}", &good[..64], &good[64..]),
        format!("{}\t{}", &good[..64], &good[64..]),
        format!("{}\0{}", &good[..64], &good[64..]),
        format!("{good}*"),
        good[1..].to_owned(),
        good.replace('+', "-").replace('/', "_") + "_",
    ] {
        assert_eq!(error(&of(&text)), broken, "{text}");
    }
    assert_eq!(error("SAMLRequest=%4"), broken);
    assert_eq!(error("SAMLRequest"), broken);
    // A plus that nobody escaped is a space to a form.
    assert_eq!(error("SAMLRequest=AA+A"), broken);
    let trailing = format!("{}<a/>", Ask::new().xml());
    assert_eq!(error(&body_of(trailing.as_bytes())), Refusal::Xml);
    let trailing = format!("{}\0", Ask::new().xml());
    assert_eq!(error(&body_of(trailing.as_bytes())), Refusal::Xml);
}

#[test]
fn row_05_duplicates_are_refused_however_they_are_written() {
    let good = Ask::new().body() + "&RelayState=a";
    assert!(judge(&good).is_ok());
    for name in ["SAMLRequest", "RelayState"] {
        assert_eq!(error(&format!("{good}&{name}=")), Refusal::Duplicate(name));
        assert_eq!(error(&format!("{name}&{good}")), Refusal::Duplicate(name));
    }
    assert_eq!(
        error(&format!("{good}&SAMLReques%74=x")),
        Refusal::Encoding("SAMLRequest")
    );
    assert_eq!(
        error(&good.replacen('S', "%53", 1)),
        Refusal::Encoding("SAMLRequest")
    );
}

#[test]
fn base64_may_come_in_lines_as_in_mail() {
    let good = Base64::encode_string(Ask::new().xml().as_bytes());
    for (width, end) in [(76, "\r\n"), (64, "\n"), (4, "\r")] {
        let lines: Vec<&str> = (0..good.len())
            .step_by(width)
            .map(|at| &good[at..good.len().min(at + width)])
            .collect();
        let text = lines.join(end) + end;
        let body = format!("SAMLRequest={}", percent_encode(&text));
        assert_eq!(judge(&body).unwrap().id(), "_request-1");
    }
}

#[test]
fn row_05_request_and_response_together_are_refused() {
    let both = Ask::new().body() + "&SAMLResponse=x";
    assert_eq!(error(&both), Refusal::RequestAndResponse);
    assert_eq!(error("SAMLResponse=x"), Refusal::MissingRequest);
    assert_eq!(error(""), Refusal::MissingRequest);
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"SAMLRequest\"\r\n\r\nPGEvPg==";
    assert_eq!(error(multipart), Refusal::MissingRequest);
}

#[test]
fn row_07_and_08_who_asks_and_for_where_is_judged_as_by_redirect() {
    let other = Ask::new().issuer("<saml:Issuer>https://evil.example</saml:Issuer>");
    assert_eq!(
        receive(&other.body()).unwrap().issuer(),
        "https://evil.example"
    );
    assert_eq!(judge(&other.body()).unwrap_err(), Refusal::OtherProvider);
    let elsewhere = Ask::new().with("AssertionConsumerServiceURL", "https://evil.example/");
    assert_eq!(judge(&elsewhere.body()).unwrap_err(), Refusal::Acs);
}

#[test]
fn row_09_a_provider_that_is_not_ready_is_served_by_neither_binding() {
    for provider in [
        ServiceProvider {
            acs: None,
            ..provider()
        },
        ServiceProvider {
            enabled: false,
            ..provider()
        },
    ] {
        let received = receive(&Ask::new().body()).unwrap();
        let refused = received.accept(&provider, SSO_URL, NOW).unwrap_err();
        assert_eq!(refused, Refusal::NotReady);
    }
}

#[test]
fn row_10_an_unsigned_post_is_refused_where_signing_is_required() {
    let received = receive(&Ask::new().body()).unwrap();
    let refused = received.accept(&signing_provider(), SSO_URL, NOW);
    assert_eq!(refused.unwrap_err(), Refusal::Unsigned);
    let lenient = ServiceProvider {
        require_signed: false,
        ..signing_provider()
    };
    let received = receive(&Ask::new().body()).unwrap();
    let request = received.accept(&lenient, SSO_URL, NOW).unwrap();
    assert!(!request.is_signed());
}

#[test]
fn row_14_a_signed_post_is_refused_wherever_its_signature_stands() {
    let signature = signature();
    let renamed = signature.replace("ds:", "x:").replace(":ds=", ":x=");
    let unprefixed = signature.replace("ds:", "").replace(":ds=", "=");
    let wrapped = format!("<samlp:Extensions><a>{signature}</a></samlp:Extensions>");
    let inner = Ask::new().children(&signature).xml();
    let object = format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:Object>{inner}\
         </ds:Object></ds:Signature>"
    );
    let empty = "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/>";
    let twice = format!("{signature}{signature}");
    let bodies = [
        &signature,
        &renamed,
        &unprefixed,
        &wrapped,
        &object,
        empty,
        &twice,
    ]
    .map(|children| Ask::new().children(children).body());
    let before = Ask::new();
    let issuer = format!("{signature}{}", before.issuer);
    let before = before.issuer(&issuer).body();
    for body in bodies.iter().chain([&before]) {
        for provider in [provider(), signing_provider()] {
            let received = receive(body).unwrap();
            let refused = received.accept(&provider, SSO_URL, NOW).unwrap_err();
            assert_eq!(refused, Refusal::SignedPost);
        }
    }
}

#[test]
fn row_14_a_message_around_another_is_no_request() {
    let signed = Ask::new().children(&signature()).xml();
    let around = format!(
        "<samlp:Response xmlns:samlp=\"{}\">{signed}</samlp:Response>",
        names::PROTOCOL
    );
    assert_eq!(error(&body_of(around.as_bytes())), Refusal::NotAuthnRequest);
}

#[test]
fn row_14_the_parameters_of_a_redirects_signature_are_refused_as_well() {
    let key = pair_b().signing_key();
    let signed = sign_query(
        &Ask::new().body(),
        &key,
        crypto::SignatureAlgorithm::RsaSha256,
    );
    for body in [
        signed,
        Ask::new().body() + "&Signature=AAAA",
        Ask::new().body() + "&SigAlg=",
    ] {
        for provider in [provider(), signing_provider()] {
            let received = receive(&body).unwrap();
            let refused = received.accept(&provider, SSO_URL, NOW).unwrap_err();
            assert_eq!(refused, Refusal::SignedPost);
        }
    }
}

#[test]
fn what_is_only_called_a_signature_is_none() {
    let other =
        Ask::new().children("<samlp:Extensions><Signature xmlns=\"urn:x\"/></samlp:Extensions>");
    assert!(judge(&other.body()).is_ok());
}

#[test]
fn row_16_and_18_id_destination_version_and_time_are_judged_as_by_redirect() {
    let late = crate::time::format(NOW + crate::CLOCK_SKEW + 1).unwrap();
    let early = crate::time::format(NOW - crate::CLOCK_SKEW - 1).unwrap();
    for (name, value, refusal) in [
        ("ID", "a&quot;b", Refusal::Invalid("ID")),
        ("ID", "1", Refusal::Invalid("ID")),
        ("ID", "a&#10;b", Refusal::Invalid("ID")),
        ("ID", "a&lt;b", Refusal::Invalid("ID")),
        (
            "Destination",
            "https://id.example/sso/app-2",
            Refusal::Destination,
        ),
        ("Destination", "", Refusal::Destination),
        ("Version", "1.1", Refusal::Version),
        ("IssueInstant", late.as_str(), Refusal::Future),
        ("IssueInstant", early.as_str(), Refusal::Stale),
    ] {
        let ask = Ask::new().with(name, value);
        assert_eq!(judge(&ask.body()).unwrap_err(), refusal, "{name}={value}");
    }
}

#[test]
fn row_20_relay_state_is_kept_as_it_is() {
    let html = "\"><script>alert('1')</script>&amp; +%\u{e9}\u{1F600}";
    let body = Ask::new().body() + "&RelayState=" + &percent_encode(html);
    assert_eq!(judge(&body).unwrap().relay_state(), Some(html));
    let plus = Ask::new().body() + "&RelayState=a+b";
    assert_eq!(judge(&plus).unwrap().relay_state(), Some("a b"));
    for raw in ["%00", "a%0D%0Ab", "%7F", "%ff", "%"] {
        let body = format!("{}&RelayState={raw}", Ask::new().body());
        assert_eq!(error(&body), Refusal::Encoding("RelayState"), "{raw}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_body_makes_it_panic(noise in ".{0,200}", at in 0usize..400) {
        let _ = receive(&noise);
        let _ = receive(&format!("SAMLRequest={noise}"));
        let xml = Ask::new().xml();
        let at = at % xml.len();
        let bent = format!("{}{noise}{}", &xml[..at], &xml[at..]);
        let _ = receive(&body_of(bent.as_bytes()));
    }
}

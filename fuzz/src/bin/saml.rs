//! What a browser brings from a service provider: both bindings make the same of one XML, what is accepted is what an independent
//! reader of XML sees in it, and nothing of it changes the form of what is signed.
#![no_main]

use base64ct::{Base64, Encoding};
use countersign_fuzz::reading;
use countersign_saml::response::{self, Attribute, Authn, AuthnContext, Subject};
use countersign_saml::{
    AcsUrl, Idp, Judged, LoginRequest, Received, Refusal, ServiceProvider, SpCertificate, Unmet,
    post, redirect,
};
use flate2::{Compression, write::DeflateEncoder};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use std::io::Write;
use std::sync::LazyLock;

/// 2026-11-24T10:00:00Z.
const NOW: u64 = 1_795_514_400;
const SSO: &str = "https://id.example/sso/app-1";
const SP: &str = "https://sp.example/metadata";
const ACS: &str = "https://sp.example/acs?a=1&b=2";

static IDP: LazyLock<Idp> = LazyLock::new(|| {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key");
    let names = CertificateParams::new(vec!["id.example".to_owned()]);
    let certificate = names
        .and_then(|names| names.self_signed(&key))
        .expect("a certificate");
    Idp::new(
        "https://id.example/saml",
        &key.serialize_der(),
        certificate.der(),
    )
    .expect("an IdP")
});

static PROVIDER: LazyLock<ServiceProvider> = LazyLock::new(|| ServiceProvider {
    entity_id: SP.to_owned(),
    acs: AcsUrl::new(ACS).ok(),
    audience: SP.to_owned(),
    certificate: None,
    require_signed: false,
    enabled: true,
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((name, rest)) = reading::named(data) else {
        return;
    };
    let text = std::str::from_utf8(rest);
    match (name, text) {
        // Nothing at all is no base64 for one, and no XML for the other.
        ("xml", Ok(xml)) if !xml.is_empty() => both_bindings(xml),
        ("query", Ok(query)) => drop(judged(redirect::receive(query))),
        ("body", Ok(body)) => drop(judged(post::receive(body))),
        ("deflated", _) => {
            let query = format!("SAMLRequest={}", encoded(rest));
            drop(judged(redirect::receive(&query)));
        }
        ("pem", Ok(pem)) => {
            if let Ok(read) = SpCertificate::from_pem(pem, NOW) {
                assert!(read.not_after() >= NOW);
                certificate(read.der());
            }
        }
        ("der", _) => certificate(rest),
        ("acs", Ok(url)) => {
            if let Ok(acs) = AcsUrl::new(url) {
                assert_eq!(acs.as_str(), url);
                let rest = url.strip_prefix(acs.origin());
                assert!(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?'])));
            }
        }
        _ => {}
    }
});

fn certificate(der: &[u8]) {
    if let Ok(read) = SpCertificate::from_der(der) {
        assert_eq!(read.der(), der);
        let again = SpCertificate::from_der(read.der()).expect("the same again");
        assert_eq!(again.not_after(), read.not_after());
    }
}

fn both_bindings(xml: &str) {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(xml.as_bytes()).expect("into memory");
    let deflated = deflate.finish().expect("into memory");
    let relay = "&RelayState=%3Cb%3E";
    let redirected = format!("SAMLRequest={}{relay}", encoded(&deflated));
    let posted = format!("SAMLRequest={}{relay}", encoded(xml.as_bytes()));
    let redirected = judged(redirect::receive(&redirected));
    match (&redirected, judged(post::receive(&posted))) {
        (Ok(one), Ok(two)) => assert!(*one == two),
        // A binding has caps of its own, and a signature in the XML is for the posted one alone.
        (_, Err(Refusal::SignedPost | Refusal::TooLarge(_))) | (Err(Refusal::TooLarge(_)), _) => {}
        (Err(one), Err(two)) => assert_eq!(*one, two),
        (one, two) => panic!("{:?} and {:?}", one.as_ref().err(), two.err()),
    }
    if let Ok(request) = redirected {
        seen_in(xml, &request);
        answered(&request);
    }
}

fn judged(received: Result<Received, Refusal>) -> Result<LoginRequest, Refusal> {
    match received?.judge(&PROVIDER, SSO, NOW)? {
        Judged::Accepted(request) => {
            assert!(request.issuer() == SP && !request.is_signed());
            Ok(request)
        }
        Judged::Unmet(unmet) => {
            told(&unmet);
            Err(unmet.refusal())
        }
    }
}

/// Who asked for what we don't have is told so at the registered address, and nobody is signed in by it.
fn told(unmet: &Unmet) {
    let signed = response::refuse_unmet(&IDP, &PROVIDER, unmet, NOW).expect("it is signed");
    assert_eq!(signed.acs().as_str(), ACS);
    let xml = Base64::decode_vec(signed.saml_response()).expect("base64");
    let xml = String::from_utf8(xml).expect("UTF-8");
    let document = roxmltree::Document::parse(&xml).expect("XML");
    let mut nodes = document.descendants();
    assert!(nodes.all(|node| !matches!(node.tag_name().name(), "Assertion" | "NameID")));
}

/// The root's own attributes say what was accepted.
fn seen_in(xml: &str, request: &LoginRequest) {
    let document = roxmltree::Document::parse(xml).expect("what was accepted is XML");
    let root = document.root_element();
    let says = |name, fits: &[&str]| {
        root.attribute(name)
            .is_none_or(|value| fits.contains(&value))
    };
    assert_eq!(root.attribute("ID"), Some(request.id()));
    assert!(says("AssertionConsumerServiceURL", &[ACS]) && says("Destination", &[SSO]));
    assert!(says(
        "IsPassive",
        if request.is_passive() {
            &["true", "1"]
        } else {
            &["false", "0"]
        }
    ));
    assert!(says(
        "ForceAuthn",
        if request.force_authn() {
            &["true", "1"]
        } else {
            &["false", "0"]
        }
    ));
}

/// The response is one Response with one Assertion, for the registered address, that names the request as it was.
fn answered(request: &LoginRequest) {
    let subject = Subject {
        email: format!("{}@example.com", request.id()),
        attributes: vec![Attribute {
            name: "urn:x".to_owned(),
            values: vec![request.relay_state().unwrap_or_default().to_owned()],
        }],
    };
    let authn = Authn {
        instant: NOW,
        context: AuthnContext::Phone,
        session_index: "_session".to_owned(),
        session_not_on_or_after: NOW + 3600,
    };
    let signed =
        response::sign(&IDP, &PROVIDER, request, &subject, &authn, NOW).expect("it is signed");
    assert_eq!(
        (signed.acs().as_str(), signed.relay_state()),
        (ACS, request.relay_state())
    );
    let xml = Base64::decode_vec(signed.saml_response()).expect("base64");
    let xml = String::from_utf8(xml).expect("UTF-8");
    let document = roxmltree::Document::parse(&xml).expect("XML");
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "Response");
    assert_eq!(root.attribute("Destination"), Some(ACS));
    let count = |name| {
        document
            .descendants()
            .filter(|node| node.tag_name().name() == name)
            .count()
    };
    assert_eq!(
        (count("Response"), count("Assertion"), count("Signature")),
        (1, 1, 2)
    );
    let named: Vec<&str> = document
        .descendants()
        .filter_map(|node| node.attribute("InResponseTo"))
        .collect();
    assert_eq!(named, [request.id(); 2]);
    let name_id = document
        .descendants()
        .find(|node| node.tag_name().name() == "NameID");
    assert_eq!(name_id.and_then(|node| node.text()), Some(&*subject.email));
}

fn encoded(bytes: &[u8]) -> String {
    let text = Base64::encode_string(bytes);
    text.replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

use base64ct::{Base64, Encoding};
use proptest::prelude::*;

use super::*;
use crate::LoginRequest;
use crate::form::MAX_RELAY_STATE;
use crate::testkit::{
    Ask, NOW, SP, SSO_URL, deflate, pair_a, pair_b, percent_encode, provider, query, query_of,
    sign_query, signing_provider,
};
use SignatureAlgorithm::{RsaSha256, RsaSha384, RsaSha512};

fn error(query: &str) -> Refusal {
    receive(query).unwrap_err()
}

/// What the service provider that must sign gets.
fn judge(query: &str) -> Result<LoginRequest, Refusal> {
    receive(query)?.accept(&signing_provider(), SSO_URL, NOW)
}

fn signed(query: &str) -> String {
    sign_query(query, &pair_b().signing_key(), RsaSha256)
}

#[test]
fn a_request_is_received() {
    let received = receive(&Ask::new().query()).unwrap();
    assert_eq!(received.issuer(), SP);
    let request = received.accept(&provider(), SSO_URL, NOW).unwrap();
    assert_eq!(request.id(), "_request-1");
    assert_eq!(request.relay_state(), None);
    assert!(!request.is_signed());
}

#[test]
fn row_01_doctype_is_refused_before_parsing() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
    assert_eq!(error(&query(bomb)), Refusal::Doctype);
    let external = format!(
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\">{}",
        Ask::new().xml()
    );
    assert_eq!(error(&query(&external)), Refusal::Doctype);
}

#[test]
fn row_01_another_encoding_does_not_hide_a_doctype() {
    let utf16: Vec<u8> = "<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE a><a/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(error(&query_of(&deflate(&utf16))), Refusal::Xml);
    let bom = [&[0xff, 0xfe][..], &utf16].concat();
    assert_eq!(error(&query_of(&deflate(&bom))), Refusal::Xml);
    let utf7 = "<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE a+AD4-<a/>";
    assert_eq!(error(&query(utf7)), Refusal::Xml);
}

#[test]
fn row_02_a_deflate_bomb_stops_at_the_cap() {
    let pad = |size: usize| {
        let xml = Ask::new().xml();
        format!("{}{xml}", " ".repeat(size - xml.len()))
    };
    assert!(receive(&query(&pad(MAX_XML))).is_ok());
    let too_large = Refusal::TooLarge("inflated request");
    assert_eq!(error(&query(&pad(MAX_XML + 1))), too_large);
    let bomb = deflate(&vec![b' '; 8 * 1024 * 1024]);
    assert!(bomb.len() < MAX_QUERY * 3 / 4);
    assert_eq!(error(&query_of(&bomb)), too_large);
}

#[test]
fn row_03_an_oversized_query_is_refused() {
    let pad = |size: usize| {
        let query = Ask::new().query() + "&x=";
        format!("{query}{}", "a".repeat(size - query.len()))
    };
    assert!(receive(&pad(MAX_QUERY)).is_ok());
    assert_eq!(error(&pad(MAX_QUERY + 1)), Refusal::TooLarge("query"));
    let relay = |size| Ask::new().query() + "&RelayState=" + &"a".repeat(size);
    assert!(receive(&relay(MAX_RELAY_STATE)).is_ok());
    assert_eq!(
        error(&relay(MAX_RELAY_STATE + 1)),
        Refusal::TooLarge("RelayState")
    );
}

#[test]
fn row_03_deep_nesting_is_refused() {
    let deep = Ask::new().children(&("<a>".repeat(17) + &"</a>".repeat(17)));
    assert_eq!(error(&deep.query()), Refusal::TooLarge("XML nesting depth"));
}

#[test]
fn row_04_trailing_bytes_and_zlib_are_refused() {
    let raw = deflate(Ask::new().xml().as_bytes());
    assert!(receive(&query_of(&raw)).is_ok());
    assert_eq!(
        error(&query_of(&[raw.as_slice(), &[0]].concat())),
        Refusal::Deflate
    );
    assert_eq!(
        error(&query_of(&[raw.as_slice(), &raw].concat())),
        Refusal::Deflate
    );
    assert_eq!(error(&query_of(&raw[..raw.len() - 1])), Refusal::Deflate);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut zlib, Ask::new().xml().as_bytes()).unwrap();
    assert_eq!(error(&query_of(&zlib.finish().unwrap())), Refusal::Deflate);
    assert_eq!(
        error(&query_of(Ask::new().xml().as_bytes())),
        Refusal::Deflate
    );
}

#[test]
fn row_04_base64_is_strict() {
    let good = Base64::encode_string(&deflate(Ask::new().xml().as_bytes()));
    let of = |text: &str| format!("SAMLRequest={}", percent_encode(text));
    assert!(receive(&of(&good)).is_ok());
    let broken = Refusal::Encoding("SAMLRequest");
    for text in [
        String::new(),
        format!("{good}\n"),
        format!(" {good}"),
        format!("{good}===="),
        format!("{}\r\n{}", &good[..64], &good[64..]),
        format!("{good}*"),
        good[1..].to_owned(),
    ] {
        assert_eq!(error(&of(&text)), broken, "{text}");
    }
    assert_eq!(error("SAMLRequest=%4"), broken);
    assert_eq!(error("SAMLRequest=%zz"), broken);
    assert_eq!(error("SAMLRequest=%+1"), broken);
    assert_eq!(error("SAMLRequest"), broken);
}

#[test]
fn row_05_duplicates_are_refused() {
    let good = signed(&(Ask::new().query() + "&RelayState=a"));
    assert!(judge(&good).is_ok());
    for name in ["SAMLRequest", "RelayState", "SigAlg", "Signature"] {
        let raw = good
            .split('&')
            .find(|pair| pair.starts_with(&format!("{name}=")))
            .unwrap();
        assert_eq!(error(&format!("{good}&{raw}")), Refusal::Duplicate(name));
        assert_eq!(error(&format!("{good}&{name}=")), Refusal::Duplicate(name));
        assert_eq!(error(&format!("{name}&{good}")), Refusal::Duplicate(name));
    }
    let encoding = format!("&SAMLEncoding={}", names::ENCODING_DEFLATE);
    let twice = Ask::new().query() + &encoding + &encoding;
    assert_eq!(error(&twice), Refusal::Duplicate("SAMLEncoding"));
}

#[test]
fn row_05_an_escaped_name_does_not_hide_a_duplicate() {
    let good = Ask::new().query();
    assert_eq!(
        error(&format!("{good}&SAMLReques%74=x")),
        Refusal::Encoding("SAMLRequest")
    );
    assert_eq!(
        error(&format!("{good}&%52elayState=x")),
        Refusal::Encoding("RelayState")
    );
    assert_eq!(
        error(&good.replacen('S', "%53", 1)),
        Refusal::Encoding("SAMLRequest")
    );
}

#[test]
fn row_05_request_and_response_together_are_refused() {
    let query = Ask::new().query() + "&SAMLResponse=x";
    assert_eq!(error(&query), Refusal::RequestAndResponse);
    assert_eq!(error("SAMLResponse=x"), Refusal::MissingRequest);
    assert_eq!(error(""), Refusal::MissingRequest);
    assert_eq!(error("samlrequest=x&&="), Refusal::MissingRequest);
}

#[test]
fn other_parameters_and_encodings_do_not_count() {
    let query = signed(&(Ask::new().query() + "&RelayState=a"));
    let more = format!("utm=1&%zz=%zz&{query}&Signatur=x&&flag");
    assert!(judge(&more).is_ok());
    let encoding = percent_encode(names::ENCODING_DEFLATE);
    assert!(receive(&format!("{query}&SAMLEncoding={encoding}")).is_ok());
    let other = format!("{query}&SAMLEncoding=urn%3Aexample");
    assert_eq!(error(&other), Refusal::Encoding("SAMLEncoding"));
}

#[test]
fn row_10_an_unsigned_request_is_refused_where_signing_is_required() {
    assert_eq!(judge(&Ask::new().query()).unwrap_err(), Refusal::Unsigned);
}

#[test]
fn a_signed_request_is_verified_also_where_signing_is_not_required() {
    let lenient = crate::ServiceProvider {
        require_signed: false,
        ..signing_provider()
    };
    let judge = |query: &str| receive(query).unwrap().accept(&lenient, SSO_URL, NOW);
    assert!(judge(&signed(&Ask::new().query())).unwrap().is_signed());
    assert!(!judge(&Ask::new().query()).unwrap().is_signed());
    let forged = sign_query(&Ask::new().query(), &pair_a().signing_key(), RsaSha256);
    assert_eq!(judge(&forged).unwrap_err(), Refusal::Signature);
}

#[test]
fn a_signature_that_cannot_be_checked_counts_as_none() {
    let query = signed(&Ask::new().query());
    let request = receive(&query)
        .unwrap()
        .accept(&provider(), SSO_URL, NOW)
        .unwrap();
    assert!(!request.is_signed());
    let no_key = crate::ServiceProvider {
        require_signed: true,
        ..provider()
    };
    let judged = receive(&query).unwrap().accept(&no_key, SSO_URL, NOW);
    assert_eq!(
        judged.unwrap_err(),
        Refusal::NotReady,
        "required, and nothing to check it with"
    );
}

#[test]
fn row_11_lower_case_escapes_are_accepted_and_verified_as_received() {
    let upper = Ask::new().query() + "&RelayState=https%3A%2F%2Fsp.example%2F";
    // Only the escapes: "%2F" → "%2f".
    let lower = |text: &str| {
        let mut parts = text.split('%');
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |all, part| {
            all + "%" + &part[..2].to_lowercase() + &part[2..]
        })
    };
    assert!(lower(&upper).contains("%2f"));
    let request = judge(&signed(&lower(&upper))).unwrap();
    assert!(request.is_signed());
    assert_eq!(request.relay_state(), Some("https://sp.example/"));
    // The same value in other octets was not signed.
    let rewritten = signed(&upper).replace("%2F%2F", "%2f%2f");
    assert_eq!(judge(&rewritten).unwrap_err(), Refusal::Signature);
    // Also SigAlg counts as received.
    let plain = format!(
        "{}&SigAlg={}",
        Ask::new().query(),
        names::RSA_SHA256.replace('#', "%23")
    );
    let value = pair_b().signing_key().sign(plain.as_bytes()).unwrap();
    let plain = format!(
        "{plain}&Signature={}",
        percent_encode(&Base64::encode_string(&value))
    );
    assert!(judge(&plain).unwrap().is_signed());
}

#[test]
fn the_order_in_the_url_does_not_matter() {
    let query = signed(&(Ask::new().query() + "&RelayState=a"));
    let mut pairs: Vec<_> = query.split('&').collect();
    pairs.reverse();
    assert!(judge(&pairs.join("&")).unwrap().is_signed());
}

#[test]
fn row_12_relay_state_changed_added_or_removed_after_signing_is_refused() {
    let bare = signed(&Ask::new().query());
    let with = signed(&(Ask::new().query() + "&RelayState=a%20b"));
    assert!(judge(&bare).is_ok());
    assert_eq!(judge(&with).unwrap().relay_state(), Some("a b"));
    for bent in [
        with.replace("a%20b", "a%20c"),
        with.replace("a%20b", "a+b"),
        with.replace("a%20b", ""),
        with.replace("&RelayState=a%20b", ""),
        format!("{bare}&RelayState=a"),
        format!("{bare}&RelayState="),
        format!("RelayState&{bare}"),
    ] {
        assert_eq!(judge(&bent).unwrap_err(), Refusal::Signature, "{bent}");
    }
}

#[test]
fn row_13_sha1_and_hmac_are_refused() {
    for uri in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 ",
        "",
    ] {
        let query = Ask::new().query() + "&SigAlg=" + &percent_encode(uri) + "&Signature=AAAA";
        assert_eq!(error(&query), Refusal::SignatureAlgorithm, "{uri}");
    }
}

#[test]
fn row_13_the_three_rsa_algorithms_are_accepted_and_not_mixed() {
    let key = pair_b().signing_key();
    for algorithm in [RsaSha256, RsaSha384, RsaSha512] {
        let query = sign_query(&Ask::new().query(), &key, algorithm);
        assert!(judge(&query).unwrap().is_signed());
    }
    let query = sign_query(&Ask::new().query(), &key, RsaSha384).replace("sha384", "sha512");
    assert_eq!(judge(&query).unwrap_err(), Refusal::Signature);
}

#[test]
fn half_a_signature_is_refused() {
    let query = Ask::new().query();
    let alg = format!("&SigAlg={}", percent_encode(names::RSA_SHA256));
    assert_eq!(
        error(&(query.clone() + "&Signature=AAAA")),
        Refusal::Invalid("SigAlg")
    );
    assert_eq!(
        error(&(query.clone() + &alg)),
        Refusal::Invalid("Signature")
    );
    let empty = query.clone() + &alg + "&Signature=";
    assert_eq!(error(&empty), Refusal::Encoding("Signature"));
    let short = query + &alg + "&Signature=AAAA";
    assert_eq!(judge(&short).unwrap_err(), Refusal::Signature);
}

#[test]
fn another_key_or_a_changed_request_is_refused() {
    let forged = sign_query(&Ask::new().query(), &pair_a().signing_key(), RsaSha256);
    assert_eq!(judge(&forged).unwrap_err(), Refusal::Signature);
    let good = signed(&Ask::new().query());
    let other = Ask::new().with("ForceAuthn", "true").query();
    let swapped = good.replace(&Ask::new().query(), &other);
    assert_eq!(judge(&swapped).unwrap_err(), Refusal::Signature);
}

#[test]
fn row_15_a_certificate_in_the_message_is_ignored() {
    let attacker = pair_a();
    let inside = format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:KeyInfo><ds:X509Data>\
         <ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
        Base64::encode_string(&attacker.certificate)
    );
    let ask = Ask::new().children(&inside);
    assert_eq!(judge(&ask.query()).unwrap_err(), Refusal::Unsigned);
    let forged = sign_query(&ask.query(), &attacker.signing_key(), RsaSha256);
    assert_eq!(judge(&forged).unwrap_err(), Refusal::Signature);
    assert!(
        judge(&signed(&ask.query())).unwrap().is_signed(),
        "and does no harm"
    );
}

#[test]
fn row_20_relay_state_is_kept_as_it_is() {
    let html = "\"><script>alert('1')</script>&amp; +%\u{e9}\u{1F600}";
    let query = Ask::new().query() + "&RelayState=" + &percent_encode(html);
    let request = receive(&query)
        .unwrap()
        .accept(&provider(), SSO_URL, NOW)
        .unwrap();
    assert_eq!(request.relay_state(), Some(html));
    let empty = Ask::new().query() + "&RelayState=";
    let request = receive(&empty)
        .unwrap()
        .accept(&provider(), SSO_URL, NOW)
        .unwrap();
    assert_eq!(request.relay_state(), Some(""));
    for raw in ["%00", "a%0Ab", "%0d", "%7F", "%ff", "%"] {
        let query = format!("{}&RelayState={raw}", Ask::new().query());
        assert_eq!(error(&query), Refusal::Encoding("RelayState"), "{raw}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_query_makes_it_panic(noise in ".{0,200}", at in 0usize..400) {
        let _ = receive(&noise);
        let _ = receive(&format!("SAMLRequest={noise}"));
        let mut bent: Vec<char> = Ask::new().query().chars().collect();
        let at = at % bent.len();
        bent.splice(at..at, noise.chars());
        let _ = receive(&bent.into_iter().collect::<String>());
    }

    #[test]
    fn no_text_makes_it_panic(noise in "[ -~<>&!\"'\\[\\]\u{0}-\u{20}]{0,200}", at in 0usize..600) {
        let xml = Ask::new().xml();
        let at = at % xml.len();
        let _ = receive(&query(&format!("{}{noise}{}", &xml[..at], &xml[at..])));
        let _ = receive(&query_of(noise.as_bytes()));
    }
}

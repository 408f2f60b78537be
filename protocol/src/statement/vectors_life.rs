//! The values about an ID's life: notices and cancels, recovery codes, a renewed K_uv, links.

use super::*;
use crate::call::{self, Action};
use crate::links::{ChallengeLink, ScannedNumber};
use crate::recovery::RecoveryCode;

/// A payload of the vectors with `from` replaced, signed by S again.
pub(super) fn resigned<T: Statement>(
    vectors: &Vectors,
    name: &str,
    from: &str,
    to: &str,
) -> Result<(), Refusal> {
    let s = SigningKey::ed25519_from_seed(&vectors.bytes("/public_keys/S/secret")).unwrap();
    let good = String::from_utf8(payload(vectors.statement(name))).unwrap();
    assert!(good.contains(from), "{from}");
    let text = forge(T::TYP, "Ed25519", &s, &good.replacen(from, to, 1));
    Signed::<T>::verify(&text, &[vectors.key("S")]).map(drop)
}

/// Signed by the server and not of the protocol.
pub(super) fn assert_malformed<T: Statement>(
    vectors: &Vectors,
    name: &str,
    changes: &[(&str, &str)],
) {
    for (from, to) in changes {
        let refused = resigned::<T>(vectors, name, from, to);
        let malformed = matches!(refused, Err(Refusal::Malformed(_)));
        assert!(malformed, "{from} → {to}: {refused:?}");
    }
}

#[test]
fn a_notice_says_what_happened_and_which_phones_there_are() {
    let vectors = Vectors::load();
    let notice: Signed<Notice> = vectors.verified("notice", "S");
    assert_eq!((notice.event, notice.phones), (Event::PhoneAdded, 2));
    assert_eq!(notice.set, vectors.digest("/set/two"));
    assert_eq!(
        notice.device.as_ref().map(|name| name.as_str()),
        Some("iPhone 18")
    );

    for event in [
        "phone_removed",
        "phone_renewed",
        "pin_changed",
        "recovery_made",
        "recovery_used",
        "policy_changed",
        "keys_changed",
        "paused",
        "unpaused",
        "suspended",
        "admin_enrolled",
    ] {
        assert_eq!(
            resigned::<Notice>(&vectors, "notice", "phone_added", event),
            Ok(())
        );
    }
    let without = resigned::<Notice>(&vectors, "notice", r#""device":"iPhone 18","#, "");
    assert_eq!(without, Ok(()));
    assert_malformed::<Notice>(
        &vectors,
        "notice",
        &[
            ("phone_added", "phone_stolen"),
            (r#""phones":2"#, r#""phones":0"#),
            (r#""phones":2"#, r#""phones":2,"reason":"admin""#),
            (r#""keys":1"#, r#""keys":0"#),
            ("iPhone 18", "iPhone\\u202e18"),
            ("iPhone 18", ""),
            (r#""iPhone 18""#, "null"),
        ],
    );
}

#[test]
fn a_cancel_names_its_challenge_and_the_phone_that_decided() {
    let vectors = Vectors::load();
    let cancel: Signed<Cancel> = vectors.verified("cancel", "S");
    let challenge: Signed<Challenge> = vectors.verified("challenge", "S");
    assert_eq!(cancel.challenge, challenge.jti);
    assert_eq!(cancel.reason, CancelReason::DecidedElsewhere);

    let decided = r#""reason":"decided_elsewhere","device":"iPhone 18""#;
    for reason in ["decided_elsewhere", "expired", "replaced", "withdrawn"] {
        let to = format!(r#""reason":"{reason}""#);
        assert_eq!(resigned::<Cancel>(&vectors, "cancel", decided, &to), Ok(()));
    }
    assert_malformed::<Cancel>(
        &vectors,
        "cancel",
        &[
            // Nobody decided.
            ("decided_elsewhere", "expired"),
            ("decided_elsewhere", "replaced"),
            ("decided_elsewhere", "withdrawn"),
            ("decided_elsewhere", "denied"),
            (r#""keys":1"#, r#""keys":0"#),
            (&cancel.challenge.to_string(), "AAAA"),
            (decided, r#""device":"iPhone 18""#),
        ],
    );
}

/// The agreement of a challenge and its response, from both sides.
fn agreements(vectors: &Vectors, challenge: &str, response: &str) -> ([Agreement; 2], Digest) {
    let secret = format!("/pin_and_agreement/{response}/phone_dh_secret");
    let phone = AgreementSecret::from_bytes(&vectors.bytes(&secret));
    let server = AgreementSecret::from_bytes(&vectors.bytes("/enrolment/server_dh_secret"));
    let signed = Signed::<Response>::verify(
        vectors.statement(response),
        &[vectors.key("K_dev"), vectors.key("K_uv")],
    );
    let signed = signed.unwrap();
    assert_eq!(signed.dh, Some(phone.public()));
    let challenge = vectors.hash(challenge);
    let both = [
        Agreement::new(&phone, &server.public(), &challenge).unwrap(),
        Agreement::new(&server, &phone.public(), &challenge).unwrap(),
    ];
    (both, signed.hash())
}

#[test]
fn ten_recovery_codes_are_derived_on_both_sides_and_one_is_used() {
    let vectors = Vectors::load();
    let expected: Vec<String> =
        serde_json::from_value(vectors.0["recovery_codes"].clone()).unwrap();
    let (both, response) = agreements(
        &vectors,
        "challenge_recovery_codes",
        "response_recovery_codes",
    );
    for agreement in both {
        let codes = RecoveryCode::derive_all(&agreement, &response);
        let shown = codes.iter().map(|code| code.shown().replace('-', ""));
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    }
    let code = RecoveryCode::parse(vectors.text("/recovery_use/code")).unwrap();
    let offer = vectors.digest("/recovery_use/offer");
    let dev = Thumbprint(vectors.digest("/recovery_use/dev"));
    let rec = vectors.digest("/recovery_use/rec");
    assert_eq!(code.proof(&offer, &dev), rec);
    assert!(code.check_proof(&offer, &dev, &rec).is_ok());
}

#[test]
fn a_renewed_k_uv_brings_its_proof_its_state_and_its_k_off() {
    let vectors = Vectors::load();
    let (both, hash) = agreements(&vectors, "challenge_replace_uv", "response_replace_uv");
    for agreement in both {
        let k_off = *agreement.derive(Purpose::Off, &hash);
        assert_eq!(k_off, vectors.bytes("/replace_uv_K_off"));
    }
    let challenge: Signed<Challenge> = vectors.verified("challenge_replace_uv", "S");
    let response: Signed<Response> = vectors.verified("response_replace_uv", "K_dev");
    let input = response.input.as_ref().unwrap();
    let dev = vectors.key("K_dev").thumbprint();
    assert_eq!(input.uv, vectors.key("K_uv2"));
    assert_eq!(input.uv_proof, vectors.statement("uv_proof_2"));
    assert!(input.verify(&challenge, &dev).is_ok());
    let state: Signed<State> = vectors.verified("state_uv2", "S");
    assert_eq!(state.sn, 3);
    assert_eq!((state.dev, state.uv), (dev, Some(input.uv.thumbprint())));

    // For another challenge, for another phone, by another key.
    let other: Signed<Challenge> = vectors.verified("challenge_pin_set", "S");
    assert!(input.verify(&other, &dev).is_err());
    let stranger = vectors.key("K_dev of a second phone").thumbprint();
    assert!(input.verify(&challenge, &stranger).is_err());
    let mut swapped = input.clone();
    swapped.uv = vectors.key("K_uv");
    assert_eq!(
        swapped.verify(&challenge, &dev).err(),
        Some(Refusal::UnknownKey)
    );
    swapped = input.clone();
    swapped.uv_proof = vectors.statement("uv_proof").to_owned();
    assert!(swapped.verify(&challenge, &dev).is_err());
}

#[test]
fn a_new_k_uv_comes_with_a_pin_and_only_where_it_is_asked_for() {
    let vectors = Vectors::load();
    let replace: Signed<Challenge> = vectors.verified("challenge_replace_uv", "S");
    let pin_set: Signed<Challenge> = vectors.verified("challenge_pin_set", "S");
    let good: Signed<Response> = vectors.verified("response_replace_uv", "K_dev");
    assert_eq!(good.check(), Ok(()));

    let changed = |change: fn(&mut Response)| {
        let mut response = good.body().clone();
        change(&mut response);
        response
    };
    let no_pin = changed(|it| it.pin = None);
    assert_eq!(no_pin.check(), Err(json::Malformed("input")));
    let ed25519 = changed(|it| {
        let key = SigningKey::ed25519_from_seed(&[1; 32]).unwrap();
        it.input.as_mut().unwrap().uv = *key.public();
    });
    assert_eq!(ed25519.check(), Err(json::Malformed("input")));
    let long = changed(|it| it.input.as_mut().unwrap().uv_proof = "A".repeat(16 * 1024 + 1));
    assert_eq!(long.check(), Err(json::Malformed("input")));
    let bare = changed(|it| it.input = None);
    assert_eq!(bare.fits(&replace), Err(json::Malformed("input")));
    assert_eq!(good.fits(&pin_set), Err(json::Malformed("input")));
}

#[test]
fn a_first_pin_is_set_by_k_uv_without_one() {
    let vectors = Vectors::load();
    let mut challenge = vectors
        .verified::<Challenge>("challenge_pin_set", "S")
        .body()
        .clone();
    let good: Signed<Response> = vectors.verified("response_pin_set", "K_dev");
    assert_eq!(good.fits(&challenge), Ok(()));
    challenge.factors = serde_json::from_str(r#"[["uv"]]"#).unwrap();
    let mut first = good.body().clone();
    first.pin = None;
    assert_eq!(first.fits(&challenge), Ok(()));
    // It always agrees on a new K_pin.
    first.dh = None;
    assert_eq!(first.fits(&challenge), Err(json::Malformed("dh")));
}

#[test]
fn links_numbers_and_calls_are_read_and_written_alike() {
    let vectors = Vectors::load();
    let challenge: Signed<Challenge> = vectors.verified("challenge", "S");
    let text = vectors.text("/links/same_device");
    let link = ChallengeLink::parse(text, None).unwrap();
    assert_eq!((&link.origin, link.txn), (&challenge.iss, challenge.txn));
    assert_eq!(link.to_link().unwrap(), text);
    let text = vectors.text("/links/number");
    let number = ScannedNumber::parse(text).unwrap();
    assert_eq!((number.txn, number.digits.as_str()), (challenge.txn, "42"));
    assert_eq!(number.to_text(), text);
    let body = vectors.text("/proof_post_body");
    let action: Action = call::parse(body.as_bytes()).unwrap();
    assert_eq!(action, Action::PinSet);
    assert_eq!(json::write(&action).unwrap(), body);
}

#[test]
fn a_verdict_returns_to_a_browser_by_a_code_of_an_origin_only() {
    let vectors = Vectors::load();
    let code = Id::from([9; 16]);
    let with = |url: &str| {
        let to = format!(r#""code":"ok","return":"{url}""#);
        resigned::<Verdict>(&vectors, "verdict", r#""code":"ok""#, &to)
    };
    assert_eq!(with(&format!("https://id.example.com/r/{code}")), Ok(()));
    for bad in [
        format!("http://id.example.com/r/{code}"),
        format!("https://id.example.com/r/{code}/"),
        format!("https://id.example.com/r/{code}?x=1"),
        format!("https://id.example.com/x/r/{code}"),
        format!("https://a@id.example.com/r/{code}"),
        "https://id.example.com/r/AAAA".into(),
        "javascript:alert(1)".into(),
        String::new(),
    ] {
        assert!(with(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_push_is_opened_and_an_offline_request_fits_its_code() {
    let vectors = Vectors::load();
    let k_push = vectors.bytes("/enrolment/keys_derived/push");
    let jwe = vectors.text("/push/payload/t");
    let parts: Vec<&str> = jwe.split('.').collect();
    // Compact JWE (RFC 7516): header, no wrapped key, nonce, ciphertext, tag.
    let [header, "", nonce, text, tag] = parts[..] else {
        panic!("five parts")
    };
    let sealed = [nonce, text, tag]
        .map(|part| decode(part).unwrap())
        .concat();
    let opened = crate::crypto::open(&k_push, header.as_bytes(), &sealed).unwrap();
    assert_eq!(*opened, vectors.text("/push/plaintext").as_bytes());
    let active: Signed<State> = vectors.verified("state_active", "S");
    let handle = Id::parse(vectors.text("/push/payload/h"));
    assert_eq!(active.push_id, handle);
    assert_eq!(Id::from([0; 16]).to_string(), vectors.text("/push_test_c"));

    let request = vectors.statement("challenge_offline");
    assert_eq!(format!("CS1Q:{request}"), vectors.text("/offline_qr"));
    assert!(request.len() <= 1700);
}

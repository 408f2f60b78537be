//! Each rule of a statement on both of its sides: the vectors' values, changed in one thing.

use super::life::{assert_malformed, resigned};
use super::*;
use crate::origin::Origin;
use crate::policy::{Alternative, Alternatives};
use crate::statement::registration::is_token;

#[test]
fn each_kind_of_challenge_has_its_modes() {
    let vectors = Vectors::load();
    let mode = |name: &str, from: &str, to: &str| {
        let (from, to) = (format!(r#""mode":"{from}""#), format!(r#""mode":"{to}""#));
        resigned::<Challenge>(&vectors, name, &from, &to).is_ok()
    };
    for (name, was, fits) in [
        (
            "challenge_transaction",
            "remote",
            ["remote", "same", "offline"].as_slice(),
        ),
        ("challenge_policy", "remote", &["remote"]),
        ("challenge_pin_set", "app", &["app"]),
        ("challenge_recovery_codes", "app", &["app"]),
        ("challenge_add_phone", "app", &["app"]),
    ] {
        for to in ["remote", "same", "offline", "app"] {
            assert_eq!(mode(name, was, to), fits.contains(&to), "{name} in {to}");
        }
    }
}

#[test]
fn an_offer_lasts_ten_minutes_at_most() {
    let vectors = Vectors::load();
    let exp = |to: &str| resigned::<Offer>(&vectors, "offer", "1800000600", to);
    assert_eq!(exp("1800000600"), Ok(()));
    assert_malformed::<Offer>(
        &vectors,
        "offer",
        &[("1800000600", "1800000601"), ("1800000600", "1800000000")],
    );
}

#[test]
fn keys_are_good_for_400_days_at_most() {
    let vectors = Vectors::load();
    let r = SigningKey::ed25519_from_seed(&vectors.bytes("/public_keys/R/secret")).unwrap();
    let good = String::from_utf8(payload(vectors.statement("keys"))).unwrap();
    let until = |exp: u64| {
        let changed = good.replacen("1831536000", &exp.to_string(), 1);
        let text = forge("cs1-keys+jwt", "Ed25519", &r, &changed);
        Signed::<Keys>::verify_root(&text, &r.public().thumbprint()).map(drop)
    };
    let iat = 1_800_000_000;
    assert_eq!(until(iat + 400 * 86_400), Ok(()));
    for exp in [iat + 400 * 86_400 + 1, iat, iat - 1] {
        assert!(until(exp).is_err(), "{exp}");
    }
}

#[test]
fn a_token_is_an_id_or_ten_digits_and_capital_letters() {
    for good in ["AAAAAAAAAAAAAAAAAAAAAA", "0123456789", "ABCDEFGHJK"] {
        assert!(is_token(good), "{good}");
    }
    for bad in [
        "",
        "012345678",
        "01234567890",
        "abcdefghjk",
        "012345678-",
        "AAAAAAAAAAAAAAAAAAAAAB",
    ] {
        assert!(!is_token(bad), "{bad}");
    }
}

#[test]
fn a_deny_brings_nothing_of_an_approval() {
    let vectors = Vectors::load();
    let key = SigningKey::from_pkcs8(&SigningKey::make_p256().unwrap()).unwrap();
    let good = String::from_utf8(payload(vectors.statement("response_deny"))).unwrap();
    let with = |more: &str| {
        let changed = good.replacen(r#""ctr":3"#, &format!(r#"{more}"ctr":3"#), 1);
        let text = forge("cs1-response+jwt", "ES256", &key, &changed);
        Signed::<Response>::verify(&text, &[*key.public()]).map(drop)
    };
    assert_eq!(with(""), Ok(()));
    let approval = String::from_utf8(payload(vectors.statement("response"))).unwrap();
    let approval: Value = serde_json::from_str(&approval).unwrap();
    let renewal = String::from_utf8(payload(vectors.statement("response_replace_uv"))).unwrap();
    let renewal: Value = serde_json::from_str(&renewal).unwrap();
    for more in [
        format!(r#""match":{},"#, approval["match"]),
        format!(r#""dh":{},"#, approval["dh"]),
        format!(r#""dh":{},"pin":{},"#, approval["dh"], approval["pin"]),
        format!(r#""input":{},"#, renewal["input"]),
    ] {
        assert!(matches!(with(&more), Err(Refusal::Malformed(_))), "{more}");
    }
}

#[test]
fn a_verdict_tells_the_origin_that_it_returns_to() {
    let vectors = Vectors::load();
    let plain: Signed<Verdict> = vectors.verified("verdict", "S");
    assert_eq!(plain.return_origin(), None);
    let mut back = plain.body().clone_by_json();
    back.r#return = Some(format!("https://id.example.com/r/{}", Id::from([9; 16])));
    let origin = Origin::parse("https://id.example.com").unwrap();
    assert_eq!(back.return_origin(), Some(origin));
}

#[test]
fn a_pin_is_set_by_the_old_one_or_by_a_gesture_where_it_suffices() {
    let vectors = Vectors::load();
    let offer: Signed<Offer> = vectors.verified("offer", "S");
    let asked: Signed<Challenge> = vectors.verified("challenge_pin_set", "S");
    let fits = |asks: &[Alternative], min: &[Alternative]| {
        let (mut asked, mut policy) = (asked.body().clone(), offer.policy.clone());
        asked.factors = Alternatives::new(asks.to_vec()).unwrap();
        policy.min = Alternatives::new(min.to_vec()).unwrap();
        asked.fits(&policy).is_ok()
    };
    use Alternative::{Dev, DevPin, PinUv, Uv};
    assert!(fits(&[DevPin], &[DevPin]) && fits(&[DevPin], &[DevPin, Uv]));
    assert!(fits(&[Uv], &[DevPin, Uv]));
    // A policy that wants the PIN from everybody has no other way to a new one.
    assert!(!fits(&[Uv], &[DevPin]));
    for other in [&[Dev][..], &[PinUv], &[DevPin, Uv]] {
        assert!(!fits(other, &[DevPin, Uv]), "{other:?}");
    }
}

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

#[test]
fn roots_are_ed25519_keys_the_next_one_too() {
    let vectors = Vectors::load();
    let pinned = vectors.key("R").thumbprint();
    let text = vectors.statement("keys_root_next");
    let keys = Signed::<Keys>::verify_root(text, &pinned).unwrap();
    let with = |root: &str, next: Option<&str>| {
        let mut bent = keys.body().clone_by_json();
        bent.root = vectors.key(root);
        bent.root_next = next.map(|next| vectors.key(next));
        bent.check().is_ok()
    };
    assert!(with("R", None) && with("R", Some("R2")));
    for (root, next) in [
        ("K_uv", None),
        ("K_uv", Some("R2")),
        ("R", Some("K_uv")),
        ("K_uv", Some("K_uv2")),
    ] {
        assert!(!with(root, next), "{root} {next:?}");
    }
}

#[test]
fn a_proof_is_of_one_call_as_http_has_it() {
    let vectors = Vectors::load();
    let good: Signed<Proof> = vectors.verified("proof_post", "K_dev");
    let bent = |bend: &dyn Fn(&mut Proof)| {
        let mut proof = good.body().clone_by_json();
        bend(&mut proof);
        proof.check().is_ok()
    };
    for method in ["GET", "POST", "PUT", "DELETE"] {
        assert!(bent(&|proof| proof.htm = method.into()), "{method}");
    }
    for method in ["", "get", "PATCH", "POST "] {
        assert!(!bent(&|proof| proof.htm = method.into()), "{method}");
    }
    for (length, fits) in [(0, false), (1, true), (2048, true), (2049, false)] {
        assert_eq!(
            bent(&|proof| proof.htu = "u".repeat(length)),
            fits,
            "{length}"
        );
    }
    let nonce = |nonce: &str| bent(&|proof| proof.nonce = Some(nonce.into()));
    assert!(bent(&|proof| proof.nonce = None));
    assert!(nonce("!") && nonce(&"~".repeat(128)));
    for bad in ["", "a b", "a\n", "ä", &"a".repeat(129)] {
        assert!(!nonce(bad), "{bad:?}");
    }
}

#[test]
fn a_registration_brings_two_p256_keys_or_one_and_what_belongs_to_each() {
    let vectors = Vectors::load();
    let good = Signed::<Registration>::verify_dev(vectors.statement("registration")).unwrap();
    let bent = |bend: &dyn Fn(&mut Registration)| {
        let mut registration = good.body().clone_by_json();
        bend(&mut registration);
        registration.check().is_ok()
    };
    let without = |it: &mut Registration| {
        (it.uv, it.uvc, it.level.uv) = (None, None, None);
    };
    assert!(good.uv.is_some() && bent(&|_| {}) && bent(&without));
    let ed25519 = vectors.key("S");
    assert!(!bent(&|it| it.dev = ed25519));
    assert!(!bent(&|it| it.uv = Some(ed25519)));
    assert!(!bent(
        &|it| (it.dev, it.uv) = (ed25519, Some(vectors.key("R")))
    ));
    // One key is no two.
    assert!(!bent(&|it| it.uv = Some(it.dev)));
    let members: [&dyn Fn(&mut Registration); 3] =
        [&|it| it.uv = None, &|it| it.uvc = None, &|it| {
            it.level.uv = None
        }];
    for (at, one) in members.iter().enumerate() {
        assert!(!bent(one), "{at} alone is missing");
        for (other, two) in members.iter().enumerate().filter(|(other, _)| *other != at) {
            let both = |it: &mut Registration| {
                one(it);
                two(it);
            };
            assert!(!bent(&both), "{at} and {other} are missing");
        }
    }
    assert!(!bent(&|it| it.token = "short".into()));
    // Its first part is a language's name, which no single letter is (RFC 5646): the shape was too wide before.
    let locales = [
        ("de-AT", true),
        ("gsw", true),
        ("zh-Hant-1996", true),
        ("abcdefgh", true),
        ("abcdefghi", false),
        ("", false),
        ("de_AT", false),
        ("de-", false),
        ("d", false),
        ("x-a", false),
        ("i-klingon", false),
        ("1a", false),
    ];
    for (locale, fits) in locales {
        assert_eq!(bent(&|it| it.locale = locale.into()), fits, "{locale}");
    }
    for (versions, fits) in [(0, false), (1, true), (16, true), (17, false)] {
        assert_eq!(bent(&|it| it.proto = vec![1; versions]), fits, "{versions}");
    }
    for (length, fits) in [(0, false), (1, true), (4096, true), (4097, false)] {
        let push = |it: &mut Registration| {
            it.push = Some(PushAddress {
                r#type: PushType::Fcm,
                token: "t".repeat(length),
            });
        };
        assert_eq!(bent(&push), fits, "{length}");
    }
}

#[test]
fn a_state_has_the_members_of_its_standing_and_no_others() {
    use Standing::{Active, Pending, Refused, Revoked, Suspended};
    let vectors = Vectors::load();
    let good: Signed<State> = vectors.verified("state_pending", "S");
    let bits = |bits: u32| [0, 1, 2, 3, 4, 5].map(|at| bits & (1 << at) != 0);
    for standing in [Pending, Active, Suspended, Revoked, Refused] {
        let with_digits = standing == Pending;
        let with_handles = matches!(standing, Active | Suspended);
        let with_reason = matches!(standing, Suspended | Revoked | Refused);
        let right = [
            with_digits,
            with_digits,
            with_digits,
            with_handles,
            with_handles,
            with_reason,
        ];
        for members in (0..64).map(bits) {
            let [ns, kc, exp, wake, push_id, reason] = members;
            let mut it = good.body().clone_by_json();
            it.state = standing;
            it.ns = it.ns.filter(|_| ns);
            it.kc = it.kc.filter(|_| kc);
            it.exp = it.exp.filter(|_| exp);
            it.wake = wake.then(|| Id::from([8; 16]));
            it.push_id = push_id.then(|| Id::from([9; 16]));
            it.reason = reason.then_some(StateReason::Admin);
            assert_eq!(
                it.check().is_ok(),
                members == right,
                "{standing:?} {members:?}"
            );
        }
    }
    for (life, fits) in [(0, false), (1, true), (600, true), (601, false)] {
        let mut it = good.body().clone_by_json();
        it.exp = Some(it.iat + life);
        assert_eq!(it.check().is_ok(), fits, "{life}");
    }
    let bent = |bend: &dyn Fn(&mut State)| {
        let mut it = good.body().clone_by_json();
        bend(&mut it);
        it.check().is_ok()
    };
    assert!(!bent(&|it| it.exp = Some(it.iat - 1)));
    assert!(!bent(&|it| it.sn = 0) && !bent(&|it| it.keys = 0) && !bent(&|it| it.policy.n = 0));
}

#[test]
fn a_response_brings_what_its_decision_has() {
    let vectors = Vectors::load();
    let good: Signed<Response> = vectors.verified("response", "K_dev");
    let renewal: Signed<Response> = vectors.verified("response_replace_uv", "K_dev");
    let bent = |from: &Response, bend: &dyn Fn(&mut Response)| {
        let mut it = from.clone_by_json();
        bend(&mut it);
        it.check().is_ok()
    };
    let (good, renewal) = (good.body(), renewal.body());
    assert!(good.pin.is_some() && bent(good, &|_| {}) && bent(renewal, &|_| {}));
    for number in ["1", "123", "12345", "1a", "12345x", "１2", ""] {
        let with = |it: &mut Response| it.r#match = Some(number.into());
        assert!(!bent(good, &with), "{number:?}");
    }
    for number in ["07", "123456"] {
        let with = |it: &mut Response| it.r#match = Some(number.into());
        assert!(bent(good, &with), "{number:?}");
    }
    assert!(!bent(good, &|it| it.dh = None));
    assert!(!bent(good, &|it| it.rule = 2));
    assert!(!bent(good, &|it| it.reason = Some(Reason::Mistake)));
    assert!(!bent(good, &|it| it.locale = "de_AT".into()));
    // The first names none before it, and every other one does.
    for (ctr, first, fits) in [
        (1, true, true),
        (1, false, false),
        (2, true, false),
        (2, false, true),
        (0, true, false),
    ] {
        let with = |it: &mut Response| {
            it.ctr = ctr;
            it.prev = Prev((!first).then(|| Digest::of(&[b"before"])));
        };
        assert_eq!(bent(good, &with), fits, "{ctr} {first}");
    }
    // A new K_uv comes with a PIN, and is a P-256 key with its proof.
    assert!(!bent(renewal, &|it| it.pin = None));
    let ed25519 = vectors.key("S");
    let with_key = |it: &mut Response| {
        if let Some(input) = &mut it.input {
            input.uv = ed25519;
        }
    };
    assert!(!bent(renewal, &with_key));
}

#[test]
fn a_verdict_that_refuses_leads_nowhere_and_counts_tries_only_while_there_are_some() {
    let vectors = Vectors::load();
    let good: Signed<Verdict> = vectors.verified("verdict", "S");
    let back = format!("https://id.example.com/r/{}", Id::from([9; 16]));
    let fits = |code: VerdictCode, ended: bool, attempts: Option<u64>, back: Option<&str>| {
        let mut it = good.body().clone_by_json();
        it.result = match code {
            VerdictCode::Ok => Outcome::Accepted,
            _ => Outcome::Refused,
        };
        (it.code, it.r#final, it.attempts) = (code, ended, attempts);
        it.r#return = back.map(str::to_owned);
        it.check().is_ok()
    };
    use VerdictCode::{Expired, NumberWrong, Ok as Fine, PinWrong};
    assert!(fits(Fine, true, None, None) && fits(Fine, true, None, Some(&back)));
    assert!(!fits(
        Fine,
        true,
        None,
        Some("https://id.example.com/r/short")
    ));
    assert!(!fits(Expired, true, None, Some(&back)));
    assert!(fits(Expired, true, None, None) && fits(PinWrong, true, None, None));
    for code in [PinWrong, NumberWrong] {
        assert!(fits(code, false, Some(4), None), "{code:?}");
        for (ended, attempts) in [(false, None), (false, Some(0)), (true, Some(4))] {
            assert!(
                !fits(code, ended, attempts, None),
                "{code:?} {ended} {attempts:?}"
            );
        }
    }
    assert!(!fits(Fine, false, Some(4), None) && !fits(Expired, false, Some(4), None));
    let mut other = good.body().clone_by_json();
    other.result = Outcome::Refused;
    assert!(other.check().is_err());
}

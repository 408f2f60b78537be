use super::*;
use crate::signer::{Signer, test_signer};
use countersign_protocol::crypto::SigningKey;
use countersign_protocol::policy::Alternatives;
use countersign_protocol::statement::{Context, Kind, Mode, Prev, Service, Zone, set_of};
use countersign_protocol::text::{Account, Name};
use countersign_protocol::{Digest, Id};

const NOW: u64 = 1_800_000_000;

struct Scene {
    signer: Signer,
    challenge: Signed<Challenge>,
}

impl Scene {
    fn new() -> Self {
        let signer = test_signer();
        let challenge = signer
            .sign(Challenge {
                iss: signer.origin.clone(),
                aud: Id::from([1; 16]),
                jti: Id::make().unwrap(),
                txn: Id::make().unwrap(),
                iat: NOW,
                exp: NOW + 120,
                keys: 1,
                policy: 1,
                kind: Kind::Login,
                mode: Mode::Remote,
                service: Service {
                    id: "wiki".into(),
                    name: Name::parse("Wiki").unwrap(),
                    host: "wiki.example.com".into(),
                },
                account: Account::parse("anna@example.com").unwrap(),
                lang: None,
                rows: None,
                context: Some(Context {
                    browser: Name::parse("Firefox on Linux").unwrap(),
                    known: false,
                    place: None,
                    ip: None,
                    zone: Zone::Outside,
                }),
                r#match: 2,
                factors: Alternatives::dev(),
                input: None,
                set: set_of(&[]),
                phones: 1,
                replaces: None,
            })
            .unwrap();
        Self { signer, challenge }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            standing: "active",
            ctr: 0,
            ctr_used: false,
            challenge: Some((&self.challenge, "open", "42")),
            by_uv: false,
            has_pin: false,
            keys_good: true,
            now: NOW + 60,
        }
    }

    fn response(&self, decision: Decision) -> Response {
        Response {
            iss: Id::from([1; 16]),
            aud: self.signer.origin.clone(),
            jti: Id::make().unwrap(),
            challenge: self.challenge.hash(),
            decision,
            reason: None,
            rule: 1,
            view: View::of(&self.challenge).digest(),
            r#match: (decision == Decision::Approve).then(|| "42".to_owned()),
            dh: None,
            pin: None,
            input: None,
            ctr: 1,
            prev: Prev(None),
            locale: "en".into(),
        }
    }
}

#[test]
fn a_decision_in_time_counts() {
    let scene = Scene::new();
    let judged = |decision| judge(&scene.facts(), &scene.response(decision));
    assert_eq!(judged(Decision::Approve), Judgement::Approved);
    assert_eq!(judged(Decision::Deny), Judgement::Denied);
    assert_eq!(
        judged(Decision::Report),
        Judgement::Reported { decides: true }
    );
}

#[test]
fn row_23_an_approval_of_another_request_is_refused() {
    let (scene, other) = (Scene::new(), Scene::new());
    // The server found the challenge that the response names under no such credential.
    let facts = Facts {
        challenge: None,
        ..scene.facts()
    };
    let judged = judge(&facts, &other.response(Decision::Approve));
    assert_eq!(judged, Judgement::Refused(VerdictCode::Expired));
    // Somebody puts the view of one request into the answer to another.
    let mut facts = scene.facts();
    let mut response = scene.response(Decision::Approve);
    response.view = Digest::of(&[b"what another phone showed"]);
    assert_eq!(
        judge(&facts, &response),
        Judgement::Refused(VerdictCode::ViewMismatch)
    );
    facts.standing = "revoked";
    assert_eq!(
        judge(&facts, &response),
        Judgement::Refused(VerdictCode::NotActive)
    );
}

#[test]
fn row_24_late_decided_and_cancelled_requests_take_no_second_decision() {
    let scene = Scene::new();
    let response = scene.response(Decision::Approve);
    for (stage, now, code) in [
        ("open", NOW + 121, VerdictCode::Expired),
        ("decided", NOW + 1, VerdictCode::DecidedElsewhere),
        ("cancelled", NOW + 1, VerdictCode::Cancelled),
    ] {
        let facts = Facts {
            challenge: Some((&scene.challenge, stage, "42")),
            now,
            ..scene.facts()
        };
        assert_eq!(
            judge(&facts, &response),
            Judgement::Refused(code),
            "{stage}"
        );
        assert_eq!(
            judge(&facts, &scene.response(Decision::Deny)),
            Judgement::Refused(code)
        );
    }
    let last_second = Facts {
        now: NOW + 120,
        ..scene.facts()
    };
    assert_eq!(judge(&last_second, &response), Judgement::Approved);
}

#[test]
fn row_25_a_wrong_number_ends_the_request_and_locks_nothing() {
    let scene = Scene::new();
    for number in ["24", "00", "42\u{661}"] {
        let mut response = scene.response(Decision::Approve);
        response.r#match = Some(number.to_owned());
        let judged = judge(&scene.facts(), &response);
        let expected = if number.len() == 2 {
            Judgement::NumberWrong
        } else {
            Judgement::Refused(VerdictCode::BadInput)
        };
        assert_eq!(judged, expected, "{number}");
    }
    let mut none = scene.response(Decision::Approve);
    none.r#match = None;
    assert_eq!(
        judge(&scene.facts(), &none),
        Judgement::Refused(VerdictCode::BadInput)
    );
}

#[test]
fn a_report_is_taken_for_a_day_whatever_became_of_the_request() {
    let scene = Scene::new();
    let report = scene.response(Decision::Report);
    for (standing, stage, now, expected) in [
        (
            "active",
            "decided",
            NOW + 60,
            Judgement::Reported { decides: false },
        ),
        (
            "active",
            "open",
            NOW + 121,
            Judgement::Reported { decides: false },
        ),
        (
            "suspended",
            "cancelled",
            NOW + 60,
            Judgement::Reported { decides: false },
        ),
        (
            "active",
            "decided",
            NOW + 120 + REPORT_LIFE,
            Judgement::Reported { decides: false },
        ),
        (
            "active",
            "decided",
            NOW + 121 + REPORT_LIFE,
            Judgement::Refused(VerdictCode::Expired),
        ),
        (
            "revoked",
            "open",
            NOW + 60,
            Judgement::Refused(VerdictCode::NotActive),
        ),
    ] {
        let challenge = Some((&scene.challenge, stage, "42"));
        let facts = Facts {
            standing,
            challenge,
            now,
            ..scene.facts()
        };
        assert_eq!(judge(&facts, &report), expected, "{standing} {stage}");
    }
}

#[test]
fn two_copies_of_a_phone_are_noticed() {
    let scene = Scene::new();
    let response = scene.response(Decision::Deny);
    let judged = |ctr, ctr_used| {
        judge(
            &Facts {
                ctr,
                ctr_used,
                ..scene.facts()
            },
            &response,
        )
    };
    assert_eq!(judged(1, true), Judgement::Clone);
    assert_eq!(judged(33, false), Judgement::Denied);
    assert_eq!(judged(34, false), Judgement::Clone);
}

#[test]
fn factors_are_what_the_key_proves_never_what_the_response_claims() {
    let scene = Scene::new();
    let uv_only: Alternatives = serde_json::from_str(r#"[["uv"]]"#).unwrap();
    let strict = Challenge {
        factors: uv_only,
        ..scene.challenge.body().clone()
    };
    let strict = scene.signer.sign(strict).unwrap();
    let mut response = scene.response(Decision::Approve);
    response.challenge = strict.hash();
    let facts = |by_uv| Facts {
        challenge: Some((&strict, "open", "42")),
        by_uv,
        ..scene.facts()
    };
    assert_eq!(
        judge(&facts(false), &response),
        Judgement::Refused(VerdictCode::FactorsMissing)
    );
    assert_eq!(judge(&facts(true), &response), Judgement::Approved);
    // Nobody asked for a PIN, and there is none: a proof of one proves nothing.
    response.pin = Some(Digest::from([0; 32]));
    response.dh = Some(countersign_protocol::crypto::AgreementKey::from_bytes(
        [9; 32],
    ));
    assert_eq!(
        judge(&facts(true), &response),
        Judgement::Refused(VerdictCode::FactorsMissing)
    );
    // Deny and report are K_dev's.
    let deny = scene.response(Decision::Deny);
    let by_uv = Facts {
        by_uv: true,
        ..scene.facts()
    };
    assert_eq!(
        judge(&by_uv, &deny),
        Judgement::Refused(VerdictCode::BadInput)
    );
}

#[test]
fn a_pin_proof_comes_exactly_with_an_alternative_that_asks_for_it() {
    use VerdictCode::FactorsMissing;
    let scene = Scene::new();
    let judged = |factors: &str, by_uv, proof, has_pin, number: &str| {
        let challenge = Challenge {
            factors: serde_json::from_str(factors).unwrap(),
            ..scene.challenge.body().clone()
        };
        let challenge = scene.signer.sign(challenge).unwrap();
        let mut response = scene.response(Decision::Approve);
        response.challenge = challenge.hash();
        response.r#match = Some(number.to_owned());
        if proof {
            response.pin = Some(Digest::from([0; 32]));
            let dh = countersign_protocol::crypto::AgreementKey::from_bytes([9; 32]);
            response.dh = Some(dh);
        }
        let facts = Facts {
            challenge: Some((&challenge, "open", "42")),
            by_uv,
            has_pin,
            ..scene.facts()
        };
        judge(&facts, &response)
    };
    let missing = Judgement::Refused(FactorsMissing);
    for (factors, by_uv, proof, has_pin, expected) in [
        (r#"[["dev","pin"]]"#, false, true, true, Judgement::PinAsked),
        (r#"[["dev","pin"]]"#, false, false, true, missing),
        (r#"[["dev","pin"]]"#, false, true, false, missing),
        // uv includes dev, not pin.
        (r#"[["dev","pin"]]"#, true, false, true, missing),
        (r#"[["dev","pin"]]"#, true, true, true, Judgement::PinAsked),
        (r#"[["pin","uv"]]"#, false, true, true, missing),
        (r#"[["pin","uv"]]"#, true, true, true, Judgement::PinAsked),
        (r#"[["dev"]]"#, false, true, true, missing),
        (
            r#"[["dev","pin"],["uv"]]"#,
            true,
            false,
            true,
            Judgement::Approved,
        ),
        (
            r#"[["dev","pin"],["dev"]]"#,
            false,
            false,
            true,
            Judgement::Approved,
        ),
        (
            r#"[["dev","pin"],["dev"]]"#,
            false,
            true,
            true,
            Judgement::PinAsked,
        ),
    ] {
        let case = format!("{factors} {by_uv} {proof} {has_pin}");
        assert_eq!(
            judged(factors, by_uv, proof, has_pin, "42"),
            expected,
            "{case}"
        );
        let wrong_number = match expected {
            Judgement::Refused(_) => expected,
            _ => Judgement::NumberWrong,
        };
        assert_eq!(
            judged(factors, by_uv, proof, has_pin, "24"),
            wrong_number,
            "{case}"
        );
    }
}

#[test]
fn a_stranger_key_makes_no_response() {
    let scene = Scene::new();
    let stranger = SigningKey::from_pkcs8(&SigningKey::make_p256().unwrap()).unwrap();
    let own = SigningKey::from_pkcs8(&SigningKey::make_p256().unwrap()).unwrap();
    let signed = Signed::sign(scene.response(Decision::Approve), &stranger).unwrap();
    assert!(Signed::<Response>::verify(signed.compact(), &[*own.public()]).is_err());
}

//! The byte-level values of `tests/vectors/protocol.json`: every statement of this version verifies,
//! says what it said, has its H, and none of its changed siblings passes.

use super::*;
use crate::agreement::{Agreement, Purpose, check_confirmation, confirmation};
use crate::crypto::{AgreementSecret, PublicKey, SigningKey};
use crate::encoding::{Digest, Id, Thumbprint, decode, encode};
use crate::invitation::Invitation;
use crate::jose::{Refusal, Signed, Statement};
use crate::typed_code::TypedCode;
use crate::view::View;
use crate::{json, sas};
use serde_json::Value;

#[path = "vectors_life.rs"]
mod life;
#[path = "vectors_limits.rs"]
mod limits;

struct Vectors(Value);

impl Vectors {
    fn load() -> Self {
        Self(serde_json::from_str(include_str!("../../../tests/vectors/protocol.json")).unwrap())
    }

    fn text(&self, pointer: &str) -> &str {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{pointer}"))
    }

    fn bytes(&self, pointer: &str) -> [u8; 32] {
        let text = self.text(pointer);
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..64)
            .step_by(2)
            .map(byte)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap()
    }

    fn digest(&self, pointer: &str) -> Digest {
        Digest::parse(self.text(pointer)).unwrap()
    }

    fn key(&self, name: &str) -> PublicKey {
        serde_json::from_value(self.0["public_keys"][name]["jwk"].clone()).unwrap()
    }

    fn statement(&self, name: &str) -> &str {
        self.text(&format!("/statements/{name}/statement"))
    }

    fn hash(&self, name: &str) -> Digest {
        self.digest(&format!("/statements/{name}/H"))
    }

    /// Verifies it, compares H, and signs it again where the signature is deterministic.
    fn verified<T: Statement>(&self, name: &str, signer: &str) -> Signed<T> {
        let statement = Signed::<T>::verify(self.statement(name), &[self.key(signer)]).unwrap();
        assert_eq!(statement.hash(), self.hash(name), "{name}");
        // Which statement it is may be seen anywhere, what it says nowhere.
        let seen = format!("{}({})", T::TYP, self.hash(name));
        assert_eq!(format!("{statement:?}"), seen);
        if let PublicKey::Ed25519(_) = self.key(signer) {
            let secret = self.bytes(&format!("/public_keys/{signer}/secret"));
            let key = SigningKey::ed25519_from_seed(&secret).unwrap();
            let again = Signed::sign(statement.body().clone_by_json(), &key).unwrap();
            let same_members = serde_json::from_slice::<Value>(&payload(again.compact())).unwrap()
                == serde_json::from_slice::<Value>(&payload(self.statement(name))).unwrap();
            assert!(same_members, "{name} is written as it was read");
        }
        statement
    }
}

trait CloneByJson: Statement {
    fn clone_by_json(&self) -> Self {
        json::parse(json::write(self).unwrap().as_bytes()).unwrap()
    }
}

impl<T: Statement> CloneByJson for T {}

fn payload(compact: &str) -> Vec<u8> {
    decode(compact.split('.').nth(1).unwrap()).unwrap()
}

#[test]
fn thumbprints_are_those_of_rfc_7638() {
    let vectors = Vectors::load();
    for name in [
        "R",
        "R2",
        "S",
        "K_dev",
        "K_uv",
        "K_uv2",
        "K_dev of a second phone",
    ] {
        let expected = vectors.text(&format!("/public_keys/{name}/thumbprint"));
        assert_eq!(vectors.key(name).thumbprint().to_string(), expected);
    }
}

#[test]
fn keys_are_taken_by_the_pinned_root_only() {
    let vectors = Vectors::load();
    let (first, next) = (
        vectors.key("R").thumbprint(),
        vectors.key("R2").thumbprint(),
    );
    for (name, root) in [
        ("keys", first),
        ("keys_root_next", first),
        ("keys_by_next_root", next),
    ] {
        let keys = Signed::<Keys>::verify_root(vectors.statement(name), &root).unwrap();
        assert_eq!(keys.hash(), vectors.hash(name));
        assert_eq!(keys.sign, [vectors.key("S")]);
    }
    let other = Signed::<Keys>::verify_root(vectors.statement("keys_by_next_root"), &first);
    assert_eq!(other.unwrap_err(), Refusal::UnknownKey);
}

#[test]
fn an_enrolment_derives_what_the_other_implementation_derived() {
    let vectors = Vectors::load();
    let offer: Signed<Offer> = vectors.verified("offer", "S");
    let registration =
        Signed::<Registration>::verify_dev(vectors.statement("registration")).unwrap();
    assert_eq!(registration.hash(), vectors.hash("registration"));
    assert_eq!(registration.offer, offer.hash());
    let _: Signed<Key> = vectors.verified("uv_proof", "K_uv");

    let phone = AgreementSecret::from_bytes(&vectors.bytes("/enrolment/phone_dh_secret"));
    let server = AgreementSecret::from_bytes(&vectors.bytes("/enrolment/server_dh_secret"));
    assert_eq!(
        (phone.public(), server.public()),
        (registration.dh, offer.dh)
    );
    let z = phone.agree(&offer.dh).unwrap();
    assert_eq!(*z, vectors.bytes("/enrolment/Z"));
    let prk = crate::crypto::hmac(offer.hash().as_bytes(), &[&z[..]]);
    assert_eq!(*prk, vectors.bytes("/enrolment/PRK"));
    for agreement in [
        Agreement::new(&phone, &offer.dh, &offer.hash()).unwrap(),
        Agreement::new(&server, &registration.dh, &offer.hash()).unwrap(),
    ] {
        for (name, purpose) in [
            ("pin", Purpose::Pin),
            ("push", Purpose::Push),
            ("off", Purpose::Off),
            ("conf", Purpose::Conf),
        ] {
            let expected = vectors.bytes(&format!("/enrolment/keys_derived/{name}"));
            assert_eq!(
                *agreement.derive(purpose, &registration.hash()),
                expected,
                "{name}"
            );
        }
    }

    let conf = vectors.bytes("/enrolment/keys_derived/conf");
    let kc = vectors.digest("/enrolment/kc");
    assert_eq!(confirmation(&conf, &registration.hash()), kc);
    assert!(check_confirmation(&conf, &registration.hash(), &kc).is_ok());
    assert!(check_confirmation(&conf, &offer.hash(), &kc).is_err());

    let (ns, np) = (
        vectors.digest("/enrolment/Ns"),
        vectors.digest("/enrolment/Np"),
    );
    assert_eq!(sas::commitment(&offer.jti, &ns), offer.sas);
    let digits = sas::digits(&offer.hash(), &registration.hash(), &ns, &np);
    assert_eq!(digits, vectors.text("/enrolment/digits"));

    let pending: Signed<State> = vectors.verified("state_pending", "S");
    assert_eq!(
        (pending.state, pending.kc, pending.ns),
        (Standing::Pending, Some(kc), Some(ns))
    );
    let active: Signed<State> = vectors.verified("state_active", "S");
    assert_eq!((active.state, active.sn), (Standing::Active, 2));
}

#[test]
fn challenges_show_and_responses_sign_the_same_view() {
    let vectors = Vectors::load();
    for (challenge, view) in [
        ("challenge", "login"),
        ("challenge_transaction", "transaction"),
        ("challenge_policy", "policy"),
        ("challenge_add_phone", "add-phone"),
        ("challenge_pin_set", "pin-set"),
        ("challenge_recovery_codes", "recovery-codes"),
        ("challenge_replace_uv", "replace-uv"),
        ("challenge_offline", "offline"),
    ] {
        let challenge: Signed<Challenge> = vectors.verified(challenge, "S");
        let shown = View::of(&challenge);
        assert_eq!(
            shown.lines(),
            vectors.text(&format!("/views/{view}/lines")),
            "{view}"
        );
        assert_eq!(
            shown.digest(),
            vectors.digest(&format!("/views/{view}/view"))
        );
        let offer =
            Signed::<Offer>::verify(vectors.statement("offer"), &[vectors.key("S")]).unwrap();
        // The transaction of the vectors asks no number although the policy of their offer says
        // `match`: by section 6 a phone of that policy refuses it, and so does this one.
        let expected = if view == "transaction" {
            Err(Unfit::Weaker)
        } else {
            Ok(())
        };
        assert_eq!(challenge.fits(&offer.policy), expected, "{view}");
    }
    assert_eq!(
        set_of(&[vectors.key("K_dev").thumbprint()]),
        vectors.digest("/set/one")
    );
    let two = [
        vectors.key("K_dev of a second phone").thumbprint(),
        vectors.key("K_dev").thumbprint(),
    ];
    assert_eq!(set_of(&two), vectors.digest("/set/two"));
}

#[test]
fn responses_name_their_challenge_and_the_one_before() {
    let vectors = Vectors::load();
    let mut prev = None;
    for (at, (name, challenge, signer)) in [
        ("response", "challenge", "K_dev"),
        ("response_uv", "challenge_transaction", "K_uv"),
        ("response_deny", "challenge_policy", "K_dev"),
        ("response_add_phone", "challenge_add_phone", "K_dev"),
        ("response_pin_set", "challenge_pin_set", "K_dev"),
        (
            "response_recovery_codes",
            "challenge_recovery_codes",
            "K_uv",
        ),
        ("response_replace_uv", "challenge_replace_uv", "K_dev"),
    ]
    .into_iter()
    .enumerate()
    {
        let response: Signed<Response> = vectors.verified(name, signer);
        let challenge: Signed<Challenge> = vectors.verified(challenge, "S");
        assert_eq!(
            (response.ctr, response.prev),
            (at as u64 + 1, Prev(prev)),
            "{name}"
        );
        assert_eq!(response.challenge, challenge.hash());
        assert_eq!(response.view, View::of(&challenge).digest());
        assert_eq!(response.fits(&challenge), Ok(()), "{name}");
        prev = Some(response.hash());
    }
}

#[test]
fn verdicts_and_proofs_verify() {
    let vectors = Vectors::load();
    for name in [
        "verdict",
        "verdict_uv",
        "verdict_deny",
        "verdict_pin_set",
        "verdict_replace_uv",
    ] {
        let verdict: Signed<Verdict> = vectors.verified(name, "S");
        assert_eq!(
            (verdict.result, verdict.code),
            (Outcome::Accepted, VerdictCode::Ok)
        );
    }
    let wrong: Signed<Verdict> = vectors.verified("verdict_add_phone", "S");
    assert_eq!(
        (wrong.code, wrong.r#final, wrong.attempts),
        (VerdictCode::NumberWrong, false, Some(2))
    );
    let get: Signed<Proof> = vectors.verified("proof_get", "K_dev");
    assert_eq!((get.htm.as_str(), get.bh), ("GET", Digest::of(&[])));
    let post: Signed<Proof> = vectors.verified("proof_post", "K_dev");
    assert_eq!(
        post.bh,
        Digest::of(&[vectors.text("/proof_post_body").as_bytes()])
    );
}

#[test]
fn links_and_typed_codes_are_read_and_written_alike() {
    let vectors = Vectors::load();
    let invitation = Invitation::parse(vectors.text("/links/invitation")).unwrap();
    assert_eq!(
        invitation.to_link().unwrap(),
        vectors.text("/links/invitation")
    );
    assert_eq!(invitation.root, vectors.key("R").thumbprint());
    let code = TypedCode::new(invitation.token.as_bytes(), &invitation.root);
    assert_eq!(code.as_str(), vectors.text("/typed_code"));
}

/// A payload under the header of a key, signed by it: content that only the strict reader can refuse.
fn forge(typ: &str, alg: &str, key: &SigningKey, payload: &str) -> String {
    let kid = key.public().thumbprint();
    let header = format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"}}"#);
    let message = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(payload.as_bytes())
    );
    let signature = key.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", encode(&signature))
}

#[test]
fn row_42_statements_with_another_signature_key_alg_or_typ_are_refused() {
    let vectors = Vectors::load();
    let good = vectors.statement("challenge");
    let s = SigningKey::ed25519_from_seed(&vectors.bytes("/public_keys/S/secret")).unwrap();
    let payload = String::from_utf8(payload(good)).unwrap();
    let verify = |text: &str| Signed::<Challenge>::verify(text, &[vectors.key("S")]).map(|_| ());
    let typ = "cs1-challenge+jwt";
    assert_eq!(verify(good), Ok(()));
    assert_eq!(verify(&forge(typ, "Ed25519", &s, &payload)), Ok(()));

    let stranger = SigningKey::from_pkcs8(&SigningKey::make_ed25519().unwrap()).unwrap();
    assert_eq!(
        verify(&forge(typ, "Ed25519", &stranger, &payload)),
        Err(Refusal::UnknownKey)
    );
    for alg in ["none", "HS256", "EdDSA", "ES256", "ed25519"] {
        assert_eq!(
            verify(&forge(typ, alg, &s, &payload)),
            Err(Refusal::Algorithm),
            "{alg}"
        );
    }
    for typ in ["cs1-state+jwt", "cs2-challenge+jwt", "JWT", ""] {
        assert_eq!(
            verify(&forge(typ, "Ed25519", &s, &payload)),
            Err(Refusal::WrongType),
            "{typ}"
        );
    }
    // Every other statement of the same signer, too.
    for other in ["offer", "state_active", "verdict"] {
        assert_eq!(verify(vectors.statement(other)), Err(Refusal::WrongType));
    }
    let message = good.rsplit_once('.').unwrap().0;
    assert_eq!(verify(&format!("{message}.")), Err(Refusal::Signature));
    assert_eq!(verify(message), Err(Refusal::NotCompact));
    let header = r#"{"alg":"Ed25519","kid":"SCDRZ0ewhurfkEp4CGOpe6fNeDoCDXnhJTCCiOofufQ","typ":"cs1-challenge+jwt""#;
    for more in [
        r#","crit":["exp"],"exp":1}"#,
        r#","jwk":{}}"#,
        r#","alg":"none"}"#,
        "}x",
        "",
    ] {
        let text = format!(
            "{}.{}",
            encode(format!("{header}{more}").as_bytes()),
            &good[good.find('.').unwrap() + 1..]
        );
        assert_eq!(verify(&text), Err(Refusal::Header), "{more}");
    }
}

#[test]
fn row_42_no_changed_character_of_a_statement_passes() {
    let vectors = Vectors::load();
    let good = vectors.statement("verdict");
    for at in 0..good.len() {
        for replacement in ["A", "B", "-", ".", "=", ""] {
            let changed = format!("{}{replacement}{}", &good[..at], &good[at + 1..]);
            if changed != good {
                assert!(
                    Signed::<Verdict>::verify(&changed, &[vectors.key("S")]).is_err(),
                    "{at} {replacement}"
                );
            }
        }
        assert!(Signed::<Verdict>::verify(&good[..at], &[vectors.key("S")]).is_err());
    }
}

#[test]
fn row_45_signed_content_that_breaks_the_protocol_is_refused() {
    let vectors = Vectors::load();
    let s = SigningKey::ed25519_from_seed(&vectors.bytes("/public_keys/S/secret")).unwrap();
    let good = String::from_utf8(payload(vectors.statement("challenge"))).unwrap();
    let verify = |payload: &str| {
        let text = forge("cs1-challenge+jwt", "Ed25519", &s, payload);
        Signed::<Challenge>::verify(&text, &[vectors.key("S")]).map(|_| ())
    };
    assert_eq!(verify(&good), Ok(()));
    let changes = [
        (r#""keys":1"#, r#""keys":1,"keys":1"#),
        (r#""keys":1"#, r#""keys":1,"k\u0065ys":2"#),
        (r#""keys":1"#, r#""keys":0"#),
        (r#""keys":1"#, r#""keys":1.0"#),
        (r#""keys":1"#, r#""keys":9007199254740992"#),
        (r#""keys":1"#, r#""keys":"1""#),
        (r#""keys":1"#, r#""keys":1,"admin":true"#),
        (r#""keys":1"#, r#""keys":1,"replaces":null"#),
        (r#""keys":1,"#, ""),
        (r#""exp":1800001120"#, r#""exp":1800001000"#),
        (r#""exp":1800001120"#, r#""exp":1800009000"#),
        (r#""kind":"login""#, r#""kind":"logout""#),
        (r#""kind":"login""#, r#""kind":"policy""#),
        (r#""mode":"remote""#, r#""mode":"app""#),
        (r#""mode":"remote""#, r#""mode":"same""#),
        (r#""match":2"#, r#""match":6"#),
        (r#""match":2"#, r#""match":2,"input":{}"#),
        (r#""match":2"#, r#""match":2,"lang":"de""#),
        (r#""zone":"outside""#, r#""zone":"moon""#),
        (r#""ip":"203.0.113.7""#, r#""ip":"203.0.113.07""#),
        (r#""ip":"203.0.113.7""#, r#""ip":"::FFFF:1""#),
        (r#""id":"wiki""#, r#""id":"wi ki""#),
        (
            r#""host":"wiki.example.com""#,
            r#""host":"wiki.example.com/""#,
        ),
        (r#""name":"Wiki""#, r#""name":"Wi\u202eki""#),
        (r#""name":"Wiki""#, r#""name":"""#),
        (r#""name":"Wiki""#, r#""name":"Wi\tki""#),
        (r#"[["dev","pin"],["uv"]]"#, "[]"),
        (r#"[["dev","pin"],["uv"]]"#, "[[[[[[[[]]]]]]]]"),
        ("Firefox on Windows", &"F".repeat(65)),
    ];
    for (from, to) in changes {
        assert!(good.contains(from), "{from}");
        let refused = verify(&good.replacen(from, to, 1));
        assert!(
            matches!(refused, Err(Refusal::Malformed(_))),
            "{from} → {to}: {refused:?}"
        );
    }
    assert!(matches!(
        verify(&format!("{good} {{}}")),
        Err(Refusal::Malformed(_))
    ));
    assert_eq!(
        verify(&good.replacen("Wiki", &"W".repeat(1 << 20), 1)),
        Err(Refusal::TooLarge)
    );
}

#[test]
fn a_registration_is_checked_by_its_own_key_only() {
    let vectors = Vectors::load();
    let good = vectors.statement("registration");
    let text = String::from_utf8(payload(good)).unwrap();
    let other = SigningKey::from_pkcs8(&SigningKey::make_p256().unwrap()).unwrap();
    // Signed by another key than the one it carries.
    let forged = forge("cs1-registration+jwt", "ES256", &other, &text);
    assert_eq!(
        Signed::<Registration>::verify_dev(&forged).unwrap_err(),
        Refusal::UnknownKey
    );
    // The other key carried a second time.
    let dev = json::write(other.public()).unwrap();
    let twice = text.replacen('{', &format!(r#"{{"dev":{dev},"#), 1);
    let forged = forge("cs1-registration+jwt", "ES256", &other, &twice);
    assert!(matches!(
        Signed::<Registration>::verify_dev(&forged),
        Err(Refusal::Malformed(_))
    ));
}

#[test]
fn a_policy_that_asks_more_refuses_the_challenge() {
    let vectors = Vectors::load();
    let offer: Signed<Offer> = vectors.verified("offer", "S");
    let challenge: Signed<Challenge> = vectors.verified("challenge", "S");
    let mut policy = offer.policy.clone();
    policy.max_life = 60;
    assert_eq!(challenge.fits(&policy), Err(Unfit::Life));
    policy.max_life = 120;
    policy.min = serde_json::from_str(r#"[["pin","uv"]]"#).unwrap();
    assert_eq!(challenge.fits(&policy), Err(Unfit::Weaker));
    let offline: Signed<Challenge> = vectors.verified("challenge_offline", "S");
    policy = offer.policy.clone();
    policy.offline = crate::policy::Offline::None;
    assert_eq!(offline.fits(&policy), Err(Unfit::Weaker));
    let mut unnumbered = challenge.body().clone();
    unnumbered.r#match = 0;
    assert_eq!(unnumbered.fits(&offer.policy), Err(Unfit::Weaker));
    let mut foreign = vectors
        .verified::<Challenge>("challenge_pin_set", "S")
        .body()
        .clone();
    foreign.service.host = "evil.example".into();
    assert_eq!(foreign.fits(&offer.policy), Err(Unfit::Service));
}

#[test]
fn debug_output_has_no_personal_data() {
    let vectors = Vectors::load();
    let offer: Signed<Offer> = vectors.verified("offer", "S");
    let thumbprint = Thumbprint(offer.hash());
    let id: Id = offer.jti;
    let shown = format!("{offer:?} {:?} {thumbprint:?} {id:?}", offer.account);
    assert!(
        !shown.contains("anna") && !shown.contains("Example"),
        "{shown}"
    );
}

use super::*;
use crate::agreement::Purpose;
use crate::crypto::{AgreementSecret, PublicKey};
use crate::jose::Signed;
use crate::statement::{Challenge, UvInput};
use serde_json::Value;

struct Vectors(Value);

impl Vectors {
    fn load() -> Self {
        Self(serde_json::from_str(include_str!("../../tests/vectors/protocol.json")).unwrap())
    }

    fn text(&self, pointer: &str) -> &str {
        let value = self.0.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("{pointer}"))
    }

    fn hex<const N: usize>(&self, pointer: &str) -> [u8; N] {
        let text = self.text(pointer);
        let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
        assert_eq!(text.len(), 2 * N);
        std::array::from_fn(byte)
    }

    fn secret(&self, pointer: &str) -> Secret {
        Zeroizing::new(self.hex(pointer))
    }

    fn statement<T: crate::jose::Statement>(&self, name: &str, signer: &str) -> Signed<T> {
        let key = self.0["public_keys"][signer]["jwk"].clone();
        let key: PublicKey = serde_json::from_value(key).unwrap();
        let text = self.text(&format!("/statements/{name}/statement"));
        Signed::verify(text, &[key]).unwrap()
    }

    /// The agreement of one response, on one of both sides.
    fn agreement(&self, response: &str, challenge: &str, by_server: bool) -> Agreement {
        let challenge: Signed<Challenge> = self.statement(challenge, "S");
        let signed: Signed<Response> = self.statement(response, "K_dev");
        let e = self.hex(&format!("/pin_and_agreement/{response}/phone_dh_secret"));
        let kept = self.hex("/enrolment/server_dh_secret");
        let (e, kept) = (
            AgreementSecret::from_bytes(&e),
            AgreementSecret::from_bytes(&kept),
        );
        let (mine, theirs) = match by_server {
            true => (kept, signed.dh.unwrap()),
            false => (e, kept.public()),
        };
        let z = self.hex::<32>(&format!("/pin_and_agreement/{response}/Z"));
        assert_eq!(*mine.agree(&theirs).unwrap(), z);
        Agreement::new(&mine, &theirs, &challenge.hash()).unwrap()
    }
}

fn typed(digits: &str) -> PinEntry {
    let mut entry = PinEntry::new();
    for digit in digits.bytes() {
        entry.push(digit - b'0').unwrap();
    }
    entry
}

/// The blob as another implementation made it, at a cost that only this test may take.
fn blob_of(vectors: &Vectors, at: &str) -> [u8; 32] {
    let number = |name: &str| vectors.0[at][name].as_u64().unwrap() as u32;
    assert_eq!(number("p"), 1);
    let cost = Cost::too_little_for_anything_but_tests(number("m_KiB"), number("t"));
    let j = Bytes(vectors.hex(&format!("/{at}/j")));
    let ad: [u8; 24] = vectors.hex(&format!("/{at}/ad"));
    assert_eq!(associated_data(&j), ad);
    let digits = typed(vectors.text(&format!("/{at}/pin")));
    let mask = stretch(
        digits.pin(6).unwrap().0,
        &vectors.hex(&format!("/{at}/salt")),
        &vectors.hex(&format!("/{at}/pepper")),
        &ad,
        cost,
    )
    .unwrap();
    assert_eq!(*mask, vectors.hex(&format!("/{at}/argon2id")));
    let key: [u8; 32] = vectors.hex(&format!("/{at}/K_pin"));
    std::array::from_fn(|at| key[at] ^ mask[at])
}

#[test]
fn the_blobs_are_those_of_the_other_implementation() {
    let vectors = Vectors::load();
    for at in ["pin_blob", "pin_set_blob"] {
        assert_eq!(
            blob_of(&vectors, at),
            vectors.hex(&format!("/{at}/blob")),
            "{at}"
        );
    }
    let enrolment = vectors.secret("/enrolment/keys_derived/pin");
    assert_eq!(vectors.secret("/pin_blob/K_pin"), enrolment);
}

#[test]
fn the_proofs_are_those_of_the_other_implementation_on_both_sides() {
    let vectors = Vectors::load();
    let (old, new) = ("/pin_blob/K_pin", "/pin_set_blob/K_pin");
    for (name, challenge, k_pin) in [
        ("response", "challenge", old),
        ("response_add_phone", "challenge_add_phone", old),
        ("response_pin_set", "challenge_pin_set", old),
        ("response_replace_uv", "challenge_replace_uv", new),
    ] {
        let response: Signed<Response> = vectors.statement(name, "K_dev");
        let k_pin = vectors.secret(k_pin);
        for by_server in [true, false] {
            let agreement = vectors.agreement(name, challenge, by_server);
            let at = |value: &str| vectors.hex::<32>(&format!("/pin_and_agreement/{name}/{value}"));
            assert_eq!(*agreement.blind(), at("K_blind"), "{name}");
            assert_eq!(*proof_key(&agreement, &k_pin), at("mk"), "{name}");
            let proof = prove(&agreement, &k_pin, &response).unwrap();
            let expected = vectors.text(&format!("/pin_and_agreement/{name}/pin"));
            assert_eq!(proof.to_string(), expected, "{name}");
            assert_eq!(response.pin, Some(proof), "{name}");
            assert_eq!(check_proof(&agreement, &k_pin, &response), Ok(()));
        }
    }
    // What `pin-set` makes is the key that the next proof is made of.
    let set: Signed<Response> = vectors.statement("response_pin_set", "K_dev");
    let made = vectors
        .agreement("response_pin_set", "challenge_pin_set", true)
        .derive(Purpose::Pin, &set.hash());
    assert_eq!(made, vectors.secret(new));
}

#[test]
fn a_proof_fits_nothing_else_than_what_was_approved() {
    let vectors = Vectors::load();
    let good: Signed<Response> = vectors.statement("response_replace_uv", "K_dev");
    let k_pin = vectors.secret("/pin_set_blob/K_pin");
    let agreement = vectors.agreement("response_replace_uv", "challenge_replace_uv", true);
    let check = |bend: &dyn Fn(&mut Response)| {
        let mut response = good.body().clone();
        bend(&mut response);
        check_proof(&agreement, &k_pin, &response)
    };
    assert_eq!(check(&|_| {}), Ok(()));
    let other_key =
        *crate::crypto::SigningKey::from_pkcs8(&crate::crypto::SigningKey::make_p256().unwrap())
            .unwrap()
            .public();
    let bends: [&dyn Fn(&mut Response); 9] = [
        &|r| r.challenge = Digest::from([1; 32]),
        &|r| r.jti = Id::from([1; 16]),
        &|r| r.view = Digest::from([1; 32]),
        &|r| r.dh = Some(AgreementSecret::make().unwrap().public()),
        &|r| r.dh = None,
        &|r| r.r#match = Some("42".into()),
        &|r| r.input = None,
        &|r| {
            let input = r.input.clone().unwrap();
            r.input = Some(UvInput {
                uv: other_key,
                ..input
            });
        },
        &|r| r.pin = None,
    ];
    for (at, bend) in bends.into_iter().enumerate() {
        assert_eq!(check(bend), Err(Unspecified), "{at}");
    }
    // Another number beside the proof of a number.
    let login: Signed<Response> = vectors.statement("response", "K_dev");
    let agreement = vectors.agreement("response", "challenge", true);
    let k_pin = vectors.secret("/pin_blob/K_pin");
    let mut other = login.body().clone();
    other.r#match = Some("43".into());
    assert_eq!(check_proof(&agreement, &k_pin, &other), Err(Unspecified));
    // Another agreement, another key.
    let stranger = AgreementSecret::make().unwrap();
    let other = Agreement::new(&stranger, &login.dh.unwrap(), &login.challenge).unwrap();
    assert_eq!(check_proof(&other, &k_pin, &login), Err(Unspecified));
    let other = Zeroizing::new([7; 32]);
    assert_eq!(check_proof(&agreement, &other, &login), Err(Unspecified));
}

#[test]
fn every_pin_opens_the_hidden_key_and_only_the_right_one_to_the_key() {
    let (k_pin, pepper) = (Zeroizing::new([3; 32]), Zeroizing::new([4; 32]));
    let right = typed("294817");
    let pin = right.pin(6).unwrap();
    let j = Id::from([5; 16]);
    let hidden = HiddenKey::hide(&k_pin, &pin, [6; 16], &pepper, j, Cost::LEAST).unwrap();
    assert_eq!(hidden.open(&pin, &pepper).unwrap(), k_pin);
    assert_eq!(hidden.salt(), &[6; 16]);
    let text = serde_json::to_string(&hidden).unwrap();
    let again: HiddenKey = serde_json::from_str(&text).unwrap();
    assert_eq!(again.open(&pin, &pepper).unwrap(), k_pin);
    let other = typed("294818");
    let opened = hidden.open(&other.pin(6).unwrap(), &pepper).unwrap();
    assert_ne!(opened, k_pin);
    let elsewhere = hidden.open(&pin, &Zeroizing::new([8; 32])).unwrap();
    assert_ne!(elsewhere, k_pin);
    // Two hidden keys have nothing in common but their lengths.
    let twin = HiddenKey::hide(&k_pin, &pin, [7; 16], &pepper, j, Cost::LEAST).unwrap();
    assert_ne!(twin.blob, hidden.blob);
}

#[test]
fn a_cost_of_tests_hides_and_opens_nothing() {
    let (k_pin, pepper) = (Zeroizing::new([3; 32]), Zeroizing::new([4; 32]));
    let digits = typed("294817");
    let pin = digits.pin(6).unwrap();
    let weak = Cost::too_little_for_anything_but_tests(8, 1);
    let hide = |cost| HiddenKey::hide(&k_pin, &pin, [6; 16], &pepper, Id::from([5; 16]), cost);
    assert!(hide(weak).is_err());
    let mut hidden = hide(Cost::LEAST).unwrap();
    hidden.cost = weak;
    assert!(hidden.open(&pin, &pepper).is_err());
}

#[test]
fn row_49_what_is_no_pin_is_refused_before_anything_is_computed() {
    // There is no `Pin` to compute with.
    for (digits, least) in [
        ("", 6),
        ("29481", 6),
        ("294817", 7),
        ("29481729481", 12),
        ("1", 0),
    ] {
        let least_digits = (least as usize).max(LEAST_DIGITS);
        let refused = typed(digits).pin(least).err();
        assert_eq!(
            refused,
            Some(TooShort {
                least: least_digits
            }),
            "{digits}"
        );
    }
    for (digits, least) in [("294817", 6), ("294817294817", 12), ("000000", 0)] {
        assert!(typed(digits).pin(least).is_ok(), "{digits}");
    }
    let mut entry = typed("294817294817");
    assert_eq!(entry.push(1), Err(NoDigit::TooLong));
    assert_eq!(
        (entry.push(10), entry.push(b'1')),
        (Err(NoDigit::NotADigit), Err(NoDigit::NotADigit))
    );
    assert_eq!(entry.dots(), 12);
}

#[test]
fn what_is_taken_back_is_gone() {
    let mut entry = typed("2948");
    entry.pop();
    assert_eq!((entry.dots(), entry.digits[3]), (3, 0));
    entry.push(7).unwrap();
    assert!(entry.is_same(&typed("2947")) && !entry.is_same(&typed("2948")));
    assert!(!typed("29470").is_same(&entry) && !entry.is_same(&typed("294")));
    entry.clear();
    assert_eq!((entry.dots(), *entry.digits), (0, [0; MOST_DIGITS]));
    entry.pop();
    assert_eq!(entry.dots(), 0);
    let shown = format!("{:?}", typed("294817"));
    assert!(!shown.contains(|c: char| c.is_ascii_digit()), "{shown}");
}

#[test]
fn two_entries_are_the_same_only_in_every_digit() {
    let first = typed("111111");
    assert!(first.is_same(&typed("111111")));
    // The second differs alike in an even number of places, the third in one, the last in its length.
    for other in ["222222", "111112", "11111", "1111110"] {
        assert!(!first.is_same(&typed(other)), "{other}");
    }
}

#[test]
fn what_is_typed_is_not_in_what_is_printed_of_it() {
    assert_eq!(format!("{:?}", typed("294817")), "PinEntry");
}

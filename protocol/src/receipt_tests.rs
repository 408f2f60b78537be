use super::*;
use crate::crypto::{AgreementSecret, SigningKey};
use crate::encoding::{Digest, Id};
use crate::jose::{Draft, Refusal, Statement};
use crate::origin::Origin;
use crate::policy::{Alternative, Alternatives};
use crate::statement::{Keys, Kind, Mode, Prev, Row, Service, VerdictCode};
use crate::text::{Account, Name, Value};
use proptest::prelude::*;

const NOW: u64 = 1_795_514_400;

fn ed25519() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::make_ed25519().unwrap()).unwrap()
}

fn p256() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::make_p256().unwrap()).unwrap()
}

fn sign<T: Statement>(body: T, key: &SigningKey) -> Signed<T> {
    let draft = Draft::new(body, key.public()).unwrap();
    let signature = key.sign(draft.message()).unwrap();
    draft.finish(&signature).unwrap()
}

fn origin() -> Origin {
    Origin::parse("https://id.example.com").unwrap()
}

/// A server with one root, one S, and a phone.
struct House {
    root: SigningKey,
    s: SigningKey,
    dev: SigningKey,
}

impl House {
    fn new() -> Self {
        Self {
            root: ed25519(),
            s: ed25519(),
            dev: p256(),
        }
    }

    fn keys(&self, n: u64, root: &SigningKey, next: Option<&SigningKey>) -> String {
        let keys = Keys {
            iss: origin(),
            n,
            iat: NOW,
            exp: NOW + 86_400,
            root: *root.public(),
            sign: vec![*self.s.public()],
            origins: vec![origin()],
            root_next: next.map(|next| *next.public()),
        };
        sign(keys, root).compact().to_owned()
    }

    fn challenge(&self) -> Challenge {
        let row = |label, value| Row {
            label: Name::parse(label).unwrap(),
            value: Value::parse(value).unwrap(),
        };
        Challenge {
            iss: origin(),
            aud: Id::from([1; 16]),
            jti: Id::from([2; 16]),
            txn: Id::from([3; 16]),
            iat: NOW,
            exp: NOW + 120,
            keys: 1,
            policy: 1,
            kind: Kind::Transaction,
            mode: Mode::Remote,
            service: Service {
                id: "shop".into(),
                name: Name::parse("Example Shop").unwrap(),
                host: "shop.example.com".into(),
            },
            account: Account::parse("anna@example.com").unwrap(),
            lang: Some("en".into()),
            rows: Some(vec![row("Amount", "12 €"), row("To", "Ben")]),
            context: None,
            r#match: 2,
            factors: Alternatives::dev(),
            input: None,
            set: Digest::of(&[b"set"]),
            phones: 1,
            replaces: None,
        }
    }

    fn response(&self, challenge: &Signed<Challenge>) -> Response {
        Response {
            iss: challenge.aud,
            aud: origin(),
            jti: Id::from([4; 16]),
            challenge: challenge.hash(),
            decision: Decision::Approve,
            reason: None,
            rule: 1,
            view: View::of(challenge).digest(),
            r#match: Some("42".into()),
            dh: None,
            pin: None,
            input: None,
            ctr: 1,
            prev: Prev(None),
            locale: "en".into(),
        }
    }

    fn verdict(&self, response: &Signed<Response>) -> Verdict {
        Verdict {
            iss: origin(),
            aud: response.iss,
            jti: Id::from([5; 16]),
            iat: NOW + 20,
            keys: 1,
            challenge: response.challenge,
            response: response.hash(),
            result: Outcome::Accepted,
            r#final: true,
            code: VerdictCode::Ok,
            attempts: None,
            r#return: None,
        }
    }

    /// A receipt whose parts were bent before each was rightly signed.
    fn receipt(
        &self,
        ask: impl FnOnce(&mut Challenge),
        answer: impl FnOnce(&mut Response),
        judge: impl FnOnce(&mut Verdict),
    ) -> Receipt {
        let mut challenge = self.challenge();
        ask(&mut challenge);
        let challenge = sign(challenge, &self.s);
        let mut response = self.response(&challenge);
        answer(&mut response);
        let response = sign(response, &self.dev);
        let mut verdict = self.verdict(&response);
        judge(&mut verdict);
        Receipt {
            keys: vec![self.keys(1, &self.root, None)],
            key: *self.dev.public(),
            challenge: challenge.compact().to_owned(),
            response: response.compact().to_owned(),
            verdict: sign(verdict, &self.s).compact().to_owned(),
        }
    }

    fn good(&self) -> Receipt {
        self.receipt(|_| {}, |_| {}, |_| {})
    }

    fn flaw(&self, receipt: &Receipt) -> Option<Flaw> {
        receipt.check(&self.root.public().thumbprint()).err()
    }
}

#[test]
fn a_receipt_tells_what_was_shown_and_approved() {
    let house = House::new();
    let text = json::write(&house.good()).unwrap();
    let receipt = Receipt::parse(text.as_bytes()).unwrap();
    let checked = receipt.check(&house.root.public().thumbprint()).unwrap();
    assert!(checked.is_approval());
    assert_eq!(checked.view.value("value.1"), Some("12 €"));
    assert_eq!(checked.view.value("service"), Some("Example Shop"));
    assert!(checked.challenge.txn == Id::from([3; 16]) && checked.verdict.iat == NOW + 20);
}

#[test]
fn a_refusal_checks_too_and_is_no_approval() {
    let house = House::new();
    let deny = |response: &mut Response| {
        response.decision = Decision::Deny;
        response.r#match = None;
    };
    let wrong = |verdict: &mut Verdict| {
        verdict.result = Outcome::Refused;
        verdict.code = VerdictCode::NumberWrong;
    };
    for receipt in [
        house.receipt(|_| {}, deny, |_| {}),
        house.receipt(|_| {}, |_| {}, wrong),
    ] {
        let checked = receipt.check(&house.root.public().thumbprint());
        assert!(!checked.unwrap().is_approval());
    }
}

#[test]
fn parts_that_do_not_belong_together_are_named() {
    let house = House::new();
    let other = || Digest::of(&[b"other"]);
    let origin = || Origin::parse("https://evil.example").unwrap();
    let id = || Id::from([9; 16]);
    type Bend<'a> = Box<dyn FnOnce() -> Receipt + 'a>;
    let cases: Vec<(&str, Bend<'_>)> = vec![
        (
            "challenge.iss",
            Box::new(|| house.receipt(|c| c.iss = origin(), |_| {}, |_| {})),
        ),
        (
            "response.challenge",
            Box::new(|| house.receipt(|_| {}, |r| r.challenge = other(), |_| {})),
        ),
        (
            "response.iss",
            Box::new(|| house.receipt(|_| {}, |r| r.iss = id(), |_| {})),
        ),
        (
            "response.aud",
            Box::new(|| house.receipt(|_| {}, |r| r.aud = origin(), |_| {})),
        ),
        (
            "response.view",
            Box::new(|| house.receipt(|_| {}, |r| r.view = other(), |_| {})),
        ),
        (
            "response",
            Box::new(|| house.receipt(|_| {}, |r| r.r#match = None, |_| {})),
        ),
        (
            "verdict.iss",
            Box::new(|| house.receipt(|_| {}, |_| {}, |v| v.iss = origin())),
        ),
        (
            "verdict.aud",
            Box::new(|| house.receipt(|_| {}, |_| {}, |v| v.aud = id())),
        ),
        (
            "verdict.challenge",
            Box::new(|| house.receipt(|_| {}, |_| {}, |v| v.challenge = other())),
        ),
        (
            "verdict.response",
            Box::new(|| house.receipt(|_| {}, |_| {}, |v| v.response = other())),
        ),
        (
            "verdict.iat",
            Box::new(|| house.receipt(|_| {}, |_| {}, |v| v.iat = NOW + 121)),
        ),
        (
            "verdict.iat",
            Box::new(|| house.receipt(|_| {}, |_| {}, |v| v.iat = NOW - 1)),
        ),
        (
            "response.pin",
            Box::new(|| {
                let pin = vec![Alternative::DevPin];
                house.receipt(
                    |c| c.factors = Alternatives::new(pin).unwrap(),
                    |_| {},
                    |_| {},
                )
            }),
        ),
    ];
    for (part, bend) in cases {
        assert_eq!(house.flaw(&bend()), Some(Flaw::Link(part)), "{part}");
    }
}

#[test]
fn a_pin_where_one_is_asked_and_a_report_after_the_time_are_right() {
    let house = House::new();
    let pin = |response: &mut Response| {
        response.dh = Some(AgreementSecret::make().unwrap().public());
        response.pin = Some(Digest::of(&[b"proof"]));
    };
    let asks = |challenge: &mut Challenge| {
        challenge.factors = Alternatives::new(vec![Alternative::DevPin]).unwrap();
    };
    assert_eq!(house.flaw(&house.receipt(asks, pin, |_| {})), None);
    let report = |response: &mut Response| {
        response.decision = Decision::Report;
        response.r#match = None;
    };
    let late = |verdict: &mut Verdict| verdict.iat = NOW + 86_000;
    assert_eq!(house.flaw(&house.receipt(|_| {}, report, late)), None);
}

#[test]
fn an_approval_is_from_the_time_of_its_request_both_ends_included() {
    let house = House::new();
    let (begin, end) = (house.challenge().iat, house.challenge().exp);
    let flaw = |at: u64| {
        let verdict = move |verdict: &mut Verdict| verdict.iat = at;
        house.flaw(&house.receipt(|_| {}, |_| {}, verdict))
    };
    assert_eq!((flaw(begin), flaw(end)), (None, None));
    let other = Some(Flaw::Link("verdict.iat"));
    assert_eq!((flaw(begin - 1), flaw(end + 1)), (other, other));
}

#[test]
fn statements_by_others_prove_nothing() {
    let (house, thief) = (House::new(), House::new());
    let good = house.good();
    let theirs = thief.good();
    let by = |name| Some(Flaw::Statement(name, Refusal::UnknownKey));
    let with = |bend: &dyn Fn(&mut Receipt)| {
        let mut receipt = good.clone();
        bend(&mut receipt);
        house.flaw(&receipt)
    };
    assert_eq!(with(&|_| {}), None);
    assert_eq!(with(&|r| r.keys = theirs.keys.clone()), Some(Flaw::Root));
    assert_eq!(with(&|r| r.keys.clear()), Some(Flaw::Root));
    assert_eq!(
        with(&|r| r.challenge = theirs.challenge.clone()),
        by("challenge")
    );
    assert_eq!(with(&|r| r.verdict = theirs.verdict.clone()), by("verdict"));
    assert_eq!(
        with(&|r| r.response = theirs.response.clone()),
        by("response")
    );
    assert_eq!(with(&|r| r.key = *thief.dev.public()), by("response"));
    // The server's key is no phone's: nobody can pass a statement of one for one of the other.
    assert_eq!(with(&|r| r.key = *house.s.public()), by("response"));
    let swapped = with(&|r| std::mem::swap(&mut r.challenge, &mut r.verdict));
    assert_eq!(
        swapped,
        Some(Flaw::Statement("challenge", Refusal::WrongType))
    );
    // Of the same house, and of another answer.
    let other = house.receipt(|c| c.jti = Id::from([8; 16]), |_| {}, |_| {});
    assert!(with(&|r| r.challenge = other.challenge.clone()).is_some());
    assert!(with(&|r| r.response = other.response.clone()).is_some());
    assert!(with(&|r| r.verdict = other.verdict.clone()).is_some());
}

#[test]
fn a_chain_of_roots_is_followed_from_any_root_of_it() {
    let house = House::new();
    let (second, third) = (ed25519(), ed25519());
    let chain = vec![
        house.keys(1, &house.root, Some(&second)),
        house.keys(3, &second, Some(&third)),
        house.keys(4, &third, None),
    ];
    let with = |keys: Vec<String>, root: &SigningKey| {
        let receipt = Receipt {
            keys,
            ..house.good()
        };
        receipt.check(&root.public().thumbprint()).err()
    };
    for root in [&house.root, &second, &third] {
        assert_eq!(with(chain.clone(), root), None);
    }
    assert_eq!(with(chain.clone(), &ed25519()), Some(Flaw::Root));
    // Nothing is skipped on the way, and nothing goes back.
    let gap = vec![chain[0].clone(), chain[2].clone()];
    let unknown = Some(Flaw::Statement("keys", Refusal::UnknownKey));
    assert_eq!(with(gap, &house.root), unknown);
    let dead = vec![chain[0].clone(), house.keys(2, &house.root, None)];
    assert_eq!(with(dead, &house.root), unknown);
    let again = vec![chain[2].clone(), chain[2].clone()];
    assert_eq!(with(again, &third), Some(Flaw::Link("keys.n")));
}

#[test]
fn row_45_what_is_no_receipt_is_not_read() {
    let house = House::new();
    let text = json::write(&house.good()).unwrap();
    let twice = text.replacen("{\"keys\"", "{\"verdict\":\"x\",\"keys\"", 1);
    let more = text.replacen("{\"keys\"", "{\"more\":1,\"keys\"", 1);
    let filled = " ".repeat(CAP - text.len()) + &text;
    assert!(Receipt::parse(filled.as_bytes()).is_ok());
    let long = format!(" {filled}");
    for bad in ["", "{}", "[]", &twice, &more, &long, &text[1..]] {
        assert!(matches!(
            Receipt::parse(bad.as_bytes()),
            Err(Flaw::Malformed(_))
        ));
    }
}

/// Values that another implementation made.
#[test]
fn published_values_make_receipts() {
    let text = include_str!("../../tests/vectors/protocol.json");
    let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
    let statement = |name: &str| vectors["statements"][name]["statement"].as_str().unwrap();
    let key = |name: &str| -> PublicKey {
        serde_json::from_value(vectors["public_keys"][name]["jwk"].clone()).unwrap()
    };
    let root = key("R").thumbprint();
    for (signer, challenge, response, verdict, approval) in [
        (
            "K_uv",
            "challenge_transaction",
            "response_uv",
            "verdict_uv",
            true,
        ),
        ("K_dev", "challenge", "response", "verdict", true),
        (
            "K_dev",
            "challenge_policy",
            "response_deny",
            "verdict_deny",
            false,
        ),
        (
            "K_dev",
            "challenge_add_phone",
            "response_add_phone",
            "verdict_add_phone",
            false,
        ),
    ] {
        let receipt = Receipt {
            keys: vec![statement("keys").to_owned()],
            key: key(signer),
            challenge: statement(challenge).to_owned(),
            response: statement(response).to_owned(),
            verdict: statement(verdict).to_owned(),
        };
        let checked = receipt.check(&root).unwrap();
        assert_eq!(checked.is_approval(), approval, "{challenge}");
        // By the next root, which this receipt's keys don't lead to, it proves nothing.
        let next = receipt.check(&key("R2").thumbprint());
        assert_eq!(next.err(), Some(Flaw::Root));
        let other = ["K_dev", "K_uv"].into_iter().find(|other| *other != signer);
        let swapped = Receipt {
            key: key(other.unwrap()),
            ..receipt
        };
        let by_another = Some(Flaw::Statement("response", Refusal::UnknownKey));
        assert_eq!(swapped.check(&root).err(), by_another);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_changed_character_passes(at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_.-]") {
        let house = House::new();
        let mut receipt = house.good();
        let parts = [&mut receipt.challenge, &mut receipt.response, &mut receipt.verdict];
        let all: usize = parts.iter().map(|part| part.len()).sum();
        let mut at = at.index(all);
        let mut of = 0;
        while at >= parts[of].len() {
            at -= parts[of].len();
            of += 1;
        }
        prop_assume!(parts[of][at..=at] != letter);
        parts[of].replace_range(at..=at, &letter);
        prop_assert!(house.flaw(&receipt).is_some());
    }
}

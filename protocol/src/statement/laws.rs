//! The laws that make phone and server conclude the same: both ask this one code, so what is shown here
//! for random challenges and policies holds for both of them.

use super::*;
use crate::crypto::SigningKey;
use crate::encoding::{Digest, Id};
use crate::jose::Signed;
use crate::origin::Origin;
use crate::policy::{Alternative, Alternatives, Factor, Offline, Policy};
use crate::text::{Account, Name, Value};
use crate::view::View;
use crate::{json, text::Text};
use proptest::prelude::*;

const ALTERNATIVES: [Alternative; 4] = [
    Alternative::Dev,
    Alternative::DevPin,
    Alternative::PinUv,
    Alternative::Uv,
];

/// What a response can prove: signed by K_dev or K_uv, with a right PIN or without.
const PROOFS: [&[Factor]; 4] = [
    &[Factor::Dev],
    &[Factor::Dev, Factor::Pin],
    &[Factor::Uv],
    &[Factor::Uv, Factor::Pin],
];

fn any_alternatives() -> impl Strategy<Value = Alternatives> {
    let some = proptest::sample::subsequence(ALTERNATIVES.to_vec(), 1..=4);
    some.prop_shuffle()
        .prop_map(|list| Alternatives::new(list).unwrap())
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let offline = proptest::sample::select(vec![
        Offline::None,
        Offline::Code,
        Offline::Qr,
        Offline::Both,
    ]);
    // Few values, so that two policies are often comparable.
    (
        any_alternatives(),
        any::<bool>(),
        0..3_u64,
        0..3_u64,
        offline,
    )
        .prop_map(|(min, numbered, life, pin, offline)| {
            let asks_pin = min.as_slice().iter().any(|one| one.has(Factor::Pin));
            let pin = [if asks_pin { 6 } else { 0 }, 6, 8][pin as usize];
            Policy {
                n: 1,
                min,
                r#match: numbered,
                max_life: [30, 120, 600][life as usize],
                pin,
                offline,
            }
        })
}

fn shown<const MAX: usize>() -> impl Strategy<Value = Text<MAX>> {
    any::<String>().prop_filter_map("nothing left", |text| Text::clean(&text).ok())
}

/// A challenge that a failing case can print: statements have no `Debug`, for the names in them.
#[derive(Clone)]
struct Request(Challenge);

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&json::write(&self.0).unwrap())
    }
}

/// A login, step-up or transaction of the protocol's form, for some policy.
fn any_request() -> impl Strategy<Value = Request> {
    let names = (shown::<64>(), shown::<254>(), shown::<64>());
    let place = proptest::option::of(shown::<80>());
    let rows = proptest::collection::vec((shown::<64>(), shown::<200>()), 1..=16);
    let form = (
        0..3_usize,
        0..3_usize,
        any::<bool>(),
        any::<bool>(),
        0..3_usize,
    );
    (names, place, rows, form, any_alternatives(), 1..9_u64).prop_map(
        |((service, account, browser), place, rows, form, factors, phones)| {
            let (kind, mode, known, numbered, life) = form;
            let kind = [Kind::Login, Kind::Stepup, Kind::Transaction][kind];
            let mode = [Mode::Remote, Mode::Same, Mode::Offline][mode];
            let of_transaction = kind == Kind::Transaction;
            let rows = rows.into_iter().map(|(label, value)| Row { label, value });
            Request(Challenge {
                iss: Origin::parse("https://id.example").unwrap(),
                aud: Id::from([1; 16]),
                jti: Id::from([2; 16]),
                txn: Id::from([3; 16]),
                iat: 1000,
                exp: 1000 + [30, 120, 600][life],
                keys: 1,
                policy: 1,
                kind,
                mode,
                service: Service {
                    id: "wiki".into(),
                    name: service,
                    host: "wiki.example".into(),
                },
                account,
                lang: of_transaction.then(|| "de".into()),
                rows: of_transaction.then(|| rows.collect()),
                context: Some(Context {
                    browser,
                    known,
                    place,
                    ip: Some("203.0.113.7".into()),
                    zone: Zone::Outside,
                }),
                r#match: if mode == Mode::Remote && numbered {
                    2
                } else {
                    0
                },
                factors,
                input: None,
                set: Digest::from([4; 32]),
                phones,
                replaces: None,
            })
        },
    )
}

/// As the other side has it, after it travelled.
fn travelled<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    json::parse(json::write(value).unwrap().as_bytes()).unwrap()
}

#[test]
fn covering_is_an_order() {
    for a in ALTERNATIVES {
        assert!(a.covers(a));
        for b in ALTERNATIVES {
            assert!(a == b || !(a.covers(b) && b.covers(a)), "{a:?} {b:?}");
            for c in ALTERNATIVES {
                assert!(
                    !(a.covers(b) && b.covers(c)) || a.covers(c),
                    "{a:?} {b:?} {c:?}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn not_below_is_reflexive_and_transitive(a in any_alternatives(), b in any_alternatives(), c in any_alternatives()) {
        prop_assert!(a.not_below(&a));
        prop_assert!(!(a.not_below(&b) && b.not_below(&c)) || a.not_below(&c));
    }

    #[test]
    fn more_alternatives_never_ask_more_and_fewer_never_less(all in any_alternatives(), floor in any_alternatives(), keep in 1..=4_usize) {
        let kept = all.as_slice()[..keep.min(all.as_slice().len())].to_vec();
        let fewer = Alternatives::new(kept).unwrap();
        prop_assert!(fewer.not_below(&all));
        prop_assert!(!all.not_below(&floor) || fewer.not_below(&floor));
        prop_assert!(!floor.not_below(&fewer) || floor.not_below(&all));
    }

    #[test]
    fn who_proves_more_satisfies_more(list in any_alternatives()) {
        for less in PROOFS {
            for more in PROOFS {
                let includes = less.iter().all(|factor| {
                    more.contains(factor) || (*factor == Factor::Dev && more.contains(&Factor::Uv))
                });
                prop_assert!(!includes || !list.satisfied_by(less) || list.satisfied_by(more));
            }
        }
    }

    #[test]
    fn not_below_says_exactly_that_whatever_satisfies_the_one_satisfies_the_other(a in any_alternatives(), floor in any_alternatives()) {
        let implies = PROOFS.iter().all(|proof| !a.satisfied_by(proof) || floor.satisfied_by(proof));
        prop_assert_eq!(a.not_below(&floor), implies);
    }

    #[test]
    fn the_alternative_that_a_phone_chooses_is_the_one_that_the_server_finds_satisfied(list in any_alternatives(), floor in any_alternatives()) {
        let (phone, server) = (list.clone(), travelled(&list));
        for chosen in ALTERNATIVES {
            // Signed by K_uv if it has `uv`, else by K_dev: what the server derives from `kid` and `pin`.
            let key = if chosen.has(Factor::Uv) { Factor::Uv } else { Factor::Dev };
            let derived: Vec<Factor> = std::iter::once(key).chain(chosen.has(Factor::Pin).then_some(Factor::Pin)).collect();
            let asked = phone.as_slice().iter().any(|one| chosen.covers(*one));
            prop_assert_eq!(server.satisfied_by(&derived), asked);
            if phone.not_below(&floor) && asked {
                prop_assert!(floor.satisfied_by(&derived));
            }
        }
    }

    #[test]
    fn no_policy_is_weaker_than_itself_and_what_is_not_weaker_goes_through(a in any_policy(), b in any_policy(), c in any_policy()) {
        prop_assert_eq!(a.check(), Ok(()));
        prop_assert!(!a.is_weaker_than(&a) && !travelled(&a).is_weaker_than(&a));
        if !a.is_weaker_than(&b) && !b.is_weaker_than(&c) {
            prop_assert!(!a.is_weaker_than(&c));
        }
    }

    #[test]
    fn a_request_that_fits_a_policy_fits_every_weaker_one_too(Request(request) in any_request(), strict in any_policy(), loose in any_policy()) {
        if !strict.is_weaker_than(&loose) && request.fits(&strict).is_ok() {
            prop_assert_eq!(request.fits(&loose), Ok(()));
        }
    }

    #[test]
    fn phone_and_server_find_the_same_of_a_request_and_show_the_same_of_it(Request(request) in any_request(), policy in any_policy()) {
        let key = SigningKey::ed25519_from_seed(&[1; 32]).unwrap();
        let server = Signed::sign(request, &key).unwrap();
        let phone = Signed::<Challenge>::verify(server.compact(), &[*key.public()]).unwrap();
        prop_assert_eq!(phone.fits(&travelled(&policy)), server.fits(&policy));
        let (shown, meant) = (View::of(&phone), View::of(&server));
        prop_assert_eq!(shown.lines(), meant.lines());
        prop_assert_eq!(shown.digest(), meant.digest());
        // One line a row: nothing in a text can begin another.
        prop_assert_eq!(shown.lines().lines().count(), shown.rows().len() + 1);
        prop_assert!(shown.lines().lines().all(|line| line.matches('\t').count() == 1));
    }
}

#[test]
fn the_random_texts_are_of_every_size() {
    // What the strategies above rest on: cleaning cuts, and leaves what is fit.
    assert_eq!(
        Name::clean(&"ü".repeat(99))
            .unwrap()
            .as_str()
            .chars()
            .count(),
        64
    );
    assert!(Account::clean(&"a".repeat(999)).is_ok() && Value::clean("\u{200b}").is_err());
}

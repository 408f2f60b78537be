//! The table of section 6: everything that it has passes, and nothing else does.

use super::*;
use crate::encoding::{Digest, Id, Thumbprint};
use crate::jose::Statement;
use crate::origin::Origin;
use crate::policy::{Alternative, Alternatives, Factor, Offline, Policy};
use crate::text::{Account, Name, Value};

const KINDS: [Kind; 10] = [
    Kind::Login,
    Kind::Stepup,
    Kind::Transaction,
    Kind::AddPhone,
    Kind::RemovePhone,
    Kind::ReplaceUv,
    Kind::PinSet,
    Kind::RecoveryCodes,
    Kind::Unfreeze,
    Kind::Policy,
];
const MODES: [Mode; 4] = [Mode::Remote, Mode::Same, Mode::Offline, Mode::App];
const ALTERNATIVES: [Alternative; 4] = [
    Alternative::Dev,
    Alternative::DevPin,
    Alternative::PinUv,
    Alternative::Uv,
];

/// What `input` may bring, right for some kind or for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brings {
    Nothing,
    Empty,
    Phone,
    OnlyItsKey,
    OnlyItsName,
    NewPolicy,
    PolicyOfNow,
    NoPolicy,
    PhoneAndPolicy,
    KeyAndPolicy,
    NameAndPolicy,
}

const ALL: [Brings; 11] = [
    Brings::Nothing,
    Brings::Empty,
    Brings::Phone,
    Brings::OnlyItsKey,
    Brings::OnlyItsName,
    Brings::NewPolicy,
    Brings::PolicyOfNow,
    Brings::NoPolicy,
    Brings::PhoneAndPolicy,
    Brings::KeyAndPolicy,
    Brings::NameAndPolicy,
];

fn policy(min: &[Alternative]) -> Policy {
    Policy {
        n: 1,
        min: Alternatives::new(min.to_vec()).unwrap(),
        r#match: false,
        max_life: 120,
        pin: 6,
        offline: Offline::None,
    }
}

fn input(brings: Brings) -> Option<Input> {
    use Brings::*;
    let key = matches!(brings, Phone | OnlyItsKey | PhoneAndPolicy | KeyAndPolicy);
    let name = matches!(brings, Phone | OnlyItsName | PhoneAndPolicy | NameAndPolicy);
    let mut proposed = policy(&[Alternative::Dev]);
    proposed.n = 2;
    let policy = match brings {
        NewPolicy | PhoneAndPolicy | KeyAndPolicy | NameAndPolicy => Some(proposed),
        PolicyOfNow => Some(policy(&[Alternative::Dev])),
        NoPolicy => Some(Policy {
            max_life: 601,
            ..proposed
        }),
        _ => None,
    };
    (brings != Nothing).then(|| Input {
        dev: key.then(|| Thumbprint(Digest::from([5; 32]))),
        device: name.then(|| Name::parse("Tablet").unwrap()),
        policy,
    })
}

fn challenge(kind: Kind, mode: Mode) -> Challenge {
    Challenge {
        iss: Origin::parse("https://id.example").unwrap(),
        aud: Id::from([1; 16]),
        jti: Id::from([2; 16]),
        txn: Id::from([3; 16]),
        iat: 1000,
        exp: 1120,
        keys: 1,
        policy: 1,
        kind,
        mode,
        service: Service {
            id: "server".into(),
            name: Name::parse("Example").unwrap(),
            host: "id.example".into(),
        },
        account: Account::parse("anna@example.com").unwrap(),
        lang: None,
        rows: None,
        context: None,
        r#match: 0,
        factors: Alternatives::dev(),
        input: None,
        set: Digest::from([4; 32]),
        phones: 1,
        replaces: None,
    }
}

/// The table's line of a kind: modes, whether a context, digits in mode `remote`, rows, input.
type Line = (
    &'static [Mode],
    &'static [bool],
    &'static [u64],
    bool,
    &'static [Brings],
);

fn line(kind: Kind) -> Line {
    use Brings::{NewPolicy, Nothing, Phone};
    let asked = &[Mode::Remote, Mode::Same, Mode::Offline][..];
    let begun = &[Mode::App][..];
    match kind {
        Kind::Login | Kind::Stepup => (asked, &[true], &[0, 2], false, &[Nothing]),
        Kind::Transaction => (asked, &[true, false], &[0, 2], true, &[Nothing]),
        Kind::AddPhone => (begun, &[false], &[6], false, &[Phone]),
        Kind::RemovePhone => (begun, &[false], &[0], false, &[Phone]),
        Kind::ReplaceUv | Kind::PinSet | Kind::RecoveryCodes => {
            (begun, &[false], &[0], false, &[Nothing])
        }
        Kind::Unfreeze => (begun, &[false], &[0], false, &[Nothing, Phone]),
        Kind::Policy => (&[Mode::Remote], &[false], &[0], false, &[NewPolicy]),
    }
}

#[test]
fn a_challenge_has_what_its_line_has_and_nothing_else() {
    let context = Context {
        browser: Name::parse("Firefox on Windows").unwrap(),
        known: false,
        place: None,
        ip: None,
        zone: Zone::Outside,
    };
    let row = Row {
        label: Name::parse("Amount").unwrap(),
        value: Value::parse("12 €").unwrap(),
    };
    let mut right = 0;
    for kind in KINDS {
        let (modes, contexts, digits, with_rows, inputs) = line(kind);
        for mode in MODES {
            for number in [0, 1, 2, 6] {
                for seen in [true, false] {
                    for rows in [true, false] {
                        for brings in ALL {
                            let mut it = challenge(kind, mode);
                            it.r#match = number;
                            it.context = seen.then(|| context.clone());
                            it.rows = rows.then(|| vec![row.clone()]);
                            it.lang = rows.then(|| "en".to_owned());
                            it.input = input(brings);
                            // Only a browser elsewhere shows a number of two digits.
                            let shown = number != 2 || mode == Mode::Remote;
                            let told = modes.contains(&mode)
                                && contexts.contains(&seen)
                                && digits.contains(&number)
                                && shown
                                && rows == with_rows
                                && inputs.contains(&brings);
                            right += u32::from(told);
                            assert_eq!(
                                it.check().is_ok(),
                                told,
                                "{kind:?} {mode:?} {number} {seen} {rows} {brings:?}"
                            );
                        }
                    }
                }
            }
        }
    }
    // login and stepup 4 each, transaction 8, unfreeze 2, one of every other.
    assert_eq!(right, 4 + 4 + 8 + 2 + 6);
}

/// Every list of alternatives, in one order.
fn lists() -> impl Iterator<Item = Vec<Alternative>> {
    (1..16_usize).map(|bits| {
        let one = |at: &usize| bits & (1 << at) != 0;
        (0..4).filter(one).map(|at| ALTERNATIVES[at]).collect()
    })
}

#[test]
fn the_factors_are_those_of_the_table_under_every_policy() {
    let by_person = |one: &Alternative| one.has(Factor::Pin) || one.has(Factor::Uv);
    for kind in KINDS {
        let mode = line(kind).0[0];
        for min in lists() {
            let policy = policy(&min);
            for asked in lists() {
                let mut it = challenge(kind, mode);
                it.factors = Alternatives::new(asked.clone()).unwrap();
                let covers = (asked.iter()).all(|one| min.iter().any(|least| one.covers(*least)));
                let person = covers && asked.iter().all(by_person);
                let told = match kind {
                    Kind::Login | Kind::Stepup | Kind::Transaction => covers,
                    Kind::AddPhone | Kind::Policy => person,
                    Kind::RemovePhone => person || asked == [Alternative::Dev],
                    Kind::ReplaceUv => asked == [Alternative::DevPin],
                    Kind::PinSet => {
                        let gesture = min.contains(&Alternative::Uv);
                        asked == [Alternative::DevPin] || gesture && asked == [Alternative::Uv]
                    }
                    Kind::RecoveryCodes | Kind::Unfreeze => covers,
                };
                let fits = it.fits(&policy);
                let right = if told { Ok(()) } else { Err(Unfit::Weaker) };
                assert_eq!(fits, right, "{kind:?} {asked:?} under {min:?}");
                // Where the table says so, a PIN or a gesture as soon as there is one.
                let if_any = matches!(kind, Kind::RecoveryCodes | Kind::Unfreeze);
                let asks = asked.iter().all(by_person);
                assert!(it.asks_what_there_is(false), "{kind:?} {asked:?}");
                assert_eq!(
                    it.asks_what_there_is(true),
                    !if_any || asks,
                    "{kind:?} {asked:?}"
                );
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_named_as_it_is_published() {
    let names = [Unfit::Life, Unfit::Weaker, Unfit::Service].map(Unfit::code);
    assert_eq!(names, ["life", "weaker", "service"]);
}

#[test]
fn a_request_lives_as_long_as_was_agreed_and_no_longer() {
    let policy = policy(&[Alternative::Dev]);
    let lives = |kind: Kind, mode: Mode, seconds: u64| {
        let mut it = challenge(kind, mode);
        it.exp = it.iat + seconds;
        it.fits(&policy)
    };
    assert_eq!(lives(Kind::Login, Mode::Remote, 120), Ok(()));
    assert_eq!(lives(Kind::Login, Mode::Remote, 121), Err(Unfit::Life));
    assert_eq!(lives(Kind::Unfreeze, Mode::App, 600), Ok(()));
    assert_eq!(lives(Kind::Unfreeze, Mode::App, 601), Err(Unfit::Life));
}

#[test]
fn the_number_is_asked_where_it_was_agreed_and_a_code_only_where_it_is_a_way() {
    let mut policy = policy(&[Alternative::Dev]);
    policy.r#match = true;
    let asks = |policy: &Policy, mode: Mode, number: u64| {
        let mut it = challenge(Kind::Login, mode);
        it.r#match = number;
        it.fits(policy)
    };
    assert_eq!(asks(&policy, Mode::Remote, 2), Ok(()));
    assert_eq!(asks(&policy, Mode::Remote, 0), Err(Unfit::Weaker));
    assert_eq!(asks(&policy, Mode::Same, 0), Ok(()));
    assert_eq!(asks(&policy, Mode::Offline, 0), Err(Unfit::Weaker));
    // What the phone began itself shows no number.
    assert_eq!(challenge(Kind::Unfreeze, Mode::App).fits(&policy), Ok(()));
    policy.offline = Offline::Code;
    assert_eq!(asks(&policy, Mode::Offline, 0), Ok(()));
}

#[test]
fn about_the_id_only_the_server_itself_asks() {
    let policy = policy(&[Alternative::Dev]);
    let by = |kind: Kind, mode: Mode, id: &str, host: &str| {
        let mut it = challenge(kind, mode);
        (it.service.id, it.service.host) = (id.into(), host.into());
        it.fits(&policy)
    };
    let unfreeze = |id: &str, host: &str| by(Kind::Unfreeze, Mode::App, id, host);
    assert_eq!(unfreeze("server", "id.example"), Ok(()));
    assert_eq!(unfreeze("wiki", "id.example"), Err(Unfit::Service));
    assert_eq!(unfreeze("server", "wiki.example"), Err(Unfit::Service));
    let login = by(Kind::Login, Mode::Remote, "wiki", "wiki.example");
    assert_eq!(login, Ok(()));
}

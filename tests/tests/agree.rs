//! Phone and server agree, whatever is asked of whom: what a phone offers to give is what the server takes, and what it
//! showed is what the server meant. Random policies, phones and rows, between two processes.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_protocol::policy::{Alternative, Alternatives, Factor};
use countersign_tests::harness::story::{self, Invitation, silently};
use countersign_tests::harness::{ADMIN, Phone, ServerOptions, Service, World};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

const PIN: &str = "294817";

#[derive(Debug, Clone)]
struct Case {
    min: Alternatives,
    /// Whether everybody has a PIN.
    pin: bool,
    number: bool,
    /// Of each phone: whether it takes a gesture.
    gestures: Vec<bool>,
    /// Of each request: its rows, and whether the PIN is typed where it need not be.
    asked: Vec<(Vec<(String, String)>, bool)>,
}

fn case() -> impl Strategy<Value = Case> {
    let all = vec![
        Alternative::Dev,
        Alternative::DevPin,
        Alternative::PinUv,
        Alternative::Uv,
    ];
    let min =
        proptest::sample::subsequence(all, 1..=4).prop_map(|list| Alternatives::new(list).unwrap());
    let row = ("\\PC{1,20}", "\\PC{1,60}");
    let rows = prop::collection::vec(row, 1..4);
    let asked = prop::collection::vec((rows, any::<bool>()), 2..4);
    let gestures = Just(vec![false, true]);
    (min, any::<bool>(), any::<bool>(), gestures, asked).prop_map(
        |(min, pin, number, gestures, asked)| {
            let needs_pin = min.as_slice().iter().any(|one| one.has(Factor::Pin));
            Case {
                min,
                pin: pin || needs_pin,
                number,
                gestures,
                asked,
            }
        },
    )
}

/// The factors of a phone: where every alternative asks for a gesture nobody is asked whether they want one.
fn factors(case: &Case, gesture: bool) -> Vec<Factor> {
    let needed = case.min.as_slice().iter().all(|one| one.has(Factor::Uv));
    let factors = [
        (Factor::Dev, true),
        (Factor::Pin, case.pin),
        (Factor::Uv, gesture || needed),
    ];
    let has = factors.into_iter().filter(|(_, has)| *has);
    has.map(|(factor, _)| factor).collect()
}

/// Enrols a phone; whether both said that it can give what is asked.
fn enrol(world: &World, phone: &Phone, account: &str, case: &Case, gesture: bool) -> bool {
    let mut browser = world.browser().unwrap();
    let invitation = Invitation::make(world, &mut browser, account).unwrap();
    let mut words = vec!["enrol", &invitation.link, "--yes"];
    if case.pin {
        words.extend(["--pin", PIN]);
    }
    if gesture {
        words.push("--gesture");
    }
    let done = story::enrol_with(phone, &words, &invitation, &mut browser, &mut silently).unwrap();
    if done.event("active").is_none() {
        assert_eq!(done.error_code(), Some("enr.level"), "{done:?}");
        return false;
    }
    true
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let min = serde_json::to_string(&case.min).unwrap();
    let world = World::with(&ServerOptions {
        pin: case.pin.then_some(6),
        min: Some(&min),
        number: case.number,
        ..ServerOptions::default()
    });
    let world = world.unwrap();
    for (at, gesture) in case.gestures.iter().copied().enumerate() {
        let account = match at {
            0 => ADMIN.to_owned(),
            n => format!("person{n}@example.com"),
        };
        if at > 0 {
            world.server.add_user(&account, "Ben Ohm").unwrap();
        }
        let phone = world.phone(&format!("phone{at}")).unwrap();
        let has = factors(case, gesture);
        let enrolled = enrol(&world, &phone, &account, case, gesture);
        prop_assert_eq!(enrolled, case.min.satisfied_by(&has), "{:?}", has);
        if enrolled {
            let slug = format!("shop{at}");
            let shop = Service::make(&world.server, &world.ca, &slug, "Shop").unwrap();
            for (n, (rows, typed)) in case.asked.iter().enumerate() {
                ask(&shop, &phone, &account, (n, rows), *typed && case.pin)?;
            }
        }
    }
    Ok(())
}

/// One request, approved by the phone's own first way, or by the PIN where there is such a way.
fn ask(
    shop: &Service,
    phone: &Phone,
    account: &str,
    (n, rows): (usize, &[(String, String)]),
    typed: bool,
) -> Result<(), TestCaseError> {
    let rows: Vec<Value> = rows
        .iter()
        .map(|(label, value)| json!({"label": label, "value": value}))
        .collect();
    let asked = shop.ask(&json!({
        "request_id": format!("r-{n}"), "account": account, "kind": "transaction", "lang": "en", "rows": rows,
    }));
    let asked = asked.unwrap();
    if asked.status == 400 {
        // Nothing that a person could be shown is left of it.
        return Ok(());
    }
    prop_assert_eq!(asked.status, 201, "{}", asked.body);
    let prompt = story::await_prompt(phone).unwrap();
    let ways = prompt["ways"].as_array().unwrap();
    let by_pin = |way: &Value| way.as_str().unwrap().contains("pin");
    let takes_pin = by_pin(&ways[0]) || typed && ways.iter().any(by_pin);
    let mut words = vec!["approve", prompt["id"].as_str().unwrap()];
    let number = asked.body["number"].as_str().unwrap_or_default();
    if !number.is_empty() {
        words.extend(["--number", number]);
    }
    if takes_pin {
        words.extend(["--pin", PIN]);
    }
    let outcome = phone.run(&words).unwrap();
    let verdict = outcome.event("verdict").map(|said| said["code"].clone());
    prop_assert_eq!(verdict, Some("ok".into()), "{:?}", outcome);
    let id = asked.body["id"].as_str().unwrap();
    let seen = shop.look(id, 5).unwrap();
    prop_assert_eq!(&seen.body["state"], "approved");
    Ok(())
}

#[test]
fn what_a_phone_offers_is_what_the_server_takes_and_what_it_showed_is_what_was_meant() {
    let cases = if std::env::var_os("COUNTERSIGN_FULL").is_some() {
        120
    } else {
        8
    };
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    runner.run(&case(), |case| check(&case)).unwrap();
}

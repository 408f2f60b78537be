//! Two phones, two people, two applications at once: nothing of one reaches the other.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

use countersign_tests::harness::story::{self, Waiting, silently};
use countersign_tests::harness::{ADMIN, Form, Phone, SpOptions, World};
use serde_json::Value;
use url::Url;

const BEN: &str = "ben@example.com";

struct Both {
    world: World,
    anna: Phone,
    ben: Phone,
}

fn enrolled() -> Both {
    let world = World::start().unwrap();
    world.server.add_user(BEN, "Ben Okoro").unwrap();
    let (anna, ben) = (world.phone("anna").unwrap(), world.phone("ben").unwrap());
    // At the same time, as everything here.
    std::thread::scope(|scope| {
        let first = scope.spawn(|| story::enrol(&world, &anna, ADMIN, &mut silently));
        let second = scope.spawn(|| story::enrol(&world, &ben, BEN, &mut silently));
        first.join().unwrap().unwrap();
        second.join().unwrap().unwrap();
    });
    Both { world, anna, ben }
}

fn id(prompt: &Value) -> &str {
    prompt["id"].as_str().unwrap()
}

fn shows(prompt: &Value, text: &str) -> bool {
    prompt.to_string().contains(text)
}

#[test]
fn two_logins_at_once_do_not_mix() {
    let Both { world, anna, ben } = enrolled();
    let wiki = world
        .application("wiki", "Example Wiki", SpOptions::default())
        .unwrap();
    let code = world
        .application(
            "code",
            "Example Code",
            SpOptions {
                signs_requests: true,
                ..SpOptions::default()
            },
        )
        .unwrap();
    let (mut left, mut right) = (world.browser().unwrap(), world.browser().unwrap());
    let annas = Waiting::begin(&mut left, &wiki, ADMIN, "/left").unwrap();
    let bens = Waiting::begin(&mut right, &code, BEN, "/right").unwrap();

    // Each phone is asked its own question and no other.
    let (to_anna, to_ben) = (
        story::await_prompt(&anna).unwrap(),
        story::await_prompt(&ben).unwrap(),
    );
    assert!(
        shows(&to_anna, "Example Wiki") && !shows(&to_anna, "Example Code"),
        "{to_anna}"
    );
    assert!(
        shows(&to_ben, "Example Code") && !shows(&to_ben, "Example Wiki"),
        "{to_ben}"
    );
    assert_eq!((pending(&anna), pending(&ben)), (1, 1));

    // One phone cannot answer for the other.
    let crossed = ben
        .run(&["approve", id(&to_anna), "--number", &annas.number])
        .unwrap();
    assert!(
        !crossed.status.success() && crossed.error_code().is_some(),
        "{crossed:?}"
    );

    // One answer moves one browser on.
    ben.ask(&["approve", id(&to_ben), "--number", &bens.number])
        .unwrap();
    let bens_form = bens.response(&mut right).unwrap();
    let left_page = left.open(annas.address()).unwrap();
    assert_eq!(
        left_page.text_at("p.number").unwrap().as_deref(),
        Some(annas.number.as_str())
    );
    anna.ask(&["approve", id(&to_anna), "--number", &annas.number])
        .unwrap();
    let annas_form = annas.response(&mut left).unwrap();

    // A response handed to the other application is refused there, in either browser.
    for browser in [&mut left, &mut right] {
        let astray = redirected(&annas_form, &bens_form.action);
        let claims = story::hand_over(browser, &astray).unwrap();
        assert_ne!(
            claims["errors"].as_array().map(Vec::len),
            Some(0),
            "{claims}"
        );
    }

    let annas_claims = story::hand_over(&mut left, &annas_form).unwrap();
    let bens_claims = story::hand_over(&mut right, &bens_form).unwrap();
    assert_eq!(
        (&annas_claims["name_id"], &annas_claims["relay_state"]),
        (&ADMIN.into(), &"/left".into())
    );
    assert_eq!(
        (&bens_claims["name_id"], &bens_claims["relay_state"]),
        (&BEN.into(), &"/right".into())
    );
    assert_ne!(annas_claims["session_index"], bens_claims["session_index"]);
    assert_eq!((history(&anna), history(&ben)), (1, 1));
}

#[test]
fn two_people_at_one_application_do_not_mix() {
    let Both { world, anna, ben } = enrolled();
    let wiki = world
        .application("wiki", "Example Wiki", SpOptions::default())
        .unwrap();
    let people = [(&anna, ADMIN, "/anna"), (&ben, BEN, "/ben")];
    let claims: Vec<Value> = std::thread::scope(|scope| {
        let logins: Vec<_> = people
            .map(|(phone, account, relay)| {
                let (world, wiki) = (&world, &wiki);
                scope.spawn(move || {
                    let mut browser = world.browser()?;
                    story::sign_in(&mut browser, wiki, phone, account, relay, &mut silently)
                })
            })
            .into_iter()
            .collect();
        logins
            .into_iter()
            .map(|login| login.join().unwrap().unwrap().claims)
            .collect()
    });
    for ((_, account, relay), claims) in people.iter().zip(&claims) {
        assert_eq!(claims["name_id"], *account);
        assert_eq!(claims["relay_state"], *relay);
    }
}

/// The number a phone shows belongs to its own browser: typed for another, it is wrong.
#[test]
fn the_number_of_another_browser_is_wrong() {
    let Both { world, anna, ben } = enrolled();
    let wiki = world
        .application("wiki", "Example Wiki", SpOptions::default())
        .unwrap();
    let (mut left, mut right) = (world.browser().unwrap(), world.browser().unwrap());
    let annas = Waiting::begin(&mut left, &wiki, ADMIN, "/").unwrap();
    let bens = Waiting::begin(&mut right, &wiki, BEN, "/").unwrap();
    let to_anna = story::await_prompt(&anna).unwrap();
    let _to_ben = story::await_prompt(&ben).unwrap();
    // One time in a hundred the two are the same: then any other will do.
    let other = format!("{:02}", (annas.number.parse::<u8>().unwrap() + 1) % 100);
    let typed = if annas.number == bens.number {
        &other
    } else {
        &bens.number
    };
    let wrong = anna
        .run(&["approve", id(&to_anna), "--number", typed])
        .unwrap();
    match annas.end(&mut left).unwrap() {
        story::Ending::Over(_) => {}
        story::Ending::Response(_) => panic!("a wrong number signed somebody in: {wrong:?}"),
    }
    assert!(
        right
            .open(bens.address())
            .unwrap()
            .text_at("p.number")
            .unwrap()
            .is_some()
    );
}

fn pending(phone: &Phone) -> usize {
    let pending = phone.ask(&["pending"]).unwrap().into_iter();
    pending.filter(|event| event["event"] == "prompt").count()
}

fn history(phone: &Phone) -> usize {
    phone.ask(&["history"]).unwrap().len()
}

/// The form as somebody would bend it who is not held by the page's policy.
fn redirected(form: &Form, action: &Url) -> Form {
    Form {
        action: action.clone(),
        policy: String::new(),
        ..form.clone()
    }
}

//! `tests/vectors/challenges.json`: what a phone makes of a challenge, by what it knows.

use super::seen::Seen;
use super::verify::{Known, Refusal, Request, Verified};
use crate::account::Stage;
use crate::config::KnownServer;
use crate::ports::{Clock as _, Moment};
use crate::testkit::{ManualClock, Peer, account_of, config};
use crate::time::{ServerTime, Trip, Word};
use countersign_protocol::crypto::PublicKey;
use countersign_protocol::statement::{Challenge, Decision};
use countersign_protocol::text::Account;
use countersign_protocol::{Id, Origin, Signed};
use serde_json::Value;

fn code(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::OtherServer => "other_server",
        Refusal::OtherPhone => "other_phone",
        Refusal::OtherAccount => "other_account",
        Refusal::Seen => "seen",
        Refusal::Life => "life",
        Refusal::Over => "over",
        Refusal::NotYet => "not_yet",
        Refusal::Policy => "policy",
        Refusal::Weaker => "weaker",
        Refusal::Service => "service",
        Refusal::Host => "host",
        Refusal::Statement(refusal) => refusal.code(),
        _ => "something else",
    }
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

/// The interval that one statement leaves: fresh, or of some time before.
fn time(vector: &Value, now: Moment) -> ServerTime {
    let mut time = ServerTime::default();
    if let Some(iat) = vector["time"].as_u64() {
        let trip = Trip {
            sent: now,
            arrived: now,
        };
        time.learn(iat, Word::Fresh(trip), now);
    }
    if let Some(iat) = vector["heard"].as_u64() {
        time.learn(iat, Word::Some(now), now);
    }
    time
}

fn check(file: &Value, vector: &Value) -> Result<(), Refusal> {
    let keys = vector["by"].as_array().unwrap().iter();
    let keys = keys.map(|name| file["keys"][name.as_str().unwrap()].clone());
    let keys: Vec<PublicKey> = keys
        .map(|key| serde_json::from_value(key).unwrap())
        .collect();
    let challenge = Signed::<Challenge>::verify(text(vector, "statement"), &keys)?;

    let (mut account, _) = account_of(&Peer::new());
    account.trust.iss = Origin::parse(text(vector, "iss")).unwrap();
    account.account = Account::parse(text(vector, "account")).unwrap();
    account.policy = serde_json::from_value(vector["policy"].clone()).unwrap();
    if let Stage::Known(known) = &mut account.stage {
        known.credential = Id::parse(text(vector, "aud")).unwrap();
    }
    let mut config = config();
    for host in vector["hosts"].as_array().into_iter().flatten() {
        config.servers.push(KnownServer {
            origin: Origin::parse(&format!("https://{}", host.as_str().unwrap())).unwrap(),
            root: account.trust.root,
        });
    }
    let seen = vector["seen"].as_str().map(|hash| {
        let mut note = serde_json::to_value(Seen::new(&challenge, 0, false)).unwrap();
        note["hash"] = hash.into();
        let mut seen: Seen = serde_json::from_value(note).unwrap();
        if vector["decided"] == true {
            seen.decide(Decision::Approve);
        }
        seen
    });
    let now = ManualClock::new().now();
    let known = Known {
        account: &account,
        config: &config,
        time: &time(vector, now),
        now,
        seen: seen.as_ref(),
    };
    Verified::check(Request::new(challenge), &known).map(drop)
}

#[test]
fn every_vector_is_answered_as_it_says() {
    let text = include_str!("../../../tests/vectors/challenges.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    for vector in vectors {
        let answer = check(&file, vector).map_or_else(code, |()| "ok");
        assert_eq!(vector["expect"], *answer, "{}", vector["id"]);
    }
    assert!(vectors.len() > 30);
}

//! `tests/vectors/responses.json`: what a server makes of a response, by what it knows.

use super::*;
use countersign_protocol::crypto::PublicKey;
use serde_json::Value;

fn word(judgement: Judgement) -> String {
    match judgement {
        Judgement::Approved => "approved".into(),
        Judgement::Denied => "denied".into(),
        Judgement::Reported { .. } => "reported".into(),
        Judgement::Clone => "clone".into(),
        Judgement::PinAsked => "pin".into(),
        other => crate::credential::word(&other.code()).unwrap(),
    }
}

fn judged(file: &Value, vector: &Value) -> String {
    let text = |name: &str| vector[name].as_str().unwrap();
    let keys = |names: &str| {
        let names = vector[names].as_array().unwrap().iter();
        let keys = names.map(|name| file["keys"][name.as_str().unwrap()].clone());
        keys.map(|key| serde_json::from_value(key).unwrap())
            .collect::<Vec<PublicKey>>()
    };
    let number = |name: &str| vector[name].as_u64().unwrap();
    let challenge = vector["challenge"].as_str();
    let challenge =
        challenge.map(|text| Signed::<Challenge>::verify(text, &keys("challenge_by")).unwrap());
    let by = keys("by");
    let response = Signed::<Response>::verify(text("response"), &by).unwrap();
    let facts = Facts {
        standing: text("standing"),
        ctr: number("highest_ctr"),
        ctr_used: vector["ctr_used"] == true,
        challenge: challenge
            .as_ref()
            .map(|challenge| (challenge, text("stage"), text("number"))),
        by_uv: vector["by"][0] == "K_uv",
        has_pin: vector["has_pin"] == true,
        keys_good: vector["keys_good"] == true,
        now: number("now"),
    };
    word(judge(&facts, &response))
}

#[test]
fn every_vector_is_answered_as_it_says() {
    let text = include_str!("../../../tests/vectors/responses.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    for vector in vectors {
        assert_eq!(vector["expect"], judged(&file, vector), "{}", vector["id"]);
    }
    assert!(vectors.len() > 30);
}

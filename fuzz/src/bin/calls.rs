//! The bodies of the HTTP calls, of both sides, and what else travels as JSON: what is read is written and read as the same.
#![no_main]

use countersign_fuzz::reading;
use countersign_protocol::call::{
    self, AcksCall, Action, BODY_CAP, ChallengeAnswer, ChallengesAnswer, InvitationAnswer,
    InvitationCall, KeysAnswer, OfferAnswer, OfferCall, OverviewAnswer, PhoneCall, PushCall,
    PushTestCall, RegistrationCall, ResponseCall, StateAnswer, VerdictAnswer, WakeAnswer,
};
use countersign_protocol::crypto::PublicKey;
use countersign_protocol::history::Line;
use countersign_protocol::pin::HiddenKey;
use countersign_protocol::policy::Policy;
use countersign_protocol::problem::{Code, Problem};
use countersign_protocol::receipt::Receipt;
use serde::{Serialize, de::DeserializeOwned};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((name, body)) = reading::named(data) else {
        return;
    };
    match name {
        "keys" => read::<KeysAnswer>(body),
        "offer" => read::<OfferCall>(body),
        "offered" => read::<OfferAnswer>(body),
        "registration" => read::<RegistrationCall>(body),
        "state" => read::<StateAnswer>(body),
        "challenges" => read::<ChallengesAnswer>(body),
        "challenge" => read::<ChallengeAnswer>(body),
        "response" => read::<ResponseCall>(body),
        "verdict" => read::<VerdictAnswer>(body),
        "action" => read::<Action>(body),
        "invite" => read::<InvitationCall>(body),
        "invited" => read::<InvitationAnswer>(body),
        "acks" => read::<AcksCall>(body),
        "push" => read::<PushCall>(body),
        "push-test" => read::<PushTestCall>(body),
        "phone" => read::<PhoneCall>(body),
        "overview" => read::<OverviewAnswer>(body),
        "wake" => read::<WakeAnswer>(body),
        "hidden" => read::<HiddenKey>(body),
        "key" => read::<PublicKey>(body),
        "problem" => {
            if let Ok(problem) = Problem::parse(body) {
                reading::keeps(&problem, body);
                let code = Code::parse(&problem.code);
                assert!(code == Code::Other || code.as_str() == problem.code);
            }
        }
        "policy" => policy(body),
        "receipt" => {
            if let Ok(receipt) = Receipt::parse(body) {
                reading::keeps(&receipt, body);
            }
        }
        "line" => {
            if let Ok(line) = Line::parse(body) {
                let text = line.to_text().expect("a line can be written");
                assert_eq!(text.find('\n'), Some(text.len() - 1), "one line");
                assert!(text.len() <= body.len() + 1, "it grew: {text}");
                let again = Line::parse(text.trim_end().as_bytes()).expect("and read");
                assert_eq!(again.to_text().as_ref(), Ok(&text));
            }
        }
        _ => {}
    }
});

fn read<T: Serialize + DeserializeOwned>(body: &[u8]) {
    if let Ok(value) = call::parse::<T>(body) {
        assert!(body.len() <= BODY_CAP);
        reading::keeps(&value, body);
    }
}

/// Two policies, each in a line: none is weaker than itself, and of two that differ in strength at most one is the weaker in
/// nothing.
fn policy(body: &[u8]) {
    let mut lines = body.split(|&byte| byte == b'\n');
    let mut next = || {
        call::parse::<Policy>(lines.next()?)
            .ok()
            .filter(|policy| policy.check().is_ok())
    };
    let (Some(one), Some(two)) = (next(), next()) else {
        return;
    };
    assert!(!one.is_weaker_than(&one) && !two.is_weaker_than(&two));
    if !one.is_weaker_than(&two) && !two.is_weaker_than(&one) {
        let same = (one.r#match, one.max_life, one.pin, one.offline);
        assert_eq!(same, (two.r#match, two.max_life, two.pin, two.offline));
        assert!(one.min.not_below(&two.min) && two.min.not_below(&one.min));
    }
}

use super::*;
use crate::call::parse;
use crate::encoding::Digest;
use crate::json;

fn dev() -> Thumbprint {
    Thumbprint(Digest::from([7; 32]))
}

fn action(text: &str) -> Result<Action, Malformed> {
    parse(text.as_bytes())
}

#[test]
fn every_action_is_read_as_it_was_written() {
    for one in [
        Action::RemovePhone(dev()),
        Action::ReplaceUv,
        Action::PinSet,
        Action::RecoveryCodes,
        Action::Unfreeze(None),
        Action::Unfreeze(Some(dev())),
        Action::Extend(Id::from([7; 16])),
        Action::AddPhone,
        Action::Pause,
    ] {
        let text = json::write(&one).unwrap();
        assert_eq!(action(&text), Ok(one), "{text}");
    }
    assert_eq!(
        json::write(&Action::PinSet).unwrap(),
        r#"{"kind":"pin-set"}"#
    );
}

#[test]
fn an_action_with_another_input_is_none() {
    let (dev, jti) = (dev(), Id::from([7; 16]));
    for bad in [
        "{}".to_owned(),
        r#"{"kind":"login"}"#.into(),
        r#"{"kind":"policy"}"#.into(),
        r#"{"kind":"remove-phone"}"#.into(),
        r#"{"kind":"remove-phone","input":{}}"#.into(),
        r#"{"kind":"remove-phone","input":null}"#.into(),
        r#"{"kind":"remove-phone","input":{"dev":"AAAA"}}"#.into(),
        format!(r#"{{"kind":"remove-phone","input":{{"challenge":"{jti}"}}}}"#),
        format!(r#"{{"kind":"remove-phone","input":{{"dev":"{dev}","challenge":"{jti}"}}}}"#),
        format!(r#"{{"kind":"remove-phone","input":{{"dev":"{dev}","device":"x"}}}}"#),
        format!(r#"{{"kind":"pin-set","input":{{"dev":"{dev}"}}}}"#),
        r#"{"kind":"pin-set","input":{}}"#.into(),
        r#"{"kind":"unfreeze","input":{}}"#.into(),
        r#"{"kind":"extend"}"#.into(),
        format!(r#"{{"kind":"extend","input":{{"dev":"{dev}"}}}}"#),
        r#"{"kind":"pause","input":{}}"#.into(),
        r#"{"kind":"pause","force":true}"#.into(),
        r#"{"kind":"Pause"}"#.into(),
    ] {
        assert!(action(&bad).is_err(), "{bad}");
    }
}

#[test]
fn one_to_twenty_are_acknowledged_at_once() {
    let call = |count: usize| {
        let text = json::write(&AcksCall {
            jti: vec![Id::from([1; 16]); count],
        });
        parse::<AcksCall>(text.unwrap().as_bytes()).is_ok()
    };
    assert_eq!([0, 1, 20, 21].map(call), [false, true, true, false]);
}

#[test]
fn a_push_address_has_a_token_of_its_size_and_a_service() {
    let call = |kind: &str, token: &str| {
        let text = format!(r#"{{"type":"{kind}","token":"{token}"}}"#);
        parse::<PushCall>(text.as_bytes()).is_ok()
    };
    assert!(call("fcm", "x") && call("apns", &"x".repeat(4096)) && call("unifiedpush", "x"));
    assert!(!call("fcm", "") && !call("fcm", &"x".repeat(4097)) && !call("sms", "x"));
}

#[test]
fn a_phone_says_what_it_is_in_the_forms_of_its_registration() {
    let app = r#"{"brand":"b","mode":"app","version":"1","os":"Android 16"}"#;
    let call = |device: &str, locale: &str, slow: &str| {
        let text =
            format!(r#"{{"app":{app},"device":"{device}","locale":"{locale}","slow":{slow}}}"#);
        parse::<PhoneCall>(text.as_bytes()).is_ok()
    };
    assert!(call("Pixel 12", "de-AT", "true"));
    assert!(!call("", "de-AT", "true"));
    assert!(!call("Pi\u{202e}xel", "de-AT", "true"));
    assert!(!call("Pixel 12", "de_AT", "true"));
    assert!(!call("Pixel 12", "", "true"));
    assert!(!call("Pixel 12", "de-AT", "1"));
}

#[test]
fn the_other_bodies_are_read_as_they_were_written_and_nothing_else_is() {
    let overview = OverviewAnswer {
        phones: vec![PhoneRow {
            dev: dev(),
            device: Name::parse("Pixel 12").unwrap(),
            level: Levels {
                dev: crate::statement::Level::Tee,
                uv: None,
            },
            added: 1,
            used: None,
            probation: Some(2),
            suspended: Some(StateReason::Clone),
            this: true,
        }],
        push: PushRow {
            r#type: None,
            sent: None,
            fetched: None,
            failed: Some(3),
        },
        recovery_left: 10,
        quiet_until: None,
    };
    let text = json::write(&overview).unwrap();
    let again = parse::<OverviewAnswer>(text.as_bytes()).unwrap();
    assert_eq!(json::write(&again).unwrap(), text);
    assert!(text.contains(r#""suspended":"clone""#) && !text.contains("null"));

    assert!(parse::<PushTestCall>(b"{}").is_ok());
    assert!(parse::<PushTestCall>(br#"{"c":"x"}"#).is_err());
    assert!(parse::<InvitationCall>(br#"{"account":"anna@example.com"}"#).is_ok());
    assert!(parse::<InvitationCall>(br#"{"account":""}"#).is_err());
    assert!(parse::<WakeAnswer>(br#"{"waiting":true,"next":"1-2"}"#).is_ok());
    assert!(parse::<WakeAnswer>(br#"{"waiting":true,"next":"1 2"}"#).is_err());
    assert!(parse::<WakeAnswer>(br#"{"waiting":1,"next":"1-2"}"#).is_err());
}

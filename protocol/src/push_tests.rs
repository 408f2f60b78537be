use super::*;
use serde_json::Value as Json;

const NOW: u64 = 1_800_001_000;

fn published() -> Json {
    let text = include_str!("../../tests/vectors/protocol.json");
    serde_json::from_str(text).unwrap()
}

/// The published key and payload.
fn good() -> (Secret, Payload) {
    let published = published();
    let hex = published["enrolment"]["keys_derived"]["push"]
        .as_str()
        .unwrap();
    let mut key = Secret::default();
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
    }
    let payload = published["push"]["payload"].to_string();
    (key, Payload::read(payload.as_bytes()).unwrap())
}

fn refused(key: &Secret, payload: &Payload) -> NoText {
    open_text(key, payload, NOW).unwrap_err()
}

/// A payload with this in the place of its sealed text's header.
fn under(header: &str) -> Payload {
    let (key, payload) = good();
    let header = encode(header.as_bytes());
    let sealed =
        crypto::seal(&key, header.as_bytes(), br#"{"exp":1800001120,"text":"x"}"#).unwrap();
    let (nonce, body) = sealed.split_at(NONCE);
    let (text, tag) = body.split_at(body.len() - TAG);
    let [nonce, text, tag] = [nonce, text, tag].map(encode);
    Payload::new(
        payload.h,
        None,
        Some(format!("{header}..{nonce}.{text}.{tag}")),
    )
}

/// A push about no request, with this sealed as it is.
fn sealing(plain: &str) -> Payload {
    let header = json::write(&Header::only()).unwrap();
    let mut payload = under(&header);
    let (key, _) = good();
    let header = encode(header.as_bytes());
    let sealed = crypto::seal(&key, header.as_bytes(), plain.as_bytes()).unwrap();
    let (nonce, body) = sealed.split_at(NONCE);
    let (text, tag) = body.split_at(body.len() - TAG);
    let [nonce, text, tag] = [nonce, text, tag].map(encode);
    payload.t = Some(format!("{header}..{nonce}.{text}.{tag}"));
    payload
}

#[test]
fn the_published_push_is_opened_until_its_time_is_over() {
    let (key, payload) = good();
    let text = open_text(&key, &payload, NOW).unwrap();
    assert_eq!(text.text.as_str(), "Wiki: anmelden?");
    assert_eq!((text.c, text.exp), (payload.c, 1_800_001_120));
    assert!(open_text(&key, &payload, text.exp).is_ok());
    let over = open_text(&key, &payload, text.exp + 1);
    assert_eq!(over, Err(NoText::Over));
    assert_eq!(format!("{text:?}"), "LockText");
}

#[test]
fn what_is_sealed_here_opens_with_the_same_key_and_for_the_same_request_alone() {
    let (key, payload) = good();
    let text = LockText {
        c: payload.c,
        exp: NOW,
        text: Value::parse("Wiki: sign in?").unwrap(),
    };
    let with = |c, t: &str| Payload::new(payload.h, c, Some(t.to_owned()));
    let t = seal_text(&key, &text).unwrap();
    assert_ne!(t, seal_text(&key, &text).unwrap(), "a nonce is used once");
    assert_eq!(open_text(&key, &with(text.c, &t), NOW), Ok(text));
    let other = Secret::new([7; 32]);
    assert_eq!(refused(&other, &with(payload.c, &t)), NoText::Sealed);
    for c in [None, Some(Id::from([1; 16]))] {
        assert_eq!(refused(&key, &with(c, &t)), NoText::Another);
    }
    let absent = Payload::new(payload.h, payload.c, None);
    assert_eq!(refused(&key, &absent), NoText::None);
}

#[test]
fn a_text_of_which_any_character_was_changed_or_cut_is_none() {
    let (key, mut payload) = good();
    let t = payload.t.clone().unwrap();
    for (at, was) in t.char_indices() {
        let other = if was == 'A' { "B" } else { "A" };
        payload.t = Some(format!("{}{other}{}", &t[..at], &t[at + 1..]));
        refused(&key, &payload);
        payload.t = Some(t[..at].to_owned());
        refused(&key, &payload);
    }
}

#[test]
fn another_shape_or_header_is_refused_before_anything_is_opened() {
    let (key, mut payload) = good();
    let t = payload.t.clone().unwrap();
    let parts: Vec<&str> = t.split('.').collect();
    let [header, _, nonce, text, tag] = parts[..] else {
        panic!("five parts")
    };
    for bad in [
        String::new(),
        "....".to_owned(),
        format!("{header}.{nonce}.{text}.{tag}"),
        format!("{t}."),
        format!("{header}.AAAA.{nonce}.{text}.{tag}"),
        format!("{header}..{nonce}=.{text}.{tag}"),
        format!("{header}..{}.{text}.{tag}", &nonce[..12]),
        format!("{header}..{nonce}.{text}.{}", &tag[..16]),
        format!("{header}..{nonce}{}.{}.{tag}", &text[..4], &text[4..]),
    ] {
        payload.t = Some(bad.clone());
        let refused = refused(&key, &payload);
        let shape = [NoText::NotCompact, NoText::Header];
        assert!(shape.contains(&refused), "{bad}: {refused}");
    }
    for header in [
        r#"{"alg":"dir","enc":"A128GCM","typ":"cs1-text+jwe"}"#,
        r#"{"alg":"A256KW","enc":"A256GCM","typ":"cs1-text+jwe"}"#,
        r#"{"alg":"dir","enc":"A256GCM","typ":"cs1-challenge+jwt"}"#,
        r#"{"alg":"dir","enc":"A256GCM"}"#,
        r#"{"alg":"dir","enc":"A256GCM","typ":"cs1-text+jwe","zip":"DEF"}"#,
        r#"{"alg":"dir","alg":"dir","enc":"A256GCM","typ":"cs1-text+jwe"}"#,
        r#"["dir","A256GCM","cs1-text+jwe"]"#,
        "dir",
    ] {
        assert_eq!(refused(&key, &under(header)), NoText::Header, "{header}");
    }
    // The order of members has no meaning.
    let turned = under(r#"{"typ":"cs1-text+jwe","enc":"A256GCM","alg":"dir"}"#);
    assert!(open_text(&key, &turned, NOW).is_ok());
}

#[test]
fn what_was_rightly_sealed_and_is_no_text_is_refused() {
    let (key, _) = good();
    let good = r#"{"exp":1800001120,"text":"Zoe"}"#;
    assert!(open_text(&key, &sealing(good), NOW).is_ok());
    for (bad, code) in [
        ("".to_owned(), "malformed"),
        (format!("{good} x"), "malformed"),
        (r#"{"text":"Zoe"}"#.into(), "malformed"),
        (r#"{"exp":1.5,"text":"Zoe"}"#.into(), "malformed"),
        (r#"{"exp":-1,"text":"Zoe"}"#.into(), "malformed"),
        (
            r#"{"c":null,"exp":1800001120,"text":"Zoe"}"#.into(),
            "malformed",
        ),
        (
            r#"{"exp":1800001120,"text":"Zoe","number":"42"}"#.into(),
            "malformed",
        ),
        (
            r#"{"exp":1800001120,"text":"Zoe","text":"y"}"#.into(),
            "malformed",
        ),
        (r#"{"exp":1800001120,"text":""}"#.into(), "malformed"),
        (
            format!(r#"{{"exp":1800001120,"text":"{}"}}"#, "x".repeat(201)),
            "malformed",
        ),
        (
            "{\"exp\":1800001120,\"text\":\"Zoe\u{202e}y\"}".into(),
            "text",
        ),
    ] {
        let refused = refused(&key, &sealing(&bad));
        assert_eq!(refused.code(), code, "{bad}");
        assert!(!refused.to_string().contains("Zoe"), "{refused}");
    }
}

#[test]
fn a_payload_is_read_strictly() {
    let (_, payload) = good();
    let h = payload.h;
    let read = |text: &str| Payload::read(text.as_bytes());
    assert_eq!(
        read(&format!(r#"{{"v":1,"h":"{h}"}}"#)),
        Ok(Payload::new(h, None, None))
    );
    for bad in [
        String::new(),
        "{}".to_owned(),
        format!(r#"{{"v":2,"h":"{h}"}}"#),
        format!(r#"{{"v":1,"h":"{h}","h":"{h}"}}"#),
        format!(r#"{{"v":1,"h":"{h}","text":"x"}}"#),
        format!(r#"{{"v":1,"h":"{h}","c":"AAAA"}}"#),
        format!(r#"{{"v":1,"h":"{h}","t":"{}"}}"#, "A".repeat(CAP)),
        format!(r#"{{"v":1,"h":"{h}"}}x"#),
    ] {
        assert!(read(&bad).is_err(), "{bad}");
    }
    assert!(Payload::read(&[0xff; 8]).is_err());
}

#[test]
fn a_payload_is_as_large_as_its_cap_and_no_larger() {
    let (_, payload) = good();
    let of = |size: usize| {
        let empty = format!(r#"{{"v":1,"h":"{}","t":""}}"#, payload.h);
        let text = "A".repeat(size - empty.len());
        format!(r#"{{"v":1,"h":"{}","t":"{text}"}}"#, payload.h)
    };
    assert!(Payload::read(of(CAP).as_bytes()).is_ok());
    assert_eq!(
        Payload::read(of(CAP + 1).as_bytes()),
        Err(Malformed("too large"))
    );
}

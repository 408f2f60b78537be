//! What is scanned, opened or typed on a phone: what was read is written as it was, or as a link that is read as the same.
#![no_main]

use countersign_fuzz::reading;
use countersign_protocol::encoding::{decode, encode};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::links::{ChallengeLink, ScannedNumber};
use countersign_protocol::recovery::RecoveryCode;
use countersign_protocol::typed_code::{NotACode, TypedCode};
use countersign_protocol::{Digest, Id, Origin};

const SCHEME: &str = "countersign";

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((name, rest)) = reading::named(data) else {
        return;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    match name {
        // Address and fragment, so that what is behind base64url is reached.
        "invitation" => invitation(&joined(text)),
        "link" => link(&joined(text)),
        "text" => any(text),
        _ => {}
    }
});

fn joined(text: &str) -> String {
    match text.split_once('\n') {
        Some((address, fragment)) => format!("{address}#{}", encode(fragment.as_bytes())),
        None => text.to_owned(),
    }
}

fn invitation(text: &str) {
    let Ok(read) = Invitation::parse(text) else {
        return;
    };
    assert!(text.starts_with(read.origin.as_str()), "only https");
    let link = read.to_link().expect("what was read can be written");
    assert!(link.len() <= text.len());
    assert_eq!(Invitation::parse(&link), Ok(read));
}

fn link(text: &str) {
    let own = ChallengeLink::parse(text, Some(SCHEME));
    if let Ok(read) = ChallengeLink::parse(text, None) {
        assert!(text.starts_with(read.origin.as_str()), "only https");
        assert_eq!(own.as_ref(), Ok(&read));
        assert_eq!(
            read.to_link().map(|link| ChallengeLink::parse(&link, None)),
            Ok(Ok(read))
        );
    } else if let Ok(read) = own {
        let link = read.to_scheme_link(SCHEME).expect("it can be written");
        assert_eq!(ChallengeLink::parse(&link, Some(SCHEME)), Ok(read));
    }
}

fn any(text: &str) {
    invitation(text);
    link(text);
    if let Some(number) = ScannedNumber::parse(text) {
        assert_eq!(number.to_text(), text);
    }
    if let Ok(origin) = Origin::parse(text) {
        assert_eq!(origin.as_str(), text);
        assert_eq!(format!("https://{}", origin.host()), text);
    }
    if let Some(bytes) = decode(text) {
        assert_eq!(encode(&bytes), text, "two texts of the same bytes");
    }
    if let Some(id) = Id::parse(text) {
        assert_eq!(id.to_string(), text);
    }
    if let Some(hash) = Digest::parse(text) {
        assert_eq!(hash.to_string(), text);
    }
    if let Ok(code) = TypedCode::parse(text) {
        assert_eq!(TypedCode::parse(code.as_str()).as_ref(), Ok(&code));
        let last = if code.as_str().ends_with('0') {
            '1'
        } else {
            '0'
        };
        let wrong = format!("{}{last}", &code.as_str()[..19]);
        assert_eq!(TypedCode::parse(&wrong), Err(NotACode::Typo));
    }
    if let Ok(code) = RecoveryCode::parse(text) {
        let again = RecoveryCode::parse(&code.shown()).expect("what is shown can be typed");
        assert_eq!(again.as_bytes(), code.as_bytes());
    }
}

//! The bodies of the HTTP calls (protocol section 10).
//!
//! In: bytes of a body, members of an answer. Out: the call's members, checked as far as they tell by
//! themselves. Never: a statement believed: in here they are text until they are verified.

mod life;

pub use life::{
    AcksCall, Action, InvitationAnswer, InvitationCall, OverviewAnswer, PhoneCall, PhoneRow,
    PushCall, PushRow, PushTestCall, WakeAnswer,
};

use crate::json::{self, Malformed};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The largest body, bytes.
pub const BODY_CAP: usize = 64 * 1024;

/// The most statements in a list.
pub const LIST_CAP: usize = 20;

/// The most `cs1-keys` in an answer.
pub const KEYS_CAP: usize = 8;

/// The longest `wait`, seconds.
pub const WAIT_CAP: u64 = 25;

/// The header that carries the server's nonce for proofs.
pub const NONCE_HEADER: &str = "Countersign-Nonce";

/// Reads a body.
///
/// # Errors
/// [`Malformed`] over [`BODY_CAP`] (nothing is parsed) or when it isn't this call's.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    if body.len() > BODY_CAP {
        return Err(Malformed("body too large"));
    }
    json::parse(body)
}

/// Answer of `GET /cs/v1/keys`: one to eight `cs1-keys`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysAnswer {
    /// Rising.
    pub keys: Vec<String>,
}

/// `POST /cs/v1/offers`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferCall {
    /// The invitation's token, or the ten characters of a typed code.
    pub token: String,
}

/// Its answer.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferAnswer {
    /// `cs1-keys`, by the root that the invitation names.
    pub keys: String,
    /// `cs1-offer`.
    pub offer: String,
}

/// Hardware's word for the keys of a registration.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// `android-key` or `app-attest`.
    pub format: String,
    /// Certificates for K_dev, DER in base64url, up to six.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev: Option<Vec<String>>,
    /// Certificates for K_uv.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uv: Option<Vec<String>>,
    /// The App Attest object, base64url, up to 16 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

/// `POST /cs/v1/registrations`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationCall {
    /// `cs1-registration`.
    pub registration: String,
    /// `cs1-key`, exactly if the registration has `uv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uv_proof: Option<String>,
    /// Hardware's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Attestation>,
}

/// Answer with a `cs1-state`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateAnswer {
    /// `cs1-state`.
    pub state: String,
}

/// Answer of `GET /cs/v1/challenges`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengesAnswer {
    /// `cs1-challenge`, oldest first.
    pub challenges: Vec<String>,
    /// `cs1-cancel`, `cs1-notice`, `cs1-verdict`.
    pub others: Vec<String>,
    /// The newest `sn` of this credential.
    pub sn: u64,
    /// For the next call's `after`; up to 64 characters `[A-Za-z0-9_-]`.
    pub next: String,
    /// Ask again at once.
    pub more: bool,
}

/// Answer of `GET /cs/v1/challenges/{id}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeAnswer {
    /// `cs1-challenge`.
    pub challenge: String,
}

/// `POST /cs/v1/responses`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseCall {
    /// `cs1-response`.
    pub response: String,
}

/// Its answer.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictAnswer {
    /// `cs1-verdict`.
    pub verdict: String,
}

/// The shape of a list cursor.
pub fn is_cursor(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_64_kib_is_read_and_one_byte_more_is_not() {
        let body = |length: usize| {
            let text = r#"{"token":"a"}"#;
            format!("{text}{}", " ".repeat(length - text.len())).into_bytes()
        };
        assert_eq!(
            parse::<OfferCall>(&body(BODY_CAP)).map(|call| call.token),
            Ok("a".to_owned())
        );
        let over = parse::<OfferCall>(&body(BODY_CAP + 1)).map(|call| call.token);
        assert_eq!(over, Err(Malformed("body too large")));
    }
}

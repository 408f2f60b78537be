//! Statements of any content, signed or almost.

use countersign_protocol::crypto::{SigningKey, Unspecified};
use countersign_protocol::encoding::{decode, encode};
use serde_json::{Value, json};

/// Whatever header and payload say, signed by this key.
///
/// # Errors
/// [`Unspecified`] when the key cannot sign.
pub fn forge(key: &SigningKey, header: &str, payload: &str) -> Result<String, Unspecified> {
    let (header, payload) = (encode(header.as_bytes()), encode(payload.as_bytes()));
    let signed = format!("{header}.{payload}");
    let signature = key.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", encode(&signature)))
}

/// A statement of this `typ` by this key, with these members.
pub(super) fn make(key: &SigningKey, typ: &str, members: &Value) -> Result<String, Unspecified> {
    forge(key, &header(key, typ), &members.to_string())
}

/// The header that belongs to a key and a `typ`.
pub(super) fn header(key: &SigningKey, typ: &str) -> String {
    let public = key.public();
    let kid = public.thumbprint().to_string();
    json!({ "alg": public.alg(), "kid": kid, "typ": format!("{typ}+jwt") }).to_string()
}

/// The members of a statement, unverified; nothing where it is none.
pub(super) fn members(compact: &str) -> Value {
    let payload = compact.split('.').nth(1).and_then(decode);
    let payload = payload.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    payload.unwrap_or_default()
}

/// H of a statement, unverified.
pub(super) fn hash(compact: &str) -> String {
    let signed = compact.rsplit_once('.').map_or("", |(signed, _)| signed);
    countersign_protocol::Digest::of(&[signed.as_bytes()]).to_string()
}

/// One bit of the signature is another one.
pub(super) fn flip(compact: &str) -> String {
    let (signed, signature) = compact.rsplit_once('.').unwrap_or_default();
    let mut bytes = decode(signature).unwrap_or_default();
    if let Some(byte) = bytes.get_mut(20) {
        *byte ^= 1;
    }
    format!("{signed}.{}", encode(&bytes))
}

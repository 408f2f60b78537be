//! A compact JWS put together by hand: any payload, signed.

use countersign_protocol::crypto::{PublicKey, SigningKey};
use countersign_protocol::encoding::encode;

/// Header, payload and signature of this key.
pub fn sign(typ: &str, payload: &[u8], key: &SigningKey) -> String {
    let by = |message: &[u8]| key.sign(message).expect("a key in memory signs");
    put_together(typ, payload, &key.public(), by)
}

/// The same for a key elsewhere.
pub fn put_together(
    typ: &str,
    payload: &[u8],
    public: &PublicKey,
    sign: impl Fn(&[u8]) -> [u8; 64],
) -> String {
    let (alg, kid) = (public.alg(), public.thumbprint());
    let header = format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"}}"#);
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload));
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", encode(&signature))
}

/// The same with one bit of the signature turned.
pub fn spoilt(compact: &str, bit: u8) -> String {
    let (signed, signature) = compact.rsplit_once('.').expect("three parts");
    let mut signature = countersign_protocol::encoding::decode(signature).expect("base64url");
    let at = usize::from(bit) % (signature.len() * 8);
    signature[at / 8] ^= 1 << (at % 8);
    format!("{signed}.{}", encode(&signature))
}

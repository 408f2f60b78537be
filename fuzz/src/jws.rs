//! A compact JWS put together by hand: any payload, signed.

use countersign_protocol::crypto::SigningKey;
use countersign_protocol::encoding::encode;

/// Header, payload and signature of this key.
pub fn sign(typ: &str, payload: &[u8], key: &SigningKey) -> String {
    let (alg, kid) = (key.public().alg(), key.public().thumbprint());
    let header = format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"}}"#);
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload));
    let signature = key.sign(signed.as_bytes()).expect("a key in memory signs");
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

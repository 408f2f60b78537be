//! Keys and statements of `protocol.json`.

use countersign_protocol::crypto::{PublicKey, Secret, SigningKey};
use countersign_protocol::encoding::{decode, encode};
use serde_json::{Map, Value};

/// The file.
pub(super) struct Published(Value);

/// The document of a P-256 key (RFC 5958, RFC 5915) up to its number, and between that and its point.
const PKCS8: &str = "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420";
const POINT: &str = "a14403420004";

impl Published {
    pub(super) fn load() -> Self {
        let text = include_str!("../../vectors/protocol.json");
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    pub(super) fn at(&self, pointer: &str) -> &Value {
        let found = self.0.pointer(pointer);
        found.unwrap_or_else(|| panic!("{pointer} is not there"))
    }

    pub(super) fn text(&self, pointer: &str) -> &str {
        let text = self.at(pointer).as_str();
        text.unwrap_or_else(|| panic!("{pointer} is no text"))
    }

    pub(super) fn statement(&self, name: &str) -> &str {
        self.text(&format!("/statements/{name}/statement"))
    }

    pub(super) fn hash(&self, name: &str) -> &str {
        self.text(&format!("/statements/{name}/H"))
    }

    /// What a statement says.
    pub(super) fn payload(&self, name: &str) -> String {
        payload(self.statement(name))
    }

    pub(super) fn secret(&self, pointer: &str) -> Secret {
        let bytes = unhex(self.text(pointer));
        Secret::new(
            bytes
                .try_into()
                .unwrap_or_else(|_| panic!("{pointer}: 32 bytes")),
        )
    }

    pub(super) fn public(&self, name: &str) -> PublicKey {
        let jwk = self.at(&format!("/public_keys/{name}/jwk")).clone();
        serde_json::from_value(jwk).unwrap_or_else(|_| panic!("{name} is no key"))
    }

    pub(super) fn thumbprint(&self, name: &str) -> &str {
        self.text(&format!("/public_keys/{name}/thumbprint"))
    }

    /// Every public key by its name.
    pub(super) fn public_keys(&self) -> Value {
        let mut all = Map::new();
        if let Value::Object(keys) = self.at("/public_keys") {
            for (name, key) in keys {
                all.insert(name.clone(), key["jwk"].clone());
            }
        }
        Value::Object(all)
    }

    /// A key that signs.
    pub(super) fn key(&self, name: &str) -> SigningKey {
        let secret = self.secret(&format!("/public_keys/{name}/secret"));
        let key = match self.public(name) {
            PublicKey::Ed25519(_) => SigningKey::ed25519_from_seed(&secret),
            PublicKey::P256(x, y) => {
                let document = [&unhex(PKCS8)[..], &secret[..], &unhex(POINT), &x, &y].concat();
                SigningKey::from_pkcs8(&document)
            }
        };
        key.unwrap_or_else(|_| panic!("{name} does not sign"))
    }
}

pub(super) fn unhex(text: &str) -> Vec<u8> {
    let bytes = countersign_vectors::unhex(text);
    bytes.unwrap_or_else(|| panic!("{text} is not hexadecimal"))
}

pub(super) fn payload(statement: &str) -> String {
    let part = statement.split('.').nth(1).and_then(decode);
    let part = part.and_then(|bytes| String::from_utf8(bytes).ok());
    part.unwrap_or_else(|| panic!("no statement: {statement}"))
}

/// The header that a key signs under.
pub(super) fn header(typ: &str, alg: &str, key: &SigningKey) -> String {
    let kid = key.public().thumbprint();
    format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"}}"#)
}

/// Header and payload, signed, whatever they are.
pub(super) fn forge(header: &str, payload: &str, key: &SigningKey) -> String {
    let message = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(payload.as_bytes())
    );
    let signature = key.sign(message.as_bytes());
    let signature = signature.unwrap_or_else(|_| panic!("a key that does not sign"));
    format!("{message}.{}", encode(&signature))
}

/// A statement that says this, rightly signed.
pub(super) fn signed(typ: &str, payload: &str, key: &SigningKey) -> String {
    forge(&header(typ, key.public().alg(), key), payload, key)
}

/// Whether `header.payload` names a key whose signatures differ each time.
pub(super) fn is_by_p256(signed: &str) -> bool {
    let header = signed.split('.').next().and_then(decode);
    let header = String::from_utf8(header.unwrap_or_default()).unwrap_or_default();
    let published = Published::load();
    let names = ["K_dev", "K_uv", "K_uv2", "K_dev of a second phone"];
    names
        .iter()
        .any(|name| header.contains(published.thumbprint(name)))
}

/// A text whose marks `{x*n}` stand for `x`, n times.
pub(super) fn expand(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        whole.push_str(before);
        let mark = after.split_once('}').and_then(|(mark, behind)| {
            let (of, times) = mark.split_once('*')?;
            let times: usize = times.parse().ok()?;
            (of.chars().count() == 1).then(|| (of.repeat(times), behind))
        });
        rest = match mark {
            Some((repeated, behind)) => {
                whole.push_str(&repeated);
                behind
            }
            None => {
                whole.push('{');
                after
            }
        };
    }
    whole.push_str(rest);
    whole
}

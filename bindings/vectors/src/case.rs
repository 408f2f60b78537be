//! One vector, and its inputs as what they stand for.

use crate::hex::unhex;
use crate::{Answer, Unreadable};
use countersign_protocol::crypto::{PublicKey, Secret};
use countersign_protocol::{Digest, Id};
use serde_json::Value;

/// An answer, if the vector can be read.
pub(crate) type Read<T = Answer> = Result<T, Unreadable>;

pub(crate) struct Case<'a> {
    pub(crate) keys: &'a Value,
    pub(crate) vector: &'a Value,
}

/// An input that is not as the operation wants it.
pub(crate) fn bad(name: &str) -> Unreadable {
    Unreadable::Member { name: name.into() }
}

impl<'a> Case<'a> {
    pub(crate) fn text(&self, name: &str) -> Read<&'a str> {
        self.vector[name].as_str().ok_or_else(|| bad(name))
    }

    /// A text that need not be there.
    pub(crate) fn given(&self, name: &str) -> Read<Option<&'a str>> {
        match self.vector.get(name) {
            None => Ok(None),
            Some(_) => self.text(name).map(Some),
        }
    }

    /// Several texts.
    pub(crate) fn texts(&self, name: &str) -> Read<Vec<&'a str>> {
        let texts = self.vector[name].as_array().ok_or_else(|| bad(name))?;
        let texts: Option<Vec<&str>> = texts.iter().map(Value::as_str).collect();
        texts.ok_or_else(|| bad(name))
    }

    pub(crate) fn number(&self, name: &str) -> Read<u64> {
        self.vector[name].as_u64().ok_or_else(|| bad(name))
    }

    pub(crate) fn digest(&self, name: &str) -> Read<Digest> {
        Digest::parse(self.text(name)?).ok_or_else(|| bad(name))
    }

    pub(crate) fn id(&self, name: &str) -> Read<Id> {
        Id::parse(self.text(name)?).ok_or_else(|| bad(name))
    }

    /// Bytes, written in hexadecimal.
    pub(crate) fn bytes(&self, name: &str) -> Read<Vec<u8>> {
        unhex(self.text(name)?).ok_or_else(|| bad(name))
    }

    pub(crate) fn secret(&self, name: &str) -> Read<Secret> {
        let bytes = self.bytes(name)?.try_into().map_err(|_| bad(name))?;
        Ok(Secret::new(bytes))
    }

    /// The key that has this name in the file.
    pub(crate) fn key(&self, name: &str) -> Read<PublicKey> {
        serde_json::from_value(self.keys[name].clone())
            .map_err(|_| Unreadable::Key { name: name.into() })
    }

    /// The keys that may have signed.
    pub(crate) fn by(&self) -> Read<Vec<PublicKey>> {
        let names = self.texts("by")?.into_iter();
        names.map(|name| self.key(name)).collect()
    }
}

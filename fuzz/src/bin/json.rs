//! The strict JSON reader, beside a second one that is written here from section 1 alone: they take the same texts, and read the
//! same from them.
#![no_main]

use countersign_protocol::json;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let ours: Option<Value> = json::parse(data).ok();
    // A BOM is no JSON for either.
    let mut reader = serde_json::Deserializer::from_slice(data);
    let theirs = Plain { depth: 0 }.deserialize(&mut reader);
    let theirs = theirs.ok().filter(|_| reader.end().is_ok());
    assert_eq!(ours, theirs);
    if let Some(value) = ours {
        let text = json::write(&value).expect("it can be written");
        assert_eq!(json::parse(text.as_bytes()), Ok(value));
    }
});

/// Reads a value inside `depth` others.
#[derive(Clone, Copy)]
struct Plain {
    depth: usize,
}

impl Plain {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        let fits = depth <= 6;
        fits.then_some(Self { depth }).ok_or(E::custom("depth"))
    }
}

impl<'de> DeserializeSeed<'de> for Plain {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON of section 1")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        let fits = value <= (1 << 53) - 1;
        fits.then(|| value.into()).ok_or(E::custom("2^53-1"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = serde_json::Map::new();
        while let Some(name) = map.next_key::<String>()? {
            // A free value has no members that could be there twice: that is the typed readers' to refuse.
            members.insert(name, map.next_value_seed(inner)?);
        }
        Ok(Value::Object(members))
    }
}

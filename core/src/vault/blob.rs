//! Bytes that the hardware wrapped.

use countersign_protocol::encoding::{decode, encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// As [`crate::ports::DeviceKeys::wrap`] gave them; worth nothing on another device.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Blob(pub(crate) Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not base64url"))
    }
}

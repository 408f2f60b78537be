//! An origin (RFC 6454): `https://host[:port]`, lower case, punycode, no slash, no `:443`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Where a server is, and who it is. Only https exists.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

/// Not an origin of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an https origin in its plain form (https://host[:port], lower case, punycode)")]
pub struct NotAnOrigin;

impl Origin {
    /// Reads one.
    ///
    /// # Errors
    /// [`NotAnOrigin`] for another scheme, userinfo, a path, capitals, characters outside ASCII, a
    /// default port, or an empty or over-long label.
    pub fn parse(text: &str) -> Result<Self, NotAnOrigin> {
        Self::from_text(text.to_owned())
    }

    fn from_text(text: String) -> Result<Self, NotAnOrigin> {
        let authority = text.strip_prefix("https://").ok_or(NotAnOrigin)?;
        if is_host(authority) {
            Ok(Self(text))
        } else {
            Err(NotAnOrigin)
        }
    }

    /// The whole of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `host[:port]`: what a person is shown.
    pub fn host(&self) -> &str {
        self.0.trim_start_matches("https://")
    }
}

/// Whether the text is `host[:port]` as an origin has it: host up to 253 characters of labels
/// `[a-z0-9-]{1,63}` (not `-` at an end), port 1–65535 without leading zero and not 443.
pub fn is_host(text: &str) -> bool {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let port_fits = |port: &str| {
        !port.starts_with('0')
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|number| number != 443)
    };
    name.len() <= 253 && name.split('.').all(label) && port.is_none_or(port_fits)
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_text(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_prints_as_it_is() {
        let origin = Origin::parse("https://id.example.com").unwrap();
        assert_eq!(
            format!("{origin} {origin:?}"),
            "https://id.example.com https://id.example.com"
        );
    }

    #[test]
    fn plain_https_origins_are_taken() {
        for good in [
            "https://id.example.com",
            "https://localhost:8443",
            "https://xn--mnchen-3ya.example",
            "https://10.0.0.1:1",
        ] {
            let origin = Origin::parse(good).unwrap();
            assert_eq!(format!("https://{}", origin.host()), good);
        }
    }

    #[test]
    fn everything_else_is_not_an_origin() {
        let long = format!("https://{}.example", "a".repeat(64));
        for bad in [
            "http://id.example.com",
            "http://localhost",
            "https://",
            "https://Id.example.com",
            "https://münchen.example",
            "https://a@b.example",
            "https://a.example/",
            "https://a.example:443",
            "https://a.example:0",
            "https://a.example:080",
            "https://a.example:65536",
            "https://a.example:",
            "https://a.example:+1",
            "https://a..example",
            "https://-a.example",
            "https://a.example.",
            "https://a.example#x",
            "https://a example",
            "HTTPS://a.example",
            "https://[::1]",
            &long,
        ] {
            assert_eq!(Origin::parse(bad), Err(NotAnOrigin), "{bad}");
        }
    }
}

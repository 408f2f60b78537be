//! The one URL to which a service provider's responses are sent.

use thiserror::Error;

const MAX_LENGTH: usize = 2048;

/// Why a URL cannot be an assertion consumer service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AcsUrlError {
    /// Neither `https://` nor, for a loopback host, `http://`.
    #[error("the URL must begin with https:// (http:// for a loopback address only)")]
    Scheme,
    /// The host is missing or malformed, has user information before it, or an invalid port.
    #[error("the URL's host is missing or malformed")]
    Host,
    /// A fragment, or a character that must be percent-encoded in a URL (RFC 3986).
    #[error("the URL has a fragment or a character that must be percent-encoded")]
    Character,
    /// Longer than 2048 characters.
    #[error("the URL is too long")]
    TooLong,
}

/// An Assertion Consumer Service URL, kept octet by octet as it was registered, query included:
/// form action, `Destination` and `Recipient` all repeat it exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcsUrl {
    text: String,
    origin: usize,
}

impl AcsUrl {
    /// Checks a URL that an administrator registers. Nothing is normalised.
    ///
    /// # Errors
    /// Any [`AcsUrlError`].
    pub fn new(text: &str) -> Result<Self, AcsUrlError> {
        if text.len() > MAX_LENGTH {
            return Err(AcsUrlError::TooLong);
        }
        let (scheme, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => ("https://", rest),
            (_, Some(rest)) => ("http://", rest),
            _ => return Err(AcsUrlError::Scheme),
        };
        if !rest.bytes().all(is_url_byte) {
            return Err(AcsUrlError::Character);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let host = host_of(&rest[..end]).ok_or(AcsUrlError::Host)?;
        // An assertion in the clear is a login for whoever listens; on loopback nobody can.
        if scheme == "http://" && !is_loopback(host) {
            return Err(AcsUrlError::Scheme);
        }
        Ok(Self {
            text: text.to_owned(),
            origin: scheme.len() + end,
        })
    }

    /// The URL as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port, for the `form-action` of a Content-Security-Policy.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.text[..self.origin]
    }
}

/// Printable ASCII that may stand in a URL (RFC 3986, 2), without `#`.
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte)
}

/// The host of `host[:port]`; user information is no host.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = if authority.starts_with('[') {
        let (host, port) = authority.split_at(authority.find(']')? + 1);
        host[1..host.len() - 1].parse::<std::net::Ipv6Addr>().ok()?;
        (host, port)
    } else {
        let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if host.is_empty() || !host.bytes().all(allowed) {
            return None;
        }
        (host, port)
    };
    if !port.is_empty() {
        let digits = port.strip_prefix(':')?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) || digits.parse::<u16>().ok()? == 0 {
            return None;
        }
    }
    Some(host)
}

fn is_loopback(host: &str) -> bool {
    let v4 = || host.parse::<std::net::Ipv4Addr>().ok();
    host == "localhost" || host == "[::1]" || v4().is_some_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_kept_octet_by_octet() {
        for (text, origin) in [
            (
                "https://auth.atlassian.com/login/callback?connection=saml-1%2F2",
                "https://auth.atlassian.com",
            ),
            (
                "https://SP.example:8443/a//b/../c",
                "https://SP.example:8443",
            ),
            ("https://sp.example", "https://sp.example"),
            ("https://sp.example?x=@", "https://sp.example"),
            ("https://[2001:db8::1]:444/acs", "https://[2001:db8::1]:444"),
            ("http://127.0.0.1:8081/acs", "http://127.0.0.1:8081"),
            ("http://localhost/acs", "http://localhost"),
            ("http://[::1]:80/acs", "http://[::1]:80"),
        ] {
            let url = AcsUrl::new(text).unwrap();
            assert_eq!(url.as_str(), text);
            assert_eq!(url.origin(), origin);
        }
    }

    #[test]
    fn row_08_what_cannot_be_a_consumer_url_is_refused_at_registration() {
        use AcsUrlError::{Character, Host, Scheme, TooLong};
        for (text, error) in [
            ("javascript:alert(1)", Scheme),
            ("data:text/html,x", Scheme),
            ("HTTPS://sp.example/", Scheme),
            ("//sp.example/", Scheme),
            ("", Scheme),
            (" https://sp.example/", Scheme),
            ("http://sp.example/acs", Scheme),
            ("http://127.0.0.1.evil.example/acs", Scheme),
            ("http://localhost.evil.example/acs", Scheme),
            ("https://user@sp.example/", Host),
            ("https://user:pw@sp.example/", Host),
            ("https:///acs", Host),
            ("https://?a", Host),
            ("https://sp.example:/", Host),
            ("https://sp.example:0/", Host),
            ("https://sp.example:99999/", Host),
            ("https://sp.example:+80/", Host),
            ("https://[::1/", Host),
            ("https://[sp]/", Host),
            ("https://sp%2eexample/", Host),
            ("https://sp.example/#fragment", Character),
            ("https://sp.example/a b", Character),
            ("https://sp.example/\"x", Character),
            ("https://sp.example/<x>", Character),
            ("https://sp.example\\@evil.example/", Character),
            ("https://sp.example/\n", Character),
            ("https://spé.example/", Character),
        ] {
            assert_eq!(AcsUrl::new(text), Err(error), "{text}");
        }
        let long = format!("https://sp.example/{}", "a".repeat(2048));
        assert_eq!(AcsUrl::new(&long), Err(TooLong));
    }
}

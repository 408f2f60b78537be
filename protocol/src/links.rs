//! Links and scanned texts besides the invitation: a request on the same device, and the number of a
//! request (protocol sections 6 and 15). Neither holds a secret.

use crate::encoding::Id;
use crate::fragment::{self, NotOne};
use crate::json::Malformed;

pub use crate::fragment::CAP;
use crate::origin::Origin;
use serde::{Deserialize, Serialize};

/// [Open on this phone]: `<origin>/c#<b64u(json)>`, or the same behind a brand's own scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeLink {
    /// The server.
    pub origin: Origin,
    /// The `txn` to fetch.
    pub txn: Id,
}

/// Why a text is not such a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotALink {
    /// Over [`CAP`]; nothing was parsed.
    #[error("longer than a link can be")]
    TooLong,
    /// Of a version that this app doesn't know.
    #[error("a link of another version")]
    Version,
    /// Something else.
    #[error("not a link to a request")]
    Malformed,
}

impl NotALink {
    /// A stable name, as the vectors have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Version => "version",
            Self::Malformed => "malformed",
        }
    }
}

impl From<NotOne> for NotALink {
    fn from(why: NotOne) -> Self {
        match why {
            NotOne::TooLong => Self::TooLong,
            NotOne::Version => Self::Version,
            NotOne::Malformed => Self::Malformed,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fragment {
    v: u64,
    s: Origin,
    c: Id,
}

impl ChallengeLink {
    /// The verified app link, which without the app opens a page of the server.
    ///
    /// # Errors
    /// [`Malformed`] when it would be longer than [`CAP`].
    pub fn to_link(&self) -> Result<String, Malformed> {
        self.behind(&format!("{}/c", self.origin))
    }

    /// The link in a brand's own scheme (RFC 3986 section 3.1, lower case).
    ///
    /// # Errors
    /// [`Malformed`] when it is no scheme of an app or the link would be longer than [`CAP`].
    pub fn to_scheme_link(&self, scheme: &str) -> Result<String, Malformed> {
        if is_scheme(scheme) {
            self.behind(&format!("{scheme}://c"))
        } else {
            Err(Malformed("scheme"))
        }
    }

    fn behind(&self, address: &str) -> Result<String, Malformed> {
        let fragment = Fragment {
            v: 1,
            s: self.origin.clone(),
            c: self.txn,
        };
        fragment::write(address, &fragment)
    }

    /// Reads a link that was opened; `scheme` is the app's own, if it has one. Any other scheme, plain
    /// http above all, is no link.
    ///
    /// # Errors
    /// [`NotALink`].
    pub fn parse(link: &str, scheme: Option<&str>) -> Result<Self, NotALink> {
        let (address, Fragment { s, c, .. }) = fragment::read(link)?;
        let own = |scheme: &str| is_scheme(scheme) && address.strip_prefix(scheme) == Some("://c");
        if address.strip_prefix(s.as_str()) == Some("/c") || scheme.is_some_and(own) {
            Ok(Self { origin: s, txn: c })
        } else {
            Err(NotALink::Malformed)
        }
    }
}

/// A scheme that an app may own: never one of the web's.
pub fn is_scheme(text: &str) -> bool {
    let inner = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'.' | b'-');
    (2..=64).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(inner)
        && !matches!(text, "http" | "https" | "javascript" | "data")
}

/// What the waiting page's small QR code says: the number of a request, to be scanned instead of
/// typed. It fills the field of an open request of this `txn` and does nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedNumber {
    /// Of which request.
    pub txn: Id,
    /// Two digits, or six.
    pub digits: String,
}

const NUMBER: &str = "CS1N:";

impl ScannedNumber {
    /// The text of the QR code.
    pub fn to_text(&self) -> String {
        format!("{NUMBER}{}.{}", self.txn, self.digits)
    }

    /// Reads one; `None` for anything else.
    pub fn parse(scanned: &str) -> Option<Self> {
        let (txn, digits) = scanned.strip_prefix(NUMBER)?.split_once('.')?;
        let fits = matches!(digits.len(), 2 | 6) && digits.bytes().all(|c| c.is_ascii_digit());
        let txn = Id::parse(txn)?;
        fits.then(|| Self {
            txn,
            digits: digits.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::encode;
    use proptest::prelude::*;

    fn sample() -> ChallengeLink {
        ChallengeLink {
            origin: Origin::parse("https://id.example.com:8443").unwrap(),
            txn: Id::from([3; 16]),
        }
    }

    fn read(link: &str) -> Result<ChallengeLink, NotALink> {
        ChallengeLink::parse(link, Some("nordwall-id"))
    }

    #[test]
    fn a_link_is_read_as_it_was_made_in_both_forms() {
        let (web, own) = (
            sample().to_link().unwrap(),
            sample().to_scheme_link("nordwall-id").unwrap(),
        );
        assert!(own.starts_with("nordwall-id://c#"));
        assert_eq!((read(&web), read(&own)), (Ok(sample()), Ok(sample())));
        assert_eq!(ChallengeLink::parse(&web, None), Ok(sample()));
        assert_eq!(ChallengeLink::parse(&own, None), Err(NotALink::Malformed));
    }

    #[test]
    fn every_reason_has_the_name_that_the_vectors_have() {
        let whys = [NotALink::TooLong, NotALink::Version, NotALink::Malformed];
        assert_eq!(
            whys.map(NotALink::code),
            ["too_long", "version", "malformed"]
        );
    }

    #[test]
    fn only_a_scheme_of_an_app_makes_a_link() {
        for bad in [
            "",
            "x",
            "http",
            "https",
            "javascript",
            "data",
            "Nordwall",
            "1app",
            "a b",
            "a:b",
            "a/",
        ] {
            assert!(sample().to_scheme_link(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn row_41_links_to_requests_that_are_not() {
        use NotALink as No;
        let good = sample().to_link().unwrap();
        let json = |text: &str| format!("https://id.example.com/c#{}", encode(text.as_bytes()));
        let txn = sample().txn;
        let body = format!(r#"{{"v":1,"s":"https://id.example.com","c":"{txn}"}}"#);
        assert!(read(&json(&body)).is_ok());
        for (text, why) in [
            (good.replace("https:", "http:"), No::Malformed),
            (good.replace("https://", "nordwall-id://"), No::Malformed),
            (good.replace("/c#", "/e#"), No::Malformed),
            (good.replace("/c#", "/c/#"), No::Malformed),
            (good.replace("/c#", "/c?x#"), No::Malformed),
            (good.replace("id.example", "evil.example"), No::Malformed),
            (good.replace(":8443/c", "/c"), No::Malformed),
            (format!("{good}="), No::Malformed),
            (format!("{good}{}", "A".repeat(CAP)), No::TooLong),
            (json(&body.replace(r#""v":1"#, r#""v":2"#)), No::Version),
            (json(r#"{"v":2,"new":[]}"#), No::Version),
            (json(&body.replace("https", "http")), No::Malformed),
            (
                json(&body.replace(r#""v":1"#, r#""v":1,"v":1"#)),
                No::Malformed,
            ),
            (json(&body.replace('}', r#","t":"x"}"#)), No::Malformed),
            (json(&body.replace(&txn.to_string(), "AAAA")), No::Malformed),
            (String::new(), No::Malformed),
            ("nordwall-id://c".into(), No::Malformed),
        ] {
            assert_eq!(read(&text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_number_is_two_or_six_digits_of_one_request() {
        let number = ScannedNumber {
            txn: Id::from([3; 16]),
            digits: "07".into(),
        };
        let text = number.to_text();
        assert_eq!(ScannedNumber::parse(&text), Some(number));
        assert!(ScannedNumber::parse(&format!("{text}1234")).is_some());
        for bad in [
            "".into(),
            text.to_lowercase(),
            text.replace('.', ":"),
            text.replace("CS1N", "CS1Q"),
            format!("{text}1"),
            format!("{text} "),
            text.replace("07", "0x"),
            text.replace("07", "٠٧"),
            text.replace("CS1N:", "CS1N:A"),
        ] {
            assert_eq!(ScannedNumber::parse(&bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_scanned_never_panics(text: String) {
            let _ = read(&text);
            let _ = ScannedNumber::parse(&text);
            let _ = ScannedNumber::parse(&format!("CS1N:{text}"));
        }
    }
}

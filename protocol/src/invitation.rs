//! The link or QR code that starts an enrolment (protocol section 5):
//! `<origin>/e[/<brand>]#<b64u(json)>`. The fragment never leaves the phone.

use crate::encoding::{Id, Thumbprint};
pub use crate::fragment::CAP;
use crate::fragment::{self, NotOne};
use crate::json::Malformed;
use crate::origin::Origin;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where to enrol, whom to expect there, and the right to do it once.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The server.
    pub origin: Origin,
    /// The thumbprint of its root key, pinned from now on.
    pub root: Thumbprint,
    /// The secret that the server takes once.
    pub token: Id,
    /// Until when, seconds, on the server's clock.
    pub expires: u64,
    /// Which app it was meant for, if the link says so; `[a-z0-9-]{1,32}`.
    pub brand: Option<String>,
}

/// Why a text is not an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnInvitation {
    /// Over [`CAP`]; nothing was parsed.
    #[error("longer than an invitation can be")]
    TooLong,
    /// Plain `http`: there is no such server.
    #[error("invitations are https only")]
    NotHttps,
    /// Of a version that this app doesn't know.
    #[error("an invitation of another version")]
    Version,
    /// Something else.
    #[error("not an invitation")]
    Malformed,
}

impl NotAnInvitation {
    /// A stable name, as the vectors have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::NotHttps => "not_https",
            Self::Version => "version",
            Self::Malformed => "malformed",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fragment {
    v: u64,
    s: Origin,
    k: Thumbprint,
    t: Id,
    x: u64,
}

impl From<NotOne> for NotAnInvitation {
    fn from(why: NotOne) -> Self {
        match why {
            NotOne::TooLong => Self::TooLong,
            NotOne::Version => Self::Version,
            NotOne::Malformed => Self::Malformed,
        }
    }
}

impl Invitation {
    /// The link.
    ///
    /// # Errors
    /// [`Malformed`] when it would be longer than [`CAP`] or the brand is none.
    pub fn to_link(&self) -> Result<String, Malformed> {
        let fragment = Fragment {
            v: 1,
            s: self.origin.clone(),
            k: self.root,
            t: self.token,
            x: self.expires,
        };
        let path = match &self.brand {
            Some(brand) if is_brand(brand) => format!("/e/{brand}"),
            Some(_) => return Err(Malformed("brand")),
            None => "/e".to_owned(),
        };
        fragment::write(&format!("{}{path}", self.origin), &fragment)
    }

    /// Reads a link that was scanned or opened. Only https links are invitations: a custom scheme
    /// never carries the token.
    ///
    /// # Errors
    /// [`NotAnInvitation`].
    pub fn parse(link: &str) -> Result<Self, NotAnInvitation> {
        use NotAnInvitation as No;
        let scheme = link.get(..5).unwrap_or_default();
        if link.len() <= CAP && scheme.eq_ignore_ascii_case("http:") {
            return Err(No::NotHttps);
        }
        let (address, fragment) = fragment::read(link)?;
        let Fragment { s, k, t, x, .. } = fragment;
        let brand = match address.strip_prefix(s.as_str()) {
            Some("/e") => None,
            Some(path) => match path.strip_prefix("/e/") {
                Some(brand) if is_brand(brand) => Some(brand.to_owned()),
                _ => return Err(No::Malformed),
            },
            None => return Err(No::Malformed),
        };
        Ok(Self {
            origin: s,
            root: k,
            token: t,
            expires: x,
            brand,
        })
    }
}

/// Whether a text can name a brand in a link.
pub fn is_brand(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// It holds a token.
impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invitation({})", self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{Digest, encode};

    fn invitation(brand: Option<&str>) -> Invitation {
        Invitation {
            origin: Origin::parse("https://id.example.com:8443").unwrap(),
            root: Thumbprint(Digest::from([1; 32])),
            token: Id::from([2; 16]),
            expires: 1_800_000_600,
            brand: brand.map(str::to_owned),
        }
    }

    fn link(json: &str) -> String {
        format!("https://id.example.com/e#{}", encode(json.as_bytes()))
    }

    #[test]
    fn a_link_is_read_as_it_was_made() {
        for brand in [None, Some("acme-2")] {
            let invitation = invitation(brand);
            assert_eq!(
                Invitation::parse(&invitation.to_link().unwrap()).unwrap(),
                invitation
            );
        }
        assert!(invitation(Some("Acme")).to_link().is_err());
    }

    #[test]
    fn row_41_invitation_links_that_are_not() {
        use NotAnInvitation as No;
        let k = Digest::from([1; 32]);
        let t = Id::from([2; 16]);
        let json = |s: &str, v: u8| format!(r#"{{"v":{v},"s":"{s}","k":"{k}","t":"{t}","x":1}}"#);
        assert!(Invitation::parse(&link(&json("https://id.example.com", 1))).is_ok());
        let good = invitation(None).to_link().unwrap();
        let twice = json("https://id.example.com", 1).replace(r#""x":1"#, r#""x":1,"x":1"#);
        let cases = [
            (good.replace("https:", "http:"), No::NotHttps),
            ("http://localhost/e#e30".into(), No::NotHttps),
            ("HTTP://localhost/e#e30".into(), No::NotHttps),
            (good.replace("https://", "countersign://"), No::Malformed),
            (good.replace("/e#", "/x#"), No::Malformed),
            (good.replace("/e#", "/e/#"), No::Malformed),
            (good.replace("/e#", "/e?x#"), No::Malformed),
            (good.replace(":8443/e", "/e"), No::Malformed),
            (good.replace("id.example", "evil.example"), No::Malformed),
            (format!("{good}="), No::Malformed),
            (good[..good.len() - 3].to_owned(), No::Malformed),
            (format!("{good}{}", "A".repeat(CAP)), No::TooLong),
            (link(&json("https://id.example.com", 2)), No::Version),
            (link(r#"{"v":2,"other":1}"#), No::Version),
            (link(&json("http://id.example.com", 1)), No::Malformed),
            (link(&json("https://user@id.example.com", 1)), No::Malformed),
            (link(&json("https://ID.example.com", 1)), No::Malformed),
            (link(&json("https://id.ех.com", 1)), No::Malformed),
            (
                link(r#"{"v":1,"s":"https://id.example.com"}"#),
                No::Malformed,
            ),
            (link(&twice), No::Malformed),
            (
                format!("https://id.example.com/e#{}", encode(b"\xff\xfe{}")),
                No::Malformed,
            ),
            ("".into(), No::Malformed),
            ("\u{202e}".into(), No::Malformed),
        ];
        for (text, why) in cases {
            assert_eq!(Invitation::parse(&text), Err(why), "{text}");
        }
    }

    #[test]
    fn the_reasons_have_stable_names() {
        use NotAnInvitation::{Malformed, NotHttps, TooLong, Version};
        let names = [TooLong, NotHttps, Version, Malformed].map(NotAnInvitation::code);
        assert_eq!(names, ["too_long", "not_https", "version", "malformed"]);
    }

    #[test]
    fn it_is_logged_by_its_server_and_without_its_token() {
        let logged = format!("{:?}", invitation(None));
        assert_eq!(logged, "Invitation(https://id.example.com:8443)");
    }
}

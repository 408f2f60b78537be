//! What a person scanned, opened or typed.

use super::Refusal;
use crate::config::Config;
use countersign_protocol::invitation::Invitation;
use countersign_protocol::typed_code::TypedCode;
use countersign_protocol::{Origin, Thumbprint};
use zeroize::Zeroizing;

/// Where to enrol, whom to expect there, and the right to do it once.
pub(super) struct Invite {
    pub(super) origin: Origin,
    pub(super) root: Thumbprint,
    /// As the server gets it.
    pub(super) token: Zeroizing<String>,
    /// Until when, seconds; a typed code doesn't say.
    pub(super) expires: Option<u64>,
}

impl Invite {
    /// Reads a link or a typed code. Links to servers outside the app's list, and codes of servers
    /// that aren't in it, are refused before anything is sent.
    pub(super) fn read(text: &str, config: &Config) -> Result<Self, Refusal> {
        let text = text.trim();
        let invite = if text.contains(':') {
            Self::of_link(text)?
        } else {
            Self::of_code(text, config)?
        };
        if config.allows(&invite.origin) {
            Ok(invite)
        } else {
            Err(Refusal::Host)
        }
    }

    fn of_link(link: &str) -> Result<Self, Refusal> {
        let Invitation {
            origin,
            root,
            token,
            expires,
            ..
        } = Invitation::parse(link).map_err(|_| Refusal::Malformed)?;
        let token = Zeroizing::new(token.to_string());
        Ok(Self {
            origin,
            root,
            token,
            expires: Some(expires),
        })
    }

    fn of_code(typed: &str, config: &Config) -> Result<Self, Refusal> {
        let code = TypedCode::parse(typed).map_err(|_| Refusal::Malformed)?;
        let server = config
            .servers
            .iter()
            .find(|server| code.names(&server.root));
        let server = server.ok_or(Refusal::Host)?;
        Ok(Self {
            origin: server.origin.clone(),
            root: server.root,
            token: Zeroizing::new(code.token().to_owned()),
            expires: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KnownServer;
    use crate::testkit::config;
    use countersign_protocol::encoding::encode;
    use countersign_protocol::{Digest, Id};

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    fn root() -> Thumbprint {
        Thumbprint(Digest::from([7; 32]))
    }

    fn link(origin: &str, json: &str) -> String {
        format!("{origin}/e#{}", encode(json.as_bytes()))
    }

    fn good() -> String {
        let (origin, token) = (origin("https://id.example"), Id::from([1; 16]));
        Invitation {
            origin,
            root: root(),
            token,
            expires: 2000,
            brand: None,
        }
        .to_link()
        .unwrap()
    }

    fn refusal(text: &str) -> Option<Refusal> {
        Invite::read(text, &config()).err()
    }

    #[test]
    fn a_link_and_a_code_name_server_root_and_token() {
        let invite = Invite::read(&format!(" {}\n", good()), &config())
            .ok()
            .unwrap();
        assert_eq!(
            (invite.origin, invite.root),
            (origin("https://id.example"), root())
        );
        assert_eq!((invite.token.len(), invite.expires), (22, Some(2000)));

        let server = KnownServer {
            origin: origin("https://id.example"),
            root: root(),
        };
        let known = Config {
            servers: vec![server],
            ..config()
        };
        let code = TypedCode::new(&[1; 16], &root());
        let invite = Invite::read(code.as_str(), &known).ok().unwrap();
        assert_eq!(
            (invite.token.as_str(), invite.expires),
            (code.token(), None)
        );
        assert_eq!(invite.origin, origin("https://id.example"));
    }

    #[test]
    fn row_41_what_is_no_invitation_is_refused_before_anything_is_sent() {
        let (k, t) = (root(), Id::from([1; 16]));
        let json =
            |s: &str, v: u64| format!(r#"{{"v":{v},"s":"{s}","k":"{k}","t":"{t}","x":2000}}"#);
        let fine = json("https://id.example", 1);
        assert_eq!(refusal(&link("https://id.example", &fine)), None);
        for bad in [
            String::new(),
            "hello".into(),
            "otpauth://totp/x?secret=ABC".into(),
            good().replace("https://", "countersign://"),
            good().replace("https://", "http://"),
            good().replace("https://", "https://user@"),
            link("http://id.example", &json("http://id.example", 1)),
            link("http://localhost:8080", &json("http://localhost:8080", 1)),
            link(
                "https://user@id.example",
                &json("https://user@id.example", 1),
            ),
            link("https://id.example", &json("https://evil.example", 1)),
            link("https://іd.example", &json("https://іd.example", 1)),
            link("https://id.example", &json("https://id.example", 2)),
            link("https://id.example", &fine.replace(r#","x":2000"#, "")),
            link(
                "https://id.example",
                &fine.replace(r#""x":2000"#, r#""x":"2000""#),
            ),
            link("https://id.example", &fine.replace('}', r#","y":1}"#)),
            link("https://id.example", &fine.replace("id", "i\\u0064\\u0000")),
            format!(
                "https://id.example/e#{}",
                encode(b"{\"v\":1,\"s\":\"\xff\"}")
            ),
            format!("https://id.example/e#{}", "A".repeat(600)),
            "0".repeat(1 << 20),
        ] {
            assert_eq!(
                refusal(&bad),
                Some(Refusal::Malformed),
                "{}",
                &bad[..bad.len().min(80)]
            );
        }
    }

    #[test]
    fn row_41_a_homograph_is_another_host_and_shown_in_punycode() {
        let puny = "https://xn--d-6eb.example";
        let json = format!(
            r#"{{"v":1,"s":"{puny}","k":"{}","t":"{}","x":2000}}"#,
            root(),
            Id::from([1; 16])
        );
        let invite = Invite::read(&link(puny, &json), &config()).ok().unwrap();
        assert_eq!(invite.origin.host(), "xn--d-6eb.example");
    }

    #[test]
    fn an_app_with_a_list_keeps_to_it() {
        let server = KnownServer {
            origin: origin("https://other.example"),
            root: root(),
        };
        let known = Config {
            servers: vec![server],
            ..config()
        };
        assert_eq!(Invite::read(&good(), &known).err(), Some(Refusal::Host));
        let stranger = TypedCode::new(&[1; 16], &Thumbprint(Digest::from([8; 32])));
        assert_eq!(
            Invite::read(stranger.as_str(), &known).err(),
            Some(Refusal::Host)
        );
        // Without a list no code names a server.
        let code = TypedCode::new(&[1; 16], &root());
        assert_eq!(
            Invite::read(code.as_str(), &config()).err(),
            Some(Refusal::Host)
        );
    }
}

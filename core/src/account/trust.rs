//! Whom an ID believes: the pinned root, and the signing keys that it named last (protocol
//! section 4).

use crate::config::Config;
use crate::vault::{Change, Fault, Place};
use countersign_protocol::crypto::PublicKey;
use countersign_protocol::jose::{Refusal, Signed, Statement};
use countersign_protocol::statement::Keys;
use countersign_protocol::{Digest, Id, Origin, Thumbprint};
use serde::{Deserialize, Serialize};

use super::record::KeptKeys;

/// The server's identity and its keys.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trust {
    /// Who the server is.
    pub(crate) iss: Origin,
    /// The root that the invitation named.
    pub(crate) first: Thumbprint,
    /// The root that is pinned now.
    pub(crate) root: Thumbprint,
    /// Of the newest keys statement.
    pub(crate) n: u64,
    /// H of it.
    keys: Digest,
    /// The root that signed it.
    by: Thumbprint,
    /// Until when it should be used, seconds.
    pub(crate) exp: u64,
    sign: Vec<PublicKey>,
    origins: Vec<Origin>,
    /// Accepted and not yet kept.
    #[serde(skip)]
    unkept: Vec<(u64, String)>,
}

/// Why a keys statement is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untrusted {
    /// Not signed by the pinned root, or not of the protocol.
    #[error(transparent)]
    Statement(#[from] Refusal),
    /// Of another server.
    #[error("keys of another server")]
    OtherServer,
    /// An older one, or another one with the same number.
    #[error("keys that go back")]
    Backwards,
}

impl Trust {
    /// From the keys statement that comes with an offer.
    pub(crate) fn begin(iss: Origin, root: Thumbprint, text: &str) -> Result<Self, Untrusted> {
        let keys = Signed::<Keys>::verify_root(text, &root)?;
        let mut trust = Self {
            iss,
            first: root,
            root,
            n: 0,
            keys: keys.hash(),
            by: root,
            exp: 0,
            sign: Vec::new(),
            origins: Vec::new(),
            unkept: Vec::new(),
        };
        trust.accept(&keys)?;
        Ok(trust)
    }

    /// Takes a keys statement by the root that is pinned at this moment; whether it was a new one.
    /// That a link of the chain is over doesn't matter.
    pub(crate) fn take(&mut self, text: &str) -> Result<bool, Untrusted> {
        let keys = Signed::<Keys>::verify_root(text, &self.root);
        // The newest one comes again when there is no newer one, also after it named a next root.
        let keys = keys.or_else(|refusal| match refusal {
            Refusal::UnknownKey => Signed::<Keys>::verify_root(text, &self.by),
            other => Err(other),
        })?;
        if keys.n == self.n && keys.hash() == self.keys {
            return Ok(false);
        }
        if keys.kid() != self.root {
            return Err(Untrusted::Statement(Refusal::UnknownKey));
        }
        self.accept(&keys).map(|()| true)
    }

    fn accept(&mut self, keys: &Signed<Keys>) -> Result<(), Untrusted> {
        if keys.iss != self.iss {
            return Err(Untrusted::OtherServer);
        }
        if keys.n <= self.n {
            return Err(Untrusted::Backwards);
        }
        self.n = keys.n;
        self.keys = keys.hash();
        self.by = keys.kid();
        self.exp = keys.exp;
        self.sign.clone_from(&keys.sign);
        self.origins.clone_from(&keys.origins);
        if let Some(next) = &keys.root_next {
            self.root = next.thumbprint();
        }
        self.unkept.push((keys.n, keys.compact().to_owned()));
        Ok(())
    }

    /// Checks a statement of this server by its signing keys.
    pub(crate) fn verify<T: Statement>(&self, text: &str) -> Result<Signed<T>, Refusal> {
        Signed::verify(text, &self.sign)
    }

    /// Whether one of its signing keys has this thumbprint.
    pub(crate) fn signs_by(&self, kid: &Thumbprint) -> bool {
        self.sign.iter().any(|key| key.thumbprint() == *kid)
    }

    /// Where it may be called, the preferred one first. An app with a list keeps to it.
    pub(crate) fn origins(&self, config: &Config) -> Vec<Origin> {
        let allowed = self.origins.iter().filter(|origin| config.allows(origin));
        allowed.cloned().collect()
    }

    /// Writes the statements that were accepted since the last time into the history of an ID.
    pub(crate) fn keep(&mut self, change: &mut Change<'_>, owner: &Id) -> Result<(), Fault> {
        for (n, keys) in self.unkept.drain(..) {
            change.put(&Place::numbered(owner, n), &KeptKeys { keys })?;
        }
        Ok(())
    }

    /// Which server it is, whatever its keys are now.
    pub(crate) fn server(&self) -> String {
        format!("{}|{}", self.iss, self.first)
    }

    /// Where is what is known about this server's time.
    pub(crate) fn time_place(&self) -> Place {
        Place::device(self.server().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_protocol::crypto::SigningKey;

    fn key(seed: u8) -> SigningKey {
        SigningKey::ed25519_from_seed(&[seed; 32]).unwrap()
    }

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    fn keys(n: u64, sign: u8, next: Option<u8>) -> Keys {
        let iss = origin("https://id.example");
        Keys {
            origins: vec![iss.clone()],
            iss,
            n,
            iat: 1000,
            exp: 2000,
            root: *key(1).public(),
            sign: vec![*key(sign).public()],
            root_next: next.map(|seed| *key(seed).public()),
        }
    }

    fn signed(keys: Keys, root: u8) -> String {
        let keys = Keys {
            root: *key(root).public(),
            ..keys
        };
        Signed::sign(keys, &key(root)).unwrap().compact().to_owned()
    }

    fn begin(text: &str) -> Result<Trust, Untrusted> {
        Trust::begin(
            origin("https://id.example"),
            key(1).public().thumbprint(),
            text,
        )
    }

    #[test]
    fn only_the_pinned_root_names_keys() {
        assert!(begin(&signed(keys(1, 9, None), 1)).is_ok());
        let other = begin(&signed(keys(1, 9, None), 2)).err();
        assert_eq!(other, Some(Untrusted::Statement(Refusal::UnknownKey)));
        let foreign = Keys {
            iss: origin("https://evil.example"),
            ..keys(1, 9, None)
        };
        assert_eq!(
            begin(&signed(foreign, 1)).err(),
            Some(Untrusted::OtherServer)
        );
    }

    #[test]
    fn row_44_keys_rise_or_are_refused() {
        let first = signed(keys(5, 9, None), 1);
        let mut trust = begin(&first).unwrap();
        assert_eq!(trust.take(&first), Ok(false));
        assert_eq!(trust.take(&signed(keys(6, 8, None), 1)), Ok(true));
        assert_eq!(trust.sign, [*key(8).public()]);
        for old in [
            first,
            signed(keys(6, 7, None), 1),
            signed(keys(1, 7, None), 1),
        ] {
            assert_eq!(trust.take(&old), Err(Untrusted::Backwards));
        }
        assert_eq!((trust.n, &trust.sign[..]), (6, &[*key(8).public()][..]));
    }

    #[test]
    fn a_chain_of_roots_is_followed_link_by_link() {
        let mut trust = begin(&signed(keys(1, 9, None), 1)).unwrap();
        let second = signed(keys(2, 9, Some(2)), 1);
        let third = signed(keys(3, 8, Some(3)), 2);
        let fourth = signed(keys(4, 7, None), 3);
        let unknown = Err(Untrusted::Statement(Refusal::UnknownKey));
        assert_eq!(trust.take(&third), unknown);
        assert_eq!(trust.take(&second), Ok(true));
        // The newest again, although its root is no longer the pinned one.
        assert_eq!(trust.take(&second), Ok(false));
        assert_eq!(trust.take(&fourth), unknown);
        assert_eq!(trust.take(&third), Ok(true));
        assert_eq!(trust.take(&third), Ok(false));
        assert_eq!(trust.take(&fourth), Ok(true));
        assert_eq!(trust.root, key(3).public().thumbprint());
        // The old root is dead.
        assert_eq!(trust.take(&signed(keys(9, 6, None), 1)), unknown);
        assert_eq!(trust.take(&signed(keys(9, 6, None), 2)), unknown);
    }
}

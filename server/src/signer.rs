//! What only this server can do: sign as S, and use the wrapping key.

use crate::config::{Config, ConfigError};
use crate::crypto::KeyError;
use crate::error::Fault;
use crate::keyring::InForce;
use countersign_protocol::crypto::{Secret, hmac, hmac_matches, open, seal};
use countersign_protocol::encoding::{Id, decode, encode};
use countersign_protocol::jose::{Signed, Statement};
use countersign_protocol::{Digest, Origin};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// What is said where no key of the newest statement can be used.
pub(crate) const NO_KEY: &str =
    "no key in keys.signing that the root signed for is there and can be read";

/// How long a nonce for proofs is good, seconds.
pub(crate) const NONCE_LIFE: u64 = 300;

/// The server can't start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("database: {0}")]
    Store(#[from] crate::store::Error),
    #[error("SAML key or certificate: {0}")]
    Idp(#[from] countersign_saml::IdpError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Said(String),
}

impl StartError {
    pub(crate) fn said(what: &str) -> Self {
        Self::Said(what.to_owned())
    }
}

/// S and the wrapping key, loaded.
pub(crate) struct Signer {
    pub(crate) origin: Origin,
    /// Changed by commands while the server runs.
    in_force: RwLock<Arc<InForce>>,
    wrapping: Secret,
}

/// Which wrapped column a secret is in; part of what it is bound to.
#[derive(Clone, Copy)]
pub(crate) enum Column {
    OfferDh,
    CredentialDh,
    CredentialPush,
    CredentialOff,
    CredentialPin,
    /// An answer, which may hold an invitation.
    CallAnswer,
    RecoveryCode,
    /// A verdict that holds the secret of a way back.
    Verdict,
}

impl Signer {
    pub(crate) fn load(config: &Config, in_force: InForce) -> Result<Self, StartError> {
        if in_force.key.is_none() {
            return Err(StartError::said(NO_KEY));
        }
        let bytes = read_secret(&config.path(&config.file.keys.wrapping))?;
        let wrapping: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| KeyError("keys.wrapping is not 32 bytes"))?;
        Ok(Self {
            origin: config.file.origin.clone(),
            in_force: RwLock::new(Arc::new(in_force)),
            wrapping: Zeroizing::new(wrapping),
        })
    }

    pub(crate) fn in_force(&self) -> Arc<InForce> {
        self.in_force
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Goes on with newer keys.
    pub(crate) fn take(&self, newer: InForce) {
        let mut in_force = self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *in_force = Arc::new(newer);
    }

    /// The newest `n` of our `cs1-keys`.
    pub(crate) fn keys_n(&self) -> u64 {
        self.in_force().n
    }

    pub(crate) fn sign<T: Statement>(&self, body: T) -> Result<Signed<T>, Fault> {
        let in_force = self.in_force();
        let key = in_force.key.as_ref().ok_or(Fault::NoKey)?;
        Ok(Signed::sign(body, key)?)
    }

    /// Whether the file of a key that is in force could be read.
    pub(crate) fn can_sign(&self) -> bool {
        self.in_force().can_sign()
    }

    /// A statement that this server signed and stored, by whichever S it had then.
    pub(crate) fn ours<T: Statement>(&self, compact: &str) -> Result<Signed<T>, Fault> {
        Ok(Signed::verify(compact, &self.in_force().ever)?)
    }

    /// Whether a phone with the newest keys believes a stored statement.
    pub(crate) fn is_current<T: Statement>(&self, compact: &str) -> Result<bool, Fault> {
        let kid = Signed::<T>::named_key(compact)?;
        Ok(self.in_force().named.contains(&kid))
    }

    /// A stored statement as phones believe it now: the same, or the same signed again when its S is
    /// named no longer.
    pub(crate) fn renewed<T: Statement + Clone>(&self, compact: String) -> Result<String, Fault> {
        if self.is_current::<T>(&compact)? {
            return Ok(compact);
        }
        let old = self.ours::<T>(&compact)?;
        Ok(self.sign(old.body().clone())?.compact().to_owned())
    }

    pub(crate) fn wrap(&self, column: Column, id: &str, secret: &[u8]) -> Result<Vec<u8>, Fault> {
        Ok(seal(&self.wrapping, &context(column, id), secret)?)
    }

    pub(crate) fn unwrap(&self, column: Column, id: &str, wrapped: &[u8]) -> Result<Secret, Fault> {
        let plain = open(&self.wrapping, &context(column, id), wrapped)?;
        let bytes: [u8; 32] = plain
            .as_slice()
            .try_into()
            .map_err(|_| Fault::Stored("wrapped key"))?;
        Ok(Zeroizing::new(bytes))
    }

    /// The same of a text.
    pub(crate) fn unwrap_text(
        &self,
        column: Column,
        id: &str,
        wrapped: &[u8],
    ) -> Result<String, Fault> {
        let plain = open(&self.wrapping, &context(column, id), wrapped)?;
        let text = std::str::from_utf8(&plain).map_err(|_| Fault::Stored("wrapped text"))?;
        Ok(text.to_owned())
    }

    /// A time-stamped, MACed nonce (RFC 9449 section 8).
    pub(crate) fn nonce(&self, now: u64) -> String {
        let stamp = now.to_be_bytes();
        let mac = hmac(&self.wrapping[..], &[b"cs1 nonce\0", &stamp]);
        encode(&[&stamp[..], &mac[..16]].concat())
    }

    pub(crate) fn is_fresh(&self, nonce: &str, now: u64) -> bool {
        let Some(bytes) = decode(nonce) else {
            return false;
        };
        let Some((stamp, _)) = bytes.split_first_chunk::<8>() else {
            return false;
        };
        let made = u64::from_be_bytes(*stamp);
        nonce == self.nonce(made) && made <= now && now - made <= NONCE_LIFE
    }

    /// A number for what is made up for a name that nobody has: the same for the same name and turn.
    pub(crate) fn decoy(&self, name: &str, turn: i64) -> u32 {
        let mac = hmac(
            &self.wrapping[..],
            &[b"cs1 decoy\0", &turn.to_be_bytes(), name.as_bytes()],
        );
        u32::from_be_bytes([mac[0], mac[1], mac[2], mac[3]])
    }

    /// Where among the ids of real credentials the one of a name stands that nobody has.
    pub(crate) fn decoy_place(&self, name: &str) -> String {
        encode(&hmac(&self.wrapping[..], &[b"cs1 decoy place\0", name.as_bytes()])[..16])
    }

    /// What the forms of a browser session carry.
    pub(crate) fn csrf(&self, session: &str) -> String {
        encode(&hmac(&self.wrapping[..], &[b"cs1 csrf\0", session.as_bytes()])[..])
    }

    pub(crate) fn csrf_fits(&self, session: &str, token: &str) -> bool {
        let message = [&b"cs1 csrf\0"[..], session.as_bytes()].concat();
        decode(token).is_some_and(|tag| hmac_matches(&self.wrapping[..], &message, &tag).is_ok())
    }

    /// The token of a page's n-th invitation. It is derived, so that the page can show it again
    /// while the database holds only its hash.
    pub(crate) fn invitation_token(&self, page: &Id, number: i64) -> Id {
        let mac = hmac(
            &self.wrapping[..],
            &[b"cs1 invitation\0", page.as_bytes(), &number.to_be_bytes()],
        );
        let mut token = [0; 16];
        token.copy_from_slice(&mac[..16]);
        Id::from(token)
    }
}

fn context(column: Column, id: &str) -> Vec<u8> {
    let name = match column {
        Column::OfferDh => "offer dh",
        Column::CredentialDh => "credential dh",
        Column::CredentialPush => "credential push",
        Column::CredentialOff => "credential off",
        Column::CredentialPin => "credential pin",
        Column::CallAnswer => "call answer",
        Column::RecoveryCode => "recovery code",
        Column::Verdict => "verdict",
    };
    format!("cs1 wrap\0{name}\0{id}").into_bytes()
}

/// The hash under which a secret of somebody else's is kept.
pub(crate) fn hidden(secret: &str) -> String {
    Digest::of(&[b"cs1 hidden\0", secret.as_bytes()]).to_string()
}

/// Key files hold base64url of the key, one line.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, StartError> {
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|_| StartError::Said(format!("cannot read the key file {}", path.display())))?;
    decode(text.trim()).map(Zeroizing::new).ok_or_else(|| {
        StartError::Said(format!(
            "{} is no key file of countersign-server",
            path.display()
        ))
    })
}

/// Writes a new file that only its owner reads; never over an existing one. Gives it, still open.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> std::io::Result<std::fs::File> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(file)
}

#[cfg(test)]
pub(crate) fn test_signer() -> Signer {
    use countersign_protocol::crypto::SigningKey;
    let key = SigningKey::from_pkcs8(&SigningKey::make_ed25519().unwrap()).unwrap();
    let origin = Origin::parse("https://id.example.com").unwrap();
    Signer {
        origin,
        in_force: RwLock::new(Arc::new(InForce::of_test(key))),
        wrapping: Zeroizing::new([7; 32]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_its_time_and_only_unchanged() {
        let signer = test_signer();
        let nonce = signer.nonce(1000);
        assert!(signer.is_fresh(&nonce, 1000) && signer.is_fresh(&nonce, 1300));
        assert!(!signer.is_fresh(&nonce, 1301));
        assert!(!signer.is_fresh(&nonce, 999));
        for bad in ["", "AAAA", &nonce[1..], &nonce.replace(&nonce[12..13], "_")] {
            assert!(!signer.is_fresh(bad, 1000) || bad == nonce, "{bad}");
        }
        assert!(!test_signer().is_fresh(&format!("{nonce}AA"), 1000));
    }

    #[test]
    fn what_is_wrapped_opens_only_where_it_belongs() {
        let signer = test_signer();
        let wrapped = signer.wrap(Column::CredentialPush, "a", &[1; 32]).unwrap();
        assert_eq!(
            *signer
                .unwrap(Column::CredentialPush, "a", &wrapped)
                .unwrap(),
            [1; 32]
        );
        assert!(signer.unwrap(Column::CredentialOff, "a", &wrapped).is_err());
        assert!(
            signer
                .unwrap(Column::CredentialPush, "b", &wrapped)
                .is_err()
        );
    }

    #[test]
    fn a_form_token_belongs_to_one_session() {
        let signer = test_signer();
        let token = signer.csrf("session");
        assert!(signer.csrf_fits("session", &token));
        assert!(!signer.csrf_fits("other", &token));
        assert!(!signer.csrf_fits("session", ""));
    }

    #[test]
    fn secret_files_are_private_and_never_overwritten() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_secret(&path, b"AQID").unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(**read_secret(&path).unwrap(), [1, 2, 3]);
        assert!(write_secret(&path, b"other").is_err());
        assert!(read_secret(&folder.path().join("none")).is_err());
    }
}

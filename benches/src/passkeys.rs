//! The peer: an authenticator of passkey-rs with one credential in memory, and a person who always agrees.

use crate::Result;
use coset::iana;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::types::ctap2::{Aaguid, Ctap2Error, StatusCode, get_assertion, make_credential};
use passkey::types::webauthn::{
    PublicKeyCredentialDescriptor, PublicKeyCredentialParameters, PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
};
use passkey::types::{Bytes, Passkey, rand::random_vec};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use tokio::runtime::{Builder, Runtime};

struct Agrees;

#[async_trait::async_trait]
impl UserValidationMethod for Agrees {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _hint: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> std::result::Result<UserCheck, Ctap2Error> {
        Ok(UserCheck {
            presence,
            verification,
        })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

const RP: &str = "id.example";

/// An authenticator and its relying party, which checks what it is given.
pub struct Peer {
    runtime: Runtime,
    authenticator: Authenticator<Option<Passkey>, Agrees>,
    credential: Bytes,
    point: Vec<u8>,
}

fn status(code: StatusCode) -> String {
    format!("passkey-rs: {code:?}")
}

impl Peer {
    /// With nothing registered.
    pub fn new() -> Result<Self> {
        Ok(Self {
            runtime: Builder::new_current_thread().build()?,
            authenticator: Authenticator::new(Aaguid::new_empty(), None, Agrees),
            credential: Bytes::from(Vec::new()),
            point: Vec::new(),
        })
    }

    /// Makes a credential.
    pub fn register(&mut self) -> Result<()> {
        let request = make_credential::Request {
            client_data_hash: random_vec(32).into(),
            rp: make_credential::PublicKeyCredentialRpEntity {
                id: RP.into(),
                name: Some("Example ID".into()),
            },
            user: PublicKeyCredentialUserEntity {
                id: random_vec(16).into(),
                display_name: "Anna Meyer".into(),
                name: "anna@example.com".into(),
            },
            pub_key_cred_params: vec![PublicKeyCredentialParameters {
                ty: PublicKeyCredentialType::PublicKey,
                alg: iana::Algorithm::ES256,
            }],
            exclude_list: None,
            extensions: None,
            options: make_credential::Options::default(),
            pin_auth: None,
            pin_protocol: None,
        };
        let made = self
            .runtime
            .block_on(self.authenticator.make_credential(request))
            .map_err(status)?;
        let data = made.auth_data.attested_credential_data;
        let data = data.ok_or("no credential was made")?;
        self.credential = data.credential_id().to_vec().into();
        self.point = point_of(&data.key)?;
        Ok(())
    }

    /// Signs what a relying party asks; gives what it signed, and the signature.
    pub fn authenticate(&mut self) -> Result<(Vec<u8>, Vec<u8>)> {
        let hash = random_vec(32);
        let request = get_assertion::Request {
            rp_id: RP.into(),
            client_data_hash: hash.clone().into(),
            allow_list: Some(vec![PublicKeyCredentialDescriptor {
                ty: PublicKeyCredentialType::PublicKey,
                id: self.credential.clone(),
                transports: None,
            }]),
            extensions: None,
            options: make_credential::Options::default(),
            pin_auth: None,
            pin_protocol: None,
        };
        let given = self
            .runtime
            .block_on(self.authenticator.get_assertion(request))
            .map_err(status)?;
        let message = [given.auth_data.to_vec(), hash].concat();
        Ok((message, given.signature.to_vec()))
    }

    /// The relying party's check, by ring.
    pub fn check(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.point)
            .verify(message, signature)
            .map_err(|_| "the assertion does not verify".into())
    }
}

/// The uncompressed point of a COSE key: its coordinates are parameters -2 and -3 (RFC 9053, 7.1.1).
fn point_of(key: &coset::CoseKey) -> Result<Vec<u8>> {
    let coordinate = |label: i64| {
        let found = key
            .params
            .iter()
            .find(|(name, _)| *name == coset::Label::Int(label));
        found.and_then(|(_, value)| value.as_bytes().cloned())
    };
    let (x, y) = (coordinate(-2).ok_or("no x")?, coordinate(-3).ok_or("no y")?);
    Ok([&[4][..], &x, &y].concat())
}

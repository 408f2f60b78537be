//! The bare primitives that a phone's work is measured against.

use crate::{Result, Trouble};
use ring::rand::SystemRandom;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    UnparsedPublicKey,
};

/// What ring alone takes for what can't be left out: on messages as long as ours.
pub struct Bare {
    message: Vec<u8>,
    ed25519: Ed25519KeyPair,
    p256: EcdsaKeyPair,
    by_ed25519: Vec<u8>,
    by_p256: Vec<u8>,
}

/// Why isn't said.
pub fn unspecified(_: impl std::fmt::Debug) -> Trouble {
    "ring refuses".into()
}

impl Bare {
    /// Fresh keys.
    pub fn new() -> Result<Self> {
        let random = SystemRandom::new();
        let document = Ed25519KeyPair::generate_pkcs8(&random).map_err(unspecified)?;
        let ed25519 = Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(unspecified)?;
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(unspecified)?;
        let p256 = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random);
        let p256 = p256.map_err(unspecified)?;
        let message = vec![b'm'; 900];
        let by_ed25519 = ed25519.sign(&message).as_ref().to_vec();
        let by_p256 = p256.sign(&random, &message).map_err(unspecified)?;
        Ok(Self {
            by_p256: by_p256.as_ref().to_vec(),
            message,
            ed25519,
            p256,
            by_ed25519,
        })
    }

    /// Verifies as a phone does by the server's key.
    pub fn verify_ed25519(&self) -> Result<()> {
        UnparsedPublicKey::new(&signature::ED25519, self.ed25519.public_key().as_ref())
            .verify(&self.message, &self.by_ed25519)
            .map_err(unspecified)
    }

    /// Verifies by the other algorithm that a server's key may have, or as who signed checks their own.
    pub fn verify_p256(&self) -> Result<()> {
        let algorithm = &signature::ECDSA_P256_SHA256_FIXED;
        UnparsedPublicKey::new(algorithm, self.p256.public_key().as_ref())
            .verify(&self.message, &self.by_p256)
            .map_err(unspecified)
    }

    /// Signs as a phone does.
    pub fn sign_p256(&self) -> Result<signature::Signature> {
        let random = SystemRandom::new();
        self.p256.sign(&random, &self.message).map_err(unspecified)
    }
}

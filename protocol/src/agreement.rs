//! The keys that both sides derive and nobody sends (protocol section 3): X25519, then HKDF keyed by
//! H of the server's statement and bound to H of the phone's.

use crate::crypto::{
    AgreementKey, AgreementSecret, Secret, Unspecified, expand, hmac, hmac_matches,
};
use crate::encoding::Digest;

/// What a derived key is for; its label is part of the derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// K_pin, hidden under the PIN.
    Pin,
    /// K_push, which opens a push's lock-screen text.
    Push,
    /// K_off, which makes offline codes.
    Off,
    /// K_conf, which confirms the enrolment and is then wiped.
    Conf,
}

/// PRK of one agreement; wiped when dropped.
pub struct Agreement(Secret);

impl Agreement {
    /// Agrees. `server_statement` is H of the offer (enrolment) or of the challenge (later).
    ///
    /// # Errors
    /// [`Unspecified`] when Z is all zero.
    pub fn new(
        mine: &AgreementSecret,
        theirs: &AgreementKey,
        server_statement: &Digest,
    ) -> Result<Self, Unspecified> {
        let z = mine.agree(theirs)?;
        Ok(Self(hmac(server_statement.as_bytes(), &[&z[..]])))
    }

    /// A key; `phone_statement` is H of the registration or response that carries the phone's `dh`.
    pub fn derive(&self, purpose: Purpose, phone_statement: &Digest) -> Secret {
        let label: &[u8] = match purpose {
            Purpose::Pin => b"cs1 pin\0",
            Purpose::Push => b"cs1 push\0",
            Purpose::Off => b"cs1 off\0",
            Purpose::Conf => b"cs1 conf\0",
        };
        expand(&self.0, &[label, phone_statement.as_bytes()])
    }

    /// K_blind, under which a PIN proof hides K_pin: a new one for each response.
    pub(crate) fn blind(&self) -> Secret {
        expand(&self.0, &[b"cs1 blind\0"])
    }

    /// For the recovery codes ([`crate::recovery`]): the first 32 bytes of HKDF-Expand.
    pub(crate) fn derive_recovery(&self, number: u8, phone_statement: &Digest) -> Secret {
        expand(
            &self.0,
            &[b"cs1 rec\0", &[number], phone_statement.as_bytes()],
        )
    }
}

/// `kc`: the server shows with it that it derived the same keys.
pub fn confirmation(k_conf: &[u8; 32], registration: &Digest) -> Digest {
    Digest::from(*hmac(k_conf, &[b"cs1 kc\0", registration.as_bytes()]))
}

/// Compares `kc` in constant time.
///
/// # Errors
/// [`Unspecified`] when it isn't the one.
pub fn check_confirmation(
    k_conf: &[u8; 32],
    registration: &Digest,
    kc: &Digest,
) -> Result<(), Unspecified> {
    let message = [&b"cs1 kc\0"[..], registration.as_bytes()].concat();
    hmac_matches(k_conf, &message, kc.as_bytes())
}

//! Recovery codes (protocol sections 3 and 11): ten of 80 bits for each ID, used once each to enrol a
//! phone when no other is left. The code itself is sent by nobody, only a proof of it.

use crate::agreement::Agreement;
use crate::crockford;
use crate::crypto::{Unspecified, hmac, hmac_matches, make_random};
use crate::encoding::{Digest, Thumbprint};
use zeroize::Zeroizing;

/// How many codes are made at once.
pub const CODES: u8 = 10;

/// The bytes of a code.
const BYTES: usize = 10;

/// Its characters.
const CHARACTERS: usize = 16;

/// One code; wiped when dropped.
#[derive(Clone)]
pub struct RecoveryCode(Zeroizing<[u8; BYTES]>);

/// Not the shape of a code. There is no check character: whether it is one, the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not sixteen characters of the code alphabet")]
pub struct NotARecoveryCode;

impl RecoveryCode {
    /// A code by itself, for codes that a page shows after a step-up.
    ///
    /// # Errors
    /// [`Unspecified`] when the system has no randomness.
    pub fn make() -> Result<Self, Unspecified> {
        Ok(Self(Zeroizing::new(make_random()?)))
    }

    /// The codes that a `recovery-codes` challenge and its response agree on, in order; `response` is
    /// H of the response that carries the phone's half.
    pub fn derive_all(agreement: &Agreement, response: &Digest) -> Vec<Self> {
        (1..=CODES)
            .map(|number| {
                let long = agreement.derive_recovery(number, response);
                // HKDF-Expand for ten bytes is the beginning of that for 32.
                let mut code = Zeroizing::new([0; BYTES]);
                code.copy_from_slice(&long[..BYTES]);
                Self(code)
            })
            .collect()
    }

    /// Reads what a person typed: spaces and hyphens don't count, O, I, L are 0, 1, 1.
    ///
    /// # Errors
    /// [`NotARecoveryCode`].
    pub fn parse(typed: &str) -> Result<Self, NotARecoveryCode> {
        let code = crockford::read(typed, CHARACTERS).ok_or(NotARecoveryCode)?;
        crockford::decode(&code).map(Self).ok_or(NotARecoveryCode)
    }

    /// From its kept bytes.
    pub fn from_bytes(bytes: &[u8; BYTES]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// To keep it, wrapped or sealed.
    pub fn as_bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// As a person is shown it: 4-4-4-4.
    pub fn shown(&self) -> Zeroizing<String> {
        let code = crockford::encode(&self.0[..], CHARACTERS);
        let mut shown = Zeroizing::new(String::with_capacity(CHARACTERS + 3));
        for (at, character) in code.chars().enumerate() {
            if at > 0 && at % 4 == 0 {
                shown.push('-');
            }
            shown.push(character);
        }
        shown
    }

    /// `rec` of a registration: good for this offer and this K_dev only, so that a page that
    /// collects it has no use for it.
    pub fn proof(&self, offer: &Digest, dev: &Thumbprint) -> Digest {
        let parts = [USE, offer.as_bytes(), dev.0.as_bytes()];
        Digest::from(*hmac(&self.0[..], &parts))
    }

    /// Compares `rec` in constant time.
    ///
    /// # Errors
    /// [`Unspecified`] when it is not the proof of this code.
    pub fn check_proof(
        &self,
        offer: &Digest,
        dev: &Thumbprint,
        rec: &Digest,
    ) -> Result<(), Unspecified> {
        let message = [USE, offer.as_bytes(), dev.0.as_bytes()].concat();
        hmac_matches(&self.0[..], &message, rec.as_bytes())
    }
}

const USE: &[u8] = b"cs1 rec-use\0";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest(byte: u8) -> Digest {
        Digest::from([byte; 32])
    }

    #[test]
    fn a_code_is_shown_in_fours_and_read_with_any_spacing_case_and_lookalikes() {
        let code = RecoveryCode::parse("ZPG165KKBFWP6AMK").unwrap();
        assert_eq!(code.shown().as_str(), "ZPG1-65KK-BFWP-6AMK");
        for typed in [
            "zpg1-65kk-bfwp-6amk",
            " ZPG1 65KK BFWP 6AMK ",
            "zpgI65kkbfwp6amk",
            "zpgl-65kk-bfwp-6amk",
        ] {
            let read = RecoveryCode::parse(typed).unwrap();
            assert_eq!(read.as_bytes(), code.as_bytes(), "{typed}");
        }
        let zeros = RecoveryCode::parse("oOoO-0000-0000-0000").unwrap();
        assert_eq!(*zeros.as_bytes(), [0; 10]);
    }

    #[test]
    fn other_shapes_are_no_codes() {
        let megabyte = "A".repeat(1 << 20);
        for bad in [
            "",
            "ZPG165KKBFWP6AM",
            "ZPG165KKBFWP6AMKK",
            "UPG165KKBFWP6AMK",
            "ZPG1_65KK_BFWP_6AMK",
            "ÄPG165KKBFWP6AM",
            "ZPG1\u{2010}65KK\u{2010}BFWP\u{2010}6AMK",
            &megabyte,
        ] {
            assert!(RecoveryCode::parse(bad).is_err());
        }
    }

    #[test]
    fn a_proof_is_of_one_code_one_offer_and_one_phone() {
        let (code, other) = (RecoveryCode::make().unwrap(), RecoveryCode::make().unwrap());
        let dev = Thumbprint(digest(2));
        let rec = code.proof(&digest(1), &dev);
        assert!(code.check_proof(&digest(1), &dev, &rec).is_ok());
        assert!(other.check_proof(&digest(1), &dev, &rec).is_err());
        assert!(code.check_proof(&digest(3), &dev, &rec).is_err());
        let stranger = Thumbprint(digest(3));
        assert!(code.check_proof(&digest(1), &stranger, &rec).is_err());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read(bytes: [u8; 10]) {
            let code = RecoveryCode::from_bytes(&bytes);
            let read = RecoveryCode::parse(&code.shown()).unwrap();
            prop_assert_eq!(*read.as_bytes(), bytes);
        }
    }
}

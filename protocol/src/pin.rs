//! The PIN (protocol sections 3 and 7). The phone keeps K_pin hidden under it without anything that
//! tells a right PIN from a wrong one; only the server, by K_pin of its own, can say whether a proof
//! is right. So there is no function here that checks a PIN, and none may be added.

use crate::agreement::Agreement;
use crate::crypto::{Cost, Secret, Unspecified, hmac, hmac_matches, stretch};
use crate::encoding::{Bytes, Digest, Id};
use crate::statement::Response;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The fewest and the most digits that a PIN has, whatever the policy.
pub const LEAST_DIGITS: usize = 6;
/// The most.
pub const MOST_DIGITS: usize = 12;

/// What was typed has fewer digits than a PIN. Nothing was computed from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a PIN has at least {least} digits")]
pub struct TooShort {
    /// How many are asked.
    pub least: usize,
}

/// What was typed is not the next digit of a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoDigit {
    /// The twelve that there may be are there.
    #[error("a PIN has at most 12 digits")]
    TooLong,
    /// Something else than 0 to 9.
    #[error("a PIN is made of digits")]
    NotADigit,
}

/// A PIN as it is typed, digit by digit; wiped when dropped.
#[derive(Default, Zeroize, ZeroizeOnDrop)]
pub struct PinEntry {
    /// ASCII. Behind a pointer: what is moved leaves a copy behind.
    digits: Box<[u8; MOST_DIGITS]>,
    length: usize,
}

impl PinEntry {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a digit.
    ///
    /// # Errors
    /// [`NoDigit`]: it is above 9, or the thirteenth. Nothing was added.
    pub fn push(&mut self, digit: u8) -> Result<(), NoDigit> {
        if digit > 9 {
            return Err(NoDigit::NotADigit);
        }
        let place = self.digits.get_mut(self.length).ok_or(NoDigit::TooLong)?;
        *place = b'0' + digit;
        self.length += 1;
        Ok(())
    }

    /// Takes the last digit back, if there is one.
    pub fn pop(&mut self) {
        if let Some(last) = self.length.checked_sub(1) {
            self.digits[last].zeroize();
            self.length = last;
        }
    }

    /// Takes all digits back.
    pub fn clear(&mut self) {
        self.zeroize();
    }

    /// How many digits there are: the dots that a person sees.
    pub fn dots(&self) -> usize {
        self.length
    }

    /// The PIN, if there are enough digits.
    ///
    /// # Errors
    /// [`TooShort`].
    pub fn pin(&self, least: u64) -> Result<Pin<'_>, TooShort> {
        let least = usize::try_from(least)
            .unwrap_or(usize::MAX)
            .max(LEAST_DIGITS);
        if self.length < least {
            return Err(TooShort { least });
        }
        Ok(Pin(&self.digits[..self.length]))
    }

    /// Whether another entry has the same digits.
    pub fn is_same(&self, other: &Self) -> bool {
        let differing =
            (self.digits.iter().zip(&*other.digits)).fold(0, |all, (a, b)| all | (a ^ b));
        differing == 0 && self.length == other.length
    }
}

/// It is a secret.
impl fmt::Debug for PinEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinEntry")
    }
}

/// A PIN of an allowed length. Whether it is the right one only the server can say.
pub struct Pin<'a>(&'a [u8]);

/// K_pin, hidden: what a phone keeps of it. Every PIN opens it, each to another key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HiddenKey {
    blob: Bytes<32>,
    salt: Bytes<16>,
    /// The `jti` of the phone's statement that K_pin comes from.
    j: Id,
    cost: Cost,
}

impl HiddenKey {
    /// Hides one K_pin under one PIN, once: `salt` is a fresh one, `j` the `jti` of the registration
    /// or response that K_pin comes from, `pepper` made of the salt by the phone's hardware.
    ///
    /// # Errors
    /// [`Unspecified`] when the cost is below the least or there is not enough memory.
    pub fn hide(
        k_pin: &Secret,
        pin: &Pin<'_>,
        salt: [u8; 16],
        pepper: &Secret,
        j: Id,
        cost: Cost,
    ) -> Result<Self, Unspecified> {
        let mut hidden = Self {
            blob: Bytes([0; 32]),
            salt: Bytes(salt),
            j,
            cost,
        };
        // K_pin itself never stands in it, also not where there is no memory for the mask.
        let mask = hidden.mask(pin, pepper)?;
        let bytes = k_pin.iter().zip(mask.iter());
        for (hidden, (byte, mask)) in hidden.blob.0.iter_mut().zip(bytes) {
            *hidden = byte ^ mask;
        }
        Ok(hidden)
    }

    /// The key that this PIN opens to; K_pin if it is the right one.
    ///
    /// # Errors
    /// [`Unspecified`] as with [`Self::hide`].
    pub fn open(&self, pin: &Pin<'_>, pepper: &Secret) -> Result<Secret, Unspecified> {
        let mask = self.mask(pin, pepper)?;
        let mut key = Zeroizing::new(self.blob.0);
        for (byte, mask) in key.iter_mut().zip(mask.iter()) {
            *byte ^= mask;
        }
        Ok(key)
    }

    fn mask(&self, pin: &Pin<'_>, pepper: &Secret) -> Result<Secret, Unspecified> {
        if !self.cost.is_enough() {
            return Err(Unspecified);
        }
        let bound_to = associated_data(&self.j);
        stretch(pin.0, &self.salt.0, pepper, &bound_to, self.cost)
    }

    /// What the pepper is made of.
    pub fn salt(&self) -> &[u8; 16] {
        &self.salt.0
    }
}

/// `ad` of Argon2id.
fn associated_data(j: &Id) -> Vec<u8> {
    [&b"cs1 pin\0"[..], j.as_bytes()].concat()
}

/// The PIN proof of a response that has everything else, its `dh` too. `agreement` is that of this
/// `dh` and the challenge.
///
/// # Errors
/// [`Unspecified`] when the response has no `dh`.
pub fn prove(
    agreement: &Agreement,
    k_pin: &Secret,
    response: &Response,
) -> Result<Digest, Unspecified> {
    let key = proof_key(agreement, k_pin);
    Ok(Digest::from(*hmac(&key[..], &[&covered(response)?])))
}

/// Compares a response's PIN proof in constant time.
///
/// # Errors
/// [`Unspecified`] when it is not that of this K_pin, or there is none.
pub fn check_proof(
    agreement: &Agreement,
    k_pin: &Secret,
    response: &Response,
) -> Result<(), Unspecified> {
    let proof = response.pin.ok_or(Unspecified)?;
    let key = proof_key(agreement, k_pin);
    hmac_matches(&key[..], &covered(response)?, proof.as_bytes())
}

/// `mk`: HKDF-Extract with K_blind, which nobody but these two can compute, as the salt.
fn proof_key(agreement: &Agreement, k_pin: &Secret) -> Secret {
    hmac(&agreement.blind()[..], &[&k_pin[..]])
}

/// Everything that was approved, so that nobody puts a proof beside other content.
fn covered(response: &Response) -> Result<Vec<u8>, Unspecified> {
    let dh = response.dh.ok_or(Unspecified)?;
    let number = response.r#match.as_deref().unwrap_or_default();
    let length = u8::try_from(number.len()).map_err(|_| Unspecified)?;
    let mut covered = [
        &b"cs1 pin-proof\0"[..],
        response.challenge.as_bytes(),
        dh.as_bytes(),
        response.jti.as_bytes(),
        response.view.as_bytes(),
        &[length],
        number.as_bytes(),
    ]
    .concat();
    if let Some(input) = &response.input {
        covered.extend_from_slice(input.uv.thumbprint().0.as_bytes());
    }
    Ok(covered)
}

#[cfg(test)]
#[path = "pin_tests.rs"]
mod tests;

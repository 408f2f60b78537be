//! The six digits that a person carries from the phone to where the invitation came from
//! (protocol section 5). The server commits to its nonce in the offer, the phone sends its own, the
//! server opens: neither can steer the digits.

use crate::encoding::{Digest, Id};

/// What the offer commits to.
pub fn commitment(eid: &Id, server_nonce: &Digest) -> Digest {
    Digest::of(&[b"cs1 sas-commit\0", eid.as_bytes(), server_nonce.as_bytes()])
}

/// The six digits, leading zeros kept.
pub fn digits(
    offer: &Digest,
    registration: &Digest,
    server_nonce: &Digest,
    phone_nonce: &Digest,
) -> String {
    let hash = Digest::of(&[
        b"cs1 sas\0",
        offer.as_bytes(),
        registration.as_bytes(),
        server_nonce.as_bytes(),
        phone_nonce.as_bytes(),
    ]);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.0[..8]);
    format!("{:06}", u64::from_be_bytes(first) % 1_000_000)
}

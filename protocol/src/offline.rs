//! The code of an offline answer (protocol section 12): OCRA (RFC 6287) with suite `OCRA-1:HOTP-SHA256-8:QH64`, whose question is
//! H of the challenge.

use crate::crypto::{Secret, hmac};
use crate::encoding::Digest;

const SUITE: &[u8] = b"OCRA-1:HOTP-SHA256-8:QH64\0";

/// A question fills 128 bytes; H is the first 32 of them.
const REST: [u8; 96] = [0; 96];

/// Eight digits, leading zeros kept.
pub fn code(k_off: &Secret, challenge: &Digest) -> String {
    let tag = hmac(&k_off[..], &[SUITE, challenge.as_bytes(), &REST]);
    // Dynamic truncation of RFC 4226 section 5.3.
    let at = usize::from(tag[31] & 15);
    let mut four = [0; 4];
    four.copy_from_slice(&tag[at..at + 4]);
    let number = u32::from_be_bytes(four) & 0x7fff_ffff;
    format!("{:08}", number % 100_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Bytes;

    /// Values that another implementation made.
    #[test]
    fn the_published_code_is_computed() {
        let text = include_str!("../../tests/vectors/protocol.json");
        let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
        let hex = vectors["enrolment"]["keys_derived"]["off"]
            .as_str()
            .unwrap();
        let mut k_off = Secret::default();
        for (at, byte) in k_off.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
        }
        let challenge = vectors["statements"]["challenge_offline"]["H"].as_str();
        let challenge = Bytes::parse(challenge.unwrap()).unwrap();
        assert_eq!(
            code(&k_off, &challenge),
            vectors["offline_code"].as_str().unwrap()
        );
        assert_ne!(
            code(&k_off, &Digest::of(&[b"other"])),
            code(&k_off, &challenge)
        );
    }

    #[test]
    fn a_code_has_eight_digits_also_with_zeros_in_front() {
        let k_off = Secret::new([7; 32]);
        let codes = (0..2000_u32).map(|n| code(&k_off, &Digest::of(&[&n.to_be_bytes()])));
        let codes: Vec<String> = codes.collect();
        assert!(codes.iter().all(|code| code.len() == 8));
        assert!(codes.iter().any(|code| code.starts_with('0')));
    }
}

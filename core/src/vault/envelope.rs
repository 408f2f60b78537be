//! A sealed record: `1 ‖ epoch(4) ‖ version(8) ‖ nonce(12) ‖ ciphertext ‖ tag(16)`, AES-256-GCM, bound to the tree and key
//! where it stands, the epoch of the data key and the version of the store that wrote it. So a record that was moved, or is
//! of another vault, doesn't open.

use super::Fault;
use countersign_protocol::crypto::{MacKey, SealingKey};
use zeroize::Zeroizing;

/// The first byte.
const FORM: u8 = 1;

/// What stands before nonce, ciphertext and tag.
const FRONT: usize = 13;

const NONCE: usize = 12;
const TAG: usize = 16;

/// Which key and which commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Of the data key.
    pub(super) epoch: u32,
    /// Of the store.
    pub(super) version: u64,
}

/// Seals a record for one place.
pub(super) fn seal(
    cipher: &SealingKey,
    tree: &str,
    key: &[u8],
    stamp: Stamp,
    plain: &[u8],
) -> Result<Vec<u8>, Fault> {
    let mut front = Vec::with_capacity(length(plain.len()));
    front.push(FORM);
    front.extend(stamp.epoch.to_be_bytes());
    front.extend(stamp.version.to_be_bytes());
    cipher
        .seal_onto(front, &context(tree, key, stamp), plain)
        .map_err(|_| Fault::Damaged)
}

/// Bytes of a sealed record.
pub(super) fn length(plain: usize) -> usize {
    FRONT + NONCE + plain + TAG
}

/// Opens what stands in a place.
pub(super) fn open(
    cipher: &SealingKey,
    tree: &str,
    key: &[u8],
    epoch: u32,
    sealed: &[u8],
) -> Result<(Stamp, Zeroizing<Vec<u8>>), Fault> {
    let (front, body) = sealed.split_at_checked(FRONT).ok_or(Fault::Damaged)?;
    let (found, version) = front.split_at(5);
    let version = <[u8; 8]>::try_from(version).map_err(|_| Fault::Damaged)?;
    if found[0] != FORM || found[1..] != epoch.to_be_bytes() {
        return Err(Fault::Damaged);
    }
    let stamp = Stamp {
        epoch,
        version: u64::from_be_bytes(version),
    };
    let plain = cipher.open(&context(tree, key, stamp), body);
    Ok((stamp, plain.map_err(|_| Fault::Damaged)?))
}

/// What a record adds to the root: a tag over its place and over what no other sealed record has.
pub(super) fn mark(roots: &MacKey, key: &[u8], sealed: &[u8]) -> [u8; 32] {
    let front = &sealed[..sealed.len().min(FRONT + NONCE)];
    let tag = &sealed[sealed.len().saturating_sub(TAG)..];
    roots.tag(&[key, front, tag])
}

/// What a sealed record is bound to, and its `nonce ‖ ciphertext ‖ tag`.
#[cfg(test)]
pub(super) fn parts<'a>(tree: &str, key: &[u8], sealed: &'a [u8]) -> (Vec<u8>, &'a [u8]) {
    let (front, body) = sealed.split_at(FRONT);
    let stamp = Stamp {
        epoch: u32::from_be_bytes(front[1..5].try_into().unwrap()),
        version: u64::from_be_bytes(front[5..].try_into().unwrap()),
    };
    (context(tree, key, stamp), body)
}

fn context(tree: &str, key: &[u8], stamp: Stamp) -> Vec<u8> {
    let mut context = b"cs1 vault".to_vec();
    for part in [tree.as_bytes(), key] {
        context.extend((part.len() as u32).to_be_bytes());
        context.extend(part);
    }
    context.extend(stamp.epoch.to_be_bytes());
    context.extend(stamp.version.to_be_bytes());
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher(byte: u8) -> SealingKey {
        SealingKey::new(&[byte; 32]).unwrap()
    }

    const STAMP: Stamp = Stamp {
        epoch: 1,
        version: 7,
    };

    #[test]
    fn a_record_opens_where_it_was_sealed_and_nowhere_else() {
        let sealed = seal(&cipher(1), "tree", b"key", STAMP, b"plain").unwrap();
        let (stamp, plain) = open(&cipher(1), "tree", b"key", 1, &sealed).unwrap();
        assert_eq!((stamp, plain.as_slice()), (STAMP, &b"plain"[..]));
        for bad in [
            open(&cipher(2), "tree", b"key", 1, &sealed),
            open(&cipher(1), "tre", b"ekey", 1, &sealed),
            open(&cipher(1), "tree", b"key2", 1, &sealed),
            open(&cipher(1), "tree", b"key", 2, &sealed),
        ] {
            assert_eq!(bad.err(), Some(Fault::Damaged));
        }
    }

    #[test]
    fn row_48_no_changed_byte_and_no_shorter_record_opens() {
        let sealed = seal(&cipher(1), "tree", b"key", STAMP, b"plain").unwrap();
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(open(&cipher(1), "tree", b"key", 1, &bad).is_err(), "{at}");
            assert!(open(&cipher(1), "tree", b"key", 1, &sealed[..at]).is_err());
        }
    }

    #[test]
    fn every_sealing_leaves_its_own_mark() {
        let roots = MacKey::new(&[9; 32]);
        let of = |key: &[u8]| {
            mark(
                &roots,
                key,
                &seal(&cipher(1), "t", key, STAMP, b"").unwrap(),
            )
        };
        assert_ne!(of(b"a"), of(b"a"));
        assert_ne!(of(b"a"), of(b"b"));
        assert_ne!(mark(&roots, b"a", b""), mark(&roots, b"b", b"x"));
    }
}

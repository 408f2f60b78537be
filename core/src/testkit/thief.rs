//! Somebody who has a copy of everything: the phone's files, its keys, and whatever went over the network.
//! What they lack is the person, and what only the server's wrapping key opens: K_pin and the kept secret of
//! the offer. They try whether a key fits anything that they have.

use countersign_protocol::Signed;
use countersign_protocol::crypto::{SealingKey, Secret, expand, hmac, sha256};
use countersign_protocol::encoding::decode;
use countersign_protocol::statement::Response;
use std::collections::{BTreeMap, BTreeSet};

/// How deep they look into what is written inside what is written.
const DEPTH: usize = 5;

/// The first three bytes of everything, as one bit each: most keys are told from all of it by one look.
const BITS: usize = 1 << 24;

/// Labels that the protocol derives by, and some that somebody might have.
const LABELS: [&[u8]; 8] = [
    b"",
    b"cs1 pin\0",
    b"cs1 push\0",
    b"cs1 off\0",
    b"cs1 conf\0",
    b"cs1 blind\0",
    b"cs1 pin-proof\0",
    b"check",
];

type Sealed = (Vec<u8>, Vec<u8>);

#[derive(Default)]
pub(crate) struct Thief {
    /// What was looked at.
    known: BTreeSet<[u8; 32]>,
    /// Every 32 bytes in a row.
    rows: BTreeSet<[u8; 32]>,
    /// Values of 32 bytes: hashes, keys, proofs.
    values: BTreeSet<[u8; 32]>,
    proofs: Vec<Proof>,
    /// Sealed bytes with what they are bound to.
    sealed: Vec<Sealed>,
    /// The shortest of each room: one key opens all of a room.
    doors: BTreeMap<String, Sealed>,
    bits: Vec<u64>,
}

impl Thief {
    /// Takes something, and everything that is written in it.
    pub(crate) fn take(&mut self, what: &[u8]) {
        self.look(what, DEPTH);
    }

    fn look(&mut self, what: &[u8], depth: usize) {
        if what.len() < 16 || !self.known.insert(sha256(&[what])) {
            return;
        }
        self.rows.extend(
            what.windows(32)
                .map(|row| <[u8; 32]>::try_from(row).unwrap()),
        );
        if let Ok(value) = <[u8; 32]>::try_from(what) {
            self.values.insert(value);
        }
        if depth == 0 {
            return;
        }
        let written = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
        for word in what.split(|byte| !written(byte)) {
            let text = std::str::from_utf8(word).unwrap();
            if let Some(inside) = decode(text) {
                self.look(&inside, depth - 1);
            }
        }
    }

    pub(crate) fn take_response(&mut self, response: &Signed<Response>) {
        self.take(response.compact().as_bytes());
        self.values.insert(response.hash().0);
        self.proofs.push(Proof {
            challenge: response.challenge.0,
            covered: Self::covered(response),
            tag: response.pin.unwrap().0,
        });
    }

    /// Bytes sealed by AES-256-GCM, `nonce ‖ ciphertext ‖ tag`.
    pub(crate) fn take_sealed(&mut self, room: &str, context: Vec<u8>, sealed: Vec<u8>) {
        self.take(&sealed);
        let door = (context.clone(), sealed.clone());
        let known = self
            .doors
            .entry(room.to_owned())
            .or_insert_with(|| door.clone());
        if known.1.len() > sealed.len() {
            *known = door;
        }
        self.sealed.push((context, sealed));
    }

    /// Has seen everything.
    pub(crate) fn sit_down(&mut self) {
        self.bits = vec![0; BITS / 64];
        for row in &self.rows {
            let at = index(row);
            self.bits[at / 64] |= 1 << (at % 64);
        }
    }

    /// Rows, values, responses and sealed things.
    pub(crate) fn has(&self) -> [usize; 4] {
        [
            self.rows.len(),
            self.values.len(),
            self.proofs.len(),
            self.sealed.len(),
        ]
    }

    fn is_there(&self, value: &[u8; 32]) -> bool {
        let at = index(value);
        self.bits[at / 64] >> (at % 64) & 1 == 1 && self.rows.contains(value)
    }

    /// What a PIN proof covers, put together from protocol section 7 once more.
    pub(crate) fn covered(response: &Signed<Response>) -> Vec<u8> {
        let number = response.r#match.clone().unwrap_or_default();
        [
            &b"cs1 pin-proof\0"[..],
            response.challenge.as_bytes(),
            response.dh.unwrap().as_bytes(),
            response.jti.as_bytes(),
            response.view.as_bytes(),
            &[number.len() as u8],
            number.as_bytes(),
        ]
        .concat()
    }

    /// How much a key fits that can be tried on a million of them: it stands somewhere, by itself or under
    /// any label; it makes the proof of a response; it opens something sealed.
    pub(crate) fn fits(&self, key: &Secret) -> usize {
        let mut fits = usize::from(self.is_there(key));
        for label in LABELS {
            let derived = [*hmac(&key[..], &[label]), *hmac(label, &[&key[..]])];
            fits += derived.iter().filter(|value| self.is_there(value)).count();
            fits += usize::from(self.is_there(&sha256(&[label, &key[..]])));
        }
        for proof in &self.proofs {
            let blind = hmac(&proof.challenge, &[&key[..]]);
            fits += usize::from(proof.is_made_by(key)) + usize::from(proof.is_made_by(&blind));
        }
        fits + opened(key, self.doors.values())
    }

    /// The same with everything that they have put before, behind and around the key.
    pub(crate) fn fits_with_patience(&self, key: &Secret) -> usize {
        let mut fits = self.fits(key) + opened(key, &self.sealed);
        for value in &self.values {
            let derived = [
                hmac(value, &[&key[..]]),
                hmac(&key[..], &[value]),
                expand(key, &[value]),
                Secret::new(sha256(&[value, &key[..]])),
                Secret::new(sha256(&[&key[..], value])),
                Secret::new(std::array::from_fn(|at| value[at] ^ key[at])),
            ];
            for derived in &derived {
                fits += usize::from(self.is_there(derived));
                let made = |proof: &&Proof| proof.is_made_by(derived);
                fits += self.proofs.iter().filter(made).count();
            }
        }
        fits
    }
}

/// How many of them a key opens.
fn opened<'a>(key: &Secret, sealed: impl IntoIterator<Item = &'a Sealed>) -> usize {
    let cipher = SealingKey::new(key).unwrap();
    let opens = |(context, sealed): &&Sealed| cipher.open(context, sealed).is_ok();
    sealed.into_iter().filter(opens).count()
}

fn index(value: &[u8; 32]) -> usize {
    usize::from(value[0]) | usize::from(value[1]) << 8 | usize::from(value[2]) << 16
}

/// What a PIN proof is made of, and the proof.
struct Proof {
    challenge: [u8; 32],
    covered: Vec<u8>,
    tag: [u8; 32],
}

impl Proof {
    fn is_made_by(&self, key: &Secret) -> bool {
        *hmac(&key[..], &[&self.covered]) == self.tag
    }
}

//! Statements that this process has signed or verified itself, so that it needs not verify them again.
//!
//! What comes out of the database is verified again, since whoever can write there could have put
//! something else in. Once in a process is enough: whether a signature fits depends on the bytes alone.
//! So what is known of a statement is kept under the SHA-256 of all its bytes, the signature included;
//! one that was touched is not known.

use countersign_protocol::Digest;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

/// Statements of one kind that are remembered: some megabytes at the most.
const MOST: usize = 1024;

/// What is known of statements of one kind.
pub(crate) struct Known<V>(Mutex<HashMap<Digest, V>>);

impl<V: Clone> Known<V> {
    pub(crate) fn new() -> Self {
        Self(Mutex::default())
    }

    pub(crate) fn of(&self, compact: &str) -> Option<V> {
        self.all().get(&name(compact)).cloned()
    }

    /// To be called with what was signed here, or verified.
    pub(crate) fn keep(&self, compact: &str, value: V) {
        let mut all = self.all();
        if all.len() >= MOST {
            // Forgetting costs a verification each.
            all.clear();
        }
        all.insert(name(compact), value);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Digest, V>> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn name(compact: &str) -> Digest {
    Digest::of(&[b"cs1 known\0", compact.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_all_its_bytes() {
        let known = Known::new();
        known.keep("header.payload.signature", 1);
        assert_eq!(known.of("header.payload.signature"), Some(1));
        for touched in [
            "header.payload.signaturf",
            "header.payload",
            "",
            "Header.payload.signature",
        ] {
            assert_eq!(known.of(touched), None, "{touched}");
        }
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let known = Known::new();
        for n in 0..3 * MOST {
            known.keep(&n.to_string(), n);
            assert_eq!(known.of(&n.to_string()), Some(n));
        }
        assert!(known.all().len() <= MOST);
    }
}

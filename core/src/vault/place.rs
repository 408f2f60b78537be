//! Where a record stands, and what the store is told about that: names are blinded, so that a copy of the store
//! says neither whose records it has nor of what kind. Numbers stay readable, since the store sorts by them.

use countersign_protocol::Id;
use countersign_protocol::crypto::MacKey;

/// The header and the head of a vault; not below any tree.
pub(super) const HEADER: &[u8] = b"\0header";
pub(super) const HEAD: &[u8] = b"\0head";

/// The first byte of the keys of records that the root covers, and of those that vouch for themselves.
pub(super) const ROOTED: u8 = 1;
pub(super) const UNROOTED: u8 = 2;

/// A kind of record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tree {
    pub(super) name: &'static str,
    /// Whether the root covers it; see [`super::Record::ROOTED`].
    pub(super) rooted: bool,
}

/// The name of a record within its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Whose it is; nobody's are of the device.
    pub(super) owner: Option<Id>,
    part: Part,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// There is one.
    Only,
    /// In an order that is also that of the store.
    Number(u64),
    Name(Vec<u8>),
}

impl Place {
    /// The one of an ID.
    pub(crate) fn of(owner: &Id) -> Self {
        Self {
            owner: Some(*owner),
            part: Part::Only,
        }
    }

    /// One of an ID's, by a number.
    pub(crate) fn numbered(owner: &Id, number: u64) -> Self {
        Self {
            owner: Some(*owner),
            part: Part::Number(number),
        }
    }

    /// One of an ID's, by a name.
    pub(crate) fn named(owner: &Id, name: &[u8]) -> Self {
        Self {
            owner: Some(*owner),
            part: Part::Name(name.to_vec()),
        }
    }

    /// One that belongs to no ID.
    pub(crate) fn device(name: &[u8]) -> Self {
        Self {
            owner: None,
            part: Part::Name(name.to_vec()),
        }
    }

    /// Its key in the store, below the prefix of its tree and owner.
    pub(super) fn key(&self, tree: Tree, names: &MacKey, prefix: &Prefix) -> Vec<u8> {
        let mut key = prefix.to_vec();
        match &self.part {
            Part::Only => {}
            Part::Number(number) => key.extend(number.to_be_bytes()),
            Part::Name(name) => {
                let tag = names.tag(&[tree.name.as_bytes(), b"\x01", owner(&self.owner), name]);
                key.extend(&tag[..16]);
            }
        }
        key
    }
}

/// What the keys of all records of a tree and owner begin with.
pub(super) type Prefix = [u8; 17];

pub(super) fn prefix(tree: Tree, names: &MacKey, whose: &Option<Id>) -> Prefix {
    let tag = names.tag(&[tree.name.as_bytes(), b"\0", owner(whose)]);
    let mut prefix = [if tree.rooted { ROOTED } else { UNROOTED }; 17];
    prefix[1..].copy_from_slice(&tag[..16]);
    prefix
}

/// The number that a key ends with, if it does.
pub(super) fn number(key: &[u8]) -> Option<u64> {
    let number = key.get(17..)?.try_into().ok()?;
    Some(u64::from_be_bytes(number))
}

fn owner(owner: &Option<Id>) -> &[u8] {
    owner.as_ref().map_or(&[], |owner| &owner.as_bytes()[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Tree = Tree {
        name: "one",
        rooted: true,
    };
    const OTHER: Tree = Tree {
        name: "other",
        rooted: false,
    };

    fn key(tree: Tree, place: &Place) -> Vec<u8> {
        let names = MacKey::new(&[3; 32]);
        place.key(tree, &names, &prefix(tree, &names, &place.owner))
    }

    #[test]
    fn no_two_places_have_one_key() {
        let (anna, ben) = (Id::from([1; 16]), Id::from([2; 16]));
        let places = [
            Place::of(&anna),
            Place::of(&ben),
            Place::numbered(&anna, 1),
            Place::numbered(&anna, 2),
            Place::named(&anna, b"1"),
            Place::named(&ben, b"1"),
            Place::device(b"1"),
            Place::device(&[anna.as_bytes(), &b"1"[..]].concat()),
            Place::device(b""),
        ];
        let mut keys: Vec<_> = places.iter().map(|place| key(ONE, place)).collect();
        keys.extend(places.iter().map(|place| key(OTHER, place)));
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 2 * places.len());
    }

    #[test]
    fn numbers_sort_as_numbers_below_their_owner() {
        let anna = Id::from([1; 16]);
        let numbers = [0, 1, 255, 256, u64::MAX];
        let keys = numbers.map(|number| key(OTHER, &Place::numbered(&anna, number)));
        assert!(keys.is_sorted());
        let names = MacKey::new(&[3; 32]);
        let prefix = prefix(OTHER, &names, &Some(anna));
        assert!(
            keys.iter()
                .all(|key| key.starts_with(&prefix) && key[0] == UNROOTED)
        );
    }

    #[test]
    fn a_key_says_nothing_without_the_secret() {
        let place = Place::named(&Id::from([1; 16]), b"anna@example.com");
        let names = MacKey::new(&[4; 32]);
        let other = place.key(ONE, &names, &prefix(ONE, &names, &place.owner));
        assert_ne!(key(ONE, &place), other);
        for part in [&b"anna"[..], &[1; 8], b"one"] {
            assert!(!other.windows(part.len()).any(|window| window == part));
        }
    }
}

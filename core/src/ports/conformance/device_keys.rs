//! What every keeper of keys does.

use crate::ports::{DeviceKeys, Gesture, KeyError, Slot};
use countersign_protocol::crypto::{PublicKey, raw_from_der};
use countersign_protocol::statement::Level;
use countersign_protocol::{Digest, Id};

/// `make` opens the same keys anew, as after a restart.
pub(crate) fn device_keys<K: DeviceKeys>(make: &dyn Fn() -> K) {
    let keys = make();
    let (anna, ben) = (Id::from([1; 16]), Id::from([2; 16]));
    let context = Digest::from([3; 32]);
    let dev = keys.make(&anna, Slot::Dev, &context).unwrap();
    let uv = keys.make(&anna, Slot::Uv, &context).unwrap();
    let other = keys.make(&ben, Slot::Dev, &context).unwrap();
    assert!(dev.point != uv.point && dev.point != other.point);
    assert!(dev.uvc.is_none() && uv.uvc.is_some());
    assert_eq!(dev.level, keys.level());
    assert!(dev.level != Level::Software || dev.attestation.is_empty());

    for (owner, slot, point) in [
        (&anna, Slot::Dev, &dev.point),
        (&anna, Slot::Uv, &uv.point),
        (&ben, Slot::Dev, &other.point),
    ] {
        signs_with_the_key_that_was_made(&make(), owner, slot, point);
    }
    assert_eq!(
        keys.sign(&ben, Slot::Uv, b"m").err(),
        Some(KeyError::Invalidated)
    );
    wraps_for_one_owner(&keys, &make(), &anna, &ben);
    peppers_depend_on_owner_and_salt(&keys, &make(), &anna, &ben);
    retires_what_signs_and_keeps_what_opens(&keys, &make(), &anna);
    deletes_for_good(&keys, &make(), &anna, &ben);
}

fn retires_what_signs_and_keeps_what_opens(
    keys: &dyn DeviceKeys,
    again: &dyn DeviceKeys,
    anna: &Id,
) {
    let wrapped = keys.wrap(anna, Gesture::Free, b"secret").unwrap();
    let asked = keys.wrap(anna, Gesture::Asked, b"secret").unwrap();
    keys.retire(anna).unwrap();
    keys.retire(anna).unwrap();
    let gone = Some(KeyError::Invalidated);
    for keys in [keys, again] {
        for slot in [Slot::Dev, Slot::Uv] {
            assert_eq!(keys.sign(anna, slot, b"m").err(), gone);
        }
        assert_eq!(keys.pepper(anna, &[7; 16]).err(), gone);
        assert_eq!(keys.unwrap(anna, Gesture::Asked, &asked).err(), gone);
        let plain = keys.unwrap(anna, Gesture::Free, &wrapped).unwrap();
        assert_eq!(plain.as_slice(), b"secret");
    }
    keys.retire(&Id::from([9; 16])).unwrap();
}

fn signs_with_the_key_that_was_made(keys: &dyn DeviceKeys, owner: &Id, slot: Slot, point: &[u8]) {
    let public = PublicKey::p256_from_point(point).unwrap();
    let signature = raw_from_der(&keys.sign(owner, slot, b"message").unwrap()).unwrap();
    assert!(public.verify(b"message", &signature).is_ok());
    assert!(public.verify(b"another", &signature).is_err());
}

fn wraps_for_one_owner(keys: &dyn DeviceKeys, again: &dyn DeviceKeys, anna: &Id, ben: &Id) {
    for gesture in [Gesture::Free, Gesture::Asked] {
        let wrapped = keys.wrap(anna, gesture, b"secret").unwrap();
        assert!(!wrapped.windows(6).any(|part| part == b"secret"));
        assert_eq!(
            again.unwrap(anna, gesture, &wrapped).unwrap().as_slice(),
            b"secret"
        );
        let other = if gesture == Gesture::Free {
            Gesture::Asked
        } else {
            Gesture::Free
        };
        assert_eq!(
            keys.unwrap(anna, other, &wrapped).err(),
            Some(KeyError::Invalidated)
        );
        assert!(keys.unwrap(ben, gesture, &wrapped).is_err());
        let mut bad = wrapped.clone();
        bad[0] ^= 1;
        assert_eq!(
            keys.unwrap(anna, gesture, &bad).err(),
            Some(KeyError::Invalidated)
        );
    }
    assert_eq!(
        keys.wrap(ben, Gesture::Asked, b"m").err(),
        Some(KeyError::Invalidated)
    );
}

fn peppers_depend_on_owner_and_salt(
    keys: &dyn DeviceKeys,
    again: &dyn DeviceKeys,
    anna: &Id,
    ben: &Id,
) {
    let (salt, other) = ([7; 16], [8; 16]);
    let pepper = keys.pepper(anna, &salt).unwrap();
    assert_eq!(again.pepper(anna, &salt).unwrap(), pepper);
    assert_ne!(keys.pepper(anna, &other).unwrap(), pepper);
    assert_ne!(keys.pepper(ben, &salt).unwrap(), pepper);
}

fn deletes_for_good(keys: &dyn DeviceKeys, again: &dyn DeviceKeys, anna: &Id, ben: &Id) {
    let wrapped = keys.wrap(anna, Gesture::Free, b"secret").unwrap();
    keys.delete(anna).unwrap();
    keys.delete(anna).unwrap();
    for keys in [keys, again] {
        assert_eq!(
            keys.sign(anna, Slot::Dev, b"m").err(),
            Some(KeyError::Invalidated)
        );
        assert_eq!(
            keys.sign(anna, Slot::Uv, b"m").err(),
            Some(KeyError::Invalidated)
        );
        assert_eq!(
            keys.unwrap(anna, Gesture::Free, &wrapped).err(),
            Some(KeyError::Invalidated)
        );
        assert_eq!(
            keys.pepper(anna, &[7; 16]).err(),
            Some(KeyError::Invalidated)
        );
        assert!(keys.sign(ben, Slot::Dev, b"m").is_ok());
    }
    // A key made anew opens nothing of the old one.
    keys.make(anna, Slot::Dev, &Digest::from([3; 32])).unwrap();
    assert_eq!(
        keys.unwrap(anna, Gesture::Free, &wrapped).err(),
        Some(KeyError::Invalidated)
    );
}

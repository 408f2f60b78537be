//! Keys of level `software`: files in a folder, one folder an owner. For computers and tests; a
//! phone has hardware.

use super::file;
use crate::ports::{DeviceKeys, Gesture, KeyError, MadeKey, Pepper, Plain, SALT_LENGTH, Slot};
use countersign_protocol::crypto::{
    PublicKey, SigningKey, hmac, make_random, open, raw_to_der, seal,
};
use countersign_protocol::statement::{Level, UvClass};
use countersign_protocol::{Digest, Id};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Keys in files that only their user may read. There is no person to ask for a gesture: one is
/// taken as given.
pub struct SoftwareKeys {
    folder: PathBuf,
}

/// What is in an owner's folder.
const DEV: &str = "dev.p8";
const UV: &str = "uv.p8";
const FREE: &str = "wrap";
const ASKED: &str = "wrap-uv";
const PEPPER: &str = "pepper";

impl SoftwareKeys {
    /// Keys in this folder; it is made with the first key.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
        }
    }

    fn path(&self, owner: &Id, name: &str) -> PathBuf {
        self.folder.join(owner.to_string()).join(name)
    }

    fn load(&self, owner: &Id, name: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        fs::read(self.path(owner, name))
            .map(Zeroizing::new)
            .map_err(|fault| match fault.kind() {
                ErrorKind::NotFound => KeyError::Invalidated,
                _ => KeyError::Unreadable,
            })
    }

    fn secret(&self, owner: &Id, name: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let bytes = self.load(owner, name)?;
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError::Invalidated)?;
        Ok(Zeroizing::new(bytes))
    }

    /// Durable when it returns: what is built on a key must never outlive it.
    fn save(&self, owner: &Id, name: &str, bytes: &[u8]) -> Result<(), KeyError> {
        let write = || {
            file::replace(&self.path(owner, name), bytes)?;
            // That the owner has a folder at all.
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|_| KeyError::Unreadable)
    }

    fn save_secret(&self, owner: &Id, name: &str) -> Result<(), KeyError> {
        let bytes = Zeroizing::new(make_random::<32>().map_err(|_| KeyError::Unreadable)?);
        self.save(owner, name, &bytes[..])
    }
}

impl DeviceKeys for SoftwareKeys {
    fn level(&self) -> Level {
        Level::Software
    }

    fn make(&self, owner: &Id, slot: Slot, _context: &Digest) -> Result<MadeKey, KeyError> {
        let document = SigningKey::make_p256().map_err(|_| KeyError::Unreadable)?;
        let key = SigningKey::from_pkcs8(&document).map_err(|_| KeyError::Unreadable)?;
        let PublicKey::P256(x, y) = key.public() else {
            return Err(KeyError::Unreadable);
        };
        let (name, uvc) = match slot {
            Slot::Dev => {
                self.save_secret(owner, FREE)?;
                self.save_secret(owner, PEPPER)?;
                (DEV, None)
            }
            Slot::Uv => {
                self.save_secret(owner, ASKED)?;
                (UV, Some(UvClass::Credential))
            }
        };
        self.save(owner, name, &document)?;
        let point = [&[4][..], x, y].concat();
        Ok(MadeKey {
            point,
            level: Level::Software,
            uvc,
            attestation: Vec::new(),
        })
    }

    fn sign(&self, owner: &Id, slot: Slot, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let document = self.load(owner, if slot == Slot::Dev { DEV } else { UV })?;
        let key = SigningKey::from_pkcs8(&document).map_err(|_| KeyError::Invalidated)?;
        let raw = key.sign(message).map_err(|_| KeyError::Unreadable)?;
        Ok(raw_to_der(&raw))
    }

    fn wrap(&self, owner: &Id, gesture: Gesture, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let name = wrapping(gesture);
        let key = self.secret(owner, name)?;
        seal(&key, name.as_bytes(), plain).map_err(|_| KeyError::Unreadable)
    }

    fn unwrap(&self, owner: &Id, gesture: Gesture, wrapped: &[u8]) -> Result<Plain, KeyError> {
        let name = wrapping(gesture);
        let key = self.secret(owner, name)?;
        open(&key, name.as_bytes(), wrapped).map_err(|_| KeyError::Invalidated)
    }

    fn pepper(&self, owner: &Id, salt: &[u8; SALT_LENGTH]) -> Result<Pepper, KeyError> {
        Ok(hmac(&self.secret(owner, PEPPER)?[..], &[salt]))
    }

    fn retire(&self, owner: &Id) -> Result<(), KeyError> {
        for name in [DEV, UV, ASKED, PEPPER] {
            match fs::remove_file(self.path(owner, name)) {
                Err(fault) if fault.kind() != ErrorKind::NotFound => {
                    return Err(KeyError::Unreadable);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn delete(&self, owner: &Id) -> Result<(), KeyError> {
        match fs::remove_dir_all(self.folder.join(owner.to_string())) {
            Err(fault) if fault.kind() != ErrorKind::NotFound => Err(KeyError::Unreadable),
            _ => Ok(()),
        }
    }
}

fn wrapping(gesture: Gesture) -> &'static str {
    match gesture {
        Gesture::Free => FREE,
        Gesture::Asked => ASKED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::conformance;

    #[test]
    fn they_are_device_keys() {
        let folder = tempfile::tempdir().unwrap();
        conformance::device_keys(&|| SoftwareKeys::new(folder.path()));
    }

    #[test]
    fn key_files_are_for_their_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (keys, owner) = (SoftwareKeys::new(folder.path()), Id::from([1; 16]));
        keys.make(&owner, Slot::Dev, &Digest::from([0; 32]))
            .unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(keys.path(&owner, DEV)), 0o600);
        assert_eq!(mode(folder.path().join(owner.to_string())), 0o700);
    }

    #[test]
    fn row_50_a_damaged_key_file_is_a_lost_key() {
        let folder = tempfile::tempdir().unwrap();
        let (keys, owner) = (SoftwareKeys::new(folder.path()), Id::from([1; 16]));
        keys.make(&owner, Slot::Dev, &Digest::from([0; 32]))
            .unwrap();
        for name in [DEV, FREE, PEPPER] {
            fs::write(keys.path(&owner, name), b"short").unwrap();
        }
        assert_eq!(
            keys.sign(&owner, Slot::Dev, b"m"),
            Err(KeyError::Invalidated)
        );
        assert_eq!(
            keys.wrap(&owner, Gesture::Free, b"m"),
            Err(KeyError::Invalidated)
        );
        assert_eq!(
            keys.pepper(&owner, &[0; 16]).err(),
            Some(KeyError::Invalidated)
        );
    }
}

//! What stands in clear: which form the vault has, which store it is, and the data key, wrapped by the device. A newer form is
//! known before anything else is tried.

use super::{Blob, Fault};
use countersign_protocol::Id;
use countersign_protocol::crypto::sha256;

/// The form of the vault that this code writes. 1 was plain records without a header.
pub(super) const SCHEMA: u16 = 2;

const MAGIC: &[u8; 4] = b"csv\x01";

/// A checksum tells damage from a key that is gone.
const SUM: usize = 8;

/// Bytes before the wrapped key: magic, schema, store, epoch.
const FIXED: usize = 26;

pub(super) struct Header {
    pub(super) schema: u16,
    /// Random: which store this is, to the counter.
    pub(super) store: Id,
    /// Of the data key.
    pub(super) epoch: u32,
    /// Wrapped by the key of [`super::KEEPER`].
    pub(super) data_key: Blob,
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.schema.to_be_bytes());
        bytes.extend(self.store.as_bytes());
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(&self.data_key.0);
        let sum = sha256(&[&bytes]);
        bytes.extend(&sum[..SUM]);
        bytes
    }

    /// # Errors
    /// [`Fault::Newer`] for a form that is not known here, [`Fault::Damaged`].
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let (body, sum) = bytes
            .len()
            .checked_sub(SUM)
            .and_then(|at| bytes.split_at_checked(at))
            .ok_or(Fault::Damaged)?;
        let (fixed, data_key) = body.split_at_checked(FIXED).ok_or(Fault::Damaged)?;
        if sha256(&[body])[..SUM] != *sum || &fixed[..4] != MAGIC {
            return Err(Fault::Damaged);
        }
        let schema = u16::from_be_bytes([fixed[4], fixed[5]]);
        if schema > SCHEMA {
            return Err(Fault::Newer);
        }
        let store = <[u8; 16]>::try_from(&fixed[6..22]).map_err(|_| Fault::Damaged)?;
        let epoch = <[u8; 4]>::try_from(&fixed[22..]).map_err(|_| Fault::Damaged)?;
        Ok(Self {
            schema,
            store: Id::from(store),
            epoch: u32::from_be_bytes(epoch),
            data_key: Blob(data_key.to_vec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(schema: u16) -> Header {
        Header {
            schema,
            store: Id::from([5; 16]),
            epoch: 9,
            data_key: Blob(vec![7; 60]),
        }
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let read = Header::decode(&header(SCHEMA).encode()).ok().unwrap();
        assert_eq!(
            (read.schema, read.store, read.epoch),
            (SCHEMA, Id::from([5; 16]), 9)
        );
        assert!(read.data_key == Blob(vec![7; 60]));
    }

    #[test]
    fn row_48_a_damaged_header_and_a_newer_one_are_told_apart() {
        let good = header(SCHEMA).encode();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(Header::decode(&bad).err(), Some(Fault::Damaged));
            assert_eq!(Header::decode(&good[..at]).err(), Some(Fault::Damaged));
        }
        let newer = header(SCHEMA + 1).encode();
        assert_eq!(Header::decode(&newer).err(), Some(Fault::Newer));
    }
}

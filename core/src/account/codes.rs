//! Recovery codes that were made here (protocol section 11). They are kept, sealed, by the transaction that signs the approval,
//! and nobody sees them before the server has said that it has them too; then until the person has closed the page that shows
//! them. Every other end of the approval wipes them unseen.

use super::keyring::Keyring;
use crate::core::Core;
use crate::error::Fault;
use crate::vault::{self, Blob, Change, Place, Record};
use countersign_protocol::Id;
use countersign_protocol::recovery::RecoveryCode;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// The bytes of one.
const BYTES: usize = 10;

/// Recovery codes, for the person to write down. Wiped when dropped.
pub struct RecoveryCodes(Vec<RecoveryCode>);

impl RecoveryCodes {
    /// Each as it is shown: 4-4-4-4.
    pub fn shown(&self) -> impl Iterator<Item = Zeroizing<String>> {
        self.0.iter().map(RecoveryCode::shown)
    }
}

/// They are secrets.
impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCodes")
    }
}

/// Those of one approval; named `owner/ctr`, like its response.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptCodes {
    ctr: u64,
    /// One behind the other, wrapped by the hardware.
    codes: Blob,
    /// Whether the server has them too, by its signed word.
    taken: bool,
}

impl Record for KeptCodes {
    const TREE: &'static str = "codes";
}

impl KeptCodes {
    /// Keeps the codes of an approval that is signed and has no verdict yet.
    pub(crate) fn keep(
        change: &mut Change<'_>,
        owner: &Id,
        ctr: u64,
        codes: Blob,
    ) -> Result<(), Fault> {
        let kept = Self {
            ctr,
            codes,
            taken: false,
        };
        Ok(change.put(&Place::numbered(owner, ctr), &kept)?)
    }
}

impl Keyring {
    pub(crate) fn wrap_codes(&self, owner: &Id, codes: &[RecoveryCode]) -> Result<Blob, Fault> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(codes.len() * BYTES));
        for code in codes {
            // EXPOSE: to the hardware, which wraps it.
            bytes.extend_from_slice(code.as_bytes());
        }
        self.wrap_bytes(owner, &bytes)
    }

    fn unwrap_codes(&self, owner: &Id, blob: &Blob) -> Result<RecoveryCodes, Fault> {
        let bytes = self.unwrap_bytes(owner, blob)?;
        let (codes, rest) = bytes.as_chunks::<BYTES>();
        if !rest.is_empty() {
            return Err(vault::Fault::Damaged.into());
        }
        Ok(RecoveryCodes(
            codes.iter().map(RecoveryCode::from_bytes).collect(),
        ))
    }
}

impl Core {
    /// What became of the approval `ctr`: its codes replace all earlier ones, or are gone.
    pub(crate) fn end_codes(
        &self,
        change: &mut Change<'_>,
        owner: &Id,
        ctr: u64,
        taken: bool,
    ) -> Result<(), Fault> {
        let place = Place::numbered(owner, ctr);
        // They may have been wiped meanwhile, or replaced by newer ones.
        let Some(mut codes) = change.read::<KeptCodes>(&place)? else {
            return Ok(());
        };
        if !taken {
            return Ok(change.delete::<KeptCodes>(&place)?);
        }
        codes.taken = true;
        change.put(&place, &codes)?;
        let kept = self.vault.all::<KeptCodes>(Some(owner))?.into_iter();
        let older = kept.filter(|one| one.ctr < ctr);
        for one in older {
            change.delete::<KeptCodes>(&Place::numbered(owner, one.ctr))?;
        }
        Ok(())
    }

    /// The newest codes of an ID, if the server has them too and they were not closed. While others wait for their verdict it
    /// isn't known which ones those are.
    pub(crate) fn recovery_codes(&self, owner: &Id) -> Result<Option<RecoveryCodes>, Fault> {
        self.account(owner)?;
        let newest = self.vault.all::<KeptCodes>(Some(owner))?.pop();
        let taken = newest.filter(|newest| newest.taken);
        taken
            .map(|kept| self.keys.unwrap_codes(owner, &kept.codes))
            .transpose()
    }

    /// The person has them: wipes those that could be seen.
    pub(crate) fn close_recovery_codes(&self, owner: &Id) -> Result<(), Fault> {
        self.account(owner)?;
        self.vault.change(|change| {
            for kept in self.vault.all::<KeptCodes>(Some(owner))? {
                if kept.taken {
                    change.delete::<KeptCodes>(&Place::numbered(owner, kept.ctr))?;
                }
            }
            Ok(())
        })
    }
}

//! Keys that belong to nobody. Before keys are made their owner is written down as an orphan; the
//! transaction that stores the enrolment takes the mark away, the one that removes an ID sets it
//! again. So a kill at any moment leaves no key behind for long, and no key is ever destroyed
//! because a record is missing. The port lists no keys: one that no record names can't be found, so each is named before it is made.

use super::gesture::let_go;
use crate::core::Core;
use crate::error::Fault;
use crate::vault::{Place, Record};
use countersign_protocol::Id;
use serde::{Deserialize, Serialize};

/// The keys of this owner are to be destroyed; named by it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Orphan {
    pub(crate) owner: Id,
}

impl Record for Orphan {
    const TREE: &'static str = "orphan";
}

impl Orphan {
    /// Nobody's: it is there while the ID is not.
    pub(crate) fn place(owner: &Id) -> Place {
        Place::device(owner.as_bytes())
    }
}

impl Core {
    /// Destroys the keys of every orphan; when the core opens, so nobody is making any. One whose
    /// keys can't be reached now stays one until the next time.
    pub(crate) fn destroy_orphans(&self) -> Result<(), Fault> {
        let strays = self.stray_gesture_keys()?;
        self.vault.change(|change| {
            strays.iter().try_for_each(|uv| let_go(change, *uv))?;
            Ok::<_, Fault>(())
        })?;
        for orphan in self.vault.all::<Orphan>(None)? {
            self.destroy(&orphan.owner)?;
        }
        Ok(())
    }

    /// Destroys the keys of one orphan.
    pub(crate) fn destroy(&self, owner: &Id) -> Result<(), Fault> {
        match self.keys.delete(owner) {
            Err(Fault::Key(_)) => return Ok(()),
            other => other?,
        }
        self.vault.change(|change| {
            change.delete::<Orphan>(&Orphan::place(owner))?;
            Ok(())
        })
    }
}

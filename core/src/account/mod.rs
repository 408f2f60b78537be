//! In: signed states and keys of a server. Out: what this phone knows about one ID, and whom it
//! believes about it. Never: a change to an ID that no signed statement made; a state or keys
//! statement that goes back.

mod codes;
mod gesture;
mod keep;
mod keyring;
mod orphans;
mod overview;
mod pin;
mod record;
mod state;
mod trust;
mod verify;

pub(crate) use codes::KeptCodes;
pub use codes::RecoveryCodes;
#[cfg(test)]
pub(crate) use gesture::GestureKey;
pub(crate) use gesture::{MadeUv, NextUv, let_go, take_in};
pub(crate) use keyring::Keyring;
pub(crate) use orphans::Orphan;
pub use overview::{Overview, PhoneInfo};
pub(crate) use record::{
    Account, Approval, Chain, Cursor, Digits, Index, KeptKeys, KeptState, Known, Stage, Synced,
};
pub(crate) use state::Unfit;
pub(crate) use trust::{Trust, Untrusted};
pub(crate) use verify::Asked;

#[cfg(test)]
mod keep_tests;
#[cfg(test)]
mod orphan_tests;

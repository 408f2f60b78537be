//! What is kept about one ID.

use super::gesture::{NextUv, UvKey};
use super::trust::Trust;
use crate::others::Newest;
use crate::vault::{Blob, Place, Record};
use countersign_protocol::crypto::{AgreementKey, PublicKey};
use countersign_protocol::policy::{Factor, Policy};
use countersign_protocol::statement::{Kind, Standing, State, StateReason, Via};
use countersign_protocol::text::{Account as AccountName, Name};
use countersign_protocol::{Digest, Id, Origin};
use serde::{Deserialize, Serialize};

/// An ID on this phone.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    /// Made here: names the ID to the shell and its keys to the hardware. Never sent.
    pub(crate) owner: Id,
    /// Whom it believes.
    pub(crate) trust: Trust,
    /// The server's name.
    pub(crate) name: Name,
    /// Whose ID, by the newest state.
    pub(crate) account: AccountName,
    /// K_dev.
    pub(crate) dev: PublicKey,
    /// H of the registration.
    pub(crate) registration: Digest,
    /// What is agreed.
    pub(crate) policy: Policy,
    /// What the person agreed to since, and no state has brought yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) approvals: Vec<Approval>,
    /// The server's half of every later agreement: `dh` of the offer. None for an ID that was added before
    /// there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dh: Option<AgreementKey>,
    /// K_pin, hidden under the PIN and wrapped by the hardware; none where the policy has no PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pin: Option<Blob>,
    /// The new PIN's, while the server has not said whether it took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_pin: Option<Blob>,
    /// K_uv, where the ID has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) uv: Option<UvKey>,
    /// The public half of each K_uv that a state ever named; for the history.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) named_uv: Vec<PublicKey>,
    /// The new one, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_uv: Option<Box<NextUv>>,
    /// Wrapped by the hardware: opens the texts of pushes.
    pub(crate) k_push: Blob,
    /// Wrapped by the hardware: makes offline codes. Opening it asks the gesture of K_uv where there is one.
    pub(crate) k_off: Blob,
    pub(crate) stage: Stage,
}

/// A policy that the person agreed to. It stands until a state has brought it or a newer one, until its own answer was refused,
/// or the person reported the request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    /// H of the statement that was answered. Of its answers one at a time has no verdict yet.
    pub(crate) request: Digest,
    /// The same in every statement of the request, as it gets more time.
    pub(crate) txn: Id,
    pub(crate) policy: Policy,
}

/// How far the enrolment is.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// The registration is durable; the server's first state isn't there yet.
    Synced(Box<Synced>),
    /// The server has told about the credential.
    Known(Box<Known>),
}

/// What the first state is compared with.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Synced {
    /// H of the offer.
    pub(crate) offer: Digest,
    /// The offer's `jti`, `sas`, `via` and `exp`.
    pub(crate) eid: Id,
    pub(crate) sas: Digest,
    pub(crate) via: Via,
    pub(crate) exp: u64,
    /// Np.
    pub(crate) np: Digest,
    /// It has the proof of a recovery code.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) rec: bool,
    /// Wrapped by the hardware, for `kc`.
    pub(crate) k_conf: Blob,
    /// The exact bytes that are posted.
    pub(crate) registration: String,
    /// `cs1-key` of K_uv, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) uv_proof: Option<String>,
}

/// What the newest state says.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    pub(crate) credential: Id,
    pub(crate) sn: u64,
    /// H of the state.
    pub(crate) state: Digest,
    pub(crate) standing: Standing,
    pub(crate) reason: Option<StateReason>,
    /// While it is pending.
    pub(crate) digits: Option<Digits>,
    pub(crate) push_id: Option<Id>,
    /// `set` of the last request that was shown.
    pub(crate) set: Option<Digest>,
    /// The newest notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) notice: Option<Newest>,
    /// The lower bound of server time, milliseconds, when it was revoked.
    pub(crate) ended: Option<u64>,
}

impl Known {
    /// What is known of the phones of the ID.
    pub(crate) fn phones_known(&self) -> (Option<Digest>, Option<Newest>) {
        (self.set, self.notice)
    }

    /// Whether the newest notice tells of these phones.
    pub(crate) fn is_explained(&self, set: &Digest) -> bool {
        self.notice.is_some_and(|newest| newest.set == *set)
    }

    /// Whether a request names phones that are neither those of the last one nor those of the newest notice.
    pub(crate) fn is_unexpected(&self, set: &Digest) -> bool {
        let anything = self.set.is_some() || self.notice.is_some();
        anything && self.set != Some(*set) && !self.is_explained(set)
    }
}

/// What a person carries to where the invitation came from.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Digits {
    pub(crate) digits: String,
    pub(crate) via: Via,
    /// Until when the server takes them, seconds.
    pub(crate) exp: u64,
}

impl Record for Account {
    const TREE: &'static str = "account";
    const LENGTH: usize = 4096;
    const KNOWN_BY_BYTES: bool = true;
}

impl Account {
    /// What the newest state says.
    ///
    /// # Errors
    /// [`crate::error::Fault::Unknown`] before the first one.
    pub(crate) fn known(&self) -> Result<&Known, crate::error::Fault> {
        match &self.stage {
            Stage::Known(known) => Ok(known),
            Stage::Synced(_) => Err(crate::error::Fault::Unknown),
        }
    }

    pub(crate) fn known_mut(&mut self) -> Result<&mut Known, crate::error::Fault> {
        match &mut self.stage {
            Stage::Known(known) => Ok(known),
            Stage::Synced(_) => Err(crate::error::Fault::Unknown),
        }
    }

    /// Whether the same ID may not be added a second time.
    pub(crate) fn is_in_the_way(&self) -> bool {
        match &self.stage {
            Stage::Synced(_) => true,
            Stage::Known(known) => {
                matches!(
                    known.standing,
                    Standing::Pending | Standing::Active | Standing::Suspended
                )
            }
        }
    }

    /// What this phone can prove with it. A PIN or gesture that is being changed proves nothing until the
    /// server has answered: nobody knows yet which one it takes. A new gesture's key not before a state has named it.
    pub(crate) fn factors(&self) -> Vec<Factor> {
        let pin = self.pin.is_some() && self.next_pin.is_none();
        let uv = self.uv.is_some() && self.next_uv.is_none() && self.is_uv_named();
        factors(pin, uv)
    }

    /// Whether its server can ask for a PIN or gesture.
    pub(crate) fn has_pin_or_uv(&self) -> bool {
        self.pin.is_some() || self.uv.is_some()
    }

    /// What it can prove when a change of PIN or gesture has its answer.
    pub(crate) fn factors_after_change(&self) -> Vec<Factor> {
        let pin = self.pin.is_some() || self.next_pin.is_some();
        factors(pin, self.uv.is_some() || self.next_uv.is_some())
    }

    /// Whether PIN or gesture are being changed, and the server has not answered yet, or the state that its answer brings isn't here.
    pub(crate) fn is_changing(&self) -> bool {
        self.next_pin.is_some() || self.next_uv.is_some() || !self.is_uv_named()
    }

    /// Whether a state has named K_uv: by its states a history is checked, so what a key signs that none of them names counts for
    /// nothing. An ID of before they were noted has the one it began with.
    pub(crate) fn is_uv_named(&self) -> bool {
        let named = |uv: &UvKey| self.named_uv.is_empty() || self.named_uv.contains(&uv.key);
        self.uv.as_ref().is_none_or(named)
    }

    /// Whether two PINs, or two keys, wait for what becomes of a change of this kind.
    pub(crate) fn awaits(&self, kind: &str) -> bool {
        let pin = kind == Kind::PinSet.as_str() && self.next_pin.is_some();
        pin || kind == Kind::ReplaceUv.as_str() && self.next_uv.is_some()
    }

    /// The person reports a request: what they agreed to by it, they didn't.
    pub(crate) fn take_back(&mut self, txn: &Id) {
        self.approvals.retain(|one| one.txn != *txn);
    }

    /// The server has said what became of the answer to a request: of old and new PIN, or key, one stays. Gives the owner of
    /// the K_uv that goes.
    pub(crate) fn end_change(&mut self, kind: &str, request: &Digest, taken: bool) -> Option<Id> {
        if kind == Kind::Policy.as_str() {
            // What the server didn't take, the person didn't agree to.
            if !taken {
                self.approvals.retain(|one| one.request != *request);
            }
            return None;
        }
        if kind == Kind::PinSet.as_str() {
            let next = self.next_pin.take();
            if taken && next.is_some() {
                self.pin = next;
            }
            return None;
        }
        let next = self.next_uv.take()?;
        if !taken {
            return Some(next.uv.owner);
        }
        self.k_off = next.k_off;
        let old = self.uv.replace(next.uv)?;
        if self.named_uv.is_empty() {
            self.named_uv.push(old.key);
        }
        Some(old.owner)
    }

    /// A state names a K_uv, which is this phone's.
    pub(crate) fn note_uv(&mut self, state: &State) {
        let now = self.uv.as_ref().map(|uv| uv.key);
        let next = self.next_uv.as_ref().map(|next| next.uv.key);
        let known = [now, next].into_iter().flatten();
        let mut named = known.filter(|key| Some(key.thumbprint()) == state.uv);
        if let Some(key) = named.find(|key| !self.named_uv.contains(key)) {
            self.named_uv.push(key);
        }
    }

    /// The public keys that answers of it were signed by. An ID of before the K_uv's were noted has the one it began with.
    pub(crate) fn public_keys(&self) -> Vec<PublicKey> {
        let first = self.uv.iter().map(|uv| uv.key);
        let first = first.filter(|_| self.named_uv.is_empty());
        let uv = self.named_uv.iter().copied().chain(first);
        std::iter::once(self.dev).chain(uv).collect()
    }

    /// Whether its credential may be sent requests.
    pub(crate) fn is_live(&self) -> bool {
        let live = |known: &Known| matches!(known.standing, Standing::Active | Standing::Suspended);
        self.known().is_ok_and(live)
    }
}

fn factors(pin: bool, uv: bool) -> Vec<Factor> {
    let more = [(Factor::Pin, pin), (Factor::Uv, uv)];
    let more = more.into_iter().filter(|(_, has)| *has);
    let more = more.map(|(factor, _)| factor);
    std::iter::once(Factor::Dev).chain(more).collect()
}

/// Which ID is the one of an origin and account; named by [`Index::place`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Index {
    pub(crate) owner: Id,
}

impl Record for Index {
    const TREE: &'static str = "index";
}

impl Index {
    pub(crate) fn place(origin: &Origin, account: &AccountName) -> Place {
        let parts = [
            origin.as_str().as_bytes(),
            b"\0",
            account.as_str().as_bytes(),
        ];
        Place::device(Digest::of(&parts).to_string().as_bytes())
    }
}

/// Where the chain of an ID's responses is; named by its owner.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chain {
    /// Of the last response.
    pub(crate) ctr: u64,
    pub(crate) prev: Option<Digest>,
    /// Of the last response that the person deleted from the history.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(crate) forgotten: u64,
}

impl Record for Chain {
    const TREE: &'static str = "chain";
    const KNOWN_BY_BYTES: bool = true;
}

fn is_none(number: &u64) -> bool {
    *number == 0
}

/// How far an ID's list of requests was read; named by its owner.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    pub(crate) next: Option<String>,
}

impl Record for Cursor {
    const TREE: &'static str = "cursor";
}

/// A keys statement that was accepted; for the history. Named `owner/n`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptKeys {
    pub(crate) keys: String,
}

impl Record for KeptKeys {
    const TREE: &'static str = "keys";
    const LENGTH: usize = 2048;
}

/// A state that was accepted; for the history. Named `owner/sn`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptState {
    pub(crate) state: String,
}

impl Record for KeptState {
    const TREE: &'static str = "state";
    const LENGTH: usize = 2048;
}

//! The offer behind an invitation: verified, in memory, waiting for a person's consent.

use super::Refusal;
use super::invite::Invite;
use crate::account::{Account, Index, Trust};
use crate::core::Core;
use crate::error::{Error, Fault};
use crate::time::{ServerTime, Word};
use crate::vault::Place;
use countersign_protocol::Origin;
use countersign_protocol::Signed;
use countersign_protocol::pin::PinEntry;
use countersign_protocol::policy::Factor;
use countersign_protocol::problem::Code;
use countersign_protocol::statement::{Offer, Via};
use countersign_protocol::text::Account as AccountName;
use std::fmt;

/// What a person reviews before an ID is added. Dropping it forgets everything.
pub struct Review {
    pub(super) invite: Invite,
    pub(super) trust: Trust,
    pub(super) offer: Signed<Offer>,
    pub(super) word: Word,
    pub(super) pin: Option<PinEntry>,
    takes_gesture: bool,
    /// By the offer alone.
    time: ServerTime,
}

impl Review {
    /// The server's host: what a person decides by. Punycode as it is.
    pub fn host(&self) -> &str {
        self.trust.iss.host()
    }

    /// The server's name, its own words.
    pub fn name(&self) -> &str {
        self.offer.name.as_str()
    }

    /// Whose ID it will be.
    pub fn account(&self) -> &str {
        self.offer.account.as_str()
    }

    /// Where the six digits will be typed.
    pub fn via(&self) -> Via {
        self.offer.via
    }

    /// The least number of digits of the PIN that is to be chosen; 0 when none is.
    pub fn least_pin(&self) -> u64 {
        self.offer.policy.pin
    }

    /// Takes the PIN that the person chose and typed twice. It is needed exactly where
    /// [`Self::least_pin`] isn't 0; elsewhere none is kept.
    ///
    /// # Errors
    /// `pin.differ`, `pin.short`; the person types it twice again.
    pub fn choose_pin(&mut self, pin: PinEntry, again: &PinEntry) -> Result<(), Error> {
        self.pin = None;
        if !pin.is_same(again) {
            return Err(Fault::from(Refusal::PinsDiffer).into());
        }
        pin.pin(self.least_pin()).map_err(Fault::from)?;
        self.pin = Some(pin);
        Ok(())
    }

    /// Whether a recovery code is asked for; then the ID is added by
    /// [`enrol_with_code`](crate::Authenticator::enrol_with_code). It is typed here only, never on a page.
    pub fn asks_recovery_code(&self) -> bool {
        self.offer.rec.is_some()
    }

    /// Whether the ID can have a key that asks for fingerprint or face.
    pub fn gesture(&self) -> GestureWish {
        let min = self.offer.policy.min.as_slice();
        let with = min.iter().filter(|one| one.has(Factor::Uv)).count();
        match with {
            0 => GestureWish::None,
            all if all == min.len() => GestureWish::Needed,
            _ => GestureWish::Offered,
        }
    }

    /// Takes the person's wish to use fingerprint or face, where it is [`GestureWish::Offered`]. The
    /// device asks for the gesture once in [`enrol`](crate::Authenticator::enrol).
    pub fn take_gesture(&mut self, yes: bool) {
        self.takes_gesture = yes;
    }

    /// Whether a K_uv is made.
    pub(super) fn makes_uv(&self) -> bool {
        match self.gesture() {
            GestureWish::None => false,
            GestureWish::Offered => self.takes_gesture,
            GestureWish::Needed => true,
        }
    }

    /// Until when the offer stands, seconds on the server's clock.
    pub fn expires(&self) -> u64 {
        self.offer.exp
    }
}

/// Whether an ID can have, or must have, a key that asks for fingerprint or face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GestureWish {
    /// The server takes none.
    None,
    /// The person may choose.
    Offered,
    /// It can't be added without.
    Needed,
}

/// It is about a person.
impl fmt::Debug for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Review")
    }
}

impl Core {
    /// Fetches and verifies the offer of an invitation. Nothing is stored.
    pub(crate) fn review(&self, invitation: &str) -> Result<Review, Fault> {
        let invite = Invite::read(invitation, &self.config)?;
        let heard = self
            .client
            .offer(&invite.origin, &invite.token)
            .map_err(of_offer)?;
        let trust = Trust::begin(invite.origin.clone(), invite.root, &heard.body.keys);
        let mut trust = trust.map_err(|_| Refusal::WrongKey)?;
        let offer = self.believe_by::<Offer>(&mut trust, &heard.body.offer);
        let offer = offer.map_err(of_offer_statement)?;
        // The phone has no time of its own yet: the server's signed word says that it is over.
        if invite.expires.is_some_and(|expires| offer.iat > expires) {
            return Err(Refusal::Over.into());
        }
        self.is_free(&trust.iss, &offer.account)?;
        let word = Word::Fresh(heard.trip);
        let mut time = ServerTime::default();
        time.learn(offer.iat, word, self.clock.now());
        Ok(Review {
            invite,
            trust,
            offer,
            word,
            pin: None,
            takes_gesture: false,
            time,
        })
    }

    /// # Errors
    /// [`Refusal::Mine`] when the ID is on this phone.
    fn is_free(&self, iss: &Origin, account: &AccountName) -> Result<(), Fault> {
        let Some(index) = self.vault.read::<Index>(&Index::place(iss, account))? else {
            return Ok(());
        };
        let there = self.vault.read::<Account>(&Place::of(&index.owner))?;
        if there.is_some_and(|there| there.is_in_the_way()) {
            Err(Refusal::Mine.into())
        } else {
            Ok(())
        }
    }

    /// Whether the person took too long.
    pub(super) fn is_overdue(&self, review: &Review) -> bool {
        review.time.is_over(review.offer.exp, self.clock.now())
    }
}

/// Answers at an offer have meanings of their own.
fn of_offer(fault: Fault) -> Fault {
    let Fault::Call(call) = fault else {
        return fault;
    };
    match call.code() {
        Some(Code::NotFound) => Refusal::UnknownToken.into(),
        Some(Code::Conflict) => Refusal::Used.into(),
        Some(Code::Gone) => Refusal::Over.into(),
        _ => Fault::Call(call),
    }
}

/// An offer that is not the server's is not of the server that the invitation names.
fn of_offer_statement(fault: Fault) -> Fault {
    match fault {
        Fault::Statement(_) | Fault::Trust(_) => Refusal::WrongKey.into(),
        other => other,
    }
}

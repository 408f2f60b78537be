//! Adding an ID: from the offer that a person reviews to the digits, and until it is usable.

use crate::authenticator::Authenticator;
use crate::cancel::Cancel;
use crate::door::guarded;
use crate::error::AuthError;
use crate::pin::PinEntry;
use crate::seconds;
use crate::words::{Text, lang};
use countersign_core::{self as core, Id, Review, words};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// Where the digits are typed.
pub type Via = core::Via;

/// Where the digits are typed.
#[uniffi::remote(Enum)]
pub enum Via {
    /// Into the browser that shows the invitation.
    Browser,
    /// Into the old phone.
    Phone,
    /// By an administrator, to whom the person reads them out.
    Admin,
}

/// Whether an ID can have, or must have, a key that asks for fingerprint or face.
pub type GestureWish = core::GestureWish;

/// Whether an ID can have, or must have, a key that asks for fingerprint or face.
#[uniffi::remote(Enum)]
pub enum GestureWish {
    /// The server takes none.
    None,
    /// The person may choose.
    Offered,
    /// It can't be added without.
    Needed,
}

/// What a person reviews before an ID is added.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Offer {
    /// The server's host: what a person decides by. Punycode as it is.
    pub host: String,
    /// The server's name, its own words.
    pub name: String,
    /// Whose ID it will be.
    pub account: String,
    /// Where the six digits will be typed.
    pub via: Via,
    /// The least number of digits of the PIN that is to be chosen; 0 when none is.
    pub least_pin: u32,
    /// Whether the ID can have a key that asks for fingerprint or face.
    pub gesture: GestureWish,
    /// Whether a recovery code is asked for: then the consent is given with it. It is typed here only, never on a page.
    pub recovery_code: bool,
    /// Until when the offer stands, seconds since 1970 on the server's clock.
    pub expires: i64,
}

/// How far an enrolment is.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum Progress {
    /// The digits are to be typed.
    Pending {
        /// The six digits as they are.
        digits: String,
        /// The same in two groups, and spoken.
        text: Text,
        /// Where they are typed.
        via: Via,
        /// Seconds left, at most.
        seconds_left: i64,
    },
    /// The ID is usable.
    Active,
}

crate::quiet!(Offer, Progress);

/// An ID that is being added. Until the consent, dropping it forgets everything; afterwards it goes on with
/// [`Authenticator::resume`], also after a restart.
#[derive(uniffi::Object)]
pub struct Enrolment {
    phone: Arc<Authenticator>,
    locale: String,
    steps: Steps<Review>,
}

#[uniffi::export]
impl Enrolment {
    /// What the person reviews; nothing after the consent.
    pub fn offer(&self) -> Result<Option<Offer>, AuthError> {
        guarded(|| {
            Ok(match &*self.steps.stage() {
                Stage::Offered(review) => Some(offer(review)),
                Stage::Under(..) | Stage::Again(_) | Stage::Over => None,
            })
        })
    }

    /// Takes the PIN that the person chose and typed twice, needed where [`Offer::least_pin`] isn't 0. `pin.differ`, `pin.short`: the
    /// person types it twice again.
    pub fn choose_pin(&self, pin: Arc<PinEntry>, again: Arc<PinEntry>) -> Result<(), AuthError> {
        guarded(|| {
            // Both, before anything can fail.
            let (pin, again) = (pin.take(), again.take());
            self.review(|review| Ok(review.choose_pin(pin, &again)?))
        })
    }

    /// Takes the person's wish to use fingerprint or face, where it is offered.
    pub fn take_gesture(&self, yes: bool) -> Result<(), AuthError> {
        guarded(|| {
            self.review(|review| {
                review.take_gesture(yes);
                Ok(())
            })
        })
    }

    /// Takes the person's consent: makes keys and registration, makes them safe, and gives the id of the ID that is being added.
    /// `rec.bad`: a recovery code is asked for. `inv.expired`, `inv.mine`, `pin.short`, `key.*`, `uv.*`, `store.*`; nothing of it is left
    /// then, and a new review is needed.
    pub fn consent(&self) -> Result<String, AuthError> {
        self.agree("")
    }

    /// The same with a recovery code, which is kept nowhere. `rec.bad`, also of [`Self::proceed`]: another one may be typed. After
    /// any error an ID that was being added before still is.
    pub fn consent_with_code(&self, code: String) -> Result<String, AuthError> {
        self.agree(&Zeroizing::new(code))
    }

    /// Takes it one step on, waiting up to `wait` seconds (at most 25) for the digits to be typed. To be called until it says
    /// [`Progress::Active`]. `inv.used`, `inv.expired`, `enr.*`, `app.old`, `id.removed`: it is over, and nothing of it is left. `net.*`,
    /// `srv.*`, `key.*`, `store.*`: call again.
    #[uniffi::method(default(cancel = None))]
    pub fn proceed(&self, wait: u32, cancel: Option<Arc<Cancel>>) -> Result<Progress, AuthError> {
        self.phone.call(cancel, |core| {
            let id = self.steps.under()?;
            let progress = core.proceed(&id, u64::from(wait))?;
            self.steps.taken(&id);
            Ok(match progress {
                core::Progress::Active => Progress::Active,
                core::Progress::Pending(pending) => Progress::Pending {
                    text: words::digits(lang(&self.locale), &pending.digits).into(),
                    digits: pending.digits,
                    via: pending.via,
                    seconds_left: seconds(pending.seconds_left),
                },
            })
        })
    }
}

impl Enrolment {
    pub(crate) fn begin(phone: Arc<Authenticator>, review: Review) -> Arc<Self> {
        Self::at(phone, Stage::Offered(Box::new(review)))
    }

    pub(crate) fn resume(phone: Arc<Authenticator>, id: Id) -> Arc<Self> {
        Self::at(phone, Stage::Under(id, None))
    }

    fn at(phone: Arc<Authenticator>, stage: Stage<Review>) -> Arc<Self> {
        Arc::new(Self {
            locale: phone.locale().to_owned(),
            phone,
            steps: Steps(Mutex::new(stage)),
        })
    }

    fn agree(&self, code: &str) -> Result<String, AuthError> {
        self.phone.call(None, |core| {
            let id = self.steps.consent(|review| {
                // No lock: the person may be asked for a gesture.
                let begun = core.enrol_with_code(review, code);
                (begun, review.asks_recovery_code())
            })?;
            Ok(id?.to_string())
        })
    }

    /// Something before the consent.
    fn review(
        &self,
        edit: impl FnOnce(&mut Review) -> Result<(), AuthError>,
    ) -> Result<(), AuthError> {
        match &mut *self.steps.stage() {
            Stage::Offered(review) => edit(review),
            Stage::Under(..) | Stage::Again(_) | Stage::Over => Err(AuthError::misuse("twice")),
        }
    }
}

/// How far it is, and the review for as long as it may be needed: a PIN is in it.
///
/// ```mermaid
/// stateDiagram-v2
///     [*] --> Offered: reviewed
///     [*] --> Under: resumed
///     Offered --> Over: the consent begins
///     Over --> Under: it was taken
///     Over --> Offered: not by a recovery code of this shape, or the key store failed; another one may be typed
///     Over --> Offered: a host panicked
///     Under --> Again: another code is tried
///     Again --> Under: tried
///     Under --> Under: the server took it, and the review goes
/// ```
struct Steps<R>(Mutex<Stage<R>>);

enum Stage<R> {
    /// Behind a pointer: what is moved leaves a copy behind.
    Offered(Box<R>),
    /// Being added; by a recovery code, of which another may have to be typed.
    Under(Id, Option<Box<R>>),
    /// The same, while another code is tried.
    Again(Id),
    /// A consent that failed, or is under way.
    Over,
}

impl<R> Steps<R> {
    fn stage(&self) -> MutexGuard<'_, Stage<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ID that is being added.
    fn under(&self) -> Result<Id, AuthError> {
        match *self.stage() {
            Stage::Under(id, _) | Stage::Again(id) => Ok(id),
            Stage::Offered(_) | Stage::Over => Err(AuthError::misuse("early")),
        }
    }

    /// The server took what was consented to: no other code will be typed, and nothing of the review is kept.
    fn taken(&self, id: &Id) {
        let mut stage = self.stage();
        match *stage {
            Stage::Under(of, _) | Stage::Again(of) if of == *id => *stage = Stage::Under(of, None),
            _ => {}
        }
    }

    /// Takes the person's consent once: what becomes of it, and whether the review is kept for another code, is for `enrol` to say.
    fn consent<E>(
        &self,
        enrol: impl FnOnce(&R) -> (Result<Id, E>, bool),
    ) -> Result<Result<Id, E>, AuthError> {
        let (review, before) = self.begin()?;
        let mut under_way = UnderWay {
            steps: self,
            before,
            begun: None,
            kept: Some(review),
        };
        let tried = under_way.kept.as_deref().map(enrol);
        let (begun, keep) = tried.ok_or_else(|| AuthError::misuse("twice"))?;
        under_way.begun = begun.as_ref().ok().copied();
        if !keep {
            under_way.kept = None;
        }
        Ok(begun)
    }

    /// Takes the review for a consent, and the ID that was being added before it. `use.twice` changes nothing.
    fn begin(&self) -> Result<(Box<R>, Option<Id>), AuthError> {
        let mut stage = self.stage();
        let (before, meanwhile) = match *stage {
            Stage::Offered(_) => (None, Stage::Over),
            Stage::Under(id, Some(_)) => (Some(id), Stage::Again(id)),
            Stage::Under(_, None) | Stage::Again(_) | Stage::Over => {
                return Err(AuthError::misuse("twice"));
            }
        };
        match std::mem::replace(&mut *stage, meanwhile) {
            Stage::Offered(review) | Stage::Under(_, Some(review)) => Ok((review, before)),
            Stage::Under(_, None) | Stage::Again(_) | Stage::Over => {
                Err(AuthError::misuse("twice"))
            }
        }
    }

    /// What became of it: another ID, or what was before, and then `kept` is there for another code.
    fn end(&self, before: Option<Id>, begun: Option<&Id>, kept: Option<Box<R>>) {
        let mut stage = self.stage();
        *stage = match (begun, before, kept) {
            (Some(id), _, kept) => Stage::Under(*id, kept),
            (None, None, Some(review)) => Stage::Offered(review),
            (None, None, None) => Stage::Over,
            // Taken in the meantime.
            (None, Some(id), _) if matches!(*stage, Stage::Under(..)) => Stage::Under(id, None),
            (None, Some(id), kept) => Stage::Under(id, kept),
        };
    }
}

/// A consent under way. However it ends, also by a panic of a host, it is no longer; then the review is there for another one.
struct UnderWay<'a, R> {
    steps: &'a Steps<R>,
    before: Option<Id>,
    begun: Option<Id>,
    kept: Option<Box<R>>,
}

impl<R> Drop for UnderWay<'_, R> {
    fn drop(&mut self) {
        let (before, begun) = (self.before, self.begun);
        self.steps.end(before, begun.as_ref(), self.kept.take());
    }
}

fn offer(review: &Review) -> Offer {
    Offer {
        host: review.host().to_owned(),
        name: review.name().to_owned(),
        account: review.account().to_owned(),
        via: review.via(),
        least_pin: crate::count(review.least_pin()),
        gesture: review.gesture(),
        recovery_code: review.asks_recovery_code(),
        expires: seconds(review.expires()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> Id {
        Id::from([1; 16])
    }

    /// A review of which is known whether it is still there.
    type Held = Arc<()>;

    fn offered() -> (Steps<Held>, Held) {
        let held = Held::default();
        (
            Steps(Mutex::new(Stage::Offered(Box::new(held.clone())))),
            held,
        )
    }

    fn is_held(held: &Held) -> bool {
        Arc::strong_count(held) > 1
    }

    /// One whose consent was taken, by a recovery code or without.
    fn under(by_code: bool) -> (Steps<Held>, Held) {
        let (steps, held) = offered();
        let (review, before) = steps.begin().unwrap();
        assert_eq!(before, None);
        steps.end(before, Some(&first()), by_code.then_some(review));
        (steps, held)
    }

    #[test]
    fn the_review_goes_as_soon_as_it_is_not_needed() {
        assert!(!is_held(&under(false).1));
        let (steps, held) = under(true);
        assert!(is_held(&held));
        steps.taken(&first());
        assert!(!is_held(&held));
        assert_eq!(steps.under(), Ok(first()));
        assert_eq!(steps.begin().err(), Some(AuthError::misuse("twice")));
        assert_eq!(steps.under(), Ok(first()));
    }

    #[test]
    fn another_code_that_is_none_leaves_what_was() {
        let (steps, held) = under(true);
        for _ in 0..2 {
            let (review, before) = steps.begin().unwrap();
            // It goes on meanwhile, and a third tap does nothing.
            assert_eq!(steps.under(), Ok(first()));
            assert_eq!(steps.begin().err(), Some(AuthError::misuse("twice")));
            assert_eq!(steps.under(), Ok(first()));
            steps.end(before, None, Some(review));
            assert_eq!(steps.under(), Ok(first()));
            assert!(is_held(&held));
        }
        let (review, before) = steps.begin().unwrap();
        let second = Id::from([2; 16]);
        steps.end(before, Some(&second), Some(review));
        assert_eq!(steps.under(), Ok(second));
        // Of the ID before: nothing of this one.
        steps.taken(&first());
        assert!(is_held(&held));
    }

    #[test]
    fn what_the_server_takes_while_another_code_is_tried_needs_none() {
        let (steps, held) = under(true);
        let (review, before) = steps.begin().unwrap();
        steps.taken(&first());
        steps.end(before, None, Some(review));
        assert_eq!(steps.under(), Ok(first()));
        assert!(!is_held(&held));
    }

    #[test]
    fn a_first_consent_that_fails_is_over_unless_a_code_was_asked_for() {
        let (steps, held) = offered();
        assert_eq!(steps.under(), Err(AuthError::misuse("early")));
        let (review, before) = steps.begin().unwrap();
        assert_eq!(steps.under(), Err(AuthError::misuse("early")));
        steps.end(before, None, Some(review));
        assert!(matches!(*steps.stage(), Stage::Offered(_)) && is_held(&held));
        let (review, before) = steps.begin().unwrap();
        drop(review);
        steps.end(before, None, None);
        assert_eq!(steps.begin().err(), Some(AuthError::misuse("twice")));
        assert!(!is_held(&held));
    }

    #[test]
    fn a_consent_in_which_a_host_panicked_can_be_given_again() {
        use std::panic::{AssertUnwindSafe, catch_unwind};
        let panics = |steps: &Steps<Held>| {
            let enrol = |_: &Held| -> (Result<Id, ()>, bool) { panic!("a host's bug") };
            let consent = AssertUnwindSafe(|| steps.consent(enrol));
            assert!(catch_unwind(consent).is_err());
        };
        let (steps, held) = offered();
        panics(&steps);
        assert!(is_held(&held));
        let begun = steps.consent(|_| (Ok::<_, ()>(first()), true));
        assert_eq!((begun, steps.under()), (Ok(Ok(first())), Ok(first())));
        // And while another code is tried.
        panics(&steps);
        assert_eq!(steps.under(), Ok(first()));
        let second = Id::from([2; 16]);
        let begun = steps.consent(|_| (Ok::<_, ()>(second), false));
        assert_eq!((begun, steps.under()), (Ok(Ok(second)), Ok(second)));
        assert!(!is_held(&held));
    }

    #[test]
    fn many_that_tap_at_once_give_one_consent_and_none_undoes_it() {
        for _ in 0..100 {
            let (steps, _) = offered();
            let tap = || {
                let (review, before) = steps.begin().ok()?;
                steps.end(before, Some(&first()), None);
                Some(review)
            };
            let taken = std::thread::scope(|scope| {
                let taps: Vec<_> = (0..4).map(|_| scope.spawn(tap)).collect();
                let taps = taps.into_iter().filter_map(|tap| tap.join().unwrap());
                taps.count()
            });
            assert_eq!((taken, steps.under()), (1, Ok(first())));
        }
    }
}

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
    stage: Mutex<Stage>,
}

enum Stage {
    /// Behind a pointer: what is moved leaves a copy behind, and a PIN is in it.
    Offered(Box<Review>),
    /// Being added; by a recovery code, of which another may have to be typed.
    Under(Id, Option<Box<Review>>),
    /// A consent that failed, or is under way.
    Over,
}

#[uniffi::export]
impl Enrolment {
    /// What the person reviews; nothing after the consent.
    pub fn offer(&self) -> Result<Option<Offer>, AuthError> {
        guarded(|| {
            Ok(match &*self.stage() {
                Stage::Offered(review) => Some(offer(review)),
                Stage::Under(..) | Stage::Over => None,
            })
        })
    }

    /// Takes the PIN that the person chose and typed twice, needed where [`Offer::least_pin`] isn't 0. `pin.differ`, `pin.short`: the
    /// person types it twice again.
    pub fn choose_pin(&self, pin: Arc<PinEntry>, again: Arc<PinEntry>) -> Result<(), AuthError> {
        self.review(|review| Ok(review.choose_pin(pin.take(), &again.take())?))
    }

    /// Takes the person's wish to use fingerprint or face, where it is offered.
    pub fn take_gesture(&self, yes: bool) -> Result<(), AuthError> {
        self.review(|review| {
            review.take_gesture(yes);
            Ok(())
        })
    }

    /// Takes the person's consent: makes keys and registration, makes them safe, and gives the id of the ID that is being added.
    /// `rec.bad`: a recovery code is asked for. `inv.expired`, `inv.mine`, `pin.short`, `key.*`, `uv.*`, `store.*`; nothing of it is left
    /// then, and a new review is needed.
    pub fn consent(&self) -> Result<String, AuthError> {
        self.agree("")
    }

    /// The same with a recovery code, which is kept nowhere. `rec.bad`, also of [`Self::proceed`]: another one may be typed.
    pub fn consent_with_code(&self, code: String) -> Result<String, AuthError> {
        self.agree(&Zeroizing::new(code))
    }

    /// Takes it one step on, waiting up to `wait` seconds (at most 25) for the digits to be typed. To be called until it says
    /// [`Progress::Active`]. `inv.used`, `inv.expired`, `enr.*`, `app.old`, `id.removed`: it is over, and nothing of it is left. `net.*`,
    /// `srv.*`, `key.*`, `store.*`: call again.
    #[uniffi::method(default(cancel = None))]
    pub fn proceed(&self, wait: u32, cancel: Option<Arc<Cancel>>) -> Result<Progress, AuthError> {
        self.phone.call(cancel, |core| {
            let Stage::Under(id, _) = *self.stage() else {
                return Err(AuthError::misuse("early"));
            };
            Ok(match core.proceed(&id, u64::from(wait))? {
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

    fn at(phone: Arc<Authenticator>, stage: Stage) -> Arc<Self> {
        Arc::new(Self {
            locale: phone.locale().to_owned(),
            phone,
            stage: Mutex::new(stage),
        })
    }

    fn agree(&self, code: &str) -> Result<String, AuthError> {
        self.phone.call(None, |core| {
            let before = std::mem::replace(&mut *self.stage(), Stage::Over);
            let review = match before {
                Stage::Offered(review) | Stage::Under(_, Some(review)) => review,
                other => {
                    *self.stage() = other;
                    return Err(AuthError::misuse("twice"));
                }
            };
            // No lock: the person may be asked for a gesture.
            let begun = core.enrol_with_code(&review, code);
            let kept = review.asks_recovery_code().then_some(review);
            *self.stage() = match (&begun, kept) {
                (Ok(id), kept) => Stage::Under(*id, kept),
                (Err(_), Some(review)) => Stage::Offered(review),
                (Err(_), None) => Stage::Over,
            };
            Ok(begun?.to_string())
        })
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something before the consent.
    fn review(
        &self,
        edit: impl FnOnce(&mut Review) -> Result<(), AuthError>,
    ) -> Result<(), AuthError> {
        guarded(|| match &mut *self.stage() {
            Stage::Offered(review) => edit(review),
            Stage::Under(..) | Stage::Over => Err(AuthError::misuse("twice")),
        })
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

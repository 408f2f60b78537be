//! The one door, in what Kotlin and Swift can say: each method is the core's of that name.

use crate::account::{Account, Action, Overview, Standing, id};
use crate::cancel::{Cancel, within};
use crate::diagnostics::{self, Diagnostics};
use crate::door::guarded;
use crate::enrolment::Enrolment;
use crate::error::AuthError;
use crate::host::Host;
use crate::pin::PinEntry;
use crate::prompt::{Arrivals, Hint, Prompt, Reason, Requests, Scanned, prompt_id};
use crate::settings::Settings;
use crate::told::{Delivery, ExportedHistory, Notice, Receipt, Sent, VerdictInfo};
use crate::{PushType, most};
use countersign_core::{self as core, Answer, NewPin, PushAddress, adapters};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The phone. Calls may come from any thread; one that talks to a server, or asks a person for a gesture, blocks its own thread
/// only. One is enough for an app; it is shut down once.
#[derive(uniffi::Object)]
pub struct Authenticator {
    core: Mutex<Option<Arc<core::Authenticator>>>,
    locale: String,
}

type Cancelling = Option<Arc<Cancel>>;

#[uniffi::export]
impl Authenticator {
    /// Opens the phone. `store.busy`, `store.corrupt`, `store.rollback`, `store.full`, `store.reopen`, `key.busy`, `key.lost`, `app.old`,
    /// `net.tls`; `use.settings`.
    #[uniffi::constructor]
    pub fn open(settings: Settings, host: Host) -> Result<Arc<Self>, AuthError> {
        guarded(|| {
            let ports = host.ports(&settings)?;
            let core = core::Authenticator::open(settings.config()?, ports)?;
            Ok(Arc::new(Self {
                core: Mutex::new(Some(Arc::new(core))),
                locale: settings.locale,
            }))
        })
    }

    /// Ends calls under way, [`AuthError::Cancelled`], and refuses later ones, `use.closed`. The memory is free for another opening
    /// once the last call under way is back. Again does nothing.
    pub fn shut_down(&self) -> Result<(), AuthError> {
        guarded(|| {
            self.end();
            Ok(())
        })
    }

    /// The IDs of this phone, in no order of meaning.
    pub fn accounts(&self) -> Result<Vec<Account>, AuthError> {
        self.call(None, |core| {
            Ok(core.accounts()?.into_iter().map(Account::from).collect())
        })
    }

    /// Reads an invitation (a link that was scanned or opened, or a typed code), fetches the offer behind it and verifies it. Nothing
    /// is stored until [`Enrolment::consent`]. `inv.*`, `enr.level`, `net.*`, `srv.*`.
    #[uniffi::method(default(cancel = None))]
    pub fn review(
        self: Arc<Self>,
        invitation: String,
        cancel: Cancelling,
    ) -> Result<Arc<Enrolment>, AuthError> {
        let review = self.call(cancel, |core| Ok(core.review(&invitation)?))?;
        Ok(Enrolment::begin(self, review))
    }

    /// Goes on with an ID that is being added, also after a restart.
    pub fn resume(self: Arc<Self>, account: String) -> Result<Arc<Enrolment>, AuthError> {
        guarded(|| Ok(Enrolment::resume(self, id(&account)?)))
    }

    /// Removes an ID and everything about it from this phone, its keys and history included. The server isn't told. `store.*`.
    pub fn forget(&self, account: String) -> Result<(), AuthError> {
        self.call(None, |core| Ok(core.forget(&id(&account)?)?))
    }

    /// Reads a push. Nothing for one that names nothing here. `store.*`.
    pub fn receive(&self, payload: Vec<u8>) -> Result<Option<Hint>, AuthError> {
        self.call(None, |core| Ok(core.receive(&payload)?.map(Hint::from)))
    }

    /// Fetches one request of an ID, by what a push named. `chal.*`, `net.*`, `srv.*`, `id.*`, `store.*`.
    #[uniffi::method(default(cancel = None))]
    pub fn fetch(
        &self,
        account: String,
        challenge: String,
        cancel: Cancelling,
    ) -> Result<Prompt, AuthError> {
        self.prompt(cancel, |core| {
            Ok(core.fetch(&id(&account)?, &id(&challenge)?)?)
        })
    }

    /// Opens a link to a request, as a browser on this phone shows it. `link.*`, `app.old`, and those of [`Self::fetch`].
    #[uniffi::method(default(cancel = None))]
    pub fn open_link(&self, link: String, cancel: Cancelling) -> Result<Prompt, AuthError> {
        self.prompt(cancel, |core| Ok(core.open_link(&link)?))
    }

    /// Reads the number of an open request from its code on the page. Nothing is opened or sent. `number.scan`, `store.*`.
    pub fn scan(&self, scanned: String) -> Result<Scanned, AuthError> {
        self.call(None, |core| Ok(core.scan(&scanned)?.into()))
    }

    /// Asks an ID's server for what is new, waiting up to `wait` seconds (at most 25) for something. `net.*`, `srv.*`, `id.*`,
    /// `store.*`: nothing came.
    #[uniffi::method(default(cancel = None))]
    pub fn poll(
        &self,
        account: String,
        wait: u32,
        cancel: Cancelling,
    ) -> Result<Arrivals, AuthError> {
        self.call(cancel, |core| {
            let arrivals = core.poll(&id(&account)?, u64::from(wait))?;
            Ok(Arrivals::new(account.clone(), arrivals, &self.locale))
        })
    }

    /// Sends what is due, then asks every ID's server for what is new, without waiting. `store.*`: nobody was asked.
    #[uniffi::method(default(cancel = None))]
    pub fn sync(&self, cancel: Cancelling) -> Result<Vec<Arrivals>, AuthError> {
        self.call(cancel, |core| {
            let all = core.sync()?.into_iter();
            let all =
                all.map(|(id, arrivals)| Arrivals::new(id.to_string(), arrivals, &self.locale));
            Ok(all.collect())
        })
    }

    /// The open requests of every ID. `store.*`.
    pub fn pending(&self) -> Result<Vec<Prompt>, AuthError> {
        self.call(None, |core| {
            let prompts = core.pending()?.into_iter();
            Ok(prompts
                .map(|prompt| Prompt::new(prompt, &self.locale))
                .collect())
        })
    }

    /// The same, those of one service together: what a list shows as one row. `store.*`.
    pub fn requests(&self) -> Result<Vec<Requests>, AuthError> {
        self.call(None, |core| {
            let all = core.requests()?.into_iter();
            Ok(all.map(|one| Requests::new(one, &self.locale)).collect())
        })
    }

    /// One open request. `chal.*`, `id.removed`, `store.*`.
    pub fn show(&self, prompt: String) -> Result<Prompt, AuthError> {
        self.prompt(None, |core| Ok(core.show(&prompt_id(&prompt)?)?))
    }

    /// More time for a request: it stays the same prompt. `chal.last`, and those of [`Self::fetch`].
    #[uniffi::method(default(cancel = None))]
    pub fn more_time(&self, prompt: String, cancel: Cancelling) -> Result<Prompt, AuthError> {
        self.prompt(cancel, |core| Ok(core.more_time(&prompt_id(&prompt)?)?))
    }

    /// Begins a change of an ID on this phone; gives the request that asks for it. `res.factors`, `key.unsent`, `net.*`, `srv.*`,
    /// `id.*`, `chal.*`, `store.*`.
    #[uniffi::method(default(cancel = None))]
    pub fn begin(
        &self,
        account: String,
        action: Action,
        cancel: Cancelling,
    ) -> Result<Prompt, AuthError> {
        self.prompt(cancel, |core| {
            Ok(core.begin(&id(&account)?, action.of_core()?)?)
        })
    }

    /// Rests an ID on all of its phones, at once. `id.*`, `net.*`, `srv.*`, `store.*`.
    #[uniffi::method(default(cancel = None))]
    pub fn pause(&self, account: String, cancel: Cancelling) -> Result<Standing, AuthError> {
        self.call(cancel, |core| Ok(core.pause(&id(&account)?)?))
    }

    /// An invitation for another phone of the ID, to be shown as a QR code. Those of [`Self::pause`].
    #[uniffi::method(default(cancel = None))]
    pub fn add_phone(&self, account: String, cancel: Cancelling) -> Result<String, AuthError> {
        self.call(cancel, |core| Ok(core.add_phone(&id(&account)?)?))
    }

    /// It is me: with the number that the browser shows and the PIN, where they are asked; an empty [`PinEntry`] is as none. The answer is
    /// signed and safe before it is sent; what can't be sent now, also since the call was given up, goes out by itself ([`Self::deliver`],
    /// [`Self::sync`]). Nothing was signed: `chal.expired`, `chal.seen`, `number.empty`, `pin.short`, `res.factors`, `id.paused`, `uv.*`,
    /// `key.*`, `store.busy`, [`AuthError::Cancelled`]. `store.reopen`: whether it was signed is known once the phone was opened again; then
    /// it is in [`Self::outbox`], or the request is open still.
    #[uniffi::method(default(cancel = None))]
    pub fn approve(
        &self,
        prompt: String,
        number: Option<String>,
        pin: Option<Arc<PinEntry>>,
        cancel: Cancelling,
    ) -> Result<Sent, AuthError> {
        self.decide(&prompt, cancel, || Ok(approval(number, pin.as_deref())))
    }

    /// It is me, and this is my new PIN, typed twice: to a request that [`Action::SetPin`] began. `pin.differ`, and those of
    /// [`Self::approve`].
    #[uniffi::method(default(cancel = None))]
    pub fn set_pin(
        &self,
        prompt: String,
        old: Option<Arc<PinEntry>>,
        new: Arc<PinEntry>,
        again: Arc<PinEntry>,
        cancel: Cancelling,
    ) -> Result<Sent, AuthError> {
        self.decide(&prompt, cancel, || {
            // All of them, before one of them may be wrong.
            let (new, again) = (new.take(), again.take());
            let old = old.and_then(|old| old.take_typed());
            let new = NewPin::new(new, &again)?;
            Ok(Answer::SetPin { old, new })
        })
    }

    /// No. Those of [`Self::approve`].
    #[uniffi::method(default(reason = None, cancel = None))]
    pub fn deny(
        &self,
        prompt: String,
        reason: Option<Reason>,
        cancel: Cancelling,
    ) -> Result<Sent, AuthError> {
        self.decide(&prompt, cancel, || Ok(Answer::Deny { reason }))
    }

    /// It wasn't me: stops it and pauses the ID. Those of [`Self::approve`].
    #[uniffi::method(default(reason = None, cancel = None))]
    pub fn report(
        &self,
        prompt: String,
        reason: Option<Reason>,
        cancel: Cancelling,
    ) -> Result<Sent, AuthError> {
        self.decide(&prompt, cancel, || Ok(Answer::Report { reason }))
    }

    /// What waits to be sent, in the order in which it was signed. `store.*`.
    pub fn outbox(&self) -> Result<Vec<Delivery>, AuthError> {
        self.call(None, |core| {
            Ok(core.outbox()?.into_iter().map(Delivery::from).collect())
        })
    }

    /// Sends what is due; with `now` everything: when the network is back, or a person wants it. Gives the verdicts that came.
    /// `store.*`.
    #[uniffi::method(default(cancel = None))]
    pub fn deliver(&self, now: bool, cancel: Cancelling) -> Result<Vec<VerdictInfo>, AuthError> {
        self.call(cancel, |core| {
            Ok(core
                .deliver(now)?
                .into_iter()
                .map(VerdictInfo::from)
                .collect())
        })
    }

    /// What an ID looks like from its server. `net.*`, `srv.*`, `id.*`, `key.*`, `store.*`.
    #[uniffi::method(default(cancel = None))]
    pub fn overview(&self, account: String, cancel: Cancelling) -> Result<Overview, AuthError> {
        self.call(cancel, |core| Ok(core.overview(&id(&account)?)?.into()))
    }

    /// Tells an ID's server what this phone is now, by its settings, and whether the person wishes for the longest time (`slow`). Those
    /// of [`Self::overview`].
    #[uniffi::method(default(cancel = None))]
    pub fn describe(
        &self,
        account: String,
        slow: bool,
        cancel: Cancelling,
    ) -> Result<(), AuthError> {
        self.call(cancel, |core| Ok(core.describe(&id(&account)?, slow)?))
    }

    /// Tells an ID's server where pushes go; without a token, that there are to be none. Those of [`Self::overview`].
    #[uniffi::method(default(cancel = None))]
    pub fn set_push(
        &self,
        account: String,
        service: PushType,
        token: Option<String>,
        cancel: Cancelling,
    ) -> Result<(), AuthError> {
        self.call(cancel, |core| {
            let address = token.map(|token| PushAddress {
                r#type: service,
                token,
            });
            Ok(core.set_push(&id(&account)?, address.as_ref())?)
        })
    }

    /// What happened to the IDs, the newest first, up to `limit`. `store.*`.
    pub fn notices(&self, limit: u32) -> Result<Vec<Notice>, AuthError> {
        self.call(None, |core| {
            let notices = core.notices(most(limit))?.into_iter();
            Ok(notices.map(|one| Notice::new(one, &self.locale)).collect())
        })
    }

    /// The newest answers of every ID, the newest first. `store.*`.
    pub fn history(&self, limit: u32) -> Result<Vec<Receipt>, AuthError> {
        self.call(None, |core| {
            Ok(core
                .history(most(limit))?
                .into_iter()
                .map(Receipt::from)
                .collect())
        })
    }

    /// Everything that is kept of an ID, as lines that anybody can check. `store.*`, `id.removed`.
    pub fn export_history(&self, account: String) -> Result<ExportedHistory, AuthError> {
        self.call(None, |core| {
            let mut lines = Vec::new();
            let exported = core.export_history(&id(&account)?, &mut lines)?;
            Ok(ExportedHistory::new(exported, lines))
        })
    }

    /// Deletes what was asked before this time; how many answers that were. `store.*`, `id.removed`.
    pub fn forget_history(&self, account: String, before: i64) -> Result<i64, AuthError> {
        self.call(None, |core| {
            let before = u64::try_from(before).unwrap_or_default();
            Ok(crate::seconds(core.forget_history(&id(&account)?, before)?))
        })
    }

    /// A copy of everything that this phone keeps, as sealed as it is: it opens with this device's keys alone. `store.*`.
    pub fn export_sealed(&self) -> Result<Vec<u8>, AuthError> {
        self.call(None, |core| Ok(core.export()?))
    }

    /// Why requests may not arrive, as far as can be seen from here. `store.*`.
    #[uniffi::method(default(cancel = None))]
    pub fn diagnose(&self, cancel: Cancelling) -> Result<Diagnostics, AuthError> {
        self.call(cancel, diagnostics::of)
    }
}

/// Fills an empty memory from a sealed copy; then it can be opened. `store.corrupt`: it is no copy. `key.lost`: it is of another device.
/// `app.old`, `store.busy`, `store.full`, `key.busy`: the memory is as it was. `store.reopen`: the same, seen once it is opened anew.
#[uniffi::export]
pub fn restore_sealed(settings: Settings, host: Host, copy: Vec<u8>) -> Result<(), AuthError> {
    guarded(|| {
        Ok(core::Authenticator::restore(
            &host.ports(&settings)?,
            &copy,
        )?)
    })
}

/// Moves a damaged memory aside, whole and unread, so that the next opening begins an empty one; for `store.corrupt` and
/// `store.rollback`. Nothing is deleted. Gives where it is now, if there was one. The host's counter forgets its value.
/// `store.busy`, `store.full`, `key.busy`.
#[uniffi::export]
pub fn set_aside(settings: Settings, host: Host) -> Result<Option<String>, AuthError> {
    guarded(|| {
        let moved = adapters::move_aside(Path::new(&settings.folder)).map_err(core::Error::from)?;
        // Afterwards: killed in between, the next call does it.
        host.forget_count()?;
        Ok(moved.map(|place| place.display().to_string()))
    })
}

impl Authenticator {
    /// Makes a call of the core, if it is open.
    pub(crate) fn call<T>(
        &self,
        cancel: Cancelling,
        call: impl FnOnce(&core::Authenticator) -> Result<T, AuthError>,
    ) -> Result<T, AuthError> {
        guarded(|| {
            may_begin(cancel.as_deref())?;
            let core = self.core().clone();
            let core = core.ok_or_else(|| AuthError::misuse("closed"))?;
            within(cancel, || call(&core))
        })
    }

    pub(crate) fn locale(&self) -> &str {
        &self.locale
    }

    fn prompt(
        &self,
        cancel: Cancelling,
        call: impl FnOnce(&core::Authenticator) -> Result<core::Prompt, AuthError>,
    ) -> Result<Prompt, AuthError> {
        self.call(cancel, |core| Ok(Prompt::new(call(core)?, &self.locale)))
    }

    fn decide(
        &self,
        prompt: &str,
        cancel: Cancelling,
        answer: impl FnOnce() -> Result<Answer, AuthError>,
    ) -> Result<Sent, AuthError> {
        guarded(|| {
            may_begin(cancel.as_deref())?;
            // What was typed is taken before anything can fail, and is gone whatever comes.
            let answer = answer();
            self.call(cancel, |core| {
                let prompt = prompt_id(prompt)?;
                Ok(core.decide(&prompt, &answer?)?.into())
            })
        })
    }

    fn core(&self) -> std::sync::MutexGuard<'_, Option<Arc<core::Authenticator>>> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        let core = self.core().take();
        if let Some(core) = core {
            core.close();
        }
    }
}

/// A call that was given up before does nothing.
fn may_begin(cancel: Option<&Cancel>) -> Result<(), AuthError> {
    cancel.map_or(Ok(()), Cancel::check)
}

/// An entry into which nothing was typed is no PIN: with one the core takes another of the ways.
fn approval(number: Option<String>, pin: Option<&PinEntry>) -> Answer {
    Answer::Approve {
        number,
        pin: pin.and_then(PinEntry::take_typed),
    }
}

impl Drop for Authenticator {
    fn drop(&mut self) {
        // Whoever forgot it.
        let _ = self.shut_down();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_into_which_nothing_was_typed_is_no_pin() {
        let typed = PinEntry::new();
        typed.push(1).unwrap();
        let empty = PinEntry::new();
        for (entry, is_one) in [(Some(&typed), true), (Some(&empty), false), (None, false)] {
            let answer = approval(None, entry.map(|entry| &**entry));
            let Answer::Approve { pin, .. } = answer else {
                panic!("not an approval");
            };
            assert_eq!(pin.is_some(), is_one);
        }
        assert_eq!(typed.dots(), Ok(0));
    }
}

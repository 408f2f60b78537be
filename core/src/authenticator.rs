//! The one door. Everything that a shell can do with the core is a method of [`Authenticator`];
//! nothing else is public but what they take and give.

use crate::account::{Account, Overview, RecoveryCodes, Stage};
use crate::challenge::{
    Action, Answer, Arrivals, Hint, Moved, Prompt, PromptId, Requests, Scanned, merge,
};
use crate::config::Config;
use crate::core::Core;
use crate::enrol::{Progress, Review};
use crate::error::{Error, Fault};
use crate::history::{Exported, HistoryEntry};
use crate::others::NoticeInfo;
use crate::outbox::{Delivery, Sent, VerdictInfo};
use crate::ports::{Clock, Counter, DeviceKeys, Store, Transport};
use crate::push::PushKey;
use crate::vault;
use countersign_protocol::Id;
use countersign_protocol::statement::{PushAddress, Standing, StateReason};
use std::fmt;
use std::io::Write;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What the core needs of the device.
#[derive(Clone)]
pub struct Ports {
    /// Where it remembers.
    pub store: Arc<dyn Store>,
    /// How it reaches servers.
    pub transport: Arc<dyn Transport>,
    /// What it signs with.
    pub keys: Arc<dyn DeviceKeys>,
    /// How it knows an older copy of the store.
    pub counter: Arc<dyn Counter>,
    /// How it sees time pass.
    pub clock: Arc<dyn Clock>,
}

/// An ID on this phone.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountInfo {
    /// Names it to this phone; known to nobody else.
    pub id: Id,
    /// The server's host.
    pub host: String,
    /// The server's name.
    pub name: String,
    /// Whose ID.
    pub account: String,
    /// Where it stands, by the newest signed state; [`Standing::Pending`] also before the first.
    pub standing: Standing,
    /// Why it is suspended or over.
    pub reason: Option<StateReason>,
    /// The server's keys are over their date and newer ones can't be had.
    pub keys_overdue: bool,
    /// Whether it has a PIN.
    pub pin: bool,
    /// Whether it has a key that asks for fingerprint or face.
    pub gesture: bool,
    /// Whether PIN or gesture were changed and the server has not answered yet, or the state that its answer brings is not here yet.
    pub changing: bool,
    /// The device lost the key that opens it: nothing is known of it any more but that it was there. It can be forgotten, and
    /// added again.
    pub lost: bool,
}

impl AccountInfo {
    fn lost(id: Id) -> Self {
        Self {
            id,
            host: String::new(),
            name: String::new(),
            account: String::new(),
            standing: Standing::Revoked,
            reason: None,
            keys_overdue: false,
            pin: false,
            gesture: false,
            changing: false,
            lost: true,
        }
    }
}

/// It is about a person.
impl fmt::Debug for AccountInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountInfo({})", self.id)
    }
}

/// The phone. Calls may come from any thread; one that talks to a server blocks its own thread
/// only.
///
/// After `store.reopen` every call fails: the phone is dropped, with all that holds its store, and opened again.
pub struct Authenticator {
    core: Core,
}

impl Authenticator {
    /// Opens the phone. Keys that a killed enrolment or removal left behind are destroyed.
    ///
    /// # Errors
    /// `store.busy`, `store.corrupt`, `store.full`, `store.reopen`; `store.rollback` for an older copy, or nothing in the place of a store, and `app.old` for the data of a newer
    /// version, which are left as they are; `key.busy`, `key.lost` when the device doesn't open it.
    pub fn open(config: Config, ports: Ports) -> Result<Self, Error> {
        let core = Core::new(config, ports)?;
        // Every ID must be readable before anything is done with one.
        core.accounts()?;
        core.destroy_orphans()?;
        core.vault.tell_counter();
        wipe_stack();
        Ok(Self { core })
    }

    /// Ends calls under way and refuses later ones, [`Error::Cancelled`].
    pub fn close(&self) {
        self.core.close();
    }

    fn core(&self) -> Result<Call<'_>, Error> {
        self.core.open()?;
        Ok(Call(&self.core))
    }

    /// A copy of everything that this phone keeps, as sealed as it is: it opens with this device's keys alone. For another
    /// engine of the same device, or against damage.
    ///
    /// # Errors
    /// `store.*`.
    pub fn export(&self) -> Result<Vec<u8>, Error> {
        Ok(self.core()?.vault.export().map_err(Fault::from)?)
    }

    /// Fills an empty store from a copy; then [`Self::open`] opens it. A copy from before the last answers is taken: the server
    /// notices what it doesn't know of, and suspends the credential (protocol section 7).
    ///
    /// # Errors
    /// `store.corrupt`: it is no copy. `key.lost`: it is of another device. `app.old`: it is of a newer version. `store.busy`: the
    /// store isn't empty. `key.busy`: it can be done again. The store is as it was. `store.reopen`: the same, once the store was opened
    /// anew.
    pub fn restore(ports: &Ports, copy: &[u8]) -> Result<(), Error> {
        let (store, keys) = (&*ports.store, ports.keys.clone());
        vault::import(store, keys, &*ports.counter, copy).map_err(Fault::from)?;
        Ok(())
    }

    /// The IDs of this phone, in no order of meaning.
    ///
    /// # Errors
    /// `store.*`.
    pub fn accounts(&self) -> Result<Vec<AccountInfo>, Error> {
        let core = self.core()?;
        let (accounts, lost) = core.accounts_and_lost()?;
        let infos = accounts.iter().map(|account| info(&core, account));
        let mut infos = infos.collect::<Result<Vec<_>, Fault>>()?;
        infos.extend(lost.into_iter().map(AccountInfo::lost));
        Ok(infos)
    }

    /// Reads an invitation (a link that was scanned or opened, or a typed code), fetches the offer
    /// behind it and verifies it. Nothing is stored until [`Self::enrol`].
    ///
    /// # Errors
    /// `inv.*`, `enr.level`, `net.*`, `srv.*`.
    pub fn review(&self, invitation: &str) -> Result<Review, Error> {
        Ok(self.core()?.review(invitation)?)
    }

    /// Takes the person's consent: makes keys and registration, makes them durable, and gives the
    /// id of the ID that is being added. [`Self::proceed`] does the rest, also after a restart.
    ///
    /// # Errors
    /// `rec.bad`: the offer asks for a recovery code ([`Self::enrol_with_code`]). `inv.expired`, `inv.mine`, `pin.short` when a PIN is asked for and none was chosen
    /// ([`Review::choose_pin`]), `key.*`, `store.*`; nothing of it is left then.
    pub fn enrol(&self, review: Review) -> Result<Id, Error> {
        Ok(self.core()?.consent(&review, "")?)
    }

    /// The same with a recovery code, where [`Review::asks_recovery_code`]; elsewhere it goes nowhere. The code is kept nowhere,
    /// and sent by nobody. When [`Self::proceed`] ends with `rec.bad`, another one may be typed for the same review; the PIN that
    /// was chosen stays.
    ///
    /// # Errors
    /// Those of [`Self::enrol`]; `rec.bad`: it has not the shape of a code, and nothing was sent.
    pub fn enrol_with_code(&self, review: &Review, code: &str) -> Result<Id, Error> {
        Ok(self.core()?.consent(review, code)?)
    }

    /// Names an e-mail address to a server (`https://host`), for an ID without an invitation. A server that allows it writes a
    /// letter there, whose page makes the invitation; whether it does, nobody is told.
    ///
    /// # Errors
    /// `inv.account`: not an e-mail address. `inv.malformed`: not a server's address. `inv.host`: none of the app's servers.
    /// `net.*`, `srv.*`.
    pub fn begin_id(&self, server: &str, account: &str) -> Result<(), Error> {
        Ok(self.core()?.begin_id(server, account)?)
    }

    /// Takes an enrolment one step on, waiting up to `wait` seconds (at most 25) for the digits to
    /// be typed. To be called until it says [`Progress::Active`].
    ///
    /// # Errors
    /// `inv.used`, `inv.expired`, `rec.bad`, `enr.*`, `app.old`, `id.removed`: it is over, and nothing of it is
    /// left. `net.*`, `srv.*`, `key.*`, `store.*`: it is still among [`Self::accounts`]; call again.
    pub fn proceed(&self, id: &Id, wait: u64) -> Result<Progress, Error> {
        Ok(self.core()?.proceed(id, wait)?)
    }

    /// Removes an ID and everything about it from this phone, its keys and history included. The
    /// server isn't told.
    ///
    /// # Errors
    /// `store.*`.
    pub fn forget(&self, id: &Id) -> Result<(), Error> {
        Ok(self.core()?.remove(id)?)
    }

    /// Reads a push. Nothing for one that names nothing here; see [`Self::ignored_pushes`].
    ///
    /// # Errors
    /// `store.*`.
    pub fn receive(&self, payload: &[u8]) -> Result<Option<Hint>, Error> {
        Ok(self.core()?.hint(payload)?)
    }

    /// What the app leaves where its notification extension finds it, after each change of an ID: by these the texts of pushes are opened
    /// without the phone ([`crate::open_text`]). Each is wrapped by the device, and opens nothing else.
    ///
    /// # Errors
    /// `store.*`.
    pub fn push_keys(&self) -> Result<Vec<PushKey>, Error> {
        Ok(self.core()?.push_keys()?)
    }

    /// How many pushes since the start named nothing here.
    pub fn ignored_pushes(&self) -> u64 {
        self.core.ignored.load(Ordering::Relaxed)
    }

    /// Fetches one request of an ID, by the id in a push.
    ///
    /// # Errors
    /// `chal.*`, `net.*`, `srv.*`, `id.*`, `store.*`.
    pub fn fetch(&self, id: &Id, challenge: &Id) -> Result<Prompt, Error> {
        Ok(self.core()?.fetch(id, *challenge)?)
    }

    /// Opens a link to a request, as a browser on this phone shows it: fetches the request with each ID at the link's server in
    /// turn, until one gets it.
    ///
    /// # Errors
    /// Nothing was asked: `link.malformed`, `link.foreign`, `app.old`, `id.paused`. Else those of [`Self::fetch`].
    pub fn open_link(&self, link: &str) -> Result<Prompt, Error> {
        Ok(self.core()?.open_link(link)?)
    }

    /// Reads the number of a request from its code on the page, for [`Answer::Approve`] to that request. Nothing is opened
    /// or sent.
    ///
    /// # Errors
    /// `number.scan`: no request is open here that asks for it. `store.*`.
    pub fn scan(&self, scanned: &str) -> Result<Scanned, Error> {
        Ok(self.core()?.scan(scanned)?)
    }

    /// Asks an ID's server for what is new, waiting up to `wait` seconds (at most 25) for
    /// something.
    ///
    /// # Errors
    /// `net.*`, `srv.*`, `id.*`, `store.*`: nothing came. What fails once something came is beside it, see [`Arrivals::error`].
    /// A request that isn't shown is no error, see [`Arrivals::refused`].
    pub fn poll(&self, id: &Id, wait: u64) -> Result<Arrivals, Error> {
        Ok(self.core()?.poll(id, wait)?)
    }

    /// Sends what is due, then asks every ID's server for what is new, without waiting; gives what each ID got. An ID whose
    /// server can't be asked doesn't keep the others from it, see [`Arrivals::error`].
    ///
    /// # Errors
    /// `store.*`, [`Error::Cancelled`]: nobody was asked.
    pub fn sync(&self) -> Result<Vec<(Id, Arrivals)>, Error> {
        Ok(self.core()?.sync()?)
    }

    /// The open requests of every ID.
    ///
    /// # Errors
    /// `store.*`.
    pub fn pending(&self) -> Result<Vec<Prompt>, Error> {
        let core = self.core()?;
        let mut prompts = Vec::new();
        for account in core.accounts()?.iter().filter(|account| account.is_live()) {
            prompts.append(&mut core.prompts(&account.owner)?);
        }
        Ok(prompts)
    }

    /// The same, those of one service together: what a list shows as one row.
    ///
    /// # Errors
    /// `store.*`.
    pub fn requests(&self) -> Result<Vec<Requests>, Error> {
        Ok(merge(self.pending()?))
    }

    /// One open request.
    ///
    /// # Errors
    /// `chal.expired`, `chal.seen`, `chal.unverified` when what it was verified with is no longer
    /// believed, `id.removed`, `store.*`.
    pub fn show(&self, id: &PromptId) -> Result<Prompt, Error> {
        Ok(self.core()?.prompt(&id.account, &id.challenge)?)
    }

    /// More time for a request. It stays the same prompt: nobody is alarmed again, and what was typed stays. Either name of it can
    /// be decided.
    ///
    /// # Errors
    /// `chal.last`: there is no more to be had. `chal.expired`, `chal.seen`, `id.*`, `net.*`, `srv.*`, `store.*`.
    pub fn more_time(&self, id: &PromptId) -> Result<Prompt, Error> {
        Ok(self.core()?.more_time(id)?)
    }

    /// Begins a change of an ID on this phone; gives the request that asks for it, to be decided like any
    /// other.
    ///
    /// # Errors
    /// `res.factors`: the ID has nothing to change. `key.unsent`: the same change was signed before, and its answer can't be had
    /// now. `net.*`, `srv.*`, `id.*`, `chal.*`, `store.*`.
    pub fn begin(&self, id: &Id, action: Action) -> Result<Prompt, Error> {
        Ok(self.core()?.begin(id, action)?)
    }

    /// Rests an ID on all of its phones, at once: nobody signs in with it until [`Action::Unfreeze`]. Gives where it
    /// stands then, by a signed state.
    ///
    /// # Errors
    /// `id.paused`, `id.probation`, `net.*`, `srv.*`, `store.*`.
    pub fn pause(&self, id: &Id) -> Result<Standing, Error> {
        Ok(self.core()?.pause(id)?)
    }

    /// An invitation for another phone of the ID, to be shown as a QR code. Once that phone has come, a request asks
    /// here for the six digits that it shows.
    ///
    /// # Errors
    /// `id.paused`, `id.probation`, `net.*`, `srv.*`, `store.*`.
    pub fn add_phone(&self, id: &Id) -> Result<String, Error> {
        Ok(self.core()?.add_phone(id)?)
    }

    /// The recovery codes that this phone made for an ID ([`Action::RecoveryCodes`]), once the server has said that it has them,
    /// until they are closed. Else none.
    ///
    /// # Errors
    /// `id.removed`, `key.*`, `store.*`.
    pub fn recovery_codes(&self, id: &Id) -> Result<Option<RecoveryCodes>, Error> {
        Ok(self.core()?.recovery_codes(id)?)
    }

    /// The person has written them down: wipes them, for good.
    ///
    /// # Errors
    /// `id.removed`, `store.*`: they are there still.
    pub fn close_recovery_codes(&self, id: &Id) -> Result<(), Error> {
        Ok(self.core()?.close_recovery_codes(id)?)
    }

    /// Moves all IDs to another phone: an invitation for each that is in use, as [`Self::add_phone`] gives it, or why there is
    /// none; one doesn't keep the others from it.
    ///
    /// # Errors
    /// `store.*`: nobody was asked.
    pub fn add_phone_to_all(&self) -> Result<Vec<Moved>, Error> {
        Ok(self.core()?.add_phone_to_all()?)
    }

    /// Decides a request. The answer is signed and durable before it is sent; it is sent at once,
    /// and again by [`Self::deliver`] and [`Self::sync`] until the server has answered.
    ///
    /// # Errors
    /// Nothing was signed: `chal.expired`, `chal.seen`, `number.empty`, `pin.short`, `res.factors`,
    /// `id.paused`, `uv.*`, `key.*`, `store.busy`, [`Error::Cancelled`], also when the person cancelled the gesture.
    /// `store.reopen`: whether it was signed is known once the phone was opened again; then it is in [`Self::outbox`], or the
    /// request is still open.
    /// `key.unsent`: a change of PIN or gesture that is signed has no answer yet, or this is one and would overtake an answer
    /// by the old PIN or gesture; and it can't be had now. The same, or `srv.busy`: an answer that was signed 30 before doesn't arrive;
    /// then only a report is signed.
    pub fn decide(&self, id: &PromptId, answer: &Answer) -> Result<Sent, Error> {
        let core = self.core()?;
        let (account, waiting) = core.decide(id, answer)?;
        match core.deliver_new(&account.owner, waiting.ctr) {
            Ok(Some(verdict)) => Ok(Sent::Verdict(verdict)),
            Ok(None) => Ok(Sent::Queued(Error::Cancelled)),
            Err(fault) => Ok(Sent::Queued(fault.into())),
        }
    }

    /// What waits to be sent, in the order in which it was signed.
    ///
    /// # Errors
    /// `store.*`.
    pub fn outbox(&self) -> Result<Vec<Delivery>, Error> {
        Ok(self.core()?.waiting()?)
    }

    /// Sends what is due; with `now` everything, stuck or not. Gives the verdicts that came, also those that came while
    /// something else was done.
    ///
    /// # Errors
    /// `store.*`; what can't be delivered is no error and stays.
    pub fn deliver(&self, now: bool) -> Result<Vec<VerdictInfo>, Error> {
        let core = self.core()?;
        core.deliver_due(now)?;
        Ok(core.unheard(None))
    }

    /// What an ID looks like from its server. It isn't signed: for display only.
    ///
    /// # Errors
    /// `net.*`, `srv.*`, `id.*`, `key.*`, `store.*`.
    pub fn overview(&self, id: &Id) -> Result<Overview, Error> {
        Ok(self.core()?.overview(id)?)
    }

    /// Tells an ID's server what this phone is now, by the settings it was opened with: after the app, the phone's name or its
    /// language changed, or when the person wishes for the longest time (`slow`) or no longer.
    ///
    /// # Errors
    /// `net.*`, `srv.*`, `id.*`, `key.*`, `store.*`: to be repeated, the server knows nothing newer.
    pub fn describe(&self, id: &Id, slow: bool) -> Result<(), Error> {
        Ok(self.core()?.describe(id, slow)?)
    }

    /// Tells an ID's server where pushes go, or that there are to be none.
    ///
    /// # Errors
    /// Those of [`Self::describe`].
    pub fn set_push(&self, id: &Id, address: Option<&PushAddress>) -> Result<(), Error> {
        Ok(self.core()?.set_push(id, address)?)
    }

    /// What happened to the IDs, as their servers told it, the newest first, up to `limit`.
    ///
    /// # Errors
    /// `store.*`.
    pub fn notices(&self, limit: usize) -> Result<Vec<NoticeInfo>, Error> {
        Ok(self.core()?.notices(limit)?)
    }

    /// The newest answers of every ID, the newest first.
    ///
    /// # Errors
    /// `store.*`.
    pub fn history(&self, limit: usize) -> Result<Vec<HistoryEntry>, Error> {
        Ok(self.core()?.history(limit)?)
    }

    /// Writes everything that is kept of an ID as lines that anybody can check (protocol section 8): what was asked, answered and
    /// judged, by whose keys. It is in clear and about a person, who decides where it goes.
    ///
    /// # Errors
    /// `store.*`; `store.full` also when `out` takes no more, `store.busy` when something came in between: what was written until
    /// then is no export. `id.removed`: there is nothing of it yet, or no more.
    pub fn export_history(&self, id: &Id, out: &mut dyn Write) -> Result<Exported, Error> {
        Ok(self.core()?.export_history(id, out)?)
    }

    /// Deletes the beginning of an ID's history: what was asked before this time, seconds on the server's clock. How many answers
    /// that were. The chain begins later then; what waits for its verdict stays, with all after it.
    ///
    /// # Errors
    /// `store.*`, `id.removed`.
    pub fn forget_history(&self, id: &Id, before: u64) -> Result<u64, Error> {
        Ok(self.core()?.forget_history(id, before)?)
    }
}

/// One call by the door. How far the store came by it is told to the counter when it ends: not before something is sent.
struct Call<'a>(&'a Core);

impl Deref for Call<'_> {
    type Target = Core;

    fn deref(&self) -> &Core {
        self.0
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.vault.tell_counter();
        wipe_stack();
    }
}

/// As deep as calls by the door leave anything.
const STACK: usize = 64 * 1024;

/// Writes over what the functions that a call went through left on the stack: values that were moved or spilled there, which
/// nobody owns any more. The compiler decides where those are, so it is a care and no promise.
#[inline(never)]
fn wipe_stack() {
    let mut bytes = [0u8; STACK];
    std::hint::black_box(&mut bytes);
}

fn info(core: &Core, account: &Account) -> Result<AccountInfo, Fault> {
    let (standing, reason) = match &account.stage {
        Stage::Synced(_) => (Standing::Pending, None),
        Stage::Known(known) => (known.standing, known.reason),
    };
    let time = core.time(&account.trust)?;
    Ok(AccountInfo {
        id: account.owner,
        host: account.trust.iss.host().to_owned(),
        name: account.name.as_str().to_owned(),
        account: account.account.as_str().to_owned(),
        standing,
        reason,
        keys_overdue: time.is_over(account.trust.exp, core.clock.now()),
        pin: account.pin.is_some(),
        gesture: account.uv.is_some(),
        changing: account.is_changing(),
        lost: false,
    })
}

#[cfg(test)]
#[path = "authenticator_tests.rs"]
mod tests;

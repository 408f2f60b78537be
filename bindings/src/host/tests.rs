//! Hosts that throw, panic, give rubbish, block, and call in again.

use super::*;
use crate::account::KeyLevel;
use crate::cancel;
use crate::settings::AppMode;
use crate::{Authenticator, Cancel, PinEntry};
use countersign_core::adapters::SoftwareKeys;
use countersign_core::ports::{DeviceKeys as Port, Gesture, KeyError, Slot};
use countersign_core::{Digest, Id};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, OnceLock};
use std::thread;
use tempfile::TempDir;

/// Does something in the place of a call, or lets it through.
type Trick = Box<dyn Fn(&str) -> Option<Result<Vec<u8>, KeyFailure>> + Send + Sync>;

/// A host's keys, as a shell would write them, with a trick.
struct Tricky {
    keys: SoftwareKeys,
    trick: Trick,
}

fn failure(error: KeyError) -> KeyFailure {
    match error {
        KeyError::Cancelled => KeyFailure::Cancelled,
        KeyError::LockedOut => KeyFailure::LockedOut,
        KeyError::Invalidated => KeyFailure::Invalidated,
        KeyError::NotSetUp => KeyFailure::NotSetUp,
        KeyError::Unreadable => KeyFailure::Unreadable,
    }
}

fn owner(text: &str) -> Id {
    Id::parse(text).unwrap()
}

impl DeviceKeys for Tricky {
    fn level(&self) -> Result<KeyLevel, KeyFailure> {
        (self.trick)("level").map_or(Ok(KeyLevel::Software), |trick| {
            trick.map(|_| KeyLevel::Enclave)
        })
    }

    fn make(&self, of: String, slot: Slot, context: Vec<u8>) -> Result<MadeKey, KeyFailure> {
        let trick = (self.trick)("make").transpose()?;
        let context = Digest::from(<[u8; 32]>::try_from(context).unwrap());
        let made = self
            .keys
            .make(&owner(&of), slot, &context)
            .map_err(failure)?;
        Ok(MadeKey {
            point: trick.unwrap_or(made.point),
            level: made.level,
            uvc: made.uvc,
            attestation: made.attestation,
        })
    }

    fn sign(&self, of: String, slot: Slot, message: Vec<u8>) -> Result<Vec<u8>, KeyFailure> {
        let signed = || self.keys.sign(&owner(&of), slot, &message).map_err(failure);
        (self.trick)("sign").unwrap_or_else(signed)
    }

    fn wrap(&self, of: String, gesture: Gesture, plain: Vec<u8>) -> Result<Vec<u8>, KeyFailure> {
        let wrapped = || {
            self.keys
                .wrap(&owner(&of), gesture, &plain)
                .map_err(failure)
        };
        (self.trick)("wrap").unwrap_or_else(wrapped)
    }

    fn unwrap(
        &self,
        of: String,
        gesture: Gesture,
        wrapped: Vec<u8>,
    ) -> Result<Vec<u8>, KeyFailure> {
        let plain = || {
            let plain = self.keys.unwrap(&owner(&of), gesture, &wrapped);
            plain.map(|plain| plain.to_vec()).map_err(failure)
        };
        (self.trick)("unwrap").unwrap_or_else(plain)
    }

    fn pepper(&self, of: String, salt: Vec<u8>) -> Result<Vec<u8>, KeyFailure> {
        let salt = salt.try_into().unwrap();
        let pepper = || {
            let pepper = self.keys.pepper(&owner(&of), &salt);
            pepper.map(|pepper| pepper.to_vec()).map_err(failure)
        };
        (self.trick)("pepper").unwrap_or_else(pepper)
    }

    fn retire(&self, of: String) -> Result<(), KeyFailure> {
        self.keys.retire(&owner(&of)).map_err(failure)
    }

    fn delete(&self, of: String) -> Result<(), KeyFailure> {
        self.keys.delete(&owner(&of)).map_err(failure)
    }
}

type OnWrite = Box<dyn Fn() -> Result<(), KeyFailure> + Send + Sync>;

/// A counter that does something when it is written.
struct Written {
    count: Mutex<Option<Count>>,
    on_write: OnWrite,
}

impl Counter for Written {
    fn read(&self) -> Result<Option<Count>, KeyFailure> {
        Ok(self.count.lock().unwrap().clone())
    }

    fn write(&self, count: Count) -> Result<(), KeyFailure> {
        (self.on_write)()?;
        *self.count.lock().unwrap() = Some(count);
        Ok(())
    }

    fn forget(&self) -> Result<(), KeyFailure> {
        *self.count.lock().unwrap() = None;
        Ok(())
    }
}

fn settings(home: &TempDir) -> Settings {
    Settings {
        folder: home.path().join("store").display().to_string(),
        engine: Engine::Redb,
        roots: None,
        pins: None,
        servers: Vec::new(),
        scheme: None,
        brand: "countersign".into(),
        mode: AppMode::App,
        version: "1".into(),
        os: "test".into(),
        device: "Phone".into(),
        locale: "en".into(),
    }
}

fn host(home: &TempDir, trick: Trick) -> Host {
    Host {
        keys: Arc::new(Tricky {
            keys: SoftwareKeys::new(&home.path().join("keys")),
            trick,
        }),
        counter: None,
        clock: None,
    }
}

fn counted(home: &TempDir, on_write: OnWrite) -> (Host, Arc<Written>) {
    let counter = Arc::new(Written {
        count: Mutex::default(),
        on_write,
    });
    let host = Host {
        counter: Some(counter.clone()),
        ..host(home, Box::new(|_| None))
    };
    (host, counter)
}

fn open(home: &TempDir, trick: Trick) -> Result<Arc<Authenticator>, AuthError> {
    Authenticator::open(settings(home), host(home, trick))
}

fn code(error: &AuthError) -> String {
    match error {
        AuthError::Cancelled => "cancelled".to_owned(),
        AuthError::Retry { code, .. }
        | AuthError::Expired { code }
        | AuthError::Reenrol { code }
        | AuthError::Refused { code }
        | AuthError::Misuse { code }
        | AuthError::Broken { code } => code.clone(),
    }
}

#[test]
fn row_50_every_failure_of_a_key_store_says_what_to_do_and_a_later_opening_works() {
    for (failure, said) in [
        (KeyFailure::Cancelled, "cancelled"),
        (KeyFailure::LockedOut, "uv.lockout"),
        (KeyFailure::Invalidated, "key.lost"),
        (KeyFailure::NotSetUp, "uv.none"),
        (KeyFailure::Unreadable, "key.busy"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let error = open(&home, Box::new(move |_| Some(Err(failure))))
            .err()
            .unwrap();
        assert_eq!(code(&error), said);
        open(&home, Box::new(|_| None)).unwrap().accounts().unwrap();
    }
}

#[test]
fn what_a_host_throws_that_it_should_not_is_a_key_store_that_does_not_answer() {
    let thrown = uniffi::UnexpectedUniFFICallbackError::new("anna's PIN is 123456");
    let failure = KeyFailure::from(thrown);
    assert_eq!(failure, KeyFailure::Unreadable);
    assert!(!format!("{failure} {failure:?}").contains("anna"));
}

#[test]
fn row_52_a_host_that_panics_is_a_fault_and_no_panic_crosses() {
    let home = tempfile::tempdir().unwrap();
    let error = open(&home, Box::new(|_| panic!("on purpose")))
        .err()
        .unwrap();
    assert_eq!(error, AuthError::broken());
    open(&home, Box::new(|_| None)).unwrap();
    let panics = Box::new(|call: &str| (call == "unwrap").then(|| panic!("on purpose")));
    assert_eq!(open(&home, panics).err(), Some(AuthError::broken()));
    open(&home, Box::new(|_| None)).unwrap();
}

#[test]
fn rubbish_of_a_key_store_opens_nothing_and_spoils_nothing() {
    let home = tempfile::tempdir().unwrap();
    open(&home, Box::new(|_| None)).unwrap();
    for rubbish in [
        Vec::new(),
        vec![0; 31],
        vec![0; 32],
        vec![0; 33],
        vec![7; 1 << 20],
    ] {
        let trick = move |call: &str| (call == "unwrap").then(|| Ok(rubbish.clone()));
        let error = open(&home, Box::new(trick)).err().unwrap();
        assert!(matches!(error, AuthError::Reenrol { .. }), "{error:?}");
    }
    open(&home, Box::new(|_| None)).unwrap();
}

#[test]
fn a_pepper_of_another_length_and_a_level_that_cannot_be_told_are_none() {
    let home = tempfile::tempdir().unwrap();
    let keys = |trick: Trick| keys::OfHost(host(&home, trick).keys);
    let id = Id::from([1; 16]);
    for length in [0, 31, 33] {
        let port = keys(Box::new(move |_| Some(Ok(vec![0; length]))));
        assert_eq!(port.pepper(&id, &[0; 16]).err(), Some(KeyError::Unreadable));
    }
    let port = keys(Box::new(|_| Some(Err(KeyFailure::Unreadable))));
    assert_eq!(port.level(), KeyLevel::Software);
}

#[test]
fn nobody_is_asked_and_nothing_signed_for_a_call_that_was_given_up() {
    let home = tempfile::tempdir().unwrap();
    let keys = keys::OfHost(host(&home, Box::new(|_| None)).keys);
    let (id, context) = (Id::from([1; 16]), Digest::of(&[]));
    for slot in [Slot::Dev, Slot::Uv] {
        keys.make(&id, slot, &context).unwrap();
    }
    let wrapped = [Gesture::Free, Gesture::Asked].map(|how| keys.wrap(&id, how, &[7]).unwrap());
    let cancel = Cancel::new();
    cancel::within(Some(cancel.clone()), || {
        keys.sign(&id, Slot::Dev, &[]).unwrap();
        cancel.cancel().unwrap();
        for slot in [Slot::Dev, Slot::Uv] {
            assert_eq!(keys.sign(&id, slot, &[]), Err(KeyError::Cancelled));
            let made = keys.make(&id, slot, &context);
            assert_eq!(made.err(), Some(KeyError::Cancelled));
        }
        let asked = keys.unwrap(&id, Gesture::Asked, &wrapped[1]);
        assert_eq!(asked.err(), Some(KeyError::Cancelled));
        // What an answer that is signed is kept and settled by, and what destroys keys, goes on.
        assert_eq!(*keys.unwrap(&id, Gesture::Free, &wrapped[0]).unwrap(), [7]);
        keys.wrap(&id, Gesture::Free, &[7]).unwrap();
        keys.pepper(&id, &[0; 16]).unwrap();
        keys.retire(&id).unwrap();
        keys.delete(&id).unwrap();
    });
}

#[test]
fn a_call_that_was_given_up_before_it_began_does_nothing_at_all() {
    let home = tempfile::tempdir().unwrap();
    let asked = Arc::new(AtomicBool::new(false));
    let noting = asked.clone();
    let note = move |_: &str| {
        noting.store(true, Ordering::SeqCst);
        None
    };
    let phone = open(&home, Box::new(note)).unwrap();
    asked.store(false, Ordering::SeqCst);
    let (cancel, [one, old, new, again]) = (Cancel::new(), [(); 4].map(|()| typed()));
    cancel.cancel().unwrap();
    let given_up = || Some(cancel.clone());
    let name = "x".to_owned();
    for error in [
        phone
            .approve(name.clone(), None, Some(one.clone()), given_up())
            .err(),
        phone
            .set_pin(
                name.clone(),
                Some(old.clone()),
                new.clone(),
                again.clone(),
                given_up(),
            )
            .err(),
        phone.deny(name.clone(), None, given_up()).err(),
        phone.poll(name.clone(), 0, given_up()).err(),
        phone.sync(given_up()).err(),
        phone.clone().review(name, given_up()).err(),
    ] {
        assert_eq!(error, Some(AuthError::Cancelled));
    }
    assert!(!asked.load(Ordering::SeqCst));
    for pin in [one, old, new, again] {
        assert_eq!(pin.dots(), Ok(6));
    }
}

fn typed() -> Arc<PinEntry> {
    let pin = PinEntry::new();
    (0..6).for_each(|digit| pin.push(digit).unwrap());
    pin
}

#[test]
fn a_pin_that_was_handed_to_a_call_is_nowhere_any_more_whatever_came_of_the_call() {
    let home = tempfile::tempdir().unwrap();
    let phone = open(&home, Box::new(|_| None)).unwrap();
    let pins = [(); 8].map(|()| typed());
    let [a, b, c, d, e, f, g, h] = pins.clone();
    let is_none = AuthError::misuse("id");
    let (bad, unknown) = (String::new(), "A".repeat(22));
    let approved = phone.approve(bad.clone(), None, Some(a), None);
    assert_eq!(approved.err().as_ref(), Some(&is_none));
    // The two differ, and the old one goes all the same.
    c.push(1).unwrap();
    let set = phone.set_pin(bad, Some(b), c, d, None);
    assert_eq!(set.err().as_ref(), Some(&is_none));
    let enrolment = phone.clone().resume(unknown.clone()).unwrap();
    let chosen = enrolment.choose_pin(e, f);
    assert_eq!(chosen.err(), Some(AuthError::misuse("twice")));
    phone.shut_down().unwrap();
    let closed = AuthError::misuse("closed");
    let approved = phone.approve(unknown.clone(), None, Some(g), None);
    assert_eq!(approved.err().as_ref(), Some(&closed));
    let set = phone.set_pin(unknown, None, h, typed(), None);
    assert_eq!(set.err(), Some(closed));
    for (at, pin) in pins.iter().enumerate() {
        assert_eq!(pin.dots(), Ok(0), "{at}");
    }
}

/// Fails from the second write on until it is told to do something else: what the first opening has to tell is told later.
fn later(then: Arc<OnceLock<OnWrite>>) -> OnWrite {
    let first = AtomicBool::new(true);
    Box::new(move || match then.get() {
        Some(then) => then(),
        None if first.swap(false, Ordering::SeqCst) => Ok(()),
        None => Err(KeyFailure::Unreadable),
    })
}

#[test]
fn a_counter_that_fails_is_told_next_time_and_may_call_in_again() {
    let home = tempfile::tempdir().unwrap();
    let then: Arc<OnceLock<OnWrite>> = Arc::default();
    let (host, _) = counted(&home, later(then.clone()));
    let phone = Authenticator::open(settings(&home), host).unwrap();
    phone.accounts().unwrap();
    let (called, is_called) = channel();
    let (within, called) = (Arc::downgrade(&phone), Mutex::new(called));
    let call_in: OnWrite = Box::new(move || {
        let phone: Arc<Authenticator> = within.upgrade().unwrap();
        called.lock().unwrap().send(phone.accounts()).unwrap();
        Ok(())
    });
    assert!(then.set(call_in).is_ok());
    phone.accounts().unwrap();
    is_called.try_recv().unwrap().unwrap();
    // It has been told now.
    phone.accounts().unwrap();
    assert!(is_called.try_recv().is_err());
}

#[test]
fn a_host_that_blocks_holds_up_nobody_else() {
    let home = tempfile::tempdir().unwrap();
    let then: Arc<OnceLock<OnWrite>> = Arc::default();
    let (host, _) = counted(&home, later(then.clone()));
    let phone = Authenticator::open(settings(&home), host).unwrap();
    let ((entered, is_in), (go, may_go)) = (channel(), channel::<()>());
    let (entered, may_go) = (Mutex::new(entered), Mutex::new(may_go));
    let block: OnWrite = Box::new(move || {
        entered.lock().unwrap().send(()).unwrap();
        may_go.lock().unwrap().recv().unwrap();
        Ok(())
    });
    assert!(then.set(block).is_ok());
    thread::scope(|scope| {
        let slow = scope.spawn(|| phone.accounts());
        is_in.recv().unwrap();
        for _ in 0..3 {
            phone.accounts().unwrap();
        }
        phone.shut_down().unwrap();
        assert_eq!(phone.accounts().err(), Some(AuthError::misuse("closed")));
        go.send(()).unwrap();
        slow.join().unwrap().unwrap();
    });
    // The last call under way gave the memory back.
    open(&home, Box::new(|_| None)).unwrap();
}

#[test]
fn row_48_a_counter_that_is_ahead_says_so_and_setting_aside_makes_it_forget() {
    let home = tempfile::tempdir().unwrap();
    let (host, counter) = counted(&home, Box::new(|| Ok(())));
    let keys = host.keys.clone();
    let again = || Host {
        keys: keys.clone(),
        counter: Some(counter.clone()),
        clock: None,
    };
    Authenticator::open(settings(&home), host).unwrap();
    let count = counter.read().unwrap().unwrap();
    for bad in [
        Count {
            version: 99,
            ..count.clone()
        },
        Count {
            version: -1,
            ..count.clone()
        },
        Count {
            store: "?".into(),
            ..count
        },
    ] {
        counter.write(bad).unwrap();
        let error = Authenticator::open(settings(&home), again()).err().unwrap();
        assert!(
            ["store.rollback", "key.busy"].contains(&&*code(&error)),
            "{error:?}"
        );
    }
    assert!(
        crate::set_aside(settings(&home), again())
            .unwrap()
            .is_some()
    );
    Authenticator::open(settings(&home), again()).unwrap();
}

/// A clock that says what it is told.
struct Told(Mutex<Result<Moment, KeyFailure>>);

impl Clock for Told {
    fn now(&self) -> Result<Moment, KeyFailure> {
        self.0.lock().unwrap().clone()
    }
}

#[test]
fn a_clock_never_runs_backwards_and_goes_on_where_the_host_fails() {
    let at = |boot: &str, ms| {
        Ok(Moment {
            boot: boot.into(),
            ms,
        })
    };
    let told = Arc::new(Told(Mutex::new(Err(KeyFailure::Unreadable))));
    let error = clock::OfHost::new(told.clone()).err().unwrap();
    assert_eq!(code(&error), "key.busy");
    *told.0.lock().unwrap() = at("1", 1000);
    let clock = clock::OfHost::new(told.clone()).unwrap();
    let says = |what| {
        *told.0.lock().unwrap() = what;
        ports::Clock::now(&clock)
    };
    let first = says(at("1", 2000));
    assert_eq!(says(at("1", 500)), first);
    assert_eq!(says(at("1", -1)).boot, first.boot);
    assert!(says(Err(KeyFailure::Unreadable)).ms >= first.ms);
    let other = says(at("2", 5));
    assert!(other.boot != first.boot && other.ms == 5);
}

#[test]
fn where_the_device_has_no_clock_of_its_own_the_host_must_bring_one() {
    let told: Arc<dyn Clock> = Arc::new(Told(Mutex::new(Ok(Moment {
        boot: "1".into(),
        ms: 7,
    }))));
    let given = clock::of(Some(&told), || Ok(None)).unwrap();
    assert_eq!(given.now().ms, 7);
    let error = clock::of(None, || Ok(None)).err().unwrap();
    assert_eq!(code(&error), "use.clock");
    assert!(clock::of(None, countersign_core::adapters::device_clock).is_ok());
}

#[test]
fn row_52_names_that_are_none_and_calls_after_the_end_are_the_callers_fault() {
    let home = tempfile::tempdir().unwrap();
    let phone = open(&home, Box::new(|_| None)).unwrap();
    let misuse = AuthError::misuse("id");
    for name in [
        "",
        "x",
        "é",
        "\0",
        "AAAAAAAAAAAAAAAAAAAAAA.",
        &"A".repeat(1 << 16),
    ] {
        let pin = PinEntry::new();
        let calls = [
            phone.forget(name.into()).err(),
            phone.poll(name.into(), 0, None).err(),
            phone.show(name.into()).err(),
            phone.approve(name.into(), None, Some(pin), None).err(),
            phone.clone().resume(name.into()).err(),
        ];
        assert!(
            calls.iter().all(|error| error.as_ref() == Some(&misuse)),
            "{name:?}: {calls:?}"
        );
    }
    phone.shut_down().unwrap();
    phone.shut_down().unwrap();
    let closed = Some(AuthError::misuse("closed"));
    assert_eq!(phone.accounts().err(), closed);
    assert_eq!(phone.sync(None).err(), closed);
    assert_eq!(phone.clone().review("x".into(), None).err(), closed);
    let strange = Settings {
        device: "\u{202e}".into(),
        roots: None,
        ..settings(&home)
    };
    let error = Authenticator::open(strange, host(&home, Box::new(|_| None))).err();
    assert_eq!(error, Some(AuthError::misuse("settings")));
}

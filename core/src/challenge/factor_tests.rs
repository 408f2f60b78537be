//! Gesture and PIN at the phone: row 50, and changes that leave a phone that works wherever they stop.

use crate::authenticator::Authenticator;
use crate::challenge::{Action, Answer, NewPin, PromptId};
use crate::enrol::GestureWish;
use crate::error::{Code, Error};
use crate::outbox::Sent;
use crate::ports::KeyError;
use crate::testkit::{Phone, Trouble, json, judged, refused, typed};
use countersign_protocol::Id;
use countersign_protocol::call::ChallengeAnswer;
use countersign_protocol::policy::{Alternative, Alternatives};
use countersign_protocol::statement::{Decision, Kind};

pub(super) const PIN: &str = "294817";
pub(super) const NEW: &str = "604155";

pub(super) fn approve(pin: Option<&str>) -> Answer {
    Answer::Approve {
        number: Some("47".into()),
        pin: pin.map(typed),
    }
}

pub(super) fn set(old: Option<&str>, new: &str) -> Answer {
    Answer::SetPin {
        old: old.map(typed),
        new: NewPin::new(typed(new), &typed(new)).unwrap(),
    }
}

pub(super) fn renew(pin: &str) -> Answer {
    Answer::Approve {
        number: None,
        pin: Some(typed(pin)),
    }
}

pub(super) fn asked(phone: &Phone, app: &Authenticator, id: &Id, number: u8) -> PromptId {
    let challenge = phone.peer.ask(number, |_| {});
    let prompts = app.poll(id, 0).unwrap().prompts;
    let mut ids = prompts.into_iter().map(|prompt| prompt.id);
    ids.find(|id| id.challenge == challenge).unwrap()
}

/// Signs in with the gesture, or with this PIN.
pub(super) fn signs_in(
    phone: &Phone,
    app: &Authenticator,
    id: &Id,
    number: u8,
    pin: Option<&str>,
) -> bool {
    let asked = asked(phone, app, id, number);
    judged(app.decide(&asked, &approve(pin))).accepted
}

#[test]
fn a_gesture_is_offered_or_needed_as_the_policy_says() {
    let wish = |min: &[Alternative]| {
        let phone = Phone::before_factors();
        phone.peer.inner().policy.min = Alternatives::new(min.to_vec()).unwrap();
        let app = phone.app();
        app.review(&phone.peer.link()).unwrap().gesture()
    };
    use Alternative::{Dev, DevPin, PinUv, Uv};
    assert_eq!(wish(&[Dev, DevPin]), GestureWish::None);
    assert_eq!(wish(&[DevPin, Uv]), GestureWish::Offered);
    assert_eq!(wish(&[PinUv, Uv]), GestureWish::Needed);
    // Where it is needed it is made without being asked for, where it isn't taken it is not.
    for (min, gesture) in [(Uv, true), (Dev, false)] {
        let phone = Phone::new();
        phone.peer.inner().policy.min = Alternatives::new(vec![min]).unwrap();
        let (app, _) = phone.enrolled();
        assert_eq!(app.accounts().unwrap()[0].gesture, gesture);
        assert_eq!(phone.owners(), 1 + usize::from(gesture));
    }
}

#[test]
fn the_gesture_signs_approvals_and_the_phone_alone_denies() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    phone.peer.ask(1, |_| {});
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    assert_eq!(prompt.ways, ["uv", "dev+pin"]);
    assert!(!prompt.pin && prompt.notes.is_empty());
    assert!(judged(app.decide(&prompt.id, &approve(None))).accepted);
    assert_eq!(phone.person.was_asked(), 1);
    let uv = phone.peer.inner().uv.unwrap();
    let by_uv = |at: usize| phone.peer.inner().responses[at].kid() == uv.thumbprint();
    assert!(by_uv(0));
    // The person takes the PIN instead.
    let second = asked(&phone, &app, &id, 2);
    assert!(judged(app.decide(&second, &approve(Some(PIN)))).accepted);
    assert!(!by_uv(1));
    let third = asked(&phone, &app, &id, 3);
    judged(app.decide(&third, &Answer::Deny { reason: None }));
    assert!(!by_uv(2));
    assert_eq!(phone.person.was_asked(), 0);
}

#[test]
fn row_50_a_gesture_that_does_not_come_leaves_the_request_open() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let request = asked(&phone, &app, &id, 1);
    let retry = |code, reference| Error::Retry {
        code,
        wait: None,
        reference,
    };
    for (end, error) in [
        (KeyError::Cancelled, Error::Cancelled),
        (KeyError::LockedOut, retry(Code::UvLockout, "locked_out")),
        (
            KeyError::Invalidated,
            Error::Refused {
                code: Code::UvChanged,
            },
        ),
        (KeyError::Unreadable, retry(Code::KeyBusy, "unreadable")),
    ] {
        phone.person.does(Some(end));
        assert_eq!(app.decide(&request, &approve(None)).err(), Some(error));
        assert!(app.outbox().unwrap().is_empty() && app.show(&request).is_ok());
    }
    // The PIN does as well.
    assert!(judged(app.decide(&request, &approve(Some(PIN)))).accepted);
}

#[test]
fn row_50_an_enrolment_without_its_gesture_leaves_nothing() {
    for (end, error) in [
        (KeyError::Cancelled, Error::Cancelled),
        (KeyError::NotSetUp, Error::Refused { code: Code::UvNone }),
    ] {
        let phone = Phone::before_factors();
        phone.person.does(Some(end));
        let app = phone.app();
        let mut review = app.review(&phone.peer.link()).unwrap();
        review.choose_pin(typed(PIN), &typed(PIN)).unwrap();
        review.take_gesture(true);
        assert_eq!(app.enrol(review).err(), Some(error));
        assert!(app.accounts().unwrap().is_empty());
        assert_eq!(phone.owners(), 0);
    }
}

#[test]
fn a_first_state_that_names_another_gesture_key_ends_the_enrolment() {
    let phone = Phone::before_factors();
    phone.peer.inner().first_state = Some(|state| state.uv = Some(state.dev));
    let app = phone.app();
    let mut review = app.review(&phone.peer.link()).unwrap();
    review.choose_pin(typed(PIN), &typed(PIN)).unwrap();
    review.take_gesture(true);
    let id = app.enrol(review).unwrap();
    assert_eq!(app.proceed(&id, 0).err(), refused(Code::EnrSas));
    assert_eq!(phone.owners(), 0);
}

#[test]
fn a_new_pin_counts_once_the_server_took_it() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    assert_eq!((prompt.kind, prompt.pin), ("pin-set", true));
    assert!(judged(app.decide(&prompt.id, &set(Some(PIN), NEW))).accepted);
    assert!(phone.account(&id).next_pin.is_none());
    assert!(!signs_in(&phone, &app, &id, 1, Some(PIN)));
    assert!(signs_in(&phone, &app, &id, 2, Some(NEW)));
}

#[test]
fn a_new_pin_of_another_length_or_typed_differently_is_refused_before_anything_is_signed() {
    let phone = Phone::before_factors();
    phone.peer.inner().policy.pin = 8;
    let (app, id) = phone.enrolled_with("29481730");
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    let differ = NewPin::new(typed(NEW), &typed(PIN)).err();
    assert_eq!(differ, refused(Code::PinDiffer));
    for answer in [
        // The policy's minimum; none; too short an old one; none of the old one.
        set(Some("29481730"), "6041557"),
        set(Some("29481"), "60415577"),
        set(None, "60415577"),
    ] {
        let error = app.decide(&prompt.id, &answer).err();
        assert_eq!(error, refused(Code::PinShort));
    }
    // A new PIN belongs to its request, and its request to a new PIN.
    let error = app.decide(&prompt.id, &renew("29481730")).err();
    assert_eq!(error, refused(Code::ResFactors));
    let login = asked(&phone, &app, &id, 1);
    let error = app.decide(&login, &set(Some("29481730"), "60415577")).err();
    assert_eq!(error, refused(Code::ResFactors));
    assert!(app.outbox().unwrap().is_empty() && phone.peer.inner().responses.is_empty());
}

#[test]
fn a_wrong_old_pin_drops_the_new_one() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    let verdict = judged(app.decide(&prompt.id, &set(Some("111111"), NEW)));
    assert_eq!((verdict.code, verdict.attempts), ("pin_wrong", Some(4)));
    assert!(phone.account(&id).next_pin.is_none());
    assert!(signs_in(&phone, &app, &id, 1, Some(PIN)));
    // It is still open for the right one.
    assert!(judged(app.decide(&prompt.id, &set(Some(PIN), NEW))).accepted);
    assert!(signs_in(&phone, &app, &id, 2, Some(NEW)));
}

#[test]
fn a_locked_pin_is_set_anew_by_the_gesture() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    phone.peer.inner().pin_by_uv = true;
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    assert_eq!((&prompt.ways[..], prompt.pin), (&["uv"][..], false));
    assert!(judged(app.decide(&prompt.id, &set(None, NEW))).accepted);
    assert_eq!(phone.person.was_asked(), 1);
    assert!(signs_in(&phone, &app, &id, 1, Some(NEW)));
}

#[test]
fn a_renewed_gesture_takes_the_place_of_the_old_one() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let old = phone.account(&id).uv.unwrap();
    let prompt = app.begin(&id, Action::RenewGesture).unwrap();
    assert_eq!((prompt.kind, prompt.pin), ("replace-uv", true));
    assert!(judged(app.decide(&prompt.id, &renew(PIN))).accepted);
    assert_eq!(phone.person.was_asked(), 1);
    let new = phone.account(&id).uv.unwrap();
    assert!(new.key != old.key && phone.account(&id).next_uv.is_none());
    // The old key is destroyed, with what it wrapped.
    assert_eq!(phone.owners(), 2);
    assert!(!phone.folder.path().join(old.owner.to_string()).exists());
    // The state that names the new one is this phone's.
    app.proceed(&id, 0).unwrap();
    assert!(signs_in(&phone, &app, &id, 1, None));
    app.forget(&id).unwrap();
    assert_eq!(phone.owners(), 0);
}

#[test]
fn a_gesture_can_be_added_later_by_the_pin() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = app.begin(&id, Action::RenewGesture).unwrap();
    assert!(judged(app.decide(&prompt.id, &renew(PIN))).accepted);
    assert!(app.accounts().unwrap()[0].gesture);
    assert!(signs_in(&phone, &app, &id, 1, None));
}

#[test]
fn a_renewal_that_is_refused_or_cancelled_leaves_the_old_gesture() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let prompt = app.begin(&id, Action::RenewGesture).unwrap();
    let verdict = judged(app.decide(&prompt.id, &renew("111111")));
    assert_eq!(verdict.code, "pin_wrong");
    assert_eq!(phone.owners(), 2);
    phone.person.does(Some(KeyError::Cancelled));
    let cancelled = app.decide(&prompt.id, &renew(PIN)).err();
    assert_eq!(cancelled, Some(Error::Cancelled));
    assert_eq!(phone.owners(), 2);
    // A PIN that is too short is said before the person is asked for a gesture.
    phone.person.was_asked();
    let short = app.decide(&prompt.id, &renew("29481")).err();
    assert_eq!(short, refused(Code::PinShort));
    assert_eq!(phone.person.was_asked(), 0);
    phone.person.does(None);
    assert!(signs_in(&phone, &app, &id, 1, None));
}

#[test]
fn what_cannot_be_changed_is_said_without_a_call() {
    let phone = Phone::new();
    let (app, id) = phone.enrolled();
    for action in [Action::SetPin, Action::RenewGesture] {
        assert_eq!(app.begin(&id, action).err(), refused(Code::ResFactors));
    }
    assert_eq!(phone.peer.calls_to("/actions"), 0);
}

#[test]
fn an_action_that_is_answered_by_something_else_shows_nothing() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with(PIN);
    let login = phone.peer.challenge(Id::from([9; 16]));
    let login = phone.peer.sign(login).compact().to_owned();
    let answer = json(201, &ChallengeAnswer { challenge: login });
    phone.peer.trouble("/actions", Trouble::Instead(answer));
    let error = app.begin(&id, Action::SetPin).err().unwrap();
    assert_eq!(error.code(), Some(Code::SrvError));
    assert!(app.pending().unwrap().is_empty());
}

/// What a person does after the app was killed in the middle: begins it again, or finds it done.
fn picks_up(phone: &Phone, id: &Id) {
    let app = phone.app();
    app.deliver(true).unwrap();
    // Whatever the server has is what the phone has.
    assert!(!app.accounts().unwrap()[0].changing);
    let took = phone.peer.inner().new_pin_is_set();
    let pin = if took { NEW } else { PIN };
    assert!(signs_in(phone, &app, id, 1, Some(pin)));
    assert!(signs_in(phone, &app, id, 2, None));
    assert_eq!(phone.owners(), 2);
    let chain: Vec<_> = phone
        .peer
        .inner()
        .responses
        .iter()
        .map(|one| one.ctr)
        .collect();
    assert!(chain.windows(2).all(|pair| pair[0] < pair[1]), "{chain:?}");
}

#[test]
fn killed_anywhere_in_a_change_the_phone_works_afterwards() {
    for action in [Action::SetPin, Action::RenewGesture] {
        let mut die_at = 1;
        loop {
            let phone = Phone::before_factors();
            let (app, id) = phone.enrolled_with_gesture(PIN);
            drop(app);
            let done = || -> Result<(), Error> {
                let app = phone.start(die_at)?;
                let prompt = app.begin(&id, action)?;
                let answer = match action {
                    Action::SetPin => set(Some(PIN), NEW),
                    _ => renew(PIN),
                };
                match app.decide(&prompt.id, &answer)? {
                    Sent::Verdict(_) => Ok(()),
                    Sent::Queued(error) => Err(error),
                }
            };
            let through = done().is_ok();
            picks_up(&phone, &id);
            if through {
                break;
            }
            die_at += 1;
        }
        assert!(die_at > 8, "{action:?} died {die_at} times only");
    }
}

#[test]
fn the_history_says_what_was_changed_and_holds_no_secret_of_it() {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let prompt = app.begin(&id, Action::SetPin).unwrap();
    judged(app.decide(&prompt.id, &set(Some(PIN), NEW)));
    let entry = &app.history(1).unwrap()[0];
    assert_eq!(entry.kind, Kind::PinSet.as_str());
    assert_eq!(entry.decision, Decision::Approve);
}

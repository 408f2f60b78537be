//! The phones of an ID, as one of them sees it: pause and its end, another phone added or removed.

use crate::authenticator::Authenticator;
use crate::challenge::{Action, Answer};
use crate::error::Code;
use crate::testkit::{Phone, Trouble, json, judged, nothing, problem, refused, typed};
use countersign_protocol::call::{ChallengeAnswer, InvitationAnswer};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::policy::{Alternative, Alternatives};
use countersign_protocol::statement::{Input, Kind, Standing, StateReason};
use countersign_protocol::text::Name;
use countersign_protocol::{Digest, Id, Origin, Thumbprint, problem as said};

const PIN: &str = "294817";

fn approve(number: Option<&str>) -> Answer {
    Answer::Approve {
        number: number.map(str::to_owned),
        pin: Some(typed(PIN)),
    }
}

fn other() -> Thumbprint {
    Thumbprint(Digest::from([8; 32]))
}

#[test]
fn an_id_is_paused_by_the_signed_state_and_lifted_by_an_answer() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    phone.peer.ask(1, |_| {});
    let login = app.poll(&id, 0).unwrap().prompts.remove(0);
    assert_eq!(app.pause(&id).unwrap(), Standing::Suspended);
    let reason = app.accounts().unwrap()[0].reason;
    assert_eq!(reason, Some(StateReason::User));
    let error = app.decide(&login.id, &approve(Some("47"))).err();
    assert_eq!(error, refused(Code::IdPaused));
    // It begins and answers its end.
    let prompt = app.begin(&id, Action::Unfreeze).unwrap();
    assert_eq!((prompt.kind, prompt.pin), ("unfreeze", true));
    assert!(judged(app.decide(&prompt.id, &approve(None))).accepted);
    app.poll(&id, 0).unwrap();
    assert_eq!(app.accounts().unwrap()[0].standing, Standing::Active);
}

#[test]
fn what_was_begun_before_of_the_same_kind_goes_and_nothing_else() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    phone.peer.ask(1, |_| {});
    app.poll(&id, 0).unwrap();
    let removal = app.begin(&id, Action::RemovePhone(other())).unwrap();
    let first = app.begin(&id, Action::Unfreeze).unwrap();
    let second = app.begin(&id, Action::Unfreeze).unwrap();
    let open: Vec<_> = app.pending().unwrap().iter().map(|one| one.id).collect();
    assert_eq!(open.len(), 3);
    assert!(open.contains(&removal.id) && open.contains(&second.id));
    let refusal = app.decide(&first.id, &approve(None)).err();
    assert_eq!(refusal, refused(Code::ChalSeen));
}

#[test]
fn a_pause_that_no_state_tells_of_is_none() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    phone.peer.trouble("/actions", Trouble::Instead(nothing()));
    assert_eq!(app.pause(&id).unwrap(), Standing::Active);
}

#[test]
fn another_phone_is_removed_by_the_rows_that_were_shown() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let prompt = app.begin(&id, Action::RemovePhone(other())).unwrap();
    let device = prompt.rows.iter().find(|row| row.id == "device");
    assert_eq!(device.unwrap().value, "Tablet");
    assert!(judged(app.decide(&prompt.id, &approve(None))).accepted);
}

#[test]
fn a_request_about_another_phone_than_was_meant_is_not_shown() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let mut asked = phone
        .peer
        .about_itself(Id::from([9; 16]), Kind::RemovePhone);
    asked.input = Some(Input {
        dev: Some(Thumbprint(Digest::from([7; 32]))),
        device: Some(Name::parse("Tablet").unwrap()),
        policy: None,
    });
    let challenge = phone.peer.sign(asked).compact().to_owned();
    let answer = ChallengeAnswer { challenge };
    phone
        .peer
        .trouble("/actions", Trouble::Instead(json(201, &answer)));
    let error = app.begin(&id, Action::RemovePhone(other())).err().unwrap();
    assert_eq!(error.code(), Some(Code::SrvError));
    assert!(app.pending().unwrap().is_empty());
}

#[test]
fn an_invitation_for_another_phone_is_to_this_phones_own_server() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let link = app.add_phone(&id).unwrap();
    assert_eq!(link, phone.peer.link());
    let own = Invitation::parse(&link).unwrap();
    let elsewhere = Origin::parse("https://evil.example").unwrap();
    for bent in [
        Invitation {
            root: other(),
            ..own.clone()
        },
        Invitation {
            origin: elsewhere,
            ..own
        },
    ] {
        let invitation = bent.to_link().unwrap();
        let answer = json(201, &InvitationAnswer { invitation });
        phone.peer.trouble("/actions", Trouble::Instead(answer));
        let error = app.add_phone(&id).err().unwrap();
        assert_eq!(error.code(), Some(Code::SrvError));
    }
    let rubbish = "https://id.example/e#x".to_owned();
    let answer = json(
        201,
        &InvitationAnswer {
            invitation: rubbish,
        },
    );
    phone.peer.trouble("/actions", Trouble::Instead(answer));
    let error = app.add_phone(&id).err().unwrap();
    assert_eq!(error.code(), Some(Code::SrvError));
}

#[test]
fn the_digits_of_a_new_phone_may_be_mistyped() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    let mut asked = phone.peer.about_itself(Id::from([9; 16]), Kind::AddPhone);
    asked.r#match = 6;
    asked.input = Some(Input {
        dev: Some(other()),
        device: Some(Name::parse("Tablet").unwrap()),
        policy: None,
    });
    phone.peer.ask(1, |challenge| *challenge = asked);
    let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
    assert_eq!((prompt.kind, prompt.number), ("add-phone", 6));
    for number in [None, Some("12345"), Some("1234567"), Some("12345a")] {
        let error = app.decide(&prompt.id, &approve(number)).err();
        assert_eq!(error, refused(Code::NumberEmpty));
    }
    phone.peer.inner().verdict = Some(|verdict| {
        verdict.result = countersign_protocol::statement::Outcome::Refused;
        verdict.code = countersign_protocol::statement::VerdictCode::NumberWrong;
        (verdict.r#final, verdict.attempts) = (false, Some(2));
    });
    let verdict = judged(app.decide(&prompt.id, &approve(Some("123456"))));
    assert_eq!((verdict.code, verdict.attempts), ("number_wrong", Some(2)));
    assert!(judged(app.decide(&prompt.id, &approve(Some("654321")))).accepted);
}

#[test]
fn a_phone_on_probation_is_told_so() {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(PIN);
    for _ in 0..3 {
        let answer = problem(said::Code::Probation);
        phone.peer.trouble("/actions", Trouble::Instead(answer));
    }
    assert_eq!(app.add_phone(&id).err(), refused(Code::IdProbation));
    assert_eq!(app.pause(&id).err(), refused(Code::IdProbation));
    let action = Action::RemovePhone(other());
    assert_eq!(app.begin(&id, action).err(), refused(Code::IdProbation));
}

/// Whether a request of this kind that the phone alone would answer is shown.
fn is_shown(phone: &Phone, app: &Authenticator, id: &Id, action: Action, kind: Kind) -> bool {
    let jti = Id::make().unwrap();
    let mut asked = phone.peer.about_itself(jti, kind);
    asked.factors = Alternatives::dev();
    let challenge = phone.peer.sign(asked).compact().to_owned();
    let answer = json(201, &ChallengeAnswer { challenge });
    phone.peer.trouble("/actions", Trouble::Instead(answer));
    match app.begin(id, action) {
        Ok(prompt) => {
            assert_eq!((prompt.id.challenge, prompt.ways), (jti, vec!["dev"]));
            true
        }
        Err(error) => {
            assert_eq!(error.code(), Some(Code::ChalDowngrade));
            assert!(app.pending().unwrap().is_empty());
            false
        }
    }
}

#[test]
fn row_44_codes_and_the_end_of_a_pause_take_pin_or_gesture_where_there_is_one_whatever_the_policy_asks()
 {
    for (action, kind) in [
        (Action::RecoveryCodes, Kind::RecoveryCodes),
        (Action::Unfreeze, Kind::Unfreeze),
    ] {
        // The policy would be content with the phone.
        let with_pin = Phone::before_pin();
        with_pin.peer.inner().policy.min = Alternatives::dev();
        let (app, id) = with_pin.enrolled_with(PIN);
        assert!(!is_shown(&with_pin, &app, &id, action, kind));

        let with_gesture = Phone::new();
        let either = vec![Alternative::Dev, Alternative::Uv];
        with_gesture.peer.inner().policy.min = Alternatives::new(either).unwrap();
        let app = with_gesture.app();
        let mut review = app.review(&with_gesture.peer.link()).unwrap();
        review.take_gesture(true);
        let id = app.enrol(review).unwrap();
        app.proceed(&id, 0).unwrap();
        with_gesture.peer.activate();
        app.proceed(&id, 0).unwrap();
        assert!(!is_shown(&with_gesture, &app, &id, action, kind));

        let with_neither = Phone::new();
        let (app, id) = with_neither.enrolled();
        assert!(is_shown(&with_neither, &app, &id, action, kind));
    }
}

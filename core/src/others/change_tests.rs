//! Verdicts that are told beside requests and are not about a change of this phone: two PINs or keys, or a policy, wait on.

use super::tests::{forgeries, hears, is_empty};
use crate::authenticator::Authenticator;
use crate::challenge::{Action, Answer, NewPin};
use crate::outbox::Sent;
use crate::ports::TransportError;
use crate::testkit::{Phone, Trouble, typed};
use countersign_protocol::policy::{Alternatives, Policy};
use countersign_protocol::statement::{Input, Kind, Mode, Outcome, Verdict, VerdictCode};
use countersign_protocol::{Digest, Id, Signed};

const PIN: &str = "294817";
const NEW: &str = "604155";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Pin,
    Gesture,
    Policy,
}

/// A change that was approved and whose verdict nobody heard.
fn unheard(change: Change) -> (Phone, Authenticator, Id, Signed<Verdict>) {
    let phone = Phone::before_factors();
    let (app, id) = phone.enrolled_with_gesture(PIN);
    let approve = Answer::Approve {
        number: None,
        pin: Some(typed(PIN)),
    };
    let (prompt, answer) = match change {
        Change::Pin => {
            let new = NewPin::new(typed(NEW), &typed(NEW)).unwrap();
            let old = Some(typed(PIN));
            let prompt = app.begin(&id, Action::SetPin).unwrap();
            (prompt, Answer::SetPin { old, new })
        }
        Change::Gesture => (app.begin(&id, Action::RenewGesture).unwrap(), approve),
        Change::Policy => {
            let mut asked = phone.peer.about_itself(Id::from([9; 16]), Kind::Policy);
            asked.mode = Mode::Remote;
            asked.input = Some(Input {
                dev: None,
                device: None,
                policy: Some(weaker(&phone.account(&id).policy)),
            });
            phone.peer.ask(1, |challenge| *challenge = asked);
            (app.poll(&id, 0).unwrap().prompts.remove(0), approve)
        }
    };
    let lost = Trouble::AnswerLost(TransportError::Broken);
    phone.peer.trouble("/responses", lost);
    let sent = app.decide(&prompt.id, &answer);
    assert!(matches!(sent, Ok(Sent::Queued(_))));
    let verdict = phone.peer.inner().verdicts[0].clone();
    (phone, app, id, verdict)
}

fn weaker(old: &Policy) -> Policy {
    Policy {
        n: 2,
        min: Alternatives::dev(),
        ..old.clone()
    }
}

/// Whether all that waits for the verdict is there.
fn waits(change: Change, phone: &Phone, app: &Authenticator, id: &Id) -> bool {
    let account = phone.account(id);
    let kept = match change {
        Change::Pin => account.pin.is_some() && account.next_pin.is_some(),
        Change::Gesture => account.uv.is_some() && account.next_uv.is_some() && phone.owners() == 3,
        Change::Policy => account.approvals.len() == 1,
    };
    kept && app.outbox().unwrap().len() == 1
}

#[test]
fn row_43_no_forged_verdict_ends_a_change() {
    for change in [Change::Pin, Change::Gesture, Change::Policy] {
        let (phone, app, id, accepted) = unheard(change);
        let mut refused = accepted.body().clone();
        (refused.result, refused.code) = (Outcome::Refused, VerdictCode::Expired);
        for good in [accepted.body(), &refused] {
            let bend = |verdict: &mut Verdict, iss, aud| (verdict.iss, verdict.aud) = (iss, aud);
            let mut bad = forgeries(&phone, good, bend);
            let about: [fn(&mut Verdict); 2] = [
                |verdict| verdict.response = Digest::from([0; 32]),
                |verdict| verdict.challenge = Digest::from([0; 32]),
            ];
            for bend in about {
                let mut other = good.clone();
                bend(&mut other);
                bad.push(phone.peer.sign(other).compact().to_owned());
            }
            for text in bad {
                let arrivals = hears(&phone, &app, &id, text);
                assert!(
                    is_empty(&arrivals) && waits(change, &phone, &app, &id),
                    "{change:?}"
                );
            }
        }
        // The true one does, once.
        let arrivals = hears(&phone, &app, &id, accepted.compact().to_owned());
        assert!(arrivals.verdicts[0].accepted && app.outbox().unwrap().is_empty());
        let account = phone.account(&id);
        assert!(account.next_pin.is_none() && account.next_uv.is_none());
        assert_eq!(
            account.approvals.len(),
            usize::from(change == Change::Policy)
        );
        assert_eq!(phone.owners(), 2);
        let late = phone.peer.sign(refused).compact().to_owned();
        assert!(is_empty(&hears(&phone, &app, &id, late)));
        assert!(phone.account(&id).approvals == account.approvals);
    }
}

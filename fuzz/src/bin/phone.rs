//! A whole phone, with somebody on its line who changes, cuts, delays and replays what the server answers. Nothing unsigned makes
//! it believe a verdict, lose an answer or lose its ID; when the line is whole again, all is delivered.
#![no_main]

use countersign_core::{Answer, Id, PromptId, Sent, Standing};
use countersign_fuzz::server::{self, Phone};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&begin, rest)) = data.split_first() else {
        return;
    };
    let phone = Phone::new();
    // An enrolment under attack ends well or not at all.
    if begin & 1 == 1 {
        phone.line.attack(rest);
        let enrolled = phone.enrol();
        phone.line.attack(&[]);
        if enrolled.is_err() || !is_active(&phone) {
            let opened = {
                drop(phone.app);
                server::open(&phone.ports)
            };
            assert!(
                opened.is_ok(),
                "an enrolment that failed leaves a store that opens"
            );
            return;
        }
    } else {
        assert!(phone.enrol().is_ok() && is_active(&phone));
    }
    let id = phone.app.accounts().expect("a whole store")[0].id;
    let accepted = live(&phone, &id, rest);
    assert!(
        accepted <= phone.line.verdicts(),
        "a verdict that no server gave"
    );
    heal(phone, &id);
});

fn is_active(phone: &Phone) -> bool {
    let accounts = phone.app.accounts().expect("a whole store");
    accounts
        .iter()
        .any(|account| account.standing == Standing::Active)
}

/// Each step takes a byte for what is done, and what the line does to its first four calls. Gives how many answers were said to
/// count.
fn live(phone: &Phone, id: &Id, script: &[u8]) -> u64 {
    let app = &phone.app;
    let mut accepted = 0;
    let mut prompt: Option<PromptId> = None;
    for step in script.chunks(17).take(12) {
        phone.line.attack(&step[1..]);
        match step[0] % 7 {
            0 | 1 => {
                let asked = phone.line.server().ask().expect("the server asks");
                if let Ok(shown) = app.fetch(id, &asked) {
                    assert_eq!(
                        shown.id.challenge, asked,
                        "another request than was asked for"
                    );
                    prompt = Some(shown.id);
                }
            }
            2 | 3 => {
                let number = Some("42".to_owned());
                let answer = match step[0] & 0x80 {
                    0 => Answer::Approve { number, pin: None },
                    _ => Answer::Deny { reason: None },
                };
                if let Some(prompt) = prompt.take()
                    && let Ok(Sent::Verdict(verdict)) = app.decide(&prompt, &answer)
                {
                    accepted += u64::from(verdict.accepted);
                }
            }
            4 => {
                if let Ok(arrivals) = app.poll(id, 0) {
                    assert!(arrivals.prompts.is_empty(), "nothing was in the list");
                }
            }
            5 => {
                let told = app.deliver(step[0] & 0x80 == 0).unwrap_or_default();
                accepted += told.iter().filter(|verdict| verdict.accepted).count() as u64;
            }
            _ => {
                // A push, a scanned code and a link are anybody's.
                assert!(!matches!(app.receive(&step[1..]), Err(_)));
                let text = String::from_utf8_lossy(&step[1..]);
                assert!(app.scan(&text).is_err() && app.open_link(&text).is_err());
            }
        }
    }
    phone.line.attack(&[]);
    accepted
}

/// The line is whole again, and the phone was started anew.
fn heal(phone: Phone, id: &Id) {
    drop(phone.app);
    let app = server::open(&phone.ports).expect("the store opens again");
    let accounts = app.accounts().expect("a whole store");
    assert_eq!(accounts.len(), 1);
    assert_eq!(
        (accounts[0].id, accounts[0].standing),
        (*id, Standing::Active)
    );
    app.deliver(true).expect("what waits is sent");
    assert!(
        app.outbox().expect("a whole store").is_empty(),
        "an answer waits still"
    );
    let history = app.history(100).expect("a whole store");
    let mut line = Vec::new();
    let exported = app.export_history(id, &mut line);
    assert!(exported.is_ok() && line.iter().filter(|&&byte| byte == b'\n').count() > history.len());
}

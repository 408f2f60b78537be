//! Staying awake: a long poll for each ID, and the outbox beside them.

use crate::answer::show_verdict;
use crate::enrol::{about, is_passing, pause};
use crate::lists::show_prompt;
use crate::phone::Phone;
use crate::told::show_told;
use crate::trouble::{About, Own, Trouble};
use crate::words::{Words, sentence};
use countersign_core::{AccountInfo, Arrivals, Code, Error, Progress, Standing};
use countersign_texts::{Id, text};
use serde_json::json;
use std::thread;
use std::time::Duration;

/// How long a poll waits, seconds.
const WAIT: u64 = 25;

/// The most IDs that are polled at once (protocol section 10).
const MOST: usize = 8;

/// How often the outbox is looked at.
const OUTBOX: Duration = Duration::from_secs(1);

pub(crate) fn listen(phone: &Phone) -> Result<(), Trouble> {
    let accounts = phone.core.accounts()?;
    let live: Vec<&AccountInfo> = accounts
        .iter()
        .filter(|account| !matches!(account.standing, Standing::Revoked | Standing::Refused))
        .take(MOST)
        .collect();
    if live.is_empty() {
        return Err(Trouble::Own(Own::NoId));
    }
    for prompt in phone.core.pending()? {
        show_prompt(phone, &prompt);
    }
    thread::scope(|scope| {
        let begin = |account| scope.spawn(move || poll(phone, account));
        let polls: Vec<_> = live.into_iter().map(begin).collect();
        scope.spawn(|| while deliver(phone) {});
        let mut ended = None;
        for poll in polls {
            ended = poll.join().ok().flatten().or(ended);
        }
        // Every ID is over; the outbox has nobody left to send to.
        phone.core.close();
        ended.map_or(Ok(()), Err)
    })
}

/// Polls one ID until it is over, and says why.
fn poll(phone: &Phone, account: &AccountInfo) -> Option<Trouble> {
    let about = about(account);
    let (mut failed, mut last) = (0, None);
    loop {
        let error = match step(phone, account) {
            Ok(arrivals) => {
                show(phone, &arrivals, &about);
                arrivals.error
            }
            Err(error) => Some(error),
        };
        match error {
            None => (failed, last) = (0, None),
            Some(error) if goes_on(error) => {
                failed += 1;
                if last != error.code() {
                    show_trouble(phone, error, &about);
                }
                last = error.code();
                thread::sleep(pause(error, failed));
            }
            Some(error) => return Some(Trouble::about(error, &about)),
        }
    }
}

/// A network that isn't genuine may be another one in a minute.
fn goes_on(error: Error) -> bool {
    is_passing(error) || error.code() == Some(Code::NetTls)
}

fn step(phone: &Phone, account: &AccountInfo) -> Result<Arrivals, Error> {
    if account.standing != Standing::Pending {
        return phone.core.poll(&account.id, WAIT);
    }
    match phone.core.proceed(&account.id, WAIT)? {
        Progress::Active => phone.core.poll(&account.id, WAIT),
        Progress::Pending(_) => Ok(Arrivals::default()),
    }
}

fn show(phone: &Phone, arrivals: &Arrivals, about: &About) {
    show_told(phone, arrivals);
    for prompt in arrivals.prompts.iter().chain(&arrivals.renewed) {
        show_prompt(phone, prompt);
    }
    for code in &arrivals.refused {
        let said = Words(phone.voice.lang).error(Error::Refused { code: *code }, about);
        let event =
            json!({"event": "refused", "code": said.code, "title": said.title, "body": said.body});
        phone.voice.say(&event, || said.sentence());
    }
}

fn show_trouble(phone: &Phone, error: Error, about: &About) {
    let said = Words(phone.voice.lang).error(error, about);
    let event =
        json!({"event": "trouble", "code": said.code, "title": said.title, "body": said.body});
    let trying = text(phone.voice.lang, Id::HomeTrying { host: &about.host }).text;
    phone.voice.say(&event, || sentence(&said.title, &trying));
}

/// Sends what is due; whether there is a reason to look again.
fn deliver(phone: &Phone) -> bool {
    match phone.core.deliver(false) {
        Ok(verdicts) => {
            for verdict in verdicts {
                show_verdict(phone, &verdict, || {
                    format!("{}: {}", verdict.id, verdict.code)
                });
            }
        }
        Err(Error::Cancelled) => return false,
        Err(error) => show_trouble(phone, error, &About::default()),
    }
    thread::sleep(OUTBOX);
    true
}

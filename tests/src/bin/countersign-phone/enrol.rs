//! Adding an ID, and going on with one that was being added.

use crate::phone::Phone;
use crate::pin;
use crate::recovery;
use crate::trouble::{About, Own, Trouble};
use countersign_core::{
    AccountInfo, Code, Error, GestureWish, Id, Pending, Progress, Review, Standing, Via,
};
use countersign_texts::{Id as Words, Message, digits, message, text, time_left};
use serde_json::json;
use std::thread;
use std::time::Duration;

/// How long the server is asked to wait for the digits, seconds.
const WAIT: u64 = 25;

/// What a person says to an invitation, as far as the command line has it.
pub(crate) struct Consent<'a> {
    pub(crate) yes: bool,
    pub(crate) pin: Option<&'a str>,
    pub(crate) gesture: bool,
    pub(crate) codes: &'a [String],
}

pub(crate) fn enrol(phone: &Phone, link: &str, consent: &Consent<'_>) -> Result<(), Trouble> {
    let mut review = phone
        .core
        .review(link)
        .map_err(|error| Trouble::about(error, &named_by(link)))?;
    let about = About::from(&review);
    show_review(phone, &review);
    let consented = consent.yes || phone.voice.is_json() || {
        let question = text(phone.voice.lang, Words::EnrolTitle).text;
        phone.voice.is_confirmed(&question)
    };
    if !consented {
        return Err(Trouble::Own(Own::NoConsent));
    }
    choose_pin(phone, &mut review, consent.pin)?;
    review.take_gesture(consent.gesture);
    if review.asks_recovery_code() {
        return recovery::enrol(phone, &review, consent.codes, &about);
    }
    let id = phone
        .core
        .enrol(review)
        .map_err(|error| Trouble::about(error, &about))?;
    finish(phone, &id, &about)
}

/// Where the server wants a PIN, it is typed twice.
fn choose_pin(phone: &Phone, review: &mut Review, given: Option<&str>) -> Result<(), Trouble> {
    if review.least_pin() == 0 {
        return Ok(());
    }
    let name = text(phone.voice.lang, Words::FactorPin).text;
    let question = format!("{name} ({}–12):", review.least_pin());
    let first = pin::pin(phone, given, &question)?;
    let again = pin::pin(phone, given, &question)?;
    let about = About::from(&*review);
    review
        .choose_pin(first, &again)
        .map_err(|error| Trouble::about(error, &about))
}

/// The host that a link names, for words about it.
fn named_by(link: &str) -> About {
    let rest = link.strip_prefix("https://").unwrap_or_default();
    let host = rest.split(['/', '#']).next().unwrap_or_default();
    About {
        host: host.to_owned(),
        server: host.to_owned(),
        ..About::default()
    }
}

pub(crate) fn resume(phone: &Phone) -> Result<(), Trouble> {
    let accounts = phone.core.accounts()?;
    let unfinished: Vec<&AccountInfo> = accounts
        .iter()
        .filter(|account| account.standing == Standing::Pending)
        .collect();
    if unfinished.is_empty() {
        return Err(Trouble::Own(Own::NothingToResume));
    }
    for account in unfinished {
        finish(phone, &account.id, &about(account))?;
    }
    Ok(())
}

pub(crate) fn about(account: &AccountInfo) -> About {
    About::from(account)
}

fn show_review(phone: &Phone, review: &Review) {
    let (host, name, account) = (review.host(), review.name(), review.account());
    let event = json!({"event": "review", "host": host, "name": name, "account": account, "pin": review.least_pin(), "recovery_code": review.asks_recovery_code(), "gesture": wish(review.gesture())});
    phone
        .voice
        .say(&event, || format!("{host}\n  {name}\n  {account}"));
}

fn wish(gesture: GestureWish) -> &'static str {
    match gesture {
        GestureWish::None => "none",
        GestureWish::Offered => "offered",
        GestureWish::Needed => "needed",
    }
}

/// Takes the enrolment on until it is active, or over.
pub(crate) fn finish(phone: &Phone, id: &Id, about: &About) -> Result<(), Trouble> {
    let mut shown = false;
    // The digits are there at once; only then something is waited for.
    let mut wait = 0;
    let mut failed = 0;
    loop {
        match phone.core.proceed(id, wait) {
            Ok(Progress::Active) => {
                show_active(phone, about);
                return Ok(());
            }
            Ok(Progress::Pending(pending)) => {
                if !shown {
                    show_digits(phone, &pending);
                }
                (shown, wait, failed) = (true, WAIT, 0);
            }
            Err(error) if is_passing(error) => {
                failed += 1;
                thread::sleep(pause(error, failed));
            }
            Err(error) => return Err(Trouble::about(error, about)),
        }
    }
}

/// Whether it may go away by itself.
pub(crate) fn is_passing(error: Error) -> bool {
    let Error::Retry { code, .. } = error else {
        return false;
    };
    matches!(
        code,
        Code::NetOffline
            | Code::NetSlow
            | Code::SrvBusy
            | Code::SrvError
            | Code::SrvProof
            | Code::KeyBusy
    )
}

/// As long as the server asks, else 1, 2, 4 … 60 s.
pub(crate) fn pause(error: Error, failed: u32) -> Duration {
    let backoff = 1u64 << failed.saturating_sub(1).min(6);
    let asked = match error {
        Error::Retry { wait, .. } => wait,
        _ => None,
    };
    Duration::from_secs(asked.unwrap_or(backoff.min(60)))
}

fn show_digits(phone: &Phone, pending: &Pending) {
    let (via, where_to) = match pending.via {
        Via::Browser => ("browser", Message::DigitsBrowser),
        Via::Phone => ("phone", Message::DigitsPhone),
        Via::Admin => ("admin", Message::DigitsAdmin),
    };
    let left = pending.seconds_left;
    let event =
        json!({"event": "digits", "digits": pending.digits, "via": via, "seconds_left": left});
    phone.voice.say(&event, || {
        let lang = phone.voice.lang;
        let words = message(lang, where_to);
        let left = time_left(lang, u32::try_from(left).unwrap_or(u32::MAX)).text;
        let shown = digits(lang, &pending.digits).text;
        format!(
            "{}\n  {shown}\n{} {left}",
            words.title.text, words.body.text
        )
    });
    phone.voice.tell(Words::DigitsWaiting);
}

fn show_active(phone: &Phone, about: &About) {
    let About {
        host,
        account,
        server,
        ..
    } = about;
    let event = json!({"event": "active", "account": account, "host": host});
    phone.voice.say(&event, || {
        text(phone.voice.lang, Words::ReadyTitle { id: server }).text
    });
}

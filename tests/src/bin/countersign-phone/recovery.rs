//! Recovery codes, and what is done without the old phone: an ID begun in the app; and all IDs moved while it is there.

use crate::change;
use crate::enrol::{self, Consent, about, finish};
use crate::phone::Phone;
use crate::trouble::{About, Trouble};
use crate::words::{Words as Said, sentence};
use countersign_core::{Action, Code, Error, Id, RecoveryCodes, Review};
use countersign_texts::{Id as Words, Message, message, text};
use serde_json::json;
use std::io::{self, BufRead};
use zeroize::Zeroizing;

/// Makes codes and shows them.
pub(crate) fn make(phone: &Phone, id: Option<&str>, pin: Option<&str>) -> Result<(), Trouble> {
    change::confirm(phone, id, Action::RecoveryCodes, pin)?;
    show(phone, id)
}

/// Shows those that were made and not closed; none, where there are none.
pub(crate) fn show(phone: &Phone, id: Option<&str>) -> Result<(), Trouble> {
    let account = change::account(phone, id)?;
    let codes = phone.core.recovery_codes(&account.id);
    let codes = codes.map_err(|error| Trouble::about(error, &about(&account)))?;
    let codes = codes.as_ref().map(RecoveryCodes::shown);
    for code in codes.into_iter().flatten() {
        let event = json!({"event": "recovery_code", "code": *code});
        phone.voice.say(&event, || code.to_string());
    }
    Ok(())
}

/// The person has them.
pub(crate) fn close(phone: &Phone, id: Option<&str>) -> Result<(), Trouble> {
    let account = change::account(phone, id)?;
    let closed = phone.core.close_recovery_codes(&account.id);
    closed.map_err(|error| Trouble::about(error, &about(&account)))
}

/// Adds an ID by a code: those of the command line in turn, or what is typed, until the server takes one.
pub(crate) fn enrol(
    phone: &Phone,
    review: &Review,
    given: &[String],
    about: &About,
) -> Result<(), Trouble> {
    let mut given = given.iter();
    let is_typed = given.len() == 0;
    let name = text(phone.voice.lang, Words::RecCode).text;
    let mut code = match given.next() {
        Some(code) => Zeroizing::new(code.clone()),
        None => line(phone, &name),
    };
    loop {
        let begun = phone.core.enrol_with_code(review, &code);
        let begun = begun.map_err(|error| Trouble::about(error, about));
        let trouble = match begun.and_then(|id| finish(phone, &id, about)) {
            Err(trouble) if is_bad(&trouble) => trouble,
            ended => return ended,
        };
        code = match given.next() {
            Some(code) => Zeroizing::new(code.clone()),
            None if is_typed => {
                phone.voice.error(&trouble);
                line(phone, &name)
            }
            None => return Err(trouble),
        };
        if code.trim().is_empty() {
            return Err(trouble);
        }
    }
}

/// What is typed when it is asked for; nothing where nobody types.
fn line(phone: &Phone, question: &str) -> Zeroizing<String> {
    phone.voice.ask(&format!("{question}:"));
    let mut line = Zeroizing::new(String::new());
    let _ = io::stdin().lock().read_line(&mut line);
    line
}

/// Whether another one is asked for.
fn is_bad(trouble: &Trouble) -> bool {
    let refused = Error::Refused { code: Code::RecBad };
    matches!(trouble, Trouble::Core(error, _) if *error == refused)
}

/// Names an address to a server, then takes the invitation of the page that its letter leads to, if one is typed.
pub(crate) fn begin(
    phone: &Phone,
    server: &str,
    account: &str,
    consent: &Consent<'_>,
) -> Result<(), Trouble> {
    let host = server.strip_prefix("https://").unwrap_or(server).to_owned();
    let about = About {
        server: host.clone(),
        host,
        account: account.to_owned(),
        ..About::default()
    };
    let begun = phone.core.begin_id(server, account);
    begun.map_err(|error| Trouble::about(error, &about))?;
    let event = json!({"event": "begun"});
    phone.voice.say(&event, || {
        let words = message(phone.voice.lang, Message::RecoverSent);
        sentence(&words.title.text, &words.body.text)
    });
    let link = line(phone, &text(phone.voice.lang, Words::InviteTitle).text);
    match link.trim() {
        "" => Ok(()),
        link => enrol::enrol(phone, link, consent),
    }
}

/// An invitation for each ID, or why there is none.
pub(crate) fn move_all(phone: &Phone) -> Result<(), Trouble> {
    let accounts = phone.core.accounts()?;
    let named = |id: &Id| {
        let account = accounts.iter().find(|account| account.id == *id);
        account.map(about).unwrap_or_default()
    };
    let moved = phone.core.add_phone_to_all()?;
    for one in moved {
        let (id, about) = (one.id.to_string(), named(&one.id));
        let (host, account) = (&about.host, &about.account);
        match one.link {
            Ok(link) => {
                let event = json!({"event": "invitation", "id": id, "account": account, "host": host, "link": link});
                phone
                    .voice
                    .say(&event, || format!("{account}\n  {host}\n  {link}"));
            }
            Err(error) => {
                let said = Said(phone.voice.lang).error(error, &about);
                let event = json!({"event": "unmoved", "id": id, "account": account, "host": host, "code": said.code});
                phone.voice.say(&event, || {
                    format!("{account}\n  {host}\n  {}", said.sentence())
                });
            }
        }
    }
    Ok(())
}

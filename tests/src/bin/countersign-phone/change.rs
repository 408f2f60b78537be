//! Changes of an ID that are begun on the phone, and decided at once: its PIN, its gesture, its phones, its rest.

use crate::answer::send;
use crate::enrol::about;
use crate::lists::{id_of, ids, show_prompt};
use crate::phone::Phone;
use crate::pin;
use crate::trouble::{About, Own, Trouble};
use countersign_core::{AccountInfo, Action, Answer, Digest, NewPin, Prompt, Standing, Thumbprint};
use countersign_texts::{Id as Word, text};
use serde_json::json;

pub(crate) fn set_pin(
    phone: &Phone,
    id: Option<&str>,
    old: Option<&str>,
    new: Option<&str>,
) -> Result<(), Trouble> {
    let (prompt, about) = begin(phone, id, Action::SetPin)?;
    let name = text(phone.voice.lang, Word::FactorPin).text;
    let old = match prompt.pin {
        true => Some(pin::pin(phone, old, &format!("{name}:"))?),
        false => None,
    };
    let question = format!("{} ({name}):", text(phone.voice.lang, Word::AskPinSet).text);
    let first = pin::pin(phone, new, &question)?;
    let again = pin::pin(phone, new, &question)?;
    let new = NewPin::new(first, &again).map_err(|error| Trouble::about(error, &about))?;
    send(phone, &prompt.id, &Answer::SetPin { old, new }, about)
}

pub(crate) fn renew_gesture(
    phone: &Phone,
    id: Option<&str>,
    given: Option<&str>,
) -> Result<(), Trouble> {
    confirm(phone, id, Action::RenewGesture, given)
}

pub(crate) fn remove_phone(
    phone: &Phone,
    id: Option<&str>,
    other: &str,
    given: Option<&str>,
) -> Result<(), Trouble> {
    confirm(phone, id, Action::RemovePhone(key(other)?), given)
}

pub(crate) fn unfreeze(
    phone: &Phone,
    id: Option<&str>,
    other: Option<&str>,
    given: Option<&str>,
) -> Result<(), Trouble> {
    let action = match other {
        Some(other) => Action::UnfreezePhone(key(other)?),
        None => Action::Unfreeze,
    };
    confirm(phone, id, action, given)
}

/// Begins it and approves it, with the PIN where one is given or wanted.
pub(crate) fn confirm(
    phone: &Phone,
    id: Option<&str>,
    action: Action,
    given: Option<&str>,
) -> Result<(), Trouble> {
    let (prompt, about) = begin(phone, id, action)?;
    let name = text(phone.voice.lang, Word::FactorPin).text;
    let pin = match prompt.pin || given.is_some() {
        true => Some(pin::pin(phone, given, &format!("{name}:"))?),
        false => None,
    };
    let answer = Answer::Approve { number: None, pin };
    send(phone, &prompt.id, &answer, about)
}

pub(crate) fn pause(phone: &Phone, id: Option<&str>) -> Result<(), Trouble> {
    let account = account(phone, id)?;
    phone
        .core
        .pause(&account.id)
        .map_err(|error| Trouble::about(error, &about(&account)))?;
    ids(phone)
}

pub(crate) fn add_phone(phone: &Phone, id: Option<&str>) -> Result<(), Trouble> {
    let account = account(phone, id)?;
    let link = phone.core.add_phone(&account.id);
    let link = link.map_err(|error| Trouble::about(error, &about(&account)))?;
    let event = json!({"event": "invitation", "link": link});
    phone.voice.say(&event, || link.clone());
    Ok(())
}

/// A phone's key, as the server's list of phones has it.
fn key(text: &str) -> Result<Thumbprint, Trouble> {
    let key = Digest::parse(text).map(Thumbprint);
    key.ok_or_else(|| Trouble::Usage(format!("{text}: not the key of a phone")))
}

fn begin(phone: &Phone, id: Option<&str>, action: Action) -> Result<(Prompt, About), Trouble> {
    let account = account(phone, id)?;
    let about = about(&account);
    let prompt = phone.core.begin(&account.id, action);
    let prompt = prompt.map_err(|error| Trouble::about(error, &about))?;
    show_prompt(phone, &prompt);
    let service = prompt.service.clone();
    Ok((prompt, About { service, ..about }))
}

/// The ID that is meant: the one that is in use, unless it is named.
pub(crate) fn account(phone: &Phone, id: Option<&str>) -> Result<AccountInfo, Trouble> {
    let id = id.map(id_of).transpose()?;
    let accounts = phone.core.accounts()?.into_iter();
    let mut meant = accounts.filter(|account| match id {
        Some(id) => account.id == id,
        None => matches!(account.standing, Standing::Active | Standing::Suspended),
    });
    match (meant.next(), meant.next()) {
        (Some(account), None) => Ok(account),
        (None, _) => Err(Trouble::Own(Own::NoId)),
        (Some(_), Some(_)) => Err(Trouble::Usage(
            "there are several IDs: name one of them, as `ids` does".into(),
        )),
    }
}

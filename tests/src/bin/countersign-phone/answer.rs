//! Answering a request.

use crate::args::Why;
use crate::lists::show_prompt;
use crate::phone::Phone;
use crate::pin;
use crate::trouble::{About, Own, Trouble};
use crate::words::{Words, sentence};
use countersign_core::{Answer, Error, Prompt, PromptId, Sent, VerdictInfo};
use countersign_texts::{Id as Word, Message, message, text};
use serde_json::json;

pub(crate) fn approve(
    phone: &Phone,
    id: Option<&str>,
    number: Option<&str>,
    pin: Option<&str>,
) -> Result<(), Trouble> {
    let mut answer = Answer::Approve {
        number: number.map(str::to_owned),
        pin: None,
    };
    let (id, about, asks_pin) = find(phone, id, &answer)?;
    if let Answer::Approve { pin: typed, .. } = &mut answer
        && (asks_pin || pin.is_some())
    {
        let name = text(phone.voice.lang, Word::FactorPin).text;
        *typed = Some(pin::pin(phone, pin, &format!("{name}:"))?);
    }
    send(phone, &id, &answer, about)
}

pub(crate) fn deny(phone: &Phone, id: Option<&str>, reason: Option<Why>) -> Result<(), Trouble> {
    decide(
        phone,
        id,
        &Answer::Deny {
            reason: reason.map(Into::into),
        },
    )
}

pub(crate) fn report(phone: &Phone, id: Option<&str>, reason: Option<Why>) -> Result<(), Trouble> {
    decide(
        phone,
        id,
        &Answer::Report {
            reason: reason.map(Into::into),
        },
    )
}

fn decide(phone: &Phone, id: Option<&str>, answer: &Answer) -> Result<(), Trouble> {
    let (id, about, _) = find(phone, id, answer)?;
    send(phone, &id, answer, about)
}

pub(crate) fn send(
    phone: &Phone,
    id: &PromptId,
    answer: &Answer,
    about: About,
) -> Result<(), Trouble> {
    let sent = phone
        .core
        .decide(id, answer)
        .map_err(|error| Trouble::about(error, &about))?;
    match sent {
        Sent::Verdict(verdict) => conclude(phone, &verdict, answer, about),
        Sent::Queued(error) => {
            show_queued(phone, id, error);
            Ok(())
        }
    }
}

/// The request that is meant, and whether it wants the PIN. What isn't known here is asked for first.
fn find(
    phone: &Phone,
    id: Option<&str>,
    answer: &Answer,
) -> Result<(PromptId, About, bool), Trouble> {
    let named = id.map(parse).transpose()?;
    let known = matching(phone.core.pending()?, named);
    let mut found = if known.is_empty() {
        // A server that can't be reached may still have asked before.
        let asked = phone.core.sync();
        let found = matching(phone.core.pending()?, named);
        if found.is_empty() && named.is_none() {
            let failed = asked?.into_iter().find_map(|(_, arrivals)| arrivals.error);
            failed.map_or(Ok(()), Err)?;
        }
        found
    } else {
        known
    };
    match (found.len(), named) {
        (1, _) => {
            let prompt = found.remove(0);
            if !phone.voice.is_json() && id.is_none() && matches!(answer, Answer::Approve { .. }) {
                show_prompt(phone, &prompt);
            }
            Ok((prompt.id, About::from(&prompt), prompt.pin))
        }
        // Decided or over: the core says which, and a report may still be made.
        (_, Some(id)) => Ok((id, About::default(), false)),
        (0, None) => Err(Trouble::Own(Own::NothingPending)),
        (_, None) => Err(Trouble::Own(Own::SeveralPending)),
    }
}

fn matching(prompts: Vec<Prompt>, id: Option<PromptId>) -> Vec<Prompt> {
    prompts
        .into_iter()
        .filter(|prompt| id.is_none_or(|id| id == prompt.id))
        .collect()
}

pub(crate) fn parse(text: &str) -> Result<PromptId, Trouble> {
    text.parse()
        .map_err(|_| Trouble::Usage(format!("{text}: not the name of a request")))
}

/// What the server said to an answer; one that it did not accept is a failure of the command.
fn conclude(
    phone: &Phone,
    verdict: &VerdictInfo,
    answer: &Answer,
    about: About,
) -> Result<(), Trouble> {
    show_verdict(phone, verdict, || {
        let words = match answer {
            Answer::Approve { .. } | Answer::SetPin { .. } => Message::ResultApproved {
                service: &about.service,
            },
            Answer::Deny { .. } => Message::ResultDenied,
            Answer::Report { .. } => Message::ResultReported {
                server: &about.server,
            },
        };
        let said = message(phone.voice.lang, words);
        sentence(&said.title.text, &said.body.text)
    });
    if verdict.accepted {
        Ok(())
    } else {
        Err(Trouble::Verdict(Box::new((verdict.clone(), about))))
    }
}

/// `words` are for one that was accepted.
pub(crate) fn show_verdict(phone: &Phone, verdict: &VerdictInfo, words: impl FnOnce() -> String) {
    let event = json!({
        "event": "verdict",
        "id": verdict.id.to_string(),
        "code": verdict.code,
        "result": if verdict.accepted { "accepted" } else { "refused" },
        "final": verdict.is_final,
        "attempts": verdict.attempts,
        "return": verdict.return_url,
    });
    let words = || match &verdict.return_url {
        // A shell opens it; here a person does.
        Some(url) => {
            let back = text(phone.voice.lang, Word::BackTitle).text;
            format!("{}\n{back}: {url}", words())
        }
        None if verdict.accepted => words(),
        None => String::new(),
    };
    phone.voice.say(&event, words);
}

fn show_queued(phone: &Phone, id: &PromptId, error: Error) {
    let said = Words(phone.voice.lang).error(error, &About::default());
    let event = json!({
        "event": "queued",
        "id": id.to_string(),
        "why": {"code": said.code, "title": said.title, "body": said.body},
    });
    phone.voice.say(&event, || {
        let queued = message(phone.voice.lang, Message::ResultQueued { time: "" });
        sentence(&queued.title.text, &said.sentence())
    });
}

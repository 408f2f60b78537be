//! What is on the phone: IDs, requests, what waits, what was.

use crate::answer::{parse, show_verdict};
use crate::enrol::about;
use crate::phone::Phone;
use crate::told::show_told;
use crate::trouble::Trouble;
use crate::words::{APP, Words};
use countersign_core::words;
use countersign_core::{
    AccountInfo, Decision, Delivery, Error, HistoryEntry, Id, Note, Prompt, Row, Standing,
};
use countersign_texts::{
    Id as Word, Message, asked, message, row_label, row_value, text, time_left,
};
use serde_json::{Value, json};

pub(crate) fn ids(phone: &Phone) -> Result<(), Trouble> {
    for account in phone.core.accounts()? {
        let event = json!({
            "event": "id",
            "id": account.id.to_string(),
            "account": account.account,
            "host": account.host,
            "name": account.name,
            "standing": standing(account.standing),
            "pin": account.pin,
            "gesture": account.gesture,
            "changing": account.changing,
            "keys_overdue": account.keys_overdue,
            "lost": account.lost,
        });
        phone.voice.say(&event, || id_in_words(phone, &account));
    }
    Ok(())
}

fn id_in_words(phone: &Phone, info: &AccountInfo) -> String {
    if info.lost {
        let lost = message(phone.voice.lang, Message::KeyLost { id: "" }).title;
        return format!("{}\n  {}", lost.text, info.id);
    }
    let state = match info.standing {
        Standing::Pending => Word::HomeStateDigits,
        Standing::Active if info.keys_overdue => Word::HomeStateAttention,
        Standing::Active => Word::HomeStateReady,
        Standing::Suspended => Word::HomeStatePaused,
        Standing::Revoked | Standing::Refused => Word::HomeStateRemoved,
    };
    let state = text(phone.voice.lang, state).text;
    let AccountInfo {
        id,
        host,
        name,
        account,
        ..
    } = info;
    format!("{name}: {account}, {host}, {state}\n  {id}")
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Pending => "pending",
        Standing::Active => "active",
        Standing::Suspended => "suspended",
        Standing::Revoked => "revoked",
        Standing::Refused => "refused",
    }
}

pub(crate) fn forget(phone: &Phone, id: &str) -> Result<(), Trouble> {
    Ok(phone.core.forget(&id_of(id)?)?)
}

/// As `ids` names it.
pub(crate) fn id_of(text: &str) -> Result<Id, Trouble> {
    Id::parse(text).ok_or_else(|| Trouble::Usage(format!("{text}: not the name of an ID")))
}

pub(crate) fn pending(phone: &Phone) -> Result<(), Trouble> {
    let synced = phone.core.sync()?;
    for (_, arrivals) in &synced {
        show_told(phone, arrivals);
    }
    // What is known is shown, also when a server can't be asked.
    let prompts = phone.core.pending()?;
    for prompt in &prompts {
        show_prompt(phone, prompt);
    }
    for requests in phone.core.requests()? {
        let (service, n) = (&requests.service, requests.prompts.len());
        if n > 1 {
            let event = json!({"event": "several", "service": service, "requests": n});
            let n = &n.to_string();
            phone.voice.say(&event, || {
                text(phone.voice.lang, Word::HomeSeveral { service, n }).text
            });
        }
    }
    let accounts = phone.core.accounts()?;
    let mut failed = None;
    for (id, arrivals) in synced {
        let account = accounts.iter().find(|account| account.id == id);
        let about = account.map(about).unwrap_or_default();
        let complain = |error| {
            let said = Words(phone.voice.lang).error(error, &about);
            phone.voice.complain(&said.sentence());
        };
        let refused = arrivals.refused.into_iter();
        refused.for_each(|code| complain(Error::Refused { code }));
        match arrivals.error {
            // There is nothing else to say.
            Some(error) if prompts.is_empty() && failed.is_none() => {
                failed = Some(Trouble::about(error, &about));
            }
            error => error.into_iter().for_each(complain),
        }
    }
    if prompts.is_empty() && failed.is_none() {
        phone.voice.tell(Word::HomeEmpty);
    }
    failed.map_or(Ok(()), Err)
}

pub(crate) fn open(phone: &Phone, link: &str) -> Result<(), Trouble> {
    show_prompt(phone, &phone.core.open_link(link)?);
    Ok(())
}

pub(crate) fn scan(phone: &Phone, text: &str) -> Result<(), Trouble> {
    let scanned = phone.core.scan(text)?;
    let event = json!({
        "event": "number",
        "id": scanned.id.to_string(),
        "number": scanned.number,
    });
    phone
        .voice
        .say(&event, || format!("{}\n  {}", scanned.number, scanned.id));
    Ok(())
}

pub(crate) fn show(phone: &Phone, id: &str) -> Result<(), Trouble> {
    show_prompt(phone, &phone.core.show(&parse(id)?)?);
    Ok(())
}

pub(crate) fn more(phone: &Phone, id: &str) -> Result<(), Trouble> {
    show_prompt(phone, &phone.core.more_time(&parse(id)?)?);
    Ok(())
}

/// A request, as it is listed, shown and heard of.
pub(crate) fn show_prompt(phone: &Phone, prompt: &Prompt) {
    let lang = phone.voice.lang;
    let title = words::title(lang, prompt).text;
    let rows = prompt.rows.iter();
    let rows: Vec<Value> = rows
        .map(|row| json!({"id": row.id, "value": row.value}))
        .collect();
    let notes: Vec<&str> = prompt.notes.iter().map(|note| note_name(*note)).collect();
    let event = json!({
        "event": "prompt",
        "id": prompt.id.to_string(),
        "goes_on": prompt.goes_on.map(|id| id.to_string()),
        "title": title,
        "kind": prompt.kind,
        "host": prompt.host,
        "server": prompt.server,
        "service": prompt.service,
        "account": prompt.account,
        "lang": prompt.lang,
        "number": prompt.number,
        "pin": prompt.pin,
        "ways": prompt.ways,
        "seconds_left": prompt.seconds_left,
        "asked_ago": prompt.asked_ago,
        "rows": rows,
        "notes": notes,
    });
    phone
        .voice
        .say(&event, || prompt_in_words(phone, prompt, &title));
}

fn note_name(note: Note) -> &'static str {
    match note {
        Note::TimeUnsure => "time.unsure",
        Note::PhonesChanged => "request.phones",
        Note::CannotApprove => "request.missing",
        Note::ChangeUnsent => "key.unsent",
    }
}

fn prompt_in_words(phone: &Phone, prompt: &Prompt, title: &str) -> String {
    let lang = phone.voice.lang;
    let missing = text(lang, Word::FactorPin).text;
    let biometry = text(lang, Word::FactorUv).text;
    let mut lines = vec![format!("{title}  {}", prompt.host)];
    for note in &prompt.notes {
        let words = match note {
            Note::TimeUnsure => Word::TimeUnsureBody { app: APP },
            Note::PhonesChanged => Word::RequestPhones,
            Note::CannotApprove => Word::RequestMissing { factors: &missing },
            Note::ChangeUnsent => Word::KeyUnsentBody {
                biometry: &biometry,
                server: &prompt.server,
            },
        };
        lines.push(text(lang, words).text);
    }
    lines.extend(
        prompt
            .rows
            .iter()
            .filter_map(|row| row_in_words(phone, row, &prompt.rows)),
    );
    let short = |seconds: u64| u32::try_from(seconds).unwrap_or(u32::MAX);
    if let Some(ago) = prompt.asked_ago {
        lines.push(asked(lang, short(ago)).text);
    }
    lines.push(time_left(lang, short(prompt.seconds_left)).text);
    if prompt.number > 0 {
        lines.push(text(lang, Word::NumberQuestion).text);
    }
    lines.push(format!("  {}", prompt.id));
    lines.join("\n")
}

/// The kind is the title; a label of the service is the caption of its value.
fn row_in_words(phone: &Phone, row: &Row, rows: &[Row]) -> Option<String> {
    if row.id == "kind" || row.id.starts_with("label.") {
        return None;
    }
    let lang = phone.voice.lang;
    let label = match row.id.strip_prefix("value.") {
        Some(n) => {
            let label = format!("label.{n}");
            rows.iter().find(|row| row.id == label)?.value.clone()
        }
        None => row_label(&row.id).map_or_else(|| row.id.clone(), |id| text(lang, id).text),
    };
    let value = row_value(&row.id, &row.value);
    let value = value.map_or_else(|| row.value.clone(), |id| text(lang, id).text);
    Some(format!("  {label}: {value}"))
}

pub(crate) fn outbox(phone: &Phone, send: bool) -> Result<(), Trouble> {
    if send {
        for verdict in phone.core.deliver(true)? {
            show_verdict(phone, &verdict, || {
                format!("{}: {}", verdict.id, verdict.code)
            });
        }
    }
    let waiting = phone.core.outbox()?;
    for delivery in &waiting {
        show_delivery(phone, delivery);
    }
    phone.voice.tell(if waiting.is_empty() {
        Word::OutboxEmpty
    } else {
        Word::OutboxNote
    });
    Ok(())
}

fn show_delivery(phone: &Phone, delivery: &Delivery) {
    let decision = decision(delivery.decision);
    let event = json!({
        "event": "waiting",
        "id": delivery.id.to_string(),
        "service": delivery.service,
        "decision": decision,
        "expires": delivery.expires,
        "next_try": delivery.next_try,
        "stuck": delivery.stuck,
    });
    phone.voice.say(&event, || {
        let stuck = delivery
            .stuck
            .map(|status| format!(" (HTTP {status})"))
            .unwrap_or_default();
        format!("{}: {decision}{stuck}\n  {}", delivery.service, delivery.id)
    });
}

fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approve",
        Decision::Deny => "deny",
        Decision::Report => "report",
    }
}

pub(crate) fn history(phone: &Phone, limit: usize) -> Result<(), Trouble> {
    let entries = phone.core.history(limit)?;
    for entry in &entries {
        show_entry(phone, entry);
    }
    if entries.is_empty() {
        phone.voice.tell(Word::HistoryEmpty);
    }
    Ok(())
}

fn show_entry(phone: &Phone, entry: &HistoryEntry) {
    let decision = decision(entry.decision);
    let event = json!({
        "event": "answered",
        "account": entry.account,
        "kind": entry.kind,
        "service": entry.service,
        "asked": entry.asked,
        "decision": decision,
        "number": entry.number,
        "result": entry.result,
    });
    phone.voice.say(&event, || {
        let silent = || text(phone.voice.lang, Word::HistorySilent).text;
        let result = entry.result.clone().unwrap_or_else(silent);
        format!(
            "{}: {}, {}, {decision}, {result}",
            entry.service, entry.account, entry.kind
        )
    });
}

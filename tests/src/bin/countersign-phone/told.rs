//! What servers tell beside requests.

use crate::answer::show_verdict;
use crate::change::account;
use crate::phone::Phone;
use crate::trouble::Trouble;
use crate::words::sentence;
use countersign_core::{Arrivals, CancelReason, Cancelled, NoticeInfo};
use countersign_texts::{Id, Message, message, notice_title, text};
use serde_json::json;

/// What came with a list, but for its requests.
pub(crate) fn show_told(phone: &Phone, arrivals: &Arrivals) {
    for cancelled in &arrivals.cancelled {
        show_cancelled(phone, cancelled);
    }
    for notice in &arrivals.notices {
        show_notice(phone, notice);
    }
    for verdict in &arrivals.verdicts {
        show_verdict(phone, verdict, || {
            format!("{}: {}", verdict.id, verdict.code)
        });
    }
}

/// A prompt that goes.
fn show_cancelled(phone: &Phone, cancelled: &Cancelled) {
    let device = cancelled.device.as_deref();
    let event = json!({
        "event": "cancelled",
        "id": cancelled.id.to_string(),
        "service": cancelled.service,
        "reason": cancelled.reason.as_str(),
        "device": device,
    });
    phone.voice.say(&event, || {
        let said = match (cancelled.reason, device) {
            (CancelReason::DecidedElsewhere, Some(phone)) => Message::ResultElsewhere { phone },
            (CancelReason::DecidedElsewhere, None) => Message::ResultAnother,
            (CancelReason::Expired, _) => Message::EndLate,
            (CancelReason::Replaced, _) => Message::ResultReplaced,
            (CancelReason::Withdrawn, _) => Message::ResultCancelled,
        };
        let said = message(phone.voice.lang, said);
        let service = cancelled.service.as_deref().unwrap_or_default();
        let words = sentence(&said.title.text, &said.body.text);
        format!("{service}: {words}\n  {}", cancelled.id)
    });
}

fn show_notice(phone: &Phone, notice: &NoticeInfo) {
    let what = notice.event.as_str();
    let event = json!({
        "event": "notice",
        "account": notice.account.to_string(),
        "what": what,
        "at": notice.at,
        "device": notice.device,
        "phones": notice.phones,
    });
    phone.voice.say(&event, || {
        let title = notice_title(what).map(|id| text(phone.voice.lang, id).text);
        let title = title.unwrap_or_else(|| what.to_owned());
        match &notice.device {
            Some(device) => format!("{title}: {device}"),
            None => title,
        }
    });
}

pub(crate) fn notices(phone: &Phone, limit: usize) -> Result<(), Trouble> {
    let notices = phone.core.notices(limit)?;
    for notice in &notices {
        show_notice(phone, notice);
    }
    if notices.is_empty() {
        phone.voice.tell(Id::NoticeEmpty);
    }
    Ok(())
}

pub(crate) fn overview(phone: &Phone, id: Option<&str>) -> Result<(), Trouble> {
    for one in phone.core.overview(&account(phone, id)?.id)?.phones {
        let event = json!({
            "event": "phone",
            "key": one.dev.to_string(),
            "device": one.device,
            "added": one.added,
            "used": one.used,
            "probation": one.probation,
            "suspended": one.suspended.is_some(),
            "this": one.this,
        });
        phone
            .voice
            .say(&event, || format!("{}\n  {}", one.device, one.dev));
    }
    Ok(())
}

pub(crate) fn describe(phone: &Phone, id: Option<&str>, slow: bool) -> Result<(), Trouble> {
    Ok(phone.core.describe(&account(phone, id)?.id, slow)?)
}

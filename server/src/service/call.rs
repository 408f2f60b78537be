//! What an application wants to be asked: as it came, and as it can be signed.

use super::problem::{Problem, Why};
use crate::error::Fault;
use crate::login::account_of;
use crate::web::browser_phrase;
use countersign_protocol::statement::{Context, Kind, Row, Zone, is_language};
use countersign_protocol::text::{Name, NotText, Text};
use countersign_protocol::{Digest, json};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The longest account, characters (protocol section 1). Nothing is cut: the first part may be somebody else's.
const ACCOUNT: usize = 254;

/// The most rows.
const ROWS: usize = 16;

/// How long it may wait for its answer, seconds.
const LIFE: std::ops::RangeInclusive<u64> = 30..=600;

/// `POST /api/v1/challenges`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    pub(crate) request_id: String,
    pub(crate) account: String,
    pub(crate) kind: Asked,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lang: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rows: Option<Vec<CallRow>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) context: Option<CallContext>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) life: Option<u64>,
}

/// The kinds that an application may ask.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Asked {
    Stepup,
    Transaction,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallRow {
    pub(crate) label: String,
    pub(crate) value: String,
}

/// The browser that the person uses at the application.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallContext {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known: Option<bool>,
}

/// The same, checked and cleaned.
pub(crate) struct Wish {
    pub(crate) request_id: String,
    /// Of the call as it came: what makes a repeat the same.
    pub(crate) digest: String,
    pub(crate) account: String,
    pub(crate) kind: Kind,
    pub(crate) rows: Option<(String, Vec<Row>)>,
    pub(crate) context: Option<Context>,
    /// Seconds; the server's own if none.
    pub(crate) life: Option<u64>,
}

impl Wish {
    /// # Errors
    /// `bad_value`, which names the member.
    pub(crate) fn of(call: &Call) -> Result<Self, Problem> {
        let digest = Digest::of(&[json::write(call).unwrap_or_default().as_bytes()]);
        let id = &call.request_id;
        let is_id = (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        must(is_id, "request_id: not 1 to 64 of A-Z a-z 0-9 . _ -")?;
        must(call.account.chars().count() <= ACCOUNT, "account: too long")?;
        let account = account_of(&call.account);
        let account = account.ok_or_else(|| bad("account: nothing that can be an account"))?;
        let life = call.life;
        let lives = life.is_none_or(|life| LIFE.contains(&life));
        must(lives, "life: not 30 to 600 seconds")?;
        Ok(Self {
            request_id: id.clone(),
            digest: digest.to_string(),
            account,
            kind: match call.kind {
                Asked::Stepup => Kind::Stepup,
                Asked::Transaction => Kind::Transaction,
            },
            rows: rows(call)?,
            context: context(call)?,
            life,
        })
    }
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::with_detail(Why::BadValue, detail)
}

fn must(holds: bool, detail: &str) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(bad(detail)) }
}

/// Exactly a transaction has rows, and rows have a language.
fn rows(call: &Call) -> Result<Option<(String, Vec<Row>)>, Problem> {
    let (rows, lang) = match (&call.rows, &call.lang, call.kind) {
        (None, None, Asked::Stepup) => return Ok(None),
        (Some(rows), Some(lang), Asked::Transaction) => (rows, lang),
        (_, _, Asked::Stepup) => return Err(bad("rows, lang: not with stepup")),
        (_, _, Asked::Transaction) => return Err(bad("rows, lang: both with transaction")),
    };
    must((1..=ROWS).contains(&rows.len()), "rows: not 1 to 16")?;
    must(is_language(lang), "lang: not a BCP 47 tag")?;
    let clean_row = |(n, row): (usize, &CallRow)| {
        Ok(Row {
            label: clean(&row.label, &format!("rows.{}.label", n + 1))?,
            value: clean(&row.value, &format!("rows.{}.value", n + 1))?,
        })
    };
    let rows = rows.iter().enumerate().map(clean_row);
    let rows = rows.collect::<Result<Vec<_>, Problem>>()?;
    Ok(Some((lang.clone(), rows)))
}

/// Fit to be shown, and never cut: what is left out of a sum would make it another.
fn clean<const MAX: usize>(text: &str, member: &str) -> Result<Text<MAX>, Problem> {
    let refused = |why: NotText| bad(format!("{member}: {why}"));
    // Words on two lines must not become one word.
    let one_line = text.replace("\r\n", "\n");
    let space =
        |c: char| c.is_control() && c.is_whitespace() || matches!(c, '\u{2028}' | '\u{2029}');
    let one_line = one_line.replace(space, " ");
    let whole = Text::<{ usize::MAX }>::clean(&one_line).map_err(refused)?;
    Text::parse(whole.as_str().trim()).map_err(refused)
}

/// A step-up always shows a browser.
fn context(call: &Call) -> Result<Option<Context>, Problem> {
    let given = match (&call.context, call.kind) {
        (None, Asked::Transaction) => return Ok(None),
        (given, _) => given.as_ref(),
    };
    let agent = given.and_then(|given| given.user_agent.as_deref());
    let ip = given.and_then(|given| given.ip.as_deref());
    let ip = ip.map(str::parse::<IpAddr>).transpose();
    let ip = ip.map_err(|_| bad("context.ip: not an IP address"))?;
    let browser = browser_phrase(agent.unwrap_or_default());
    Ok(Some(Context {
        browser: Name::parse(&browser).map_err(Fault::from)?,
        known: given.and_then(|given| given.known).unwrap_or(false),
        place: None,
        ip: ip.map(|ip| ip.to_canonical().to_string()),
        zone: Zone::Outside,
    }))
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;

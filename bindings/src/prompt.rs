//! Requests, as a shell shows them.

use crate::error::AuthError;
use crate::told::{Cancelled, Notice, VerdictInfo};
use crate::words::{Text, lang};
use crate::{count, seconds};
use countersign_core::{self as core, PromptId, words};

/// What stands above a request.
pub type Note = core::Note;

/// What stands above a request.
#[uniffi::remote(Enum)]
pub enum Note {
    /// How old it is can't be said.
    TimeUnsure,
    /// The phones of the ID are not those of the last request.
    PhonesChanged,
    /// This phone can't give what is asked: only deny and report.
    CannotApprove,
    /// A change of PIN or gesture must reach the server first; until then only deny and report.
    ChangeUnsent,
}

/// Why somebody says no.
pub type Reason = core::Reason;

/// Why somebody says no.
#[uniffi::remote(Enum)]
pub enum Reason {
    /// Pressed by mistake.
    Mistake,
    /// I did not start it.
    Unknown,
    /// Someone pressed me.
    Pressure,
    /// Something else.
    Other,
}

/// A row of a request. Its value is data, shown word for word.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Row {
    /// Such as `account`, `browser`, `label.1`.
    pub id: String,
    /// Of the request, unchanged.
    pub value: String,
    /// The caption; none for `label.N`, which is itself the caption of `value.N`, and for `value.N`.
    pub label: Option<Text>,
    /// Our words in the place of a value that is one of a few, such as `yes`.
    pub words: Option<Text>,
}

/// A request that may be shown.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Prompt {
    /// For the decision.
    pub id: String,
    /// The same request as this one, with more time.
    pub goes_on: Option<String>,
    /// Its title.
    pub title: Text,
    /// What is asked: `login`, `transaction`, …
    pub kind: String,
    /// All that is shown, in order; what is signed is exactly this.
    pub rows: Vec<Row>,
    /// The host of the ID's server.
    pub host: String,
    /// The name of the ID's server.
    pub server: String,
    /// Whose ID.
    pub account: String,
    /// Who asks.
    pub service: String,
    /// The language of the rows of a transaction, BCP 47.
    pub lang: Option<String>,
    /// How many digits are typed: 0, 2 or 6.
    pub number: u32,
    /// Whether the PIN is typed, unless the person takes another of the ways. Where it isn't, ask for none.
    pub pin: bool,
    /// The factors that suffice and that this phone can give, the one that an approval takes first: `dev`, `uv`, `dev+pin`,
    /// `pin+uv`; one with `pin` is taken when a PIN is given, unless `dev` alone suffices. None: it can only be denied or reported.
    pub ways: Vec<String>,
    /// Seconds left, at most.
    pub seconds_left: i64,
    /// The same in words.
    pub time_left: Text,
    /// Seconds since it was asked, when that can be said.
    pub asked_ago: Option<i64>,
    /// What stands above it.
    pub notes: Vec<Note>,
}

/// The open requests of one service for one ID: one row of a list.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Requests {
    /// The ID.
    pub account: String,
    /// Who asks.
    pub service: String,
    /// At least one, those that end first before the others. Each is decided by itself.
    pub prompts: Vec<Prompt>,
}

/// The number of a request, read from its code on the page.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Scanned {
    /// The request whose field it fills.
    pub id: String,
    /// What the person would have typed.
    pub number: String,
}

/// What a push named.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Hint {
    /// A request of an ID: fetch it.
    Fetch {
        /// The ID.
        account: String,
        /// The request, for `fetch`.
        challenge: String,
    },
    /// Something of an ID: poll it.
    Poll {
        /// The ID.
        account: String,
    },
    /// A push that was asked for as a test: that it came is the result.
    Test {
        /// The ID.
        account: String,
    },
}

/// What a poll brought.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Arrivals {
    /// The ID.
    pub account: String,
    /// Requests that weren't open here before.
    pub prompts: Vec<Prompt>,
    /// Requests that were, with more time: nobody is alarmed again, and what was typed stays.
    pub renewed: Vec<Prompt>,
    /// The codes of why others are not shown: they failed a check.
    pub refused: Vec<String>,
    /// Requests that are over, which this phone did not decide.
    pub cancelled: Vec<Cancelled>,
    /// What happened to the ID.
    pub notices: Vec<Notice>,
    /// What became of answers.
    pub verdicts: Vec<VerdictInfo>,
    /// Why there may be more: ask again.
    pub error: Option<AuthError>,
}

crate::quiet!(Row, Prompt, Requests, Scanned);

impl Prompt {
    pub(crate) fn new(prompt: core::Prompt, locale: &str) -> Self {
        let lang = lang(locale);
        let text = |id| Text::from(words::text(lang, id));
        let row = |row: core::Row| Row {
            label: words::row_label(&row.id).map(text),
            words: words::row_value(&row.id, &row.value).map(text),
            id: row.id,
            value: row.value,
        };
        let left = u32::try_from(prompt.seconds_left).unwrap_or(u32::MAX);
        Self {
            id: prompt.id.to_string(),
            goes_on: prompt.goes_on.map(|id| id.to_string()),
            title: words::title(lang, &prompt).into(),
            kind: prompt.kind.to_owned(),
            rows: prompt.rows.into_iter().map(row).collect(),
            host: prompt.host,
            server: prompt.server,
            account: prompt.account,
            service: prompt.service,
            lang: prompt.lang,
            number: count(prompt.number),
            pin: prompt.pin,
            ways: prompt.ways.into_iter().map(str::to_owned).collect(),
            seconds_left: seconds(prompt.seconds_left),
            time_left: words::time_left(lang, left).into(),
            asked_ago: prompt.asked_ago.map(seconds),
            notes: prompt.notes,
        }
    }
}

impl Requests {
    pub(crate) fn new(requests: core::Requests, locale: &str) -> Self {
        let prompts = requests.prompts.into_iter();
        Self {
            account: requests.account.to_string(),
            service: requests.service,
            prompts: prompts.map(|prompt| Prompt::new(prompt, locale)).collect(),
        }
    }
}

impl From<core::Scanned> for Scanned {
    fn from(scanned: core::Scanned) -> Self {
        Self {
            id: scanned.id.to_string(),
            number: scanned.number,
        }
    }
}

impl From<core::Hint> for Hint {
    fn from(hint: core::Hint) -> Self {
        match hint {
            core::Hint::Fetch { account, challenge } => Self::Fetch {
                account: account.to_string(),
                challenge: challenge.to_string(),
            },
            core::Hint::Poll { account } => Self::Poll {
                account: account.to_string(),
            },
            core::Hint::Test { account } => Self::Test {
                account: account.to_string(),
            },
        }
    }
}

impl Arrivals {
    pub(crate) fn new(account: String, arrivals: core::Arrivals, locale: &str) -> Self {
        let prompts = |prompts: Vec<core::Prompt>| {
            let prompts = prompts.into_iter();
            prompts.map(|prompt| Prompt::new(prompt, locale)).collect()
        };
        let refused = arrivals.refused.iter();
        let notices = arrivals.notices.into_iter();
        Self {
            account,
            prompts: prompts(arrivals.prompts),
            renewed: prompts(arrivals.renewed),
            refused: refused.map(|code| code.as_str().to_owned()).collect(),
            cancelled: arrivals
                .cancelled
                .into_iter()
                .map(Cancelled::from)
                .collect(),
            notices: notices.map(|one| Notice::new(one, locale)).collect(),
            verdicts: arrivals
                .verdicts
                .into_iter()
                .map(VerdictInfo::from)
                .collect(),
            error: arrivals.error.map(AuthError::from),
        }
    }
}

/// The name of a request, as [`Prompt`] has it.
pub(crate) fn prompt_id(text: &str) -> Result<PromptId, AuthError> {
    text.parse().map_err(|_| AuthError::misuse("id"))
}

//! The pages for what went wrong: each says what to do, none says what we know.

use countersign_texts::{Id, Message, message};
use maud::html;

use super::frame::{Live, Site, words};
use super::icon::Icon;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The application lacks something that its administrator has to set.
    AppNotReady,
    /// The session cookie did not come back.
    CookiesNeeded,
    /// No such page, or it is over.
    NotFound,
    /// The request makes no sense to us.
    Unusable,
    /// The sign-in is over or belongs to another session.
    SignInOver,
    /// Too much came from where this visitor is.
    Busy,
    /// The server's own fault.
    Fault,
}

impl Problem {
    /// The HTTP status that fits (RFC 9110, section 15).
    pub const fn status(self) -> u16 {
        match self {
            Self::CookiesNeeded | Self::Unusable => 400,
            Self::AppNotReady => 403,
            Self::NotFound => 404,
            Self::SignInOver => 410,
            Self::Busy => 429,
            Self::Fault => 500,
        }
    }
}

/// The page of a problem. `reference` finds the entry in the log.
pub fn problem(site: &Site<'_>, problem: Problem, reference: Option<&str>) -> String {
    let server = site.server;
    let (icon, said) = match problem {
        Problem::AppNotReady => (Icon::Question, Message::PageUnready),
        Problem::CookiesNeeded => (Icon::Question, Message::PageCookies { host: site.host }),
        Problem::NotFound => (Icon::Question, Message::PageMissing),
        Problem::Unusable => (Icon::Cross, Message::PageUnusable),
        Problem::SignInOver => (Icon::Clock, Message::PageOver),
        Problem::Busy => (Icon::Clock, Message::PageBusy),
        Problem::Fault => (Icon::Question, Message::PageFault { server }),
    };
    let said = message(site.lang, said);
    let body = html! {
        p { (words(&said.body)) }
        @if let Some(reference) = reference { p.hint { (site.say(Id::PageReference { reference })) } }
    };
    site.document(&said.title, Some(icon.markup()), &Live::Still, &body)
}

//! The ends of a sign-in, all told apart: an icon, a heading, a line, one button. None starts anything by itself.

use countersign_texts::{Message, Text, message};
use maud::html;

use super::frame::{Action, Live, Site, words};
use super::icon::Icon;
use super::waiting::Hold;

/// How a sign-in ended.
#[derive(Clone, Copy)]
pub enum End<'a> {
    /// The person refused on the phone.
    Denied,
    /// The phone was given another number.
    NumberWrong,
    /// Nobody answered in time.
    Late,
    /// The person pressed "This wasn't me".
    Reported,
    /// A newer sign-in of the same session took its place.
    Replaced,
    /// Cancelled on the waiting page.
    Cancelled,
    /// The ID is paused.
    Paused,
    /// The phone did not fetch the request.
    Unreached {
        /// When the phone was last heard, ready to show.
        since: &'a str,
    },
    /// Approved on the browser's own device, and the app did not come back to the browser.
    Unreturned,
    /// The result went to another tab of this session.
    Elsewhere,
}

/// The page of an end. `button` is left out where nothing can follow; `hold` is set when it was
/// pressed too early.
pub fn end(
    site: &Site<'_>,
    end: End<'_>,
    button: Option<&Action<'_>>,
    hold: Option<Hold>,
) -> String {
    let app = site.authenticator;
    let (icon, said) = match end {
        End::Denied => (Icon::Cross, Message::EndDenied),
        End::NumberWrong => (Icon::Cross, Message::EndNumber),
        End::Late => (Icon::Clock, Message::EndLate),
        End::Reported => (Icon::Flag, Message::EndReported),
        End::Replaced => (Icon::Arrow, Message::EndReplaced),
        End::Cancelled => (Icon::Cross, Message::EndCancelled),
        End::Paused => (Icon::Pause, Message::EndPaused { app }),
        End::Unreached { since } => (Icon::Phone, Message::EndUnreached { time: since }),
        End::Unreturned => (Icon::Clock, Message::EndUnreturned { app }),
        End::Elsewhere => (Icon::Arrow, Message::EndElsewhere),
    };
    let soon = hold.map(|hold| hold.words(site));
    page_of(site, icon, said, button, soon.as_ref())
}

/// Where the app came back to a browser that did not begin the sign-in, or too late: nothing was used up.
pub fn come_back(site: &Site<'_>) -> String {
    final_page(site, Icon::Arrow, Message::Back, None)
}

/// Icon, heading, line and perhaps a button: also the ends of an invitation.
pub(super) fn final_page(
    site: &Site<'_>,
    icon: Icon,
    said: Message<'_>,
    button: Option<&Action<'_>>,
) -> String {
    page_of(site, icon, said, button, None)
}

fn page_of(
    site: &Site<'_>,
    icon: Icon,
    said: Message<'_>,
    button: Option<&Action<'_>>,
    error: Option<&Text>,
) -> String {
    let words_said = message(site.lang, said);
    let body = html! {
        p role="status" { (words(&words_said.body)) }
        @if let Some(error) = error { p.error { (words(error)) } }
        @if let (Some(action), Some(label)) = (button, said.button()) {
            div.actions { (site.button(action, label, "")) }
        }
    };
    site.document(&words_said.title, Some(icon.markup()), &Live::Still, &body)
}

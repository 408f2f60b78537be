//! W5: the page of an invitation. Opening it makes nothing (link scanners do); its button makes the code, and once a phone took
//! the code the page asks for the six digits that the phone shows.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Closed
//!     Closed --> Scan: Show the code
//!     Scan --> Digits: a phone took the code
//!     Scan --> Over: time
//!     Digits --> Digits: wrong, tries left
//!     Digits --> Done
//!     Digits --> UsedTwice: a second phone
//!     Digits --> Failed: third wrong try
//!     Digits --> Over: time
//!     Over --> Scan: New code
//!     UsedTwice --> Scan: New code
//!     Failed --> Scan: New code
//! ```

use countersign_texts::{Id, Message};
use maud::{Markup, html};

use super::end::final_page;
use super::frame::{Action, Live, Site, field, token, words};
use super::icon::Icon;
use super::qr;

/// Where an invitation stands.
pub enum Invitation<'a> {
    /// Before the button.
    Closed {
        /// Makes the invitation.
        show: Action<'a>,
    },
    /// The code is out.
    Open {
        /// Whose ID it adds.
        account: &'a str,
        /// What the page asks for now.
        step: Step<'a>,
        /// Until the invitation, or the enrolment under way, ends.
        seconds_left: u32,
        /// The address of this page.
        here: &'a str,
        /// The address that tells the next phase (contract in [`super`]); the phases are [`Step::name`].
        wait: &'a str,
    },
    /// The phone was added.
    Done,
    /// A second phone came with the same code.
    UsedTwice {
        /// Makes a new invitation, where that is allowed.
        again: Option<Action<'a>>,
    },
    /// Nobody finished in time.
    Over {
        /// Makes a new invitation, where that is allowed.
        again: Option<Action<'a>>,
    },
    /// The digits were wrong three times.
    Failed {
        /// Makes a new invitation, where that is allowed.
        again: Option<Action<'a>>,
    },
}

/// What an open invitation asks for.
pub enum Step<'a> {
    /// To be scanned or opened.
    Scan {
        /// The invitation itself. It is shown and drawn as it is; only an https address becomes a link.
        link: &'a str,
        /// The same as twenty characters to type, for apps that list this server.
        code: Option<&'a str>,
        /// Whether the app will ask for a recovery code.
        recovery: bool,
    },
    /// The digits that the phone shows.
    Digits {
        /// Takes [`field::DIGITS`].
        action: Action<'a>,
        /// Why it is asked again.
        error: Option<DigitsError>,
    },
}

impl Step<'_> {
    /// The name of the phase in `?phase=` and in the answer of the wait address.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Scan { .. } => "scan",
            Self::Digits { .. } => "digits",
        }
    }
}

/// Why the digits are asked for again.
#[derive(Clone, Copy)]
pub enum DigitsError {
    /// Not six digits; it was no try.
    Empty,
    /// Not the digits of the phone.
    Wrong {
        /// Tries that are left, at least 1.
        tries_left: u32,
    },
}

/// The page of an invitation.
pub fn invitation(site: &Site<'_>, state: &Invitation<'_>) -> String {
    match state {
        Invitation::Closed { show } => closed(site, show),
        Invitation::Open {
            account,
            step,
            seconds_left,
            here,
            wait,
        } => {
            let facts = site.facts(&[(Id::RowAccount, account)]);
            let clock = site.clock(*seconds_left);
            let status = status(site, step, here, wait);
            let content = match step {
                Step::Scan {
                    link,
                    code,
                    recovery,
                } => scan(site, link, *code, *recovery),
                Step::Digits { action, error } => digits(site, action, *error),
            };
            let look_again = match step {
                Step::Scan { .. } => Some(site.check_now(here, "")),
                Step::Digits { .. } => None,
            };
            let body = html! { (facts) (content) (status) (clock) @if let Some(button) = look_again { (button) } };
            site.document(&site.text(Id::InviteTitle), None, &Live::Script, &body)
        }
        Invitation::Done => final_page(site, Icon::Tick, Message::InviteDone, None),
        Invitation::UsedTwice { again } => {
            final_page(site, Icon::Flag, Message::InviteUsed, again.as_ref())
        }
        Invitation::Over { again } => {
            final_page(site, Icon::Clock, Message::InviteOver, again.as_ref())
        }
        Invitation::Failed { again } => {
            final_page(site, Icon::Cross, Message::InviteFailed, again.as_ref())
        }
    }
}

fn closed(site: &Site<'_>, show: &Action<'_>) -> String {
    let body = html! {
        p { (site.say(Id::InviteIntro { app: site.authenticator })) }
        div.actions { (site.button(show, Id::InviteShow, "")) }
    };
    site.document(
        &site.text(Id::InviteTitle),
        Some(Icon::Phone.markup()),
        &Live::Still,
        &body,
    )
}

fn scan(site: &Site<'_>, link: &str, code: Option<&str>, recovery: bool) -> Markup {
    let app = site.authenticator;
    let groups = |code: &str| {
        code.as_bytes()
            .chunks(5)
            .map(String::from_utf8_lossy)
            .collect::<Vec<_>>()
            .join(" ")
    };
    html! {
        @if recovery { p { (site.say(Id::RecoverApp { app })) } }
        h2 { (site.say(Id::InviteScan { app })) }
        @if let Some(code) = qr::drawing(link, &site.text(Id::InviteImage).speech) { (code) }
        @if link.starts_with("https://") {
            p.hint { (site.say(Id::InviteHere { app })) }
            a href=(link) { (site.say(Id::InviteOpen { app })) }
        }
        @if let Some(code) = code {
            p.hint { (site.say(Id::InviteCode { app })) }
            p.code { (groups(code)) }
        }
    }
}

fn digits(site: &Site<'_>, action: &Action<'_>, error: Option<DigitsError>) -> Markup {
    let error = error.map(|error| match error {
        DigitsError::Empty => site.text(Id::InviteEmpty),
        DigitsError::Wrong { tries_left } => site.text(Id::InviteWrong {
            n: &tries_left.to_string(),
        }),
    });
    let failed = error.is_some();
    html! {
        form method="post" action=(action.url) novalidate {
            (token(action))
            label for="digits" { (site.say(Id::InviteDigits)) }
            p.hint #hint { (site.say(Id::InviteHint { app: site.authenticator })) }
            @if let Some(error) = &error { p.error #error { (words(error)) } }
            // Wider than six: people type the gap between the two groups too.
            input.digits #digits name=(field::DIGITS) type="text" inputmode="numeric" autocomplete="one-time-code" maxlength="16" required
                aria-invalid=[failed.then_some("true")] aria-describedby=(if failed { "error hint" } else { "hint" }) autofocus[failed];
            button type="submit" { (site.say(Id::InviteConfirm)) }
        }
    }
}

/// While the digits are asked for there is nothing to wait for, but the script still looks for the end of the invitation.
fn status(site: &Site<'_>, step: &Step<'_>, here: &str, wait: &str) -> Markup {
    let line = match step {
        Step::Scan { .. } => site.text(Id::InviteWaiting).text,
        Step::Digits { .. } => String::new(),
    };
    html! {
        p.status role="status" data-wait=(wait) data-here=(here) data-phase=(step.name())
            data-trying=(site.text(Id::WaitTrying { host: site.host }).text) { (line) }
    }
}

//! The document around every page, and the parts that several pages use.

use countersign_texts::{Id, Lang, Text, text, time_left};
use maud::{DOCTYPE, Markup, html};

use super::assets::{SCRIPT_PATH, STYLE_PATH};

/// What all pages of this server have in common.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// The language of the page.
    pub lang: Lang,
    /// The name of this server, as its operator gave it.
    pub server: &'a str,
    /// The host that the browser talks to.
    pub host: &'a str,
    /// The name of the authenticator app on the phone.
    pub authenticator: &'a str,
}

/// Where a button sends its form: always by POST, always with the session's token against forged requests.
#[derive(Clone, Copy)]
pub struct Action<'a> {
    /// The address, of this server.
    pub url: &'a str,
    /// The session's token, sent as [`field::CSRF`].
    pub csrf: &'a str,
}

/// The names of the form fields that the pages send.
pub mod field {
    /// The session's token against forged requests.
    pub const CSRF: &str = "csrf";
    /// The sign-in page: e-mail or user name.
    pub const ACCOUNT: &str = "account";
    /// The invitation page: six digits, perhaps with spaces.
    pub const DIGITS: &str = "digits";
}

/// What runs on a page.
pub(super) enum Live {
    /// Nothing.
    Still,
    /// The script. Without one the page stays as it is until the person asks: a page that loads itself again takes it from
    /// under somebody who still reads (WCAG 2.2, failure F41).
    Script,
}

impl Site<'_> {
    /// A text in the language of the page.
    pub(super) fn text(&self, id: Id<'_>) -> Text {
        text(self.lang, id)
    }

    /// The same as markup.
    pub(super) fn say(&self, id: Id<'_>) -> Markup {
        words(&self.text(id))
    }

    /// The document. `title` is its one heading of the first rank, and the title of the window.
    pub(super) fn document(
        &self,
        title: &Text,
        icon: Option<Markup>,
        live: &Live,
        body: &Markup,
    ) -> String {
        let document = html! {
            (DOCTYPE)
            html lang=(self.lang.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="robots" content="noindex";
                    // The address of a page stays here; the origin must go along, or posted forms say "Origin: null".
                    meta name="referrer" content="strict-origin";
                    title { (title.speech) " – " (self.server) }
                    link rel="stylesheet" href=(STYLE_PATH);
                    @if !matches!(live, Live::Still) { script src=(SCRIPT_PATH) defer {} }
                }
                body {
                    header { bdi { (self.server) } }
                    main {
                        @if let Some(icon) = icon { (icon) }
                        h1 { (words(title)) }
                        (body)
                    }
                }
            }
        };
        document.into_string()
    }

    /// Captions and values. A value is somebody else's word: isolated, never cut.
    pub(super) fn facts(&self, rows: &[(Id<'_>, &str)]) -> Markup {
        html! {
            dl {
                @for (caption, value) in rows {
                    div { dt { (self.say(*caption)) } dd { bdi { (value) } } }
                }
            }
        }
    }

    /// A form of one button.
    pub(super) fn button(&self, action: &Action<'_>, label: Id<'_>, class: &str) -> Markup {
        html! {
            form method="post" action=(action.url) {
                (token(action))
                button type="submit" class=(class) { (self.say(label)) }
            }
        }
    }

    /// What a person without a script presses to look again, and why.
    pub(super) fn check_now(&self, here: &str, class: &str) -> Markup {
        html! {
            noscript {
                p { (self.say(Id::WaitStill)) }
                form method="get" action=(here) {
                    button type="submit" class=(class) { (self.say(Id::ButtonCheck)) }
                }
            }
        }
    }

    /// The time left as text. The script counts on with the words that come along, and speaks at 60, 30 and 10 seconds.
    pub(super) fn clock(&self, seconds: u32) -> Markup {
        let left = time_left(self.lang, seconds);
        let words = |id| self.text(id).text;
        html! {
            p.clock role="timer" data-clock=(seconds)
                data-short-minutes=(words(Id::TimeShortMinutes { m: "{m}", s: "{s}" }))
                data-short-seconds=(words(Id::TimeShortSeconds { s: "{s}" }))
                data-minutes=(words(Id::TimeSpokenMinutes { n: "{n}" }))
                data-minute=(words(Id::TimeSpokenMinutes { n: "1" }))
                data-seconds=(words(Id::TimeSpokenSeconds { n: "{n}" }))
                data-second=(words(Id::TimeSpokenSeconds { n: "1" }))
                data-left=(words(Id::TimeLeft { left: "{left}" }))
                data-over=(words(Id::TimeOver)) {
                span aria-hidden="true" { (left.text) }
                span.unseen { (left.speech) }
            }
            p.unseen role="status" data-spoken-clock {}
        }
    }
}

/// The hidden field with the session's token.
pub(super) fn token(action: &Action<'_>) -> Markup {
    html! { input type="hidden" name=(field::CSRF) value=(action.csrf); }
}

/// A text; where it is spoken in other words, both, each for its own readers.
pub(super) fn words(text: &Text) -> Markup {
    html! {
        @if text.text.replace('\u{ad}', "") == text.speech {
            (text.text)
        } @else {
            span aria-hidden="true" { (text.text) }
            span.unseen { (text.speech) }
        }
    }
}

//! W1: who are you? It says the same to everybody, whether we know the name or not.

use countersign_texts::Id;
use maud::html;

use super::frame::{Action, Live, Site, field, token, words};

/// What the sign-in page shows.
pub struct SignIn<'a> {
    /// The name of the application that sent the browser.
    pub service: &'a str,
    /// Takes [`field::ACCOUNT`].
    pub action: Action<'a>,
    /// What was typed before, or empty.
    pub account: &'a str,
    /// Why the page is shown again.
    pub error: Option<SignInError>,
}

/// Why the sign-in page is shown again. There is none for an unknown user.
#[derive(Clone, Copy)]
pub enum SignInError {
    /// Nothing was typed.
    Empty,
    /// The session's token was too old.
    Old,
    /// Too many tries from this source.
    Slow {
        /// Until the next try.
        seconds: u32,
    },
}

/// The page with the one question.
pub fn sign_in(site: &Site<'_>, page: &SignIn<'_>) -> String {
    let error = page.error.map(|error| match error {
        SignInError::Empty => site.text(Id::SigninEmpty),
        SignInError::Old => site.text(Id::SigninOld),
        SignInError::Slow { seconds } => site.text(Id::SigninSlow {
            n: &seconds.to_string(),
        }),
    });
    let failed = error.is_some();
    let body = html! {
        form method="post" action=(page.action.url) novalidate {
            (token(&page.action))
            label for="account" { (site.say(Id::SigninName)) }
            @if let Some(error) = &error { p.error #error { (words(error)) } }
            input #account name=(field::ACCOUNT) type="text" value=(page.account) maxlength="254" required
                autocomplete="username" autocapitalize="none" spellcheck="false" dir="auto"
                aria-invalid=[failed.then_some("true")] aria-describedby=[failed.then_some("error")] autofocus[failed];
            button type="submit" { (site.say(Id::SigninNext)) }
        }
    };
    let title = site.text(Id::SigninTitle {
        service: page.service,
    });
    site.document(&title, None, &Live::Still, &body)
}

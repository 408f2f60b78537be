//! W1: who are you? It says the same to everybody, whether we know the name or not.

use countersign_texts::Id;
use maud::html;

use super::frame::{Action, Live, Site, field, token, words};
use super::waiting::Hold;

/// What the sign-in page shows.
pub struct SignIn<'a> {
    /// The name of the application that sent the browser.
    pub service: &'a str,
    /// Takes [`field::ACCOUNT`].
    pub action: Action<'a>,
    /// What was typed before, or empty.
    pub account: &'a str,
    /// Why the page is shown again.
    pub trouble: Option<SignInTrouble>,
}

/// Why it goes no further yet. There is no such word for an unknown user.
#[derive(Clone, Copy)]
pub enum SignInTrouble {
    /// Nothing was typed.
    NameMissing,
    /// Nobody may be asked now.
    Hold(Hold),
}

/// The page with the one question.
pub fn sign_in(site: &Site<'_>, page: &SignIn<'_>) -> String {
    let failed = page.trouble.is_some();
    let trouble = page.trouble.map(|trouble| match trouble {
        SignInTrouble::NameMissing => site.text(Id::SigninEmpty),
        SignInTrouble::Hold(hold) => hold.words(site),
    });
    let body = html! {
        form method="post" action=(page.action.url) novalidate {
            (token(&page.action))
            label for="account" { (site.say(Id::SigninName)) }
            @if let Some(trouble) = &trouble { p.error #error { (words(trouble)) } }
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

//! W1: who are you? It says the same to everybody, whether we know the name or not.

use countersign_texts::Id;
use maud::html;

use super::frame::{Action, Live, Site, field, token};

/// What the sign-in page shows.
pub struct SignIn<'a> {
    /// The name of the application that sent the browser.
    pub service: &'a str,
    /// Takes [`field::ACCOUNT`].
    pub action: Action<'a>,
    /// What was typed before, or empty.
    pub account: &'a str,
    /// The page is shown again because nothing was typed. There is no such word for an unknown user.
    pub name_missing: bool,
}

/// The page with the one question.
pub fn sign_in(site: &Site<'_>, page: &SignIn<'_>) -> String {
    let failed = page.name_missing;
    let body = html! {
        form method="post" action=(page.action.url) novalidate {
            (token(&page.action))
            label for="account" { (site.say(Id::SigninName)) }
            @if failed { p.error #error { (site.say(Id::SigninEmpty)) } }
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

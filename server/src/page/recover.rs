//! W7: the phone is lost. The page asks who one is, and then says that a letter is on its way, whether there is such an ID or
//! not. It never asks for a recovery code.

use countersign_texts::{Id, Message};
use maud::html;

use super::end::final_page;
use super::frame::{Action, Live, Site, field, token, words};
use super::icon::Icon;
use super::waiting::Hold;

/// What the page shows.
pub enum Recover<'a> {
    /// The one question.
    Ask {
        /// Takes [`field::ACCOUNT`].
        action: Action<'a>,
        /// Set when too much was asked from here.
        hold: Option<Hold>,
    },
    /// A letter is on its way, or none.
    Sent,
}

/// The page of who lost the phone.
pub fn recover(site: &Site<'_>, page: &Recover<'_>) -> String {
    let (action, hold) = match page {
        Recover::Sent => return final_page(site, Icon::Phone, Message::RecoverSent, None),
        Recover::Ask { action, hold } => (action, hold),
    };
    let hold = hold.map(|hold| hold.words(site));
    let body = html! {
        p { (site.say(Id::RecoverHow { app: site.authenticator })) }
        form method="post" action=(action.url) novalidate {
            (token(action))
            label for="account" { (site.say(Id::SigninName)) }
            @if let Some(hold) = &hold { p.error #error { (words(hold)) } }
            input #account name=(field::ACCOUNT) type="text" maxlength="254" required autocomplete="username" autocapitalize="none"
                spellcheck="false" dir="auto" aria-describedby=[hold.as_ref().map(|_| "error")];
            button type="submit" { (site.say(Id::RecoverSend)) }
        }
    };
    site.document(&site.text(Id::RecoverTitle), None, &Live::Still, &body)
}

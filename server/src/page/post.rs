//! The page that hands the answer to the application: a form that the script sends, or the person (SAML bindings, section 3.5).

use countersign_texts::{Id, Message, message};
use maud::html;

use super::frame::{Live, Site, words};
use super::icon::Icon;

/// What is posted, and where.
pub struct PostForm<'a> {
    /// The name of the application.
    pub service: &'a str,
    /// Where the application takes it; checked when the application was set up.
    pub acs_url: &'a str,
    /// Names and values, in this order.
    pub fields: &'a [(&'a str, &'a str)],
}

/// The posting page. It goes out once, under [`super::content_security_policy_for_post`].
pub fn post_form(site: &Site<'_>, page: &PostForm<'_>) -> String {
    let said = Message::EndApproved {
        service: page.service,
    };
    let words_said = message(site.lang, said);
    let body = html! {
        p role="status" { (words(&words_said.body)) }
        noscript { p { (site.say(Id::WaitOnward { service: page.service })) } }
        form method="post" action=(page.acs_url) data-submit {
            @for (name, value) in page.fields { input type="hidden" name=(name) value=(value); }
            @if let Some(label) = said.button() { button type="submit" { (site.say(label)) } }
        }
    };
    site.document(
        &words_said.title,
        Some(Icon::Tick.markup()),
        &Live::Script,
        &body,
    )
}

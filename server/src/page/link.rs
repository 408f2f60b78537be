//! W8: where a link ends that no app took. What stands behind its `#` never leaves the browser, and this page has no script
//! that could read it.

use countersign_texts::Id;
use maud::html;

use super::frame::{Live, Site};
use super::icon::Icon;

/// What the link was for.
pub enum Landing<'a> {
    /// An invitation.
    Invitation {
        /// Those that can be opened, without it.
        apps: &'a [OpenApp<'a>],
    },
    /// A request on this device.
    Request {
        /// Those that can be opened with it.
        apps: &'a [OpenApp<'a>],
    },
}

/// An app, and a link of its own scheme.
pub struct OpenApp<'a> {
    /// As people know it.
    pub name: &'a str,
    /// Made from a checked scheme and an id; shown nowhere.
    pub link: String,
}

/// Which app is needed, and what to do.
pub fn landing(site: &Site<'_>, link: &Landing<'_>) -> String {
    let app = site.authenticator;
    let (body, how, apps) = match link {
        Landing::Invitation { apps } => (Id::LinkBody { app }, Id::LinkHow { app }, apps),
        Landing::Request { apps } => (Id::LinkRequest { app }, Id::LinkBack { app }, apps),
    };
    let body = html! {
        p { (site.say(body)) }
        @for app in *apps { a.first href=(app.link) { (site.say(Id::InviteOpen { app: app.name })) } }
        p { (site.say(how)) }
        p.hint { (site.say(Id::LinkGet { app })) }
    };
    let title = site.text(Id::LinkTitle { app });
    site.document(&title, Some(Icon::Phone.markup()), &Live::Still, &body)
}

//! W8: where an invitation link ends that no app took. What stands behind its `#` is the invitation: it never leaves the
//! browser, and this page has no script that could read it.

use countersign_texts::Id;
use maud::html;

use super::frame::{Live, Site};
use super::icon::Icon;

/// The page of `/e`: which app is needed, and what to do.
pub fn link_landing(site: &Site<'_>) -> String {
    let app = site.authenticator;
    let body = html! {
        p { (site.say(Id::LinkBody { app })) }
        p { (site.say(Id::LinkHow { app })) }
    };
    site.document(
        &site.text(Id::LinkTitle { app }),
        Some(Icon::Phone.markup()),
        &Live::Still,
        &body,
    )
}

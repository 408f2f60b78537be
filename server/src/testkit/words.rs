//! The words on a page by their names in the catalogue, so that better words break no test.

use countersign_texts::{Id, Lang, Message, message, text};

/// The pages that a person may see.
fn titles() -> Vec<countersign_texts::Text> {
    let service = "Wiki";
    let ids = [
        Id::SigninTitle { service },
        Id::WaitTitle,
        Id::SameTitle,
        Id::InviteTitle,
        Id::RecoverTitle,
    ];
    let (app, server, host, time) = ("Countersign", "Example ID", "id.example.com", "");
    let messages = [
        Message::EndDenied,
        Message::EndNumber,
        Message::EndLate,
        Message::EndReported,
        Message::EndReplaced,
        Message::EndCancelled,
        Message::EndPaused { app },
        Message::EndUnreached { time },
        Message::EndUnreturned { app },
        Message::EndElsewhere,
        Message::Back,
        Message::InviteDone,
        Message::InviteUsed,
        Message::InviteOver,
        Message::InviteFailed,
        Message::RecoverSent,
        Message::PageUnready,
        Message::PageCookies { host },
        Message::PageMissing,
        Message::PageUnusable,
        Message::PageOver,
        Message::PageBusy,
        Message::PageFault { server },
    ];
    let ids = ids.map(|id| text(Lang::En, id));
    let messages = messages.map(|said| message(Lang::En, said).title);
    ids.into_iter().chain(messages).collect()
}

/// The name of the page with this heading, such as `end.denied`; the heading itself if it has none.
pub(super) fn name_of(heading: &str) -> String {
    let found = titles()
        .into_iter()
        .find(|title| heading.contains(&title.text));
    let name = found.and_then(|title| title.id.strip_suffix(".title"));
    name.unwrap_or(heading).to_owned()
}

/// What a text of the catalogue shows.
pub(crate) fn shown(id: Id<'_>) -> String {
    text(Lang::En, id).text
}

/// What stands before and after the time on the page of a phone that was not reached.
pub(crate) fn around_heard() -> (String, String) {
    let body = message(Lang::En, Message::EndUnreached { time: "|" }).body;
    let (before, after) = body.text.split_once('|').expect("a place for the time");
    (before.to_owned(), after.to_owned())
}

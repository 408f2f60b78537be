//! W2: the phone was asked. The page names application and account, the number to type, and the time left, all as text.

use countersign_texts::{Id, digits};
use maud::{Markup, html};

use super::frame::{Action, Live, Site, words};

/// What the waiting page shows. For an unknown user it shows the same, with a number of nobody.
pub struct Waiting<'a> {
    /// The name of the application.
    pub service: &'a str,
    /// The account as the person typed it.
    pub account: &'a str,
    /// The digits to type on the phone, where the request asks for them.
    pub number: Option<&'a str>,
    /// Until the request ends.
    pub seconds_left: u32,
    /// How far the request has come.
    pub phase: Phase,
    /// The address of this page.
    pub here: &'a str,
    /// The address that tells the next phase (contract in [`super`]).
    pub wait: &'a str,
    /// Ends this request and begins a new one.
    pub again: Action<'a>,
    /// Set when [Send again] was pressed too early: the seconds until it works.
    pub again_in: Option<u32>,
    /// Ends this request.
    pub cancel: Action<'a>,
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// On its way to the phone.
    Told,
    /// The phone has fetched it.
    Seen,
    /// The phone has not fetched it in 15 s.
    Unreached,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 3] = [Self::Told, Self::Seen, Self::Unreached];

    /// The name in `?phase=` and in the answer of the wait address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Seen => "seen",
            Self::Unreached => "unreached",
        }
    }

    /// The phase of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }

    const fn words<'a>(self, app: &'a str) -> Id<'a> {
        match self {
            Self::Told => Id::WaitTold,
            Self::Seen => Id::WaitSeen,
            Self::Unreached => Id::WaitUnreached { app },
        }
    }
}

/// The page of a request under way.
pub fn waiting(site: &Site<'_>, page: &Waiting<'_>) -> String {
    let soon = page.again_in.map(|seconds| {
        site.text(Id::WaitSoon {
            n: &seconds.to_string(),
        })
    });
    let body = html! {
        (site.facts(&[(Id::WaitService, page.service), (Id::RowAccount, page.account)]))
        (number(site, page.number))
        (status(site, page))
        (site.clock(page.seconds_left))
        (site.check_now(page.here))
        @if let Some(soon) = &soon { p.error #soon { (words(soon)) } }
        div.actions {
            (site.button(&page.again, Id::WaitAgain, "second"))
            (site.button(&page.cancel, Id::ButtonCancel, "second"))
        }
    };
    let title = site.text(Id::WaitTitle);
    site.document(&title, None, &Live::Script, &body)
}

/// The number, spoken digit by digit; without one the way to the phone.
fn number(site: &Site<'_>, number: Option<&str>) -> Markup {
    html! {
        @if let Some(number) = number {
            @let number = digits(site.lang, number);
            p.caption #number { (site.say(Id::WaitNumber)) }
            p.number aria-describedby="number" { span role="img" aria-label=(number.speech) { (number.text) } }
        } @else {
            p { (site.say(Id::WaitOpen { app: site.authenticator })) }
        }
    }
}

/// The status line, with the words for all phases: the script changes them without loading the page again.
fn status(site: &Site<'_>, page: &Waiting<'_>) -> Markup {
    let line = |phase: Phase| site.text(phase.words(site.authenticator)).text;
    html! {
        p.status role="status" data-wait=(page.wait) data-here=(page.here) data-phase=(page.phase.name())
            data-line-told=(line(Phase::Told)) data-line-seen=(line(Phase::Seen)) data-line-unreached=(line(Phase::Unreached))
            data-trying=(site.text(Id::WaitTrying { host: site.host }).text) {
            (line(page.phase))
        }
    }
}

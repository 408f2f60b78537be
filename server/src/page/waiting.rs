//! W2: the phone was asked. The page names application and account, the number to type, and the time left, all as text. Where
//! the browser is on that phone it has the link that opens the app in place of a number.

use countersign_texts::{Id, Text, digits};
use maud::{Markup, html};

use super::frame::{Action, Live, Site, words};
use super::qr;

/// What the waiting page shows. For an unknown user it shows the same, with a number of nobody.
pub struct Waiting<'a> {
    /// The name of the application.
    pub service: &'a str,
    /// The account as the person typed it.
    pub account: &'a str,
    /// How the phone is reached.
    pub way: Way<'a>,
    /// Until the request ends.
    pub seconds_left: u32,
    /// How far the request has come.
    pub phase: Phase,
    /// The address of this page.
    pub here: &'a str,
    /// The address that tells the next phase (contract in [`super`]).
    pub wait: &'a str,
    /// Set when a new request was asked for too early.
    pub hold: Option<Hold>,
    /// Gives the request more time.
    pub more: Action<'a>,
    /// Ends this request.
    pub cancel: Action<'a>,
}

/// How the phone is reached.
pub enum Way<'a> {
    /// It is told.
    Phone {
        /// The digits to type on it, where the request asks for them.
        number: Option<&'a str>,
        /// The same to be scanned (protocol section 15).
        scan: Option<&'a str>,
        /// Ends this request and begins a new one.
        again: Action<'a>,
        /// Ends this request and begins one that is opened on this device.
        same: Action<'a>,
    },
    /// It is this device.
    Same {
        /// Opens the request in the app; none once it was approved. Only an https address becomes a link.
        link: Option<&'a str>,
        /// Ends this request and begins one with a number, where that is offered.
        number: Option<Action<'a>>,
        /// The application takes no other way.
        only: bool,
    },
}

/// Why a person can't be asked now: the seconds until it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// This browser asked a moment ago.
    Soon(u32),
    /// Another browser asks for the same account.
    Busy(u32),
    /// There is no more time to be had.
    Last,
}

impl Hold {
    pub(super) fn words(self, site: &Site<'_>) -> Text {
        match self {
            Self::Soon(seconds) => site.text(Id::WaitSoon {
                n: &seconds.to_string(),
            }),
            Self::Busy(seconds) => site.text(Id::WaitBusy {
                n: &seconds.to_string(),
            }),
            Self::Last => site.text(Id::WaitLast),
        }
    }
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
    /// On this device, and the app has not fetched it.
    Here,
    /// Approved on this device: the app brings the person back.
    Back,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 5] = [
        Self::Told,
        Self::Seen,
        Self::Unreached,
        Self::Here,
        Self::Back,
    ];

    /// The name in `?phase=` and in the answer of the wait address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Seen => "seen",
            Self::Unreached => "unreached",
            Self::Here => "here",
            Self::Back => "back",
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
            Self::Here => Id::SameTold { app },
            Self::Back => Id::SameBack { app },
        }
    }
}

/// The page of a request under way.
pub fn waiting(site: &Site<'_>, page: &Waiting<'_>) -> String {
    let soon = page.hold.map(|hold| hold.words(site));
    let body = html! {
        (site.facts(&[(Id::WaitService, page.service), (Id::RowAccount, page.account)]))
        (way(site, page))
        (status(site, page))
        (site.clock(page.seconds_left))
        (site.check_now(page.here, page.way.check()))
        @if let Some(soon) = &soon { p.error #soon { (words(soon)) } }
        div.actions {
            // Who is to come back has a minute.
            @if page.phase != Phase::Back { (site.button(&page.more, Id::ButtonMore, "second")) }
            @match &page.way {
                Way::Phone { again, same, .. } => {
                    (site.button(same, Id::WaitHere, "second"))
                    (site.button(again, Id::WaitAgain, "second"))
                }
                Way::Same { number, .. } => {
                    @if let Some(number) = number { (site.button(number, Id::SameNumber, "second")) }
                }
            }
            (site.button(&page.cancel, Id::ButtonCancel, "second"))
        }
    };
    let title = site.text(match page.way {
        Way::Phone { .. } => Id::WaitTitle,
        Way::Same { .. } => Id::SameTitle,
    });
    site.document(&title, None, &Live::Script, &body)
}

impl Way<'_> {
    /// How the button to look again stands out: less than one that opens the app.
    const fn check(&self) -> &'static str {
        match self {
            Self::Same { link: Some(_), .. } => "second",
            _ => "",
        }
    }
}

/// What to do: type a number on the phone, or open the request here.
fn way(site: &Site<'_>, page: &Waiting<'_>) -> Markup {
    let app = site.authenticator;
    let (link, only) = match page.way {
        Way::Phone { number, scan, .. } => {
            return html! { (self::number(site, number)) (self::scan(site, scan)) };
        }
        Way::Same { link, only, .. } => (link, only),
    };
    html! {
        @if let Some(link) = link.filter(|link| link.starts_with("https://")) {
            p { (site.say(Id::SameHow { app })) }
            a.first href=(link) { (site.say(Id::InviteOpen { app })) }
        }
        @if only { p.hint { (site.say(Id::SameOnly { service: page.service })) } }
    }
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

/// The number without typing, shown on demand: whoever scans needs no digits on the screen, and others no code.
fn scan(site: &Site<'_>, scan: Option<&str>) -> Markup {
    let code = scan.and_then(|text| qr::drawing(text, &site.text(Id::ScanImage).speech));
    html! {
        @if let Some(code) = code {
            details {
                summary { (site.say(Id::ScanShow)) }
                p.hint { (site.say(Id::ScanHow { app: site.authenticator })) }
                (code)
            }
        }
    }
}

/// The status line, with the words for all phases: the script changes them without loading the page again.
fn status(site: &Site<'_>, page: &Waiting<'_>) -> Markup {
    let line = |phase: Phase| site.text(phase.words(site.authenticator)).text;
    html! {
        p.status role="status" data-wait=(page.wait) data-here=(page.here) data-phase=(page.phase.name())
            data-line-told=(line(Phase::Told)) data-line-seen=(line(Phase::Seen)) data-line-unreached=(line(Phase::Unreached))
            data-line-here=(line(Phase::Here))
            data-trying=(site.text(Id::WaitTrying { host: site.host }).text) {
            (line(page.phase))
        }
    }
}

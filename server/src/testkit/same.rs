//! A browser on the phone itself: the link that opens a request in the app, and the way back.

use super::browser::unescape;
use super::{Answer, Browser, Page, Phone, Provider, World};
use countersign_protocol::call::ChallengeAnswer;
use countersign_protocol::links::ChallengeLink;
use countersign_protocol::statement::{Challenge, Decision, VerdictCode};
use countersign_protocol::{Id, Signed};
use std::collections::BTreeSet;

impl World {
    /// A browser on Anna's phone that waits for its app.
    pub(crate) async fn same(&self) -> (Browser<'_>, Page) {
        let (browser, page) = self.waiting().await;
        let page = browser.press_same(&page).await;
        (browser, page)
    }

    /// An application that takes nothing else.
    pub(crate) async fn add_same_only(&self) -> Provider {
        let bank = Provider::named("bank");
        self.add_app(&bank, &["--modes", "same"]).await;
        bank
    }
}

impl Browser<'_> {
    /// [Open on this phone].
    pub(crate) async fn press_same(&self, page: &Page) -> Page {
        self.press(page, &format!("{}/same", page.path)).await
    }

    /// A button that the page doesn't have (any more).
    pub(crate) async fn press_absent(&self, page: &Page, action: &str) -> Page {
        self.post(action, &[("csrf", &page.csrf())]).await
    }
}

impl Page {
    /// Whether a QR code on it says this, to a reader that isn't ours.
    pub(crate) fn shows_code(&self, text: &str) -> bool {
        self.drawings()
            .any(|path| decoded(path).as_deref() == Some(text))
    }

    /// The paths of its drawings.
    pub(crate) fn drawings(&self) -> impl Iterator<Item = &str> {
        self.between("<path d=\"", "\"")
    }

    /// The link that opens the request in the app, where there is one.
    pub(crate) fn request_link(&self) -> Option<ChallengeLink> {
        self.between(" href=\"", "\"")
            .find_map(|link| ChallengeLink::parse(&unescape(link), None).ok())
    }
}

/// What a reader of QR codes finds in a drawing, its quiet zone left off.
fn decoded(path: &str) -> Option<String> {
    let dark = modules(path);
    let (left, right) = (*dark.first()?, *dark.last()?);
    let side = right.0 + 1 - left.0;
    let is_dark = |x: usize, y: usize| dark.contains(&(x + left.0, y + left.0));
    let grid = rqrr::Grid::new(rqrr::SimpleGrid::from_func(side, is_dark));
    grid.decode().ok().map(|(_, text)| text)
}

/// The dark modules of a drawing, each a square of one unit.
fn modules(path: &str) -> BTreeSet<(usize, usize)> {
    let place = |square: &str| {
        let (x, y) = square.strip_suffix("h1v1h-1z")?.split_once(' ')?;
        Some((x.parse().ok()?, y.parse().ok()?))
    };
    path.split('M').filter_map(place).collect()
}

impl Phone<'_> {
    /// One request, by its id or its `txn`.
    pub(crate) async fn fetch(&self, id: &Id) -> Answer {
        self.get(&format!("/cs/v1/challenges/{id}")).await
    }

    /// The person opens the link of this page.
    pub(crate) async fn open(&self, page: &Page) -> Signed<Challenge> {
        let link = page.request_link().expect("a link to a request");
        let answer: ChallengeAnswer = self.fetch(&link.txn).await.json();
        let challenge = self.verify(&answer.challenge);
        assert!(challenge.txn == link.txn);
        challenge
    }

    /// Approves what was opened; the path that its browser comes back by.
    pub(crate) async fn approve_same(&self, challenge: &Signed<Challenge>) -> String {
        let response = self.sign(self.response(challenge, Decision::Approve, None));
        let verdict = self.deliver(&response).await;
        assert_eq!(verdict.code, VerdictCode::Ok);
        let back = verdict.r#return.as_deref().expect("a way back");
        let path = back.strip_prefix(super::ORIGIN).unwrap();
        assert!(path.len() == 25 && path.starts_with("/r/"), "{path}");
        path.to_owned()
    }

    /// Opens and approves.
    pub(crate) async fn approve_opened(&self, page: &Page) -> String {
        self.approve_same(&self.open(page).await).await
    }
}

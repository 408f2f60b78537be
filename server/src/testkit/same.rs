//! A browser on the phone itself: the link that opens a request in the app, and the way back.

use super::browser::unescape;
use super::{Answer, Browser, Page, Phone, Provider, World};
use countersign_protocol::call::ChallengeAnswer;
use countersign_protocol::links::ChallengeLink;
use countersign_protocol::statement::{Challenge, Decision, VerdictCode};
use countersign_protocol::{Id, Signed};
use qrcode::bits::encode_auto;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::ec::construct_codewords;
use qrcode::{Color, EcLevel};
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
    /// Whether a QR code on it says this, by whichever mask.
    pub(crate) fn shows_code(&self, text: &str) -> bool {
        let masked = MASKS.map(|mask| dark(text, mask));
        self.drawings().any(|path| masked.contains(&modules(path)))
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

/// The masks of ISO/IEC 18004: a code names its own.
const MASKS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// The dark modules of the code of a text.
fn dark(text: &str, mask: MaskPattern) -> BTreeSet<(usize, usize)> {
    let bits = encode_auto(text.as_bytes(), EcLevel::M).unwrap();
    let version = bits.version();
    let (data, correction) = construct_codewords(&bits.into_bytes(), version, EcLevel::M).unwrap();
    let mut canvas = Canvas::new(version, EcLevel::M);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    canvas.apply_mask(mask);
    let width = usize::try_from(version.width()).unwrap();
    let colors = canvas.into_colors().into_iter().enumerate();
    colors
        .filter(|(_, color)| *color == Color::Dark)
        .map(|(at, _)| (at % width + 4, at / width + 4))
        .collect()
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

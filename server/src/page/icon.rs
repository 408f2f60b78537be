//! Drawings beside the words of a page: they repeat what the heading says, so readers skip them.

use maud::{Markup, html};

/// What a drawing tells.
#[derive(Clone, Copy)]
pub(super) enum Icon {
    /// It worked.
    Tick,
    /// It was refused or failed.
    Cross,
    /// The time ran out.
    Clock,
    /// It rests.
    Pause,
    /// Somebody gave a warning.
    Flag,
    /// It goes on elsewhere.
    Arrow,
    /// It is not known why.
    Question,
    /// About a phone.
    Phone,
}

impl Icon {
    /// The path inside a ring of 24 × 24 units, and the colour class.
    const fn drawing(self) -> (&'static str, &'static str) {
        match self {
            Self::Tick => ("M7 12.5l3.5 3.5L17 9", "good"),
            Self::Cross => ("M8 8l8 8M16 8l-8 8", "bad"),
            Self::Clock => ("M12 6.5V12l3.5 2.5", "calm"),
            Self::Pause => ("M9.5 8v8M14.5 8v8", "calm"),
            Self::Flag => ("M9 18V6.5h7.5L14.5 9.5l2 3H9", "bad"),
            Self::Arrow => ("M7 12h9.5M12.5 8l4 4-4 4", "calm"),
            Self::Question => ("M9.5 10a2.5 2.5 0 1 1 2.5 2.6V14M12 17v.2", "bad"),
            Self::Phone => ("M9.5 6h5v12h-5zM11.5 15.8h1", "calm"),
        }
    }

    /// The drawing as markup.
    pub(super) fn markup(self) -> Markup {
        let (path, class) = self.drawing();
        html! {
            svg class={ "icon " (class) } viewBox="0 0 24 24" width="56" height="56" aria-hidden="true" focusable="false"
                fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" {
                circle cx="12" cy="12" r="10.5" {}
                path d=(path) {}
            }
        }
    }
}

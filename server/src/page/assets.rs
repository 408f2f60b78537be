//! The stylesheet and the script, and where the pages look for them.

/// Where the pages look for [`STYLE`].
pub const STYLE_PATH: &str = "/assets/style.css";
/// Where the pages look for [`SCRIPT`].
pub const SCRIPT_PATH: &str = "/assets/page.js";
/// The one stylesheet, `text/css`.
pub const STYLE: &str = include_str!("../../assets/style.css");
/// The one script, `text/javascript`. Every page works without it.
pub const SCRIPT: &str = include_str!("../../assets/page.js");

#[cfg(test)]
mod tests {
    use super::{SCRIPT, STYLE};

    /// The colours of one scheme: the first block of variables is light, the second dark.
    fn colour(scheme: usize, name: &str) -> f64 {
        let block = STYLE.split(":root {").nth(scheme + 1).unwrap();
        let value = block.split(&format!("--{name}: #")).nth(1).unwrap();
        let channel =
            |at: usize| f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap()) / 255.0;
        let linear = |c: f64| {
            if c <= 0.040_45 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(channel(0)) + 0.7152 * linear(channel(2)) + 0.0722 * linear(channel(4))
    }

    /// WCAG 2.2, contrast ratio.
    fn contrast(scheme: usize, one: &str, other: &str) -> f64 {
        let (a, b) = (colour(scheme, one), colour(scheme, other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_and_controls_stand_out_in_both_schemes() {
        for scheme in [0, 1] {
            for ground in ["ground", "card"] {
                for (ink, least) in [
                    ("text", 15.0),
                    ("muted", 7.0),
                    ("primary", 7.0),
                    ("danger", 7.0),
                    ("success", 7.0),
                ] {
                    let found = contrast(scheme, ink, ground);
                    assert!(
                        found >= least,
                        "{ink} on {ground}, scheme {scheme}: {found:.2}"
                    );
                }
                let outline = contrast(scheme, "outline", ground);
                assert!(
                    outline >= 3.0,
                    "outline on {ground}, scheme {scheme}: {outline:.2}"
                );
            }
            let button = contrast(scheme, "on-primary", "primary");
            assert!(button >= 7.0, "button, scheme {scheme}: {button:.2}");
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for asset in [STYLE, SCRIPT] {
            for word in [
                "http:",
                "https:",
                "//cdn",
                "@import",
                "url(",
                "eval(",
                "innerHTML",
                "location.hash",
            ] {
                assert!(!asset.contains(word), "{word}");
            }
        }
    }

    #[test]
    fn the_stylesheet_keeps_the_promises_to_people() {
        for promise in [
            "prefers-color-scheme: dark",
            "prefers-reduced-motion",
            ":focus-visible",
            "min-height: 48px",
            "@media print",
        ] {
            assert!(STYLE.contains(promise), "{promise}");
        }
        assert!(!STYLE.contains("outline: none"));
    }
}

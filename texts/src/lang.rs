//! Which language to speak.

/// A language of the catalogue. German says *Sie*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English; taken where nothing better is known.
    #[default]
    En,
    /// German.
    De,
}

/// A longer `Accept-Language` header is not a person's list; the rest of it is not read.
const RANGES_MAX: usize = 32;

impl Lang {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// The BCP 47 tag, for `lang` attributes and speech.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// The language of a BCP 47 tag (RFC 5646), such as `de-AT`; only its first part counts. None if we don't speak it.
    pub fn from_bcp47(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        Self::ALL
            .into_iter()
            .find(|lang| primary.eq_ignore_ascii_case(lang.tag()))
    }

    /// The best language for an `Accept-Language` header (RFC 9110, section 12.5.4): the one with the highest weight, the
    /// first of several; English if none is named. What is not understood is left out.
    pub fn negotiate(accept_language: &str) -> Self {
        let mut best = (0, Self::default());
        for range in accept_language.split(',').take(RANGES_MAX) {
            let mut parts = range.split(';');
            let Some(lang) = parts.next().and_then(Self::from_range) else {
                continue;
            };
            let Some(weight) = parts.next().map_or(Some(1000), thousandths) else {
                continue;
            };
            if weight > best.0 && parts.next().is_none() {
                best = (weight, lang);
            }
        }
        best.1
    }

    /// `*` is anything, so it is the default.
    fn from_range(range: &str) -> Option<Self> {
        match range.trim() {
            "*" => Some(Self::default()),
            tag => Self::from_bcp47(tag),
        }
    }
}

/// `q=0.8` → 800; at most three places (RFC 9110, section 12.4.2).
fn thousandths(parameter: &str) -> Option<u32> {
    let value = parameter
        .trim()
        .strip_prefix(['q', 'Q'])?
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let (whole, places) = value.split_once('.').unwrap_or((value, ""));
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if !matches!(whole, "0" | "1") || places.len() > 3 || !plain(places) {
        return None;
    }
    let thousandths: u32 = format!("{whole}{places:0<3}").parse().ok()?;
    (thousandths <= 1000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::Lang::{self, De, En};

    #[test]
    fn a_tag_is_known_by_its_first_part() {
        for tag in ["de", "DE", "de-AT", "de-Latn-CH", "de_DE", " de "] {
            assert_eq!(Lang::from_bcp47(tag), Some(De), "{tag:?}");
        }
        assert_eq!(Lang::from_bcp47("en-GB"), Some(En));
    }

    #[test]
    fn other_tags_are_not_ours() {
        for tag in [
            "", "-", "fr", "den", "d", "deutsch", "*", "x-de", "\u{0}de", "dе",
        ] {
            assert_eq!(Lang::from_bcp47(tag), None, "{tag:?}");
        }
    }

    #[test]
    fn the_highest_weight_wins_then_the_first() {
        for (header, lang) in [
            ("de", De),
            ("de-DE,de;q=0.9,en;q=0.8", De),
            ("en;q=0.8,de;q=0.9", De),
            ("fr, de;q=0.1", De),
            ("de;q=0.5, en;q=0.5", De),
            ("en, de", En),
            ("*, de;q=0.5", En),
            ("*;q=0.1, de;q=0.5", De),
            ("fr", En),
            ("", En),
        ] {
            assert_eq!(Lang::negotiate(header), lang, "{header:?}");
        }
    }

    #[test]
    fn a_hostile_header_neither_panics_nor_counts() {
        for header in [
            "de;q=2",
            "de;q=1.001",
            "de;q=-1",
            "de;q=0.0001",
            "de;q=NaN",
            "de;q=",
            "de;q",
            "de;;",
            "de;q=1;q=1",
            "de;q=0",
            ";;;,,,;q=1",
            "de\u{301}",
            "ｄｅ",
        ] {
            assert_eq!(Lang::negotiate(header), En, "{header:?}");
        }
        assert_eq!(Lang::negotiate(&("fr,".repeat(10_000) + "de")), En);
    }
}

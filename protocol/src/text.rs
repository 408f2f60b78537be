//! Text that is shown to people (protocol section 1): NFC, without characters that hide, reorder or
//! control. The server cleans before it signs; the phone refuses.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Text of 1 to `MAX` characters (Unicode scalar values) that may be shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text<const MAX: usize>(String);

/// A name, label, device or browser.
pub type Name = Text<64>;
/// A place.
pub type Place = Text<80>;
/// The value of a row.
pub type Value = Text<200>;
/// An account, as the user knows it.
pub type Account = Text<254>;

/// The text must not be shown as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// It has no characters, or none are left after cleaning.
    #[error("text is empty")]
    Empty,
    /// It has more characters than its place allows.
    #[error("text is too long")]
    TooLong,
    /// It has characters that hide, reorder or control, or is not in NFC.
    #[error("text has hidden or misleading characters")]
    Unsafe,
}

impl NotText {
    /// A stable name, as the vectors have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Unsafe => "unsafe",
        }
    }
}

impl<const MAX: usize> Text<MAX> {
    /// Takes text that is fit to be shown.
    ///
    /// # Errors
    /// [`NotText`] when it isn't; nothing is repaired.
    pub fn parse(text: &str) -> Result<Self, NotText> {
        Self::check(text)?;
        Ok(Self(text.to_owned()))
    }

    fn check(text: &str) -> Result<(), NotText> {
        if text.chars().any(is_unsafe) || !is_nfc(text) {
            return Err(NotText::Unsafe);
        }
        match text.chars().count() {
            0 => Err(NotText::Empty),
            length if length <= MAX => Ok(()),
            _ => Err(NotText::TooLong),
        }
    }

    /// Makes text fit to be shown: normalised, unsafe characters left out, cut at `MAX`.
    ///
    /// # Errors
    /// [`NotText::Empty`] when nothing is left.
    pub fn clean(text: &str) -> Result<Self, NotText> {
        let kept: String = text
            .chars()
            .filter(|&c| !is_unsafe(c))
            .nfc()
            .take(MAX)
            .collect();
        // Cutting can leave a letter that composes with nothing; it cannot make NFC text un-NFC.
        Self::parse(&kept)
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// C0/C1 controls, line separators, invisible and bidirectional controls, tags, private use.
fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e007f}' | '\u{f0000}'..='\u{10ffff}')
}

/// Debug shows the length only: names and accounts are personal data.
impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::check(&text).map_err(serde::de::Error::custom)?;
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_of_many_languages_are_taken() {
        for good in ["Anna Müller", "Ольга", "田中", "a", "👩‍🚀", "עברית"] {
            assert_eq!(Name::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn characters_that_mislead_are_refused_and_cleaned() {
        for bad in [
            "a\u{0}",
            "a\nb",
            "a\tb",
            "\u{7f}",
            "\u{85}",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{200b}b",
            "a\u{200f}",
            "\u{feff}a",
            "a\u{2028}",
            "a\u{61c}",
            "a\u{2060}",
            "\u{e001}a",
            "a\u{e0041}",
            "a\u{10ffff}",
            "e\u{301}",
        ] {
            assert_eq!(Name::parse(bad), Err(NotText::Unsafe), "{bad:?}");
        }
        assert_eq!(Name::clean("a\u{202e}b\n").unwrap().as_str(), "ab");
        assert_eq!(Name::clean("\u{202e}"), Err(NotText::Empty));
        assert_eq!(Name::parse(""), Err(NotText::Empty));
        assert_eq!(Name::parse(&"ü".repeat(64)).unwrap().as_str().len(), 128);
        assert_eq!(Name::parse(&"a".repeat(65)), Err(NotText::TooLong));
        assert_eq!(Name::clean(&"a".repeat(65)).unwrap().as_str().len(), 64);
    }

    #[test]
    fn a_name_is_not_in_what_is_printed_of_it() {
        let name = Name::parse("Anna Müller").unwrap();
        assert_eq!(format!("{name:?}"), "Text(12 bytes)");
    }

    #[test]
    fn each_reason_has_the_name_that_is_published() {
        let code = |text: &str| Name::parse(text).unwrap_err().code();
        assert_eq!(code(""), "empty");
        assert_eq!(code(&"a".repeat(65)), "too_long");
        assert_eq!(code("a\nb"), "unsafe");
    }

    proptest! {
        #[test]
        fn cleaned_text_is_always_fit(text in any::<String>()) {
            if let Ok(clean) = Text::<20>::clean(&text) {
                prop_assert_eq!(Text::<20>::parse(clean.as_str()), Ok(clean));
            }
        }
    }
}

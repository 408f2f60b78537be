//! Values that come from outside, made safe to stand inside a sentence of ours.

/// First strong isolate: the text up to the pop does not turn what stands around it (UAX 9).
const ISOLATE: char = '\u{2068}';
const POP: char = '\u{2069}';

/// The value for display. Controls that could turn or hide the text around it become U+FFFD: statements that hold such
/// characters were refused before (protocol, section 1), but a file name or a host on a page was not.
///
/// A value is isolated only where it may run from right to left: letters below U+0590 run from left to right like the
/// sentences of this catalogue, and need nothing. So plain values stay plain for who compares or copies them.
pub(crate) fn shown(value: &str) -> String {
    let clean = spoken(value);
    if clean.chars().any(|c| c >= '\u{590}' && !is_latin_mark(c)) {
        format!("{ISOLATE}{clean}{POP}")
    } else {
        clean
    }
}

/// The value for speech: clean, without isolates, which some readers name.
pub(crate) fn spoken(value: &str) -> String {
    value
        .chars()
        .map(|c| if is_control(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Punctuation, symbols and letters with marks that are no text from right to left.
fn is_latin_mark(c: char) -> bool {
    matches!(c, '\u{1e00}'..='\u{1fff}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{20a0}'..='\u{20bf}' | '\u{fffd}')
}

fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{shown, spoken};

    #[test]
    fn plain_values_stay_as_they_are() {
        for value in [
            "id.firma.example:8443",
            "Müller & Söhne “GmbH”",
            "Ελλάδα",
            "Москва",
            "10 €",
            "",
        ] {
            assert_eq!(shown(value), value);
            assert_eq!(spoken(value), value);
        }
    }

    #[test]
    fn a_value_from_right_to_left_is_isolated_for_display_only() {
        assert_eq!(shown("בנק 12"), "\u{2068}בנק 12\u{2069}");
        assert_eq!(spoken("בנק 12"), "בנק 12");
    }

    #[test]
    fn a_value_cannot_leave_its_isolate_or_turn_the_sentence() {
        for hostile in [
            "a\u{202e}b",
            "a\u{2069}b",
            "a\u{200b}b",
            "a\nb",
            "a\u{0}b",
            "a\u{feff}b",
            "a\u{e0041}b",
        ] {
            assert_eq!(shown(hostile), "a\u{fffd}b", "{hostile:?}");
            assert_eq!(spoken(hostile), "a\u{fffd}b", "{hostile:?}");
        }
        assert_eq!(
            shown("ב\u{2069}\u{202e}x"),
            "\u{2068}ב\u{fffd}\u{fffd}x\u{2069}"
        );
    }
}

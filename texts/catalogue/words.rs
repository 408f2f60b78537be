//! Words that people shall not meet: terms of the trade, blame, and begging. What they read instead stands beside them in use:
//! ID, request, phone, code, PIN, help desk; ID, Anfrage, Telefon, Code, PIN, Helpdesk.

/// Refused anywhere inside a word, so that compounds are found too ("Sicherheitstoken").
const STEMS: [(&str, &[&str]); 2] = [
    (
        "en",
        &[
            "token",
            "challenge",
            "credential",
            "push",
            "invalid",
            "illegal",
            "please",
            "oops",
        ],
    ),
    (
        "de",
        &[
            "token",
            "challenge",
            "credential",
            "push",
            "invalid",
            "illegal",
            "please",
            "oops",
            "herausforderung",
            "zugangsdaten",
            "anmeldeinformation",
            "berechtigungsnachweis",
            "ungültig",
            "unzulässig",
            "bitte",
            "hoppla",
        ],
    ),
];

/// Refused as a whole word. German says Sie; *Du* is a catalogue of its own.
const WHOLE: [(&str, &[&str]); 2] = [
    ("en", &[]),
    (
        "de",
        &[
            "ups", "du", "dir", "dich", "dein", "deine", "deinem", "deinen", "deiner", "deines",
        ],
    ),
];

/// The first forbidden word in a text that holds no parameters any more.
pub(crate) fn forbidden(lang: &str, text: &str) -> Option<&'static str> {
    if text.contains(['!', '¡', '！']) {
        return Some("!");
    }
    let text = text.replace('\u{ad}', "").to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.find_map(|word| {
        let stem = list(&STEMS, lang).iter().find(|stem| word.contains(**stem));
        let whole = list(&WHOLE, lang).iter().find(|whole| word == **whole);
        stem.or(whole).copied()
    })
}

fn list(lists: &[(&str, &'static [&'static str])], lang: &str) -> &'static [&'static str] {
    lists
        .iter()
        .find(|(of, _)| *of == lang)
        .map_or(&[], |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::forbidden;

    #[test]
    fn forbidden_words_are_found_in_any_case_and_form() {
        for (text, word) in [
            ("Please wait", "please"),
            ("Two TOKENS", "token"),
            ("We pushed it", "push"),
            ("Well done!", "!"),
            ("Oops, gone", "oops"),
        ] {
            assert_eq!(forbidden("en", text), Some(word), "{text}");
        }
    }

    #[test]
    fn german_compounds_hyphens_and_soft_hyphens_hide_nothing() {
        for (text, word) in [
            ("Ihr Sicherheitstoken", "token"),
            ("Push-Nachricht", "push"),
            ("Sicherheitsto\u{ad}ken", "token"),
            ("Ungültige Eingabe", "ungültig"),
            ("Bitte warten", "bitte"),
            ("Ups, weg", "ups"),
            ("Hast Du gefragt?", "du"),
        ] {
            assert_eq!(forbidden("de", text), Some(word), "{text}");
        }
    }

    #[test]
    fn innocent_words_pass() {
        assert_eq!(
            forbidden("en", "A pulse, a paused ID, valid until noon"),
            None
        );
        assert_eq!(
            forbidden("de", "Backups sind gültig, Dirigent, Gruppen, Produkte"),
            None
        );
    }
}

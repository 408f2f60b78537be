//! Digits and durations: what is read well is not what is heard well.

use crate::value;
use crate::{Id, Lang, Text, text};

/// Digits for a person to type: "47", spoken "4, 7"; six of them "123 456", spoken "1, 2, 3, pause, 4, 5, 6". Never for a PIN.
pub fn digits(lang: Lang, digits: &str) -> Text {
    let clean: Vec<String> = value::spoken(digits).chars().map(String::from).collect();
    let (text, speech) = match clean.as_slice() {
        [a @ .., d, e, f] if a.len() == 3 => {
            let last = [d.as_str(), e, f];
            let pause = text(lang, Id::DigitsPause).speech;
            (
                format!("{} {}", a.concat(), last.concat()),
                format!("{}, {pause}, {}", a.join(", "), last.join(", ")),
            )
        }
        all => (all.concat(), all.join(", ")),
    };
    Text {
        id: "digits",
        text,
        speech,
        lang,
    }
}

/// How long a person still has: "1\u{a0}min 5\u{a0}s left", spoken "1 minute, 5 seconds left"; at 0 "The time is over."
pub fn time_left(lang: Lang, seconds: u32) -> Text {
    if seconds == 0 {
        return text(lang, Id::TimeOver);
    }
    with_duration(lang, seconds, |left| Id::TimeLeft { left })
}

/// How long ago a request began: "Asked 20\u{a0}s ago", spoken "Asked 20 seconds ago".
pub fn asked(lang: Lang, seconds: u32) -> Text {
    with_duration(lang, seconds, |age| Id::RequestAsked { age })
}

/// A text around a duration; its short form is shown, its long form spoken.
fn with_duration(lang: Lang, seconds: u32, id: impl for<'a> Fn(&'a str) -> Id<'a>) -> Text {
    let (short, long) = duration(lang, seconds);
    Text {
        speech: text(lang, id(&long)).speech,
        ..text(lang, id(&short))
    }
}

fn duration(lang: Lang, seconds: u32) -> (String, String) {
    let (m, s) = ((seconds / 60).to_string(), (seconds % 60).to_string());
    let spoken_seconds = text(lang, Id::TimeSpokenSeconds { n: &s }).speech;
    if seconds < 60 {
        return (
            text(lang, Id::TimeShortSeconds { s: &s }).text,
            spoken_seconds,
        );
    }
    let spoken_minutes = text(lang, Id::TimeSpokenMinutes { n: &m }).speech;
    let short = text(lang, Id::TimeShortMinutes { m: &m, s: &s }).text;
    let long = text(
        lang,
        Id::TimeShortMinutes {
            m: &spoken_minutes,
            s: &spoken_seconds,
        },
    )
    .speech;
    (short, if s == "0" { spoken_minutes } else { long })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(text: Text) -> (String, String) {
        (text.text, text.speech)
    }

    #[test]
    fn digits_are_spoken_one_by_one() {
        assert_eq!(both(digits(Lang::En, "47")), ("47".into(), "4, 7".into()));
        assert_eq!(both(digits(Lang::De, "07")), ("07".into(), "0, 7".into()));
        assert_eq!(both(digits(Lang::De, "")), (String::new(), String::new()));
    }

    #[test]
    fn six_digits_stand_in_two_groups() {
        let said = |lang| both(digits(lang, "123456"));
        assert_eq!(
            said(Lang::En),
            ("123 456".into(), "1, 2, 3, pause, 4, 5, 6".into())
        );
        assert_eq!(
            said(Lang::De),
            ("123 456".into(), "1, 2, 3, Pause, 4, 5, 6".into())
        );
    }

    #[test]
    fn what_is_no_digit_does_no_harm() {
        assert_eq!(digits(Lang::En, "4\u{202e}").speech, "4, \u{fffd}");
        assert_eq!(digits(Lang::En, "äöüäöü").text, "äöü äöü");
    }

    #[test]
    fn time_left_is_short_to_read_and_long_to_hear() {
        let left = |lang, seconds| both(time_left(lang, seconds));
        assert_eq!(
            left(Lang::En, 119),
            (
                "1\u{a0}min 59\u{a0}s left".into(),
                "1 minute, 59 seconds left".into()
            )
        );
        assert_eq!(
            left(Lang::En, 120),
            ("2\u{a0}min 0\u{a0}s left".into(), "2 minutes left".into())
        );
        assert_eq!(
            left(Lang::En, 61),
            (
                "1\u{a0}min 1\u{a0}s left".into(),
                "1 minute, 1 second left".into()
            )
        );
        assert_eq!(
            left(Lang::En, 59),
            ("59\u{a0}s left".into(), "59 seconds left".into())
        );
        assert_eq!(
            left(Lang::De, 90),
            (
                "noch 1\u{a0}Min. 30\u{a0}Sek.".into(),
                "noch 1 Minute, 30 Sekunden".into()
            )
        );
        assert_eq!(
            left(Lang::De, 0),
            ("Die Zeit ist um.".into(), "Die Zeit ist um.".into())
        );
        assert_eq!(
            left(Lang::En, u32::MAX).0,
            "71582788\u{a0}min 15\u{a0}s left"
        );
    }

    #[test]
    fn the_age_of_a_request_is_told_alike() {
        assert_eq!(
            both(asked(Lang::En, 20)),
            ("Asked 20\u{a0}s ago".into(), "Asked 20 seconds ago".into())
        );
        assert_eq!(
            both(asked(Lang::En, 0)),
            ("Asked 0\u{a0}s ago".into(), "Asked 0 seconds ago".into())
        );
    }
}

//! From a name and its values to words.

use std::fmt;

use crate::value;
use crate::{Id, Lang, Message};

/// One text, ready to show. It can hold what a person typed or owns, so `Debug` prints its name alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// The name in the catalogue, such as `wait.title`.
    pub id: &'static str,
    /// What is shown. May hold soft hyphens, and isolates around values that run from right to left.
    pub text: String,
    /// What a screen reader says.
    pub speech: String,
    /// The language of both.
    pub lang: Lang,
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({}, {})", self.id, self.lang.tag())
    }
}

/// The name alone: the values belong to a person.
impl fmt::Debug for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.row().id)
    }
}

/// The code alone: the values belong to a person.
impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({})", self.code())
    }
}

/// A [`Message`] in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageText {
    /// Such as `chal.expired`.
    pub code: &'static str,
    /// At most 40 characters, values not counted.
    pub title: Text,
    /// At most three sentences.
    pub body: Text,
    /// What the one button says, where there is one.
    pub button: Option<Text>,
}

/// A text of the catalogue with its values. A value is put in once: braces inside it stay what they are.
pub fn text(lang: Lang, id: Id<'_>) -> Text {
    let row = id.row();
    let forms = match lang {
        Lang::En => &row.en,
        Lang::De => &row.de,
    };
    let (shown, said) = forms.pick(id.value("n") == Some("1"));
    Text {
        id: row.id,
        text: fill(shown, |name| id.value(name).map(value::shown)),
        speech: fill(said, |name| id.value(name).map(value::spoken)).replace('\u{ad}', ""),
        lang,
    }
}

/// A text by its name, for those who don't compile against [`Id`]: with exactly the values that it needs, else nothing.
pub fn named(lang: Lang, name: &str, values: &[(&str, &str)]) -> Option<Text> {
    let value = |wanted: &str| {
        let mut found = values.iter().filter(|(name, _)| *name == wanted);
        found.next().map(|(_, value)| *value)
    };
    let id = Id::named(name, value)?;
    let needed = values.iter().all(|(name, _)| id.value(name).is_some());
    needed.then(|| text(lang, id))
}

/// A message of the catalogue: title, body and button.
pub fn message(lang: Lang, message: Message<'_>) -> MessageText {
    MessageText {
        code: message.code(),
        title: text(lang, message.title()),
        body: text(lang, message.body()),
        button: message.button().map(|id| text(lang, id)),
    }
}

/// One text in all languages.
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) en: Forms,
    pub(crate) de: Forms,
}

/// One text in one language; `one` is for a count `{n}` of 1.
pub(crate) struct Forms {
    pub(crate) text: &'static str,
    pub(crate) one: Option<&'static str>,
    pub(crate) speech: Option<&'static str>,
    pub(crate) one_speech: Option<&'static str>,
}

impl Forms {
    /// What is shown, and what is said.
    fn pick(&self, one: bool) -> (&'static str, &'static str) {
        let plural = (self.text, self.speech.unwrap_or(self.text));
        if !one {
            return plural;
        }
        match (self.one, self.one_speech) {
            (shown, Some(said)) => (shown.unwrap_or(self.text), said),
            (Some(shown), None) => (shown, shown),
            (None, None) => plural,
        }
    }
}

/// Puts values in place of `{name}`. The build has checked that each name has a value.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(&value(name).unwrap_or_default());
        rest = behind;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn values_stand_where_the_language_wants_them() {
        let id = Id::AskUnfreeze { id: "Acme" };
        assert_eq!(text(Lang::En, id).text, "Reactivate Acme?");
        assert_eq!(text(Lang::De, id).text, "Acme wieder aktivieren?");
    }

    #[test]
    fn a_text_can_be_had_by_name_with_exactly_its_values() {
        let by_name = |name, values| named(Lang::En, name, values).map(|text| text.text);
        let said = by_name("ask.unfreeze", &[("id", "Acme")]);
        assert_eq!(said.as_deref(), Some("Reactivate Acme?"));
        for (name, values) in [
            ("ask.unfreeze", &[][..]),
            ("ask.unfreeze", &[("id", "Acme"), ("host", "x")]),
            ("ask.unfreeze", &[("Id", "Acme")]),
            ("ask.unfreez", &[("id", "Acme")]),
            ("button.ok", &[("id", "Acme")]),
            ("", &[]),
        ] {
            assert_eq!(by_name(name, values), None, "{name} {values:?}");
        }
        for id in Id::every("V") {
            let values: Vec<_> = ["app", "id"]
                .iter()
                .filter(|name| id.value(name).is_some())
                .map(|name| (*name, "V"))
                .collect();
            let whole = id.row().en.text.matches('{').count() == values.len();
            assert_eq!(
                named(Lang::En, id.row().id, &values).is_some(),
                whole,
                "{id:?}"
            );
        }
    }

    #[test]
    fn one_is_counted_as_one() {
        let left = |lang, n| text(lang, Id::InviteWrong { n }).text;
        assert_eq!(left(Lang::En, "2"), "Compare again. 2 tries left.");
        assert_eq!(left(Lang::En, "1"), "Compare again. 1 try left.");
        assert_eq!(
            left(Lang::De, "1"),
            "Vergleichen Sie noch einmal. Noch 1 Versuch."
        );
    }

    #[test]
    fn short_units_are_spoken_in_full() {
        let busy = |n| text(Lang::En, Id::SrvBusyBody { n });
        assert_eq!(busy("20").text, "Next try in 20 s.");
        assert_eq!(busy("20").speech, "Next try in 20 seconds.");
        assert_eq!(busy("1").text, "Next try in 1 s.");
        assert_eq!(busy("1").speech, "Next try in 1 second.");
    }

    #[test]
    fn a_value_with_braces_is_not_filled_again() {
        let body = text(
            Lang::En,
            Id::InvHostBody {
                host: "{app}",
                app: "{list}",
                list: "{",
            },
        );
        assert_eq!(
            body.text,
            "The invitation is from {app}. {list} works with {."
        );
    }

    #[test]
    fn a_hostile_value_cannot_turn_the_sentence_in_text_or_speech() {
        let title = text(
            Lang::En,
            Id::SigninTitle {
                service: "a\u{202e}lliB",
            },
        );
        assert_eq!(title.text, "Sign in to a\u{fffd}lliB");
        assert_eq!(title.speech, title.text);
    }

    #[test]
    fn every_text_is_there_in_every_language_without_an_open_brace() {
        let value = "V";
        let mut names = BTreeSet::new();
        for id in Id::every(value) {
            for lang in Lang::ALL {
                let text = text(lang, id);
                assert!(!text.text.is_empty() && !text.speech.is_empty(), "{text:?}");
                assert!(!text.text.contains(['{', '}']), "{text:?}");
                assert!(!text.speech.contains('\u{ad}'), "{text:?}");
            }
            assert!(names.insert(id.row().id), "twice: {}", id.row().id);
        }
        assert!(names.len() > 200);
    }

    #[test]
    fn a_message_keeps_its_parts_together() {
        let late = message(Lang::De, Message::ChalExpired { time: "12:03" });
        assert_eq!(late.code, "chal.expired");
        assert_eq!(late.title.text, "Zu spät");
        assert_eq!(
            late.body.text,
            "Die Anfrage endete um 12:03. Beginnen Sie im Browser neu."
        );
        assert_eq!(late.button.map(|button| button.text).as_deref(), Some("OK"));
        assert_eq!(
            message(Lang::En, Message::TimeUnsure { app: "A" }).button,
            None
        );
    }

    #[test]
    fn the_codes_of_the_error_catalogue_are_there() {
        for code in [
            "inv.malformed",
            "inv.expired",
            "inv.used",
            "inv.host",
            "inv.mine",
            "inv.key",
            "inv.account",
            "rec.bad",
            "enr.sas",
            "enr.level",
            "enr.attest",
            "chal.unverified",
            "chal.downgrade",
            "chal.expired",
            "chal.seen",
            "chal.text",
            "time.unsure",
            "match.wrong",
            "key.busy",
            "key.lost",
            "net.offline",
            "net.slow",
            "net.tls",
            "srv.busy",
            "srv.error",
            "srv.proof",
            "id.paused",
            "id.removed",
            "id.probation",
            "out.revoked",
            "hist.broken",
            "store.full",
            "store.reopen",
            "store.corrupt",
            "store.rollback",
            "store.busy",
            "store.engine",
            "res.factors",
            "res.view",
            "res.input",
            "app.old",
        ] {
            assert!(Message::CODES.contains(&code), "{code}");
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let secret = "a.meyer@example.com";
        let text = text(Lang::En, Id::SigninTitle { service: secret });
        let (id, proof) = (
            Id::SigninTitle { service: secret },
            Message::SrvProof { host: secret },
        );
        let all = format!("{text:?} {id:?} {proof:?} {:?}", message(Lang::En, proof));
        assert!(!all.contains(secret), "{all}");
    }
}

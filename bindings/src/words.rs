//! Texts of the catalogue, with what a screen reader says.

use crate::door::guarded;
use crate::error::AuthError;
use crate::told::VerdictInfo;
use countersign_core::Error;
use countersign_core::words::{self, Lang};
use std::collections::HashMap;

/// One text, ready to show.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Text {
    /// Its name in the catalogue, such as `wait.title`.
    pub id: String,
    /// What is shown.
    pub text: String,
    /// What a screen reader says.
    pub speech: String,
    /// The language of both, BCP 47.
    pub lang: String,
}

/// What the sentences about an error name. What isn't known is empty, and sentences that would name it are left out.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct About {
    /// The app, by its brand.
    pub app: String,
    /// The server's host.
    pub host: String,
    /// The server's name.
    pub server: String,
    /// Whose ID.
    pub account: String,
    /// Who asked.
    pub service: String,
}

/// What a person is told.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Message {
    /// The stable code, such as `chal.expired`; `cancelled` where nothing needs to be said.
    pub code: String,
    /// What happened.
    pub title: Text,
    /// What to do, where there is anything.
    pub body: Option<Text>,
    /// What the one button says, where there is one.
    pub button: Option<Text>,
}

crate::quiet!(Text, About, Message);

impl From<words::Text> for Text {
    fn from(text: words::Text) -> Self {
        Self {
            id: text.id.to_owned(),
            text: text.text,
            speech: text.speech,
            lang: text.lang.tag().to_owned(),
        }
    }
}

impl From<About> for words::About {
    fn from(about: About) -> Self {
        let About {
            app,
            host,
            server,
            account,
            service,
        } = about;
        Self {
            app,
            host,
            server,
            account,
            service,
        }
    }
}

impl From<words::Said> for Message {
    fn from(said: words::Said) -> Self {
        Self {
            code: said.code,
            title: said.title.into(),
            body: said.body.map(Text::from),
            button: said.button.map(Text::from),
        }
    }
}

/// The catalogue's language for a person's; English for one that it doesn't speak.
pub(crate) fn lang(locale: &str) -> Lang {
    Lang::from_bcp47(locale).unwrap_or_default()
}

/// A text of the catalogue by its name, with exactly the values that it takes; `use.text` for anything else.
#[uniffi::export]
pub fn text(
    locale: String,
    id: String,
    values: HashMap<String, String>,
) -> Result<Text, AuthError> {
    guarded(|| {
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let text = words::named(lang(&locale), &id, &values);
        text.map(Text::from)
            .ok_or_else(|| AuthError::misuse("text"))
    })
}

/// Digits for a person to type or to compare: shown in groups, spoken one by one. Never for a PIN.
#[uniffi::export]
pub fn digits_text(locale: String, digits: String) -> Result<Text, AuthError> {
    guarded(|| Ok(words::digits(lang(&locale), &digits).into()))
}

/// How long a person still has: short to read, long to hear.
#[uniffi::export]
pub fn time_left_text(locale: String, seconds: i64) -> Result<Text, AuthError> {
    guarded(|| {
        let seconds = u32::try_from(seconds.max(0)).unwrap_or(u32::MAX);
        Ok(words::time_left(lang(&locale), seconds).into())
    })
}

/// What a person is told of an error.
#[uniffi::export]
pub fn error_message(locale: String, error: AuthError, about: About) -> Result<Message, AuthError> {
    guarded(|| {
        let (lang, about) = (lang(&locale), about.into());
        Ok(match (error.parts(), &error) {
            (Some((code, wait, reference)), _) => {
                words::of_code(lang, code, wait, reference, &about)
            }
            (None, AuthError::Cancelled) => words::of_error(lang, Error::Cancelled, &about),
            (None, _) => words::of_fault(lang, &about),
        }
        .into())
    })
}

/// What a person is told of an answer that the server did not accept.
#[uniffi::export]
pub fn verdict_message(
    locale: String,
    verdict: VerdictInfo,
    about: About,
) -> Result<Message, AuthError> {
    guarded(|| {
        let attempts = verdict.attempts.map(u64::from);
        Ok(words::of_verdict(lang(&locale), &verdict.code, attempts, &about.into()).into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_there_by_name_or_the_call_is_wrong() {
        let values = HashMap::from([("id".to_owned(), "Acme".to_owned())]);
        let said = text("de-AT".into(), "ask.unfreeze".into(), values.clone()).unwrap();
        assert_eq!(
            (&*said.text, &*said.lang),
            ("Acme wieder aktivieren?", "de")
        );
        for (id, values) in [
            ("ask.unfreeze", HashMap::new()),
            ("", values.clone()),
            ("button.ok", values),
        ] {
            let wrong = text("en".into(), id.into(), values);
            assert_eq!(wrong, Err(AuthError::misuse("text")), "{id}");
        }
    }

    #[test]
    fn faults_of_the_app_and_codes_that_nobody_knows_have_words_too() {
        let about = About {
            app: "App".into(),
            host: String::new(),
            server: String::new(),
            account: String::new(),
            service: String::new(),
        };
        let strange = AuthError::Refused { code: "é".into() };
        for error in [AuthError::broken(), AuthError::misuse("closed"), strange] {
            let said = error_message("xx".into(), error, about.clone()).unwrap();
            assert_eq!(
                (&*said.code, &*said.title.text),
                ("app.fault", "A fault in App")
            );
        }
    }

    #[test]
    fn the_reference_of_an_error_reaches_the_help_desk() {
        let error = AuthError::Retry {
            code: "srv.error".into(),
            wait: None,
            reference: "not_ours".into(),
        };
        let about = About {
            app: String::new(),
            host: String::new(),
            server: "Example".into(),
            account: String::new(),
            service: String::new(),
        };
        let said = error_message("en".into(), error, about).unwrap();
        assert!(said.body.is_some_and(|body| body.text.contains("not_ours")));
    }

    #[test]
    fn records_about_people_print_their_name_alone() {
        let text = digits_text("en".into(), "123456".into()).unwrap();
        assert_eq!((&*text.text, &*format!("{text:?}")), ("123 456", "Text"));
    }
}

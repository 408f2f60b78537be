//! Comes in: what went wrong, by its code, and what is known around it. Goes out: the words that a person is told, in the catalogue's
//! form. Must never happen: a sentence with a hole where a name isn't known; it is left out.

use crate::authenticator::AccountInfo;
use crate::challenge::Prompt;
use crate::enrol::Review;
use crate::error::{Code, Error};
use countersign_texts::{Id, Message, message};
use std::fmt;

pub use countersign_texts::{
    Lang, Text, asked, digits, named, notice_title, row_label, row_value, text, time_left,
};

/// What the sentences name. What isn't known is empty.
#[derive(Clone, Default, PartialEq, Eq)]
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

/// It is about a person.
impl fmt::Debug for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("About")
    }
}

impl From<&Prompt> for About {
    fn from(prompt: &Prompt) -> Self {
        Self {
            host: prompt.host.clone(),
            server: prompt.server.clone(),
            account: prompt.account.clone(),
            service: prompt.service.clone(),
            ..Self::default()
        }
    }
}

impl From<&Review> for About {
    fn from(review: &Review) -> Self {
        Self {
            host: review.host().to_owned(),
            server: review.name().to_owned(),
            account: review.account().to_owned(),
            ..Self::default()
        }
    }
}

impl From<&AccountInfo> for About {
    fn from(account: &AccountInfo) -> Self {
        Self {
            host: account.host.clone(),
            server: account.name.clone(),
            account: account.account.clone(),
            ..Self::default()
        }
    }
}

/// What a person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The stable code, such as `chal.expired`.
    pub code: String,
    /// What happened.
    pub title: Text,
    /// What to do; left out where it would name something that isn't known.
    pub body: Option<Text>,
    /// What the one button says, where there is one.
    pub button: Option<Text>,
}

/// Stands for what isn't known; a body with it is left out.
const UNKNOWN: &str = "⸺";

/// What stands above a request.
pub fn title(lang: Lang, prompt: &Prompt) -> Text {
    // Every kind has one; that of a login asks least wrongly.
    let id = countersign_texts::request_title(prompt.kind, &prompt.server);
    text(lang, id.unwrap_or(Id::AskLogin))
}

/// A fault of the app itself, or of this library.
pub fn of_fault(lang: Lang, about: &About) -> Said {
    let message = Message::AppFault { app: &about.app };
    said(lang, message, message.code())
}

/// What a person is told of an error.
pub fn of_error(lang: Lang, error: Error, about: &About) -> Said {
    match error {
        Error::Cancelled => plain("cancelled", text(lang, Id::ButtonCancel)),
        Error::Retry {
            code,
            wait,
            reference,
        } => of_code(lang, code, wait, reference, about),
        Error::Expired { code } | Error::Reenrol { code } | Error::Refused { code } => {
            of_code(lang, code, None, "", about)
        }
    }
}

/// The same by the parts of an error; no reference is an empty one.
pub fn of_code(lang: Lang, code: Code, wait: Option<u64>, reference: &str, about: &About) -> Said {
    let reference = or_unknown(reference);
    let wait = wait.unwrap_or(1).to_string();
    let About {
        app,
        host,
        server,
        account,
        service,
    } = about;
    let (host, server, account) = (or_unknown(host), or_unknown(server), or_unknown(account));
    let service = or_unknown(service);
    let biometry = text(lang, Id::FactorUv).text;
    let message = match code {
        Code::InvMalformed => Message::InvMalformed { app },
        Code::InvExpired => Message::InvExpired { time: UNKNOWN },
        Code::InvUsed => Message::InvUsed,
        Code::InvHost => Message::InvHost {
            app,
            host,
            list: UNKNOWN,
        },
        Code::InvMine => Message::InvMine { host, id: server },
        Code::InvAccount => Message::InvAccount,
        Code::RecBad => Message::RecBad,
        Code::InvKey => Message::InvKey { host },
        Code::EnrSas => Message::EnrSas,
        Code::EnrLevel => Message::EnrLevel {
            level: "software",
            server,
        },
        Code::EnrAttest => Message::EnrAttest { server },
        Code::ChalUnverified => Message::ChalUnverified,
        Code::ChalDowngrade => Message::ChalDowngrade { id: server, server },
        Code::ChalExpired => Message::ChalExpired { time: UNKNOWN },
        Code::ChalSeen => Message::ChalSeen,
        Code::ChalLast => Message::ChalLast,
        Code::ChalText => Message::ChalText,
        Code::LinkMalformed => Message::LinkMalformed { app },
        Code::LinkForeign => Message::LinkForeign,
        Code::NumberScan => Message::NumberScan,
        Code::NumberEmpty => {
            return plain(code.as_str(), text(lang, Id::NumberEmpty));
        }
        Code::PinShort => Message::PinShort,
        Code::PinDiffer => Message::PinDiffer,
        // What is missing only the request says.
        Code::ResFactors => Message::ResFactors { service },
        Code::KeyBusy => Message::KeyBusy,
        Code::KeyLost => Message::KeyLost { id: account },
        Code::KeyUnsent => Message::KeyUnsent {
            biometry: &biometry,
            server,
        },
        Code::UvLockout => Message::UvLockout {
            biometry: &biometry,
        },
        Code::UvChanged => Message::UvChanged { id: account },
        Code::UvNone => Message::UvNone {
            biometry: &biometry,
        },
        Code::NetOffline => Message::NetOffline,
        Code::NetSlow => Message::NetSlow {
            host,
            time: UNKNOWN,
        },
        Code::NetTls => Message::NetTls { host },
        Code::SrvBusy => Message::SrvBusy { n: &wait, server },
        Code::SrvError => Message::SrvError { reference, server },
        Code::SrvProof => Message::SrvProof { host },
        Code::IdPaused => Message::IdPaused,
        Code::IdProbation => Message::IdProbation { time: UNKNOWN },
        Code::IdRemoved => Message::IdRemoved {
            date: UNKNOWN,
            who: server,
        },
        Code::AppOld => Message::AppOld {
            server,
            version: UNKNOWN,
        },
        Code::StoreFull => Message::StoreFull,
        Code::StoreReopen => Message::StoreReopen { app },
        Code::StoreCorrupt => Message::StoreCorrupt,
        Code::StoreRollback => Message::StoreRollback,
        Code::StoreBusy => Message::StoreBusy { app },
        Code::StoreEngine => Message::StoreEngine { app },
    };
    said(lang, message, code.as_str())
}

/// Why the server did not accept an answer.
pub fn of_verdict(lang: Lang, code: &str, attempts: Option<u64>, about: &About) -> Said {
    let left = attempts.unwrap_or_default().to_string();
    let (app, server) = (&about.app, or_unknown(&about.server));
    let service = or_unknown(&about.service);
    let message = match code {
        "number_wrong" => Message::MatchWrong,
        "pin_wrong" => Message::PinWrong { n: &left },
        "pin_locked" => Message::PinLocked { id: server },
        "expired" => Message::ChalExpired { time: UNKNOWN },
        "cancelled" => Message::ResultCancelled,
        "decided_elsewhere" => Message::ResultAnother,
        "factors_missing" => Message::ResFactors { service },
        "view_mismatch" => Message::ResView { server },
        "bad_input" => Message::ResInput { app, server },
        "suspended" => Message::IdPaused,
        "not_active" => Message::OutRevoked { id: server },
        other => Message::ResultUnknown { code: other },
    };
    let code = message.code();
    said(lang, message, code)
}

fn said(lang: Lang, of: Message<'_>, code: &str) -> Said {
    let words = message(lang, of);
    let whole = |text: &Text| !text.text.contains(UNKNOWN);
    let title = Text {
        text: words.title.text.replace(UNKNOWN, "…"),
        speech: words.title.speech.replace(UNKNOWN, "…"),
        ..words.title
    };
    Said {
        code: code.to_owned(),
        title,
        body: Some(words.body).filter(whole),
        button: words.button.filter(whole),
    }
}

fn plain(code: &str, title: Text) -> Said {
    Said {
        code: code.to_owned(),
        title,
        body: None,
        button: None,
    }
}

fn or_unknown(value: &str) -> &str {
    if value.is_empty() { UNKNOWN } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> impl Iterator<Item = Error> {
        let all = Code::ALL.iter().map(|code| Error::Retry {
            code: *code,
            wait: Some(3),
            reference: "locked",
        });
        all.chain([Error::Cancelled])
    }

    #[test]
    fn every_code_has_words_in_every_language_and_none_has_a_hole() {
        let known = About {
            app: "App".into(),
            host: "id.example.com".into(),
            server: "Example".into(),
            account: "anna".into(),
            service: "Wiki".into(),
        };
        for about in [known, About::default()] {
            for (lang, error) in Lang::ALL
                .iter()
                .flat_map(|lang| every().map(|one| (*lang, one)))
            {
                let said = of_error(lang, error, &about);
                assert_eq!(said.code, error.code().map_or("cancelled", Code::as_str));
                let texts = [Some(&said.title), said.body.as_ref(), said.button.as_ref()];
                for text in texts.into_iter().flatten() {
                    assert!(
                        !text.text.is_empty() && !text.text.contains(UNKNOWN),
                        "{text:?}"
                    );
                    assert!(!text.speech.contains(UNKNOWN), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_sentence_that_would_name_what_is_not_known_is_left_out() {
        let error = Error::Refused { code: Code::NetTls };
        let said = |host: &str| {
            let host = host.to_owned();
            of_error(
                Lang::En,
                error,
                &About {
                    host,
                    ..About::default()
                },
            )
        };
        assert!(said("").body.is_none());
        assert!(
            said("id.example.com")
                .body
                .is_some_and(|body| body.text.contains("id.example.com"))
        );
    }

    #[test]
    fn nothing_is_said_of_what_an_error_does_not_know() {
        let about = About {
            server: "Example".into(),
            service: "Wiki".into(),
            ..About::default()
        };
        let [pin, gesture] = [Id::FactorPin, Id::FactorUv];
        for lang in Lang::ALL {
            // What is missing may be a fingerprint.
            let refused = |code| of_error(lang, Error::Refused { code }, &about);
            for said in [
                refused(Code::ResFactors),
                of_verdict(lang, "factors_missing", None, &about),
            ] {
                let words = said.title.text + " " + &said.body.unwrap().text;
                assert!(words.contains("Wiki"), "{words}");
                for factor in [pin, gesture] {
                    assert!(!words.contains(&text(lang, factor).text), "{words}");
                }
            }
            // The least of any policy; one may ask for more.
            assert_eq!(countersign_protocol::pin::LEAST_DIGITS, 6);
            let body = refused(Code::PinShort).body.unwrap().text;
            let six = if lang == Lang::De { "sechs" } else { "six" };
            assert!(
                body.contains(six) && body.matches('.').count() == 2,
                "{body}"
            );
        }
    }

    #[test]
    fn it_is_about_a_person_and_debug_says_nothing() {
        let about = About {
            account: "anna".into(),
            ..About::default()
        };
        let said = of_error(
            Lang::En,
            Error::Reenrol {
                code: Code::KeyLost,
            },
            &about,
        );
        assert!(!format!("{about:?} {said:?}").contains("anna"));
    }
}

//! Codes become words of the catalogue.

use crate::trouble::{About, Own, Trouble};
use countersign_core::{Code, Error, VerdictInfo};
use countersign_texts::{Id, Lang, Message, message, text};

/// The words of one error.
pub(crate) struct Said {
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) body: String,
}

impl Said {
    /// On one line.
    pub(crate) fn sentence(&self) -> String {
        sentence(&self.title, &self.body)
    }
}

/// Title and body on one line.
pub(crate) fn sentence(title: &str, body: &str) -> String {
    let end = if title.ends_with(['.', '?', '!', '…']) {
        ""
    } else {
        "."
    };
    match body {
        "" => title.to_owned(),
        body => format!("{title}{end} {body}"),
    }
}

/// The catalogue in one language.
#[derive(Clone, Copy)]
pub(crate) struct Words(pub(crate) Lang);

/// The name of this app in the catalogue's sentences.
pub(crate) const APP: &str = "Countersign";

/// For what a command line doesn't know; a body with it is left out.
const UNKNOWN: &str = "⸺";

impl Words {
    pub(crate) fn trouble(self, trouble: &Trouble) -> Said {
        match trouble {
            Trouble::Core(error, about) => self.error(*error, about),
            Trouble::Verdict(both) => self.verdict(&both.0, &both.1),
            Trouble::Own(own) => self.own(*own),
            Trouble::Usage(what) => self.plain("usage", what.clone()),
        }
    }

    pub(crate) fn error(self, error: Error, about: &About) -> Said {
        let (code, wait, reference) = match error {
            Error::Cancelled => {
                return self.plain("cancelled", text(self.0, Id::ButtonCancel).text);
            }
            Error::Retry {
                code,
                wait,
                reference,
            } => (code, wait, reference),
            Error::Expired { code } | Error::Reenrol { code } | Error::Refused { code } => {
                (code, None, UNKNOWN)
            }
        };
        let wait = wait.unwrap_or(1).to_string();
        let About {
            host,
            server,
            account,
            ..
        } = about;
        let (host, server, account) = (or_unknown(host), or_unknown(server), or_unknown(account));
        let biometry = text(self.0, Id::FactorUv).text;
        let message = match code {
            Code::InvMalformed => Message::InvMalformed { app: APP },
            Code::InvExpired => Message::InvExpired { time: UNKNOWN },
            Code::InvUsed => Message::InvUsed,
            Code::InvHost => Message::InvHost {
                app: APP,
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
            Code::LinkMalformed => Message::LinkMalformed { app: APP },
            Code::LinkForeign => Message::LinkForeign,
            Code::NumberScan => Message::NumberScan,
            Code::NumberEmpty => {
                return self.plain(code.as_str(), text(self.0, Id::NumberEmpty).text);
            }
            Code::PinShort => Message::PinShort { n: "6" },
            Code::PinDiffer => Message::PinDiffer,
            Code::ResFactors => {
                let factors = text(self.0, Id::FactorPin).text;
                let words = text(self.0, Id::RequestMissing { factors: &factors }).text;
                return self.plain(code.as_str(), words);
            }
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
            Code::StoreCorrupt => Message::StoreCorrupt,
            Code::StoreRollback => Message::StoreRollback,
            Code::StoreBusy => Message::StoreBusy { app: APP },
            Code::StoreEngine => Message::StoreEngine { app: APP },
        };
        self.message(message, code.as_str())
    }

    /// Why the server did not accept an answer.
    pub(crate) fn verdict(self, verdict: &VerdictInfo, about: &About) -> Said {
        let left = verdict.attempts.unwrap_or_default().to_string();
        let (server, service) = (or_unknown(&about.server), or_unknown(&about.service));
        let factors = text(self.0, Id::FactorPin).text;
        let message = match verdict.code {
            "number_wrong" => Message::MatchWrong,
            "pin_wrong" => Message::PinWrong { n: &left },
            "pin_locked" => Message::PinLocked { id: server },
            "expired" => Message::ChalExpired { time: UNKNOWN },
            "cancelled" => Message::ResultCancelled,
            "decided_elsewhere" => Message::ResultAnother,
            "factors_missing" => Message::ResFactors {
                factors: &factors,
                service,
            },
            "view_mismatch" => Message::ResView { server },
            "bad_input" => Message::ResInput { app: APP, server },
            "suspended" => Message::IdPaused,
            "not_active" => Message::OutRevoked { id: server },
            other => Message::ResultUnknown { code: other },
        };
        let code = message.code();
        self.message(message, code)
    }

    fn message(self, of: Message<'_>, code: &str) -> Said {
        let said = message(self.0, of);
        let known = !said.body.text.contains(UNKNOWN);
        let body = if known { said.body.text } else { String::new() };
        Said {
            code: code.to_owned(),
            title: said.title.text.replace(UNKNOWN, "…"),
            body,
        }
    }

    fn plain(self, code: &str, title: String) -> Said {
        Said {
            code: code.to_owned(),
            title,
            body: String::new(),
        }
    }

    /// No app shows these: they are about a command line.
    fn own(self, own: Own) -> Said {
        let (code, en, de) = match own {
            Own::NothingToResume => (
                "enr.none",
                "No ID is being added. Use a new invitation.",
                "Es wird keine ID hinzugefügt. Verwenden Sie eine neue Einladung.",
            ),
            Own::NoId => (
                "id.none",
                "There is no ID on this phone.",
                "Auf diesem Telefon ist keine ID.",
            ),
            Own::NothingPending => {
                return self.plain("chal.none", text(self.0, Id::HomeEmpty).text);
            }
            Own::SeveralPending => (
                "chal.several",
                "Several requests wait. Name one of them.",
                "Mehrere Anfragen warten. Nennen Sie eine davon.",
            ),
            Own::NoConsent => (
                "cancelled",
                "Nothing was added.",
                "Es wurde nichts hinzugefügt.",
            ),
        };
        let title = match self.0 {
            Lang::En => en,
            Lang::De => de,
        };
        self.plain(code, title.to_owned())
    }
}

fn or_unknown(value: &str) -> &str {
    if value.is_empty() { UNKNOWN } else { value }
}

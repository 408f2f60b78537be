//! Codes become words of the catalogue.

use crate::trouble::{Own, Trouble};
use countersign_core::words::{self, About};
use countersign_core::{Error, VerdictInfo};
use countersign_texts::{Id, Lang, text};

/// The words of one error.
pub(crate) struct Said {
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) body: String,
}

impl From<words::Said> for Said {
    fn from(said: words::Said) -> Self {
        Self {
            code: said.code,
            title: said.title.text,
            body: said.body.map(|body| body.text).unwrap_or_default(),
        }
    }
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

impl Words {
    pub(crate) fn trouble(self, trouble: &Trouble) -> Said {
        match trouble {
            Trouble::Core(error, about) => self.error(*error, about),
            Trouble::Verdict(both) => self.verdict(&both.0, &both.1),
            Trouble::Own(own) => self.own(*own),
            Trouble::Usage(what) => self.plain("usage", what.clone()),
            Trouble::NotConformant => {
                let what = "the server does not keep the protocol, or not everything was reached";
                self.plain("conformance", what.to_owned())
            }
        }
    }

    pub(crate) fn error(self, error: Error, about: &About) -> Said {
        words::of_error(self.0, error, &by_name(about)).into()
    }

    /// Why the server did not accept an answer.
    pub(crate) fn verdict(self, verdict: &VerdictInfo, about: &About) -> Said {
        words::of_verdict(self.0, verdict.code, verdict.attempts, &by_name(about)).into()
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

fn by_name(about: &About) -> About {
    About {
        app: APP.to_owned(),
        ..about.clone()
    }
}

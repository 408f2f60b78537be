//! How the virtual phone speaks: to people in sentences, to programs in JSON lines.

use crate::trouble::Trouble;
use crate::words::{Said, Words};
use countersign_texts::{Id, Lang, text};
use serde_json::{Value, json};
use std::io::{self, BufRead, Write};

/// One form for all it says.
#[derive(Clone, Copy)]
pub(crate) struct Voice {
    json: bool,
    pub(crate) lang: Lang,
}

impl Voice {
    pub(crate) fn new(json: bool, lang: Lang) -> Self {
        Self { json, lang }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Says one thing. A reader that is gone is no reason to fail.
    pub(crate) fn say(self, event: &Value, words: impl FnOnce() -> String) {
        let line = if self.json {
            event.to_string()
        } else {
            words()
        };
        if !line.is_empty() {
            let mut out = io::stdout().lock();
            let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        }
    }

    /// Says something that only people need.
    pub(crate) fn tell(self, id: Id<'_>) {
        if !self.json {
            self.say(&Value::Null, || text(self.lang, id).text);
        }
    }

    /// Says why it did not work.
    pub(crate) fn error(self, trouble: &Trouble) {
        let said = Words(self.lang).trouble(trouble);
        let Said { code, title, body } = &said;
        let event = json!({"error": {"code": code, "title": title, "body": body}});
        if self.json {
            self.say(&event, String::new);
        } else {
            self.complain(&said.sentence());
        }
    }

    /// To standard error.
    pub(crate) fn complain(self, what: &str) {
        let _ = writeln!(io::stderr().lock(), "{what}");
    }

    /// Asks for something that is typed then. A program knows without being asked.
    pub(crate) fn ask(self, question: &str) {
        if !self.json {
            let mut out = io::stdout().lock();
            let _ = write!(out, "{question} ").and_then(|()| out.flush());
        }
    }

    /// A question to the person at the keyboard; only a clear yes is one.
    pub(crate) fn is_confirmed(self, question: &str) -> bool {
        self.ask(&format!("{question} [y/N]"));
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        read.is_ok() && matches!(line.trim(), "y" | "Y" | "yes" | "j" | "J" | "ja")
    }
}

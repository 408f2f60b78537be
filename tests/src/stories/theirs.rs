//! Somebody else's server: whatever happens there is an errand of whoever acts at it (`docs/conformance.md`).

use super::script::{Step, Story, Who};
use super::stage::{Stage, unknown};
use crate::harness::{During, Phone, Result, Trouble};
use countersign_server::conformance::{Errand, Person};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// A server that is there already, and whoever acts at it.
pub struct Theirs {
    person: Person,
    origin: String,
    ca: Option<PathBuf>,
    folder: PathBuf,
    /// The phones of this story are in a folder of its name.
    story: String,
    numbers: BTreeMap<String, String>,
}

/// What an errand is done with.
type With<'a> = &'a [(&'static str, &'a str)];

impl Theirs {
    /// The server at `origin`, whose certificate is by this authority, or a public one. The phones are made in `folder`.
    pub fn new(person: Person, origin: &str, ca: Option<PathBuf>, folder: PathBuf) -> Self {
        Self {
            person,
            origin: origin.to_owned(),
            ca,
            folder,
            story: String::new(),
            numbers: BTreeMap::new(),
        }
    }

    /// A fresh start for a story; otherwise why it can't be played there.
    ///
    /// # Errors
    /// Nobody acts there any more.
    pub fn begin(&mut self, name: &str, story: &Story) -> Result<Option<String>> {
        self.story = name.to_owned();
        self.numbers.clear();
        let settings = &story.server;
        let pin = settings.pin.map(|digits| digits.to_string());
        let life = settings.life.map(|seconds| seconds.to_string());
        let mut with = vec![("story", name)];
        with.extend(pin.as_deref().map(|digits| ("pin", digits)));
        with.extend(settings.gesture.then_some(("gesture", "yes")));
        with.extend(life.as_deref().map(|seconds| ("life", seconds)));
        let pin = match (&pin, settings.gesture) {
            (None, _) => "no PIN".to_owned(),
            (Some(digits), false) => format!("a PIN of at least {digits} digits"),
            (Some(digits), true) => {
                format!("either a PIN of at least {digits} digits or a key for the gesture")
            }
        };
        let life = life.as_deref().unwrap_or("120");
        let say = format!(
            "Make ready for the story `{name}`: an ID without a phone, of which the server asks {pin} and the number, \
             and requests that wait {life} seconds. Answer with an empty line."
        );
        let act = "story";
        let with = &with;
        match self.person.act(&Errand { act, say, with }) {
            Ok(_) => Ok(None),
            Err(error) => match error.to_string().strip_prefix("story:") {
                Some(why) => Ok(Some(why.trim().to_owned())),
                None => Err(error).during("at the other side"),
            },
        }
    }

    fn act(&mut self, act: &'static str, say: &str, with: With<'_>) -> Result<String> {
        let say = say.to_owned();
        let errand = Errand { act, say, with };
        self.person.act(&errand).during("at the other side")
    }

    /// What a page or an application came to; the number that it shows stays here.
    fn shown(&mut self, name: &str, answer: String) -> String {
        match answer.split_once(' ') {
            Some((state @ ("wait" | "open"), number)) => {
                self.numbers.insert(name.to_owned(), number.to_owned());
                state.to_owned()
            }
            _ => answer,
        }
    }
}

impl Stage for Theirs {
    fn phone(&mut self, name: &str) -> Result<Phone> {
        let home = self.folder.join(&self.story).join(name);
        fs::create_dir_all(&home).during(home.display())?;
        Ok(Phone::at(&home, self.ca.as_deref()))
    }

    fn invite(&mut self) -> Result<String> {
        let say = "Make an invitation for the ID. Answer with its link.";
        let link = self.act("invite", say, &[])?;
        if link.starts_with(&format!("{}/", self.origin)) {
            return Ok(link);
        }
        Err(Trouble::new("the invitation is not for --server"))
    }

    fn type_digits(&mut self, digits: &str) -> Result<()> {
        let say = format!(
            "Type the digits {digits} where the invitation is shown. Answer with an empty line."
        );
        let with = [("digits", digits), ("times", "1")];
        self.act("type", &say, &with).map(drop)
    }

    fn browser(&mut self, name: &str, step: &Step) -> Result<String> {
        const THEN: &str = "Answer with `wait` and the number that the page shows if it waits for the phone; otherwise with its heading.";
        let with = [("browser", name)];
        let answer = match step.what.as_str() {
            "begin" => {
                let say = format!(
                    "In the browser `{name}` (a new one, if there is none of this name): begin a login for the ID. {THEN}"
                );
                self.act("browser-begin", &say, &with)?
            }
            "press" => {
                let button = step.button()?;
                let say = format!(
                    "In `{name}`: press the button of the waiting page for `{button}`. {THEN}"
                );
                let with = [("browser", name), ("button", button)];
                self.act("browser-press", &say, &with)?
            }
            "open" => {
                let say = format!("In `{name}`: open the waiting page again. {THEN}");
                self.act("browser-open", &say, &with)?
            }
            "end" => {
                let say = format!(
                    "In `{name}`: wait until the page waits no longer. Answer with `signed_in` if the application lets the person in; \
                     otherwise with the page's heading."
                );
                self.act("browser-end", &say, &with)?
            }
            "close" => {
                let say = format!(
                    "Close `{name}`, so that nobody is signed in there. Answer with an empty line."
                );
                self.act("browser-close", &say, &with)?;
                return Ok("ok".to_owned());
            }
            other => return Err(unknown(other)),
        };
        Ok(self.shown(name, answer))
    }

    fn link(&mut self, name: &str) -> Result<String> {
        let say = format!(
            "In `{name}`: answer with the link by which the waiting page opens the app on this device."
        );
        self.act("browser-link", &say, &[("browser", name)])
    }

    fn back(&mut self, name: &str, address: &str) -> Result<String> {
        let say = format!(
            "In `{name}`: open {address}. Answer with `signed_in` if the application lets the person in; otherwise with the page's heading."
        );
        let with = [("browser", name), ("link", address)];
        self.act("browser-back", &say, &with)
    }

    fn service(&mut self, name: &str, step: &Step) -> Result<String> {
        let kind = step.kind.as_deref().unwrap_or_default();
        let rows = json!(step.rows).to_string();
        let answer = match step.what.as_str() {
            "ask" => {
                let say = format!(
                    "The application `{name}` asks the ID for a {kind} by the service API, with the rows {rows}. Answer with the state and \
                     the number that it was given, or with the code of the refusal."
                );
                let with = [("service", name), ("kind", kind), ("rows", &rows)];
                self.act("service-ask", &say, &with)?
            }
            "look" => {
                let say = format!(
                    "The application `{name}` waits for the answer and checks its receipt. Answer with the state."
                );
                self.act("service-look", &say, &[("service", name)])?
            }
            "take-back" => {
                let say = format!(
                    "The application `{name}` takes its request back. Answer with the state."
                );
                self.act("service-take-back", &say, &[("service", name)])?
            }
            other => return Err(unknown(other)),
        };
        Ok(self.shown(name, answer))
    }

    fn server(&mut self, what: &str) -> Result<()> {
        let act = match what {
            "stop" => "server-stop",
            "start" => "server-start",
            other => return Err(unknown(other)),
        };
        let say = format!("The server: {what} it. Answer with an empty line.");
        self.act(act, &say, &[]).map(drop)
    }

    fn admin(&mut self, line: &str) -> Result<()> {
        let say = format!(
            "As an administrator do what `countersign-server {line}` does; a name in braces is that phone's. Answer with an empty line."
        );
        self.act("admin", &say, &[("line", line)]).map(drop)
    }

    fn number(&mut self, shown_by: &str) -> Result<String> {
        let number = self.numbers.get(shown_by).cloned();
        number.ok_or_else(|| Trouble::new(format!("`{shown_by}` shows no number")))
    }

    fn numbers(&self) -> Vec<String> {
        self.numbers.values().cloned().collect()
    }

    /// In which words a page says that it is over is the server's own affair.
    fn is_same(&self, who: &Who, wanted: &str, gave: &str) -> bool {
        let known = |what: &str| matches!(what, "wait" | "signed_in");
        let page = matches!(who, Who::Browser(_)) && !known(wanted) && !known(gave);
        page || wanted == gave
    }
}
